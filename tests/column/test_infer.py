"""A type for a column, from all of its values: nothing is lost by converting, whatever order they are seen in."""

import math
import random
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.column.infer import TypeInference
from accelerator.column.parse import Parser

TEXT = "unicode:utf-8"


def infer(texts, **arguments):
    types = TypeInference(**arguments)
    types.add(pa.array([t.encode() if isinstance(t, str) else t for t in texts], pa.binary()))
    return types.result()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # Whole numbers. Those with leading zeros or plus are names.
        ("0 -1 9223372036854775807 -9223372036854775808", "int64_10"),
        ("9223372036854775808 1", "number:int"),
        ("1" * 303, "number:int"),
        ("1" * 304, TEXT),
        ("1 007", TEXT),
        ("1 00", TEXT),
        ("-01", TEXT),
        ("+1", TEXT),
        ("0x10", TEXT),
        ("1_000", TEXT),
        # Floats, as long as one number is written in one way.
        ("1.5 2.25 -3 0", "float64"),
        ("1.0 2.25 -3.125", "float64"),
        ("1.50 2.25 -3.00", "float64"),
        ("1.50 2.5", TEXT),
        ("1.50 2", "float64"),
        ("2.00 2", TEXT),
        ("2.0 2", TEXT),
        (".5 -.25 1.5", "float64"),
        (".5 0.25", TEXT),
        ("5.", TEXT),
        (". 1", TEXT),
        ("-", TEXT),
        ("-.", TEXT),
        ("00.5", TEXT),
        ("-00.5", TEXT),
        ("1.2.3", TEXT),
        ("-0", "float64"),
        ("-0 5 1.5", "float64"),
        ("-0 9007199254740993", TEXT),
        # As many digits as a float has.
        ("0.1 0.30000000000000004", "float64"),
        ("-72.886806000000007 0.10000000000000001", "float64"),
        ("0.100000000000000006", TEXT),
        ("3.14159265358979323846", TEXT),
        ("9007199254740993 2", "int64_10"),
        ("9007199254740993 2.5", "number"),
        ("100000000000000000000 2.5", "float64"),
        ("36893488147419103233 2.5", "number"),
        # Exponents, unless they could be names.
        ("1e-05 1e+16 1.5e-07 1.0E5", "float64"),
        ("12e3", TEXT),
        ("1e+400 1", TEXT),
        ("1e-400 1", TEXT),
        ("5e-324 1.7976931348623157e+308", "float64"),
        ("1e+", TEXT),
        ("e+5", TEXT),
        (".5e+1", TEXT),
        ("1.5e+99999999999999999999", TEXT),
        # Not a number only among numbers.
        ("nan 1.5 -inf Infinity", "float64"),
        ("NaN 1", "float64"),
        ("nan", TEXT),
        ("NaN 9007199254740993", "number"),
        # Truth: one pair of words.
        ("true false", "strbool"),
        ("True", "strbool"),
        ("FALSE TRUE", "strbool"),
        ("true True", TEXT),
        ("true 1", TEXT),
        ("yes no", TEXT),
        ("0 1", "int64_10"),
        # Dates and times that exist, in one form.
        ("2013-01-31 2012-02-29", "date:%Y-%m-%d"),
        ("2013-02-29", TEXT),
        ("0000-01-01", TEXT),
        ("2013-1-31", TEXT),
        ("2013-01-32", TEXT),
        ("2013-13-01", TEXT),
        ("2013/01/31", TEXT),
        ("31-01-2013", TEXT),
        ("20130131", "int64_10"),
        ("2013-01-31 5", TEXT),
        ("2013-01-31T10:20 2013-01-31T23:59", "datetime:%Y-%m-%dT%H:%M"),
        ("2013-01-31T10:20:30", "datetime:%Y-%m-%dT%H:%M:%S"),
        ("2013-01-31T10:20:30.5 2013-01-31T10:20:30", "datetime:%Y-%m-%dT%H:%M:%S%2?.%f"),
        ("2013-01-31T10:20:30.123456", "datetime:%Y-%m-%dT%H:%M:%S.%f"),
        ("2013-01-31T10:20:30.1234567", TEXT),
        ("2013-01-31T10:20:30. 2013-01-31T10:20:30", TEXT),
        ("2013-01-31T10:20:30Z", "datetime:%Y-%m-%dT%H:%M:%SZ"),
        ("2013-01-31T10:20:30.5Z 2013-01-31T10:20:30Z", "datetime:%Y-%m-%dT%H:%M:%S%2?.%fZ"),
        ("2013-01-31T10:20:30Z 2013-01-31T10:20:30", TEXT),
        ("2013-01-31T10:20Z 2013-01-31T10:20:30Z", TEXT),
        ("2013-01-31T10:20:30+01:00", TEXT),
        ("2013-01-31T24:00", TEXT),
        ("2013-01-31T10:20:60", TEXT),
        ("2013-01-31T10:20 2013-01-31", TEXT),
        ("10:20 00:00", "time:%H:%M"),
        ("10:20:30", "time:%H:%M:%S"),
        ("10:20:30.25 10:20:30", "time:%H:%M:%S%2?.%f"),
        ("9:20", TEXT),
        ("24:00", TEXT),
        ("10:60", TEXT),
        ("10:20 10:20:30", TEXT),
        ("10:20:", TEXT),
        # Text.
        ("a 1", TEXT),
        ("", TEXT),
    ],
)
def test_table(texts, expected):
    assert infer(texts.split()) == expected


