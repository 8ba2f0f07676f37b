"""The compiled kernel: rows out of Arrow arrays, Arrow arrays out of rows, the partition hash, CSV, parsing.

Arrow data goes in as any object with ``__arrow_c_array__`` and comes out as :class:`Array`, which has it too, so
``pyarrow.array(x)`` works on every result without a copy.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, Self, final

class ArrowArrayExportable(Protocol):
    """Anything that hands out one Arrow array (a record batch is a struct array)."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

# ---- hash, rows, builder ---------------------------------------------------------------------------------------

MAX_VALUE_BYTES: int

@final
class Array:
    """An Arrow array made by the kernel; may be exported any number of times."""

    def __len__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...
    def __arrow_c_schema__(self) -> object: ...

def siphash24(data: bytes, /) -> int:
    """Return the SipHash-2-4 of data under the Accelerator's fixed key, 64 bit unsigned."""

def hash_value(type: str | None, value: object, /) -> int:
    """Return the partition hash of one value.

    Args:
        type: column type, also ``parsed:…``; None goes by the Python type of the value.
        value: what would be written. None hashes to 0.

    Raises:
        TypeError: json, pickle; or as writing the value would.
        ValueError: as writing the value would; with type None a value of a type that has no hash.
        OverflowError: as writing the value would.
    """

def hash_array(type: str, array: ArrowArrayExportable, /) -> Array:
    """Return the partition hash of every element as a uint64 array without nulls (null hashes to 0).

    Args:
        type: column type (stored, not parsed).
        array: any layout that the type may have, also dictionary encoded.

    Raises:
        TypeError: json, pickle, or an array whose Arrow type does not fit.
        ValueError: an array that is not valid.
    """

def slice_array(type: str, array: ArrowArrayExportable, slices: int, /) -> Array:
    """Return ``hash % slices`` of every element as an int32 array. Errors as :func:`hash_array`."""

def min_max(type: str, array: ArrowArrayExportable, /) -> tuple[Any, Any]:
    """Return least and greatest element as Python values by the rules of a column's min and max.

    Nulls never count, NaN only if there is nothing else, fold and UTC are ignored in comparing, the first of equals
    is kept. ``(None, None)`` without values and for types that keep no min and max. Errors as :func:`hash_array`.
    """

