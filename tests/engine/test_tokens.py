"""The ledger of cores."""

from hypothesis import given
from hypothesis import strategies as st

from accelerator.engine.tokens import Ledger


def test_in_the_order_of_asking():
    got = []
    ledger = Ledger(2)
    for name in "abcd":
        ledger.request(name, lambda name=name: got.append(name))
    assert got == ["a", "b"]
    ledger.release("a")
    assert got == ["a", "b", "c"]
    ledger.drop("c")
    assert got == ["a", "b", "c", "d"]
    assert ledger.free == 0


def test_one_that_goes_on_comes_first():
    got = []
    ledger = Ledger(1)
    ledger.request("running", lambda: None)
    ledger.request("new", lambda: got.append("new"))
    ledger.request("woken", lambda: got.append("woken"), first=True)
    ledger.release("running")
    assert got == ["woken"]


def test_withdrawing_takes_the_latest_requests():
    got = []
    ledger = Ledger(1)
    for number in range(3):
        ledger.request("a", lambda number=number: got.append(number))
    assert ledger.withdraw("a", 5) == 2
    ledger.release("a")
    assert got == [0]
    assert ledger.free == 1


def test_there_is_always_a_core():
    assert Ledger(0).free == 1


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(["request", "release", "withdraw", "drop"]), st.sampled_from("abc"))),
)
def test_tokens_are_neither_lost_nor_made(total, steps):
    ledger = Ledger(total)
    for step, holder in steps:
        if step == "request":
            ledger.request(holder, lambda: None)
        elif step == "release":
            ledger.release(holder)
        elif step == "withdraw":
            ledger.withdraw(holder, 1)
        else:
            ledger.drop(holder)
        assert ledger.free + sum(map(ledger.held, "abc")) == total
        assert ledger.free >= 0
