import ctypes
import gc
import sys
import threading
import weakref
from datetime import UTC, date, datetime, time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, Rows

from .samples import EXAMPLES, VALUES, relaxed, same


def batch(*arrays):
    return pa.RecordBatch.from_arrays(list(arrays), [str(k) for k in range(len(arrays))])


def column(coltype, values):
    builder = ColumnBuilder(coltype, True)
    for value in values:
        builder.write(value)
    return pa.array(builder.take())


@relaxed
@given(st.lists(st.tuples(*(VALUES[name] | st.none() for name in sorted(VALUES))), max_size=5), st.integers(0, 5))
def test_all_types_side_by_side(rows, cut):
    names = sorted(VALUES)
    arrays = [column(name, [row[k] for row in rows]) for k, name in enumerate(names)]
    whole = batch(*arrays)
    found = list(Rows([whole[:cut], whole[cut:]], names))
    assert len(found) == len(rows)
    for row, expected in zip(found, rows, strict=True):
        assert type(row) is tuple
        assert all(map(same, row, expected))


@pytest.mark.parametrize("coltype", sorted(VALUES))
def test_sliced_arrays(coltype):
    values = [*EXAMPLES[coltype], None] * 3
    array = column(coltype, values)
    for start in range(len(values)):
        found = list(Rows([batch(array[start : start + 9])], [coltype], True))
        assert all(map(same, found, values[start : start + 9]))


def test_a_sliced_struct_batch():
    array = pa.StructArray.from_arrays([pa.array([1, None, 3, 4]), pa.array(["a", "b", None, "d"])], ["x", "y"])
    assert list(Rows([array[1:3]], ["int64", "unicode"])) == [(None, "b"), (3, None)]
    nested = pa.StructArray.from_arrays([column("number", [1, 2.5, 2**70, None])], ["x"])
    assert list(Rows([nested[1:]], ["number"], True)) == [2.5, 2**70, None]


@pytest.mark.parametrize(
    ("coltype", "array", "expected"),
    [
        ("unicode", pa.array(["a", None, "ä"], pa.large_string()), ["a", None, "ä"]),
        ("bytes", pa.array([b"a", None], pa.large_binary()), [b"a", None]),
        ("unicode", pa.array([b"a", b"\xc3\xa4"]), ["a", "ä"]),
        ("json", pa.array(['{"a": 1}', None, " [1] "]), [{"a": 1}, None, [1]]),
        ("datetime", pa.array([0, None], pa.timestamp("us")), [datetime(1970, 1, 1), None]),
        ("datetime", pa.array([0], pa.timestamp("us", "+01:00")), [datetime(1970, 1, 1, tzinfo=UTC)]),
        ("number", pa.array([1, None]), [1, None]),
        ("number", pa.array([1.0, None]), [1.0, None]),
        ("number", pa.array([1], pa.int32()), [1]),
        ("int64", pa.array([1], pa.int32()), [1]),
        ("float64", pa.array([0.5], pa.float32()), [0.5]),
        ("int64", pa.nulls(2), [None, None]),
        ("unicode", pa.nulls(1), [None]),
        ("bool", pa.array([True, None, False]), [True, None, False]),
    ],
)
def test_layouts_of_others(coltype, array, expected):
    found = list(Rows([batch(array)], [coltype], True))
    assert all(map(same, found, expected))


@pytest.mark.parametrize(
    "index_type", [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64()]
)
def test_strings_of_a_dictionary_are_shared(index_type):
    text = pa.array(["long enough", "ä", None])
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0, 2], index_type), text)
    found = list(Rows([batch(array)], ["unicode"], True))
    assert found == ["long enough", "ä", None, "long enough", None]
    assert found[0] is found[3]


def test_strings_of_a_dictionary_are_shared_over_batches(tmp_path):
    table = pa.table({"x": [f"text {k % 3}" for k in range(1000)]})
    pq.write_table(table, tmp_path / "x.parquet", use_dictionary=True)
    file = pq.ParquetFile(tmp_path / "x.parquet", read_dictionary=["x"])
    found = list(Rows(file.iter_batches(batch_size=100), ["unicode"], True))
    assert found == table.column(0).to_pylist()
    whole = pa.array(["a", "b", "c"]).dictionary_encode()
    found = list(Rows([batch(whole[:2]), batch(whole.take([0, 2]))], ["unicode"], True))
    assert found == ["a", "b", "a", "c"]


