"""A list of jobs with names."""

from collections.abc import Iterable
from typing import Any, Self, SupportsIndex, overload

__all__ = ["JobList"]


class JobList(list[Any]):
    """List of jobs, also found by name: the name a job was built under, else its method.

    Args:
        jobs: the jobs.

    Slices, ``+`` and :meth:`find` return a ``JobList``.
    """

    @overload
    def __getitem__(self, item: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, item: slice) -> Self: ...
    @overload
    def __getitem__(self, item: str) -> Any: ...
    def __getitem__(self, item: SupportsIndex | slice | str) -> Any:
        """Return the job at a position, the last job with a name, or a slice of the list.

        Args:
            item: index, slice, or name.

        Raises:
            IndexError: there is none.
        """
        if isinstance(item, str):
            for job in reversed(self):
                if job.method == item:
                    return job
            raise IndexError(f"No job called {item!r} in the list")
        if isinstance(item, slice):
            return type(self)(super().__getitem__(item))
        return super().__getitem__(item)

    def __add__(self, other: Iterable[Any]) -> Self:
        return type(self)([*self, *other])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    def get(self, item: SupportsIndex | str, default: Any = None) -> Any:
        """Return the job at a position or the last one with a name.

        Args:
            item: index or name.
            default: returned if there is none.
        """
        try:
            return self[item]
        except IndexError:
            return default

    def find(self, name: str) -> Self:
        """Return all jobs with a name, in the order of this list.

        Args:
            name: the name a job was built under, else its method.
        """
        return type(self)(job for job in self if job.method == name)

    @property
    def as_tuples(self) -> list[tuple[str, Any]]:
        """``[(name, job), …]`` (``list``)."""
        return [(job.method, job) for job in self]

    @property
    def pretty(self) -> str:
        """The list as a text of several lines (``str``)."""
        if not self:
            return f"{type(self).__name__}([])"
        width = max(len(job.method) for job in self)
        lines = [f"   [{i:3}] {job.method:>{width}} : {job}" for i, job in enumerate(self)]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])

    @property
    def exectime(self) -> tuple[float, dict[str, float]]:
        """Seconds that the jobs took, each job counted once: the sum, and the sum for each name.

        Raises:
            FileNotFoundError: a job in the list has not finished.
        """
        by_name: dict[str, float] = {}
        for job in dict.fromkeys(self):
            by_name[job.method] = by_name.get(job.method, 0.0) + job.post.exectime.total
        return sum(by_name.values()), by_name

    def print_exectimes(self, verbose: bool = True) -> None:
        """Print how long the jobs took.

        Args:
            verbose: also a line for each name, longest first, with its part of the whole.
        """
        total, by_name = self.exectime
        if verbose and by_name:
            width = max(map(len, by_name))
            for name, seconds in sorted(by_name.items(), key=lambda item: -item[1]):
                percent = 100 * seconds / total if total else 0.0
                print(f"   {name:{width}}  {seconds:10.1f} seconds  {percent:5.1f}%")  # noqa: T201  (it says print)
        print(f"Total time {total:.1f} seconds")  # noqa: T201
