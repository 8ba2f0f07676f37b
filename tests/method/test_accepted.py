import tomllib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.error import ConfigError
from accelerator.method.accepted import FILENAME, Acceptance, accept, equivalent_sources, load, to_toml

MOMENT = datetime(2026, 11, 22, 13, 37, 39, tzinfo=UTC)


def acceptance(method="x", source="b" * 64, equivalent=("a" * 64,), why="renamed a variable", **kw) -> Acceptance:
    return Acceptance(method, source, equivalent, why, kw.get("user", "ada"), kw.get("time", MOMENT))


def test_what_was_accepted_is_read_back_and_the_file_is_for_people(tmp_path):
    path = tmp_path / FILENAME
    assert load(path) == ()
    first, second = acceptance(), acceptance("y", why='said "so"\nin two lines \\ ä 🎉 \x7f')

    accept(path, first)
    accept(path, second)

    assert load(path) == (first, second)
    text = path.read_text()
    assert text.startswith("# Which sources of a method do the same")
    assert 'method = "x"\nwhy = "renamed a variable"\nuser = "ada"\ntime = 2026-11-22T13:37:39Z\n' in text


def test_what_is_there_stays_as_it_is(tmp_path):
    path = tmp_path / FILENAME
    accept(path, acceptance())
    mine = path.read_text().replace("[[accepted]]", "# my comment\n[[accepted]]")
    path.write_text(mine)
    accept(path, acceptance())
    assert path.read_text() == mine
    accept(path, acceptance("y"))
    assert path.read_text().startswith(mine)


def test_time_is_kept_in_utc(tmp_path):
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=5)))
    accept(tmp_path / FILENAME, acceptance(time=elsewhere))
    [read] = load(tmp_path / FILENAME)
    assert read.time == MOMENT
    assert read.time.utcoffset() == timedelta(0)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_comes_back(text, digests):
    entry = acceptance(text, text, tuple(digests), text, user=text)
    [table] = tomllib.loads(to_toml(entry))["accepted"]
    assert (table["method"], table["why"], table["user"], table["source"]) == (text,) * 4
    assert table["equivalent"] == digests


def test_equivalence_goes_both_ways_and_through_others():
    entries = [
        acceptance(source="b", equivalent=("a",)),
        acceptance(source="c", equivalent=("b", "x")),
        acceptance(source="e", equivalent=("d",)),
        acceptance("other", source="a", equivalent=("z",)),
    ]
    for member in "abcx":
        assert equivalent_sources(entries, "x", member) == {"a", "b", "c", "x"}
    assert equivalent_sources(entries, "x", "d") == {"d", "e"}
    assert equivalent_sources(entries, "x", "new") == {"new"}
    assert equivalent_sources(entries, "other", "a") == {"a", "z"}
    assert equivalent_sources([], "x", "a") == {"a"}


GOOD = to_toml(acceptance())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[accepted]", r"mend the file or restore it"),
        ("x = 1", r": x: only \[\[accepted\]\] tables belong here"),
        ("accepted = 5", r": accepted: only"),
        ("accepted = [5]", r"entry 1 must be a table"),
        (GOOD + GOOD.replace("method = ", "m = "), r"entry 2: method must be str, and is missing"),
        (GOOD.replace('"ada"', "5"), r"entry 1: user must be str, not 5"),
        (GOOD + "more = 1\n", r"entry 1: there is no key 'more'; the keys are method, source"),
        (GOOD.replace('    "' + "a" * 64 + '",', "5"), r"entry 1: equivalent must be a list of source digests"),
        ("\ud800", r"cannot be read: 'utf-8' codec"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_named_with_entry_and_key(tmp_path, text, message):
    path = tmp_path / FILENAME
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError, match=rf"{FILENAME}: .*{message}|{FILENAME}{message}"):
        load(path)
    with pytest.raises(ConfigError):
        accept(path, acceptance("y"))


def test_a_time_without_zone_is_utc(tmp_path):
    path = tmp_path / FILENAME
    path.write_text(GOOD.replace("39Z", "39"))
    assert load(path) == (acceptance(),)
