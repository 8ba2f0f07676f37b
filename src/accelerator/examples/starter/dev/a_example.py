"""Write a dataset of numbers and their squares, each slice its own part, and return the sum of the squares."""

description = "Write a small dataset: numbers and their squares."

options = {
    "rows": 1000,  # how many rows to write, all slices together
}


def prepare(job):
    # Runs once, before the slices. What it returns is given to every slice.
    return job.datasetwriter(columns={"number": "int64", "square": "int64"})


def analysis(sliceno, slices, options, prepare_res):
    # Runs in every slice, all at the same time.
    total = 0
    for number in range(sliceno, options.rows, slices):
        prepare_res.write(number, number**2)
        total += number**2
    return total


def synthesis(analysis_res):
    # Runs once, after the slices. What it returns is the result of the job: job.load() gives it.
    return sum(analysis_res)
