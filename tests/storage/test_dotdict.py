import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator import DotDict


def test_items_are_attributes():
    d = DotDict(a=1)
    d.b = 2
    d["c"] = 3
    del d.a

    assert (d.b, d.c) == (2, 3)
    assert d == {"c": 3, "b": 2}
    assert list(d) == ["b", "c"]


@pytest.mark.parametrize("name", ["missing", "_hidden", "__len"])
def test_what_is_no_item_is_no_attribute(name):
    d = DotDict({"_hidden": 1})

    with pytest.raises(AttributeError):
        getattr(d, name)
    with pytest.raises(AttributeError):
        delattr(d, name)
    assert d == {"_hidden": 1}


def test_names_with_underscore_cannot_be_set_as_attributes():
    d = DotDict()
    with pytest.raises(AttributeError):
        d._x = 1
    assert not d


def test_names_of_dict_methods_are_items_only():
    d = DotDict(items=1)
    d.keys = 2

    assert (d["items"], d["keys"]) == (1, 2)
    assert list(d.items()) == [("items", 1), ("keys", 2)]


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_copies_and_pickles(items):
    d = DotDict(items)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(d, protocol))
        assert (type(back), list(back.items())) == (DotDict, list(d.items()))
    for other in (d.copy(), copy.copy(d), copy.deepcopy(d)):
        assert (type(other), other) == (DotDict, d)
    assert json.loads(json.dumps(d)) == items
