"""What no honest program sends: arrays full of random bytes, values that raise, text in the wrong place.

The kernel may refuse it with the errors that its documentation names, or take it; it must not crash, and what it takes
must be values of the column's type. That says most under the sanitizers: ``make sanitize`` runs twenty times as
many examples, with ``ACCELERATOR_FUZZ=N`` in the environment N times as many.
"""

import os
import pickle
import sys
from datetime import UTC, timedelta, timezone, tzinfo
from decimal import Decimal

import numpy
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator import _native
from accelerator._native import ColumnBuilder, Rows, RowWriter, SplitWriter

from .samples import VALUES, same

TIMES = int(os.environ.get("ACCELERATOR_FUZZ", "1"))
REFUSED = (TypeError, ValueError, OverflowError)

fuzzed = settings(
    max_examples=5 * TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

FIXED = [
    *(pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.date64(), pa.time32("s"), pa.time64("us")),
    *(pa.time64("ns"), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("us", "Europe/Oslo")),
    *(pa.timestamp("ns"), pa.duration("us"), pa.decimal128(5), pa.binary(3)),
]
TEXT = [pa.string(), pa.binary(), pa.large_string(), pa.large_binary()]
STRUCTS = [
    {"int": pa.int64(), "float": pa.float64(), "big": pa.binary()},
    {"int": pa.int64(), "float": pa.float64(), "big": pa.large_binary()},
    {"value": pa.timestamp("us"), "flags": pa.uint8()},
    {"value": pa.time64("us"), "flags": pa.uint8()},
    {"re": pa.float32(), "im": pa.float32()},
    {"re": pa.float64(), "im": pa.float64()},
    {"re": pa.float64(), "im": pa.string()},
    {"int": pa.int64()},
    {"int": pa.int64(), "float": pa.float64()},
    {"value": pa.float64(), "is_int": pa.bool_()},
]
# The Arrow types in which a column may come, so that not all examples are refused at once.
LIKELY = {
    "bool": [pa.bool_()],
    "complex32": [pa.struct(STRUCTS[4].items()), pa.struct(STRUCTS[5].items())],
    "complex64": [pa.struct(STRUCTS[4].items()), pa.struct(STRUCTS[5].items())],
    "date": [pa.date32()],
    "datetime": [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.struct(STRUCTS[2].items())],
    "float32": [pa.float32()],
    "float64": [pa.float64(), pa.float32()],
    "int32": [pa.int32()],
    "int64": [pa.int64(), pa.int32()],
    "number": [pa.int64(), pa.float64(), *(pa.struct(STRUCTS[index].items()) for index in (0, 1, -1, -2))],
    "time": [pa.time64("us"), pa.struct(STRUCTS[3].items())],
    **dict.fromkeys(("ascii", "bytes", "json", "unicode"), TEXT),
}
OTHERS = [*FIXED, *TEXT, pa.bool_(), *(pa.struct(fields.items()) for fields in STRUCTS)]
# Read as they come, text that is not ASCII and pairs of doubles: as these types read them.
LENIENT = {"ascii": "unicode", "complex32": "complex64"}
# Bytes of unpickled data are a program: see test_pickled_code_cannot_come_in.
KINDS = sorted(LIKELY)
assert {*KINDS, "pickle"} == VALUES.keys()


def bits(draw, length):
    """A validity bitmap, or none."""
    size = (length + 7) // 8
    return draw(st.none() | st.binary(min_size=size, max_size=size).map(pa.py_buffer))


def offsets(draw, length, limit, width):
    """Offsets into so many bytes, as numbers that may still be changed, and what they shall become.

    They are in order as a rule, and never beyond the bytes in order, because nobody could see that.
    """
    numbers = draw(st.lists(st.integers(0, limit), min_size=length + 1, max_size=length + 1))
    later = list(numbers)
    numbers.sort()
    if draw(st.integers(0, 4)):
        later = numbers
    elif draw(st.booleans()):
        later[draw(st.integers(0, length))] = -draw(st.integers(1, 9))
    return numpy.array(numbers, f"i{width}"), later


INTERESTING = st.sampled_from([0, 1, 0xFF, 2**31, 2**63, 2**64 - 1, 0x7FF8 << 48, 719163, 86_400_000_000])


class Hostile:
    """An array of an Arrow type with any bytes in it.

    Pyarrow looks at offsets when it makes an array of it: :meth:`spoil` spoils them after that.
    """

    def __init__(self, draw, kind, length, offset):
        self._later = []
        self.array = array_of(draw, kind, length, offset, self._later)

    def __repr__(self):
        return f"{self.array.type} {self.array.offset}+{len(self.array)} {self.array.buffers()} {self._later}"

    def spoil(self):
        for numbers, later in self._later:
            numbers[:] = later


def array_of(draw, kind, length, offset, spoiled):
    """An array with any bytes in it; to ``spoiled`` goes what :class:`Hostile` changes later."""
    whole = length + offset
    validity = bits(draw, whole)
    nulls = draw(st.sampled_from([-1, -1, -1, 0])) if validity is not None else 0
    if pa.types.is_struct(kind):
        children = [array_of(draw, field.type, whole, draw(st.integers(0, 2)), spoiled) for field in kind]
        return pa.Array.from_buffers(kind, length, [validity], nulls, offset, children)
    if pa.types.is_dictionary(kind):
        values = array_of(draw, kind.value_type, draw(st.integers(0, 4)), draw(st.integers(0, 2)), spoiled)
        indices = array_of(draw, kind.index_type, length, offset, spoiled)
        return pa.DictionaryArray.from_buffers(kind, length, indices.buffers(), values, nulls, offset)
    if kind in TEXT:
        data = b"".join(draw(st.lists(st.binary(max_size=9) | st.text(max_size=9).map(str.encode), max_size=6)))
        numbers, later = offsets(draw, whole, len(data), 8 if kind in TEXT[2:] else 4)
        spoiled.append((numbers, later))
        return pa.Array.from_buffers(kind, length, [validity, pa.py_buffer(numbers), pa.py_buffer(data)], nulls, offset)
    width = kind.bit_width
    if width >= 8 and draw(st.booleans()):
        numbers = draw(st.lists(INTERESTING | st.integers(0, 2**64 - 1), min_size=whole, max_size=whole))
        data = b"".join((number % 2**width).to_bytes(width // 8, sys.byteorder) for number in numbers)
    else:
        size = (whole * width + 7) // 8
        data = draw(st.binary(min_size=size, max_size=size))
    return pa.Array.from_buffers(kind, length, [validity, pa.py_buffer(data)], nulls, offset)


@st.composite
def arrays(draw, likely):
    """An array, mostly of one of the likely types, perhaps with a dictionary."""
    kind = draw(st.sampled_from(likely * 6 + OTHERS))
    if not pa.types.is_nested(kind) and draw(st.integers(0, 3)) == 0:
        kind = pa.dictionary(draw(st.sampled_from(FIXED[:8])), kind)
    return Hostile(draw, kind, draw(st.integers(0, 12)), draw(st.integers(0, 9)))


def taken(function, *arguments, errors=REFUSED, **keywords):
    """What a function returns, None if it refuses."""
    try:
        return function(*arguments, **keywords)
    except errors:
        return None


@pytest.mark.parametrize("kind", KINDS)
@fuzzed
@given(data=st.data())
def test_arrays_of_any_bytes(kind, data):
    hostile = data.draw(arrays(LIKELY[kind]))
    array = hostile.array
    batch = pa.RecordBatch.from_arrays([array], ["v"])
    hostile.spoil()
    values = taken(lambda: list(Rows([batch], [kind], bare=True)))
    if values is not None:
        assert len(values) == len(array)
        stored = LENIENT.get(kind, kind)
        builder = ColumnBuilder(stored, True)
        for value in values:
            assert builder.write(value) is True  # it is what such a column may hold
        again = list(Rows([pa.RecordBatch.from_arrays([pa.array(builder.take())], ["v"])], [stored], bare=True))
        assert all(map(same, again, values))
        assert all(value.isascii() == (max(value, default="") < "\x80") for value in values if isinstance(value, str))
    for function in (_native.hash_array, _native.min_max, _native.text_array):
        taken(function, kind, array)
    taken(_native.slice_array, kind, array, 3)
    digests = taken(_native.row_digests, [kind, "int64"], [array, pa.array(range(len(array)), pa.int64())])
    assert digests is None or len(digests[0]) == len(array)
    quoting = {"separator": b",", "line_separator": b"\n", "quote": b'"', "always": False, "edges": [b" "]}
    lines = taken(_native.csv_lines, [array], [kind], [b"None"], inside=[b",", b"\n", b'"'], **quoting)
    assert lines is None or lines.count(b"\n") >= len(array)
    found = taken(_native.contains, kind, array, [b"1", b"Non"], True)
    assert found is None or len(found) == len(array)
    for form in ("fields", "raw", "json"):
        written = taken(_native.row_lines, [array], [kind], [b"<"], b">", form=form, separator=b",")
        assert written is None or len(written[1]) == 8 * len(array)


@fuzzed
@given(arrays(TEXT), st.sampled_from([b"", b"0", b"x", b"2020"]), st.booleans(), st.booleans(), st.binary(max_size=6))
def test_text_of_any_bytes(hostile, none, comma, prefix, default):
    array = hostile.array
    hostile.spoil()
    keywords = {"none_empty": comma, "none_values": [none], "default": default}
    taken(_native.text_encoding, array)
    made = taken(_native.normal_json, array)
    assert made is None or len(pa.array(made)) == len(array)
    taken(_native.value_sorts, array, [none], comma, prefix)
    calls = [
        *((_native.parse_int, (bits, base, prefix)) for bits in (32, 64) for base in (0, 8, 10, 16)),
        *((_native.parse_float, (bits, prefix, comma)) for bits in (32, 64)),
        (_native.parse_number, (prefix, comma)),
        *((_native.parse_bool, (mode, comma)) for mode in ("str", "float", "floati")),
        *((_native.parse_text, (mode, prefix)) for mode in ("bytes", "utf-8", "ascii:replace", "ascii:strict")),
        *((_native.parse_moment, (part, b"%Y-%m-%d %H", prefix, comma)) for part in ("date", "datetime", "time")),
    ]
    for function, arguments in calls:
        for extra in ({}, keywords):
            result = taken(function, array, *arguments, **extra)
            if result is not None:
                pa.array(result[0]).validate(full=True)
                assert len(result[0]) == len(array)


pieces = st.sampled_from(
    [*b'{}[]:,"\\ \n\x00\xc3\xa5u0d8.e-', *(b'{"a":', b'{"a":1}\n', b"\\ud83d", b"9" * 20, b"null", b"NaN")]
)


@fuzzed
@given(st.lists(pieces | st.binary(max_size=3), max_size=40), st.integers(0, 3))
def test_json_of_any_bytes(parts, blocks):
    text = b"".join(bytes([part]) if isinstance(part, int) else part for part in parts)
    reader = _native.JsonLines(set(), {"a": "float64"} if blocks % 2 else {})
    for block in [text, *(text[cut:] for cut in range(1, len(text), 7)), *([b'{"a":' + text + b"}"] * blocks)]:
        rows = reader.read(block)
        for _, made in reader.take().values():
            assert rows is not None
            if made is not None:
                array = pa.array(made)
                array.validate(full=True)
                assert len(array) == rows
    taken(ColumnBuilder("parsed:json", True).write, text.decode("utf-8", "surrogateescape"))


directives = st.lists(st.sampled_from("aAbBdHIjmMpSyYzZfsu%*.JFTDQ ") | st.characters(max_codepoint=255), max_size=5)


@fuzzed
@given(st.binary(max_size=20) | st.from_regex(rb"[-0-9:. ]{0,24}", fullmatch=True), directives, st.binary(max_size=4))
def test_formats_of_any_bytes(text, letters, tail):
    pattern = "".join(f"%{letter}" for letter in letters).encode("latin-1") + tail
    for pattern_ in (pattern, tail + pattern, b"%Y-%m-%d %H:%M:%S" + tail):
        found = taken(_native.strptime, text, pattern_)
        if found is not None:
            assert 0 <= found[1] <= len(text)
        taken(_native.parse_moment, pa.array([text], pa.binary()), "datetime", pattern_, False, False)


# ---- values


class Trap:
    """An object of every kind at once, whose methods do what their name does not promise."""

    def __init__(self, act):
        self._act = act

    def _trap(self, *_):
        return self._act()

    __int__ = __index__ = __float__ = __complex__ = __str__ = __bytes__ = __len__ = _trap
    __getitem__ = __iter__ = _trap


class Zone(tzinfo):
    def __init__(self, act=timedelta):
        self._act = act

    def utcoffset(self, _):
        return self._act()


class Text(str):
    __slots__ = ()

    def encode(self, *_):
        raise ValueError


class Number(int):
    def __index__(self):
        return 2**80


def explode():
    raise ValueError("trap")


def near_values():
    """Values of every column type, and much that is near."""
    acts = st.sampled_from([explode, lambda: 5, lambda: "x", lambda: None, lambda: 2**70, lambda: 1.5, timedelta])
    zones = acts.map(Zone) | st.sampled_from([UTC, timezone(timedelta(0)), timezone(timedelta(hours=1))])
    return st.one_of(
        st.none(),
        *VALUES.values(),
        st.datetimes(timezones=zones),
        st.times(timezones=zones),
        st.text(),  # with surrogates
        st.from_regex(r"\s*[-+]?[0-9_]{1,40}(\.[0-9]*)?(e[0-9]{1,4})?\s*", fullmatch=True),
        st.text().map(str.encode).map(bytearray),
        st.text(max_size=5).map(Text),
        st.integers().map(Number),
        st.decimals().map(Decimal),
        st.fractions(),
        st.sampled_from([numpy.int8(3), numpy.float32(0.5), numpy.bool_(True), numpy.datetime64("2020-01-01"), object]),
        acts.map(Trap),
    )


ANYTHING = st.lists(near_values(), max_size=8)


@pytest.mark.parametrize("kind", [*sorted(VALUES), *(f"parsed:{kind}" for kind in ("int32", "number", "complex64"))])
@fuzzed
@given(data=st.data())
def test_any_values(kind, data):
    """Each is stored whole or refused, alone, in rows, and in rows of split writers; the rest is not touched by it."""
    values = data.draw(ANYTHING)
    # Pickling has errors of its own.
    errors = (*REFUSED, AttributeError, pickle.PicklingError) if kind == "pickle" else REFUSED
    alone = ColumnBuilder(kind, True)
    stored = [value for value in values if taken(alone.write, value, errors=errors)]
    stored_type = kind.removeprefix("parsed:")
    slices = [[ColumnBuilder(kind, True), ColumnBuilder("number", True)] for _ in range(2)]
    rows = [RowWriter(builders, ["a", "b"]) for builders in slices]
    hashed = -1 if stored_type in {"json", "pickle"} else 0
    split = SplitWriter(rows, hash_index=hashed)
    accepted = 0
    for value in values:
        before = [writer.count for writer in rows]
        try:
            split.write(value, 0.5)
        except errors:
            assert [writer.count for writer in rows] == before
        else:
            accepted += 1
    assert accepted == len(stored) == sum(writer.count for writer in rows)
    for builders in slices:
        assert builders[0].count == builders[1].count
    array = pa.array(alone.take())
    array.validate(full=True)
    found = list(Rows([pa.RecordBatch.from_arrays([array], ["v"])], [stored_type], bare=True))
    assert len(found) == len(stored)
