"""How fast a job goes."""

from accelerator.job.status import PartStatus
from accelerator.script.rate import Rate


def part(name, rows, expected=None):
    return PartStatus(part=str(name), pid=1, stack=[("analysis", 0.0)], rows=rows, expected=expected)


def test_speed_and_remaining_time():
    rate = Rate(slices=2)
    rate.update(0.0, [part(0, 0, 1000), part(1, 0, 1000)])
    rate.update(2.0, [part(0, 100, 1000), part(1, 300, 1000)])

    assert rate.rows == 400
    assert rate.speed == 200
    assert rate.remaining == 8


def test_slices_that_wait_for_a_core_are_guessed():
    rate = Rate(slices=4)
    rate.update(0.0, [part(0, 0, 1000), part(1, 0, 1000)])
    rate.update(1.0, [part(0, 500, 1000), part(1, 500, 1000)])

    assert rate.remaining == 3


def test_slices_that_are_gone_are_done():
    rate = Rate(slices=2)
    rate.update(0.0, [part(0, 0, 1000), part(1, 0, 1000)])
    rate.update(1.0, [part(1, 500, 1000)])

    assert (rate.slices_done, rate.rows) == (1, 500)


def test_nothing_is_guessed_from_nothing():
    rate = Rate(slices=2)
    assert (rate.rows, rate.speed, rate.remaining, rate.slices_done) == (0, 0.0, None, 0)
    rate.update(0.0, [])
    rate.update(1.0, [part("prepare", 10)])
    assert (rate.rows, rate.speed, rate.remaining) == (10, 10, None)


def test_the_speed_is_that_of_lately():
    rate = Rate(slices=1)
    for second in range(20):
        rate.update(float(second), [part(0, 1000 if second < 10 else 1000 + 10 * (second - 9), 2000)])

    assert rate.speed == 10


def test_synthesis_begins_anew():
    rate = Rate(slices=1)
    rate.update(0.0, [part(0, 0)])
    rate.update(1.0, [part(0, 10_000)])
    rate.update(2.0, [part("synthesis", 0, 100)])
    rate.update(3.0, [part("synthesis", 50, 100)])

    assert (rate.speed, rate.remaining) == (50, 1)


def test_how_much_of_each_slice_is_done():
    rate = Rate(slices=4)
    rate.update(0.0, [part(0, 10, 100), part(1, 50, 100)])
    assert rate.shares == [0.1, 0.5, 0.0, 0.0]

    rate.update(1.0, [part(1, 75, 100), part(2, 0, 0)])
    assert rate.shares == [1.0, 0.75, 0.0, 0.0]


def test_shares_are_of_slices_that_say_how_many_rows_there_are():
    rate = Rate(slices=2)
    assert rate.shares is None
    rate.update(0.0, [part(0, 10), part(1, 10, 100)])
    assert rate.shares is None
    rate.update(1.0, [part("synthesis", 10, 100)])
    assert rate.shares is None
