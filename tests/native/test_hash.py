import struct
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, hash_array, hash_value, min_max, siphash24, slice_array

from .samples import EXAMPLES, VALUES, relaxed

HASHABLE = sorted(VALUES.keys() - {"json", "pickle"})

VECTORS = [
    ("unicode", "a", "cda8ff79f70f3b26"),
    ("ascii", "a", "cda8ff79f70f3b26"),
    ("bytes", b"a", "cda8ff79f70f3b26"),
    ("unicode", "ä", "8fc5ec69093e8149"),
    ("unicode", "\0", "16ebf8551adaf720"),
    ("bytes", b"\xe4", "0479dd8f139cce65"),
    ("int32", 1, "6c18ed553294975c"),
    ("int64", 1, "6c18ed553294975c"),
    ("number", 1, "6c18ed553294975c"),
    ("float64", 1.0, "6c18ed553294975c"),
    ("complex64", 1, "6c18ed553294975c"),
    ("int64", -1, "26ca7a006c030077"),
    ("int64", 42, "da561d84f6211992"),
    ("int64", 2**40, "37862d7cd2864fea"),
    ("float64", float(2**40), "37862d7cd2864fea"),
    ("number", 2**63, "e6c388224837b636"),
    ("number", -(2**63) - 1, "94e27a6056b8ab87"),
    ("float64", 0.5, "0edade63e882dc9c"),
    ("float32", 0.5, "0edade63e882dc9c"),
    ("float64", 0.1, "206bb0db1a08c4ad"),
    ("number", 0.1, "206bb0db1a08c4ad"),
    ("float32", 0.1, "0c0cd2eb418976ee"),
    ("float64", float(2**63), "c9f6d6990095df9a"),
    ("float64", 1e100, "f4227366cf447bb8"),
    ("float64", float("inf"), "f8acc5e022215880"),
    ("float64", float("nan"), "9a73d9c06000a8d3"),
    ("float32", -float("nan"), "9a73d9c06000a8d3"),
    ("complex64", complex(float("nan"), -0.0), "9a73d9c06000a8d3"),
    ("complex64", 1j, "cec791d45afc3bc4"),
    ("complex64", complex(-0.0, 1), "cec791d45afc3bc4"),
    ("complex64", complex(float("nan"), float("nan")), "52fe6de9416ea082"),
    ("complex32", 0.1 + 0.1j, "03a7a0bfbfecd000"),
    ("date", date(1970, 1, 1), "5a5c5a49d48d4b54"),
    ("date", datetime(1970, 1, 1, 5), "5a5c5a49d48d4b54"),
    ("datetime", datetime(1970, 1, 1), "8050fb07429b82e8"),
    ("datetime", datetime(1970, 1, 1, fold=1, tzinfo=UTC), "8050fb07429b82e8"),
    ("time", time(), "8050fb07429b82e8"),
    ("time", time(1, 2, 3, 4), "346962875649879d"),
    ("datetime", datetime(1970, 1, 1, 1, 2, 3, 4), "346962875649879d"),
    ("parsed:int64", " 42\n", "da561d84f6211992"),
    ("parsed:number", b"42.0", "da561d84f6211992"),
    ("parsed:float64", "0.5", "0edade63e882dc9c"),
    ("parsed:complex64", "1j", "cec791d45afc3bc4"),
    (None, "a", "cda8ff79f70f3b26"),
    (None, b"\xe4", "0479dd8f139cce65"),
    (None, 0.5, "0edade63e882dc9c"),
    (None, 2**63, "e6c388224837b636"),
    (None, datetime(1970, 1, 1), "8050fb07429b82e8"),
    (None, date(1970, 1, 1), "5a5c5a49d48d4b54"),
    (None, time(), "8050fb07429b82e8"),
    (None, 1j, "cec791d45afc3bc4"),
]

