"""SIGUSR1 asks a command how far it is. One that comes before it can answer, or after that, is no reason to die."""

import signal
from contextlib import suppress
from types import FrameType

__all__ = ["outlive"]


def outlive() -> None:
    """Take no notice of SIGUSR1, unless something else does.

    A handler and not SIG_IGN, which programs that are started from here would inherit.
    """
    with suppress(ValueError):  # not the main thread
        if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL:
            signal.signal(signal.SIGUSR1, _nothing)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    pass
