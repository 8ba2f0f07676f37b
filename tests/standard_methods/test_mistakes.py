"""What is wrong with a request is said in one line, before the work starts where it can be known."""

import zipfile

import pytest

from accelerator import JobError, ServerError

CSV = "a,b\n1,x\n2,y\n3,z\n"


@pytest.fixture(scope="module")
def given(project, write, tmp_path_factory):
    """Datasets and files that the requests name."""
    directory = tmp_path_factory.mktemp("files")
    (directory / "x.csv").write_text(CSV)
    (directory / "x.jsonl").write_text('{"a": 1, "b": [1]}\n{"a": "x"}\n')
    (directory / "nothing").mkdir()
    with zipfile.ZipFile(directory / "x.zip", "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    columns = {"a": "int64", "b": "bytes", "c": "complex64", "j": "json", "p": "pickle", "t": "unicode"}
    every = write(columns, [[(1, b"", 1j, [], {1}, "x")], [], [(2, b"x", 0j, {}, b"", "y")]])
    first = write({"a": "int64", "t": "unicode"}, [[(1, "x")], [(2, "y")], []])
    return {
        "every": every,
        "first": first,
        "other": write({"a": "int64", "z": "unicode"}, [[(1, "x")], [(2, "y")], []], previous=first),
        "wide": write({f"column{n}": "int32" for n in range(40)}, [[], [], []]),
        "csv": str(directory / "x.csv"),
        "jsonl": str(directory / "x.jsonl"),
        "zip": str(directory / "x.zip"),
        "nothing": str(directory / "nothing"),
    }


# Method, what it is given, and what it says. Names of things that are given stand for them.
MISTAKES = [
    ("csvimport", {"filename": "csv", "separator": ";;"}, "separator must be a single iso-8859-1 character"),
    ("csvimport", {"filename": "csv", "quotes": "☃"}, "quotes must be a single iso-8859-1 character"),
    ("csvimport", {"filename": "csv", "compression": 10}, "compression must be 1 to 9, not 10"),
    ("csvimport", {"filename": "csv", "label_lines": 0}, "label_lines=0 requires labels"),
    ("csvimport", {"filename": "csv", "label_lines": -1}, "label_lines cannot be negative, as -1"),
    ("csvimport", {"filename": "csv", "skip_lines": -1}, "skip_lines cannot be negative, as -1"),
    ("csvimport", {"filename": "csv", "label_encoding": "x"}, "label_encoding: unknown encoding: x"),
    ("csvimport", {"filename": "csv", "label_encoding": "rot13"}, "label_encoding: 'rot13' is not a text encoding"),
    ("csvimport", {"filename": "csv", "label_encoding": "idna"}, "label_encoding: decoding with 'idna' codec failed"),
    ("csvimport", {"filename": "csv", "column2type": ["a"]}, "column2type must be a dict"),
    ("csvimport", {"filename": "csv", "column2type": {"a": "int"}}, "column 'a': there is no type 'int'"),
    ("csvimport", {"filename": "csv", "column2type": {"q": "ascii"}}, "column2type names 'q', but {csv} has 'a', 'b'"),
    ("csvimport", {"filename": "csv", "column2type": {"a": "unicode:x"}}, "column 'a': unknown encoding: x"),
    ("csvimport", {"filename": "csv", "column2type": "infer", "none_values": {"q": ["x"]}}, "none_values names 'q'"),
    ("csvimport", {"filename": "csv", "column2type": {"a": "ascii"}, "none_values": 3}, "none_values must be a list"),
    ("csvimport", {"filename": "csv", "lineno_label": "a"}, "Column 'a' already exists"),
    ("csvimport", {"filename": "csv", "discard": "a,b"}, "All columns of {csv} are discarded"),
    ("csvimport", {"filename": "csv", "rename": {"a": "b"}}, "Duplicate labels: ['b'] in {csv}"),
    ("csvimport_zip", {"filename": "csv"}, "{csv} is not a ZIP file, or damaged"),
    ("csvimport", {"filename": "zip"}, "{zip} is a ZIP file; csvimport_zip imports the text files in one"),
    ("csvimport", {"filename": "zip", "member": "q"}, "there is no file 'q' in {zip}"),
    ("jsonl_import", {"filename": "zip"}, "{zip} is a ZIP file"),
    ("csvimport_zip", {"filename": "zip", "separator": ";;"}, "separator must be a single iso-8859-1 character"),
    ("csvimport_zip", {"filename": "zip", "include_re": "("}, "include_re '(' is not a regular expression"),
    ("csvimport_zip", {"filename": "zip", "exclude_re": "[x"}, "exclude_re '[x' is not a regular expression"),
    ("csvimport_zip", {"filename": "zip", "inside_filenames": {"q": "x", "p": "y"}}, "found in {zip}: 'p', 'q'"),
    (
        "csvimport_zip",
        {"filename": "zip", "inside_filenames": {"a.csv": "x", "b.csv": "x"}},
        "inside_filenames has several files for 'x'",
    ),
    ("dataset_type", {"column2type": {"a": "ascii"}}, "No source specified"),
    ("dataset_type", {"source": "first", "column2type": {}}, "column2type names no columns"),
    (
        "dataset_type",
        {"source": "first", "column2type": {"q": "ascii"}},
        "Dataset {first} doesn't have a column named 'q' (has {{'a', 't'}})",
    ),
    (
        "dataset_type",
        {"source": "first", "column2type": {"a": "ascii"}},
        "Dataset {first} column 'a' is type int64, must be one of ascii, bytes, unicode",
    ),
    ("dataset_type", {"source": "first", "column2type": {"t": "ascii"}, "compression": 0}, "compression must be"),
    (
        "dataset_type",
        {"source": "first", "column2type": {"t": "ascii"}, "none_values": {"a": ["x"]}},
        "none_values names 'a', which is no column that is typed",
    ),
    ("dataset_hashpart", {"hashlabel": "a"}, "No source specified"),
    ("dataset_hashpart", {"source": "first", "hashlabel": "q"}, "('q') missing in {first} (has {{'a', 't'}})"),
    ("dataset_hashpart", {"source": "every", "hashlabel": "j"}, "{every}: column 'j' of type json cannot be hashed"),
    ("dataset_hashpart", {"source": "first", "hashlabel": "a", "length": 0}, "length=0 leaves no dataset"),
    ("dataset_hashpart", {"source": "first", "hashlabel": "a", "caption": "100%"}, "caption '100%' must be a text"),
    ("dataset_hashpart", {"source": "first", "hashlabel": "a", "caption": "%(x)s"}, "%% is a percent sign"),
    ("dataset_hashpart", {"source": "wide", "hashlabel": "colum7"}, "has 40 others; did you mean 'column7'"),
    ("dataset_sort", {"source": "first", "sort_columns": "q"}, "{first} has no column 'q' (has {{'a', 't'}})"),
    ("dataset_sort", {"source": "every", "sort_columns": "c"}, "cannot be sorted by, it has type complex64"),
    ("dataset_sort", {"source": "other", "sort_columns": "a"}, "same columns as {other}: it has no 'z'"),
    ("dataset_merge", {"source": ["first"]}, "Must have at least two source datasets"),
    ("dataset_merge", {"source": ["first", "every"], "allow_unrelated": True}, "lines in its slices"),
    ("dataset_concat", {}, "No source specified"),
    ("dataset_concat", {"source": "other"}, "does not have the same columns as"),
    ("dataset_concat", {"source": "other", "compact": True}, "does not have the same columns as"),
    ("dataset_filter_columns", {"keep_columns": "a"}, "No source specified"),
    ("dataset_filter_columns", {"source": "first"}, "Specify either keep_columns or discard_columns"),
    (
        "dataset_filter_columns",
        {"source": "first", "keep_columns": "q"},
        "{first} has no column 'q' (has {{'a', 't'}})",
    ),
    ("dataset_filter_columns", {"source": "first", "discard_columns": "a,t"}, "All columns discarded of {first}"),
    ("dataset_rename_columns", {"rename": {"a": "b"}}, "No source specified"),
    ("dataset_rename_columns", {"source": "first", "rename": {"q": "b"}}, "{first} has no column 'q'"),
    ("dataset_unroundrobin", {}, "No source specified"),
    ("dataset_unroundrobin", {"source": "first", "trigger_column": "q"}, "'q' not in {first} (has {{'a', 't'}})"),
    ("dataset_fanout", {"column": "a"}, "No source specified"),
    ("dataset_fanout", {"source": "other", "column": "z"}, "{first} has no column 'z' (has {{'a', 't'}})"),
    ("dataset_fanout", {"source": "first", "column": "a", "length": 0}, "length=0 leaves no dataset"),
    ("dataset_checksum", {}, "No source specified"),
    ("dataset_checksum", {"source": "first", "columns": "q"}, "{first} has no column 'q' (has {{'a', 't'}})"),
    ("dataset_checksum_chain", {}, "No source specified"),
    ("dataset_checksum_chain", {"source": "other", "columns": "z"}, "{first} has no column 'z' (has {{'a', 't'}})"),
    ("csvexport", {}, "No source specified"),
    ("csvexport", {"source": ["first"], "labels": "q"}, "{first} has no column 'q' (has {{'a', 't'}})"),
    ("csvexport", {"source": ["first"], "none_as": 3}, "none_as must be a text, or {{label: text}}, not 3"),
    ("csvexport", {"source": ["first"], "none_as": {"a": 3}}, "none_as must be a text, or {{label: text}}"),
    ("csvexport", {"source": ["first"], "none_as": {"q": ""}}, "none_as has labels that are not exported: 'q'"),
    ("csvexport", {"source": ["first"], "compression": 0}, "compression must be 1 to 9, not 0"),
    ("csvexport", {"source": ["first"], "filename": ""}, "filename must name a file"),
    ("csvexport", {"source": ["first"], "filename": "x/y"}, "/x"),
    ("csvexport", {"source": ["first"], "filename": "csv"}, "{csv} exists already"),
    ("csvexport", {"source": ["first"], "filename": "%q", "sliced": True}, "cannot take the slice number"),
    ("csvexport", {"source": ["first"], "filename": "%%", "sliced": True}, "cannot take the slice number"),
    ("csvexport", {"source": ["first"], "filename": "%.0s-", "sliced": True}, "gives several slices the same file"),
    ("parquet_export", {}, "No source specified"),
    ("parquet_export", {"source": ["first"], "labels": "q"}, "{first} has no column 'q' (has {{'a', 't'}})"),
    ("parquet_export", {"source": ["first"], "partition_by": "q"}, "{first} has no column 'q' (has {{'a', 't'}})"),
    ("parquet_import", {}, "give either filename or directory"),
    ("parquet_import", {"filename": "csv"}, "{csv} cannot be read as Parquet"),
    ("parquet_import", {"directory": "nothing"}, "there are no Parquet files in {nothing}"),
]


def resolved(value, given):
    if isinstance(value, list):
        return [resolved(each, given) for each in value]
    return given.get(value, value) if isinstance(value, str) else value


def shown(message, given):
    return message.format(**{name: getattr(thing, "quoted", thing) for name, thing in given.items()})


@pytest.mark.parametrize(("method", "request_", "message"), MISTAKES)
def test_a_mistake_is_one_line(project, given, method, request_, message):
    with pytest.raises(JobError) as caught:
        project.build(method, **{name: resolved(value, given) for name, value in request_.items()})
    (phase,) = caught.value.status
    (line,) = caught.value.status[phase].splitlines()
    assert shown(message, given) in line
    assert phase in {"prepare", "synthesis"}, "no slice has started"


@pytest.mark.parametrize(
    ("method", "request_", "message"),
    [
        ("dataset_type", {"source": "first"}, "missing required options: column2type"),
        ("dataset_type", {"source": "first", "column2type": {"a": "int"}}, "'int' is none of 92 texts, such as int"),
        ("dataset_sort", {"source": "first", "sort_columns": "a", "sort_order": "up"}, "'up' is none of ascending, d"),
        ("csvimport", {}, "missing required options: filename"),
        ("csvimport", {"filename": "nothing"}, "{nothing} is not a file"),
        ("csvimport", {"filename": "x*.nothing"}, "no file matches"),
        ("csvimport", {"filename": "x" * 256}, ": File name too long"),
        ("parquet_import", {"directory": "csv"}, "{csv} is not a directory"),
        ("dataset_sql", {"source": ["first"]}, "missing required options: query"),
    ],
)
def test_some_are_refused_before_there_is_a_job(project, given, method, request_, message):
    with pytest.raises(ServerError) as caught:
        project.build(method, **{name: resolved(value, given) for name, value in request_.items()})
    assert shown(message, given) in str(caught.value)
    assert len(str(caught.value)) < 400
