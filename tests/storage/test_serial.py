import io
import json
import math
import pickle
import pickletools
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator import DotDict
from accelerator.storage.serial import json_decode, json_encode, pickle_dumps, pickle_load, pickle_loads

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values, st.booleans())
def test_json_round_trip(value, sort_keys):
    data = json_encode(value, sort_keys)

    assert data.isascii()
    assert json_decode(data) == value
    assert json_encode(value, sort_keys, as_str=True) == data.decode()


def test_json_form():
    value = OrderedDict([("b", (1, {2})), ("a", math.nan), (3, None)])

    assert json_encode(value, sort_keys=False) == (
        b'{\n    "b": [\n        1,\n        [\n            2\n        ]\n    ],\n    "a": NaN,\n    "3": null\n}'
    )


def test_equal_sets_give_equal_text():
    assert json_encode({f"x{i}" for i in range(50)}) == json_encode({f"x{i}" for i in reversed(range(50))})
    assert sorted(json.loads(json_encode({1, "a"})), key=str) == [1, "a"]


@pytest.mark.parametrize("value", [b"x", {b"x": 1}, frozenset([1]), range(3), 1j, {"a": [object()]}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError):
        json_encode(value)


def test_the_truth_of_sort_keys_is_asked_once():
    class Once:
        asked = 0

        def __bool__(self):
            self.asked += 1
            return True

    once = Once()
    json_encode({"a": {"b": {"c": 1}}}, once)
    assert once.asked == 1


def test_json_objects_become_dotdicts():
    value = json_decode('{"a": [{"b": "å"}]}')

    assert value.a[0].b == "å"
    assert type(value.a[0]) is DotDict
    assert json_decode('{"a": ["å", 1]}', unicode_as_utf8bytes=True) == {b"a": ["å".encode(), 1]}


def test_pickles_are_of_protocol_2():
    value = {"a": [1, {2}, "å"], "b": 1.5}
    data = pickle_dumps(value)

    assert max(opcode.proto for opcode, _, _ in pickletools.genops(data)) == 2
    assert pickle_loads(data) == value
    # what Python 2 called str is bytes, if nothing else is asked for
    old = pickle.dumps(b"x", 2).replace(b"c_codecs\nencode", b"c_codecs\nencode")
    assert pickle_loads(old) == b"x"
    assert pickle_loads(b"U\x01\xe5.") == b"\xe5"
    assert pickle_load(io.BytesIO(b"U\x01\xe5."), encoding="latin-1") == "å"
