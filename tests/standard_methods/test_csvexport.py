"""csvexport: the text of the files, and that csvimport and dataset_type read it back."""

import gzip
import math
import os
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

COLUMNS = {"a": "int32", "b": ("unicode", True)}


@pytest.fixture(scope="module")
def source(write):
    return write(COLUMNS, [[(1, "x"), (2, None)], [], [(3, "")]])


@pytest.fixture
def export(project):
    def run(*sources, jobs={}, **options):  # noqa: B006 - only read
        job = project.build("csvexport", options, {"source": list(sources)}, jobs)
        assert len(job.files()) == 1
        return Path(job.filename(next(iter(job.files())))).read_bytes().decode()

    return run


def test_defaults(export, source):
    assert export(source) == "a,b\n1,x\n2,None\n3,\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"labels": ["b", "a", "b"]}, "b,a,b\nx,1,x\nNone,2,None\n,3,\n"),
        ({"separator": "", "line_separator": "|"}, "ab|1x|2None|3|"),
        ({"separator": "<>", "labelsonfirstline": False}, "1<>x\n2<>None\n3<>\n"),
        ({"none_as": "NULL"}, "a,b\n1,x\n2,NULL\n3,\n"),
        ({"none_as": {"b": ""}}, "a,b\n1,x\n2,\n3,\n"),
        ({"none_as": {"a": "no effect"}}, "a,b\n1,x\n2,None\n3,\n"),
        ({"quote_fields": "'", "lazy_quotes": False}, "'a','b'\n'1','x'\n'2','None'\n'3',''\n"),
        ({"quote_fields": "%%", "separator": ""}, "%%a%%%%b%%\n%%1%%%%x%%\n%%2%%%%None%%\n%%3%%%%%%\n"),
        ({"quote_fields": '"', "separator": "o"}, 'aob\n1ox\n2o"None"\n3o\n'),
        ({"quote_fields": '"', "separator": "2"}, 'a2b\n12x\n"2"2None\n32\n'),
    ],
)
def test_options(export, source, options, text):
    assert export(source, **options) == text


@pytest.mark.parametrize(
    ("value", "quote", "text"),
    [
        ("a,b", '"', '"a,b"'),
        ('a"b', '"', 'a"b'),
        ('"ab', '"', '"""ab"'),
        ("ab'", '"', '"ab\'"'),
        ("'", "'", "''''"),
        ("a\nb", '"', "a\nb"),
        ("", '"', ""),
        ("q|q", "q", "qqq|qqq"),
        ("a'b", "q", "a'b"),
        ("'ab", "q", "'ab"),
    ],
)
def test_lazy_quotes_are_what_csvimport_needs(export, write, value, quote, text):
    data = write({"t": "unicode"}, [[(value,)], [], []])
    assert export(data, quote_fields=quote, labelsonfirstline=False) == text + "\n"


def test_chains_come_slice_by_slice(project, export, source, write):
    more = write(COLUMNS, [[(4, "y")], [(5, "z")], []], previous=source)
    options = {"chain_source": True, "labelsonfirstline": False}
    assert export(more, source, **options) == "1,x\n2,None\n4,y\n1,x\n2,None\n5,z\n3,\n3,\n"
    first = project.build("csvexport", options, source=[source])
    assert export(more, jobs={"previous": first}, **options) == "4,y\n5,z\n"


def test_sliced(project, source):
    job = project.build("csvexport", source=source, sliced=True, filename="x%d.csv")
    assert job.files() == {"x0.csv", "x1.csv", "x2.csv"}
    assert [Path(job.filename(f"x{n}.csv")).read_text() for n in range(3)] == [
        "a,b\n1,x\n2,None\n",
        "a,b\n",
        "a,b\n3,\n",
    ]
    assert project.build("csvexport", source=source, sliced=True).files() == {f"result.csv.{n}" for n in range(3)}


@pytest.mark.parametrize("filename", ["x.csv.gz", "x.GZ", "x.gz.y"])
def test_gzip_by_name(project, source, filename):
    job = project.build("csvexport", source=source, filename=filename)
    with gzip.open(job.filename(filename), "rt") as file:
        assert file.read() == "a,b\n1,x\n2,None\n3,\n"


def test_none_in_json_and_pickle(export, write):
    data = write({"j": ("json", True), "p": ("pickle", True)}, [[(None, None), ({"b": 1, "a": "å"}, {1})], [], []])
    text = '{"a": "\\u00e5", "b": 1};{1}\n'
    options = {"separator": ";", "labelsonfirstline": False}
    assert export(data, **options) == "null;None\n" + text
    assert export(data, none_as={"j": "-"}, **options) == "-;None\n" + text


def test_no_rows(export, write):
    assert export(write({"a": "int32"}, [[], [], []])) == "a\n"
    assert export(write({"a": "int32"}, [[], [], []]), labelsonfirstline=False) == ""


def test_a_file_outside_of_the_job(project, source, tmp_path):
    project.build("csvexport", source=source, filename=str(tmp_path / "x.csv"))
    inside = project.build("csvexport", source=source)
    assert (tmp_path / "x.csv").read_bytes() == Path(inside.filename("result.csv")).read_bytes()


def test_refusals(project, source, write, fails):
    def build(**options):
        project.build("csvexport", options, {"source": [source]})

    with fails("has no column 'q'"):
        build(labels=["q"])
    with fails("none_as has labels that are not exported: 'q'"):
        build(none_as={"q": ""})
    with fails("none_as must be a text"):
        build(none_as=[1])
    with fails("there is no directory /"):
        build(filename="sub/x.csv")
    with fails("No source specified"):
        project.build("csvexport")
    with fails("as many sources"):
        previous = project.build("csvexport", source=[source, source])
        project.build("csvexport", source=source, chain_source=True, previous=previous)


