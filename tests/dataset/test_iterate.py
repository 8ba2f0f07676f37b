"""Iteration: when callbacks are called, what is refused and when, and what the status says."""

import pytest

from accelerator.dataset import Dataset, DatasetChain, DatasetList, DatasetWriter, NoDataset, SkipDataset, SkipSlice
from accelerator.error import DatasetError, DatasetUsageError, NoSuchJobError
from accelerator.job import status


@pytest.fixture
def abd(job, make):
    """Three datasets: six rows, two in one slice only, and four."""
    a = make({"x": "int64"}, [[(1,), (2,)], [(3,)], [(4,), (5,), (6,)]], name="a")
    b = make({"x": "int64"}, [[], [(10,), (11,)], []], name="b", previous=a)
    return [a, b, make({"x": "int64"}, [[(1,)], [(20,), (21,)], [(22,)]], name="d", previous=b)]


def logged(datasets, sliceno, two, **options):
    """Return rows and callbacks in the order in which they happen; as ``pre a`` or ``pre a0`` and so on."""
    log = []
    if two:
        callbacks = {
            "pre_callback": lambda ds, number: log.append(f"pre {ds.name}{number}"),
            "post_callback": lambda ds, number: log.append(f"post {ds.name}{number}"),
        }
    else:
        callbacks = {
            "pre_callback": lambda ds: log.append(f"pre {ds.name}"),
            "post_callback": lambda ds: log.append(f"post {ds.name}"),
        }
    for value in Dataset.iterate_list(sliceno, "x", datasets, **{**callbacks, **options}):
        log.append(value)  # noqa: PERF402 - callbacks append in between
    return log


A = ["pre a0", 1, 2, "post a0", "pre a1", 3, "post a1", "pre a2", 4, 5, 6, "post a2"]
B = ["pre b0", "post b0", "pre b1", 10, 11, "post b1", "pre b2", "post b2"]
D = ["pre d0", 1, "post d0", "pre d1", 20, 21, "post d1", "pre d2", 22, "post d2"]


@pytest.mark.parametrize(
    ("sliceno", "two", "options", "want"),
    [
        (None, False, {}, ["pre a", 1, 2, 3, 4, 5, 6, "post a", "pre b", 10, 11, "post b",
                           "pre d", 1, 20, 21, 22, "post d"]),
        (None, True, {}, A + B + D),
        (0, False, {}, ["pre a", 1, 2, "post a", "pre d", 1, "post d"]),
        (0, True, {}, ["pre a0", 1, 2, "post a0", "pre d0", 1, "post d0"]),
        ("roundrobin", False, {}, ["pre a", 1, 3, 4, 2, 5, 6, "post a", "pre b", 10, 11, "post b",
                                   "pre d", 1, 20, 22, 21, "post d"]),
        ("roundrobin", True, {}, [
            "pre a0", "pre a1", "pre a2", 1, 3, 4, "post a1", 2, 5, "post a0", 6, "post a2",
            "pre b0", "pre b1", "pre b2", "post b0", "post b2", 10, 11, "post b1",
            "pre d0", "pre d1", "pre d2", 1, 20, 22, "post d0", "post d2", 21, "post d1"]),
        # A slice that stops ends the stream there and then: what would come after is not called.
        (None, False, {"slice": slice(2, 7)}, ["pre a", 3, 4, 5, 6, "post a", "pre b", 10]),
        (None, True, {"slice": slice(2, 6)}, ["pre a1", 3, "post a1", "pre a2", 4, 5, 6]),
        (None, True, {"slice": slice(6, 9)}, ["pre b1", 10, 11, "post b1", "pre b2", "post b2", "pre d0", 1]),
        (None, False, {"slice": slice(6, 8)}, ["pre b", 10, 11]),
        (None, False, {"slice": slice(8, None)}, ["pre d", 1, 20, 21, 22, "post d"]),
        (None, True, {"slice": slice(3, 3)}, []),
        # With filters it cannot be known what to leave out, so all is visited.
        (None, False, {"slice": slice(5, 6), "filters": lambda value: value != 2},
         ["pre a", "post a", "pre b", 10]),
        (None, False, {"range": {"x": (0, 7)}}, ["pre a", 1, 2, 3, 4, 5, 6, "post a", "pre d", 1, "post d"]),
        (None, True, {"range": {"x": (0, 7)}}, [*A, "pre d0", 1, "post d0", "pre d1", "post d1", "pre d2", "post d2"]),
        (1, True, {"range": {"x": (7, 12)}}, ["pre b1", 10, 11, "post b1", "pre d1", "post d1"]),
        ("roundrobin", True, {"range": {"x": (2, 6)}},
         ["pre a0", "pre a1", "pre a2", 2, 3, 4, "post a0", "post a1", 5, "post a2",
          "pre d0", "pre d1", "pre d2", "post d0", "post d1", "post d2"]),
    ],
)  # fmt: skip
def test_callbacks_come_at_the_very_moment(abd, sliceno, two, options, want):
    assert logged(abd, sliceno, two, **options) == want


