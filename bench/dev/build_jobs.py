"""What jobs cost that do nothing: built one after the other, and found again."""

import json
import time

ROUNDS = 40


def main(urd):
    result = {}

    def measure(case, method, rounds, **more):
        times = []
        for number in range(rounds):
            start = time.perf_counter()
            urd.build(method, options={"number": number}, **more)
            times.append(time.perf_counter() - start)
        result[case] = {"ms": sorted(times)[rounds // 2] * 1e3}
        if more:
            result[f"{case}, the quickest"] = {"ms": min(times) * 1e3}

    rounds = 4 if "quick" in urd.flags else ROUNDS
    measure("fresh empty job, ms", "bench_empty", rounds, force_build=True)
    measure("fresh job of three phases with 2 slices, ms", "bench_phases", rounds, force_build=True)
    measure("job found again, ms", "bench_empty", rounds)
    print("BENCH-RESULT " + json.dumps(result))