hostile = st.text(st.sampled_from("\"',;\n\r\0 aåN\ufeff\\") | st.characters(codec="utf-8"), max_size=6)
VALUES = {
    "ascii": st.text(st.characters(max_codepoint=127), max_size=5),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=4) | hostile.map(str.encode),
    "complex32": st.complex_numbers(width=64),
    "complex64": st.complex_numbers(),
    "date": st.dates(),
    "datetime": st.datetimes(),
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "json": st.recursive(
        st.none() | st.integers() | st.floats() | hostile,
        lambda v: st.lists(v, max_size=2) | st.dictionaries(hostile, v, max_size=2),
    ),
    "number": st.integers(-(2**70), 2**70) | st.integers(-9, 9).map(float) | st.floats(),
    "time": st.times(),
    "unicode": hostile,
}
TYPES = {
    "ascii": "ascii:strict",
    "bool": "strbool",
    "bytes": "bytes",
    "complex32": "complex32",
    "complex64": "complex64",
    "date": "date:%Y-%m-%d",
    "datetime": "datetime:%Y-%m-%d %H:%M:%S%2?.%f",
    "float32": "float32",
    "float64": "float64",
    "int32": "int32_10",
    "int64": "int64_10",
    "json": "json",
    "number": "number",
    "time": "time:%H:%M:%S%2?.%f",
    "unicode": "unicode:utf-8",
}


@pytest.mark.slow
@given(
    rows=st.lists(st.tuples(*VALUES.values()), max_size=20),
    none=st.booleans(),
    utc=st.booleans(),
    labels=st.lists(hostile, min_size=len(TYPES), max_size=len(TYPES), unique=True),
)
@settings(
    max_examples=int(os.environ.get("ACCELERATOR_FUZZ", "6")),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_is_exported_is_imported_again(project, write, rows, none, utc, labels):
    columns = {label: (coltype, True) for label, coltype in zip(labels, TYPES, strict=True)}
    types = dict(TYPES)
    if utc:
        types["datetime"] += "+00:00"
        rows = [tuple(v.replace(tzinfo=UTC) if type(v) is datetime else v for v in row) for row in rows]
    if none:
        rows = [*rows, (None,) * len(columns)]
    source = write(columns, [rows[n::3] for n in range(3)])
    options = {"quote_fields": '"', "multiline": True, "none_as": "\1none\1", "labels": labels}
    exported = project.build("csvexport", options, {"source": [source]})
    options = {"filename": exported.filename("result.csv"), "quotes": '"', "multiline": True}
    typing = {"column2type": dict(zip(labels, types.values(), strict=True)), "none_values": ["\1none\1"]}
    if utc:
        typing["timezone"] = "UTC"
    imported = project.build("csvimport", options)
    typed = project.build("dataset_type", typing, source=imported).dataset()
    at_once = project.build("csvimport", options | typing).dataset()

    expected = comparable(source.iterate(None, labels))
    assert comparable(typed.iterate("roundrobin", labels)) == expected
    assert comparable(at_once.iterate("roundrobin", labels)) == expected


def test_multiline_is_exact(project, write):
    rows = [(b"\xff\xc3\xa5", 1.0), (b'"', -0.0), (b"\r", 2), (b"\xc3", None), (b"\\xff", 1e22), (b"", -1e300)]
    data = write({"b": "bytes", "n": ("number", True)}, [rows, [], []])
    job = project.build("csvexport", source=data, multiline=True, quote_fields='"')
    assert Path(job.filename("result.csv")).read_bytes() == (
        b'b,n\n\xff\xc3\xa5,1.0e0\n"""",-0.0e0\n"\r",2\n\xc3,None\n\\xff,1e+22\n,-1e+300\n'
    )


def comparable(rows):
    """What must be equal: -0.0 is not 0.0; keys in json are written sorted, and nobody writes the fold of a time."""
    return [tuple(ordered(value) for value in row) for row in rows]


def ordered(value):
    if isinstance(value, dict):
        return sorted((key, ordered(inner)) for key, inner in value.items())
    if isinstance(value, datetime | time):
        value = value.replace(fold=0)
    return [ordered(inner) for inner in value] if isinstance(value, list) else repr(value)


def test_every_type_once(project, write):
    """What the slow test draws at random, so that it is clear at a glance."""
    row = ("a", True, b"\xc3\xa5", -1j, date(2020, 2, 29), datetime(2020, 1, 2, 3, 4, 5, 6, UTC), math.pi, 2**63 - 1)
    columns = dict(
        zip("abcdefgh", ["ascii", "bool", "bytes", "complex64", "date", "datetime", "float64", "int64"], strict=True)
    )
    columns |= {"i": "json", "j": "number", "k": "time"}
    data = write(columns, [[(*row, {"x": [1]}, 1.0, time(1, 2))], [], []])
    job = project.build("csvexport", source=data, labelsonfirstline=False, separator=";")
    assert Path(job.filename("result.csv")).read_text(encoding="utf-8") == (
        "a;True;å;(-0-1j);2020-02-29;2020-01-02 03:04:05.000006+00:00;3.141592653589793;9223372036854775807;"
        '{"x": [1]};1.0;01:02:00\n'
    )
