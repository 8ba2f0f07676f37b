"""csvimport, option by option."""

import bz2
import gzip
import lzma
import random
import zipfile
import zlib
from datetime import date, datetime

import pyarrow as pa
import pytest

from accelerator import ServerError


@pytest.fixture
def csvimport(project, tmp_path):
    """Import text or bytes as a file."""

    def run(data, /, filename="file.csv", **options):
        path = tmp_path / filename
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return project.build("csvimport", filename=path, **options)

    return run


def rows(dataset, columns=None):
    """In the order of the file, if there were no bad lines."""
    return list(dataset.iterate("roundrobin", columns))


def test_plain_file(csvimport, tmp_path):
    job = csvimport("b,a\n1,x\n2,y\n3,\n4,z\n")
    ds = job.dataset()

    assert job.datasets == [ds]
    assert {name: (c.type, c.none_support) for name, c in ds.columns.items()} == {
        "a": ("bytes", False),
        "b": ("bytes", False),
    }
    assert rows(ds, ["b", "a"]) == [(b"1", b"x"), (b"2", b"y"), (b"3", b""), (b"4", b"z")]
    assert list(ds.iterate(0, "b")) == [b"1", b"4"]
    assert ds.lines == [2, 1, 1]
    assert (ds.hashlabel, ds.previous, ds.parent) == (None, None, None)
    assert ds.filename == str(tmp_path / "file.csv")
    assert ds.caption == f"csvimport of {tmp_path}/file.csv"
    assert (ds.min("a"), ds.max("a")) == (None, None)
    assert job.load() == {
        "num_lines": 4,
        "lines_per_slice": [2, 1, 1],
        "num_broken_lines": 0,
        "broken_lines_per_slice": [0, 0, 0],
        "num_skipped_lines": 0,
        "skipped_lines_per_slice": [0, 0, 0],
    }
    assert job.output() == ""
    assert job.files() == {"result.pickle"}


@pytest.mark.parametrize("data", ["a,b\n", "a,b"])
def test_no_lines(csvimport, data):
    ds = csvimport(data).dataset()

    assert ds.lines == [0, 0, 0]
    assert set(ds.columns) == {"a", "b"}


def test_labels(csvimport, fails):
    data = "a,b\n1,2\n"

    assert rows(csvimport(data, labels=["x", "y"]).dataset()) == [(b"a", b"b"), (b"1", b"2")]
    assert rows(csvimport(data, labels="x, y", label_lines=1).dataset(), "x") == [b"1"]
    assert csvimport("", labels=["x"]).dataset().lines == [0, 0, 0]
    with fails("label_lines=0 requires labels"):
        csvimport(data, label_lines=0)
    with fails("No labels"):
        csvimport("")
    with fails("No labels"):
        csvimport("#a,b\n", comment="#")
    with fails("Duplicate labels: ['a']"):
        csvimport("a,b,a\n")
    with fails("bad quotes"):
        csvimport('"a,b\n', quotes='"')


def test_label_lines(csvimport, fails):
    assert set(csvimport("a,b,c\nx,,z\n1,2,3\n", label_lines=2).dataset().columns) == {"a x", "b ", "c z"}
    assert set(csvimport("a,b\n", label_lines=3).dataset().columns) == {"a", "b"}
    assert set(csvimport("a,\n1,2\n").dataset().columns) == {"a", ""}
    with fails("Not all label lines had the same number of fields"):
        csvimport("a,b\nx\n", label_lines=2)


def test_label_lines_must_be_right_even_if_labels_are_given(csvimport, fails):
    with fails("The label line b'\"a' of "):
        csvimport('"a\n1\n', labels=["a"], label_lines=1, quotes='"', allow_bad=True)
    assert rows(csvimport('"b"\n1\n', labels=["a"], label_lines=1, quotes='"').dataset(), "a") == [b"1"]


