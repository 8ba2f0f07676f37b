"""Plain pickles are read by the kernel, all others by pickle.loads: nobody sees which."""

import pickle
import pickletools
import re
from collections import OrderedDict
from contextlib import suppress
from datetime import date
from functools import reduce

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accelerator._native import Rows

from .samples import BIG, relaxed

integers = st.integers(-BIG, BIG) | st.integers(-300, 70_000)
atoms = st.none() | st.booleans() | integers | st.floats() | st.text() | st.binary()
hashable = st.recursive(atoms, lambda inner: st.tuples(inner) | st.frozensets(inner, max_size=4), max_leaves=5)
plain = st.recursive(
    atoms | hashable,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
    ),
    max_leaves=20,
)


def read(*pickles):
    return list(Rows([pa.record_batch({"v": pa.array(pickles, pa.binary())})], ["pickle"], True))


def shown(value, depth=50):
    """A text that shows types, signs of zeros and NaN, whatever the order of sets; damage can make endless values."""
    if not isinstance(value, list | tuple | set | frozenset | dict) or not depth:
        return repr(value) if depth else "..."
    if isinstance(value, dict):
        texts = [f"{shown(key, depth - 1)}: {shown(item, depth - 1)}" for key, item in value.items()]
    else:
        texts = [shown(item, depth - 1) for item in value]
    if isinstance(value, set | frozenset):
        texts.sort()
    return f"{type(value).__name__}({', '.join(texts)})"


@relaxed
@given(plain, st.sampled_from(range(pickle.HIGHEST_PROTOCOL + 1)))
def test_values_come_back(value, protocol):
    data = pickle.dumps(value, protocol)
    (found,) = read(data)
    assert shown(found) == shown(value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_one_object_stays_one(protocol):
    shared, loop = ["x"], []
    loop.append(loop)
    (found,) = read(pickle.dumps([shared, shared, loop, "a text", {"a text": shared}], protocol))
    assert found[0] is found[1] is found[4]["a text"]
    assert found[2][0] is found[2]
    first, second = read(*[pickle.dumps(shared, protocol)] * 2)
    assert first == second
    assert first is not second


@pytest.mark.parametrize(
    "value",
    [
        list(range(1000)),
        {k: str(k) for k in range(1000)},
        set(range(500)),
        tuple(range(129)),
        reduce(lambda inner, _: [inner], range(20), [1, 2]),
        "x" * 70_000,
        b"x" * 70_000,
        "\ud800",
        date(2000, 1, 1),
        OrderedDict(a=1),
        [date(2000, 1, 1), "text"],
        2**2000,
    ],
)
def test_what_is_large_or_not_plain(value):
    assert read(pickle.dumps(value, 4), pickle.dumps([value, 1], 4)) == [value, [value, 1]]


# What may run here: nothing that imports, calls, or asks for much memory.
HARMLESS = re.compile(
    "PROTO|FRAME|STOP|MARK|MEMOIZE|BINPUT|BINGET|POP|DUP|NONE|NEWTRUE|NEWFALSE|BININT[12]?|LONG1|BINFLOAT"
    "|(SHORT_)?BIN(UNICODE|BYTES)|(EMPTY_)?TUPLE[123]?|EMPTY_(LIST|DICT|SET)|APPENDS?|SETITEMS?|ADDITEMS|FROZENSET"
)


def test_frames_that_are_longer_than_the_data():
    data = b"\x80\x04\x95" + (3).to_bytes(8, "little") + b"K\x05."
    assert read(data) == [5]
    with pytest.raises(pickle.UnpicklingError):
        read(data.replace(b"\x03", b"\x04"))


@relaxed
@given(plain, st.data())
def test_damaged_pickles_are_read_as_pickle_does(value, data):
    damaged = bytearray(pickle.dumps(value, 4))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(damaged[: data.draw(st.integers(2, len(damaged)))])
    codes = pickletools.genops(damaged)
    with suppress(ValueError):  # what came before was harmless, and there it ends
        assume(all(HARMLESS.fullmatch(code.name) for code, _, _ in codes))
    try:
        expected = pickle.loads(damaged)
    except Exception as error:  # noqa: BLE001 - whatever pickle says
        with pytest.raises(type(error)):
            read(damaged)
    else:
        assert shown(read(damaged)[0]) == shown(expected)
