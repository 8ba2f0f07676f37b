"""merge_auto, by the table in spec jobs.md §5.4."""

from collections import Counter, OrderedDict, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.engine.merge import merge_auto


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ([1, 2, 3], 6),
        ([True, True], 2),
        ([1, 2.5, 1j], 3.5 + 1j),
        ([[1], [], [2, 3]], [1, 2, 3]),
        ([{1}, {2}, {1}], {1, 2}),
        ([{"a": 1}, {"b": 2}], {"a": 1, "b": 2}),
        ([{"a": {1}}, {"a": {2}, "b": {3}}], {"a": {1, 2}, "b": {3}}),
        (
            [{"a": {"x": {"k": 1}}}, {"a": {"x": {"l": 2}, "y": {"k": 3}}}],
            {"a": {"x": {"k": 1, "l": 2}, "y": {"k": 3}}},
        ),
        ([Counter("ab"), Counter("a")], Counter("aab")),
        ([{"a": Counter("x")}, {"a": Counter("xy")}], {"a": Counter("xxy")}),
        ([None, {"a": 1}, None, {"b": 2}, {}], {"a": 1, "b": 2}),
        ([None, {}, set()], set()),
        ([None, None], None),
        ([{}, Counter("a"), Counter("a")], Counter("aa")),
    ],
)
def test_merged(values, merged):
    found = merge_auto(values)
    assert found == merged
    assert type(found) is type(merged)


@pytest.mark.parametrize("kind", [OrderedDict, lambda items: defaultdict(int, items)])
def test_the_first_container_is_kept(kind):
    first = kind({"a": 1})
    assert merge_auto([first, {"b": 2}]) is first


@pytest.mark.parametrize("values", [["a", "b"], [frozenset({1}), frozenset({2})], [b"x"], [{"a": {}}, {"a": {1: 2}}]])
def test_what_cannot_be_merged(values):
    with pytest.raises(Exception, match="merge"):
        merge_auto(values)


def test_keys_that_occur_twice():
    values = [{"a": {"k": 1}}, {"a": {"k": 2}}]
    with pytest.raises(Exception, match=r": Duplicate key 'k' \(index 3\)"):
        merge_auto(values, index=3)
    assert merge_auto(values, allow_overwrite=True) == {"a": {"k": 2}}


@pytest.mark.parametrize("values", [[{1}, {1}], [Counter("a"), Counter("a")]])
def test_overwriting_can_be_forbidden_everywhere(values):
    with pytest.raises(Exception, match="Duplicate key"):
        merge_auto(values, allow_overwrite=False)


names = st.sampled_from("abcde")
numbers = st.sets(st.integers(0, 5), max_size=3)


@given(st.lists(st.dictionaries(names, st.dictionaries(names, numbers, min_size=1)), min_size=1, max_size=4))
def test_two_levels_of_sets_become_their_union(values):
    expected: dict = {}
    for value in values:
        for outer, inner in value.items():
            for key, numbers in inner.items():
                expected.setdefault(outer, {}).setdefault(key, set()).update(numbers)
    assert merge_auto([{o: {k: set(n) for k, n in i.items()} for o, i in v.items()} for v in values]) == expected
