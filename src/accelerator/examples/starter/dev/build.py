"""A first build script: builds one job and prints its result."""

description = "Build the example."


def main(urd):
    example = urd.build("example", rows=1000)
    print(f"The sum of the squares is {example.load()}, and the dataset has {sum(example.dataset().lines)} rows.")
