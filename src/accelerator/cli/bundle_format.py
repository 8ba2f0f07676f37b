"""What a bundle is: a tar of finished jobs with a list of them at the start and digests of all files at the end."""

from typing import Final, Literal

import msgspec

__all__ = ["DIGESTS", "HEAD", "JOBS", "LINK", "BundledJob", "Head"]

HEAD: Final = "bundle.json"
"""The first member: a :class:`Head`."""
DIGESTS: Final = "digests.json"
"""The last member: digest by name of each file before it, ``link:`` and its target of each link."""
JOBS: Final = "jobs"
"""The directory of all other members: ``jobs/JOB/FILE``."""
LINK: Final = "link:"


class BundledJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job in a bundle.

    Args:
        job: its id.
        uid: its uid.
        method: its method.
        bytes: size of all its files.
        script: whether it is only there because it is the build script that asked for others.
    """

    job: str
    uid: str
    method: str
    bytes: int
    script: bool = False


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """``bundle.json``.

    Args:
        asked: the jobs that the bundle was made for.
        jobs: all jobs in it, each after those that it needs.
        slices: number of slices of each workdir that they are from.
        missing: jobs that some of them name and that did not exist any more.
        urd: urd entries with these jobs, as lines of an exported urd.
        version: of this format.
    """

    asked: list[str]
    jobs: list[BundledJob]
    slices: dict[str, int]
    missing: list[str] = []
    urd: list[str] = []
    version: Literal[1] = 1
