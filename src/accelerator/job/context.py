"""What this process is doing: the running job, its phase and slice, and what it has registered so far.

One process runs at most one job, so there is one object, :data:`context`. Layers above read and write it;
nothing here touches the disk.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Context", "context"]


class Context:
    """The state of this process.

    Attributes:
        workdirs: directory by name, of every workdir this process knows.
        slices: number of slices of the running job, or None outside jobs and before a project is opened.
        job: the running :class:`~accelerator.job.CurrentJob`, or None.
        phase: ``""`` outside jobs, else ``"build"``, ``"prepare"``, ``"analysis"`` or ``"synthesis"``.
        sliceno: the slice in analysis, else -1.
        input_directory: where ``job.input_filename`` looks.
        result_directory: where ``link_result`` makes its links.
        finished_datasets: names of the datasets this job has finished, in order.
        registered: files of this job, by name relative to its directory (absolute if outside):
            True for temporary ones.
        subjobs: direct subjobs: True if made by this job, False if found.
        subjob_list: the :class:`~accelerator.job.joblist.JobList` behind ``accelerator.subjobs.jobs``.
        background: saves going on in forked processes, each with a ``wait()``.
        urd_key: tag for what ``link_result`` records, or None.
        link_results: ``(tag, JSON text)`` of each ``link_result`` so far.
        cores: how many processes may work at once.
        memory: bytes that sorting and the like may use, all slices together; None before a project is opened.
        keep_temp_files: keep temporary files of finished jobs, and list them.
    """

    def __init__(self) -> None:
        self.workdirs: dict[str, Path] = {}
        self.slices: int | None = None
        self.input_directory: Path | None = None
        self.result_directory: Path | None = None
        self.cores = 1
        self.memory: int | None = None
        self.keep_temp_files = False
        self._forget_job()

    @property
    def memory_share(self) -> int | None:
        """What this process has of :attr:`memory`: in analysis other slices have the other cores, and their part."""
        if self.memory is None or self.phase != "analysis":
            return self.memory
        return self.memory // max(min(self.cores, self.slices or 1), 1)

    def _forget_job(self) -> None:
        # job is Any: CurrentJob is defined above this module.
        self.job: Any = None
        self.phase = ""
        self.sliceno = -1
        self.finished_datasets: list[str] = []
        self.registered: dict[str, bool] = {}
        self.subjobs: dict[str, bool] = {}
        self.subjob_list: Any = None
        self.background: list[Any] = []
        self.urd_key: str | None = None
        self.link_results: list[tuple[str | None, str]] = []
        self._known: dict[str, Any] = {"registered": {}, "finished_datasets": 0, "subjobs": {}}

    def register_workdirs(self, workdirs: Mapping[str, Path]) -> None:
        """Let this process know workdirs, beside those it knows already.

        Args:
            workdirs: directory by name. A name known before gets the new directory.
        """
        self.workdirs.update((name, Path(path)) for name, path in workdirs.items())

    def enter_job(self, job: Any, phase: str, sliceno: int = -1) -> None:
        """Say which part of which job runs in this process from now on.

        The same job again (the next phase, or a slice just forked) keeps what is registered; another job starts
        with nothing.

        Args:
            job: the :class:`~accelerator.job.CurrentJob`.
            phase: ``"build"``, ``"prepare"``, ``"analysis"`` or ``"synthesis"``.
            sliceno: number of the slice in analysis.
        """
        if self.job is not job:
            self._forget_job()
            self.job = job
        self.phase = phase
        self.sliceno = sliceno
        self._known = {
            "registered": dict(self.registered),
            "finished_datasets": len(self.finished_datasets),
            "subjobs": dict(self.subjobs),
        }

    def leave_job(self) -> None:
        """Forget the job: this process runs none."""
        self._forget_job()

    def export_registrations(self) -> dict[str, Any]:
        """Return what was registered since :meth:`enter_job`, for the parent of this process; JSON can hold it."""
        known = self._known
        return {
            "registered": {k: v for k, v in self.registered.items() if known["registered"].get(k) is not v},
            "finished_datasets": self.finished_datasets[known["finished_datasets"] :],
            "subjobs": {k: v for k, v in self.subjobs.items() if known["subjobs"].get(k) is not v},
        }

    def absorb_registrations(self, registrations: Mapping[str, Any]) -> None:
        """Take over what a child of this process exported.

        Args:
            registrations: from :meth:`export_registrations`.
        """
        for name, temporary in registrations["registered"].items():
            self.registered[name] = temporary
        known = set(self.finished_datasets)
        self.finished_datasets.extend(n for n in registrations["finished_datasets"] if n not in known)
        for jobid, made in registrations["subjobs"].items():
            self.subjobs[jobid] = self.subjobs.get(jobid, False) or made


context = Context()
