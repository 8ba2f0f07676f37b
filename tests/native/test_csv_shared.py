"""Columns that the CSV splitter gives as indices and texts, and what it reads from files itself."""

import os
from itertools import cycle, islice

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator._native import CsvSplitter


def column(given):
    """Return the values of a column as the splitter gives it, and how many distinct texts it has (None: all rows)."""
    if not isinstance(given, tuple):
        return pa.array(given).to_pylist(), None
    indices, texts = map(pa.array, given)
    assert texts.type == pa.binary()
    assert len(set(texts.to_pylist())) == len(texts)
    return pa.DictionaryArray.from_arrays(indices, texts).to_pylist(), len(texts)


def groups(data, columns, limit, *, share=True):
    """Yield the columns of each group of rows."""
    splitter = CsvSplitter(columns, list(range(columns)), quote=34, limit_rows=limit, share=share)
    splitter.feed(data)
    while splitter.full:
        yield list(map(column, splitter.take()[0]))
        splitter.feed(b"")
    while not splitter.finish():
        yield list(map(column, splitter.take()[0]))
    yield list(map(column, splitter.take()[0]))


def text_of(values):
    return b"".join(b'"' + value.replace(b'"', b'""') + b'"\n' for value in values)


# Texts around the sizes that are compared in one, two, and many steps; with zeros and quotes.
SIZES = st.sampled_from([0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100])
TEXTS = st.builds(lambda size, byte, last: (byte * size + last)[: max(size, 1)], SIZES,
                  st.sampled_from([b"a", b"\0", b'"']), st.sampled_from([b"", b"b", b"\0"]))  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=120), st.integers(1, 40))
def test_same_values_as_unshared(values, limit):
    shared = [value for ((values, _),) in groups(text_of(values), 1, limit) for value in values]

    assert shared == values


@pytest.mark.parametrize("size", [1, 8, 9, 16, 17, 300])
def test_repetitive_texts_come_once(size):
    texts = [bytes([65 + number % 26]) * (size - 1) + bytes([65 + number // 26]) for number in range(40)]
    values = list(islice(cycle(texts), 8000))

    first, second, rest = groups(text_of(values), 1, 4000)

    assert first == second == [(values[:4000], len(set(texts)))]
    assert rest[0][0] == []


def test_texts_that_hardly_repeat_come_as_they_are():
    """Decided early, from the first rows; or when it shows, in a group that began otherwise."""
    early = [b"%d" % number for number in range(4096)]
    late = [b"x"] * 1024 + [b"%d" % number for number in range(3072)]
    first, second = [list(groups(text_of(values * 2), 1, 4096)) for values in (early, late)]

    assert [distinct for ((_, distinct),) in first[:2]] == [None, None]
    assert [distinct for ((_, distinct),) in second[:2]] == [None, None]
    assert [got for ((got, _),) in second[:2]] == [late, late]


def test_many_distinct_texts_with_every_other_new():
    values = [b"number %d of many" % (number // 3 * 7919 % 100_003) for number in range(60_000)]
    ((got, distinct),), *_ = groups(text_of(values), 1, 60_000)

    assert got == values
    assert distinct == 20_000


def test_more_than_a_dictionary_may_hold_comes_as_it_is():
    values = [b"%d" % (number % 50) * 100_000 for number in range(400)]
    ((got, distinct),), *_ = groups(text_of(values), 1, 400)

    assert got == values
    assert distinct is None


def test_each_column_for_itself():
    lines = b"".join(b'%d,"%d""",c\n' % (number, number % 5) for number in range(2048))
    first, second, *_ = groups(lines, 3, 1024)

    assert [distinct for _, distinct in first] == [None, 5, 1]
    assert [distinct for _, distinct in second] == [None, 5, 1]
    assert second[1][0][:2] == [b'4"', b'0"']


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_reading_a_file(tmp_path, size):
    path = tmp_path / "lines.csv"
    path.write_bytes(b"1,2\n3,4\n5,6")
    splitter = CsvSplitter(2, [0, 1])
    with path.open("rb", buffering=0) as file:
        read = list(iter(lambda: splitter.feed_from(file.fileno(), size), 0))
    splitter.finish()

    assert sum(read) == 11
    assert max(read) <= size
    assert [column(each)[0] for each in splitter.take()[0]] == [[b"1", b"3", b"5"], [b"2", b"4", b"6"]]


def test_reading_what_cannot_be_read(tmp_path):
    splitter = CsvSplitter(1, [0])
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(IsADirectoryError):
            splitter.feed_from(directory, 10)
    finally:
        os.close(directory)