def test_label_text(csvimport):
    columns = (
        csvimport(b"\xc3\xa5,\xff, x \n", rename={"\\xff": "y"}, strip_labels=True, discard={"x"}).dataset().columns
    )

    assert set(columns) == {"å", "y"}
    assert set(csvimport(b"\xe5\n", label_encoding="latin-1").dataset().columns) == {"å"}


def test_rename_and_discard(csvimport, fails):
    data = "a,b,c\n1,2,3\n"
    ds = csvimport(data, rename={"a": "x", "no": "y"}, discard={"x", "nothing"}, lineno_label="a").dataset()

    assert rows(ds, ["a", "b", "c"]) == [(2, b"2", b"3")]
    assert (ds.min("a"), ds.max("a")) == (2, 2)
    assert rows(csvimport(data, discard=["a", "b", "c"], lineno_label="n").dataset()) == [(2,)]
    assert rows(csvimport("a,b\n1,2\n", rename={"a": "b", "b": "a"}).dataset(), ["a", "b"]) == [(b"2", b"1")]
    with fails("All columns"):
        csvimport(data, discard=["a", "b", "c"])
    with fails("Column 'b' already exists"):
        csvimport(data, lineno_label="b")
    with fails("Duplicate labels: ['b']"):
        csvimport(data, rename={"a": "b"}, discard={"b"})


def test_dialect_options(csvimport):
    assert rows(csvimport('a;"b;c"\n"1";2\n', separator=";", quotes='"').dataset(), ["a", "b;c"]) == [(b"1", b"2")]
    assert rows(csvimport("'a',\"b\"\n1,2\n", quotes=True).dataset(), ["a", "b"]) == [(b"1", b"2")]
    assert rows(csvimport('"a"\n1\n', quotes=False).dataset(), '"a"') == [b"1"]
    assert rows(csvimport("a,b\n1,2\n", separator="").dataset(), "a,b") == [b"1,2"]
    assert rows(csvimport("a,bX1,2\r\nX", newline="X").dataset(), ["a", "b"]) == [(b"1", b"2\r\n")]
    assert rows(csvimport("a\r\n1\r\n2\n3\r", newline="").dataset(), "a") == [b"1", b"2", b"3\r"]
    assert rows(csvimport("a\r\n1\r\n", newline="\n", rename={"a\r": "b"}).dataset(), "b") == [b"1\r"]
    assert rows(csvimport(b"a\xff1\xff", newline="\xff").dataset(), "a") == [b"1"]
    assert rows(csvimport("a\x00b\n1\x002\n", separator="\0").dataset(), ["a", "b"]) == [(b"1", b"2")]


@pytest.mark.parametrize("option", ["separator", "newline", "comment", "quotes"])
@pytest.mark.parametrize("value", ["ab", "€"])
def test_characters_must_be_one_byte(csvimport, fails, option, value):
    with fails(f"{option} must be a single iso-8859-1 character (or empty)"):
        csvimport("a\n", **{option: value})


def test_bad_lines(csvimport, fails, tmp_path):
    data = 'a,b\n1,2\n3\n4,5\n6,7,8\n9,"x\n10,11\n'
    for text, line in [
        ("1\n", "Not enough fields on line 2"),
        ("1,2,\n", "Too many fields on line 2"),
        ('"1,2\n', "Line 2 bad"),
    ]:
        with fails(line):
            csvimport("a,b\n" + text, quotes='"')
    job = csvimport(data, allow_bad=True, quotes='"')
    bad = job.dataset("bad")

    assert sorted(job.dataset().iterate(None, ["a", "b"])) == [(b"1", b"2"), (b"10", b"11"), (b"4", b"5")]
    assert sorted(bad.iterate(None, ["lineno", "data"])) == [(3, b"3"), (5, b"6,7,8"), (6, b'9,"x')]
    assert {name: c.type for name, c in bad.columns.items()} == {"lineno": "int64", "data": "bytes"}
    assert (bad.min("lineno"), bad.max("lineno")) == (3, 6)
    assert bad.caption == f"bad lines from csvimport of {tmp_path}/file.csv"
    # data lines are dealt in turn whether good or bad
    assert job.load()["lines_per_slice"] == [1, 0, 2]
    assert job.load()["broken_lines_per_slice"] == [1, 2, 0]
    assert job.output(1) == "Not enough fields on line 3 (further bad lines in slice 1 not reported)\n"
    assert job.output(2) == ""


