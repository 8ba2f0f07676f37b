"""Packed files, damaged at every byte."""

import bz2
import gzip
import io
import lzma

import pyarrow as pa
import pytest

from accelerator import UserError
from accelerator.standard_methods.csv_source import unpack

PACK = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def unpacked(data):
    return b"".join(unpack(io.BytesIO(data), "FILE"))


@pytest.mark.parametrize("kind", PACK)
def test_every_cut_of_two_members_is_seen(kind):
    first, second = PACK[kind](b"a\n1\n2\n"), PACK[kind](b"3\n4\n")
    whole = first + second

    assert unpacked(whole) == b"a\n1\n2\n3\n4\n"
    for cut in set(range(8, len(whole))) - {len(first)}:  # which is a complete file
        with pytest.raises(UserError, match=r"^FILE is damaged near byte"):
            unpacked(whole[:cut])


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_zeros_between_members(kind):
    part = PACK[kind](b"1\n")

    assert unpacked(part + bytes(8) + part + bytes(4 << 20) + part + bytes(4)) == b"1\n1\n1\n"