def test_json_of_a_dictionary_is_not_shared():
    array = pa.array(["[1]", "[1]"]).dictionary_encode()
    one, other = Rows([batch(array)], ["json"], True)
    assert one == other == [1]
    assert one is not other


def test_other_dictionaries_are_told_apart():
    def batches():
        for k in range(100):
            yield batch(pa.array([f"a{k}", f"b{k}"]).dictionary_encode())

    found = list(Rows(batches(), ["unicode"], True))
    assert found == [f"{letter}{k}" for k in range(100) for letter in "ab"]


def test_all_nan_are_one_object():
    nan = float("nan")
    arrays = [column(name, [nan, -nan]) for name in ("float32", "float64", "number")]
    found = [
        value
        for array, name in zip(arrays, ("float32", "float64", "number"), strict=True)
        for value in Rows([batch(array)], [name], True)
    ]
    found += [value for value in Rows([batch(column("number", [nan, 1]))], ["number"], True) if value != 1]
    assert len({id(value) for value in found}) == 1
    assert [nan][0] != nan
    assert found[:1] == found[1:2]


def test_rows_that_are_kept_stay_as_they_are():
    array = pa.array(range(1000, 1100))
    rows = Rows([batch(array, array)], ["int64", "int64"])
    kept = [row for row in rows if row[0] % 3 == 0]
    assert kept == [(k, k) for k in range(1000, 1100) if k % 3 == 0]


def test_a_tuple_used_again_has_a_hash_of_its_own():
    array = pa.array(range(1000, 1010))
    hashes = [hash(row) for row in Rows([batch(array)], ["int64"])]
    assert hashes == [hash((k,)) for k in range(1000, 1010)]


def test_rows_of_atoms_are_no_business_of_the_collector():
    array = pa.array([1000])
    assert not gc.is_tracked(next(Rows([batch(array)], ["int64"])))
    assert gc.is_tracked(next(Rows([batch(pa.array(["[1]"]))], ["json"])))


def test_position_counts_rows_handed_out():
    array = pa.array(range(10))
    rows = Rows([batch(array[:4]), batch(array[4:])], ["int64"])
    assert rows.position == 0
    for k, _ in enumerate(rows):
        assert rows.position == k + 1
    rows.position = 0
    assert list(rows) == []
    assert rows.position == 0


def test_filters_see_the_values_in_order_and_nothing_else_is_made():
    asked = []

    def keeps(name, verdict):
        def ask(value):
            asked.append((name, value))
            return verdict(value)

        return ask

    values = batch(pa.array(range(1000, 1006)), pa.array(["", "b", "c", "", "e", "f"]), pa.array(["{"] * 5 + ["[1]"]))
    filters = {1: None, 0: keeps("even", lambda value: value % 2 == 0)}
    rows = Rows([values[:5], values[5:]], ["int64", "unicode", "bytes"], False, filters)
    assert next(rows) == (1002, "c", b"{")
    assert rows.position == 3
    assert list(rows) == [(1004, "e", b"{")]
    assert rows.position == 6
    assert asked == [("even", 1001), ("even", 1002), ("even", 1004), ("even", 1005)]
    # What is not asked for is not decoded where the row is left out anyway: most of these are no JSON.
    assert list(Rows([values], ["int64", "unicode", "json"], False, {0: lambda value: value == 1005})) == [
        (1005, "f", [1])
    ]


def test_values_that_a_filter_keeps_do_not_change():
    numbers = [1000 + k for k in range(500)]
    kept = []

    def keep(value):
        kept.append(value)
        return value % 3

    rows = list(Rows([batch(pa.array(numbers), pa.array(numbers))], ["int64", "int64"], False, {0: keep}))
    assert kept == numbers
    assert rows == [(number, number) for number in numbers if number % 3]


def test_an_error_of_a_filter_passes_and_the_next_row_follows():
    def fail(value):
        return 1 // (value - 2)

    rows = Rows([batch(pa.array([1, 2, 3]), pa.array([4, 5, 6]))], ["int64", "int64"], False, {0: fail})
    assert next(rows) == (1, 4)
    with pytest.raises(ZeroDivisionError):
        next(rows)
    assert rows.position == 2
    assert list(rows) == [(3, 6)]

    class Undecided:
        def __bool__(self):
            raise LookupError("undecided")

    with pytest.raises(LookupError, match="undecided"):
        next(Rows([batch(pa.array([1]))], ["int64"], False, {0: lambda _: Undecided()}))


