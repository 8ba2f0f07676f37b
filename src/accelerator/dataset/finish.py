"""From what the slices have written to a dataset."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from accelerator.column.layout import arrow_type, join_layouts, widen
from accelerator.dataset import commit as commits
from accelerator.dataset.assemble import Assembly, job_uid, previous_reference, reference, register
from accelerator.dataset.bounds import Tagged, from_tagged, greatest, least, to_tagged
from accelerator.dataset.commit import ColumnSpec, SliceCommit
from accelerator.dataset.declare import Declaration
from accelerator.dataset.encoding import Encodings, choose
from accelerator.dataset.exchange import joined
from accelerator.dataset.handle import Dataset
from accelerator.dataset.manifest import Column, File, Store
from accelerator.dataset.parquet import FileWriter, one_array
from accelerator.error import DatasetUsageError
from accelerator.job.context import context

_EMPTY = SliceCommit(0, (), ())


def finish(made: Declaration, directory: Path) -> Dataset:
    """Make the dataset.

    Args:
        made: what it was declared as.
        directory: where its slices have been committed.

    Raises:
        DatasetUsageError: slices are missing, it does not fit its parent, or previous is not finished.
        NoSuchWhateverError: previous does not exist.
    """
    specs = list(made.columns.values())
    slices = joined(directory, specs, context.slices or 0) or _committed(made, directory)
    lines = tuple(each.lines for each in slices)
    if made.parent is not None and list(lines) != made.parent.lines:
        raise DatasetUsageError(
            f"{made.quoted} has {list(lines)} lines in its slices, its parent {made.parent.quoted} {made.parent.lines}"
        )
    previous = previous_reference(made.previous, made.quoted)
    files = _one_layout(specs, slices, directory)
    if not sum(lines):
        files = [(_schema_only(specs, directory),), *files[1:]]
    assembly = Assembly()
    if made.parent is not None:
        for column in made.parent.manifest.columns:
            if column.name not in made.discarded:
                assembly.take(made.parent.manifest, column)
    uid = job_uid(context.job.path)
    place = assembly.place([Store(str(context.job), uid, directory.name, tuple(files))])
    for index, spec in enumerate(specs):
        low, high = _extremes(slices, index)
        assembly.put(Column(spec.name, spec.stored_type, spec.none_support, place, spec.physical, low, high))
    manifest = assembly.manifest(
        name=made.name,
        uid=uid,
        lines=lines,
        hashlabel=made.result_hashlabel,
        filename=made.filename,
        caption=made.caption,
        previous=previous,
        parents=() if made.parent is None else (reference(made.parent),),
    )
    dataset = register(manifest, directory)
    commits.clear(directory)
    return dataset


def _committed(made: Declaration, directory: Path) -> list[SliceCommit]:
    found = [commits.load_commit(directory, sliceno) for sliceno in range(context.slices or 0)]
    if not any(found):
        raise DatasetUsageError(f"nothing has been written to {made.quoted}: set_slice and write, or discard it")
    missing = [sliceno for sliceno, each in enumerate(found) if each is None]
    if missing and not made.allow_missing_slices:
        raise DatasetUsageError(
            f"{made.quoted} lacks slices {', '.join(map(str, missing))}: set them, or say allow_missing_slices=True"
        )
    return [each or _EMPTY for each in found]


def _extremes(slices: Sequence[SliceCommit], index: int) -> tuple[Tagged, Tagged]:
    columns = [each.columns[index] for each in slices if each.columns]
    low = least(from_tagged(column.min) for column in columns)
    high = greatest(from_tagged(column.max) for column in columns)
    return to_tagged(low), to_tagged(high)


def _one_layout(specs: Sequence[ColumnSpec], slices: Sequence[SliceCommit], directory: Path) -> list[tuple[File, ...]]:
    """Return the files of each slice, those whose layout is narrower than the dataset's written anew.

    Other programs read all files of a dataset as one table, which must have one schema.
    """
    wide = tuple(
        join_layouts(
            spec.stored_type, (layout for each in slices if each.columns for layout in each.columns[i].layouts)
        )
        for i, spec in enumerate(specs)
    )
    types = [arrow_type(spec.stored_type, layout) for spec, layout in zip(specs, wide, strict=True)]
    result = []
    for each in slices:
        files = []
        for number, file in enumerate(each.files):
            own = [
                arrow_type(spec.stored_type, column.layouts[number])
                for spec, column in zip(specs, each.columns, strict=True)
            ]
            files.append(file if own == types else _rewritten(specs, wide, directory, file))
        result.append(tuple(files))
    return result


def _rewritten(specs: Sequence[ColumnSpec], layouts: tuple[str, ...], directory: Path, file: File) -> File:
    path = directory / file.name
    temporary = directory / f"{commits.TEMPORARY}{file.name}"
    writer = None
    with pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as source:
        for group in range(source.num_row_groups):
            table = source.read_row_group(group, use_threads=False)
            arrays = [
                widen(spec.stored_type, one_array(table.column(spec.physical).chunks), layout)
                for spec, layout in zip(specs, layouts, strict=True)
            ]
            if writer is None:
                writer = FileWriter(temporary, specs, layouts, choose(specs, arrays))
            writer.write(arrays)
    assert writer is not None, "files without rows are not made"
    record = writer.close(file.name)
    temporary.replace(path)
    return record


def _schema_only(specs: Sequence[ColumnSpec], directory: Path) -> File:
    """Write a file without rows, so that other programs see the columns of an empty dataset."""
    name = commits.final_name(0, 0)
    layouts = tuple(join_layouts(spec.stored_type, ()) for spec in specs)
    writer = FileWriter(directory / name, specs, layouts, Encodings())
    return writer.close(name)
