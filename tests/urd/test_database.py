"""Urd on real databases: SQLite, and a PostgreSQL server of the test's own."""

import json
import sqlite3
import subprocess
import sys
import tempfile
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from urd_model import STEPS, ConflictError, Model, entry_of

from accelerator.error import UrdConflictError, UrdError, UrdPermissionError, UrdUsageError
from accelerator.urd import database
from accelerator.urd.database import Database
from accelerator.urd.entry import Entry


def an_entry(path="u/a", timestamp="1", job="dev-1", caption="", **deps):
    user, build = path.split("/")
    remembered = {f"u/{name}": entry.as_dependency() for name, entry in deps.items()}
    return Entry(user, build, timestamp, caption, (("m", job, "uid"),), remembered, "dev-0")


def visible(urd):
    return {(path, entry.timestamp): entry for path in urd.lists() for entry in urd.entries(path)}


def play(urd, model, steps):
    for step in steps:
        if step[0] == "truncate":
            assert urd.truncate(*step[1:]) == model.truncate(*step[1:])
            continue
        entry = entry_of(step, model.active)
        try:
            expected = model.add(entry, step[-1])
        except ConflictError:
            with pytest.raises(UrdConflictError):
                urd.add(entry, update=step[-1])
        else:
            assert urd.add(entry, update=step[-1]) == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_the_database_does_what_the_model_does_and_its_visibility_can_be_made_anew(steps):
    with tempfile.TemporaryDirectory() as place:
        urd, model = Database(f"sqlite:///{place}/urd.db"), Model()
        urd.add(an_entry("w/always"))
        model.add(an_entry("w/always"), update=False)
        play(urd, model, steps)
        assert visible(urd) == model.active

        lines = list(urd.export_lines())
        with sqlite3.connect(f"{place}/urd.db") as connection:
            connection.execute("UPDATE urd_log SET ghosted_by = NULL")
            connection.execute("DELETE FROM urd_dependency")
        connection.close()
        urd.rebuild()
        assert visible(urd) == model.active
        assert list(urd.export_lines()) == lines

        copy = Database(f"sqlite:///{place}/copy.db")
        assert copy.import_lines(lines) == len(lines)
        assert visible(copy) == model.active
        assert list(copy.export_lines()) == lines


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_postgresql_does_what_the_model_does(postgresql_url, steps):
    urd, model = Database(postgresql_url), Model()
    for path in urd.lists():
        urd.truncate(path, 0)
    model.ghosts = _ghosts(urd)
    play(urd, model, steps)
    assert visible(urd) == model.active
    urd.rebuild()
    assert visible(urd) == model.active


def _ghosts(urd):
    """The last ghost of each place, found by giving the exported log to a model."""
    model = Model()
    for line in urd.export_lines():
        record = json.loads(line)
        if record["kind"] == "add":
            model.add(Entry.from_json(record), record["update"])
        else:
            model.truncate(record["path"], record["timestamp"])
    return model.ghosts


def test_what_was_added_is_read_back(url):
    urd = Database(url)
    one = an_entry(caption="grå \0 \udc80 ✓")
    two = an_entry("u/b c:+å", "2014-04-10T12:30:00.5", a=one)

    assert urd.add(one) == {"new": True, "changed": False, "is_ghost": False}
    assert urd.add(two) == {"new": True, "changed": False, "is_ghost": False}
    assert Database(url).get("u/a", 1) == one
    assert Database(url).latest("u/b c:+å") == two
    assert urd.lists() == ["u/a", "u/b c:+å"]


def test_queries_find_the_nearest_entry(url):
    urd = Database(url)
    times = ["5", "5+1", "7+2014-04", "7+2014-04-02", "2014-04", "2014-04+3", "2014-04+3+5", "2014-04+30", "2014-04-10",
             "2014-04-10+3", "2014-04-10T12", "2014-05", "10"]  # fmt: skip
    for timestamp in reversed(times):
        urd.add(an_entry("u/q", timestamp))

    answers = {
        "2014-04": "2014-04", "<=2014-04": "2014-04-10T12", "<2014-04": "10", ">2014-04": "2014-04+3",
        ">=2014-04": "2014-04", "<=2014-04+2": "2014-04", "<=5": "5", "<5": None, "<=5+0": "5", ">5": "5+1",
        ">=5+1": "5+1", "<=7+2014-04": "7+2014-04-02", "<=7+2014": "5+1", "<=7": "5+1", "latest": "2014-05",
        "<=2014-04-10": "2014-04-10T12", ">2015-01": None, ">=2014-04-11": "2014-05", "first": "5", "6": None,
        ">7": "7+2014-04", "007+2014-04": "7+2014-04",
    }  # fmt: skip
    found = {query: urd.get("u/q", query) for query in answers}
    assert {query: entry and entry.timestamp for query, entry in found.items()} == answers
    assert urd.since("u/q", 0) == [*times[:4], "10", *times[4:-1]]
    assert urd.since("u/q", "2014-04-10") == ["2014-04-10+3", "2014-04-10T12", "2014-05"]
    assert urd.since("u/never", 0) == []


