"""jsonl_import: keys become columns, their values decide the types."""

import gzip
import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator import UserError
from accelerator._native import Rows
from accelerator.column.accept import from_arrow
from accelerator.standard_methods import json_lines
from accelerator.standard_methods.json_values import ParsedBlock


@pytest.fixture
def load(project, tmp_path):
    def run(text, **options):
        path = tmp_path / "x.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return project.build("jsonl_import", options, filename=str(path)).dataset()

    return run


def lines(*objects):
    return "".join(json.dumps(each) + "\n" for each in objects)


def typed(dataset):
    return {name: column.type for name, column in dataset.columns.items()}


@pytest.mark.parametrize(
    ("values", "coltype"),
    [
        ([True, None], "bool"),
        ([1, 2**63 - 1], "int64"),
        ([0.5, float("nan"), float("inf")], "float64"),
        ([1, 0.5], "number"),
        ([2**63], "number"),
        (["x", "", "å\0"], "unicode"),
        ([[1], {"a": None}, None], "json"),
        ([1, "x", True, 2**80, 0.5], "json"),
        ([None], "json"),
    ],
)
def test_types(load, values, coltype):
    dataset = load(lines(*({"k": value} for value in values)))
    assert typed(dataset) == {"k": coltype}
    assert list(map(repr, dataset.iterate(None, "k"))) == list(map(repr, values))


def test_keys_that_are_missing_blank_lines_and_a_mark(load):
    dataset = load(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"b": "x"}\n{}')
    assert list(dataset.iterate(None, ["a", "b"])) == [(1, None), (None, "x"), (None, None)]


def test_chosen_columns_and_types(load):
    text = lines({"a": 1, "b": 2, "c": 3}, {"a": 1.5})
    assert typed(load(text, columns="a,q")) == {"a": "number", "q": "json"}
    assert typed(load(text, column2type={"a": "float64"})) == {"a": "float64", "b": "int64", "c": "int64"}


def test_packed(load):
    assert list(load(gzip.compress(lines({"a": 1}, {"a": 2}).encode())).iterate(None, "a")) == [1, 2]


objects = st.dictionaries(
    st.sampled_from("abc"),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("aå\n", max_size=3) | st.just([1]),
)


