"""Put delays and speeds together: a table for a spreadsheet and a chart for a page."""

import csv
from collections import Counter

from .chart import bar_chart

description = "Write carriers.csv and delays.svg: flights, mean delay and mean speed of each airline."

datasets = (
    "flights",  # with the column speed
    "airlines",  # typed: the name of each carrier
)
jobs = (
    "delays",  # a job of the method delays
)


def prepare(datasets):
    return dict(datasets.airlines.iterate(None, ("carrier", "name")))


def analysis(sliceno, datasets, prepare_res):
    flown, speeds = Counter(), Counter()
    for carrier, speed in datasets.flights.iterate(sliceno, ("carrier", "speed")):
        if speed is not None:
            flown[prepare_res[carrier]] += 1
            speeds[prepare_res[carrier]] += speed
    return flown, speeds


def synthesis(job, jobs, analysis_res):
    flown, speeds = analysis_res.merge_auto()
    delays = jobs.delays.load()
    rows = [(airline, of["flights"], of["delay"], speeds[airline] / flown[airline]) for airline, of in delays.items()]
    rows.sort(key=lambda row: row[2], reverse=True)

    # A file written through `job` belongs to the job, whole or not at all.
    with job.open("carriers.csv", "w") as file:
        writer = csv.writer(file)
        writer.writerow(("airline", "flights", "mean delay (minutes)", "mean speed (miles/hour)"))
        writer.writerows((airline, flights, f"{delay:.2f}", f"{speed:.1f}") for airline, flights, delay, speed in rows)
    with job.open("delays.svg", "w") as file:
        file.write(
            bar_chart(
                [(airline, delay) for airline, _, delay, _ in rows],
                title="Mean departure delay, New York City 2013",
                unit="minutes",
            )
        )
    return rows
