"""How long a job will still take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.script.estimate import RUNS, Now, Past, estimate, typical

PHASES = ("prepare", "analysis", "synthesis")
EARLIER = [Past(2.0, 40.0, 8.0)]


def test_earlier_runs_alone():
    assert estimate(Now("prepare", 0.5), EARLIER) == 49.5
    assert estimate(Now("analysis", 10.0), EARLIER) == 38.0
    assert estimate(Now("synthesis", 6.0), EARLIER) == 2.0


def test_this_run_alone():
    assert estimate(Now("analysis", 10.0, remaining=5.0), []) == 5.0
    assert estimate(Now("analysis", 10.0), []) is None


def test_this_run_counts_more_for_its_phase_and_earlier_ones_for_what_comes_after():
    assert estimate(Now("analysis", 20.0, remaining=20.0), EARLIER) == 28.0
    assert estimate(Now("analysis", 20.0, remaining=60.0), EARLIER) == 76.0
    assert estimate(Now("synthesis", 20.0, remaining=60.0), EARLIER) == 60.0


def test_a_phase_that_took_no_time_before_says_nothing_about_the_amount_of_data():
    assert estimate(Now("prepare", 100.0, remaining=100.0), [Past(0.0, 40.0, 8.0)]) == 148.0


def test_a_wild_proportion_is_not_believed():
    assert estimate(Now("prepare", 100.0, remaining=100.0), [Past(0.001, 40.0, 8.0)]) == 100.0 + 480.0


def test_one_that_is_late_is_compared_with_the_longest():
    runs = [Past(0.0, 10.0, 0.0), Past(0.0, 12.0, 0.0), Past(0.0, 30.0, 0.0)]

    assert estimate(Now("analysis", 11.0), runs) == 1.0
    assert estimate(Now("analysis", 20.0), runs) == 10.0
    assert estimate(Now("analysis", 31.0), runs) is None


def test_only_the_newest_runs_count():
    new, old = [Past(0.0, 1.0, 0.0)] * RUNS, [Past(0.0, 1000.0, 0.0)] * 100

    assert estimate(Now("analysis", 0.0), new + old) == 1.0
    assert estimate(Now("analysis", 2.0), new + old) is None


def test_typical():
    assert typical([]) is None
    assert typical([1.0, 5.0, 2.0]) == 2.0


def test_what_a_finished_job_says_of_itself():
    assert Past.of({"prepare": 0, "analysis": 2.5, "per_slice": [1, 2], "synthesis": 1, "total": 3.5}) == Past(
        0.0, 2.5, 1.0
    )
    assert Past.of({"total": 3.5}).total == 0.0


seconds = st.floats(0, 1e6)


@given(
    st.sampled_from(PHASES),
    seconds,
    st.none() | seconds,
    st.lists(st.builds(Past, seconds, seconds, seconds), max_size=8),
)
def test_never_negative_and_never_less_than_the_rest_of_the_phase(phase, elapsed, remaining, past):
    left = estimate(Now(phase, elapsed, remaining), past)

    if left is not None:
        assert left >= (remaining or 0.0)
    assert left is not None or remaining is None


@pytest.mark.parametrize("phase", PHASES)
def test_time_goes_by(phase):
    times = [estimate(Now(phase, elapsed), EARLIER) for elapsed in (0.0, 0.5, 1.0)]

    assert times == sorted(times, reverse=True)
