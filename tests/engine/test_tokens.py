"""The ledgers of cores, and the lender between them."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from accelerator.engine.tokens import Ledger, Lender


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


class Session:
    """A lender and the ledgers of its runners, with messages that take their time, each kind of them in order."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.lender = Lender(total, self.post("receive"), self.post("recall"))
        self.ledgers: dict[str, Ledger] = {}
        self.up: dict[str, deque] = {}
        self.down: dict[str, deque] = {}
        self.wanted = 0
        self.granted = 0
        self.running: list[tuple[str, str]] = []

    def post(self, kind: str):
        return lambda runner, count: self.down[runner].append((kind, count))

    def ledger(self, runner: str) -> Ledger:
        if runner not in self.ledgers:
            up = self.up[runner] = deque()
            self.down[runner] = deque()
            self.ledgers[runner] = Ledger(
                self.total,
                self.lender.enter(runner),
                ask=lambda count: up.append(("want", count)),
                pay=lambda count: up.append(("returned", count)),
            )
        return self.ledgers[runner]

    def run(self, runner: str) -> None:
        """A job is asked for; it ends when :meth:`end` says so."""
        self.wanted += 1
        job = f"{runner}{self.wanted}"

        def start() -> None:
            self.granted += 1
            self.running.append((runner, job))

        self.ledger(runner).request(job, start)

    def end(self) -> bool:
        """The job that has been running longest ends."""
        if self.running:
            runner, job = self.running.pop(0)
            self.ledgers[runner].drop(job)
            return True
        return False

    def deliver(self, runner: str, way: str) -> bool:
        """The next message arrives."""
        queue = getattr(self, way).get(runner)
        if not queue:
            return False
        kind, count = queue.popleft()
        if way == "up":
            getattr(self.lender, kind)(runner, count)
        else:
            getattr(self.ledgers[runner], kind)(count)
        return True

    def deliver_all(self) -> None:
        while any(self.deliver(runner, way) for runner in self.ledgers for way in ("up", "down")):
            pass

    def die(self, runner: str) -> None:
        """A runner is gone, with its jobs."""
        if self.ledgers.pop(runner, None) is not None:
            self.lender.leave(runner)
            del self.up[runner], self.down[runner]
            left = [one for one in self.running if one[0] != runner]
            self.granted -= len(self.running) - len(left)
            self.running = left


RUNNERS = st.sampled_from("xyz")


@given(
    st.integers(1, 3),
    st.lists(
        st.one_of(
            st.tuples(st.just("run"), RUNNERS),
            st.tuples(st.just("end")),
            st.tuples(st.just("deliver"), RUNNERS, st.sampled_from(["up", "down"])),
        )
    ),
    st.none() | RUNNERS,
)
def test_between_runners_tokens_are_never_too_many_and_all_get_one_in_time(total, steps, dies):
    session = Session(total)
    for step, *arguments in steps:
        getattr(session, step)(*arguments)
        assert len(session.running) <= total
    if dies is not None:
        lost = sum(len(ledger._waiting) for runner, ledger in session.ledgers.items() if runner == dies)
        alive = [one for one in session.running if one[0] == dies]
        session.wanted -= lost + len(alive)
        session.die(dies)
    session.deliver_all()
    while session.end():
        session.deliver_all()
        assert len(session.running) <= total
    assert session.granted == session.wanted


def test_a_lone_runner_asks_nobody():
    session = Session(2)
    for _ in range(5):
        session.run("x")
    while session.end():
        pass
    assert session.granted == 5
    assert not session.up["x"]


def test_runners_that_both_want_more_take_turns():
    session = Session(1)
    for runner in "xxxyyy":
        session.run(runner)
    order = []
    session.deliver_all()
    while session.running:
        order.append(session.running[0][0])
        session.end()
        session.deliver_all()
    assert order == list("xyxyxy")
