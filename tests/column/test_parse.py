"""Text to typed values, by the table of types of the specification."""

import json
import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelerator import _native
from accelerator.column.parse import TYPE_NAMES, Parser
from accelerator.column.zones import find_zone

BAD = object()
NAN = math.nan


def values_of(array):
    """Values as Python objects: a mixed number column is a struct of which one field counts."""
    if pa.types.is_struct(array.type) and array.type.names == ["int", "float", "big"]:
        rows = array.to_pylist()
        return [row and first(row["int"], row["float"], big(row["big"])) for row in rows]
    if pa.types.is_struct(array.type):
        return [row and complex(row["re"], row["im"]) for row in array.to_pylist()]
    return array.to_pylist()


def first(*values):
    return next(value for value in values if value is not None)


def big(data):
    return None if data is None else int.from_bytes(data, "little", signed=True)


def parse(name, texts, **arguments):
    """Return values, BAD where a text could not be converted."""
    parsed = Parser(name, **arguments)(pa.array(texts, pa.binary()))
    bad = [False] * len(texts) if parsed.mask is None else parsed.mask.to_pylist()
    assert parsed.bad == sum(bad)
    values = values_of(parsed.array)
    assert all(value is None for value, wrong in zip(values, bad, strict=True) if wrong)
    return [BAD if wrong else value for value, wrong in zip(values, bad, strict=True)]


def same(one, other):
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other and str(one) == str(other)


