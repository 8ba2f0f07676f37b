"""What a job's process knows of where it stands, for the subjobs it may build."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelerator.config import Config
from accelerator.engine.protocol import Channel, Frame
from accelerator.method.source import Snapshot


@dataclass(slots=True)
class Lineage:
    """The line from the session down to the running job.

    Args:
        config: the project.
        channel: connected to the runner.
        snapshot: the sources as the runner has them.
        order: the ``run`` frame of the running job.
        uids: uid of each subjob built or linked so far.
    """

    config: Config
    channel: Channel
    snapshot: Snapshot
    order: Frame
    uids: dict[str, str] = field(default_factory=dict)

    @property
    def ancestors(self) -> list[tuple[str, str]]:
        """Id and key of each job from the top one down to the running one."""
        return [(jobid, key) for jobid, key in self.order["ancestors"]]

    @property
    def concurrency(self) -> Mapping[str, int]:
        """The session's limits on slices at once, by method; the default under an empty name."""
        limits: Mapping[str, Any] = self.order.get("limits") or {}
        return limits


_here: list[Lineage] = []


def enter(lineage: Lineage) -> None:
    """Say where this process stands."""
    _here[:] = [lineage]


def current() -> Lineage | None:
    """Return where this process stands, None if it is no job's."""
    return _here[0] if _here else None
