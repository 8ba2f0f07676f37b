"""dataset_type: which columns and datasets come out, with which rows."""

from datetime import UTC, date, datetime

import pytest

from accelerator import NoSuchDatasetError, ServerError
from accelerator.column import hash_value

AB = {"a": "bytes", "b": "unicode"}


def test_typed_columns_are_put_on_top(project):
    source = project.dataset(AB, [(b"1", "x"), (b"2", "y"), (b"3", "z"), (b"4", "å")], filename="f.csv")
    job = project.build("dataset_type", source=source, column2type={"a": "int32_10"}, options={"caption": "mine"})
    ds = job.dataset()

    assert job.datasets == [ds]
    assert list(ds.iterate(None)) == [(1, "x"), (4, "å"), (2, "y"), (3, "z")]
    assert ds.parent == source
    assert ds.previous is None
    assert ds.filename == "f.csv"
    assert ds.caption == f"mine (from {source.quoted})"
    assert (ds.min("a"), ds.max("a"), ds.columns["a"].type) == (1, 4, "int32")
    assert job.output() == ""
    assert not job.files()


def test_many_types_at_once(project):
    columns = {"i": "bytes", "d": "ascii", "n": "unicode", "t": "bytes", "f": "bytes"}
    source = project.dataset(
        columns, [(b"1", "20200102", "7", b"1:02", b"on"), (b"", "20210304", "1.5", b"23:59", b"off")]
    )
    ds = project.build(
        "dataset_type",
        source=source,
        column2type={
            "i": "int64_10+None",
            "d": "date:%Y%m%d",
            "n": "number",
            "t": "time:%H:%M",
            "f": "strbool",
        },
    ).dataset()

    assert sorted(ds.iterate(None, ["n", "i", "d", "f"]), key=str) == [
        (1.5, None, date(2021, 3, 4), False),
        (7, 1, date(2020, 1, 2), True),
    ]
    assert {name: (c.type, c.none_support) for name, c in ds.columns.items()} == {
        "i": ("int64", True),
        "d": ("date", False),
        "n": ("number", False),
        "t": ("time", False),
        "f": ("bool", False),
    }


def test_text_is_taken_as_utf8(project):
    source = project.dataset({"u": "unicode"}, [("å",)])
    ds = project.build("dataset_type", source=source, column2type={"u": "ascii"}).dataset()

    assert list(ds.iterate(None, "u")) == ["\\303\\245"]
    ds = project.build("dataset_type", source=source, column2type={"u": "bytes"}).dataset()
    assert list(ds.iterate(None, "u")) == ["å".encode()]


def test_none_values(project):
    source = project.dataset({"a": "bytes", "b": "bytes"}, [(b"NA", b"NA"), (b"", b"1"), (b"2", b"-")])
    ds = project.build(
        "dataset_type",
        source=source,
        column2type={"a": "int32_10", "b": "unicode:utf-8"},
        none_values={"a": ["NA", ""], "b": ["-"]},
    ).dataset()

    assert sorted(ds.iterate(None, ["a", "b"]), key=str) == [(2, None), (None, "1"), (None, "NA")]
    both = project.build("dataset_type", source=source, column2type={"b": "ascii"}, none_values=["NA"]).dataset()
    assert both.columns["b"].none_support
    assert not both.columns["a"].none_support


def test_none_in_the_source_stays(project):
    source = project.dataset({"a": ("ascii", True)}, [(None,), ("1",)])
    ds = project.build("dataset_type", source=source, column2type={"a": "float64"}).dataset()

    assert set(ds.iterate(None, "a")) == {None, 1.0}
    assert ds.columns["a"].none_support


def test_values_that_cannot_be_converted(project, fails):
    source = project.dataset({"a": "bytes"}, [(b"1",), (b"x",), (b"3",), (b"4",), (b"y\xff",)])
    with fails(f'Failed to convert "x" from {source.quoted} column a slice 1 line 1'):
        project.build("dataset_type", source=source, column2type={"a": "int32_10"})
    with fails("the default 'z' cannot be converted"):
        project.build("dataset_type", source=source, column2type={"a": "int32_10"}, defaults={"a": "z"})