def raising(error, name, sliceno=None):
    def callback(ds, number=None):
        if ds.name == name and number == sliceno:
            raise error

    if sliceno is None:
        return lambda ds: callback(ds)  # noqa: PLW0108 - with one parameter
    return lambda ds, number: callback(ds, number)  # noqa: PLW0108 - with two that have no default


@pytest.mark.parametrize(
    ("pre", "want"),
    [
        (raising(SkipDataset, "a"), ["pre", 1, 20, 21, 22, "post d"]),
        (raising(SkipSlice, "a"), ["pre", 1, 20, 21, 22, "post d"]),
        (raising(SkipSlice, "a", 1), [1, 2, 4, 5, 6, "post a", 1, 20, 21, 22, "post d"]),
        (raising(SkipDataset, "a", 1), [1, 2, 1, 20, 21, 22, "post d"]),
        (raising(StopIteration, "d"), [1, 2, 3, 4, 5, 6, "post a"]),
        (raising(StopIteration, "a", 2), [1, 2, 3]),
    ],
)
def test_skipping(abd, pre, want):
    a, _, d = abd
    log = []
    for value in Dataset.iterate_list(
        None, "x", [a, d], pre_callback=pre, post_callback=lambda ds: log.append(f"post {ds.name}")
    ):
        log.append(value)  # noqa: PERF402 - callbacks append in between
    assert log == [each for each in want if each != "pre"]


def test_skipping_in_round_robin(abd):
    a, _, d = abd
    got = list(Dataset.iterate_list("roundrobin", "x", [a, d], pre_callback=raising(SkipSlice, "a", 2)))
    assert got == [1, 3, 2, 1, 20, 22, 21]
    got = list(Dataset.iterate_list("roundrobin", "x", [a, d], pre_callback=raising(SkipDataset, "a", 2)))
    assert got == [1, 20, 22, 21]


def test_errors_and_the_end_from_post(abd):
    rows = Dataset.iterate_list(None, "x", abd, post_callback=raising(SkipDataset, "a"))
    with pytest.raises(SkipDataset):
        list(rows)
    in_turn = Dataset.iterate_list("roundrobin", "x", abd, post_callback=raising(StopIteration, "a", 0))
    assert list(in_turn) == [1, 3, 4, 2, 5]
    assert list(Dataset.iterate_list(None, "x", abd, post_callback=raising(StopIteration, "b"))) == [
        *range(1, 7),
        10,
        11,
    ]
    with pytest.raises(ZeroDivisionError):
        list(Dataset.iterate_list(None, "x", abd, pre_callback=raising(ZeroDivisionError, "b")))


class Callbacks:
    def __init__(self):
        self.seen = []

    def one(self, ds):
        self.seen.append(ds.name)

    def two(self, ds, sliceno):
        self.seen.append((ds.name, sliceno))

    def __call__(self, ds):
        self.seen.append(ds.name)


def test_how_many_arguments_a_callback_gets(abd):
    callbacks = Callbacks()
    for pre in (callbacks.one, callbacks, callbacks.two, lambda *a: callbacks.seen.append(len(a)),
                lambda ds, x=1: callbacks.seen.append(x)):  # fmt: skip
        list(abd[1].iterate(1, "x", pre_callback=pre))
    assert callbacks.seen == ["b", "b", ("b", 1), 2, 1]