INF = math.inf
TABLE = {
    "int32_10": {
        b"1": 1, b" \t+12\r\n": 12, b"-007": -7, b"2147483647": 2147483647, b"-2147483648": -2147483648,
        b"2147483648": BAD, b"-2147483649": BAD, b"": BAD, b" ": BAD, b"1.0": BAD, b"1_0": BAD, b"0x1": BAD,
        b"1L": BAD, b"- 1": BAD, b"+-1": BAD, b"1 2": BAD, b"\xa01": BAD, b"99999999999999999999999": BAD,
    },
    "int64_10": {
        b"9223372036854775807": 2**63 - 1, b"-9223372036854775808": -(2**63),
        b"9223372036854775808": BAD, b"-9223372036854775809": BAD, b"18446744073709551616": BAD,
    },
    "int64_8": {b"777": 511, b"8": BAD, b"-10": -8, b"0x1": BAD},
    "int64_16": {b"ff": 255, b"0xFF": 255, b"-0Xa": -10, b"0x": BAD, b"g": BAD, b"x1": BAD},
    "int64_0": {b"12": 12, b"012": 10, b"0x12": 18, b"0": 0, b"08": BAD, b"-0x1": -1},
    "int32_10i": {
        b"12abc": 12, b"abc": 0, b"": 0, b"-": 0, b" 3.7": 3, b"2147483648": BAD, b"2147483648x": BAD,
    },
    "int32_16i": {b"0x": 0, b"0xg": 0, b"10x": 16},
    "int32_0i": {b"08": 0, b"0x1g": 1, b"9a": 9},
    "float64": {
        b"1": 1.0, b" .5 ": 0.5, b"5.": 5.0, b"-1E-3": -0.001, b"+2e2": 200.0, b"inf": INF, b"-Infinity": -INF,
        b"NaN": NAN, b"1e400": INF, b"-1e400": -INF, b"1e-400": 0.0, b"-1e-400": -0.0, b"4.9e-324": 5e-324,
        b"0." + b"0" * 400 + b"1": 0.0, b"1" * 400: INF, b"0" * 400 + b"1.5": 1.5,
        b"": BAD, b".": BAD, b"e5": BAD, b"1e": BAD, b"1 2": BAD, b"1_0": BAD, b"+-1": BAD, b"--1": BAD, b"1,5": BAD,
    },
    "float32": {b"0.1": 0.10000000149011612, b"1e39": INF, b"16777217": 16777216.0},
    "float64i": {b"1.5abc": 1.5, b"": 0.0, b"x": 0.0, b"1e": 1.0, b"1e5e5": 1e5, b"1e999x": INF},
    "number": {
        b"1": 1, b" -12 ": -12, b"+5": 5, b"42.0": 42, b"43.": 43, b".0": 0, b"-.0": 0, b"-1.00": -1, b"007": 7,
        b"1e2": 100.0, b"1.5": 1.5, b".5": 0.5, b"inf": INF, b"-INF": -INF, b"nan": NAN,
        b"9223372036854775807": 2**63 - 1, b"9223372036854775808": 2**63, b"-9223372036854775808": -(2**63),
        b"-9223372036854775809": -(2**63) - 1, b"1" + b"0" * 300: 10**300, b"1" + b"0" * 300 + b".0": 10**300,
        str(2**1007 - 1).encode(): 2**1007 - 1, str(1 - 2**1007).encode(): 1 - 2**1007,
        str(2**1007).encode(): BAD, b"9" * 1000: BAD, b"0" * 1000 + b"1": 1,
        b"1e400": BAD, b"1e-400": BAD, b"0x10": BAD, b"1p3": BAD, b".": BAD, b"": BAD, b"-": BAD, b"1_0": BAD,
        b"nan(1)": BAD, b"1 2": BAD, b"1e": BAD,
    },
    "number:int": {b"1": 1, b"42.0": 42, b"1.5": BAD, b"1e2": BAD, b"inf": BAD, b"nan": BAD},
    "complex64": {
        b"1": 1 + 0j, b"(1+2j)": 1 + 2j, b" 3j ": 3j, b"1_0": 10 + 0j, b"": BAD, b"x": BAD, b"\xff": BAD,
        b"1 + 2j": BAD,
    },
    "complex32": {b"0.1": complex(0.10000000149011612), b"1e39": complex(INF)},
    "strbool": {
        b"": False, b"0": False, b"F": False, b"nO": False, b"off": False, b"FALSE": False, b"nil": False,
        b"Null": False, b"n": True, b"none": True, b" ": True, b"0.0": True, b"yes": True, b"\xff": True, b"no ": True,
    },
    "floatbool": {b"0": False, b"-0.0": False, b"1e-400": False, b"nan": True, b" 2 ": True, b"": BAD, b"1x": BAD},
    "floatbooli": {b"1x": True, b"0x": False, b"": False, b"x": False},
    "bytes": {b" \xff\0 ": b" \xff\0 ", b"": b""},
    "bytesstrip": {b" \t\n\v\f\r\xff ": b"\xff", b"  ": b"", b"\x1cx\xa0": b"\x1cx\xa0"},
    "ascii": {b"a\\b": "a\\b", b"\xc3\xa5": "\\303\\245", b" \0 ": " \0 "},
    "ascii:replace": {b"\x7f\x80": "\x7f\\200"},
    "ascii:encode": {b"a\\\xff": "a\\134\\377"},
    "ascii:strict": {b"a\\": "a\\", b"\x80": BAD},
    "asciistrip": {b" a ": "a"},
    "asciistrip:encode": {b" \\ ": "\\134"},
    "asciistrip:strict": {b" \xff ": BAD},
    "unicode:utf-8": {
        "å€😀".encode(): "å€😀", b"": "", b"\0": "\0", b"\xff": BAD, b"\xc0\x80": BAD, b"\xed\xa0\x80": BAD,
        b"\xf4\x90\x80\x80": BAD, b"\xe2\x82": BAD, b"abcdefgh\xc3": BAD,
    },
    "unicode:utf-8/replace": {b"a\xff": "a\ufffd"},
    "unicode:utf-8/ignore": {b"a\xff": "a"},
    "unicode:ascii": {b"a": "a", b"\xe5": BAD},
    "unicode:latin-1": {b"\xe5": "å"},
    "unicodestrip:utf-16-le": {b" a\0 ": "a", b" a ": BAD},
    "json": {
        b' {"b": [1.0, NaN, "\\u00e5"], "a": null}': '{"b":[1.0,NaN,"å"],"a":null}', b"-Infinity": "-Infinity",
        b"": BAD, b"{": BAD, b"\xff": BAD, b'"\\ud800"': BAD, b"1 2": BAD,
    },
    "date:%Y%m%d": {b"20200230": BAD, b"": BAD},
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_table(name):
    for text, expected in TABLE[name].items():
        [value] = parse(name, [text])

        assert value is expected or same(value, expected), (text, value)
    # and all in one array, where layouts may be wider
    together = parse(name, list(TABLE[name]))
    assert all(v is e or same(v, e) for v, e in zip(together, TABLE[name].values(), strict=True))


@pytest.mark.parametrize(("name", "kept"), [("unicode:utf-8", True), ("bytes", True), ("asciistrip", False)])
def test_texts_that_are_right_keep_their_dictionary(name, kept):
    texts = pa.array([b"x ", b"y", b"x ", b"y", b"y "]).dictionary_encode()
    found = Parser(name)(texts).array

    assert isinstance(found.type, pa.DictionaryType) == kept
    assert [str(value) for value in found.to_pylist()] == [
        str(value) for value in Parser(name)(texts.dictionary_decode()).array.to_pylist()
    ]


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("kind", [pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int32(), pa.binary())])
def test_every_arrow_type_of_text(name, kind):
    texts = [None, *TABLE[name], *TABLE[name], None]
    plain = Parser(name)(pa.array(texts, pa.binary()))
    values = Parser(name)(pa.array(texts, pa.binary()).cast(kind))

    assert str(values_of(values.array)) == str(values_of(plain.array))
    assert values.bad == plain.bad
    assert values.mask == plain.mask