def test_defaults(project):
    source = project.dataset(
        {"a": "bytes", "b": "bytes"}, [(b"1", b"x"), (b"x", b"y"), (b"3", b"3"), (b"y", b"4"), (b"z", b"5")]
    )
    job = project.build(
        "dataset_type",
        source=source,
        column2type={"a": "int32_10", "b": "number"},
        defaults={"a": "-7", "b": None, "c": "x"},
    )
    ds = job.dataset()

    assert list(ds.iterate("roundrobin")) == [(1, None), (-7, None), (3, 3), (-7, 4), (-7, 5)]
    assert (ds.min("a"), ds.columns["b"].none_support) == (-7, True)
    header = f"{source.quoted} -> {job}/default"
    assert job.output() == (
        f"{header}\n{'=' * len(header)}\n"
        "Defaulted values\n"
        "  a:\n    Slice   Defaulted line count\n        0   1\n        1   2\n    total   3\n"
        "  b:\n    Slice   Defaulted line count\n        0   1\n        1   1\n    total   2\n"
        "\n"
    )


def test_filter_bad(project):
    columns = {"a": "bytes", "b": ("ascii", True), "c": "json"}
    data = [(b"1", "x", [0]), (b"x", "2", 1), (b"3", "3", None), (b"4", None, {"k": 1}), (b"y", "z", 2), (b"6", "6", 3)]
    source = project.dataset(columns, data, filename="f")
    job = project.build("dataset_type", source=source, column2type={"a": "int32_10", "b": "number"}, filter_bad=True)
    ds, bad = job.dataset(), job.dataset("bad")

    assert sorted(ds.iterate(None), key=str) == [(3, 3, None), (4, None, {"k": 1}), (6, 6, 3)]
    assert (ds.parent, ds.filename) == (None, "f")
    assert ds.lines == [1, 0, 2]
    assert {name: (c.type, c.none_support) for name, c in bad.columns.items()} == {
        "a": ("bytes", False),
        "b": ("ascii", True),
    }
    assert [list(bad.iterate(s)) for s in range(3)] == [[(b"1", "x")], [(b"x", "2"), (b"y", "z")], []]
    assert (bad.filename, bad.previous) == (None, None)
    assert "Bad line count   Column\n             2   a\n             2   b\n" in job.output()


def test_filter_bad_without_bad_lines(project):
    source = project.dataset({"a": "bytes"}, [(b"1",)])
    job = project.build("dataset_type", source=source, column2type={"a": "number"}, filter_bad=True)

    assert job.dataset("bad").lines == [0, 0, 0]
    assert job.output() == ""


def test_copied_columns_keep_every_value(project):
    columns = {"a": "bytes", "n": "number", "j": "json", "p": "pickle", "d": "datetime", "t": "time"}
    rows = [
        (b"1", 1, [1.0], {1}, datetime(2020, 1, 1), datetime(2020, 1, 1, 1).time()),
        (b"x", 0, 0, 0, datetime(2020, 1, 1), datetime(2020, 1, 1, 1).time()),
        (b"3", 2**100, "x", (1, 2), datetime(2020, 1, 1, fold=1), datetime(2020, 1, 1, tzinfo=UTC).timetz()),
        (b"4", 1.0, None, None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, fold=1).time()),
    ]
    source = project.dataset(columns, rows)
    ds = project.build("dataset_type", source=source, column2type={"a": "int32_10"}, filter_bad=True).dataset()

    assert sorted(map(repr, ds.iterate(None, list(columns)))) == sorted(
        repr((int(row[0]), *row[1:])) for row in rows if row[0] != b"x"
    )


def test_discard_untyped(project):
    source = project.dataset(AB, [(b"1", "x")])
    ds = project.build("dataset_type", source=source, column2type={"a": "number"}, discard_untyped=True).dataset()

    assert list(ds.columns) == ["a"]
    assert ds.parent is None


def test_refusals(project, fails):
    source = project.dataset({"a": "bytes", "i": "int32"}, [(b"1", 1)])

    def build(**options):
        return project.build("dataset_type", source=source, **options)

    for name in ("unicode", "int32", "date", "ascii:foo"):
        with pytest.raises(ServerError, match="column2type"):
            build(column2type={"a": name})
    with pytest.raises(ServerError):
        build()
    with fails("No source specified"):
        project.build("dataset_type", column2type={"a": "number"})
    with fails("column2type names no columns"):
        build(column2type={})
    with fails("doesn't have a column named 'b'"):
        build(column2type={"b": "number"})
    with fails("column 'i' is type int32, must be one of"):
        build(column2type={"i": "number"})
    with fails("column 'a': unknown encoding"):
        build(column2type={"a": "unicode:nothing"})
    with fails("column 'a': there is no time zone 'Mars'"):
        build(column2type={"a": "datetime:%Y"}, timezone="Mars")