@given(rows=st.lists(objects, max_size=30), parts=st.integers(1, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_in_one_part(tmp_path, rows, parts):
    path = tmp_path / "x"
    path.write_text(lines(*rows))
    found = (block for part in range(parts) for block in json_lines.line_blocks(path, "x", part, parts, 20))
    blocks = [(position, bytes(block)) for position, block in found]
    assert b"".join(block for _, block in blocks) == path.read_bytes()
    assert all(path.read_bytes()[position:].startswith(block) for position, block in blocks)
    assert repr([row for block in blocks for row in json_lines.parsed_block(*block)]) == repr(rows)


def test_columns_that_differ_from_block_to_block(load):
    # Blocks of 4 MiB: the first have integers, then texts, then neither.
    filler = "x" * (5 << 20)
    rows = [{"k": 1, "f": filler}] * 7 + [{"k": "x", "f": filler}] * 7 + [{"f": filler, "n": [0.5]}] * 7
    dataset = load(lines(*rows))
    assert list(dataset.iterate(None, "k")) == [row.get("k") for row in rows]
    assert typed(dataset) == {"k": "json", "f": "unicode", "n": "json"}


# So long that between lines that are looked at first there are some that are not.
FILLER = "x" * (100 << 10)


@pytest.mark.parametrize(
    ("usual", "other", "options", "coltypes"),
    [
        ({"k": 1}, {"k": 0.5}, {}, {"k": "number"}),
        ({"k": 1}, {"k": 2**70}, {}, {"k": "number"}),
        ({"k": 1}, {"k": "x"}, {}, {"k": "json"}),
        ({"k": 1}, {"n": True}, {}, {"k": "int64", "n": "bool"}),
        ({"k": None}, {"k": True}, {}, {"k": "bool"}),
        ({}, {"k": True}, {"columns": ["k"]}, {"k": "bool"}),
        ({"k": 1, "n": 1}, {"k": 0.5, "n": 0.5}, {"column2type": {"k": "number"}}, {"k": "number", "n": "number"}),
        ({"k": 1, "n": 1}, {"k": 0.5, "n": 0.5}, {"columns": ["k", "q"]}, {"k": "number", "q": "json"}),
    ],
)
def test_lines_unlike_those_looked_at_first(load, project, tmp_path, usual, other, options, coltypes):
    before = load(lines(usual, other), **options)
    path = tmp_path / "long"
    path.write_text(lines(*({"f": FILLER, f"{number:02}": 1} for number in range(60))))
    looked_at = json_lines.sampled_kinds(path, "", ())
    rows = [{"f": FILLER, **usual}] * 60
    rows[next(number for number in range(60) if f"{number:02}" not in looked_at)] = {"f": FILLER, **other}
    path.write_text(lines(*rows))
    assert json_lines.sampled_kinds(path, "", ()) == ParsedBlock(rows[:1]).kinds
    if "columns" not in options:
        coltypes = {"f": "unicode", **coltypes}
    job = project.build("jsonl_import", options, filename=str(path), previous=before)
    dataset = job.dataset()
    assert typed(dataset) == coltypes
    assert (dataset.previous, dataset.filename, dataset.caption) == (before, str(path), f"jsonl_import of {path}")
    for name in coltypes:
        assert list(map(repr, dataset.iterate(None, name))) == [repr(row.get(name)) for row in rows]
    assert job.load() == {"num_lines": 60}
    assert [each.name for each in job.datasets] == ["default"]


def test_bad_lines_are_named(load, fails):
    text = lines(*[{"a": 1}] * 20)
    with fails("line 21 of"):
        load(text + "{")
    with fails("is no object: b'[1]"):
        load(text + "[1]\n" + text)
    with fails("there is no JSON object"):
        load("\n")


def test_bad_lines_of_packed_files_are_named_by_the_name_of_these(load, fails, tmp_path):
    with fails(f"line 3 of {tmp_path / 'x.jsonl'} is not JSON"):
        load(gzip.compress((lines({"a": 1}, {"a": 2}) + "{").encode()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column2type": {"a": "int64_10"}}, "column2type: there is no column type 'int64_10' for 'a', only ascii, "),
        ({"column2type": {"a": "int64"}, "columns": ["b"]}, "column2type names 'a', which columns does not"),
        ({"column2type": {"a": "int64"}}, "x.jsonl: Arrow type string cannot be stored as int64 (column 'a'"),
        ({"column2type": {"b": "int32"}}, "(column 'b', type int32"),
        ({"column2type": {"n": "date"}}, "(column 'n', type date"),
    ],
)
def test_types_that_do_not_fit(load, fails, options, message):
    with fails(message):
        load(lines({"a": 1, "b": 2**40, "n": 1}, {"a": "x"}), **options)


def test_nested_values_are_json(load):
    deep = [{"a": [{"b": [None, 1.5, "å"]}]}]
    dataset = load(lines({"k": deep}, {"k": {}}, {"k": None}, {}))
    assert typed(dataset) == {"k": "json"}
    assert list(dataset.iterate(None, "k")) == [deep, {}, None, None]


numbers = (
    st.floats().map(repr)
    | st.integers().map(str)
    | st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][-+]?[0-9]{1,3})?")
)
json_texts = st.recursive(
    numbers.map(str.strip)
    | st.sampled_from(['"x"', '"\\ud800"', "true", "null", "NaN", "-Infinity", "nul", '"\t"', '"\\x"', ""]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=3).map(lambda items: "{" + ",".join(f'"k": {item}' for item in items) + "}")
    ),
    max_leaves=5,
)


