"""The processes of a job as they begin and end: forked ahead of the order, waiting for it, saying how it went."""

import gc
import os
import sys
import types
from collections.abc import Mapping
from pathlib import Path

from accelerator.config import Config
from accelerator.engine import lineage, memory
from accelerator.engine.capture import write_through
from accelerator.engine.failure import report
from accelerator.engine.imports import Imports
from accelerator.engine.lineage import Lineage
from accelerator.engine.processes import adopt_orphans
from accelerator.engine.protocol import Channel, Frame
from accelerator.engine.slices import tell
from accelerator.engine.worker import PhaseFailed, Worker
from accelerator.error import AcceleratorError
from accelerator.job.context import context
from accelerator.job.running import ProcessMark, RunningMarker, mark_process
from accelerator.job.scratch import place_scratch
from accelerator.job.workdir import Workdir

_LINUX = sys.platform == "linux"


def serve(config: Config, channel: Channel, imports: Imports, runner: ProcessMark, session: ProcessMark) -> int:
    """Wait for the order and be that job: called in a process that the runner forked.

    Args:
        config: the project.
        channel: connected to the runner; the order comes with the descriptors of the job's locks.
        imports: the runner's modules.
        runner: the mark of the runner's process.
        session: the mark of the session's process.

    Returns:
        The exit code.
    """
    gc.disable()
    write_through()
    # What its processes leave behind, also in sessions of their own, stays below this one, and ends with it.
    adopt_orphans()
    own = mark_process()
    order, locks = _next_order(channel)
    if order is None:  # the runner is gone, or has no use for this process
        return 0
    memory.look()  # what the kernel did while this process was waiting for the order is no news
    worker = Worker(order, channel, locks)
    lineage.enter(Lineage(config, channel, imports.snapshot, order, worker.uids))
    try:
        worker.enter()
        place_scratch(Path(order["path"]), order["uid"], config.execution.temp_directory)
        _write_marker(order, own, runner, session)
        module = imports.module_for(order)
        worker.execute(module if module is not None else imports.import_anew(order))
    except PhaseFailed as failure:
        status: Mapping[str, str] = failure.status
    except AcceleratorError as error:
        status = {"launch": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever stops a job is told to whoever asked for it
        status = {"launcher": report(error, ours=True)}
    else:
        for descriptor in locks:
            os.close(descriptor)
        channel.send({"type": "done", "alone": _is_alone()})
        return 0
    worker.leave_failed(status)
    channel.send({"type": "done", "status": status})
    return 1


def run_slice(order: Frame, imports: Imports, module: types.ModuleType | None, sliceno: int, pipe: int) -> int:
    """Be a slice: called in the process that the runner forked for it.

    Args:
        order: the ``run`` frame of the job.
        imports: the runner's modules.
        module: the method; None if it must be imported anew here.
        sliceno: the slice.
        pipe: where to say how it went.

    Returns:
        The exit code.
    """
    gc.disable()
    write_through()
    # What it leaves behind goes to the runner, and ends with the job, not before.
    adopt_orphans()
    os.chdir(order["path"])
    module = module if module is not None else imports.import_anew(order)
    worker = Worker(order, None)
    context.enter_job(worker.job, "analysis", sliceno)
    tell(pipe, worker.arrived_slice(module, sliceno))
    return 0


def _next_order(channel: Channel) -> tuple[Frame | None, list[int]]:
    while channel.receive():
        for frame, descriptors in channel.frames():
            return frame, descriptors
    return None, []


def _write_marker(order: Frame, own: ProcessMark, runner: ProcessMark, session: ProcessMark) -> None:
    job = context.job
    marker = RunningMarker(
        jobid=str(job), uid=order["uid"], method=order["method"], job=own, runner=runner, session=session
    )
    Workdir(job.workdir, context.workdirs[job.workdir]).write_marker(marker)


def _is_alone() -> bool:
    """Tell whether nothing that this job has started is left; False if that is not known for sure."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return _LINUX  # elsewhere it is not the parent of what its children have left
    return False