def test_timezone(project):
    source = project.dataset({"a": "bytes", "b": "bytes"}, [(b"2020-07-01 12", b"2020-07-01")])
    types = {"a": "datetime:%Y-%m-%d %H", "b": "date:%Y-%m-%d"}

    for zone, hour in {"UTC": 12, "Europe/Stockholm": 10, ":Europe/Stockholm": 10, "EST5EDT": 16}.items():
        ds = project.build("dataset_type", source=source, column2type=types, timezone=zone).dataset()
        assert list(ds.iterate(None)) == [(datetime(2020, 7, 1, hour, tzinfo=UTC), date(2020, 7, 1))]
        assert ds.min("a") == datetime(2020, 7, 1, hour, tzinfo=UTC)


def test_numeric_comma(project):
    source = project.dataset({"a": "bytes"}, [(b"1,5",), (b"2,0",)])
    ds = project.build("dataset_type", source=source, column2type={"a": "number"}, numeric_comma=True).dataset()

    assert sorted(ds.iterate(None, "a")) == [1.5, 2]


# ---- chains


def test_chain(project):
    first = project.dataset({"a": "bytes"}, [(b"1",)])
    second = project.dataset({"a": "ascii", "b": "ascii"}, [("2", "x")], previous=first)
    third = project.dataset({"a": "bytes"}, [(b"x",), (b"3",)], previous=second)
    options = {"column2type": {"a": "int32_10"}, "filter_bad": True}
    job = project.build("dataset_type", source=second, **options)

    assert [(ds.name, list(ds.iterate(None, "a"))) for ds in job.dataset().chain()] == [("0", [1]), ("default", [2])]
    assert [ds.name for ds in job.dataset("bad").chain()] == ["0.bad", "bad"]
    assert list(job.dataset("0").columns) == ["a"]
    again = project.build("dataset_type", source=third, previous=job, **options)
    assert list(again.dataset().iterate_chain(None, "a")) == [1, 2, 3]
    assert again.dataset().previous == job.dataset()
    assert again.dataset("bad").previous == job.dataset("bad")
    assert [ds.name for ds in again.datasets if "bad" not in ds.name] == ["default"]
    nothing = project.build("dataset_type", source=third, previous=again, **options)
    assert nothing.datasets == []
    assert project.build("dataset_type", source=third, length=0, **options).datasets == []
    one = project.build("dataset_type", source=third, length=2, **options)
    assert [ds.name for ds in one.dataset().chain()] == ["0", "default"]
    with pytest.raises(NoSuchDatasetError):
        one.dataset("1")


def test_column_must_be_in_every_dataset(project, fails):
    first = project.dataset({"a": "bytes"}, [])
    second = project.dataset({"b": "bytes"}, [], previous=first)
    with fails(f"Dataset {first.quoted} doesn't have a column named 'b' (has {{'a'}})"):
        project.build("dataset_type", source=second, column2type={"b": "number"})


