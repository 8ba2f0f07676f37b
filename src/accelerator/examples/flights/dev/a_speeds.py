"""Give every flight its mean speed in the air, as a new column on top of the columns it has."""

description = "Add a column `speed`, in miles an hour."

datasets = (
    "flights",  # typed: distance in miles and air_time in minutes are read
)


def prepare(job, datasets):
    # With a parent the new dataset has all its columns, without copying any; only `speed` is written here.
    # True: the column may hold None.
    return job.datasetwriter(columns={"speed": ("float64", True)}, parent=datasets.flights)


def analysis(sliceno, datasets, prepare_res):
    writer = prepare_res
    for miles, minutes in datasets.flights.iterate(sliceno, ("distance", "air_time")):
        writer.write(miles / minutes * 60 if minutes else None)
