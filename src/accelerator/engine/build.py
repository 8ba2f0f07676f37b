"""The engine: from a request to a finished job."""

from collections.abc import Mapping
from typing import Any

from accelerator.config import Config
from accelerator.engine.events import Observer
from accelerator.engine.request import BuildCall
from accelerator.job import CurrentJob, Job


class Engine:
    """Decides what to run and has it run.

    Args:
        config: the project.
        observer: called with an :class:`~accelerator.engine.events.Event` for each thing that happens.
        keep_temp_files: keep and list the files that jobs made as temporary.
    """

    # SIGNATURES ONLY for the moment; the real code follows.
    def __init__(self, config: Config, *, observer: Observer | None = None, keep_temp_files: bool = False) -> None: ...

    # observer: may be set at any time.  concurrency: dict method -> limit, "" = default (the -c map, inherited by subjobs)
    # methods: dict[str, MethodFile] as discovered.
    # made: dict[str, bool]  jobid -> True if built by this engine, False if found (what post.subjobs wants)

    def build(self, call: BuildCall) -> Job: ...  # raises JobError, ServerError, BuildError
    def why(self, call: BuildCall) -> Any: ...  # engine.explain.Explanation: .exists (Job|None), .candidates, .text()
    def declaration(self, method: str) -> Any: ...  # method.declaration.Declaration
    def start_build_job(self, script: Any, options: Mapping[str, Any], *, workdir: str | None = None) -> CurrentJob: ...
    # enters the job context in this process (phase 'build'), chdirs into it. script: method.discover.ScriptFile-like
    def finish_build_job(self, subjobs: Mapping[str, bool]) -> Job: ...  # auto-registers, fsync, post.json, leaves the context
    def fail_build_job(self, status: Mapping[str, str]) -> None: ...  # failed.json, leaves the context
    def refresh(self) -> None: ...  # look at the sources and the workdirs again (a new runner if sources changed)
    def close(self) -> None: ...