def test_spaces_and_empty_texts():
    assert infer(["2013-01-31 10:20:30"]) == "datetime:%Y-%m-%d %H:%M:%S"
    assert infer([" 1"]) == infer(["1 "]) == infer(["1", " "]) == TEXT
    assert infer(["1", ""]) == "int64_10+None"
    assert infer(["10:20", ""]) == "time+None:%H:%M"
    assert infer(["9223372036854775808", ""]) == "number+None:int"
    assert infer(["a", ""]) == infer([""]) == infer([]) == infer([None]) == TEXT
    assert infer([b"\xff", ""]) == infer([b"a", b"\xff", b"b"]) == "bytes"
    assert infer(["1\0"]) == TEXT


def test_arguments():
    assert infer(["1", "NA", "-"], none_values=["NA", b"-"]) == "int64_10"
    assert infer(["1,5", "2", "3,25"], numeric_comma=True) == "float64"
    assert infer(["1.5"], numeric_comma=True) == infer(["1,5"]) == TEXT
    assert infer(["2,0000000000000000001"], numeric_comma=True) == TEXT
    assert infer(["2013-01-31T10:20:30Z"], timezone="Europe/Stockholm") == TEXT
    assert infer(["2013-01-31T10:20:30Z"], timezone="UTC") == "datetime:%Y-%m-%dT%H:%M:%SZ"
    assert infer(["2013-01-31T10:20:30"], timezone="Europe/Stockholm") == "datetime:%Y-%m-%dT%H:%M:%S"


def test_arrow_types_of_text():
    texts = ["1", None, "2.5", ""]
    for array in (
        pa.array(texts, pa.string()),
        pa.array(texts, pa.large_binary()),
        pa.array(texts, pa.string_view()),
        pa.chunked_array([texts[:2], texts[2:]], pa.string()),
        # What the dictionary has and no row uses does not count.
        pa.DictionaryArray.from_arrays([0, None, 1, 2], ["1", "2.5", "", "unused"]),
        pa.array(["x", *texts, "x"]).slice(1, 4),
    ):
        types = TypeInference()
        types.add(array)

        assert types.result() == "float64+None"


_NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.from_regex(r"\A-?[0-9]{0,20}[.]?[0-9]{0,20}(e[+-]?[0-9]{1,3})?\Z"),
)
_MOMENTS = st.one_of(st.dates(), st.datetimes(), st.times()).flatmap(
    lambda moment: st.sampled_from([str(moment), moment.isoformat() + "Z"])
)
_COLUMNS = st.one_of(
    st.lists(_NUMBERS, max_size=4),
    st.lists(_MOMENTS, max_size=4),
    st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["true", "false", "", "nan"])), max_size=4),
).map(lambda texts: [text.encode("utf-8", "replace") for text in texts])


@given(_COLUMNS)
def test_nothing_is_lost(texts):
    name = infer(texts)
    parser = Parser(name)
    parsed = parser(pa.array(texts, pa.binary()))

    assert not parsed.bad
    if name.startswith("unicode"):
        assert [value.encode() for value in parsed.array.to_pylist()] == texts
    if name.startswith(("int64", "float64")):
        for text, value in zip(texts, parsed.array.to_pylist(), strict=True):
            if text and text.strip(b"-") not in {b"nan", b"inf", b"NaN", b"Infinity", b"Inf"}:
                exact = Decimal(text.decode())
                digits = len(exact.normalize().as_tuple().digits)
                assert exact == (value if isinstance(value, int) else Decimal(f"{value:.{digits - 1}e}"))
                assert math.copysign(1, value) < 0 or not text.startswith(b"-")


@given(st.lists(st.one_of(st.from_regex(r"\A-?[0-9]{1,2}([.][0-9]{1,2})?\Z"), _MOMENTS), max_size=4, unique=True))
def test_two_texts_never_become_one_value(texts):
    parsed = Parser(infer(texts))(pa.array(texts, pa.string()))

    assert len(parsed.array.unique()) == len(texts)


@given(_COLUMNS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_neither_order_nor_slices_matter(texts, slices, rng: random.Random):
    expected = infer(texts)
    shuffled = rng.sample(texts, len(texts))
    parts = []
    for start in range(slices):
        part = TypeInference()
        part.add(pa.array(shuffled[start::slices], pa.binary()))
        parts.append(part)
    rng.shuffle(parts)
    whole = parts.pop()
    for part in parts:
        whole.merge(part)

    assert whole.result() == expected
