description = "Sum and group over Arrow batches; return the CPU time it took (only our program has batches)."

from time import process_time

import pyarrow as pa
import pyarrow.compute as pc

options = {"how": "sum", "active": 1, "repeat": 1}
datasets = ("source",)


def analysis(sliceno):
    if sliceno >= options.active:
        return 0, 0.0
    run(sliceno, 1)  # not measured, as for the other programs
    start = process_time()
    run(sliceno, options.repeat)
    return datasets.source.lines[sliceno] * options.repeat, process_time() - start


def run(sliceno, repeat):
    for _ in range(repeat):
        if options.how == "sum":
            total = 0.0
            for batch in datasets.source.batches(sliceno, ["float64"]):
                total += pc.sum(batch.column(0)).as_py()
        else:
            table = pa.Table.from_batches(datasets.source.batches(sliceno, ["date", "float64"]))
            table.group_by("date").aggregate([("float64", "sum")])


def synthesis(analysis_res):
    rows, seconds = map(sum, zip(*analysis_res))
    return {"rows": rows, "seconds": seconds}
