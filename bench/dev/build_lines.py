description = "The dataset that the command line is measured on. Flags: quick."


def main(urd):
    urd.build("bench_lines", rows=100_000 if "quick" in urd.flags else 3_000_000)
