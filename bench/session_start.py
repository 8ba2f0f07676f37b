"""Open a project as every session does, and print the seconds that this takes.

Run as ``python session_start.py PROJECT``; the time to import the program is not part of it.
"""

import sys
import time

from accelerator import Project

if __name__ == "__main__":
    Project.__name__  # noqa: B018 - the first look at it imports it
    start = time.perf_counter()
    with Project.open(sys.argv[1]):
        print(time.perf_counter() - start)
