description = "Write rows of 9 columns, hardly any two alike, for searching in them."

from datetime import date, datetime, timedelta
from random import Random

options = {
    "rows": 3_000_000,  # of all slices
}

COLUMNS = {
    "amount": "float64",
    "count": "int32",
    "day": "date",
    "flag": "bool",
    "id": "int64",
    "note": "bytes",
    "text": "unicode",
    "user": "ascii",
    "when": "datetime",
}
TEXT = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut läbore et magna"
WORDS = TEXT.split()


def prepare(job):
    return job.datasetwriter(columns=COLUMNS)


def analysis(sliceno, slices, prepare_res):
    rng = Random(sliceno)
    start = datetime(2013, 1, 1)
    write = prepare_res.write
    for number in range(sliceno, options.rows, slices):
        bits = rng.getrandbits(64)
        write(
            rng.gauss(0, 1e6),
            bits & 0xFFFF,
            date.fromordinal(734_869 + (bits >> 16 & 0xFFF)),
            bool(bits & 1),
            number * 7919,
            b"%x" % bits,
            f"{WORDS[bits % 17]} {WORDS[(bits >> 20) % 17]} {number}",
            f"user{bits % 50_021:05}",
            start + timedelta(seconds=bits >> 36, microseconds=number % 10**6),
        )


def synthesis():
    return options.rows