@final
class Rows:
    """Iterator over the rows of record batches: tuples of Python values, or bare values.

    Args:
        batches: an iterable of record batches (struct arrays). Each is asked for when the one before is used up,
            and released as soon as its last row is out. Errors it raises pass through unchanged.
        types: column type name of each field, in order. All layouts a type may have are understood, batch by batch.
        bare: yield the values of the only column instead of tuples.
        filters: by number of a column, a function: rows in which what it says of the value is not true are left out.
            None is for the truth of the value itself. Asked in the order of the dict; not of bare values.

    Raises (when iterating):
        TypeError: a batch whose Arrow types do not fit the column types.
        ValueError: a batch that is not valid, a value out of range.

    ``position`` is the number of rows come to so far, those left out included (assignable; count from 0 again for a
    new part).
    All NaNs of float columns are one object. One thread at a time.
    """

    position: int
    def __init__(
        self,
        batches: Iterable[ArrowArrayExportable],
        types: Sequence[str],
        bare: bool = False,
        filters: dict[int, Callable[[Any], Any] | None] = ...,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    def next_block(self, n: int, /) -> list[Any]:
        """Return the next rows, at most n of them; fewer at the end of a batch; an empty list only at the end.

        Not if there are filters.
        """

@final
class ColumnBuilder:
    """Values of one column on their way to Arrow arrays. Types, ranges and None are checked at each write.

    Args:
        type: column type, also ``parsed:…``.
        none_support: whether None may be stored (json and pickle always take it).
        default: replaces values that cannot be stored; UNSET for none. Is checked here, with the errors of write;
            AssertionError for pickle.
        name: column name for error texts.
        where: the dataset for error texts.
        sliceno, slices: with slices > 0 write() stores only what hashes to sliceno.
    """

    def __init__(
        self,
        type: str,
        none_support: bool = False,
        default: object = ...,
        name: str = "",
        where: str = "",
        *,
        sliceno: int = -1,
        slices: int = 0,
    ) -> None: ...
    type: Final[str]
    """Stored column type (never ``parsed:``)."""
    none_support: Final[bool]
    name: Final[str]
    @property
    def count(self) -> int:
        """Values written so far, those taken included."""
    @property
    def pending(self) -> int:
        """Values not yet taken."""
    @property
    def nbytes(self) -> int:
        """Approximate memory of the pending values, in bytes."""
    @property
    def min(self) -> Any:
        """Least value so far (those taken included); None without values or for types that keep none."""
    @property
    def max(self) -> Any:
        """Greatest value so far; as min."""
    @property
    def has_none(self) -> bool:
        """Whether any None has been stored so far."""
    @property
    def layout(self) -> str:
        """Layout that the next take() will have, by the names of ``accelerator.column.layout``.

        ``"plain"`` for most types. number: ``"int" "float" "mixed"``; datetime: ``"naive" "utc" "flags"``;
        time: ``"naive" "flags"``. ``"none"`` for these three as long as no value but None has come. It only
        widens, also over take(); so every array of one builder has the layout of the one before or a wider one.
        """
    def write(self, value: object, /) -> bool:
        """Store one value; return False (and store nothing) if it belongs to another slice.

        Raises:
            TypeError, ValueError, OverflowError, UnicodeEncodeError, pickle.PicklingError: by the rules of the type;
                the text (or a note on the exception) names column, type, value, row and dataset.
            DatasetUsageError: after close.
        """
    def hash(self, value: object, /) -> int:
        """Return the partition hash of what write(value) would store, default included; errors as write."""
    def take(self) -> Array:
        """Return the pending values as an Arrow array and go on empty; count, min and max go on.

        Layout ``"none"`` comes out as an all null array of the first layout of the type. Text and bytes have 32 bit
        offsets unless more than 2³¹-1 bytes are pending.
        """
    def rollback(self, count: int, /) -> None:
        """Drop values so that count is as given.

        Raises:
            ValueError: count is above the present one or some of these have been taken, or asked for by min or max.
        """
    def close(self) -> None:
        """Make all further writes raise DatasetUsageError; take() still works."""

@final
class RowWriter:
    """Rows of one slice, written to the builders of its columns. A row is stored whole or, on an error, not at all.

    Args:
        columns: one builder a column, in column order.
        names: cleaned argument names for keyword use, in column order.
        keys: column names for write_dict, in column order; the builders' names by default.
        hash_index: index of the hash column, -1 for none.
        sliceno, slices: which slice this is, of how many; used with a hash column.
        discard: silently drop rows of other slices instead of raising.
        limit_rows, limit_bytes: on_full is called after the row that reaches either, counted over the pending values
            of the columns. It should take() all of them.
        on_full: called without arguments; errors pass through to the writer of the row (which is stored).
        error: exception class for rows that belong to another slice (DatasetUsageError); also for writes after close.
    """

    def __init__(
        self,
        columns: Sequence[ColumnBuilder],
        names: Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        hash_index: int = -1,
        sliceno: int = -1,
        slices: int = 0,
        discard: bool = False,
        limit_rows: int = 131072,
        limit_bytes: int = 67108864,
        on_full: Callable[[], object] | None = None,
        error: type[Exception] = ...,
    ) -> None: ...
    discard: bool
    @property
    def count(self) -> int:
        """Rows stored through this object."""
    @property
    def closed(self) -> bool: ...
    def write(self, *values: object, **named: object) -> None:
        """Store one row; TypeError on wrong arity or names, else as ColumnBuilder.write."""
    def write_list(self, values: Sequence[object], /) -> None:
        """Store one row from anything indexable; IndexError if too short, extra items are ignored."""
    def write_dict(self, values: Mapping[str, object], /) -> None:
        """Store one row by column name; KeyError if one is missing, extra keys are ignored."""
    def hashcheck(self, value: object, /) -> bool:
        """Return whether value of the hash column belongs in this slice; errors as writing it."""
    def close(self) -> None:
        """Make all further writes raise, here and in the builders; also through bound methods fetched before."""

@final
class SplitWriter:
    """Rows spread over all slices: by hash, or in turn starting at slice 0.

    Args:
        rows: one RowWriter a slice (their own hash check is not used), with builders of the same types.
        hash_index: index of the hash column, -1 for round robin (one counter for the three functions; a row that
            raised does not count).

    Attributes:
        turn: slice of the next row, in round robin.
    """

    turn: int

    def __init__(self, rows: Sequence[RowWriter], *, hash_index: int = -1) -> None: ...
    def write(self, *values: object, **named: object) -> None:
        """Store one row in its slice; errors as RowWriter.write."""
    def write_list(self, values: Sequence[object], /) -> None:
        """Store one row from anything indexable in its slice."""
    def write_dict(self, values: Mapping[str, object], /) -> None:
        """Store one row by column name in its slice."""

# ---- csv, json, parse ------------------------------------------------------------------------------------------

@final
class CsvSplitter:
    """Lines and fields of a text, taken in blocks; the data lines of one slice become Arrow arrays.

    Args:
        fields: how many a data line must have; 0 to stop when the label lines have been found.
        keep: which fields become columns, in this order.
        separator: byte; -1 for none, each line is one field.
        newline: byte that ends lines; -1 for LF with one optional CR before it.
        comment: lines that start with this byte are skipped; -1 for none.
        quote: byte; -1 for none, -2 for both ' and ".
        label_lines: lines before the data that are neither data nor skipped.
        skip_lines: lines to skip at the start.
        skip_empty_lines: skip lines without anything.
        allow_extra_empty: ignore empty fields after the last.
        multiline: quoted fields may contain line ends.
        lineno: give the line number of each row.
        raw: give the whole line of each row.
        keep_skipped: give the skipped lines.
        share: with limit_rows, give columns of which on average each text comes twice or more as indices and texts.
        sliceno, slices: of the data lines, and of the skipped ones, take those whose number is sliceno modulo slices.
        limit_rows, limit_bytes: stop (see ``full``) when so many rows, or about so many bytes, are held; 0 for never.

    Raises:
        ValueError: an argument that makes no sense; a line too long for memory.
    """

    def __init__(
        self,
        fields: int,
        keep: Sequence[int],
        *,
        separator: int = ...,
        newline: int = -1,
        comment: int = -1,
        quote: int = -1,
        label_lines: int = 0,
        skip_lines: int = 0,
        skip_empty_lines: bool = False,
        allow_extra_empty: bool = False,
        multiline: bool = False,
        lineno: bool = False,
        raw: bool = False,
        keep_skipped: bool = False,
        share: bool = False,
        sliceno: int = 0,
        slices: int = 1,
        limit_rows: int = 0,
        limit_bytes: int = 0,
    ) -> None: ...
    def feed(self, block: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the text; none to go on after a limit was reached."""
    def feed_from(self, file: int, size: int) -> int:
        """Take up to ``size`` bytes from an open file; return how many it had, 0 at its end. OSError: it has none."""
    def finish(self) -> bool:
        """Take what is left as the end of the text; False if a limit was reached: take the rows and call again."""
    def take(self) -> tuple[list[Array | tuple[Array, Array]], Array | None, Array | None]:
        """Return the rows held: binary columns, line numbers (int64), whole lines; and go on without them.

        A shared column is int32 indices and the binary array that they are of.
        """
    def take_bad(self) -> tuple[Array, Array]:
        """Return line numbers and bytes of the bad lines held."""
    def take_skipped(self) -> tuple[Array, Array]:
        """Return line numbers and bytes of the skipped lines held."""
    @property
    def full(self) -> bool:
        """Whether a limit is reached."""
    @property
    def rows(self) -> int:
        """Rows held."""
    @property
    def good(self) -> int:
        """Good lines of this slice so far."""
    @property
    def bad(self) -> int:
        """Bad lines of this slice so far."""
    @property
    def skipped(self) -> int:
        """Skipped lines of this slice so far."""
    @property
    def line(self) -> int:
        """Lines of the text so far, of all slices."""
    @property
    def first_bad(self) -> tuple[str, int] | None:
        """Why the first bad line of this slice is bad (``not enough``, ``too many``, ``bad quote``), and its number."""
    @property
    def labels_found(self) -> bool:
        """With ``fields=0``: whether all label lines have been found."""
    @property
    def labels(self) -> list[bytes]:
        """With ``fields=0``: the label lines."""

@final
class JsonLines:
    """Lines with a JSON object on each as columns, one a key; a block of whole lines at a time.

    A column has the narrowest of the types bool, int64, float64, number, unicode and json that its values so far, in
    earlier blocks too, can be stored in.

    Args:
        wanted: the keys to read; none for all.
        types: column types by key: those that are to be json, float32 or float64 are made so, integers and all.
    """

    def __init__(self, wanted: set[str], types: dict[str, str]) -> None: ...
    def read(self, block: bytes | bytearray | memoryview) -> int | None:
        """Read lines in place of those before, and return how many objects there are.

        None if Python must read them: a line is wrong, or has what is rare, such as half a surrogate pair.
        """
    def take(self) -> dict[str, tuple[set[str], Array | None]]:
        """Return the columns of the lines, and go on without these.

        Of each key that a line has: the kinds of its values, named as their Python types and ``bigint`` if an integer
        has more than 64 bits; and the values, unless all are null.
        """

def normal_json(array: ArrowArrayExportable) -> Array | None:
    """Return JSON texts as a json column has them: what ``json.dumps(json.loads(text), …)`` gives; null stays null.

    Args:
        array: strings.

    Returns:
        None if Python must read them: one is not JSON, or has what is rare, such as half a surrogate pair.

    Raises:
        TypeError: an array whose Arrow type does not fit.
        ValueError: an array that is not valid.
    """

def start_writeback(file: int) -> None:
    """Have the system begin to write what an open file has in memory only, so that an fsync later has less to wait for.

    Does nothing where that is not possible (macOS, some file systems).
    """

def split_fields(text: bytes, separator: int, quote: int) -> list[bytes]:
    """Return the fields of one line; ValueError if its quotes are wrong. Arguments as of :class:`CsvSplitter`."""

# Each parse function takes strings or binary (32 or 64 bit offsets) and returns the typed array, how many texts could
# not be converted, and a boolean mask of these (None if there are none). Texts equal to one of none_values, and with
# none_empty empty ones, become null. What cannot be converted becomes the default, if that is given, else null.
# With prefix as much of the start of a text is taken as fits, and nothing that fits is 0.

def parse_int(
    array: ArrowArrayExportable,
    bits: int,
    base: int,
    prefix: bool,
    none_empty: bool = False,
    none_values: Sequence[bytes] = (),
    default: bytes | None = None,
) -> tuple[Array, int, Array | None]:
    """Return int32 or int64; base 0 goes by the prefixes 0x and 0."""

def parse_float(
    array: ArrowArrayExportable,
    bits: int,
    prefix: bool,
    comma: bool,
    none_empty: bool = False,
    none_values: Sequence[bytes] = (),
    default: bytes | None = None,
) -> tuple[Array, int, Array | None]:
    """Return float or double; comma means a decimal comma."""

def parse_number(
    array: ArrowArrayExportable,
    int_only: bool,
    comma: bool,
    none_empty: bool = False,
    none_values: Sequence[bytes] = (),
    default: bytes | None = None,
) -> tuple[Array, int, Array | None]:
    """Return the narrowest layout of a number column: int64, double, or a struct of both and big integers."""

def parse_bool(
    array: ArrowArrayExportable,
    mode: str,
    comma: bool,
    none_empty: bool = False,
    none_values: Sequence[bytes] = (),
    default: bytes | None = None,
) -> tuple[Array, int, Array | None]:
    """Return booleans; mode is ``str`` (words), ``float`` (not zero) or ``floati``."""

def parse_moment(
    array: ArrowArrayExportable,
    part: str,
    format: bytes,
    prefix: bool,
    comma: bool,
    none_empty: bool = False,
    none_values: Sequence[bytes] = (),
    default: bytes | None = None,
) -> tuple[Array, int, Array | None]:
    """Return date32, timestamp[us] or time64[us]; part is ``date``, ``datetime`` or ``time``."""

def parse_text(
    array: ArrowArrayExportable,
    mode: str,
    strip: bool,
    none_empty: bool = False,
    none_values: Sequence[bytes] = (),
    default: bytes | None = None,
) -> tuple[Array, int, Array | None]:
    """Return binary or strings; mode is ``bytes``, ``utf-8``, or ``ascii:replace``, ``:encode`` or ``:strict``."""

def strptime(value: bytes, format: bytes) -> tuple[tuple[int, int, int, int, int, int, int] | None, int]:
    """Return year … microsecond (None if the start of value does not fit), and how many bytes of value were used."""

def text_encoding(array: ArrowArrayExportable) -> str:
    """Return ``ascii`` or ``utf-8`` if all texts are; else ``other``, perhaps only for what stands behind nulls."""

def value_sorts(
    array: ArrowArrayExportable, none_values: Sequence[bytes], comma: bool, only_text: bool
) -> tuple[list[str], int, int]:
    """Return what sorts of values texts are, and the least and greatest number of decimals of those that have some.

    With only_text, texts that are not UTF-8 are all that is looked for. The names are those of ``column/infer.py``;
    dates and times are named by the types of dataset_type.
    """

# ---- text ------------------------------------------------------------------------------------------------------

def text_array(type: str, array: ArrowArrayExportable, /) -> Array:
    """Return the text of every element, what ``str`` gives in Python, as large strings; null stays null.

    Bytes are decoded as UTF-8 with backslashreplace; json and pickle are given as stored. Errors as :func:`hash_array`.
    """

def csv_lines(
    arrays: Sequence[ArrowArrayExportable],
    types: Sequence[str],
    nones: Sequence[bytes],
    *,
    separator: bytes,
    line_separator: bytes,
    quote: bytes,
    always: bool,
    edges: Sequence[bytes],
    inside: Sequence[bytes],
) -> bytes:
    """Return rows as the lines of a CSV file, in UTF-8.

    Args:
        arrays: the columns, at least one, of one length.
        types: their column types; values become what :func:`text_array` gives.
        nones: for each column what None becomes.
        separator: between values.
        line_separator: after each line.
        quote: around values, doubled inside; empty for none.
        always: quote all values. Otherwise
        edges: those that begin or end with one of these,
        inside: and those that contain one of these.

    Raises:
        TypeError: an array whose Arrow type does not fit.
        ValueError: numbers of arguments that do not fit; an array that is not valid.
    """

def contains(type: str, array: ArrowArrayExportable, texts: Sequence[bytes], fold: bool) -> bytes:
    """Return a byte for each element: whether one of some texts is in its own text, which for None is ``None``.

    Args:
        type: column type, all but json and pickle. Bytes are searched as they are, other values as :func:`text_array`.
        array: the values.
        texts: what to look for, in UTF-8.
        fold: letters of ASCII match whether they are capitals or not.

    Raises:
        TypeError: an array whose Arrow type does not fit.
        ValueError: a type that cannot be searched; an array that is not valid.
    """

def row_lines(
    arrays: Sequence[ArrowArrayExportable],
    types: Sequence[str],
    before: Sequence[bytes],
    end: bytes,
    *,
    form: Literal["fields", "raw", "json"],
    separator: bytes = b"",
    rows: bytes | None = None,
) -> tuple[bytes, bytes]:
    r"""Return rows as lines in UTF-8, and where each of them ends, as int64.

    In fields, text that begins or ends with a quote (single or double) or contains the separator is put in double
    quotes, and line ends become ``\n`` and ``\r``. None is ``None``, or null in JSON, as are NaN and infinities there.
    Bytes that are not UTF-8 become lone surrogates, written like other characters; raw has the bytes themselves.

    Args:
        arrays: the columns, at least one, of one length.
        types: their column types; empty for text that is written as it is. Json and pickle are not understood.
        before: for each column what to write before its value.
        end: what to write after each line.
        form: how values are written.
        separator: what to watch out for in fields; it is not written.
        rows: which rows, as int64; None for all.

    Raises:
        TypeError: an array whose Arrow type does not fit.
        ValueError: arguments that do not fit each other; an array that is not valid.
    """

def row_digests(types: list[str], arrays: list[ArrowArrayExportable], /) -> tuple[Array, Array]:
    """Return two independent 64 bit hashes of every row, as uint64 arrays without nulls.

    Args:
        types: column types, at least one; json and pickle count as their stored bytes.
        arrays: as many, of one length, in any layout the types may have.

    Raises:
        TypeError: an array whose Arrow type does not fit.
        ValueError: arrays of different lengths; one that is not valid.
    """

# ---- order -----------------------------------------------------------------------------------------------------

@final
class Gather:
    """Columns that come in several arrays, whose rows can be picked in any order.

    Args:
        columns: for each its arrays, at least one. Those of all columns have the same lengths, one after the other.
            Numbers, moments, bool, text, bytes and structs of them; no dictionaries.

    Raises:
        TypeError: an array of another type, or arrays of different types in one column.
        ValueError: arrays that do not fit each other, or are not valid.
    """

    def __init__(self, columns: Sequence[Sequence[ArrowArrayExportable]]) -> None: ...
    def __len__(self) -> int: ...
    def take(self, positions: Any) -> list[Array]:
        """Return rows, an array for each column. Text has 32 bit offsets, whatever it came with.

        Args:
            positions: of the rows, as a contiguous NumPy array of uint32 or int64.

        Raises:
            ValueError: there is no such row.
            OverflowError: more text than an array can have.
            TypeError: positions that are none.
        """

def row_order(arrays: Sequence[ArrowArrayExportable], descending: bool) -> Array:
    """Return in which order rows are sorted, as uint32 positions. Equal rows stay as they were.

    Args:
        arrays: of one length, the most important first, without nulls and NaN: int8, int32, int64, double, binary.
        descending: greatest first.

    Raises:
        TypeError: an array of another type.
        ValueError: no array, arrays of different lengths, or too many rows.
    """