# ---- columns


def test_forms_of_columns(job, make):
    dataset = make({"b": "int32", "": "ascii", "a": "number"}, [[("", 0.5, 1)]])
    other = make({"c": "int32", "a": "ascii"}, [[("x", 2)]], name="other")
    assert list(dataset.iterate(0, "")) == [""]
    assert list(dataset.iterate(0, ["a"])) == [(0.5,)]
    assert list(dataset.iterate(0, ("b", "a", "b"))) == [(1, 0.5, 1)]
    assert list(dataset.iterate(0)) == list(dataset.iterate(0, dataset.columns)) == [("", 0.5, 1)]
    assert list(Dataset.iterate_list(0, [], [dataset, other])) == [("", 0.5, 1), ("x", 2)]
    assert list(Dataset.iterate_list(0, "a", [dataset, other])) == [0.5, "x"]
    rows = Dataset.iterate_list(0, None, [dataset, other])
    assert next(rows) == ("", 0.5, 1)
    with pytest.raises(DatasetError, match="'b'"):
        next(rows)


def test_missing_columns_are_found_when_they_are_reached(job, make):
    a = make({"x": "int32"}, [[(1,)], [(2,)]], name="a")
    b = make({"y": "int32"}, [[(3,)], []], name="b")
    rows = Dataset.iterate_list(0, "x", [a, b])
    assert next(rows) == 1
    with pytest.raises(DatasetError, match="b has no column 'x'"):
        next(rows)
    assert list(Dataset.iterate_list(1, "x", [a, b])) == [2]
    assert list(Dataset.iterate_list(None, "x", [a, b], slice=slice(0, 2))) == [1, 2]
    assert list(Dataset.iterate_list(0, "x", [a, b], pre_callback=raising(SkipDataset, "b"))) == [1]


# ---- what is refused, and when

REFUSED = [
    (IndexError, {"sliceno": 3}),
    (TypeError, {"sliceno": 1.5}),
    (TypeError, {"sliceno": "all"}),
    (DatasetUsageError, {"range": {"x": (1, 2), "y": (1, 2)}}),
    ((TypeError, ValueError), {"range": {"x": 5}}),
    ((TypeError, ValueError), {"range": {"x": (1,)}}),
    (KeyError, {"range": {"nope": (1, 2)}}),
    (TypeError, {"range": {"text": (1, 2)}}),
    (DatasetUsageError, {"hashlabel": "x"}),
    (DatasetUsageError, {"hashlabel": "nope", "rehash": True}),
    (ValueError, {"filters": {"text": bool}}),
    (ValueError, {"columns": [], "filters": {"nope": bool}}),
    (ValueError, {"translators": {"text": str}}),
    ((TypeError, AttributeError), {"filters": [1]}),
    (TypeError, {"filters": {"x": 5}}),
    ((TypeError, AttributeError), {"translators": [1]}),
    ((TypeError, AttributeError), {"translators": {"x": 5}}),
    (DatasetUsageError, {"slice": 4}),
    (DatasetUsageError, {"slice": -4}),
    (DatasetUsageError, {"slice": slice(0, 4)}),
    (DatasetUsageError, {"slice": slice(0, -4)}),
    (DatasetUsageError, {"slice": slice(2, 1)}),
    (DatasetUsageError, {"slice": slice(-1, -2)}),
    (DatasetUsageError, {"slice": slice(0, 2, -1)}),
    (DatasetUsageError, {"slice": -1, "filters": bool}),
    (DatasetUsageError, {"slice": -1, "range": {"x": (0, 2)}}),
    (DatasetUsageError, {"slice": 1, "hashlabel": "x", "rehash": True}),
]


@pytest.mark.parametrize(("error", "options"), REFUSED)
def test_refused_at_the_call(job, make, error, options):
    dataset = make({"x": "int32", "y": "int32", "text": "ascii"}, [[("", 1, 1), ("", 2, 2), ("", 3, 3)]])
    options = {"sliceno": 0, "columns": ["x"], "datasets": dataset, **options}
    with pytest.raises(error):
        Dataset.iterate_list(**options)


