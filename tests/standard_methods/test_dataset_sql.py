"""dataset_sql: queries over datasets as jobs."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from accelerator import JobError, Project, UserError
from accelerator.standard_methods.a_dataset_sql import is_ordered


@pytest.fixture(scope="module")
def flights(write):
    columns = {"carrier": "ascii", "delay": ("int32", True), "day": "datetime"}
    at = datetime(2013, 1, 1, tzinfo=UTC)
    return write(columns, [[("AA", 5, at), ("UA", None, at)], [("AA", 7, at)], [("DL", -1, at)]])


@pytest.fixture(scope="module")
def names(write):
    return write({"carrier": "unicode", "name": "unicode"}, [[("AA", "American")], [("DL", "Delta")], []])


def rows(job):
    return list(job.dataset().iterate("roundrobin"))


def types(job):
    return {name: column.type for name, column in job.dataset().columns.items()}


def test_a_result_without_order_is_sorted_by_its_columns(project, flights):
    job = project.build("dataset_sql", source=flights, query="select carrier, sum(delay) s from ds group by 1;")
    assert rows(job) == [("AA", 12), ("DL", -1), ("UA", None)]
    assert types(job) == {"carrier": "unicode", "s": "number"}
    assert job.dataset().lines == [1, 1, 1]


def test_the_order_of_a_query_is_kept(project, flights):
    job = project.build("dataset_sql", source=flights, query="from ds select delay, day order by delay desc nulls last")
    at = datetime(2013, 1, 1, tzinfo=UTC)
    assert rows(job) == [(at, 7), (at, 5), (at, -1), (at, None)]
    assert types(job) == {"day": "datetime", "delay": "int32"}


def test_several_tables(project, flights, names):
    query = "select name, count(*) n from ds join ds1 using (carrier) group by all -- the end"
    assert rows(project.build("dataset_sql", source=[flights, names], query=query)) == [(2, "American"), (1, "Delta")]
    query = "select name from f join c using (carrier) where delay > 6"
    job = project.build("dataset_sql", source=[flights, names], names="f,c", query=query)
    assert rows(job) == [("American",)]


def test_chains_and_hashlabel(project, flights, write):
    columns = {"carrier": "ascii", "delay": ("int32", True), "day": "datetime"}
    more = write(columns, [[("UA", 1, datetime(2014, 1, 1, tzinfo=UTC))], [], []], previous=flights)
    options = {"query": "select carrier, count(*) n from ds group by all", "hashlabel": "carrier"}
    job = project.build("dataset_sql", options, source=more, chain_source=True, previous=flights)
    assert sorted(job.dataset().iterate(None)) == [("AA", 2), ("DL", 1), ("UA", 2)]
    assert (job.dataset().hashlabel, job.dataset().previous) == ("carrier", flights)
    assert list(job.dataset().iterate(None, hashlabel="carrier"))


def test_an_empty_result_has_its_columns(project, flights):
    job = project.build("dataset_sql", source=flights, query="select carrier from ds where delay > 1000")
    assert (job.dataset().lines, types(job)) == ([0, 0, 0], {"carrier": "unicode"})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("selec 1", 'syntax error at or near "selec"'),
        ("drop table ds", "Only SELECT"),
        ("select 1; select 2", "one statement, not 2"),
        ("select 1,\n  q from ds", "LINE 2:   q from ds\n              ^"),
        ("select [1] l from ds", "to_json()"),
        ("select interval 1 day i", "no column can have"),
        ("select 1,\n\n cast(carrier as int) c\nfrom ds", "LINE 3:  cast(carrier as int) c\n             ^^^^"),
        (
            "select 1,\n cast(carrier as int) c\nfrom ds order by 1",
            "LINE 2:  cast(carrier as int) c\n             ^^^^",
        ),
        ("from ds select carrier, carrier order by 1", "several columns named 'carrier'; name them with AS"),
    ],
)
def test_bad_queries(project, flights, query, message):
    with pytest.raises(JobError) as caught:
        project.build("dataset_sql", source=flights, query=query)
    assert message in caught.value.format_msg()


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("select 'order' a, 1 \"order\" -- order by\n", False),
        ("select $$; order$$, ';' å /* order */ from ds;", False),
        ("select row_number() over (order by a) from ds", False),
        ("with t as (from ds order by 1) from t", False),
        ("from ds SELECT a ORDER\nBY a", True),
        ("(select 1 order by 1)", True),
        ("values (2), (1) order by 1", True),
        ("select 1 union select 2 order by all;", True),
    ],
)
def test_which_queries_have_an_order(query, ordered):
    assert is_ordered(query) is ordered


@pytest.mark.parametrize("query", ["", ";", "-- select", "insert into ds values (1)", "select 1; drop table ds"])
def test_only_one_select_is_taken(query):
    with pytest.raises(UserError, match="query must be"):
        is_ordered(query)


@pytest.mark.parametrize("end", ["", ";", " ;; ", "; -- å;", "-- ;", "\n/* ; */ ;"])
def test_a_query_may_end_as_it_likes(project, flights, end):
    job = project.build("dataset_sql", source=flights, query="select 'å;' a" + end)
    assert rows(job) == [("å;",)]


def test_the_rows_of_unordered_queries_are_in_the_order_of_all_columns(project, write):
    given = [(n * 7919 % 1000, n % 7) for n in range(3000)]
    source = write({"a": "int32", "b": "int32"}, [given[:10], given[10:], []])
    job = project.build("dataset_sql", source=source, query="select b, a from ds")
    assert list(job.dataset().iterate("roundrobin", ["b", "a"])) == sorted((b, a) for a, b in given)


def test_memory_is_limited_as_the_configuration_says(tmp_path, fails):
    (tmp_path / "accelerator.toml").write_text(
        'slices = 1\nmethods = ["accelerator.standard_methods"]\n[workdirs]\nw = "w"\n[execution]\nmemory = "48M"\n'
    )
    (tmp_path / "x.json").write_text('{"a": 1}')
    with Project.open(tmp_path) as project:
        source = project.build("jsonl_import", filename=str(tmp_path / "x.json")).dataset()
        query = "select current_setting('memory_limit') m"
        assert rows(project.build("dataset_sql", source=source, query=query)) == [("48.0 MiB",)]
        assert source.sql(query).fetchall() == [("48.0 MiB",)]
        with fails("How much it may use is said by memory in [execution] of accelerator.toml"):
            project.build("dataset_sql", source=source, query="select len(array_agg(i)) n from range(20_000_000) t(i)")


def test_bad_parameters(project, flights, fails):
    with fails("No source specified"):
        project.build("dataset_sql", query="select 1")
    with fails("names must have a different one for each of the 1 sources"):
        project.build("dataset_sql", query="select 1", source=flights, names="a,b")
    with fails("no column 'q' to hash"):
        project.build("dataset_sql", query="select 1 a", source=flights, hashlabel="q")


@pytest.mark.parametrize("damage", ["page", "footer", "truncated", "missing"])
def test_damaged_files_are_named(project, write, damage):
    source = write({"a": "int64"}, [[(n,) for n in range(100)], [], []])
    file = Path(source.job.path, "DS/default/0.parquet")
    good = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        chunk = pq.read_metadata(file).row_group(0).column(0)
        end = chunk.data_page_offset + chunk.total_compressed_size
        changed = {"page": end - 1, "footer": len(good) - 20}
        file.write_bytes(good[:-1] if damage == "truncated" else flipped(good, changed[damage]))
    with pytest.raises(JobError) as caught:
        project.build("dataset_sql", source=source, query="select sum(a) s from ds")
    text = caught.value.format_msg()
    assert f"{source.job}/default slice 0" in text
    assert str(file) in text
    assert "damaged" in text


def flipped(data, position):
    return data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :]