# ---- rename


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize(
    ("rename", "types", "expected"),
    [
        ({"a": "x"}, {"x": "number"}, {"x": 1, "a": b"1", "b": b"2", "c": b"3"}),
        ({"a": "x"}, {"b": "number"}, {"x": b"1", "b": 2, "c": b"3"}),
        ({"a": "b", "b": "a"}, {"c": "number"}, {"a": b"2", "b": b"1", "c": 3}),
        ({"a": "b", "b": "a"}, {"a": "number"}, {"a": 2, "b": b"1", "c": b"3"}),
        ({"a": "b"}, {"c": "number"}, {"b": b"1", "c": 3}),
        ({"a": "b"}, {"b": "number"}, {"a": b"1", "b": 1, "c": b"3"}),
        ({"a": "x"}, {"x": "number", "a": "ascii"}, {"x": 1, "a": "1", "b": b"2", "c": b"3"}),
        ({"a": "x", "b": "a"}, {"x": "number"}, {"x": 1, "a": b"2", "c": b"3"}),
        ({"a": None}, {"b": "number"}, {"b": 2, "c": b"3"}),
        ({"a": None, "b": "a"}, {"a": "number"}, {"a": 2, "b": b"2", "c": b"3"}),
        ({"no": "a", "a": "x"}, {"x": "number"}, {"x": 1, "a": b"1", "b": b"2", "c": b"3"}),
        ({"a": "x", "b": None, "c": None}, {"x": "number"}, {"x": 1, "a": b"1"}),
    ],
)
def test_rename(project, rename, types, expected, independent):
    source = project.dataset(dict.fromkeys("abc", "bytes"), [(b"1", b"2", b"3")])
    ds = project.build(
        "dataset_type", source=source, rename=rename, column2type=types, filter_bad=independent
    ).dataset()

    assert list(ds.iterate(0)) == [tuple(value for _, value in sorted(expected.items()))]
    assert set(ds.columns) == set(expected)
    assert (ds.parent is None) == independent


def test_rename_two_to_one(project, fails):
    source = project.dataset(dict.fromkeys("abc", "bytes"), [])
    with fails(f"Both column 'a' and column 'b' rename to 'x' (in {source.quoted})"):
        project.build("dataset_type", source=source, rename={"a": "x", "b": "x"}, column2type={"x": "number"})


# ---- hashing


NUMBERS = [(str(n).encode(), f"v{n % 7}") for n in range(200)]


@pytest.fixture(scope="module")
def hashed(project):
    return project.dataset({"n": "bytes", "v": "ascii"}, NUMBERS, hashlabel="v", filename="f")


def slice_of(value, coltype="int32"):
    return hash_value(coltype, value) % 3


def hashed_rows(source, sliceno):
    """As typing first and then partitioning: slices of the source in order."""
    return [(int(n), v) for s in range(3) for n, v in source.iterate(s) if slice_of(int(n)) == sliceno]


def test_hashlabel_is_kept_if_its_column_is_not_typed(project, hashed):
    types = {"n": "int32_10"}
    ds = project.build("dataset_type", source=hashed, column2type=types).dataset()

    assert (ds.hashlabel, ds.parent, ds.lines) == ("v", hashed, hashed.lines)
    copied = project.build("dataset_type", source=hashed, column2type=types, filter_bad=True).dataset()
    assert (copied.hashlabel, copied.parent, copied.lines) == ("v", None, hashed.lines)
    assert (
        project.build("dataset_type", source=hashed, column2type=types, discard_untyped=True).dataset().hashlabel
        is None
    )
    cleared = project.build("dataset_type", source=hashed, column2type=types, hashlabel="").dataset()
    assert (cleared.hashlabel, cleared.parent, cleared.lines) == (None, hashed, hashed.lines)


def test_rehash_on_a_typed_column(project, hashed):
    for options in ({"hashlabel": "n"}, {"hashlabel": "n", "filter_bad": True}):
        ds = project.build("dataset_type", source=hashed, column2type={"n": "int32_10"}, **options).dataset()

        assert (ds.hashlabel, ds.parent, ds.filename) == ("n", None, "f")
        assert [list(ds.iterate(s)) for s in range(3)] == [hashed_rows(hashed, s) for s in range(3)]


def test_typing_the_hash_column_rehashes(project):
    source = project.dataset({"n": "bytes", "v": "ascii"}, NUMBERS, hashlabel="n")
    ds = project.build("dataset_type", source=source, column2type={"n": "int32_10"}).dataset()
    assert ds.hashlabel == "n"
    assert [list(ds.iterate(s)) for s in range(3)] == [hashed_rows(source, s) for s in range(3)]

    renamed = project.build("dataset_type", source=source, rename={"n": "x"}, column2type={"x": "int32_10"}).dataset()
    assert renamed.hashlabel == "x"
    assert set(renamed.columns) == {"x", "v"}
    plain = project.build("dataset_type", source=source, rename={"n": "x"}, column2type={"v": "bytes"}).dataset()
    assert (plain.hashlabel, plain.lines, set(plain.columns)) == ("x", source.lines, {"x", "v"})
    gone = project.build("dataset_type", source=source, rename={"v": "n"}, column2type={"n": "bytes"}).dataset()
    assert gone.hashlabel is None
    cleared = project.build("dataset_type", source=source, column2type={"n": "int32_10"}, hashlabel="").dataset()
    assert (cleared.hashlabel, cleared.lines) == (None, source.lines)


