"""How far a method is can be seen in the status."""

import pyarrow as pa

from accelerator.job.status import stack_lines
from accelerator.standard_methods.progress import shown


def test_the_status_says_how_many_rows_are_done():
    batches = [pa.record_batch({"a": range(rows)}) for rows in (500, 0, 2500, 0)]
    seen = [(batch.num_rows, stack_lines()[-1]) for batch in shown("Doing it", batches, 3000)]
    assert seen == [
        (500, "Doing it"),
        (0, "Doing it: 16 % of 3,000 lines"),
        (2500, "Doing it: 16 % of 3,000 lines"),
        (0, "Doing it: 100 % of 3,000 lines"),
    ]
    assert "Doing it" not in " ".join(stack_lines()), "it is over"


def test_no_rows():
    assert list(shown("Doing it", [], 0)) == []
    assert len(list(shown("Doing it", [pa.record_batch({"a": []})], 0))) == 1