def test_what_is_not_read_is_not_refused(job, make):
    """Datasets without lines in the slice, or that range or slice leave out, need not fit."""
    fits = make({"x": "int32"}, [[(1,)], [(2,)]], name="fits")
    wrong = make({"text": "ascii"}, [[], [("a",)]], name="wrong")
    both = [fits, wrong]
    assert list(Dataset.iterate_list(0, "x", both, range={"x": (0, 5)})) == [1]
    with pytest.raises(KeyError):
        Dataset.iterate_list(1, "x", both, range={"x": (0, 5)})
    writer = DatasetWriter({"x": "int32"}, hashlabel="x", name="hashed")
    write = writer.get_split_write()
    for number in range(9):
        write(number)
    hashed = writer.finish()
    assert sorted(Dataset.iterate_list(None, "x", [hashed, fits], hashlabel="x", slice=slice(0, 9))) == list(range(9))
    with pytest.raises(DatasetUsageError):
        Dataset.iterate_list(None, "x", [hashed, fits], hashlabel="x")


def test_json_cannot_be_rehashed(job, make):
    dataset = make({"j": "json"}, [[([],)]])
    rows = dataset.iterate(0, "j", hashlabel="j", rehash=True)
    with pytest.raises(TypeError):
        next(rows)


def test_a_damaged_argument_of_nothing(job, make):
    dataset = make({"x": "int32"}, [[(1,)]])
    assert list(Dataset.iterate_list(0, "x", None)) == []
    assert list(Dataset.iterate_list(0, "x", [NoDataset, NoDataset])) == []
    assert list(Dataset.iterate_list(0, "x", (dataset, str(dataset), dataset.job, (dataset.job, "default")))) == [1] * 4
    for bad, error in (("", DatasetUsageError), ([None], DatasetUsageError), ("test-99", NoSuchJobError)):
        with pytest.raises(error):
            Dataset.iterate_list(0, "x", bad)
    with pytest.raises(TypeError):
        NoDataset.iterate(0)


def test_slices_of_the_stream(job, make):
    dataset = make({"x": "int32"}, [[(1,), (2,), (3,)], [(4,)], [(5,), (6,)]])
    for spec, want in [
        (2, [3, 4, 5, 6]), (-2, [5, 6]), (0, [1, 2, 3, 4, 5, 6]), (slice(0, 0), []), (slice(6, None), []),
        (slice(1, -1, 2), [2, 4]), (slice(None, None, 0), [1, 2, 3, 4, 5, 6]), (slice(-6, -6), []),
        (True, [2, 3, 4, 5, 6]),
    ]:  # fmt: skip
        assert list(dataset.iterate(None, "x", slice=spec)) == want


def test_slice_is_of_whole_numbers(job, make):
    dataset = make({"x": "int32"}, [[(1,)], [], []])
    for spec in ("1", 1.0, (1, 2), slice("a"), slice(0, 1.0), slice(None, None, "2")):
        with pytest.raises(TypeError):
            dataset.iterate(None, "x", slice=spec)


def test_in_turn_every_slice_hands_out_what_it_keeps(job, make):
    """Rows that a range or filters leave out take no turn."""
    dataset = make({"x": "int32"}, [[(0,), (1,), (2,)], [], [(10,), (11,)]])
    assert list(dataset.iterate("roundrobin", "x")) == [0, 10, 1, 11, 2]
    assert list(dataset.iterate("roundrobin", "x", range={"x": (1, 11)})) == [1, 10, 2]
    assert list(dataset.iterate("roundrobin", "x", filters=lambda value: value != 0)) == [1, 10, 2, 11]
    assert list(dataset.iterate("roundrobin", ["x"], filters={"x": lambda value: value > 1})) == [(2,), (10,), (11,)]


# ---- ranges


