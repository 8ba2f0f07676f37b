description = "Iterate rows; return the CPU time it took."

from collections import defaultdict, deque
from time import process_time

options = {
    "columns": [],  # one name: bare values; several: tuples
    "active": 1,  # how many slices read
    "how": "plain",  # plain, filter, range, group
    "repeat": 1,
}
datasets = ("source",)


def analysis(sliceno):
    if sliceno >= options.active:
        return 0, 0.0
    columns = options.columns if len(options.columns) > 1 else options.columns[0]
    extra = {}
    if options.how == "filter":
        first = options.columns[0]
        extra["filters"] = {first: lambda v: v > 0}
    elif options.how == "range":
        low, high = datasets.source.min("int64"), datasets.source.max("int64")
        extra["range"] = {"int64": (low + (high - low) // 4, low + (high - low) // 2)}
    start = process_time()
    for _ in range(options.repeat):
        it = datasets.source.iterate(sliceno, columns, **extra)
        if options.how == "group":
            total = defaultdict(float)
            for key, value in it:
                total[key] += value
        else:
            deque(it, maxlen=0)
    return datasets.source.lines[sliceno] * options.repeat, process_time() - start


def synthesis(analysis_res):
    rows, seconds = map(sum, zip(*analysis_res))
    return {"rows": rows, "seconds": seconds}
