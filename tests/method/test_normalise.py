import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.error import BuildError, ServerError
from accelerator.job import Job, JobWithFile, NoJob
from accelerator.job.restore import restore
from accelerator.method.declaration import Declaration
from accelerator.method.normalise import InputOption, assign_keywords, fill_defaults, normalise
from accelerator.method.options import OptionDefault, OptionEnum, OptionFile, OptionString, RequiredOption
from accelerator.storage.canonical import encode


def declaration(options=None, datasets=(), jobs=()) -> Declaration:
    return Declaration("m", "dev", "dev.a_m", "/dev/a_m.py", options=options or {}, datasets=datasets, jobs=jobs)


def options_of(templates, **values):
    return normalise(declaration(templates), values, {}, {}).options


def refusal(templates=None, options=None, datasets=None, jobs=None, declared=((), ())) -> str:
    with pytest.raises(ServerError) as caught:
        normalise(declaration(templates, *declared), options or {}, datasets or {}, jobs or {})
    assert str(caught.value).startswith("Submit failed: method 'm'")
    return str(caught.value)


def test_options_are_complete_and_sorted():
    result = normalise(declaration({"z": 1, "a": [int], "m": date}), {"z": "5"}, {}, {})
    assert list(result.options.items()) == [("a", []), ("m", None), ("z", 5)]
    assert result.typing == []
    assert normalise(declaration({"m": date(2020, 1, 2)}), {}, {}, {}).typing == [[["m"], "date"]]


def test_every_missing_required_option_is_named():
    text = refusal({"c": OptionString, "a": RequiredOption(int), "b": OptionEnum("x y"), "d": int})
    assert text.endswith("missing required options: a, b, c")


def test_unknown_names_are_refused_with_the_nearest():
    assert "has no option 'filname'; did you mean 'filename'?" in refusal({"filename": str}, {"filname": "x"})
    assert "has no dataset 'x'; it has source" in refusal(datasets={"x": None}, declared=(("source",), ()))
    assert refusal(jobs={"x": None}).endswith("has no job 'x'")


def test_a_misfit_names_option_value_and_reason():
    assert refusal({"o": int}, {"o": "x"}).endswith("option 'o': 'x' is str, not int")
    assert refusal({"o": OptionEnum("a b")}, {"o": "x"}).endswith("option 'o': 'x' is none of a, b")
    assert refusal({"o": 1}, {"o": "x"}).endswith("invalid literal for int() with base 10: 'x'")


def test_a_type_that_options_cannot_have_is_an_assertion_error():
    with pytest.raises(AssertionError, match=r"option 'o' of method 'm': b'x' is bytes"):
        options_of({"o": None}, o=b"x")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, None),
        ("", ""),
        (NoJob, ""),
        ("test-1", "test-1"),
        (Job("test-1"), "test-1"),
        ("test-1/name", "test-1/name"),
        ("test-1/default", "test-1"),
    ],
)
def test_one_dataset(given, stored):
    result = normalise(declaration(datasets=("source",)), {}, {"source": given}, {})
    assert result.datasets == {"source": stored}
    assert type(result.datasets["source"]) in {str, type(None)}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, []),
        ("", []),
        ([], []),
        ((), []),
        ("test-1", ["test-1"]),
        (Job("test-1"), ["test-1"]),
        ("test-1, test-2/x", ["test-1", "test-2/x"]),
        (["test-1", None, ""], ["test-1", None, ""]),
        ((Job("test-1"),), ["test-1"]),
    ],
)
def test_several_jobs(given, stored):
    assert normalise(declaration(jobs=(["parts"],)), {}, {}, {"parts": given}).jobs == {"parts": stored}


def test_inputs_that_were_not_given():
    result = normalise(declaration(datasets=("b", ["a"]), jobs=(["d"], "c")), {}, {}, {})
    assert list(result.datasets.items()) == [("a", []), ("b", None)]
    assert list(result.jobs.items()) == [("c", None), ("d", [])]


def test_inputs_of_wrong_types_are_refused():
    assert "declare it as ['name'] to take several" in refusal(datasets={"s": ["test-1"]}, declared=(("s",), ()))
    assert "dataset 's': 5 is not a dataset" in refusal(datasets={"s": 5}, declared=(("s",), ()))
    assert "job 's': 5 is not a list of jobs" in refusal(jobs={"s": 5}, declared=((), (["s"],)))
    assert "job 's': 5 is not a job" in refusal(jobs={"s": [5]}, declared=((), (["s"],)))


def test_keywords_go_where_they_are_declared_and_win():
    declared = declaration({"o": 1}, ("d",), ("j", ["js"]))
    sorted_out = assign_keywords(declared, {"o": 1}, [("d", "test-1")], None, {"o": 2, "js": ["test-2"]})
    assert sorted_out == ({"o": 2}, {"d": "test-1"}, {"js": ["test-2"]})


def test_keywords_that_have_no_place_or_several_are_refused():
    declared = declaration({"same": 1, "source": 2}, ("same",), ("same",))
    with pytest.raises(BuildError, match="'same' is declared in options and datasets and jobs of method 'm'"):
        assign_keywords(declared, {}, {}, {}, {"same": 1})
    with pytest.raises(BuildError, match="no option, dataset or job 'sorce'; did you mean 'source'"):
        assign_keywords(declared, {}, {}, {}, {"sorce": 1})
    with pytest.raises(BuildError, match="options of method 'm' must be a dict or pairs, not 5"):
        assign_keywords(declared, 5, {}, {}, {})