ZERO = [
    ("unicode", ""),
    ("bytes", b""),
    ("ascii", b""),
    ("int32", 0),
    ("float64", -0.0),
    ("number", 0.0),
    ("complex64", -0.0 + 0j),
    ("bool", False),
    *((name, None) for name in [*HASHABLE, None]),
]


@pytest.mark.parametrize(("coltype", "value", "expected"), VECTORS)
def test_vectors_of_the_specification(coltype, value, expected):
    assert f"{hash_value(coltype, value):016x}" == expected


@pytest.mark.parametrize(("coltype", "value"), ZERO)
def test_none_zero_and_empty_hash_to_zero(coltype, value):
    assert hash_value(coltype, value) == 0


def test_true_hashes_to_one():
    assert hash_value("bool", 1) == hash_value(None, True) == 1


def test_siphash_of_nothing():
    assert f"{siphash24(b''):016x}" == "0bfcd3b6e5ba6b2d"


def siphash_model(data):
    """SipHash-2-4 as its authors' paper writes it down."""
    mask = 2**64 - 1

    def rotate(x, b):
        return (x << b | x >> 64 - b) & mask

    def rounds(v, n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & mask
            v[2] = (v[2] + v[3]) & mask
            v[1] = rotate(v[1], 13) ^ v[0]
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[1]) & mask
            v[0] = (v[0] + v[3]) & mask
            v[1] = rotate(v[1], 17) ^ v[2]
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = rotate(v[2], 32)

    k0, k1 = struct.unpack("<QQ", bytes([94, 70, 175, 255, 152, 30, 237, 97, 252, 125, 174, 76, 165, 112, 16, 9]))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


@relaxed
@given(st.binary(max_size=40))
def test_siphash_agrees_with_a_model(data):
    assert siphash24(data) == siphash_model(data)