def test_rows_cannot_be_asked_by_their_own_filter():
    rows = Rows([batch(pa.array([1, 2]))], ["int64"], False, {0: lambda _: next(rows)})
    with pytest.raises(ValueError, match="already"):
        next(rows)


def test_filters_that_do_not_fit():
    values = batch(pa.array([1, 2]))
    for bare, filters in [(False, {1: None}), (True, {0: None})]:
        with pytest.raises(ValueError, match="filters"):
            Rows([values], ["int64"], bare, filters)
    with pytest.raises(ValueError, match="one at a time"):
        Rows([values], ["int64"], False, {0: None}).next_block(2)


# Pieces of UTF-8: at the ends of each range of characters; and what is none.
GOOD = [text.encode() for text in ["a", "zz", *"\0\x7f\x80åÿĀ߿ࠀ☃\ud7ff\ue000\uffff"]]
BAD = [
    *(b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xe2\x98", b"\xe0\x9f\xbf", b"\xed\xa0\x80"),
    *(b"\xf0\x9f", b"\xf8", b"\xff", b"\xc3\xc3\xa5", b"\xe2\xe2\x98\x83"),
]


# A column of type ascii may hold other text, written by others or damaged: a str marked as ASCII must not come of it.
@pytest.mark.parametrize("coltype", ["ascii", "unicode"])
@relaxed
@given(st.lists(st.sampled_from(GOOD) | st.sampled_from([*GOOD, *BAD, "😀".encode()]), max_size=40), st.integers(0, 70))
def test_text_is_what_the_codec_makes_of_it(coltype, pieces, cut):
    encoded = [b"".join(pieces), b"".join(pieces)[:cut], b"".join(pieces[1:]) + b"a", b"x" * 40]
    for values in (encoded, encoded[:1], encoded[2:]):
        rows = Rows([batch(pa.array(values, pa.binary()).view(pa.string()))], [coltype], True)
        for value in values:
            try:
                expected = value.decode()
            except UnicodeDecodeError:
                with pytest.raises(UnicodeDecodeError):
                    next(rows)
            else:
                found = next(rows)
                assert found == expected
                assert found.isascii() == expected.isascii()
                assert sys.getsizeof(found) == sys.getsizeof(expected)  # of the same kind


def test_blocks():
    array = pa.array(range(10))
    rows = Rows([batch(array[:4]), batch(array[4:4]), batch(array[4:])], ["int64"], True)
    assert [rows.next_block(3) for _ in range(5)] == [[0, 1, 2], [3], [4, 5, 6], [7, 8, 9], []]
    assert rows.position == 10
    assert rows.next_block(1) == []
    rows = Rows([batch(array, array)], ["int64", "int64"])
    assert rows.next_block(2) == [(0, 0), (1, 1)]
    assert next(rows) == (2, 2)
    for bad in (0, -1):
        with pytest.raises(ValueError):
            rows.next_block(bad)
    with pytest.raises(TypeError):
        rows.next_block("1")


def test_batches_are_asked_for_when_needed_and_released_when_done():
    alive = weakref.WeakSet()

    class Batch:
        def __init__(self, first):
            self.batch = batch(pa.array([first, first + 1]))
            alive.add(self)

        def __arrow_c_array__(self, requested_schema=None):
            return self.batch.__arrow_c_array__()

    asked = []

    def source():
        for k in range(3):
            asked.append(k)
            yield Batch(k * 10)

    rows = Rows(source(), ["int64"], True)
    assert asked == []
    assert next(rows) == 0
    assert asked == [0]
    assert next(rows) == 1
    assert asked == [0]
    assert list(rows) == [10, 11, 20, 21]
    assert not alive
    before = pa.total_allocated_bytes()
    big = batch(pa.array(range(100_000)))
    rows = Rows(iter([big]), ["int64"], True)
    del big
    assert pa.total_allocated_bytes() > before
    assert sum(1 for _ in rows) == 100_000
    assert pa.total_allocated_bytes() == before


def test_errors_of_the_source_come_through_after_its_rows():
    def source():
        yield batch(pa.array([1]))
        raise KeyError("mine")

    rows = Rows(source(), ["int64"], True)
    assert next(rows) == 1
    with pytest.raises(KeyError, match="mine"):
        next(rows)
    assert list(rows) == []


def test_no_rows():
    assert list(Rows([], ["int64"])) == []
    assert list(Rows([batch(pa.array([], pa.int64()))], ["int64"])) == []
    assert list(Rows([], [])) == []


def test_coming_in_again_is_an_error():
    def source():
        yield batch(pa.array([1]))
        next(rows)

    rows = Rows(source(), ["int64"], True)
    assert next(rows) == 1
    with pytest.raises(ValueError, match="already"):
        next(rows)


class CallBack:
    target = None

    def __reduce__(self):
        return call_back, ()


def call_back():
    return next(CallBack.target)


def test_pickled_code_cannot_come_in():
    rows = CallBack.target = Rows([batch(column("pickle", [CallBack()]))], ["pickle"], True)
    with pytest.raises(ValueError, match="already"):
        next(rows)
    CallBack.target = None


@pytest.mark.parametrize(
    ("coltype", "array"),
    [
        ("int32", pa.array([1])),
        ("int64", pa.array([1.5])),
        ("int64", pa.array([1], pa.uint64())),
        ("bool", pa.array([1])),
        ("unicode", pa.array([1])),
        ("bytes", pa.array([[1]])),
        ("date", pa.array([1])),
        ("datetime", pa.array([1], pa.timestamp("ns"))),
        ("time", pa.array([1], pa.time32("s"))),
        ("complex64", pa.array([1.5])),
        ("time", pa.array([{"value": 1, "flags": 2}])),
        ("unicode", pa.array([1, 2]).dictionary_encode()),
    ],
)
def test_other_arrow_types_are_refused(coltype, array):
    with pytest.raises(TypeError):
        next(Rows([batch(array)], [coltype]))


@pytest.mark.parametrize(
    ("coltype", "array"),
    [
        ("date", pa.array([2932897], pa.date32())),
        ("date", pa.array([-719163], pa.date32())),
        ("date", pa.array([2**31 - 1, -(2**31)], pa.date32())),
        ("datetime", pa.array([2**63 - 1], pa.timestamp("us"))),
        ("datetime", pa.array([-(2**63)], pa.timestamp("us"))),
        ("time", pa.array([86_400_000_000], pa.time64("us"))),
        ("time", pa.array([-1], pa.time64("us"))),
        ("unicode", pa.array([b"\xff\xff"])),
        ("unicode", pa.array([b"abcd\xed\xa0\x80"])),
        ("unicode", pa.array([b"abc\xc0\x80"])),
        ("unicode", pa.array([b"abc\xe0\x80\x80"])),
        ("unicode", pa.array([b"abcd\xc3"])),
        ("json", pa.array(["{"])),
        ("json", pa.array(["1 2"])),
        ("json", pa.array([""])),
    ],
)
def test_values_that_no_column_has(coltype, array):
    rows = Rows([batch(array)], [coltype], True)
    for _ in range(len(array)):
        with pytest.raises(ValueError):
            next(rows)
    assert list(rows) == []


def test_a_failing_row_leaves_the_others_alone():
    numbers, dates = pa.array([1000, 1001, 1002]), pa.array([0, 2**31 - 1, 1], pa.date32())
    rows = Rows([batch(numbers, dates)], ["int64", "date"])
    assert tuple(next(rows)) == (1000, date(1970, 1, 1))
    with pytest.raises(ValueError):
        next(rows)
    assert next(rows) == (1002, date(1970, 1, 2))


@pytest.mark.parametrize(
    ("batches", "types", "bare", "error"),
    [
        ([1], ["int64"], False, AttributeError),
        ([pa.array([1])], ["int64"], False, TypeError),
        ([batch(pa.array([1]), pa.array([2]))], ["int64"], False, TypeError),
        ([pa.array([{"a": 1}, None])], ["int64"], False, ValueError),
    ],
)
def test_bad_batches(batches, types, bare, error):
    with pytest.raises(error):
        next(Rows(batches, types, bare))


@pytest.mark.parametrize(
    ("batches", "types", "bare", "error"),
    [
        (1, ["int64"], False, TypeError),
        ([], ["nonsense"], False, ValueError),
        ([], [1], False, ValueError),
        ([], 5, False, TypeError),
        ([], [], True, ValueError),
        ([], ["int64", "int64"], True, ValueError),
    ],
)
def test_bad_construction(batches, types, bare, error):
    with pytest.raises(error):
        Rows(batches, types, bare)


# ---- arrays that lie ----


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)), ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
]  # fmt: skip
Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))), ("dictionary", ctypes.POINTER(Array)),
    ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
]  # fmt: skip

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class Tampered:
    """A record batch of one column whose exported array is changed before the kernel sees it."""

    def __init__(self, array, change):
        self.batch = batch(array)
        self.change = change

    def __arrow_c_array__(self, requested_schema=None):
        schema, array = self.batch.__arrow_c_array__()
        parent = Array.from_address(_pointer(array, b"arrow_array"))
        self.change(parent, parent.children[0].contents)
        return schema, array