def test_bad_dataset_exists_even_if_empty(csvimport):
    job = csvimport("a\n1\n", allow_bad=True)

    assert job.dataset("bad").lines == [0, 0, 0]
    assert {ds.name for ds in job.datasets} == {"default", "bad"}


def test_skipped_lines(csvimport, tmp_path):
    job = csvimport("x\n#a\n\na\n#c\n1\n\n#d\n2\n", skip_lines=1, comment="#", skip_empty_lines=True, lineno_label="n")
    skipped = job.dataset("skipped")

    assert rows(job.dataset(), ["n", "a"]) == [(6, b"1"), (9, b"2")]
    assert rows(skipped, ["lineno", "data"]) == [(1, b"x"), (2, b"#a"), (3, b""), (5, b"#c"), (7, b""), (8, b"#d")]
    assert skipped.caption == f"skipped lines from csvimport of {tmp_path}/file.csv"
    assert job.load()["skipped_lines_per_slice"] == [2, 2, 2]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("start", "options"),
    [
        (b"#1\n#2\na,b", {"comment": "#"}),
        (b"one\n\na,b", {"skip_lines": 2}),
        (b"\n\na,b", {"skip_empty_lines": True}),
        (b"one\n\na", {"skip_lines": 2, "label_lines": 3, "labels": ["a", "b"]}),
    ],
)
def test_lines_are_skipped_also_where_none_follows_the_labels(csvimport, start, options, end):
    job = csvimport(start + end, **options)
    assert list(job.dataset().columns) == ["a", "b"]
    assert [lineno for _, lineno in job.dataset("skipped").iterate("roundrobin")] == [1, 2]
    assert (job.load()["num_skipped_lines"], job.load()["skipped_lines_per_slice"]) == (2, [1, 1, 0])
    assert job.load()["num_lines"] == 0


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_bad_and_skipped_last_lines(csvimport, end):
    """The last line counts in the same way with and without its end."""
    job = csvimport(b"a,b\n1,2\n#\n3" + end, comment="#", allow_bad=True)
    assert list(job.dataset("bad").iterate(None)) == [(b"3", 4)]
    job = csvimport(b"a,b\n1,2\n3\n#" + end, comment="#", allow_bad=True)
    assert list(job.dataset("skipped").iterate(None)) == [(b"#", 4)]
    assert job.load()["num_broken_lines"] == 1


def test_extra_empty_fields(csvimport, fails):
    data = 'a,b,,\n1,2\n3,4,,"",\n'

    assert rows(csvimport(data, allow_extra_empty=True, quotes='"').dataset(), ["a", "b"]) == [
        (b"1", b"2"),
        (b"3", b"4"),
    ]
    assert rows(csvimport("1,2,,\n", labels=["a", "b", ""], allow_extra_empty=True).dataset(), "b") == [b"2"]
    with fails("Too many fields on line 2"):
        csvimport("a\n1, \n", allow_extra_empty=True)


def test_previous(project, csvimport):
    first = csvimport("a\n1\n", allow_bad=True, comment="#")
    second = csvimport("b\n2\n", previous=first, allow_bad=True, comment="#")
    third = csvimport("b\n2\n", previous=first.dataset("bad"), allow_bad=True)

    assert second.dataset().previous == first.dataset()
    assert second.dataset("bad").previous == first.dataset("bad")
    assert second.dataset("skipped").previous == first.dataset("skipped")
    assert third.dataset().previous == first.dataset("bad")
    assert third.dataset("bad").previous is None


