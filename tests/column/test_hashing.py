import pyarrow as pa
import pytest

from accelerator.column import hash_array, hash_value, slice_array
from accelerator.error import DatasetUsageError


def test_values_and_arrays_agree():
    values = ["a", None, "ä"]
    hashes = [hash_value("unicode", value) for value in values]
    assert pa.array(hash_array("unicode", pa.array(values))).to_pylist() == hashes
    assert pa.array(slice_array("unicode", pa.array(values), 5)).to_pylist() == [h % 5 for h in hashes]


def test_parsed_types_hash_what_they_store():
    assert hash_value("parsed:int64", "42") == hash_value("int64", 42)
    assert pa.array(hash_array("parsed:int64", pa.array([42]))).to_pylist() == [hash_value("int64", 42)]


@pytest.mark.parametrize("coltype", ["json", "pickle", "parsed:json", "nonsense", "parsed:date"])
def test_what_cannot_be_hashed(coltype):
    array = pa.array(["1"])
    for call in (
        lambda: hash_value(coltype, 1),
        lambda: hash_array(coltype, array),
        lambda: slice_array(coltype, array, 2),
    ):
        with pytest.raises(DatasetUsageError, match=coltype):
            call()
