"""What the two delay methods share: from sums to means.

It lies in the method package, so its source is part of the identity of every method that imports it: change a
function here and exactly those jobs are built again.
"""


def mean_delays(flights, departed, minutes):
    """Return the number of flights and the mean delay of each airline, for the year and for each month.

    The arguments have a number for each (airline, month): all flights, those that departed, and the sum of their
    delays in minutes.
    """
    airlines = {}
    for airline in sorted({airline for airline, _ in flights}):
        months = sorted(month for name, month in flights if name == airline)
        groups = [(airline, month) for month in months]
        airlines[airline] = {
            "flights": sum(flights[group] for group in groups),
            "delay": mean(sum(minutes[group] for group in groups), sum(departed[group] for group in groups)),
            "months": {
                group[1]: {"flights": flights[group], "delay": mean(minutes[group], departed[group])}
                for group in groups
            },
        }
    return airlines


def mean(total, number):
    """Return the mean, or None of nothing."""
    return total / number if number else None
