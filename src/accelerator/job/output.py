"""What a job printed, from the files in ``OUTPUT``."""

from collections import OrderedDict
from pathlib import Path

__all__ = ["read_output"]


def read_output(directory: Path, what: str | int | None = None) -> OrderedDict[str | int, str]:
    """Read what parts of a job printed.

    Args:
        directory: of the job.
        what: ``"prepare"``, ``"analysis"`` (all slices), ``"synthesis"``, the number of a slice; None or ``"parts"``
            for all.

    Returns:
        Text of each part that printed, in the order of running.

    Raises:
        AssertionError: ``what`` is something else.
    """
    output = Path(directory) / "OUTPUT"
    texts: OrderedDict[str | int, str] = OrderedDict()
    for part in _parts(output, what):
        try:
            data = (output / str(part)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        texts[part] = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return texts


def _parts(output: Path, what: str | int | None) -> list[str | int]:
    if isinstance(what, int) and not isinstance(what, bool):
        return [what]
    assert what in {None, "parts", "prepare", "analysis", "synthesis"}, f"Jobs have no output called {what!r}"
    if what in {"prepare", "synthesis"}:
        return [str(what)]
    slices: list[str | int] = []
    if output.is_dir():
        slices.extend(sorted(int(path.name) for path in output.iterdir() if path.name.isdecimal()))
    return slices if what == "analysis" else ["prepare", *slices, "synthesis"]
