"""``analysis_res.merge_auto()``: putting the results of all slices together by their types."""

from collections import Counter
from collections.abc import Iterable, Iterator
from numbers import Number
from typing import Any


def merge_auto(values: Iterable[Any], *, index: int = -1, allow_overwrite: bool | None = None) -> Any:
    """Merge one value per slice into one.

    Numbers are added and lists joined. Dictionaries are merged key by key down to the innermost
    container, and that is updated: sets become unions, Counters are added.

    Args:
        values: the values, in slice order.
        index: position in the tuple that the slices returned, -1 if they returned no tuple; for messages.
        allow_overwrite: whether a key may occur in several innermost dictionaries, the later slice
            winning. None allows it where nothing is lost: if the innermost container is a set or a Counter.

    Returns:
        The merged value; the first slice's container is reused.

    Raises:
        Exception: if the values cannot be merged: a key that occurs twice, or a type without ``values``.
    """
    iterator = iter(values)
    first = next(iterator)
    if isinstance(first, Number):
        for value in iterator:
            first = first + value
        return first
    if isinstance(first, list):
        for value in iterator:
            first.extend(value)
        return first
    return _merge_containers(first, iterator, index, allow_overwrite)


def _merge_containers(first: Any, rest: Iterator[Any], index: int, allow_overwrite: bool | None) -> Any:
    target = first
    while not target:
        try:
            target = next(rest)
        except StopIteration:
            return target
    depth, additive = _depth(target, index)
    overwrite = additive if allow_overwrite is None else allow_overwrite
    if depth == 0:
        raise Exception(f"Can't merge values of type {type(target).__name__} (index {index})")  # noqa: TRY002 - specified
    for value in rest:
        if value:
            _merge_into(target, value, depth, overwrite, index)
    return target


def _depth(value: Any, index: int) -> tuple[int, bool]:
    """Return the number of container levels, and whether the innermost loses nothing by an update."""
    depth = 0
    while True:
        if isinstance(value, set):
            return depth + 1, True
        if not hasattr(value, "values"):
            if depth == 0:
                return 0, False
            return depth, False
        if isinstance(value, Counter):
            return depth + 1, True
        depth += 1
        try:
            value = next(iter(value.values()))
        except StopIteration:
            raise Exception(  # noqa: TRY002 - specified
                f"Can't tell how to merge (index {index}): met an empty {type(value).__name__} while looking for the "
                "innermost values"
            ) from None


def _merge_into(target: Any, value: Any, depth: int, overwrite: bool, index: int) -> None:
    if depth > 1:
        for key, inner in value.items():
            if key in target:
                _merge_into(target[key], inner, depth - 1, overwrite, index)
            else:
                target[key] = inner
        return
    if not overwrite:
        small, large = (target, value) if len(target) < len(value) else (value, target)
        for key in small:
            if key in large:
                raise Exception(f"Error merging results of slices: Duplicate key {key!r} (index {index})")  # noqa: TRY002 - specified
    target.update(value)
