"""Run this program and its peers in turn on the same data; print ratios, save them under bench/results/.

    make bench                  all suites, three rounds
    make bench QUICK=1          small data, one round: does everything still run?
    make bench SUITE=datasets   one suite

A suite is a module in bench/suites: ``TITLE``, ``NOTE`` (what the numbers are) and ``measure(rounds, quick)``, which
returns by program what each round measured. The reference is the PyPI package ``accelerator`` 2025.11.11, installed
into a virtual environment of its own and run as a black box; its methods and ours are the same files (bench/dev).
"""

from __future__ import annotations

import argparse
import importlib

from programs import HERE
from report import as_markdown, heading, save, table

SUITES = sorted(path.stem for path in (HERE / "suites").glob("*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="*", choices=["all", *SUITES], default="datasets")
    parser.add_argument("--quick", action="store_true", help="small data, one round, nothing saved")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    wanted = [arguments.suite] if isinstance(arguments.suite, str) else arguments.suite
    for name in SUITES if "all" in wanted else wanted:
        suite = importlib.import_module(f"suites.{name}")
        rounds = suite.measure(1 if arguments.quick else arguments.rounds, arguments.quick)
        head, rows = heading(), table(rounds)
        text = as_markdown(suite.TITLE, suite.NOTE, head, rows, [peer for peer in rounds if peer != "ours"])
        print(text, flush=True)
        if not arguments.quick:
            save(HERE / "results", name, text, head, rows)


if __name__ == "__main__":
    main()