def compress_zlib(data):
    return gzip.compress(data[:7]) + gzip.compress(data[7:]) + b"garbage"


PACKED = {
    "gzip": gzip.compress,
    "gzip members": compress_zlib,
    "bzip2": bz2.compress,
    "bzip2 members": lambda data: bz2.compress(data[:5]) + bz2.compress(data[5:]),
    "xz": lzma.compress,
    "xz streams": lambda data: lzma.compress(data[:5]) + bytes(8) + lzma.compress(data[5:]) + bytes(4),
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "zstd frames": lambda data: b"".join(pa.compress(part, "zstd", asbytes=True) for part in (data[:9], data[9:])),
}


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("size", [1, 200_000])
def test_packed_files(csvimport, kind, size):
    data = "a\n" + "".join(f"{n}\n" for n in range(size))
    job = csvimport(PACKED[kind](data.encode()), filename=f"{kind}.csv")

    assert rows(job.dataset(), "a") == [b"%d" % n for n in range(size)]
    assert job.files() == {"result.pickle"}


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_packed_files_that_are_damaged(csvimport, fails, kind):
    noise = random.Random(1).randbytes(3 << 20).hex()
    packed = PACKED[kind](f"a\n{noise}\n".encode())
    broken = bytearray(packed)
    broken[len(packed) // 2] ^= 255

    with fails(f"{kind}.csv is damaged near byte"):
        csvimport(packed[:-9], filename=f"{kind}.csv")
    if kind != "zstd":  # which need not have a checksum
        with fails(f"{kind}.csv is damaged near byte"):
            csvimport(bytes(broken), filename=f"{kind}.csv")


def test_what_follows_packed_data(csvimport, fails):
    for kind in ("gzip", "bzip2"):
        job = csvimport(PACKED[kind](b"a\n1\n") + b"xyz", filename=f"{kind}.csv")

        assert rows(job.dataset(), "a") == [b"1"]
        assert f"{kind}.csv: what follows the {kind} data, near byte 0, is ignored" in job.output()
    for kind in ("xz", "zstd"):
        with fails(f"{kind}.csv is damaged near byte"):
            csvimport(PACKED[kind](b"a\n1\n") + b"xyz", filename=f"{kind}.csv")


def test_what_only_looks_packed(csvimport):
    assert set(csvimport(zlib.compress(b"a")[:2] + b"\n").dataset().columns) == {"x\\x9c"}
    assert set(csvimport(b"\x1f\x8b\n").dataset().columns) == {"\x1f\\x8b"}


def test_byte_order_mark(csvimport):
    assert rows(csvimport(b"\xef\xbb\xbfa\n\xef\xbb\xbf\n").dataset(), "a") == [b"\xef\xbb\xbf"]
    assert set(csvimport(gzip.compress(b"\xef\xbb\xbf'a'\n"), quotes="'").dataset().columns) == {"a"}
    assert csvimport(b"\xef\xbb\xbf", labels=["a"]).dataset().lines == [0, 0, 0]


def test_member_of_zip(project, csvimport, fails, tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d/a.csv", "a\n1\n")
        archive.writestr("b.gz", gzip.compress(b"a\n2\n"))
    ds = project.build("csvimport", filename=path, member="d/a.csv").dataset()

    assert rows(ds, "a") == [b"1"]
    assert ds.filename == f"{path}:d/a.csv"
    assert rows(project.build("csvimport", filename=path, member="b.gz").dataset(), "a") == [b"2"]
    with fails("there is no file 'c' in"):
        project.build("csvimport", filename=path, member="c")
    with fails("is not a ZIP file"):
        csvimport("a\n", member="c")


def test_several_files_are_a_chain(project, csvimport, tmp_path):
    for name, text in {"b1": "a\n1\n", "b2": "#x\na,c\n2,2\n3\n", "a3": "a\n4\n5\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    first = csvimport("a\n0\n", allow_bad=True)
    job = project.build(
        "csvimport", filename=[f"{tmp_path}/b*.csv", f"{tmp_path}/a3.csv"], previous=first, allow_bad=True, comment="#"
    )
    chain = job.dataset().chain()

    assert [ds.name for ds in chain] == ["default", "0", "1", "default"]
    assert list(chain.iterate(None, "a")) == [b"0", b"1", b"2", b"4", b"5"]
    assert [ds.filename for ds in chain[1:]] == [f"{tmp_path}/{n}.csv" for n in ("b1", "b2", "a3")]
    assert job.dataset("1").caption == f"csvimport of {tmp_path}/b2.csv"
    assert [ds.name for ds in job.dataset("bad").chain()] == ["bad", "0.bad", "1.bad", "bad"]
    assert list(job.dataset("1.bad").iterate(None)) == [(b"3", 4)]
    assert list(job.dataset("1.skipped").iterate(None)) == [(b"#x", 1)]
    assert job.load()["num_lines"] == 4
    with pytest.raises(ServerError, match="no file matches"):
        project.build("csvimport", filename=f"{tmp_path}/c*.csv")


def test_one_file_that_matches_is_default(project, tmp_path):
    (tmp_path / "only.csv").write_text("a\n1\n")
    job = project.build("csvimport", filename=f"{tmp_path}/on*.csv")

    assert [ds.name for ds in job.datasets] == ["default"]


def test_multiline(csvimport):
    data = 'a,b\r\n"1\r\n2","x""\n"\r\n#c\r\n3,"4\r\n"\r\n'
    job = csvimport(data, quotes='"', multiline=True, comment="#", lineno_label="n")

    assert rows(job.dataset(), ["n", "a", "b"]) == [(2, b"1\r\n2", b'x"\n'), (6, b"3", b"4\r\n")]
    assert rows(job.dataset("skipped"), "lineno") == [5]


def test_typed_columns(csvimport, fails):
    data = "i,d,s,n\n1,2020-01-01,x,NA\nx,2020-01-02,y,1\n3,2020,z,1.5\n4,2020-01-04,å,\n"
    types = {"i": "int32_10", "d": "datetime:%Y-%m-%d", "n": "number"}
    options = {"column2type": types, "none_values": {"n": ["NA", ""]}}
    with fails('Failed to convert "x" in column i on line 3 of'):
        csvimport(data.replace("2020,z", "2020-01-03,z"), **options)
    job = csvimport(data, allow_bad=True, **options)
    ds = job.dataset()

    assert {name: (c.type, c.none_support) for name, c in ds.columns.items()} == {
        "i": ("int32", False),
        "d": ("datetime", False),
        "s": ("bytes", False),
        "n": ("number", True),
    }
    assert sorted(ds.iterate(None, ["i", "d", "s", "n"])) == [
        (1, datetime(2020, 1, 1), b"x", None),
        (4, datetime(2020, 1, 4), "å".encode(), None),
    ]
    assert sorted(job.dataset("bad").iterate(None, ["lineno", "data"])) == [
        (3, b"x,2020-01-02,y,1"),
        (4, b"3,2020,z,1.5"),
    ]
    assert job.load()["num_broken_lines"] == 2
    assert 'Failed to convert "x" in column i on line 3 (further bad lines' in job.output()
    defaulted = csvimport(data, defaults={"i": "-1", "d": None}, lineno_label="line", **options).dataset()
    assert rows(defaulted, ["line", "i", "n"]) == [(2, 1, None), (3, -1, 1), (4, 3, 1.5), (5, 4, None)]
    assert [d and d.day for d in rows(defaulted, "d")] == [1, 2, None, 4]


def test_typed_columns_that_do_not_fit(csvimport, fails):
    with fails("column2type names 'b', but"):
        csvimport("a\n1\n", column2type={"b": "number"})
    with fails("column 'a': there is no type 'int'"):
        csvimport("a\n1\n", column2type={"a": "int"})
    with fails("column 'a': the default 'x' cannot be converted"):
        csvimport("a\n1\n", column2type={"a": "number"}, defaults={"a": "x"})
    with fails("there is no time zone 'Mars/North'"):
        csvimport("a\n1\n", column2type={"a": "datetime:%Y"}, timezone="Mars/North")
    with fails("none_values must be"):
        csvimport("a\n1\n", column2type={"a": "number"}, none_values=[1])


def test_inferred_types(csvimport):
    text = "id,zip,ratio,when,flag,name\n" + "".join(
        f"{n},{n:05},{n / 7!r},2013-01-{n % 28 + 1:02},{'true' if n % 3 else ''},{'å' * (n % 4)}\n" for n in range(200)
    )
    job = csvimport(text, column2type="infer")
    ds = job.dataset()

    assert job.output() == (
        "column2type = {\n"
        "    'id':    'int64_10',\n"
        "    'zip':   'unicode:utf-8',\n"
        "    'ratio': 'float64',\n"
        "    'when':  'date:%Y-%m-%d',\n"
        "    'flag':  'strbool+None',\n"
        "    'name':  'unicode:utf-8',\n"
        "}\n"
    )
    assert rows(ds, ["id", "zip", "ratio", "flag", "name"]) == [
        (n, f"{n:05}", n / 7, True if n % 3 else None, "å" * (n % 4)) for n in range(200)
    ]
    # What was printed can be given instead.
    types = eval(job.output().partition("=")[2])
    assert rows(csvimport(text, column2type=types).dataset()) == rows(ds)


def test_inferred_types_of_some_columns(csvimport, fails):
    text = "a,b,c\n1,2,3\nNA,5,6,7\nNA,5,x\n"
    options = {"column2type": {"a": "infer", "c": "ascii"}, "none_values": ["NA"], "allow_bad": True}
    ds = csvimport(text, **options).dataset()

    assert {name: column.type for name, column in ds.columns.items()} == {"a": "int64", "b": "bytes", "c": "ascii"}
    assert rows(ds) == [(1, b"2", "3"), (None, b"5", "x")]
    with fails("column2type names 'd', but"):
        csvimport(text, column2type={"d": "infer"})
    with fails("column2type must be a dict of column and type, or \"infer\", not 'int64'"):
        csvimport(text, column2type="int64")


def test_types_are_inferred_from_all_files(project, tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,x\n")
    (tmp_path / "2.csv").write_text("c,a\n2013-01-01,2.5\n")
    job = project.build("csvimport", filename=tmp_path / "*.csv", column2type="infer")

    assert rows(job.dataset("0")) == [(1.0, "x")]
    assert rows(job.dataset()) == [(2.5, date(2013, 1, 1))]


def test_order_of_bad_lines_of_both_kinds(csvimport):
    data = "a,b\n" + "".join("x,1\n" if n % 3 == 0 else "1\n" if n % 5 == 0 else "1,2\n" for n in range(300))
    job = csvimport(data, allow_bad=True, column2type={"a": "int32_10"})

    for sliceno in range(3):
        numbers = list(job.dataset("bad").iterate(sliceno, "lineno"))
        assert numbers == sorted(numbers)
    assert job.load()["num_broken_lines"] == 140
    assert job.load()["num_lines"] == 160


def test_large_file_in_several_batches(csvimport):
    lines = [f"{n},{'x' * (n % 50)}" for n in range(500_000)]
    ds = csvimport("a,b\n" + "\n".join(lines), lineno_label="n").dataset()

    assert ds.shape == (3, 500_000)
    assert list(ds.iterate(1, ["a", "n"])) == [(b"%d" % n, n + 2) for n in range(1, 500_000, 3)]


def test_missing_file(project):
    with pytest.raises(ServerError, match="there is no file"):
        project.build("csvimport", filename="/nowhere/at all")