def test_files_that_options_name():
    templates = {
        "one": OptionFile(),
        "none": OptionFile(none_ok=True),
        "tree": OptionFile(directory=True),
        "several": OptionFile(multiple=True),
        "in_list": [OptionFile()],
        "in_dict": {"k": OptionFile()},
        "wrapped": OptionDefault(OptionFile(), "d"),
    }
    values = {"one": "a", "tree": "t", "several": ["b", "c*"], "in_list": ["e", "e"], "in_dict": {"x": "f"}}
    result = normalise(declaration(templates), values, {}, {})
    assert result.input_options == (
        InputOption("in_dict", "f"),
        InputOption("in_list", "e"),
        InputOption("one", "a"),
        InputOption("several", "b", pattern=True),
        InputOption("several", "c*", pattern=True),
        InputOption("tree", "t", directory=True),
        InputOption("wrapped", "d"),
    )


def test_paths_of_input_files(tmp_path):
    for name in ("b1", "a1", "a[1]"):
        (tmp_path / name).touch()
    (tmp_path / "directory").mkdir()

    def names(filename: str, **kw) -> list[str]:
        return [path.name for path in InputOption("o", filename, **kw).paths(tmp_path)]

    assert names("a1") == ["a1"]
    assert names(str(tmp_path / "a1")) == ["a1"]
    assert names("?1", pattern=True) == ["a1", "b1"]
    assert names("a[1]", pattern=True) == ["a[1]"]
    assert names("directory", directory=True) == ["directory"]
    for filename, kw, text in [
        ("nosuch", {}, f"there is no file {tmp_path / 'nosuch'}"),
        ("?1", {}, "there is no file"),
        ("directory", {}, "is not a file"),
        ("a1", {"directory": True}, "is not a directory"),
        ("c*", {"pattern": True}, "no file matches"),
    ]:
        with pytest.raises(ServerError, match="Submit failed: option 'o': ") as caught:
            names(filename, **kw)
        assert text in str(caught.value)


def test_jobs_inside_options_are_listed():
    templates = {"a": JobWithFile, "b": [JobWithFile], "c": {"k": JobWithFile}, "d": None}
    one, two = JobWithFile("test-1", "x"), JobWithFile("test-2", "y")
    result = normalise(declaration(templates), {"a": one, "b": [two, None], "c": {"x": one}, "d": one}, {}, {})
    assert result.option_jobs == ("test-1", "test-2")


def test_an_older_job_gets_the_defaults_of_what_it_lacks():
    templates = {"old": 1, "new": date(2020, 1, 2), "required": OptionString}
    declared = declaration(templates, ("source", ["more"]), ("previous",))
    options, datasets, jobs = fill_defaults(declared, {"old": 5, "gone": 6}, {"source": "test-1"}, {})
    assert list(options.items()) == [("gone", 6), ("new", [2020, 1, 2]), ("old", 5)]
    assert list(datasets.items()) == [("more", []), ("source", "test-1")]
    assert jobs == {"previous": None}


def identity(**values) -> bytes:
    templates = {"any": None, "set": set(), "tuple": (), "dict": {}, "day": date, "number": 1.5}
    return encode(normalise(declaration(templates), values, {}, {}).identity())


def test_identity_is_type_exact_and_blind_to_the_order_of_sets():
    assert len({identity(any=value) for value in (1, 1.0, True, "1", [1], None, "")}) == 7
    assert identity(set={1, 2, "a"}) == identity(set=["a", 2, 1, 2])
    assert identity(tuple=(1, 2)) == identity(tuple=[1, 2])
    assert identity(any=(1, 2)) == identity(any=[1, 2]) != identity(any=[2, 1])
    assert identity(dict={"b": 1, "a": 2}) == identity(dict={"a": 2, "b": 1})
    assert identity(number=float("nan")) == identity(number="nan")
    assert identity(number=0.0) != identity(number=-0.0)
    assert identity(day=date(2020, 1, 2)) == identity(day=[2020, 1, 2])
    assert identity() == identity(number=1.5, any=None)


TEMPLATES = {"any": None, "ints": {int}, "days": [date], "tree": {"k": {"k": set()}}, "text": "x", "d": {}}
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "any": st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4),
        "ints": st.sets(st.integers(), max_size=4),
        "days": st.lists(st.dates(), max_size=3),
        "tree": st.dictionaries(
            st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.sets(st.integers(), max_size=3), max_size=2)
        ),
        "text": st.text(max_size=5),
        "d": st.dictionaries(st.text(max_size=3), SCALARS, max_size=3),
    },
)


@given(REQUESTS)
def test_what_a_method_sees_asks_for_the_same_job_again(values):
    """Normalise, restore, normalise: nothing changes, and the key stays: a job can be rebuilt from its parameters."""
    declared = declaration(TEMPLATES)
    first = normalise(declared, values, {}, {})
    seen = restore(first.options, first.typing)
    second = normalise(declared, seen, {}, {})
    assert second == first
    assert encode(second.identity()) == encode(first.identity())
    assert restore(second.options, second.typing) == seen
    assert pickle.loads(pickle.dumps(first)) == first
