"""Rows as record batches, in the Arrow types that other libraries understand."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.dictionary import has_dictionary
from accelerator.column.layout import arrow_type, doubles, join_layouts, layout_of_type, widen
from accelerator.dataset.ahead import Ahead
from accelerator.dataset.filters import Range
from accelerator.dataset.handle import Dataset
from accelerator.dataset.masks import BlockFilter
from accelerator.dataset.physical import integers_fit, stored_types
from accelerator.dataset.plan import Part, check_sliceno, cut_parts, make_parts, number_of_slices, parse_slice
from accelerator.dataset.reader import ROWS, SliceReader, check_columns
from accelerator.error import DatasetUsageError

_compute: Any = pc

_WIDE: Final[dict[Any, Any]] = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
_WITH_TEXT: Final = frozenset({"json", "number"})
# So few columns are decoded in the time that handing them over from a thread takes.
_QUICK_COLUMNS = 2


class BatchSource:
    """Some columns of some datasets as record batches of one schema.

    Args:
        datasets: in order.
        sliceno: a slice, or None for all.
        columns: None for all of the first dataset, one name, or names.
        restriction: column, start and stop of a range.
        exact: in the types in which they are stored, so that :meth:`DatasetWriter.write_batch` stores the same again;
            ``"wide"``: text and bytes with 64 bit offsets; ``"dictionaries"``: text and bytes that are stored with a
            dictionary as dictionary arrays, whatever the schema says.
        cut: which of the rows, as ``slice`` of ``iterate``, without a step.

    Raises:
        DatasetError: a column is missing; or its types in the datasets have nothing in common.
        IndexError, KeyError, TypeError: arguments that do not fit, as for ``iterate``.
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        sliceno: int | None,
        columns: Any,
        restriction: Range | None,
        *,
        exact: bool | Literal["wide", "dictionaries"] = False,
        cut: Any = None,
    ) -> None:
        check_sliceno(sliceno, number_of_slices(datasets))
        if isinstance(sliceno, str):
            raise TypeError("batches come from one slice or from all in turn, not round robin")
        self._names = _names(datasets, columns)
        for dataset in datasets:
            check_columns(dataset, self._names)
        self._restriction = restriction
        self._dictionaries = exact == "dictionaries"
        parts = make_parts(datasets, sliceno, restriction, rehash_on=None, visit_empty=False)
        wanted = parse_slice(cut, sum(part.lines for part in parts), filtered=restriction is not None, rehash=False)
        if wanted is not None and (wanted.step != 1 or restriction is not None):
            raise DatasetUsageError("batches take a slice only without step and range")
        self._parts = parts if wanted is None else cut_parts(parts, wanted)
        self.schema = _common_schema(datasets, self._names, exact=bool(exact))
        self._wide = exact == "wide"
        if self._wide:
            self.schema = pa.schema([field.with_type(_WIDE.get(field.type, field.type)) for field in self.schema])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for part in self._parts:
            yield from self._part(part)

    def _part(self, part: Part) -> Iterator[pa.RecordBatch]:
        keep = BlockFilter(part.dataset, self._restriction if part.check_range else None)
        needed = list(dict.fromkeys([*self._names, *keep.columns]))
        for sliceno in part.sources:
            # The others have texts within something else, which stay as they are.
            large = self._wide and all(part.dataset.stored[name].type not in _WITH_TEXT for name in needed)
            reader = SliceReader(part.dataset, sliceno, needed, shared_strings=self._dictionaries, large_text=large)
            if keep.restriction is not None:
                intervals = reader.intervals(keep.restriction)
            else:
                intervals = [(part.start, reader.lines if part.stop is None else part.stop)]
            blocks = reader.blocks(intervals)
            ahead = reader.lines > ROWS and len(needed) > _QUICK_COLUMNS
            for block in Ahead(blocks) if ahead else blocks:
                batch, _ = keep.apply(block.batch)
                if batch.num_rows:
                    arrays = [
                        presented(part.dataset.stored[name].type, batch.column(name), field.type)
                        for name, field in zip(self._names, self.schema, strict=True)
                    ]
                    if self._dictionaries:
                        yield pa.RecordBatch.from_arrays(arrays, names=self._names)
                    else:
                        yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def reader(self) -> pa.RecordBatchReader:
        """Return the batches as an Arrow stream."""
        return pa.RecordBatchReader.from_batches(self.schema, iter(self))


def _names(datasets: Sequence[Dataset], columns: Any) -> list[str]:
    if isinstance(columns, str):
        return [columns]
    if not columns:
        return sorted(datasets[0].stored) if datasets else []
    return sorted(columns) if isinstance(columns, dict) else list(dict.fromkeys(columns))


def _common_schema(datasets: Sequence[Dataset], names: Sequence[str], *, exact: bool) -> pa.Schema:
    fields = []
    for name in names:
        types = dict.fromkeys(presented_type(dataset, name, exact=exact) for dataset in datasets)
        try:
            kind = reduce(_common_type, types)
        except (pa.ArrowInvalid, TypeError):
            shown = ", ".join(dict.fromkeys(dataset.columns[name].type for dataset in datasets))
            raise DatasetUsageError(f"column {name!r} has types without a common form: {shown}") from None
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


def _common_type(one: Any, other: Any) -> Any:
    if arrow_type("number", "exact") in {one, other}:
        return arrow_type("number", join_layouts("number", (layout_of_type("number", kind) for kind in (one, other))))
    # A struct holds the values that plain layouts of the type have.
    if pa.types.is_struct(one) and not pa.types.is_struct(other):
        return one
    if pa.types.is_struct(other) and not pa.types.is_struct(one):
        return other
    if isinstance(one, pa.BaseExtensionType) or isinstance(other, pa.BaseExtensionType):
        raise pa.ArrowTypeError(f"{one} and {other}")
    schemas = [pa.schema([("value", kind)]) for kind in (one, other)]
    return pa.unify_schemas(schemas, promote_options="permissive").field(0).type


def presented_type(dataset: Dataset, name: str, *, exact: bool = False) -> Any:
    """Return the Arrow type in which a column is shown to other libraries, or the one in which it is stored."""
    coltype = dataset.stored[name].type
    kinds = stored_types(dataset, name)
    layout = join_layouts(coltype, (layout_of_type(coltype, kind) for kind in kinds))
    if exact:
        return arrow_type(coltype, layout)
    if layout == "exact" or (layout == "mixed" and integers_fit(dataset, name)):
        return pa.float64()
    kind = arrow_type(coltype, layout)
    # Text with a mark that says JSON is more than most libraries understand.
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def presented(coltype: str, array: Any, kind: Any) -> Any:
    """Return an array as stored in the type it is shown in."""
    if array.type == kind or has_dictionary(array):
        return array
    if pa.types.is_struct(array.type) and pa.types.is_floating(kind):
        array = doubles(array)
        if array.type == kind:
            return array
        integers = _compute.struct_field(array, "int")
        return _compute.coalesce(_compute.cast(integers, kind), _compute.struct_field(array, "float"))
    if pa.types.is_struct(kind) or isinstance(kind, pa.BaseExtensionType):
        return widen(coltype, array, layout_of_type(coltype, kind))
    return array.cast(kind)