def test_a_conflict_is_told_and_changes_nothing(url):
    urd = Database(url)
    urd.add(an_entry())

    with pytest.raises(UrdConflictError, match=r"u/a/1 exists already .*differs in joblist.*update=True"):
        urd.add(an_entry(job="dev-2"))
    assert visible(urd) == {("u/a", "1"): an_entry()}
    assert len(list(urd.export_lines())) == 1


@pytest.mark.parametrize("moment", ["latest", "<5", "", None])
def test_only_plain_timestamps_can_be_truncated_from(tmp_path, moment):
    with pytest.raises(UrdUsageError):
        Database(f"sqlite:///{tmp_path}/urd.db").truncate("u/a", moment)


def test_timestamp_zero_cannot_be_stored(tmp_path):
    with pytest.raises(UrdUsageError, match="timestamp 0"):
        Database(f"sqlite:///{tmp_path}/urd.db").add(an_entry(timestamp="0"))


def test_reading_makes_nothing(tmp_path):
    urd = Database(f"sqlite:///{tmp_path}/urd.db")

    assert (urd.lists(), urd.latest("u/a"), urd.since("u/a", 0), list(urd.export_lines())) == ([], None, [], [])
    assert list(tmp_path.iterdir()) == []


def test_the_log_says_who_and_when(url, monkeypatch):
    monkeypatch.setenv("URD_USER", "kim")
    urd = Database(url)
    urd.add(an_entry())
    urd.truncate("u/a", 0, writer="lee")

    add, truncate = map(json.loads, urd.export_lines())
    assert (add["kind"], add["writer"], add["user"], add["build_job"]) == ("add", "kim", "u", "dev-0")
    assert (truncate["kind"], truncate["writer"], truncate["path"], truncate["timestamp"]) == (
        "truncate",
        "lee",
        "u/a",
        "0",
    )
    assert add["time"] < truncate["time"]


def test_a_log_moves_between_databases(tmp_path, postgresql_url):
    here, there = Database(f"sqlite:///{tmp_path}/urd.db"), Database(postgresql_url)
    one = an_entry()
    here.add(one)
    here.add(an_entry("u/b", a=one))
    here.add(an_entry(job="dev-2"), update=True)

    assert there.import_lines(here.export_lines()) == 3
    assert visible(there) == visible(here) == {("u/a", "1"): an_entry(job="dev-2")}
    assert there.import_lines(["", *here.export_lines()]) == 0


def test_an_import_that_conflicts_changes_nothing(tmp_path):
    here, other = Database(f"sqlite:///{tmp_path}/urd.db"), Database(f"sqlite:///{tmp_path}/other.db")
    here.add(an_entry())
    other.add(an_entry("u/new"))
    other.add(an_entry(job="dev-2"))

    with pytest.raises(UrdConflictError, match=r"line 2: u/a/1 exists already.*nothing was imported"):
        here.import_lines(other.export_lines())
    assert here.lists() == ["u/a"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 1 is not a line"),
        ("[]", "line 1 is not a line"),
        ("{}", "has no 'urd'"),
        ('{"urd": 2, "kind": "add"}', "format 2 is not known"),
        ('{"urd": 1, "kind": "forget"}', "neither add nor truncate"),
        (
            '{"urd": 1, "kind": "truncate", "path": "u/a/b", "timestamp": "1", "writer": "u", "uid": "1", "time": ""}',
            "u/a/b",
        ),
        (
            '{"urd": 1, "kind": "truncate", "path": "u/a", "timestamp": "x", "writer": "u", "uid": "1", "time": ""}',
            "'x'",
        ),
    ],
)
def test_what_is_no_log_is_not_imported(tmp_path, line, reason):
    with pytest.raises(UrdError, match=reason):
        Database(f"sqlite:///{tmp_path}/urd.db").import_lines([line])


WRITER = """
import sys
from accelerator.error import UrdConflictError
from accelerator.urd.database import Database
from accelerator.urd.entry import Entry
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
urd = Database(url)
sys.stdin.readline()
new = lost = 0
for number in range(1, count + 1):
    urd.add(Entry("u", name, str(number), joblist=(("m", f"{name}-{number}", ""),)))
    try:
        new += urd.add(Entry("u", "shared", str(number), joblist=(("m", f"{name}-{number}", ""),)))["new"]
    except UrdConflictError:
        lost += 1
print(new, lost)
"""


