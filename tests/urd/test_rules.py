"""The rules against a model, and each rule of the specification by name."""

import pytest
from hypothesis import given, settings
from urd_model import STEPS, ConflictError, Model, entry_of

from accelerator.error import UrdConflictError
from accelerator.urd.entry import Entry
from accelerator.urd.rules import Stored, decide_add, decide_truncate
from accelerator.urd.timestamp import sort_key


class Memory:
    """A view over a list: what the database is, without the database."""

    def __init__(self):
        self.rows: list[tuple[Entry | None, int | None]] = []

    def _active(self, path):
        rows = enumerate(self.rows, 1)
        return [
            Stored(number, entry) for number, (entry, ghosted) in rows if entry and not ghosted and entry.path == path
        ]

    def active(self, path, timestamp):
        return next((stored for stored in self._active(path) if stored.entry.timestamp == timestamp), None)

    def ghost(self, path, timestamp):
        ghosts = [
            (ghosted, Stored(number, entry))
            for number, (entry, ghosted) in enumerate(self.rows, 1)
            if entry and ghosted and (entry.path, entry.timestamp) == (path, timestamp)
        ]
        return max(ghosts, key=lambda pair: pair[0])[1] if ghosts else None

    def active_from(self, path, timestamp):
        return [stored for stored in self._active(path) if sort_key(stored.entry.timestamp) >= sort_key(timestamp)]

    def dependants(self, path, timestamp):
        return [
            Stored(number, entry)
            for number, (entry, ghosted) in enumerate(self.rows, 1)
            if entry and not ghosted and path in entry.deps and entry.deps[path].timestamp == timestamp
        ]

    def add(self, entry, update=False):
        decision = decide_add(self, entry, update=update)
        if decision.logged:
            self.rows.append((entry, None))
            self._ghost(decision.ghosts)
            if decision.is_ghost:
                self._ghost([len(self.rows)])
        return decision.as_dict()

    def truncate(self, path, timestamp):
        decision = decide_truncate(self, path, timestamp)
        self.rows.append((None, None))
        self._ghost(decision.ghosts)
        return decision.as_dict()

    def _ghost(self, numbers):
        for number in numbers:
            self.rows[number - 1] = (self.rows[number - 1][0], len(self.rows))

    def visible(self):
        return {(entry.path, entry.timestamp): entry for entry, ghosted in self.rows if entry and not ghosted}


@settings(max_examples=400)
@given(STEPS)
def test_the_rules_do_what_the_model_does(steps):
    rules, model = Memory(), Model()
    for step in steps:
        if step[0] == "truncate":
            assert rules.truncate(*step[1:]) == model.truncate(*step[1:])
        else:
            entry = entry_of(step, model.active)
            try:
                expected = model.add(entry, step[-1])
            except ConflictError:
                with pytest.raises(UrdConflictError):
                    rules.add(entry, step[-1])
            else:
                assert rules.add(entry, step[-1]) == expected
        assert rules.visible() == model.active


def an_entry(path="u/a", timestamp="1", job="dev-1", caption="", **deps):
    user, build = path.split("/")
    remembered = {f"u/{name}": entry.as_dependency() for name, entry in deps.items()}
    return Entry(user, build, timestamp, caption, (("m", job, ""),), remembered)


def test_the_same_again_changes_nothing():
    urd = Memory()

    assert urd.add(an_entry()) == {"new": True, "changed": False, "is_ghost": False}
    assert urd.add(an_entry()) == {"new": False, "changed": False, "is_ghost": False}
    assert len(urd.rows) == 1


@pytest.mark.parametrize("other", [an_entry(job="dev-2"), an_entry(caption="c"), an_entry(b=an_entry("u/b"))])
def test_something_else_conflicts_unless_it_is_an_update(other):
    urd = Memory()
    urd.add(an_entry("u/b"))
    urd.add(an_entry())

    with pytest.raises(UrdConflictError, match="u/a/1 exists already"):
        urd.add(other)
    assert urd.add(other, update=True) == {"new": False, "changed": True, "is_ghost": False, "deps": 0}
    assert urd.visible()["u/a", "1"] == other


def test_an_update_takes_all_that_depends_on_it_along():
    urd = Memory()
    one = an_entry("u/one")
    two = an_entry("u/two", one=one)
    for entry in [one, two, an_entry("u/three", two=two), an_entry("u/four", "7", two=two), an_entry("u/five")]:
        urd.add(entry)

    assert urd.add(an_entry("u/one", job="dev-9"), update=True)["deps"] == 3
    assert [place[0] for place in urd.visible()] == ["u/five", "u/one"]


def test_an_update_of_what_nobody_looks_at_leaves_dependants_alone():
    urd = Memory()
    one, other = an_entry("u/one"), an_entry("u/other")
    for entry in [one, other, an_entry("u/two", one=one)]:
        urd.add(entry)

    assert urd.add(an_entry("u/one", other=other), update=True)["deps"] == 0
    assert ("u/two", "1") in urd.visible()


def test_truncate_counts_the_list_and_its_dependants_apart():
    urd = Memory()
    first = an_entry("u/a", "1")
    second = an_entry("u/a", "2", a=first)
    for entry in [first, second, an_entry("u/b", "1", a=second), an_entry("u/b", "2", a=first)]:
        urd.add(entry)

    assert urd.truncate("u/a", "2") == {"count": 1, "deps": 1}
    assert urd.truncate("u/a", "0") == {"count": 1, "deps": 1}
    assert urd.truncate("u/never", "0") == {"count": 0, "deps": 0}
    assert urd.visible() == {}


def test_a_ghost_is_stored_once_never_seen_and_never_comes_back():
    urd = Memory()
    one = an_entry("u/one")
    ghost = an_entry("u/two", one=one)

    assert urd.add(ghost) == {"new": True, "changed": False, "is_ghost": True}
    assert urd.add(ghost) == {"new": False, "changed": False, "is_ghost": True}
    urd.add(one)
    assert list(urd.visible()) == [("u/one", "1")]
    assert urd.add(ghost) == {"new": True, "changed": False, "is_ghost": False}


@pytest.mark.parametrize(
    "stored", [an_entry("u/one", job="dev-2"), an_entry("u/one", caption="c"), an_entry("u/one", "2")]
)
def test_a_dependency_that_is_not_what_was_read_makes_a_ghost(stored):
    urd = Memory()
    urd.add(stored)

    assert urd.add(an_entry("u/two", one=an_entry("u/one")))["is_ghost"]


def test_an_entry_made_from_what_it_replaces_is_a_ghost():
    urd = Memory()
    one = an_entry("u/one")
    two = an_entry("u/two", one=one)
    urd.add(one)
    urd.add(two)

    assert urd.add(an_entry("u/one", job="dev-2", one=one), update=True)["is_ghost"]
    assert urd.add(an_entry("u/one", job="dev-3", two=two), update=True)["is_ghost"]
    assert urd.visible() == {("u/one", "1"): one, ("u/two", "1"): two}
