"""Mean departure delay by airline and month, with a loop over the rows."""

from collections import Counter

from .means import mean_delays

description = "Mean departure delay and number of flights, by airline and month."

datasets = (
    "flights",  # typed: carrier, month and dep_delay are read
    "airlines",  # typed: the name of each carrier
)


def prepare(datasets):
    # Runs once. What it returns is there in every slice, without being copied.
    return dict(datasets.airlines.iterate(None, ("carrier", "name")))


def analysis(sliceno, datasets, prepare_res):
    # Runs once for each slice, all at the same time, and reads only that slice and only these three columns.
    airline_of = prepare_res
    flights, departed, minutes = Counter(), Counter(), Counter()
    for carrier, month, delay in datasets.flights.iterate(sliceno, ("carrier", "month", "dep_delay")):
        group = airline_of[carrier], month
        flights[group] += 1
        if delay is not None:  # a cancelled flight has no delay
            departed[group] += 1
            minutes[group] += delay
    return flights, departed, minutes


def synthesis(analysis_res):
    # Runs once, when all slices are done. merge_auto adds up what they returned.
    flights, departed, minutes = analysis_res.merge_auto()
    return mean_delays(flights, departed, minutes)