def test_several_processes_at_once(url):
    """Each writes to its own list and races for the places of a shared one; even the tables are made in the race."""
    count, names = 12, ["one", "two", "three", "four"]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, name, str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in names
    ]  # fmt: skip
    answers = [writer.communicate("go\n")[0].split() for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * len(names)
    urd = Database(url)
    assert sum(int(new) for new, _ in answers) == count
    assert all(int(new) + int(lost) == count for new, lost in answers)
    assert urd.lists() == sorted(f"u/{name}" for name in [*names, "shared"])
    assert {len(urd.entries(path)) for path in urd.lists()} == {count}
    for entry in urd.entries("u/shared"):
        assert entry.joblist[0][1].split("-")[1] == entry.timestamp


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("urd.db", "is not a database URL"),
        ("nosuch://host/db", "is not a database URL|SQLite or PostgreSQL"),
        ("mysql://host/db", "SQLite or PostgreSQL, not mysql"),
        ("sqlite://", "needs a file"),
        ("postgresql+nosuch://host/db", "not a database URL"),
    ],
)
def test_a_url_that_cannot_work_is_told_at_once(url, reason):
    with pytest.raises(UrdError, match=reason):
        Database(url)


def test_a_database_that_cannot_be_opened(tmp_path):
    with pytest.raises(UrdError, match="unable to open database file"):
        Database(f"sqlite:///{tmp_path}/missing/urd.db").add(an_entry())


def test_a_password_is_never_shown():
    urd = Database("postgresql://kim:secret@127.0.0.1:1/urd?connect_timeout=2")

    assert "secret" not in repr(urd)
    with pytest.raises(UrdError) as caught:
        urd.lists()
    assert "secret" not in str(caught.value)


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "urd.db").write_bytes(b"this is not a database" * 100)

    with pytest.raises(UrdError, match=r"urd.db: file is not a database"):
        Database(f"sqlite:///{tmp_path}/urd.db").lists()


def test_an_urd_of_a_later_format_is_refused(url):
    urd = Database(url)
    urd.add(an_entry())
    with urd._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE urd_format SET version = 2")

    with pytest.raises(UrdError, match="format 2"):
        Database(url).lists()
    with pytest.raises(UrdError, match="format 2"):
        Database(url).add(an_entry())


def test_who_may_not_write_is_told_so(postgresql_url):
    import psycopg

    Database(postgresql_url).add(an_entry())
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest")
    guest = Database(postgresql_url.replace("urd@", "guest@"))

    assert guest.lists() == ["u/a"]
    with pytest.raises(UrdPermissionError, match="permission denied"):
        guest.add(an_entry("guest/a"))
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY guest")
        connection.execute("DROP ROLE guest")


def test_a_server_that_goes_away_while_a_writer_waits(postgresql_url):
    """Nothing is written, the error is ours, and the next call connects anew."""
    import psycopg

    urd = Database(postgresql_url)
    urd.add(an_entry("u/b"))
    raised = []

    def write() -> None:
        try:
            urd.add(an_entry())
        except UrdError as error:
            raised.append(str(error))

    with psycopg.connect(postgresql_url, autocommit=True) as admin, urd._writing():
        thread = threading.Thread(target=write)
        thread.start()
        ended = None
        while ended is None:
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event = 'advisory'"
            ).fetchone()
        thread.join()
    assert len(raised) == 1
    assert "terminating connection" in raised[0]
    assert urd.lists() == ["u/b"]
    assert urd.add(an_entry())["new"]


def test_a_writer_that_is_heard_of_no_more_does_not_hold_up_the_others_for_ever(postgresql_url):
    """Its machine may be gone without a word: the server ends its transaction, and the waiting of others has an end."""
    urd = Database(postgresql_url)
    with urd._writing() as view:
        for setting, expected in [("idle_in_transaction_session_timeout", "1min"), ("lock_timeout", "5min")]:
            assert view._connection.exec_driver_sql(f"SHOW {setting}").scalar() == expected
    with urd._engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"


def test_a_server_is_named_as_the_configuration_does():
    assert repr(Database("postgresql://kim@db.example/urd")) == "<Database postgresql://kim@db.example/urd>"


def test_a_file_that_may_not_be_written(tmp_path):
    Database(f"sqlite:///{tmp_path}/urd.db").add(an_entry())
    read_only = Database(f"sqlite:///file:{tmp_path}/urd.db?mode=ro&uri=true")

    assert read_only.lists() == ["u/a"]
    with pytest.raises(UrdPermissionError, match="readonly"):
        read_only.add(an_entry("u/b"))


def test_a_file_that_another_process_keeps_locked(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_WAIT_TO_READ", 0.05)
    monkeypatch.setattr(database, "_WAIT", 0.1)
    urd = Database(f"sqlite:///{tmp_path}/urd.db")
    urd.add(an_entry())
    other = sqlite3.connect(tmp_path / "urd.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for use in (urd.lists, lambda: urd.add(an_entry("u/b"))):
        with pytest.raises(UrdError, match=r"urd\.db: another process keeps it locked$"):
            use()
    other.execute("ROLLBACK")
    other.close()
    assert urd.lists() == ["u/a"]
