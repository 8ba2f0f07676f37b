"""Lines of JSON objects and JSON text, against Python's json module."""

import json
import math

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, JsonLines

from .samples import json_values, relaxed, same

INT64 = range(-(2**63), 2**63)
KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


def read(block, wanted=(), types=None, reader=None):
    """What the kernel makes of lines: None, or a list of values and a set of kinds for each key."""
    reader = reader or JsonLines(set(wanted), types or {})
    rows = reader.read(block)
    if rows is None:
        return None
    found = reader.take()
    columns = {
        name: (kinds, pa.array([None] * rows) if made is None else pa.array(made))
        for name, (kinds, made) in found.items()
    }
    for _, array in columns.values():
        array.validate(full=True)
        assert len(array) == rows
    return rows, {
        name: (list(map(value_of(array.type), array.to_pylist())), kinds) for name, (kinds, array) in columns.items()
    }


def value_of(kind):
    """How a value of an Arrow type is to be read."""
    if kind == pa.json_():
        return lambda text: None if text is None else json.loads(text)
    if not pa.types.is_struct(kind):
        return lambda value: value
    return lambda parts: None if parts is None else number(parts)


def number(parts):
    if "is_int" in parts:
        return int(parts["value"]) if parts["is_int"] else parts["value"]
    if parts["big"] is not None:
        return int.from_bytes(parts["big"], "little", signed=True)
    return parts["int"] if parts["float"] is None else parts["float"]


def model(block, wanted=()):
    """The same by Python's json; None if a line is wrong."""
    try:
        rows = [json.loads(line) for line in block.split(b"\n") if line.strip()]
    except (ValueError, RecursionError):
        return None
    if any(type(row) is not dict for row in rows):
        return None
    names = {name for row in rows for name in row if not wanted or name in wanted}
    return len(rows), {
        name: ([row.get(name) for row in rows], kinds([row.get(name) for row in rows])) for name in names
    }


def kinds(values):
    found = {KINDS[type(value)] for value in values if value is not None}
    return found | {"bigint" for value in values if type(value) is int and value not in INT64}


