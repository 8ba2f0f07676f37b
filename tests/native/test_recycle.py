"""Values that nobody holds any more become the next ones: whoever holds one must never see it change."""

import sys
from collections import deque
from datetime import date, datetime, time, timedelta
from random import Random

import pyarrow as pa
import pytest

from accelerator._native import Rows

ROWS = 3000
random = Random(7)


def text(alphabets):
    return "".join(random.choices(random.choice(alphabets), k=random.randrange(70)))


MAKE = {
    "int32": (pa.int32(), lambda: random.choice([random.randrange(-400, 400), random.randrange(-(2**31), 2**31)])),
    "int64": (pa.int64(), lambda: random.choice([random.randrange(-300, 300), random.randrange(-(2**63), 2**63)])),
    "float64": (pa.float64(), lambda: random.choice([random.random(), -0.0, float("inf")])),
    "bool": (pa.bool_(), lambda: random.random() < 0.5),
    "date": (pa.date32(), lambda: date(1, 1, 1) + timedelta(random.randrange(3_652_059))),
    "time": (
        pa.time64("us"),
        lambda: time(random.randrange(24), random.randrange(60), random.randrange(60), random.randrange(10**6)),
    ),
    "datetime": (
        pa.timestamp("us"),
        lambda: datetime(1, 1, 1) + timedelta(random.randrange(3_652_059), 0, random.randrange(86_400_000_000)),
    ),
    "bytes": (pa.binary(), lambda: random.randbytes(random.randrange(300))),
    "unicode": (pa.string(), lambda: text(["ab", "aåü", "a☃łé", "a😀☃é"])),
}


@pytest.fixture(scope="module")
def made():
    columns = {
        name: [None if random.random() < 0.1 else make() for _ in range(ROWS)] for name, (_, make) in MAKE.items()
    }
    arrays = [pa.array(values, type=MAKE[name][0]) for name, values in columns.items()]
    return pa.RecordBatch.from_arrays(arrays, list(columns)), list(zip(*columns.values(), strict=True))


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 1])
def test_what_is_kept_stays_as_it_is(made, share):
    batch, expected = made
    kept = []
    for number, row in enumerate(Rows(iter([batch, batch]), list(MAKE), False)):
        wanted = expected[number % ROWS]
        assert row == wanted
        assert hash(row) == hash(wanted)  # no hash is left of the value before
        # Uses that leave marks in a str: a copy in UTF-8, and a place among the interned without a reference.
        word = row[-1]
        if word and random.random() < 0.2:
            kept.append((wanted[-1], sys.intern(word)))
        elif word:
            word.encode()
        if random.random() < share:
            kept.append((wanted, row))
        if random.random() < share:
            kept.append((wanted[::2], row[::2]))
    assert all(value == wanted and hash(value) == hash(wanted) for wanted, value in kept)


@pytest.mark.parametrize("name", MAKE)
def test_bare_values(made, name):
    batch, expected = made
    index = list(MAKE).index(name)
    wanted = [row[index] for row in expected]
    single = batch.select([index])
    assert list(Rows(iter([single]), [name], True)) == wanted
    last = deque(Rows(iter([single]), [name], True), maxlen=3)
    assert list(last) == wanted[-3:]
    assert [repr(value) for value in Rows(iter([single]), [name], True)] == [repr(value) for value in wanted]


def test_numbers_and_complex_from_structs():
    number = pa.struct([("int", pa.int64()), ("float", pa.float64()), ("big", pa.binary())])
    big = 2**80
    values = [(k if k % 2 else None, None if k % 2 else k / 3) for k in range(-500, 500)]
    rows = [{"int": i, "float": f, "big": None} for i, f in values]
    rows.append({"int": None, "float": None, "big": big.to_bytes(11, "little", signed=True)})
    batch = pa.RecordBatch.from_arrays([pa.array(rows, type=number)], ["v"])
    wanted = [f if i is None else i for i, f in values] + [big]
    assert [repr(value) for value in Rows(iter([batch]), ["number"], True)] == list(map(repr, wanted))
    # Without big integers, their field may be missing; and batches of both kinds may come in turn.
    small = pa.StructArray.from_arrays(batch.column(0).flatten()[:2], names=["int", "float"])
    small = pa.RecordBatch.from_arrays([small], ["v"])
    turns = Rows(iter([small, batch, small]), ["number"], True)
    assert list(map(repr, turns)) == list(map(repr, [*wanted[:-1], None, *wanted, *wanted[:-1], None]))
    # All as doubles, and which of them are integers; what cannot be one is none.
    exact = pa.struct([("value", pa.float64()), ("is_int", pa.bool_())])
    values = [0.0, -0.0, 1e6, 2.0**53, -(2.0**62), 0.5, 1e300, float("inf"), float("-inf"), 2.0**63] * 50
    rows = [{"value": v, "is_int": k % 3 > 0} for k, v in enumerate(values)] + [None, {"value": None, "is_int": True}]
    batch = pa.RecordBatch.from_arrays([pa.array(rows, type=exact)], ["v"])
    wanted = [int(v) if k % 3 and v.is_integer() and abs(v) < 2**63 else v for k, v in enumerate(values)]
    wanted += [None, None]
    assert [repr(value) for value in Rows(iter([batch]), ["number"], True)] == list(map(repr, wanted))
    assert [repr(value) for (value,) in Rows(iter([batch[7:]]), ["number"])] == list(map(repr, wanted[7:]))
    pair = pa.struct([("re", pa.float64()), ("im", pa.float64())])
    batch = pa.RecordBatch.from_arrays([pa.array([{"re": k, "im": -k} for k in range(100)], type=pair)], ["v"])
    assert [repr(value) for value in Rows(iter([batch]), ["complex64"], True)] == [
        repr(complex(k, -k)) for k in range(100)
    ]
