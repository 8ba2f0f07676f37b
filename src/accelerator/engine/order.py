"""What a runner is told about a job that it shall run: the ``run`` frame."""

from accelerator.engine.lineage import Lineage
from accelerator.engine.protocol import Frame
from accelerator.engine.request import Request
from accelerator.job.workdir import NewJob
from accelerator.method.discover import MethodFile


def order_of(new: NewJob, request: Request, file: MethodFile, lineage: Lineage | None) -> Frame:
    """Return the order to run a job, without what concerns how it is run.

    Args:
        new: the job.
        request: what it was made for.
        file: its method.
        lineage: where the job stands that asks for it; None in a session.
    """
    ancestors = [] if lineage is None else lineage.ancestors
    return {
        "jobid": new.jobid,
        "uid": new.uid,
        "path": str(new.path),
        "method": request.call.method,
        "package": file.package,
        "module": file.module,
        "file": str(file.path),
        "source": request.source.code_digest,
        "caption": request.call.caption or "",
        "ancestors": [*ancestors, (new.jobid, request.key)],
    }