TYPES = ["bool", "int64", "int32", "float64", "float32", "number", "unicode", "json", "bytes", "pickle", "date"]


@given(
    texts=st.lists(
        json_texts.map(lambda text: f'{{"k": {text}}}') | st.sampled_from(["", " ", "\v", "{}", "[]", "{} {}"]),
        max_size=6,
    ),
    wanted=st.sampled_from([(), ("k",), ("q",)]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    coltype=st.sampled_from(TYPES),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_are_read_as_json_reads_them(tmp_path, texts, wanted, mark, coltype):
    """The kernel makes the same columns as Python, for every type that may be asked for, or leaves it to that."""
    path = tmp_path / "x"
    path.write_bytes(mark + "\n".join(texts).encode())
    expected, wrong = [], False
    for text in filter(str.strip, texts):
        try:
            expected.append(json.loads(text))
        except ValueError:
            wrong = True
    reader = json_lines.LineReader(path, "x", wanted, {"k": coltype})
    if wrong or any(type(value) is not dict for value in expected):
        with pytest.raises(UserError, match="line"):
            reader.columns(0, path.read_bytes())
        return
    block, parsed = reader.columns(0, path.read_bytes()), ParsedBlock(expected, wanted)
    assert (block.rows, block.kinds) == (parsed.rows, parsed.kinds)
    assert stored(block, coltype) == stored(parsed, coltype)


def stored(block, coltype):
    """What a column of a type holds after a block is written to it; or why it cannot."""
    try:
        array = from_arrow(coltype, block.column("k", coltype))
    except (ValueError, TypeError, OverflowError) as error:
        return type(error)
    return repr(list(Rows([pa.record_batch([array], ["k"])], [coltype], bare=True)))


@pytest.mark.parametrize(
    ("values", "coltype", "message"),
    [
        ([1, "x"], "unicode", "x.jsonl: column 'k' has integers and texts, which unicode cannot hold; json can"),
        ([[1], {}], "int64", "column 'k' has objects and arrays, which int64 cannot hold; json can"),
        ([1, 0.5], "int64", "column 'k' has floats and integers, which int64 cannot hold; number can"),
        ([2**70], "int64", "column 'k' has integers beyond 64 bits, which int64 cannot hold; number can"),
        ([1, "x"], "pickle", "which pickle cannot hold"),
    ],
)
def test_values_of_several_kinds_are_not_made_something_else(load, fails, values, coltype, message):
    text = lines(*[{"k": value} for value in values] * 20)
    with fails(message):
        load(text, column2type={"k": coltype})
    with fails(message):
        load(text + '{"k": null, "q": "\\ud800"}\n', column2type={"k": coltype}, columns=["k"])


def test_integers_among_floats(load):
    values = [1, 0.5, None, 2**70] * 9
    dataset = load(lines(*({"k": value} for value in values)), column2type={"k": "float64"})
    assert list(dataset.iterate(None, "k")) == values
    assert {type(value) for value in dataset.iterate(None, "k")} == {float, type(None)}


def test_lines_that_are_left_to_python_are_read_all_the_same(load):
    # Half of a surrogate pair that is not imported; a key that is there twice.
    text = lines({"k": 1, "n": [1.50]}, {"k": None, "n": {"å": -0.0}}) + '{"q": "\\ud800", "k": 2, "k": 3, "n": -0}\n'
    dataset = load(text * 20, columns="k,n")
    assert list(dataset.iterate(None, "k")) == [1, None, 3] * 20
    assert list(map(repr, dataset.iterate(None, "n"))) == ["[1.5]", "{'å': -0.0}", "0"] * 20


def test_half_a_surrogate_pair_is_named(load, fails):
    for text in ('{"a": "x\\ud800"}\n{"a": "y"}', '{"a": ["x\\ud800"]}\n{"a": "y"}', '{"a": 1}\n{"a": "\\ud800"}'):
        with fails("x.jsonl: half of a surrogate pair in"):
            load(text)
