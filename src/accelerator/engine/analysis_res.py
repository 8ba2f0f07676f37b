"""The results of analysis: saved by each slice, handed to synthesis one slice after the other."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from accelerator.engine.merge import merge_auto

_REUSED = "analysis_res is an iterator, don't re-use it"

Loader = Callable[[BinaryIO], Any]
Dumper = Callable[[Any], bytes]


def path_of(directory: Path, sliceno: int) -> Path:
    """Return where the result of a slice is kept until synthesis has ended."""
    return directory / f"Analysis.{sliceno}"


def _dump(value: Any, dump: Dumper) -> bytes:
    try:
        return dump(value)
    except Exception:
        plain = _without_factories(value, dump)
        if plain is value:
            raise
        return dump(plain)


def _without_factories(value: Any, dump: Dumper) -> Any:
    """Return the value with defaultdicts whose factories cannot be pickled as plain dicts, as deep as they nest."""
    if not isinstance(value, defaultdict):
        return value
    try:
        dump(value.default_factory)
    except Exception:  # noqa: BLE001 - whatever the reason, it cannot be pickled
        return {key: _without_factories(inner, dump) for key, inner in value.items()}
    return defaultdict(value.default_factory, ((key, _without_factories(inner, dump)) for key, inner in value.items()))


def save(directory: Path, sliceno: int, result: Any, dump: Dumper) -> list[int]:
    """Save what a slice returned.

    Args:
        directory: the job's directory.
        sliceno: the slice.
        result: what analysis returned; the elements of a tuple are saved one by one.
        dump: turns a value into a pickle.

    Returns:
        The offset of each tuple position in the file; the single offset -1 if it was no tuple.

    Raises:
        Exception: whatever pickling raises.
    """
    parts = result if isinstance(result, tuple) else (result,)
    offsets = []
    with path_of(directory, sliceno).open("wb") as file:
        for part in parts:
            offsets.append(file.tell())
            file.write(_dump(part, dump))
    return offsets if isinstance(result, tuple) else [-1]


class AnalysisResults:
    """What synthesis gets as ``analysis_res``: one result per slice, in slice order.

    If slice 0 returned a tuple, every item is a tuple of that length.

    Args:
        directory: the job's directory.
        offsets: what :func:`save` returned for each slice.
        load: reads one pickle from an open file.
    """

    def __init__(self, directory: Path, offsets: Sequence[Sequence[int]], load: Loader) -> None:
        self._directory = directory
        self._offsets = offsets
        self._load = load
        first = offsets[0]
        self._width = None if list(first) == [-1] else len(first)
        self._next = 0
        self._merged = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._merged or self._next > len(self._offsets):
            raise Exception(_REUSED)  # noqa: TRY002 - specified
        sliceno = self._next
        self._next += 1
        if sliceno == len(self._offsets):
            raise StopIteration
        if self._width is None:
            return self._whole(sliceno)
        return tuple(self._position(sliceno, position) for position in range(self._width))

    def merge_auto(self, allow_overwrite: bool | None = None) -> Any:
        """Merge the results of all slices by their types.

        Numbers are added, lists joined, sets united, Counters added, dictionaries merged key by key down to
        the innermost ones.

        Args:
            allow_overwrite: whether the same key may occur in the innermost dictionaries of several slices
                (the later slice wins). None allows it only for sets and Counters, False not even there.

        Returns:
            The merged value; if the slices returned tuples, a generator with one merged value per position.

        Raises:
            Exception: if the results cannot be merged, or ``analysis_res`` has been used already.
        """
        if self._next or self._merged:
            raise Exception("Will only merge results before iteration")  # noqa: TRY002 - specified
        self._merged = True
        slices = range(len(self._offsets))
        if self._width is None:
            return merge_auto((self._whole(sliceno) for sliceno in slices), allow_overwrite=allow_overwrite)
        return (
            merge_auto(
                (self._position(sliceno, position) for sliceno in slices),
                index=position,
                allow_overwrite=allow_overwrite,
            )
            for position in range(self._width)
        )

    def _whole(self, sliceno: int) -> Any:
        offsets = self._offsets[sliceno]
        if list(offsets) == [-1]:
            return self._read(sliceno, 0)
        return tuple(self._read(sliceno, offset) for offset in offsets)

    def _position(self, sliceno: int, position: int) -> Any:
        offsets = self._offsets[sliceno]
        if list(offsets) == [-1] or len(offsets) <= position:
            what = "no tuple" if list(offsets) == [-1] else f"a tuple of {len(offsets)}"
            raise Exception(  # noqa: TRY002 - the kind that misuse of analysis_res raises by specification
                f"analysis returned a tuple of {self._width} in slice 0, but {what} in slice {sliceno}"
            )
        return self._read(sliceno, offsets[position])

    def _read(self, sliceno: int, offset: int) -> Any:
        with path_of(self._directory, sliceno).open("rb") as file:
            file.seek(offset)
            return self._load(file)
