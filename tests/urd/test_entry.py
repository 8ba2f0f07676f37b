import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.error import UrdError, UrdUsageError
from accelerator.urd.entry import Dependency, Entry, current_user, full_path

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
JOBLISTS = st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=3).map(tuple)
TIMESTAMPS = st.sampled_from(["1", "2+5", "2014-04", "2014-04-10T12:30:00.5"])
DEPENDENCIES = st.builds(Dependency, TIMESTAMPS, JOBLISTS, st.text())
ENTRIES = st.builds(
    Entry, NAMES, NAMES, TIMESTAMPS, st.text(), JOBLISTS, st.dictionaries(NAMES, DEPENDENCIES, max_size=2), st.text()
)


@given(ENTRIES)
def test_the_stored_form_gives_the_entry_back(entry):
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry


@given(ENTRIES, ENTRIES)
def test_which_script_made_it_does_not_count(one, two):
    same = Entry(one.user, one.build, one.timestamp, one.caption, one.joblist, dict(one.deps), two.build_job)

    assert same.same_as(one)
    assert one.same_as(two) == (one == Entry(*(getattr(two, name) for name in two.__slots__[:-1]), one.build_job))


def test_jobs_of_an_older_log_have_no_uid():
    value = {
        "user": "u",
        "build": "b",
        "timestamp": "1",
        "caption": "",
        "joblist": [["csv", "dev-1"]],
        "deps": {},
        "build_job": None,
    }

    assert Entry.from_json(value) == Entry("u", "b", "1", joblist=(("csv", "dev-1", ""),))


@pytest.mark.parametrize(
    "value", [None, 5, [], {}, {"user": "u", "build": "b"}, {"user": "u", "build": "b/c", "timestamp": 1}]
)
def test_what_is_no_entry_is_refused(value):
    with pytest.raises(UrdError):
        Entry.from_json(value)


@pytest.mark.parametrize(
    ("environment", "user"),
    [
        ({"URD_USER": "a", "URD_AUTH": "b:secret", "USER": "c"}, "a"),
        ({"URD_AUTH": "b:secret", "USER": "c"}, "b"),
        ({"URD_AUTH": ":secret", "USER": "c"}, "c"),
        ({"URD_AUTH": "b"}, "b"),
        ({"USER": "c"}, "c"),
        ({}, "NO-USER"),
    ],
)
def test_whose_lists(environment, user):
    assert current_user(environment) == user


@pytest.mark.parametrize(
    ("path", "whole"), [("a", "me/a"), ("you/a", "you/a"), ("a b:+å", "me/a b:+å"), ("..", "me/..")]
)
def test_a_list_is_of_the_user_unless_it_says_whose(path, whole):
    assert full_path(path, "me") == whole


@pytest.mark.parametrize("path", ["", "/", "a/", "/a", "a/b/c", "a\0b", "\udc80", 5, None])
def test_what_is_no_list_is_refused(path):
    with pytest.raises(UrdUsageError):
        full_path(path, "me")