def test_none_and_nan_in_ranges(job, make):
    """As of old: a dataset wholly inside is not checked row by row, so its None and nan come too."""
    nan = float("nan")
    rows = [[(1.0,), (None,), (nan,), (5.0,)]]
    dataset = make({"x": ("float64", True)}, rows)
    assert [repr(value) for value in dataset.iterate(0, "x", range={"x": (1, 5.5)})] == ["1.0", "None", "nan", "5.0"]
    assert list(dataset.iterate(0, "x", range={"x": (1, 5)})) == [1.0]
    assert list(dataset.iterate("roundrobin", "x", range={"x": (None, 5)})) == [1.0]
    assert list(dataset.iterate(0, "x", range={"x": (6, None)})) == []
    assert len(list(dataset.iterate(0, "x", range={"x": (None, 2)}, sloppy_range=True))) == 4


def test_bounds_of_other_kinds(job, make):
    """Values are compared as Python compares them, whatever the bound is."""
    from datetime import UTC, date, datetime, time
    from decimal import Decimal
    from fractions import Fraction

    rows = [[(True, date(2020, 1, day), datetime(2020, 1, day, tzinfo=UTC), day, day / 2, day if day % 2 else 2.0**70,
              time(day)) for day in range(1, 9)]]  # fmt: skip
    names = ["b", "d", "dt", "i", "f", "n", "t"]
    types = dict(zip(names, ["bool", "date", "datetime", "int32", "float32", "number", "time"], strict=True))
    writer = DatasetWriter(types, allow_missing_slices=True)
    writer.set_slice(0)
    for row in rows[0]:
        writer.write_dict(dict(zip(names, row, strict=True)))
    dataset = writer.finish()
    cases = [
        ("i", Decimal("2.5"), Fraction(9, 2)), ("i", 2.5, None), ("i", None, 2**80), ("f", 1, Decimal(3)),
        ("n", 2, 2**80), ("n", 2.5, None), ("n", 2**69, None), ("b", False, True), ("b", True, None),
        ("d", date(2020, 1, 3), None), ("dt", datetime(2020, 1, 3), datetime(2020, 1, 5)),
        ("dt", datetime(2020, 1, 3, tzinfo=UTC), None), ("t", time(3), time(5)), ("t", time(3, tzinfo=UTC), None),
    ]  # fmt: skip
    for name, start, stop in cases:
        values = [row[names.index(name)] for row in rows[0]]

        def plain(value):
            return value.replace(tzinfo=None) if isinstance(value, datetime | time) else value

        want = [
            value for value in values
            if (start is None or plain(start) <= plain(value)) and (stop is None or plain(value) < plain(stop))
        ]  # fmt: skip
        assert list(dataset.iterate(0, name, range={name: (start, stop)})) == want
        assert list(dataset.iterate(0, ["i", name], range={name: (start, stop)})) == [
            (row[3], row[names.index(name)]) for row in rows[0] if row[names.index(name)] in want
        ]


# ---- filters and translators


def test_filters_and_translators_short_circuit_in_column_order(job, make):
    dataset = make({"a": "int32", "b": "int32", "c": "ascii"}, [[(1, 0, "x"), (0, 1, "y"), (2, 2, "z"), (3, 0, "x")]])
    seen = []

    def second(value):
        seen.append(value)
        return value < 2

    got = list(
        dataset.iterate(0, ["b", "c", "a"], filters={"a": second, "b": None}, translators={"c": {"y": 5, "z": 6}})
    )
    assert got == [(1, 5, 0)]
    assert seen == [0, 2]
    assert list(dataset.iterate(0, "c", translators={"c": {"y": 5}}, filters={"c": None})) == [5]
    assert list(dataset.iterate(0, "c", translators={"c": str.upper}, filters=lambda value: value > "X")) == ["Y", "Z"]
    assert list(dataset.iterate(0, ["a", "b"], translators=sum, filters=lambda value: value == 3)) == [3]
    assert list(dataset.iterate(0, ["a", "a"], translators={"a": str})) == [
        ("1", "1"),
        ("0", "0"),
        ("2", "2"),
        ("3", "3"),
    ]
    assert list(dataset.iterate(0, "a", filters={"a": bool})) == [1, 2, 3]
    # The range sees what is stored.
    assert list(dataset.iterate(0, ["a", "c"], range={"a": (2, 4)}, translators={"a": {2: 0, 3: 9}})) == [
        (0, "z"),
        (9, "x"),
    ]


# ---- lists and chains


