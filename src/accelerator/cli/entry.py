"""The first that runs of ``ax``: ^C while all the rest is still being imported ends it as quietly as ^C later."""

__all__ = ["main"]

# ExitCode.INTERRUPTED; what defines it is among what is imported below.
_INTERRUPTED = 130


def main() -> int:
    """Run ``ax`` with the command line of this process.

    Returns:
        The exit code.
    """
    try:
        from accelerator.cli.main import main as run  # noqa: PLC0415 - takes a tenth of a second, time enough for ^C
    except KeyboardInterrupt:
        return _INTERRUPTED
    return run()