def longer(parent, child):
    parent.length += 1


def negative(parent, child):
    child.length = -1


def negative_offset(parent, child):
    child.offset = -1


def huge_offset(parent, child):
    parent.offset = 2**62


def too_few_buffers(parent, child):
    child.n_buffers = 1


def no_data(parent, child):
    child.buffers[1] = None


def no_text(parent, child):
    child.buffers[2] = None


def no_children(parent, child):
    parent.n_children = 0


@pytest.mark.parametrize(
    "change", [longer, negative, negative_offset, huge_offset, too_few_buffers, no_data, no_text, no_children]
)
def test_arrays_that_lie_are_refused(change):
    # What pyarrow has exported it also releases, by numbers of its own: the changes do no harm there.
    with pytest.raises((ValueError, TypeError)):
        next(Rows([Tampered(pa.array(["a", "b"]), change)], ["unicode"], True))


@pytest.mark.parametrize("offsets", [[0, 5, 3], [0, -1, 1], [0, 2**31 - 1, 4]])
def test_offsets_that_go_down_are_refused(offsets):
    buffer = pa.py_buffer(b"".join(k.to_bytes(4, "little", signed=True) for k in offsets))
    array = pa.Array.from_buffers(pa.string(), 2, [None, buffer, pa.py_buffer(b"abcdef")])
    with pytest.raises(ValueError, match="offsets"):
        next(Rows([batch(array)], ["unicode"], True))


