"""Two hundred jobs, each a build of its own: built the first time, found again the second."""


def main(urd):
    for number in range(200):
        urd.build("bench_empty", options={"number": number})
    print("BENCH-RESULT {}")
