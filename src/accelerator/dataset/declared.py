"""What a writer is asked for and told before anything is written."""

from typing import Any

from accelerator._unset import UNSET
from accelerator.dataset.declare import Declaration, check_hash_column
from accelerator.dataset.handle import Dataset
from accelerator.error import DatasetUsageError
from accelerator.job.context import context


class DeclaredWriter:
    """The declaration behind a :class:`DatasetWriter`, and its attributes."""

    _made: Declaration
    _mode: str  # "", "slice" or "split"
    _result: Dataset | None
    _gone: str

    def __repr__(self) -> str:
        return f"<DatasetWriter {self.quoted_ds_name}>"

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return self._made.name

    @property
    def ds_name(self) -> str:
        """``JOBID/NAME``."""
        return f"{context.job}/{self.name}"

    @property
    def quoted_ds_name(self) -> str:
        """``JOBID/NAME`` for messages."""
        return self._made.quoted

    @property
    def columns(self) -> dict[str, tuple[str, Any, bool]]:
        """``(type, default, none_support)`` by column name; the default is UNSET if there is none."""
        return {c.name: (c.type, c.default, c.none_support) for c in self._made.columns.values()}

    @property
    def filename(self) -> str | None:
        """Where the data came from."""
        return self._made.filename

    @property
    def caption(self) -> str | None:
        """The caption."""
        return self._made.caption

    @property
    def hashlabel(self) -> str | None:
        """Column that decides the slice of each row written."""
        return self._made.hashlabel

    @property
    def hashlabel_override(self) -> bool:
        """Whether the hashlabel may differ from the parent's."""
        return self._made.hashlabel_override

    @property
    def previous(self) -> str | None:
        """The dataset that this one continues."""
        return self._made.previous

    @property
    def parent(self) -> Dataset | None:
        """The dataset whose columns this one has too."""
        return self._made.parent

    @property
    def meta_only(self) -> bool:
        """False."""
        return False

    @property
    def started(self) -> bool:
        """Whether anything has been done to write, in this process."""
        return bool(self._mode)

    def add(self, colname: Any, coltype: Any, default: Any = UNSET, none_support: Any = UNSET) -> None:
        """Add a column.

        Args:
            colname: its name.
            coltype: type, ``(type, none_support)`` or DatasetColumn.
            default: stored instead of values that cannot be.
            none_support: whether None may be stored.

        Raises:
            DatasetUsageError: too late, the column exists, or the type does not.
        """
        self._check_alive()
        if context.phase != self._made.stage:
            raise DatasetUsageError(f"{self.quoted_ds_name}: columns can only be added in {self._made.stage}")
        if self.started:
            raise DatasetUsageError(f"{self.quoted_ds_name}: columns must be added before writing begins")
        self._made.add(colname, coltype, default, none_support)

    def _check_alive(self) -> None:
        if self._result is not None:
            raise DatasetUsageError(f"{self.quoted_ds_name} is finished")
        if self._gone:
            raise DatasetUsageError(f"{self.quoted_ds_name} was {self._gone}")

    def _check_phase(self) -> None:
        """Raise unless this process may say which slice is written."""
        if context.phase != "analysis":
            return
        single = self._made.for_single_slice
        if self._made.all_slices:
            return
        if single is None:
            raise DatasetUsageError(f"{self.quoted_ds_name} is set to slice {context.sliceno} here, just write")
        if single != context.sliceno:
            raise DatasetUsageError(f"{self.quoted_ds_name} is for slice {single} only, this is {context.sliceno}")

    def _check_columns(self) -> None:
        if not self._made.columns:
            raise DatasetUsageError(f"{self.quoted_ds_name} has no columns")
        check_hash_column(self._made, self._made.columns)