def test_iterate_chain_is_chain_and_iterate(abd):
    a, b, d = abd
    assert list(d.iterate_chain(None, "x")) == [*range(1, 7), 10, 11, 1, 20, 21, 22]
    assert list(d.iterate_chain(1, "x", length=2)) == [10, 11, 20, 21]
    assert list(d.iterate_chain(1, "x", reverse=True, stop_ds=a)) == [20, 21, 10, 11]
    assert list(d.iterate_chain(1, "x", stop_ds=d)) == []
    assert list(DatasetList([a, b]).iterate(1, "x", slice=1)) == [10, 11]
    assert isinstance(d.chain(), DatasetChain)
    assert list(d.chain().iterate(0, "x", range={"x": (None, 2)})) == [1, 1]


# ---- status


def test_status_names_parts_and_exact_lines(abd):
    a, b, d = abd
    rows = a.iterate(None, "x")
    assert status.stack_lines() == []
    assert next(rows) == 1
    assert status.stack_lines()[-1].endswith("Iterating test-0/a:0 to test-0/a:2, 1/3 (test-0/a:0) reached line 1")
    for _ in range(4):
        next(rows)
    inner = Dataset.iterate_list(0, "x", [d], filters=lambda value: value)
    next(inner)
    lines = status.stack_lines()
    assert lines[-2].endswith("3/3 (test-0/a:2) reached line 2")
    assert lines[-1].endswith("Iterating test-0/d:0 reached line 1")
    assert list(inner) == []
    assert list(rows) == [6]
    assert status.stack_lines() == []
    rows = b.iterate("roundrobin", "x")
    next(rows), next(rows)
    assert status.stack_lines()[-1].endswith("Iterating test-0/b:roundrobin reached line 2")
    del rows
    assert status.stack_lines() == []
    silent = b.iterate(1, "x", status_reporting=False)
    next(silent)
    assert status.stack_lines() == []


def test_lines_are_counted_before_filters_and_ranges(current_job):
    current_job(slices=1)
    writer = DatasetWriter({"x": "int32"})
    writer.set_slice(0)
    for number in range(200_000):
        writer.write(number)
    dataset = writer.finish()
    rows = dataset.iterate(0, "x", range={"x": (150_000, 150_010)}, filters=lambda value: value % 5 == 4)
    for want in (150_004, 150_009):
        assert next(rows) == want
        assert status.stack_lines()[-1].endswith(f"reached line {want + 1}")
    rows = dataset.iterate(0, ["x"], translators={"x": lambda value: 1 // (value - 140_000)})
    with pytest.raises(ZeroDivisionError):
        list(rows)
    rows = dataset.iterate(0, "x", slice=slice(131_070, None, 3))
    assert next(rows) == 131_070
    assert status.stack_lines()[-1].endswith("reached line 131071")


def test_a_filter_of_a_column_fails_at_its_line_of_its_dataset(abd):
    a, _, d = abd

    def fail_at_one(value):
        return 1 // (value - 1) or True

    assert a.columns["x"].type == d.columns["x"].type
    rows = Dataset.iterate_list(None, ["x"], [a, d], filters={"x": lambda value: value > 1 or fail_at_one(value)})
    with pytest.raises(ZeroDivisionError) as caught:
        list(rows)
    assert status.lines_at_raise(caught.value)[-1].endswith("(test-0/a:0) reached line 1")
    seen = []
    rows = Dataset.iterate_list(
        None,
        ["x"],
        [a, d],
        filters={"x": lambda value: seen.append((value, status.stack_lines()[-1].rpartition("/")[2]))},
    )
    assert list(rows) == []
    # The last of the first dataset, and what follows it.
    assert [value for value, _ in seen[:7]] == [1, 2, 3, 4, 5, 6, 1]
    assert seen[5:7] == [(6, "a:2) reached line 3"), (1, "d:0) reached line 1")]


def test_a_rehashed_part_says_so(job, make):
    dataset = make({"x": "int32"}, [[(number,) for number in range(20)], [(99,)]])
    rows = dataset.iterate(1, "x", hashlabel="x", rehash=True)
    value = next(rows)
    assert status.stack_lines()[-1].endswith(f"Iterating test-0/default:REHASH reached line {value + 1}")
    list(rows)