@relaxed
@given(st.integers(-(2**1007) + 1, 2**1007 - 1))
def test_integers_are_hashed_over_the_bytes_of_the_specification(value):
    if -(2**63) <= value < 2**63:
        data = value.to_bytes(8, "little", signed=True)
    else:
        data = value.to_bytes(abs(value).bit_length() // 8 + 1, "little", signed=True)
    assert hash_value("number", value) == (siphash_model(data) if value else 0)


@relaxed
@given(VALUES["datetime"])
def test_datetimes_are_hashed_over_the_bytes_of_the_specification(value):
    high = value.year << 14 | value.month << 10 | value.day << 5 | value.hour
    low = value.minute << 26 | value.second << 20 | value.microsecond
    assert hash_value("datetime", value) == siphash_model(struct.pack("<II", high, low))
    packed = value.year << 9 | value.month << 5 | value.day
    assert hash_value("date", value) == siphash_model(struct.pack("<I", packed))


@relaxed
@given(st.integers(-(2**53), 2**53))
def test_equal_numbers_hash_alike(value):
    hashes = {hash_value(name, value) for name in ("int64", "float64", "number", "complex64")}
    hashes |= {hash_value("number", float(value)), hash_value(None, value), hash_value("parsed:number", str(value))}
    assert len(hashes) == 1


@pytest.mark.parametrize("coltype", HASHABLE)
@relaxed
@given(data=st.data())
def test_arrays_and_values_agree(coltype, data):
    values = data.draw(st.lists(st.none() | VALUES[coltype]))
    builder = ColumnBuilder(coltype, True)
    for value in values:
        builder.write(value)
    array = pa.array(builder.take())
    hashes = pa.array(hash_array(coltype, array))
    assert hashes.type == pa.uint64()
    assert hashes.null_count == 0
    expected = [hash_value(coltype, value) for value in values]
    assert hashes.to_pylist() == expected
    assert pa.array(slice_array(coltype, array, 7)).to_pylist() == [h % 7 for h in expected]
    half = len(values) // 2
    assert pa.array(hash_array(coltype, array[half:])).to_pylist() == expected[half:]


@pytest.mark.parametrize("index_type", [pa.int8(), pa.uint16(), pa.int32(), pa.int64()])
def test_dictionaries_are_hashed_by_value(index_type):
    array = pa.DictionaryArray.from_arrays(pa.array([1, None, 0, 1], index_type), pa.array(["a", "ä"]))
    expected = [hash_value("unicode", value) for value in ("ä", None, "a", "ä")]
    assert pa.array(hash_array("unicode", array)).to_pylist() == expected


def test_large_text_is_hashed_by_value():
    array = pa.array(["a", None, "ä"], pa.large_string())
    assert pa.array(hash_array("unicode", array)).to_pylist() == [hash_value("unicode", x) for x in ("a", None, "ä")]


@pytest.mark.parametrize(
    ("coltype", "value", "error"),
    [
        ("json", 1, TypeError),
        ("pickle", 1, TypeError),
        ("int64", "1", TypeError),
        ("int32", 2**31, OverflowError),
        ("parsed:int32", "x", ValueError),
        ("unicode", "\udc00", UnicodeEncodeError),
        ("number", 2**1007, OverflowError),
        ("date", "x", ValueError),
        (None, object(), ValueError),
        (None, [], ValueError),
        ("nonsense", 1, ValueError),
        ("parsed:date", 1, ValueError),
        (1, 1, ValueError),
    ],
)
def test_errors_are_those_of_writing(coltype, value, error):
    with pytest.raises(error):
        hash_value(coltype, value)


@pytest.mark.parametrize(
    ("coltype", "array"),
    [
        ("json", pa.array(["{}"])),
        ("int64", pa.array(["x"])),
        ("int64", pa.array([1.5])),
        ("int32", pa.array([1])),
        ("unicode", pa.array([1])),
        ("datetime", pa.array([1], pa.timestamp("ns"))),
        ("int64", 5),
    ],
)
def test_arrays_of_other_types_are_refused(coltype, array):
    with pytest.raises((TypeError, AttributeError)):
        hash_array(coltype, array)


def test_structs_of_other_fields_are_refused():
    with pytest.raises(ValueError, match="children"):
        hash_array("number", pa.array([{"int": 1}]))
    with pytest.raises(TypeError):
        hash_array("number", pa.array([{"a": "x", "b": 1, "c": 2}]))


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("us", "UTC")])
def test_moments_beyond_all_years_are_hashed_by_their_time_of_day_too(kind):
    day = 86_400_000_000
    last = (2**63 - 1) // day * day  # midnight
    moments = [-(2**63), -(2**63) + 1, last, last + 1, 2**63 - 1]
    assert len(set(pa.array(hash_array("datetime", pa.array(moments, kind))).to_pylist())) == len(moments)


@pytest.mark.parametrize("slices", [0, -1, 2**31])
def test_number_of_slices_is_checked(slices):
    with pytest.raises(ValueError):
        slice_array("int64", pa.array([1]), slices)


@pytest.mark.parametrize("coltype", HASHABLE)
def test_min_and_max_of_an_array_are_those_of_the_builder(coltype):
    builder = ColumnBuilder(coltype, True)
    for value in [None, *EXAMPLES[coltype], None]:
        builder.write(value)
    low, high = builder.min, builder.max
    assert repr(min_max(coltype, pa.array(builder.take()))) == repr((low, high))


@given(st.lists(st.floats(width=32), min_size=1), st.sampled_from(["float32", "float64"]))
def test_min_and_max_of_floats_without_none(values, coltype):
    builder = ColumnBuilder(coltype, False)
    for value in values:
        builder.write(value)
    low, high = builder.min, builder.max

    assert repr(min_max(coltype, pa.array(builder.take()))) == repr((low, high))


def test_results_can_be_taken_more_than_once():
    made = hash_array("int64", pa.array([1, 2]))
    assert len(made) == 2
    assert pa.array(made) == pa.array(made)
    assert np.asarray(pa.array(made)).dtype == np.uint64