@pytest.mark.parametrize("index", [2, 100, -1, 2**31 - 1])
def test_indices_outside_the_dictionary_are_refused(index):
    indices = pa.array([0, index], pa.int32())
    array = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "b"]), safe=False)
    with pytest.raises(ValueError, match="index"):
        next(Rows([batch(array)], ["unicode"], True))
    with pytest.raises(ValueError, match="index"):
        next(Rows([batch(array)], ["json"], True))


def test_indices_of_null_are_not_looked_at():
    indices = pa.Array.from_buffers(
        pa.int32(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer((0).to_bytes(4, "little") + b"\xff\xff\xff\x7f")]
    )
    array = pa.DictionaryArray.from_arrays(indices, pa.array(["a"]), safe=False)
    assert list(Rows([batch(array)], ["unicode"], True)) == ["a", None]


def test_the_reference_counts_come_out_even():
    text = "a text that nobody else has"
    array = pa.array([text]).dictionary_encode()
    for _ in range(3):
        rows = Rows([batch(array, pa.array([0], pa.date32()))], ["unicode", "date"])
        (row,) = rows
        assert sys.getrefcount(row[0]) <= 3
    before = sys.getrefcount(None)
    nulls = pa.nulls(10_000)
    for _ in Rows([batch(nulls, nulls)], ["int64", "unicode"]):
        pass
    assert abs(sys.getrefcount(None) - before) < 1000


def test_a_source_that_holds_the_rows_is_collected():
    class Source:
        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration

    source = Source()
    source.rows = Rows(source, ["int64"])
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None


def test_threads_cannot_share_one_iterator_into_a_crash():
    rows = Rows((batch(pa.array([str(k)] * 10)) for k in range(200)), ["unicode"], True)
    found = []

    def run():
        while True:
            try:
                found.append(next(rows))
            except ValueError:  # the other one is inside
                continue
            except StopIteration:
                return

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(str(k) for k in range(200) for _ in range(10))


def test_times_with_flags_from_a_file(tmp_path):
    values = [time(1, fold=1), time(2, tzinfo=UTC), None]
    pq.write_table(pa.table({"x": column("time", values)}), tmp_path / "x.parquet")
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert all(map(same, Rows(file.iter_batches(), ["time"], True), values))
