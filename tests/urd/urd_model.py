"""A model of urd too simple to be wrong: two dictionaries, and ghosts found by looking at everything again."""

from hypothesis import strategies as st

from accelerator.urd.entry import Dependency, Entry
from accelerator.urd.timestamp import sort_key


class ConflictError(Exception):
    pass


class Model:
    def __init__(self):
        self.active: dict[tuple[str, str], Entry] = {}
        self.ghosts: dict[tuple[str, str], Entry] = {}

    def add(self, entry, update):
        place = entry.path, entry.timestamp
        if not self.holds(entry, {**self.active, place: entry}):
            return self.add_ghost(place, entry, update)
        old = self.active.get(place)
        if old is None:
            self.active[place] = entry
            return {"new": True, "changed": False, "is_ghost": False}
        if old.same_as(entry):
            return {"new": False, "changed": False, "is_ghost": False}
        if not update:
            raise ConflictError
        trial = Model()
        trial.active = {**self.active, place: entry}
        trial.drop_what_does_not_hold()
        if place not in trial.active:
            return self.add_ghost(place, entry, update)
        self.ghosts[place] = old
        self.active[place] = entry
        return {"new": False, "changed": True, "is_ghost": False, "deps": self.drop_what_does_not_hold()}

    def add_ghost(self, place, entry, update):
        old = self.ghosts.get(place)
        if old is not None and old.same_as(entry):
            return {"new": False, "changed": False, "is_ghost": True}
        if old is not None and not update:
            raise ConflictError
        self.ghosts[place] = entry
        answer = {"new": old is None, "changed": old is not None, "is_ghost": True}
        return answer | ({"deps": 0} if old is not None else {})

    def truncate(self, path, timestamp):
        gone = [place for place in self.active if place[0] == path and sort_key(place[1]) >= sort_key(timestamp)]
        for place in gone:
            self.ghosts[place] = self.active.pop(place)
        return {"count": len(gone), "deps": self.drop_what_does_not_hold()}

    def drop_what_does_not_hold(self):
        count = 0
        while True:
            lost = [place for place, entry in self.active.items() if not self.holds(entry, self.active)]
            if not lost:
                return count
            for place in lost:
                self.ghosts[place] = self.active.pop(place)
            count += len(lost)

    @staticmethod
    def holds(entry, active):
        return all(
            (there := active.get((path, dependency.timestamp))) is not None and there.as_dependency() == dependency
            for path, dependency in entry.deps.items()
        )


PATHS = st.sampled_from(["u/a", "u/b", "v/a"])
TIMES = st.sampled_from(["1", "2", "2014-04"])
JOBS = st.sampled_from([(("m", "dev-1", ""),), (("m", "dev-2", ""),)])
# What an entry depends on: mostly something that is there (an index into the entries of the moment), or anything.
WANTED = st.dictionaries(
    PATHS, st.one_of(st.integers(0, 9), st.builds(Dependency, TIMES, JOBS, st.just(""))), max_size=2
)
ADD = st.tuples(st.just("add"), PATHS, TIMES, JOBS, WANTED, st.booleans())
TRUNCATE = st.tuples(st.just("truncate"), PATHS, st.sampled_from(["0", "1", "2", "2014-04"]))
STEPS = st.lists(st.one_of(ADD, ADD, ADD, TRUNCATE), max_size=25)


def entry_of(step, visible):
    """The entry that a step adds, with dependencies on what is visible now."""
    _, path, timestamp, jobs, wanted, _ = step
    deps = {}
    for other, choice in wanted.items():
        there = [entry for place, entry in sorted(visible.items()) if place[0] == other]
        if isinstance(choice, Dependency):
            deps[other] = choice
        elif there:
            deps[other] = there[choice % len(there)].as_dependency()
    user, build = path.split("/")
    return Entry(user, build, timestamp, "", jobs, deps)