def alike(one, other):
    """Whether two values are equal, of one type, in depth, with the order of keys."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(alike, one.values(), other.values()))
    return same(one, other)


def agree(found, expected):
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    for name, (values, own) in found[1].items():
        assert own == expected[1][name][1]
        assert all(map(alike, values, expected[1][name][0])), (values, expected[1][name][0])


escapes = st.sampled_from(
    [r"\n", r"\"", r"\\", r"\/", r"\b\f\r\t", r"\u0041", r"\u00E5", r"\u20ac", r"\ud83d\uDE00", r"\u0000"]
)
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\\', min_codepoint=32), max_size=20)
strings = st.lists(plain | escapes, max_size=4).map(lambda parts: '"' + "".join(parts) + '"')
numbers = (
    st.sampled_from(["0", "-0", "-0.0", "1E5", "1e400", "-1e-400", "2.5e-324", "9007199254740993.0", "1e22", "1e23"])
    | st.sampled_from(["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"])
    | st.integers(-(10**21), 10**21).map(str)
    | st.integers(-(10**300), 10**300).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.from_regex(r"-?(0|[1-9][0-9]{0,25})\.[0-9]{1,25}([eE][-+]?[0-9]{1,4})?", fullmatch=True)
)
spaces = st.sampled_from(["", "", "", " ", "\t", " \r "])
scalars = strings | numbers | st.sampled_from(["true", "false", "null", "NaN", "Infinity", "-Infinity"])


def joined(items, edges):
    return st.tuples(spaces, st.lists(items, max_size=4)).map(
        lambda parts: edges[0] + parts[0] + ",".join(parts[1]) + edges[1]
    )


def members(keys, values):
    pairs = st.tuples(spaces, keys, spaces, spaces, values, spaces)
    return pairs.map(lambda p: f"{p[0]}{p[1]}{p[2]}:{p[3]}{p[4]}{p[5]}")


nested = st.recursive(scalars, lambda inner: joined(inner, "[]") | joined(members(strings, inner), "{}"), max_leaves=6)
# Few keys, so that columns have several kinds of values; one of them written in two ways.
keys = st.sampled_from(['"a"', '"b"', r'"\u0061"', '"å"', '""']) | strings
objects = joined(members(keys, nested), "{}")
alone = st.sampled_from("ab").flatmap(lambda key: scalars.map(lambda value: f'{{"{key}":{value}}}'))
lines = st.lists(objects | alone | st.sampled_from(["", " ", "{}"]), max_size=8).map("\n".join).map(str.encode)


@st.composite
def damaged(draw):
    """Lines of which some bytes have been changed, put in or left out."""
    block = bytearray(draw(lines))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(block)))
        block[place : place + draw(st.integers(0, 2))] = draw(
            st.binary(max_size=2)
            | st.sampled_from([b"{", b"}", b"[", b",", b'"', b"\\", b"\n", b"0", b"\\u", b"\xed\xa0\x80"])
        )
    return bytes(block)


@relaxed
@given(st.lists(lines | damaged(), min_size=1, max_size=3), st.sampled_from([(), ("a", "q")]))
@example([b'{"a":1}', b'{"a":"x"}', b'{"a":0.5}'], ())
@example([b'{"a":1}\n{"a":0.5}', b'{"a":true}'], ())
@example([b'{"a":%d}' % 2**1007], ())
@example([b'{"a":1,"a":"x"}'], ())
@example([b"[" * 2000], ())
@example([b'{"a":' + b"[" * 99 + b"]" * 99 + b"}", b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"], ())
def test_lines_are_what_json_says(blocks, wanted):
    reader = JsonLines(set(wanted), {})
    for block in blocks:
        found = read(block, reader=reader)
        if found is not None:  # else Python reads it
            agree(found, model(block, wanted))


@settings(relaxed, max_examples=40)
@given(
    st.lists(st.dictionaries(st.text("abå"), json_values.filter(lambda value: not large(value))), max_size=5),
    st.booleans(),
)
def test_usual_lines_are_not_left_to_python(rows, ascii_only):
    block = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows).encode()
    agree(read(block), model(block))


def large(value):
    """Whether there is an integer that no column of numbers holds."""
    if isinstance(value, dict | list):
        return any(map(large, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and abs(value) >= 2**1007


@pytest.mark.parametrize(
    "line",
    [
        *('{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":-}', '{"a":1e}', '{"a":0x1}', '{"a":1_0}', '{"a":tru}'),
        *(
            '{"a":1,}',
            '{"a"}',
            "{a:1}",
            '{"a":[1,]}',
            '{"a":{"b":1,}}',
            '{"a":1}}',
            '{"a":"x}',
            '{"a":"\\x"}',
            "[1]",
            "1",
        ),
        *(
            '{"a":"\\u12"}',
            '{"a":"\\ud800"}',
            '{"a":"\\udc00\\ud800"}',
            '{"a":"\\u-123"}',
            '{"a":"\t"}',
            '{"a":1} {}',
            "{",
        ),
        *('{"a":1,"a":1}', '{"b":{"a":1,"a":1}}', '{"a":nan}', '{"a":-NaN}', '{"a":"\x1f"}', '\ufeff{"a":1}', "\v"),
        *('{"a":[1 2]}', '{"a":{"b" 1}}', '{"a":{1:1}}', '{"a":[', '{"a":{', '{"a":"\\', '{"a":-Inf}', "{" * 200),
        '{"a":{' + ",".join(f'"{key % 12}":1' for key in range(13)) + "}}",
    ],
)
def test_what_is_left_to_python(line):
    assert read(line.encode()) is None
    assert read(b'{"a":1}\n' + line.encode(), ["q"]) is None or line == '{"a":1,"a":1}'


def test_bytes_that_are_not_utf8():
    for text in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"x" * 20 + b"\xf5", b"\\n\xc3\\n\xa5"):
        assert read(b'{"a":"' + text + b'"}') is None
        assert read(b'{"' + text + b'":1}') is None


def test_types_that_are_asked_for():
    block = b'{"j":1,"f":2,"g":3,"n":1}\n{"j":"x","f":2.5}\n{"g":%d,"f":null}' % 2**70
    columns = read(block, types={"j": "json", "f": "float64", "g": "float32", "n": "int64"})[1]
    assert columns["j"] == ([1, "x", None], {"int", "str"})
    assert columns["f"] == ([2.0, 2.5, None], {"int", "float"})
    assert columns["g"] == ([3.0, None, 2.0**70], {"int", "bigint"})
    assert columns["n"] == ([1, None, None], {"int"})


def test_arrays_are_as_narrow_as_the_values_so_far():
    reader = JsonLines(set(), {})
    seen = []
    for line in (b'{"a":1}', b'{"a":null}', b'{"a":true}', b'{"a":1}'):
        reader.read(line)
        made = reader.take()["a"][1]
        seen.append(None if made is None else str(pa.array(made).type))
    assert seen == ["int64", None, "extension<arrow.json>", "extension<arrow.json>"]


def test_a_block_that_is_left_to_python_leaves_nothing():
    reader = JsonLines(set(), {})
    assert reader.read(b'{"a":1,"b":2}\n{') is None
    assert reader.take() == {}
    assert reader.read(b'{"a":3}') == 1
    assert read(b'{"a":3}', reader=reader) == (1, {"a": ([3], {"int"})})


@relaxed
@given(nested | json_values.map(json.dumps))
@example(" [1 ]\n")
@example('"\ufeff"')
@example("-0")
@example("1e400")
@example('{"b":1,"a":2,"b":3}')
def test_json_text_is_stored_as_json_reads_it(text):
    builder = ColumnBuilder("parsed:json", False)
    builder.write(text)
    (stored,) = pa.array(builder.take()).storage.to_pylist()
    assert stored == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("text", ["", "x", "[1", "nul", "1 2", "\ufeff1", "'a'", "[1,]", "\x0b1", '{"a":[}'])
def test_text_that_is_not_json_is_refused_as_json_refuses_it(text):
    builder = ColumnBuilder("parsed:json", False)
    with pytest.raises(ValueError, match="line 1 column"):
        builder.write(text)
    with pytest.raises(UnicodeEncodeError):
        builder.write('["\\ud800"]')
    assert builder.count == 0


def test_nan_stays():
    ((values, own),) = read(b'{"a":NaN}\n{"a":[NaN,-Infinity]}')[1].values()
    assert math.isnan(values[0])
    assert own == {"float", "list"}
    assert values[1][1] == -math.inf
