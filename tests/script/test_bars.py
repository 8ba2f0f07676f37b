"""Small pictures of how far things are."""

from hypothesis import given
from hypothesis import strategies as st

from accelerator.script.bars import bars


def test_one_bar_each():
    assert bars([]) == ""
    assert bars([0.0, 0.5, 1.0]) == "▁▄█"


def test_only_what_is_done_looks_done():
    assert bars([0.999, 1.0]) == "▇█"


def test_neighbours_share_a_bar_where_there_are_too_many():
    assert bars([0.0, 1.0, 0.5, 0.5], widest=2) == "▄▄"
    assert bars([1.0] * 50 + [0.0] * 50) == "████████▁▁▁▁▁▁▁▁"


@given(st.lists(st.floats(0, 1), max_size=300), st.integers(1, 40))
def test_never_wider_than_asked(shares, widest):
    assert len(bars(shares, widest)) == min(len(shares), widest)