def test_sliced_arrays():
    texts = pa.array([b"x", b"1", None, b"3", b"y"])[1:4]

    assert Parser("int32_10")(texts).array.to_pylist() == [1, None, 3]
    assert Parser("int32_10")(texts[:0]).array.to_pylist() == []
    assert Parser("int32_10")(pa.array([], pa.string())).array.to_pylist() == []


def test_comma():
    assert parse("float64", [b"1,5", b"1.5", b"-,5e1"], numeric_comma=True) == [1.5, BAD, -5.0]
    assert parse("float64i", [b"1.5", b"1,5.5"], numeric_comma=True) == [1.0, 1.5]
    assert parse("number", [b"42,0", b"42.0", b"1,5", b"7"], numeric_comma=True) == [42, BAD, 1.5, 7]
    assert parse("number", [b"0," + b"3" * 100], numeric_comma=True) == [1 / 3]
    assert parse("floatbool", [b"0,0", b"0.1"], numeric_comma=True) == [False, BAD]
    assert parse("complex64", [b"1,5j", b"1.5j"], numeric_comma=True) == [1.5j, BAD]
    assert parse("datetime:%e", [b"0,5"], numeric_comma=True) == [datetime(1899, 12, 31, 12)]


def test_none():
    texts = [None, b"", b" ", b"NA", b"1"]

    assert parse("int32_10", texts) == [None, BAD, BAD, BAD, 1]
    assert parse("int32_10+None", texts) == [None, None, BAD, BAD, 1]
    assert parse("int32_10", texts, none_values=["NA", ""]) == [None, None, BAD, None, 1]
    assert parse("bytes+None", texts) == [None, None, b" ", b"NA", b"1"]
    assert parse("bytesstrip+None", texts) == [None, None, b"", b"NA", b"1"]
    assert parse("json+None", texts) == [None, None, BAD, BAD, "1"]
    assert parse("unicode+None:latin-1", texts, none_values=["1"]) == [None, None, " ", "NA", None]
    assert parse("date+None:%d", texts)[:3] == [None, None, BAD]
    assert parse("strbool+None", [b"", b"0"]) == [None, False]


@pytest.mark.parametrize(
    ("name", "default", "expected"),
    [
        ("int32_16", "ff", 255),
        ("number", "1.5", 1.5),
        ("float32", "0.1", 0.10000000149011612),
        ("number", 3, 3),
        ("int32_10+None", None, None),
        ("datetime:%Y", "2020", datetime(2020, 1, 1)),
        ("asciistrip:strict", " a ", "a"),
        ("complex64", "2j", 2j),
        ("json", "[1, 2]", "[1,2]"),
        ("ascii:strict", "", ""),
    ],
)
def test_default(name, default, expected):
    parser = Parser(name, default=default)
    parsed = parser(pa.array([None, b"\xff"]))

    assert values_of(parsed.array) == [None, expected]
    assert parsed.bad == 1
    assert parsed.mask.to_pylist() == [False, True]
    assert parser.none_support == (default is None or "+None" in name)


def test_default_that_cannot_be_converted():
    for name, default in [("int32_10", "x"), ("json+None", ""), ("date:%Y", "20"), ("complex32", "z")]:
        with pytest.raises(ValueError, match="default"):
            Parser(name, default=default + "?")


def test_type_names():
    for name in TYPE_NAMES:
        column_type = Parser(name.replace("*", "utf-8") if "unicode" in name else name).column_type
        assert name.startswith(column_type) or column_type == "bool"
        assert Parser(name.replace("*", "utf-8")).none_support == ("+None" in name)
    for name in (
        "unicode",
        "int32",
        "date",
        "ascii:foo",
        "bool",
        "",
        "number:",
        "int32_10:x",
        "float64+none",
        "int32_12",
    ):
        with pytest.raises(ValueError, match="type"):
            Parser(name)
    with pytest.raises(LookupError):
        Parser("unicode:no such codec")
    with pytest.raises(ValueError, match="error handling"):
        Parser("unicode:utf-8/backslashreplace")


def test_only_text_can_be_parsed():
    with pytest.raises(TypeError, match="only strings and binary"):
        Parser("int32_10")(pa.array([1]))


NUMERIC = st.one_of(
    st.integers().map(str),
    st.integers(-(2**65), 2**65).map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text("0123456789+-.eEinfa _x", max_size=12),
)


