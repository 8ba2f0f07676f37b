import json
import math
from datetime import date, time

import numpy
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator._native import row_lines

from .samples import VALUES, relaxed
from .test_contains import SEARCHED, array_of


def rows_as_bytes(rows):
    return numpy.array(rows, numpy.int64).tobytes()


def text_of(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def field_of(value, separator):
    text = text_of(value)
    quotes = ("'", '"')
    if text.startswith(quotes) or text.endswith(quotes) or (separator and separator in text):
        text = '"' + text.replace('"', '""') + '"'
    return text.replace("\n", "\\n").replace("\r", "\\r").encode("utf-8", "surrogatepass")


def raw_of(value, _separator):
    return value if isinstance(value, bytes) else str(value).encode()


def jsonable(value):
    match value:
        case float():
            return value if math.isfinite(value) else None
        case complex():
            return [jsonable(value.real), jsonable(value.imag)]
        case date() | time() | bytes():
            return text_of(value)
    return value


def json_of(value, _separator):
    return json.dumps(jsonable(value), ensure_ascii=False).encode("utf-8", "surrogatepass")


FORMS = {"fields": field_of, "raw": raw_of, "json": json_of}


@pytest.mark.parametrize("kind", SEARCHED)
@settings(relaxed, max_examples=25)
@given(data=st.data())
def test_values_are_written_as_python_would(kind, data):
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=20))
    separator = data.draw(st.sampled_from(["\t", ",", "", "1", "e", "||", "ä", "\n", '"']))
    chosen = data.draw(st.none() | st.lists(st.integers(0, len(values) - 1)) if values else st.none())
    start = data.draw(st.integers(0, 3))
    array = array_of(kind, [None] * start + values).slice(start)

    for form, written in FORMS.items():
        rows = None if chosen is None else rows_as_bytes(chosen)
        data_, ends = row_lines(
            [array, array],
            [kind, kind],
            [b"<", b"|"],
            b">\n",
            form=form,
            separator=separator.encode(),
            rows=rows,
        )
        texts = [written(value, separator) for value in values]
        expected = [b"<%b|%b>\n" % (text, text) for text in texts]
        expected = expected if chosen is None else [expected[row] for row in chosen]
        assert data_ == b"".join(expected)
        assert numpy.frombuffer(ends, numpy.int64).tolist() == numpy.cumsum([*map(len, expected)]).tolist()


awkward = st.text("\t\n\r\"'\\,\x00\x1f\x7fäa€😀 ", max_size=40)


@relaxed
@given(st.lists(awkward | st.binary(max_size=20)), st.sampled_from(["\t", ",", "", "ä", "a "]))
def test_awkward_text(values, separator):
    for kind in ("unicode", "bytes"):
        chosen = [value for value in values if isinstance(value, bytes) == (kind == "bytes")]
        array = pa.array(chosen, pa.binary() if kind == "bytes" else pa.string())
        for form, written in FORMS.items():
            data, _ = row_lines([array], [kind], [b""], b"", form=form, separator=separator.encode())
            assert data == b"".join(written(value, separator) for value in chosen)


def test_dictionaries_and_text_as_it_is():
    texts = pa.array(['"a"', None, "b\n"], pa.string())

    data, ends = row_lines(
        [texts.dictionary_encode(), texts],
        ["unicode", ""],
        [b"{", b": "],
        b"}",
        form="json",
        rows=rows_as_bytes([2, 1, 0]),
    )

    assert data == b'{"b\\n": b\n}{null: }{"\\"a\\"": "a"}'
    assert numpy.frombuffer(ends, numpy.int64).tolist() == [11, 19, 33]


def test_arguments_that_do_not_fit():
    one, two = pa.array([1], pa.int64()), pa.array([1, 2], pa.int64())
    for arrays, types, before in (
        ([], [], []),
        ([one], [], [b""]),
        ([one], ["int64"], []),
        ([one, two], ["int64", "int64"], [b"", b""]),
        ([one], ["nonsense"], [b""]),
    ):
        with pytest.raises(ValueError, match=r"."):
            row_lines(arrays, types, before, b"", form="raw")
    with pytest.raises(ValueError, match="no such row"):
        row_lines([one], ["int64"], [b""], b"", form="raw", rows=rows_as_bytes([1]))
    with pytest.raises(ValueError, match="no such row"):
        row_lines([one], ["int64"], [b""], b"", form="raw", rows=rows_as_bytes([-1]))
    with pytest.raises(ValueError, match="form"):
        row_lines([one], ["int64"], [b""], b"", form="xml")
    with pytest.raises(TypeError, match="int64"):
        row_lines([pa.array(["a"], pa.string())], ["int64"], [b""], b"", form="raw")
