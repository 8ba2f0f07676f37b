"""A job's share of the cores: asked for, received and given back over its channel to the runner."""

import sys

from accelerator.engine.protocol import Channel, Frame, ProtocolError


class Cores:
    """How many processes of this job may compute. It starts with the one that runs the job itself.

    Args:
        channel: connected to the runner.

    Attributes:
        held: how many it has.
        sliced: what the runner has told of slices that it forked, to be taken out by whoever waits for them.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._asked = 0
        self.held = 1
        self.sliced: list[Frame] = []

    def fileno(self) -> int:
        """Return the descriptor on which grants arrive."""
        return self._channel.fileno()

    @property
    def channel(self) -> Channel:
        """The channel to the runner."""
        return self._channel

    def want(self, count: int) -> None:
        """Ask for more; :meth:`take` receives them."""
        if count > 0:
            self._asked += count
            self._channel.send({"type": "tokens", "want": count})

    def take(self) -> None:
        """Receive what has been granted; waits if nothing has."""
        if not self._channel.receive():
            raise ProtocolError("the runner is gone")
        self._count()

    def _count(self) -> bool:
        withdrawn = False
        for frame, _ in self._channel.frames():
            if frame["type"] == "grant":
                self.held += 1
                self._asked -= 1
            elif frame["type"] == "withdrawn":
                withdrawn = True
            elif frame["type"] == "sliced":
                self.sliced.append(frame)
            else:
                raise ProtocolError(f"a job was sent a {frame['type']!r} message while it computes")
        return withdrawn

    def give_back(self, keep: int) -> None:
        """Keep this many, and give back the others."""
        if self.held > keep:
            self._channel.send({"type": "tokens", "release": self.held - keep})
            self.held = keep

    def settle(self) -> None:
        """Go back to the one core of the job itself, with nothing on its way."""
        if self._asked:
            self._channel.send({"type": "tokens", "withdraw": self._asked})
            while not self._count():
                if not self._channel.receive():
                    break
            self._asked = 0
        self.give_back(1)


def use_one_core() -> None:
    """Keep libraries from using all cores in each of the slices."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.set_cpu_count(1)
