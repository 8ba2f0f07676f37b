"""A project in one handle: its configuration, workdirs, engine and urd. The API for notebooks and programs."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accelerator.config import Config
from accelerator.engine.build import Engine
from accelerator.engine.events import Observer
from accelerator.job import Job


class Project:
    """An open project.  SIGNATURES ONLY for the moment; the real code follows."""

    config: Config
    engine: Engine
    urd: Any  # urd.database.Database or None; made at first use

    @classmethod
    def open(cls, path: str | Path | None = None, *, observer: Observer | None = None) -> Self: ...

    def build(self, method: str, options: Any = {}, datasets: Any = {}, jobs: Any = {}, name: str | None = None, caption: str | None = None,
              force_build: bool = False, workdir: str | None = None, concurrency: int | None = None, execution: Any = None, **kw: Any) -> Job: ...
    def job(self, spec: str) -> Job: ...  # 'dev-12', 'dev-LATEST', a path of a job, or the newest finished job of a method
    def dataset(self, spec: str) -> Any: ...  # 'dev-12', 'dev-12/name'
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
