"""The values that the benchmark writes: the same for every program, made once per process, outside what is timed."""

from datetime import date, datetime, time, timedelta
from random import Random

BLOCK = 4096


def values(coltype):
    """Return BLOCK values of a column type, the same ones each time."""
    rng = Random(coltype)
    day = datetime(2013, 1, 1)
    make = {
        "int32": lambda: rng.randrange(-(2**31) + 1, 2**31),
        "int64": lambda: rng.randrange(-(2**62), 2**62),
        "float32": rng.random,
        "float64": lambda: rng.gauss(0, 1e6),
        "number": lambda: rng.choice((rng.randrange(10**6), rng.random())),
        "complex32": lambda: complex(rng.random(), rng.random()),
        "complex64": lambda: complex(rng.random(), rng.random()),
        "bool": lambda: rng.random() < 0.5,
        "date": lambda: date(2013, 1, 1) + timedelta(rng.randrange(3650)),
        "time": lambda: time(rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(10**6)),
        "datetime": lambda: day + timedelta(seconds=rng.randrange(10**8), microseconds=rng.randrange(10**6)),
        "bytes": lambda: rng.randbytes(rng.randrange(4, 24)),
        "ascii": lambda: "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randrange(4, 24))),
        "unicode": lambda: "".join(rng.choices("aåbcdeéfghijklmnöopqrs☃tuv", k=rng.randrange(4, 24))),
        "json": lambda: {"id": rng.randrange(1000), "tags": ["a", "b"], "on": True},
        "pickle": lambda: (rng.randrange(1000), "text", 1.5),
    }[coltype]
    return [make() for _ in range(BLOCK)]
