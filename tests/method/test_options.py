import copy
import doctest
import pickle

import pytest

from accelerator.method import options
from accelerator.method.options import (
    OptionDefault,
    OptionEnum,
    OptionFile,
    OptionString,
    RequiredOption,
    describe,
)


def test_enum_members_equal_their_strings():
    enum = OptionEnum("a b c*")
    assert (enum.a, enum["b"], enum["cde"]) == ("a", "b", "cde")
    assert "a" in enum
    assert "c anything" in enum
    assert "x" not in enum
    assert 5 not in enum
    assert list(enum) == ["a", "b", "c*"]
    assert OptionEnum("keys values").values == "values"


@pytest.mark.parametrize("values", ["a b", "a, b", "a,b", ["a", "b"], ("a", "b"), iter(["a", "b"])])
def test_enum_can_be_written_in_several_ways(values):
    assert OptionEnum(values) == OptionEnum("a b")


def test_enum_refuses_what_it_does_not_have():
    enum = OptionEnum("a b*")
    with pytest.raises(AttributeError):
        enum.x  # noqa: B018
    with pytest.raises(KeyError):
        enum["x"]
    with pytest.raises(TypeError):
        OptionEnum([1])
    with pytest.raises(ValueError, match="non-empty"):
        OptionEnum([""])


@pytest.mark.parametrize("none_ok", [False, True])
def test_enum_and_member_survive_pickle_and_copy(none_ok):
    enum = OptionEnum("a b*", none_ok=none_ok)
    for restored in (pickle.loads(pickle.dumps(enum)), copy.deepcopy(enum)):
        assert restored == enum
        assert restored.none_ok is none_ok
    member = pickle.loads(pickle.dumps(enum["bcd"]))
    assert member == "bcd"
    assert member.enum == enum
    assert hash(enum) == hash(OptionEnum("a b*", none_ok=none_ok))
    assert enum != OptionEnum("a b*", none_ok=not none_ok)
    assert enum != 5


def test_option_string_is_itself_or_with_an_example():
    assert repr(OptionString) == "OptionString"
    assert repr(OptionString("x")) == "OptionString('x')"
    assert OptionString("x") == "x"
    restored = pickle.loads(pickle.dumps(OptionString("x")))
    assert repr(restored) == "OptionString('x')"


def test_wrappers_survive_pickle():
    required = pickle.loads(pickle.dumps(RequiredOption(int, none_ok=True)))
    assert (required.value, required.none_ok) == (int, True)
    default = pickle.loads(pickle.dumps(OptionDefault([int], [1])))
    assert (default.value, default.default) == ([int], [1])
    file = pickle.loads(pickle.dumps(OptionFile(none_ok=True, directory=True, multiple=True)))
    assert (file.none_ok, file.directory, file.multiple) == (True, True, True)


def test_option_file_cannot_be_changed():
    with pytest.raises(AttributeError, match="none_ok"):
        OptionFile().none_ok = True


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (int, "int"),
        ([int], "[int]"),
        ((int,), "(int,)"),
        ((int, 1), "(int, 1)"),
        ({int}, "{int}"),
        (set(), "set()"),
        ({"a": [str]}, "{'a': [str]}"),
        ("x", "'x'"),
        (None, "None"),
        (OptionEnum("a b", none_ok=True), "OptionEnum('a b', none_ok=True)"),
        (OptionEnum("a b").a, "'a'"),
        (RequiredOption(int), "RequiredOption(int)"),
        (RequiredOption(int, none_ok=True), "RequiredOption(int, none_ok=True)"),
        (OptionDefault(int, 3), "OptionDefault(int, default=3)"),
        (OptionFile(), "OptionFile()"),
        (OptionFile(none_ok=True, directory=True), "OptionFile(none_ok=True, directory=True)"),
    ],
)
def test_describe_writes_templates_as_their_author_would(template, text):
    assert describe(template) == text


def test_examples_in_docstrings_are_true():
    assert doctest.testmod(options) == (0, 2)
