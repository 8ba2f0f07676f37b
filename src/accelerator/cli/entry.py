"""The first that runs of ``ax``, and the last: it begins and ends without what a process this short can do without.

^C while all the rest is still being imported ends it as quietly as ^C later, and SIGUSR1, which asks some commands how
far they are, does not end it at all.
"""

import atexit
import gc
import os
import sys

from accelerator.cli import early_signals

__all__ = ["main"]

# ExitCode.INTERRUPTED; what defines it is among what is imported below.
_INTERRUPTED = 130


def main() -> int:
    """Run ``ax`` with the command line of this process, which may end here.

    Returns:
        The exit code.
    """
    early_signals.outlive()
    # Whatever is made while modules are imported stays. To look for garbage in it, again and again, takes as long as a
    # tenth of the imports; from the command on there may be some.
    gc.disable()
    try:
        from accelerator.cli.main import ax  # noqa: PLC0415 - takes a tenth of a second, time enough for ^C
        from accelerator.cli.main import main as run  # noqa: PLC0415 - likewise
    except KeyboardInterrupt:
        return _INTERRUPTED
    code = run()
    if ax.found is None or ax.found.ends_at_once:
        _end(code)
    # What is taken apart is all of it: DuckDB's types, for one, say on stderr that they were left behind.
    gc.unfreeze()
    return code


def _end(code: int) -> None:
    """End this process as Python would, but leave all its modules and objects to the system: they go much sooner so."""
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to what others want to be done at the end
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            return  # then Python shall say what it always says
    os._exit(code)
