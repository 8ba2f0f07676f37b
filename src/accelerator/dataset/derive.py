"""Datasets made of others' columns: only manifests are written, no data is copied."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from accelerator._unset import UNSET
from accelerator.dataset.assemble import Assembly, job_uid, previous_reference, reference, register
from accelerator.dataset.bounds import from_tagged, greatest, least, to_tagged
from accelerator.dataset.declare import check_name_free, check_slices, new_directory, previous_name
from accelerator.dataset.handle import Dataset
from accelerator.dataset.manifest import Column
from accelerator.dataset.names import decoded, quoted
from accelerator.error import DatasetUsageError
from accelerator.job.context import context


def link(
    dataset: Dataset,
    name: str | bytes,
    column_filter: Iterable[str] | None,
    rename: Mapping[str, str | None] | None,
    override_previous: Any,
    filename: str | None,
) -> Dataset:
    """Make a dataset in the running job that has a dataset's data; see :meth:`accelerator.Dataset.link_to_here`."""
    name = _new_name(name)
    check_slices(dataset)
    names = _renamed(dataset, rename or {})
    wanted = set(column_filter) if column_filter else None
    if wanted is not None:
        missing = sorted(wanted - set(names))
        if missing:
            raise DatasetUsageError(f"column_filter: {dataset.quoted} has no column {', '.join(map(repr, missing))}")
        names = {new: old for new, old in names.items() if new in wanted}
    if not names:
        raise DatasetUsageError(f"no column of {dataset.quoted} is left")
    if override_previous is UNSET:
        previous = dataset.manifest.previous
    else:
        previous = previous_reference(previous_name(override_previous), quoted(f"{context.job}/{name}"))
    assembly = Assembly()
    for new, old in names.items():
        assembly.take(dataset.manifest, dataset.stored[old], new)
    manifest = assembly.manifest(
        name=name,
        uid=job_uid(context.job.path),
        lines=dataset.manifest.lines,
        hashlabel=_renamed_hashlabel(dataset.hashlabel, rename or {}, wanted),
        filename=dataset.filename if filename is None else filename,
        caption=dataset.caption,
        previous=previous,
        parents=(reference(dataset),),
    )
    return register(manifest, new_directory(name))


def _renamed(dataset: Dataset, rename: Mapping[str, str | None]) -> dict[str, str]:
    """Return the old name by new name of each column that is left."""
    unknown = sorted(set(rename) - set(dataset.stored))
    if unknown:
        raise DatasetUsageError(f"rename: {dataset.quoted} has no column {', '.join(map(repr, unknown))}")
    names = {old: old for old in dataset.stored if old not in rename}
    given: dict[str, str] = {}
    for old, new in rename.items():
        if new is None:
            continue
        if new in given:
            raise DatasetUsageError(f"rename: both {given[new]!r} and {old!r} of {dataset.quoted} become {new!r}")
        given[new] = old
    return {**names, **given}


def _renamed_hashlabel(hashlabel: str | None, rename: Mapping[str, str | None], wanted: set[str] | None) -> str | None:
    if hashlabel is None:
        return None
    if hashlabel in rename:
        hashlabel = rename[hashlabel]
    elif hashlabel in rename.values():
        return None
    return None if wanted is not None and hashlabel not in wanted else hashlabel


def merge(dataset: Dataset, other: Any, name: str | bytes, previous: Any, allow_unrelated: bool) -> Dataset:
    """Make a dataset with the columns of two; see :meth:`accelerator.Dataset.merge`."""
    name = _new_name(name)
    other = Dataset(other)
    if not other:
        raise DatasetUsageError(f"no dataset to merge {dataset.quoted} with")
    if dataset == other:
        raise DatasetUsageError(f"{dataset.quoted} cannot be merged with itself")
    for each in (dataset, other):
        check_slices(each)
    if dataset.lines != other.lines:
        raise DatasetUsageError(
            f"{dataset.quoted} has {dataset.lines} lines in its slices, {other.quoted} {other.lines}: not equal"
        )
    if not allow_unrelated and not _roots(dataset) & _roots(other):
        raise DatasetUsageError(
            f"{dataset.quoted} and {other.quoted} have no common ancestor; say allow_unrelated=True if they fit anyway"
        )
    assembly = Assembly()
    for each in (dataset, other):
        for column in each.manifest.columns:
            assembly.take(each.manifest, column)
    hashlabel = other.hashlabel
    if hashlabel is None and dataset.hashlabel not in other.stored:
        hashlabel = dataset.hashlabel
    manifest = assembly.manifest(
        name=name,
        uid=job_uid(context.job.path),
        lines=dataset.manifest.lines,
        hashlabel=hashlabel,
        previous=previous_reference(previous_name(previous), quoted(f"{context.job}/{name}")),
        parents=(reference(dataset), reference(other)),
    )
    return register(manifest, new_directory(name))


def _roots(dataset: Dataset) -> set[str]:
    """Return the datasets without parents that a dataset comes from."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [dataset]
    while waiting:
        one = waiting.pop()
        if str(one) in seen:
            continue
        seen.add(str(one))
        parents = one.parent
        if parents is None:
            found.add(str(one))
        else:
            waiting.extend([parents] if isinstance(parents, Dataset) else parents)
    return found


def concat(datasets: Sequence[Dataset], name: str | bytes, previous: Any) -> Dataset:
    """Make a dataset in the running job of several; see :meth:`accelerator.DatasetList.concat`."""
    name = _new_name(name)
    if not datasets:
        raise DatasetUsageError("nothing to concatenate")
    newest = datasets[-1]
    for each in datasets:
        check_slices(each)
        if {c.name: c.type for c in each.manifest.columns} != {c.name: c.type for c in newest.manifest.columns}:
            raise DatasetUsageError(f"Dataset {each.quoted} does not have the same columns as {newest.quoted}")
        if each.hashlabel != newest.hashlabel:
            raise DatasetUsageError(
                f"Dataset {each.quoted} has hashlabel {each.hashlabel!r}, expected {newest.hashlabel!r}"
            )
    assembly = Assembly()
    for column in newest.manifest.columns:
        assembly.put(_concatenated([(each, each.stored[column.name]) for each in datasets], assembly))
    lines = tuple(sum(each.manifest.lines[sliceno] for each in datasets) for sliceno in range(len(newest.lines)))
    manifest = assembly.manifest(
        name=name,
        uid=job_uid(context.job.path),
        lines=lines,
        hashlabel=newest.hashlabel,
        caption=str(context.job),
        previous=previous_reference(previous_name(previous), quoted(f"{context.job}/{name}")),
    )
    return register(manifest, new_directory(name))


def _concatenated(columns: Sequence[tuple[Dataset, Column]], assembly: Assembly) -> Column:
    stores, physical = [], []
    for dataset, column in columns:
        for index, number in enumerate(dataset.manifest.places[column.place]):
            stores.append(dataset.manifest.stores[number])
            physical.append(column.physical_in(index))
    return msgspec.structs.replace(
        columns[0][1],
        none_support=any(column.none_support for _, column in columns),
        place=assembly.place(stores),
        physical=physical[0] if len(set(physical)) == 1 else tuple(physical),
        min=to_tagged(least(from_tagged(column.min) for _, column in columns)),
        max=to_tagged(greatest(from_tagged(column.max) for _, column in columns)),
    )


def _new_name(name: str | bytes) -> str:
    if context.job is None:
        raise DatasetUsageError("a dataset can only be made by a running job")
    text = decoded(name)
    check_name_free(text)
    return text
