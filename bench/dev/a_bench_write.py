description = "Write rows; return the CPU time it took."

from resource import RUSAGE_CHILDREN, getrusage
from time import process_time

from .bench_values import BLOCK, values

options = {
    "columns": {},  # name: type
    "blocks": 0,  # how many blocks of values each slice writes
    "active": 1,  # how many slices write
}
depend_extra = ("bench_values.py",)


def cpu_of_children():
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def prepare(job):
    dw = job.datasetwriter(columns=dict(options.columns))
    return dw, cpu_of_children()


def analysis(sliceno, prepare_res):
    dw, _ = prepare_res
    if sliceno >= options.active:
        return 0, 0.0
    rows = list(zip(*(values(coltype) for _, coltype in sorted(options.columns.items()))))
    write = dw.write
    start = process_time()
    for _ in range(options.blocks):
        for row in rows:
            write(*row)
    return options.blocks * BLOCK, process_time() - start


def synthesis(analysis_res, prepare_res):
    rows, seconds = map(sum, zip(*analysis_res))
    return {"rows": rows, "seconds": seconds, "children": cpu_of_children() - prepare_res[1]}
