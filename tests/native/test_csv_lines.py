"""Lines of CSV files, against the rule in Python: a value gets quotes if one of the parts is at its edge or in it."""

import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator import _native

from .samples import relaxed

PARTS = st.sampled_from(
    [b"", b",", b'"', b"'", b"''", b" ", b"1", b"e+", b"T", b".", b"-", b"\n", b"\r\n", "å".encode(), b"None"]
)
TEXTS = st.lists(PARTS | st.sampled_from([b"a", b"b"]), max_size=5).map(b"".join)
COLUMNS = {
    "ascii": (pa.string(), TEXTS.map(lambda text: text.decode("ascii", "ignore"))),
    "bytes": (pa.binary(), TEXTS | st.binary(max_size=3)),
    "bool": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
    "datetime": (pa.timestamp("us"), st.datetimes()),
    "float64": (pa.float64(), st.floats()),
    "int64": (pa.int64(), st.integers(-(1 << 63), (1 << 63) - 1)),
    "time": (pa.time64("us"), st.times()),
    "unicode": (pa.string(), TEXTS.map(bytes.decode)),
}


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, Any]]:
    rows = draw(st.integers(0, 5))
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    values = [draw(st.lists(st.none() | COLUMNS[kind][1], min_size=rows, max_size=rows)) for kind in kinds]
    return [(kind, pa.array(column, COLUMNS[kind][0])) for kind, column in zip(kinds, values, strict=True)]


@relaxed
@given(
    table=tables(),
    none=PARTS,
    separator=PARTS,
    line_separator=PARTS,
    quote=PARTS,
    always=st.booleans(),
    edges=st.lists(PARTS, max_size=2),
    inside=st.lists(PARTS, max_size=3),
)
def test_lines(
    table: list[tuple[str, Any]],
    none: bytes,
    separator: bytes,
    line_separator: bytes,
    quote: bytes,
    always: bool,
    edges: list[bytes],
    inside: list[bytes],
) -> None:
    def field(text: bytes) -> bytes:
        needed = any(text.startswith(edge) or text.endswith(edge) for edge in edges) or any(
            part in text for part in inside
        )
        return quote + text.replace(quote, quote * 2) + quote if quote and (always or needed) else text

    columns = []
    for kind, array in table:
        texts = pa.array(_native.text_array(kind, array)).cast(pa.large_binary()).to_pylist()
        columns.append([field(none if text is None else text) for text in texts])
    expected = b"".join(separator.join(row) + line_separator for row in zip(*columns, strict=True))
    kinds, arrays = [kind for kind, _ in table], [array for _, array in table]
    dialect = {"separator": separator, "line_separator": line_separator, "quote": quote, "always": always}
    lines = _native.csv_lines(arrays, kinds, [none] * len(table), edges=edges, inside=inside, **dialect)
    assert lines == expected


def test_an_array_that_does_not_fit_its_type() -> None:
    dialect = {"separator": b",", "line_separator": b"\n", "quote": b"", "always": False, "edges": [], "inside": []}
    for array, kind in ((pa.array(["a"]), "int64"), (pa.array([datetime.date(2024, 1, 1)]), "unicode")):
        with pytest.raises(TypeError):
            _native.csv_lines([array], [kind], [b""], **dialect)