def test_rehash_on_an_untyped_column(project, hashed):
    source = project.dataset({"n": "bytes", "v": "ascii"}, NUMBERS)
    ds = project.build("dataset_type", source=source, column2type={"n": "int32_10"}, hashlabel="v").dataset()

    assert ds.hashlabel == "v"
    assert ds.lines == hashed.lines
    assert all(slice_of(v, "ascii") == s for s in range(3) for v in ds.iterate(s, "v"))


def test_rehash_with_bad_lines_and_defaults(project):
    data = [*NUMBERS[:50], (b"x", "bad"), *NUMBERS[50:100], (b"", "bad"), (b"y", "z")]
    source = project.dataset({"n": "bytes", "v": "ascii"}, data)
    job = project.build(
        "dataset_type", source=source, column2type={"n": "int32_10", "v": "ascii"}, hashlabel="n", filter_bad=True
    )
    bad = job.dataset("bad")

    assert sum(job.dataset().lines) == 100
    assert [list(bad.iterate(s, "n")) for s in range(3)] == [
        [n for n in source.iterate(s, "n") if not n.isdigit()] for s in range(3)
    ]
    assert bad.hashlabel is None
    assert "             3   n\n" in job.output()
    job = project.build(
        "dataset_type", source=source, column2type={"n": "int32_10"}, hashlabel="n", defaults={"n": "1000"}
    )
    assert list(job.dataset().iterate(slice_of(1000), "n")).count(1000) == 3
    assert "    total   3\n" in job.output()
    nones = project.build(
        "dataset_type", source=source, column2type={"n": "int32_10"}, hashlabel="n", defaults={"n": None}
    ).dataset()
    assert list(nones.iterate(0, "n")).count(None) == 3


def test_chain_slices(project, hashed):
    first = project.dataset({"n": "bytes", "v": "ascii"}, NUMBERS[:10])
    source = project.dataset({"n": "bytes", "v": "ascii"}, NUMBERS, previous=first)
    job = project.build("dataset_type", source=source, column2type={"n": "int32_10"}, hashlabel="n", chain_slices=True)
    chain = job.dataset().chain()

    assert [ds.name for ds in chain] == ["0.0", "0.1", "0", "default.0", "default.1", "default"]
    assert chain[3].caption == f"typed dataset (from {source.quoted} slice 0)"
    assert {ds.hashlabel for ds in chain} == {"n"}
    for number, ds in enumerate(chain[3:]):
        assert sorted(ds.iterate(None, "n")) == sorted(map(int, source.iterate(number, "n")))
        for sliceno in range(3):
            expected = [int(n) for n in source.iterate(number, "n") if slice_of(int(n)) == sliceno]
            assert list(ds.iterate(sliceno, "n")) == expected
    unhashed = project.build("dataset_type", source=source, column2type={"n": "int32_10"}, chain_slices=True)
    assert [ds.name for ds in unhashed.dataset().chain()] == ["0", "default"]


def test_what_cannot_be_hashed(project, fails):
    source = project.dataset({"a": "bytes", "j": "json", "c": "complex64"}, [(b"1", 1, 2j)])

    def build(hashlabel, coltype="number"):
        return project.build("dataset_type", source=source, column2type={"a": coltype}, hashlabel=hashlabel)

    with fails("Can't rehash"):
        build("x")
    with fails(f"Can't hash {source.quoted} on column of type json."):
        build("j")
    for coltype in ("json", "complex32"):
        with fails(f"Can't hash {source.quoted} on column of type {coltype}."):
            build("a", coltype)
    assert build("c").dataset().hashlabel == "c"


def test_empty_datasets(project):
    source = project.dataset({"a": "bytes"}, [])
    for options in ({}, {"filter_bad": True}, {"hashlabel": "a"}, {"hashlabel": "a", "chain_slices": True}):
        ds = project.build("dataset_type", source=source, column2type={"a": "number"}, **options).dataset()
        assert ds.lines == [0, 0, 0]
        assert ds.columns["a"].type == "number"
        assert (ds.min("a"), ds.max("a")) == (None, None)
