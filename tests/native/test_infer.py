"""What texts are encoded in; the sorts of their values are tested with the types chosen for them."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import text_encoding, value_sorts


def encoding(text):
    try:
        text.decode("ascii")
    except UnicodeDecodeError:
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return "other"
        return "utf-8"
    return "ascii"


_PIECES = st.one_of(st.binary(max_size=3), st.text(max_size=12).map(str.encode), st.just(b"plain text of some length"))


@given(st.lists(st.one_of(st.none(), _PIECES), max_size=6), st.integers(0, 3), st.sampled_from("zZ"))
def test_encoding_of_all_texts(texts, start, wide):
    kind = pa.binary() if wide == "z" else pa.large_binary()
    array = pa.array(texts, kind).slice(start)
    found = {encoding(text) for text in texts[start:] if text is not None} | {"ascii"}

    assert text_encoding(array) == max(found, key=["ascii", "utf-8", "other"].index)


def test_characters_cut_in_two_are_not_utf8():
    assert text_encoding(pa.array([b"\xc3", b"\xa5"], pa.binary())) == "other"
    assert text_encoding(pa.array([b"\xc3\xa5", b""], pa.binary())) == "utf-8"


def test_offsets_that_go_back_are_not_followed():
    offsets = pa.py_buffer(b"".join(offset.to_bytes(4, "little") for offset in (0, 4, 2, 4)))
    array = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"abcd")])

    with pytest.raises(ValueError, match="offsets go down"):
        text_encoding(array)


def test_only_text_can_be_looked_at():
    with pytest.raises(TypeError, match="only strings and binary"):
        text_encoding(pa.array([1]))
    with pytest.raises(TypeError, match="only strings and binary"):
        value_sorts(pa.array([1]), [], False, False)