@settings(deadline=None, max_examples=500)
@given(st.lists(NUMERIC, max_size=5))
@example(["-9223372036854775808", "1.7976931348623157e309", "2.2250738585072011e-308"])
def test_floats_are_those_of_python(texts):
    def expected(text):
        if "_" in text or not text.isascii():
            return BAD
        try:
            return float(text)
        except ValueError:
            return BAD

    got = parse("float64", [text.encode() for text in texts])
    assert all(g is e or same(g, e) for g, e in zip(got, map(expected, texts), strict=True)), (got, texts)


@settings(deadline=None, max_examples=500)
@given(st.lists(NUMERIC, max_size=5))
def test_integers_are_those_of_python(texts):
    def expected(text, bits):
        try:
            value = BAD if "_" in text else int(text)
        except ValueError:
            return BAD
        return value if value is not BAD and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1) else BAD

    for bits in (32, 64):
        got = parse(f"int{bits}_10", [text.encode() for text in texts])
        assert got == [expected(text, bits) for text in texts]


@given(st.integers(-(2**1007) + 1, 2**1007 - 1))
def test_numbers_of_any_size(value):
    assert parse("number", [str(value).encode()]) == [value]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_json(value):
    [text] = parse("json", [json.dumps(value, indent=1).encode()])

    assert str(json.loads(text)) == str(value)


@given(st.binary())
def test_utf8(data):
    try:
        expected = data.decode("utf-8")
    except UnicodeDecodeError:
        expected = BAD
    assert parse("unicode:utf-8", [data]) == [expected]


# ---- time zones


def test_utc():
    [value] = parse("datetime:%Y", [b"2020"], timezone="UTC")

    assert value == datetime(2020, 1, 1, tzinfo=UTC)
    assert parse("date:%Y", [b"2020"], timezone="Europe/Stockholm") == parse("date:%Y", [b"2020"])


@settings(deadline=None)
@given(
    st.lists(st.none() | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), max_size=6),
    st.sampled_from(["Europe/Stockholm", "EST5EDT", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]),
)
@example(
    [datetime(2020, 10, 25, 2, 30), datetime(2020, 3, 29, 2, 30), datetime(1878, 12, 31, 23, 59)], "Europe/Stockholm"
)
def test_local_times(moments, zone):
    texts = [m and m.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0").encode() for m in moments]
    expected = [m and m.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC) for m in moments]

    assert parse("datetime:%Y-%m-%d %H:%M:%S.%f", texts, timezone=zone) == expected
    assert parse("datetime:%Y-%m-%d %H:%M:%S.%f", texts, timezone=f":{zone}") == expected


def test_local_time_that_is_not_in_utc():
    texts = [b"0001-01-01 00:00", b"0001-01-02 00:00", b"x"]
    name = "datetime:%Y-%m-%d %H:%M"

    assert parse(name, texts, timezone="Asia/Kolkata")[::2] == [BAD, BAD]
    parsed = Parser(name, timezone="Asia/Kolkata", default="2000-01-01 05:30")(pa.array(texts))
    assert [v and v.year for v in parsed.array.to_pylist()] == [2000, 1, 2000]
    assert parsed.bad == 2


def test_zones():
    rule = find_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    assert datetime(2020, 7, 1, tzinfo=rule).utcoffset() == timedelta(hours=2)
    for name in ("Nowhere/Else", "", "../etc/passwd", "X"):
        with pytest.raises(ValueError, match="no time zone"):
            find_zone(name)


def test_kernel_arguments_are_checked():
    texts = pa.array(["1"])
    for call in (
        lambda: _native.parse_int(texts, 16, 10, False),
        lambda: _native.parse_int(texts, 32, 11, False),
        lambda: _native.parse_float(texts, 16, False, False),
        lambda: _native.parse_bool(texts, "x", False),
        lambda: _native.parse_moment(texts, "x", b"", False, False),
        lambda: _native.parse_text(texts, "x", False),
    ):
        with pytest.raises(ValueError):
            call()


@given(st.sampled_from(TYPE_NAMES), st.lists(st.one_of(st.none(), st.binary(max_size=24)), max_size=5), st.booleans())
def test_anything_goes_without_harm(name, texts, comma):
    name = name.replace("*", "latin-1" if name.startswith("unicode") else "%Y-%m-%d")
    parsed = Parser(name, numeric_comma=comma)(pa.array(texts, pa.binary()))
    none = [value is None for value in values_of(parsed.array)]
    bad = [False] * len(texts) if parsed.mask is None else parsed.mask.to_pylist()

    assert len(none) == len(texts)
    assert parsed.bad == sum(bad)
    assert all(none[row] for row, wrong in enumerate(bad) if wrong)
    assert all(none[row] for row, text in enumerate(texts) if text is None)
