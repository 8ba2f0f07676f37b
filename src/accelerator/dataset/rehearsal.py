"""Writing and reading a few rows, once in the runner, so that the slices forked from it begin quickly.

What a process does for the first time takes it milliseconds: functions of shared libraries are looked up by name,
tables are set up, Python's code adapts to the types it meets. Forked processes inherit all that.
"""

import contextlib
import tempfile
from collections import deque
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from accelerator._native import Rows
from accelerator.dataset.commit import ColumnSpec
from accelerator.dataset.reader import OpenFile
from accelerator.dataset.slicewriter import SliceTask, SliceWriter

# Values of the types that most columns have. Those that repeat are stored otherwise than those that do not.
_ROWS: Final[list[dict[str, Any]]] = [
    {
        "ascii": "text",
        "bool": True,
        "bytes": b"%d" % number,
        "date": date(1970, 1, 2),
        "datetime": datetime(1970, 1, 2),
        "float64": 0.5,
        "int64": number,
        "number": number / 2 if number % 2 else number,
        "unicode": chr(0x20AC + number),
    }
    for number in range(8)
]


def rehearse() -> None:
    """Write some rows to a temporary file and read them. Where none can be made nothing is done: nothing needs it."""
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as directory:
        columns = {coltype: ColumnSpec(coltype, coltype, False, coltype) for coltype in _ROWS[0]}
        writer = SliceWriter(SliceTask(Path(directory), 0, 1, columns, None, "rehearsal", 1 << 20))
        for row in _ROWS:
            writer.rows.write_dict(row)
        (file,) = writer.close().files
        names = [(name, name) for name in columns]
        opened = OpenFile("rehearsal", str(writer.temporary[0]), file, names, shared_strings=True, large_text=True)
        steps = (pa.RecordBatch.from_arrays(list(step.values()), list(step)) for step in opened.steps(0, short=True))
        deque(Rows(steps, list(columns)), maxlen=0)
