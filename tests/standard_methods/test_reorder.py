"""Putting rows in order in bounded memory."""

import random

import numpy as np
import pyarrow as pa
import pytest

from accelerator.standard_methods.reorder import in_order, merged
from accelerator.standard_methods.roundrobin import RoundRobin


def shuffled(rows, piece):
    places = list(range(rows))
    random.Random(rows).shuffle(places)
    for start in range(0, rows, piece):
        own = places[start : start + piece]
        yield pa.record_batch({"rank": [f"row {place}" for place in own], "": own}), np.array(own)


@pytest.mark.parametrize("memory", [1 << 26, 2000, 100])
@pytest.mark.parametrize(("rows", "piece"), [(0, 10), (1, 10), (1000, 7), (1000, 400)])
def test_rows_come_in_order(tmp_path, memory, rows, piece):
    got = list(in_order(shuffled(rows, piece), rows, tmp_path, memory))
    assert [value for batch in got for value in batch.column(1).to_pylist()] == list(range(rows))
    assert all(batch.schema.names == ["rank", ""] for batch in got)
    assert not list(tmp_path.iterdir()), "temporary files are gone"


@pytest.mark.parametrize("streams", [1, 2, 5])
@pytest.mark.parametrize("rows", [0, 1, 3, 1000])
def test_streams_are_merged(streams, rows):
    rng = random.Random(rows)
    dealt = [[] for _ in range(streams)]
    for place in range(rows):
        rng.choice(dealt).append(place)

    def stream(places):
        while places:
            count = rng.randrange(1, 50)
            own, places = places[:count], places[count:]
            yield pa.record_batch({"x": own}), np.array(own)

    got = [value for batch in merged([stream(own) for own in dealt]) for value in batch.column(0).to_pylist()]
    assert got == list(range(rows))


def test_one_row_larger_than_memory(tmp_path):
    pieces = [
        (pa.record_batch({"x": ["b" * 100]}), np.array([1])),
        (pa.record_batch({"x": ["a" * 100]}), np.array([0])),
    ]
    got = [value for batch in in_order(pieces, 2, tmp_path, 10) for value in batch.column(0).to_pylist()]
    assert got == ["a" * 100, "b" * 100]


@pytest.mark.parametrize("lines", [[], [0], [5], [3, 0, 7], [0, 0, 1], [4, 4, 4], [1, 2, 3, 4, 0, 9]])
def test_turns(lines):
    waiting = [[(sliceno, row) for row in range(count)] for sliceno, count in enumerate(lines)]
    expected = []
    while any(waiting):
        expected += [rows.pop(0) for rows in waiting if rows]
    turns = RoundRobin(lines)

    for sliceno, count in enumerate(lines):
        assert turns.positions(sliceno, 0, count).tolist() == [expected.index((sliceno, row)) for row in range(count)]
        for start in range(len(expected) + 1):
            for stop in range(start, len(expected) + 1):
                own = [row for other, row in expected[start:stop] if other == sliceno]
                first, end = turns.rows_between(sliceno, start, stop)
                assert list(range(first, end)) == own
    assert turns.edges == [sum(lines[:sliceno]) for sliceno in range(len(lines) + 1)]
