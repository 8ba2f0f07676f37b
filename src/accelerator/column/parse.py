"""Text to typed values, whole arrays at a time: the types that ``dataset_type`` and ``csvimport`` can convert to."""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator import _native
from accelerator._unset import UNSET
from accelerator.column.layout import arrow_type, widen
from accelerator.column.zones import find_zone, local_to_utc

__all__ = ["TYPE_NAMES", "Parsed", "Parser"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others
_compute: Any = pc  # its functions are made at import, unseen by type checkers
_types: Any = pa.types

_PLAIN_TEXT: Final = frozenset({pa.string(), pa.binary()})

_KernelParser = Callable[..., tuple[Any, int, Any]]


@dataclass(frozen=True)
class Parsed:
    """The values of an array of texts.

    Attributes:
        array: in a layout of the column type; None where a value is bad and there is no default. Of texts with a
            dictionary that are right as they are, an array with that dictionary.
        bad: how many texts could not be converted (those that a default replaced included).
        mask: which; None if there are none.
    """

    array: Any
    bad: int = 0
    mask: Any = None


class Parser:
    """Converts texts to one type.

    Args:
        name: type name of ``dataset_type``, such as ``int32_10``, ``number+None`` or ``datetime:%Y-%m-%d %H:%M``.
        none_values: exactly these texts become None.
        default: replaces texts that cannot be converted; itself text that is converted, or None.
        numeric_comma: the decimal point is a comma.
        timezone: datetimes are local times of this value of ``$TZ``, and become UTC.

    Attributes:
        column_type: type of the column that the values are for.
        none_support: whether texts can become None.
        has_default: whether a default replaces texts that cannot be converted.

    Raises:
        ValueError: there is no such type or time zone, or the default cannot be converted.
        LookupError: there is no such codec.

    Example:
        >>> parse = Parser("int32_10", none_values=["NA"])
        >>> parse(pa.array(["1", "NA", "x"])).array.to_pylist()
        [1, None, None]
    """

    def __init__(
        self,
        name: str,
        *,
        none_values: Iterable[str | bytes] = (),
        default: Any = UNSET,
        numeric_comma: bool = False,
        timezone: str | None = None,
    ) -> None:
        base, none_empty, argument = _split_name(name)
        self._rules = _Rules(none_empty, tuple(map(_encoded, none_values)))
        self.none_support = none_empty or bool(self._rules.none_values) or default is None
        self.column_type, self._convert = _converter(base, argument, numeric_comma)
        self._utc = timezone is not None and self.column_type == "datetime"
        self._zone = None if timezone in {None, "", "UTC", ":UTC"} or not self._utc else find_zone(str(timezone))
        self.has_default = default is not UNSET
        if default is not UNSET and default is not None:
            text = _encoded(default)
            if self._parse(pa.array([text], pa.binary()), _Rules()).bad:
                raise ValueError(f"the default {default!r} cannot be converted to {name}")
            self._rules = _Rules(none_empty, self._rules.none_values, text)

    def __call__(self, texts: Any) -> Parsed:
        """Convert an array.

        Args:
            texts: a pyarrow array of strings or bytes, also dictionary encoded; nulls are None.
        """
        return self._parse(texts, self._rules)

    def _parse(self, texts: Any, rules: "_Rules") -> Parsed:
        if isinstance(texts.type, pa.DictionaryType):
            parsed = self._parse(texts.dictionary, rules)
            if parsed.array.type in _PLAIN_TEXT and parsed.array.view(texts.dictionary.type).equals(texts.dictionary):
                return Parsed(pa.DictionaryArray.from_arrays(texts.indices, parsed.array))
            return _spread(parsed, texts.indices)
        if texts.type == pa.string_view() or texts.type == pa.binary_view():
            texts = texts.cast(pa.large_string() if texts.type == pa.string_view() else pa.large_binary())
        parsed = self._convert(texts, rules)
        return self._as_utc(parsed, rules) if self._utc else parsed

    def _as_utc(self, parsed: Parsed, rules: "_Rules") -> Parsed:
        if self._zone is None:
            return Parsed(parsed.array.view(arrow_type("datetime", "utc")), parsed.bad, parsed.mask)
        array, outside = local_to_utc(parsed.array, self._zone)
        if outside is None:
            return Parsed(array, parsed.bad, parsed.mask)
        if rules.default is not None:
            value = self._parse(pa.array([rules.default]), _Rules()).array[0]
            array = _compute.if_else(outside, value, array)
        mask = outside if parsed.mask is None else _compute.or_(outside, parsed.mask)
        return Parsed(array, _compute.sum(mask).as_py(), mask)


@dataclass(frozen=True)
class _Rules:
    """What holds for every type: which texts are None, and what replaces those that cannot be converted."""

    none_empty: bool = False
    none_values: tuple[bytes, ...] = ()
    default: bytes | None = None

    def is_none(self, text: bytes) -> bool:
        return (self.none_empty and not text) or text in self.none_values


_Convert = Callable[[Any, _Rules], Parsed]


def _encoded(text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    return str(text).encode("utf-8")


def _spread(parsed: Parsed, indices: Any) -> Parsed:
    """Give each row the value, and the badness, of its dictionary entry."""
    array = parsed.array.take(indices)
    if not parsed.bad:
        return Parsed(array)
    mask = parsed.mask.take(indices).fill_null(False)
    bad = _compute.sum(mask).as_py() or 0
    return Parsed(array, bad, mask if bad else None)


# ---- type names

_INTEGERS: Final = [f"int{bits}_{base}{prefix}" for bits, base, prefix in product((32, 64), (0, 8, 10, 16), ("", "i"))]
_FLOATS: Final = ["float32", "float32i", "float64", "float64i"]
_ASCII_MODES: Final = ("replace", "encode", "strict")
_MOMENTS: Final = ["date", "datei", "datetime", "datetimei", "time", "timei"]
_BOOLS: Final[Mapping[str, str]] = {"strbool": "str", "floatbool": "float", "floatbooli": "floati"}

# Base name -> what may follow a colon; "" for nothing, "*" for anything.
_ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys([*_INTEGERS, *_FLOATS, *_BOOLS, "bytes", "bytesstrip", "complex32", "complex64", "json"], ("",)),
    "number": ("", "int"),
    **dict.fromkeys(("ascii", "asciistrip"), ("", *_ASCII_MODES)),
    **dict.fromkeys((*_MOMENTS, "unicode", "unicodestrip"), ("*",)),
}

TYPE_NAMES: Final = tuple(
    f"{base}{none}:{argument}" if argument else base + none
    for base, arguments in sorted(_ARGUMENTS.items())
    for none in ("", "+None")
    for argument in arguments
)
"""Every type name; one that ends in ``*`` stands for all that start so. For an ``OptionEnum``."""


def _split_name(name: str) -> tuple[str, bool, str]:
    """Return base name, whether ``+None`` follows it, and what follows the colon."""
    if not isinstance(name, str):
        raise ValueError(f"a type is named by a text, not by {name!r}")  # noqa: TRY004 - like any wrong name
    head, _, argument = name.partition(":")
    base = head.removesuffix("+None")
    allowed = _ARGUMENTS.get(base)
    if allowed is None or (argument not in allowed and allowed != ("*",)) or (name.endswith(":") and "" in allowed):
        raise ValueError(f"there is no type {name!r} to convert to")
    if allowed == ("*",) and ":" not in name:
        raise ValueError(f"type {name!r} must say how: {name}:…")
    return base, head != base, argument


def _converter(base: str, argument: str, comma: bool) -> tuple[str, _Convert]:
    """Return the column type and the function for a type name."""
    prefix = base.endswith("i")
    if match := re.fullmatch(r"int(32|64)_(\d+)i?", base):
        bits, radix = map(int, match.groups())
        return f"int{bits}", _kernel(_native.parse_int, bits=bits, base=radix, prefix=prefix)
    if base in _FLOATS:
        bits = 32 if "32" in base else 64
        return f"float{bits}", _kernel(_native.parse_float, bits=bits, prefix=prefix, comma=comma)
    if base == "number":
        return "number", _kernel(_native.parse_number, int_only=argument == "int", comma=comma)
    if base in _BOOLS:
        return "bool", _kernel(_native.parse_bool, mode=_BOOLS[base], comma=comma)
    if base in _MOMENTS:
        part = base.removesuffix("i")
        return part, _kernel(_native.parse_moment, part=part, format=argument.encode(), prefix=prefix, comma=comma)
    strip = base.endswith("strip")
    if base.startswith("bytes"):
        return "bytes", _text("bytes", strip)
    if base.startswith("ascii"):
        return "ascii", _text(f"ascii:{argument or 'replace'}", strip)
    if base.startswith("unicode"):
        return "unicode", _unicode(argument, strip)
    if base == "json":
        return "json", _one_by_one(_compact_json, lambda values: widen("json", pa.array(values, pa.string()), "plain"))
    return base, _one_by_one(_complex(comma), lambda values: _complex_array(base, values))


def _kernel(parse: _KernelParser, **arguments: Any) -> _Convert:
    def convert(texts: Any, rules: _Rules) -> Parsed:
        array, bad, mask = parse(
            texts, none_empty=rules.none_empty, none_values=rules.none_values, default=rules.default, **arguments
        )
        return Parsed(_array(array), bad, None if mask is None else _array(mask))

    return convert


_UNCHANGED: Final[Mapping[str, frozenset[str]]] = {
    "bytes": frozenset({"ascii", "utf-8", "other"}),
    "utf-8": frozenset({"ascii", "utf-8"}),
    "ascii:replace": frozenset({"ascii"}),
    "ascii:strict": frozenset({"ascii"}),
}


def _text(mode: str, strip: bool) -> _Convert:
    """Convert to text or bytes; mostly there is nothing to change, and nothing is copied."""
    convert = _kernel(_native.parse_text, mode=mode, strip=strip)
    kind = pa.binary() if mode == "bytes" else pa.string()
    encodings = frozenset() if strip else _UNCHANGED.get(mode, frozenset())

    def convert_or_keep(texts: Any, rules: _Rules) -> Parsed:
        keeps = not (rules.none_empty or rules.none_values) and texts.type in {pa.string(), pa.binary()}
        if keeps and encodings and _native.text_encoding(texts) in encodings:
            return Parsed(texts.view(kind))
        return convert(texts, rules)

    return convert_or_keep


# ---- what only Python can convert

_Value = Callable[[bytes], Any]


def _one_by_one(value_of: _Value, array_of: Callable[[list[Any]], Any]) -> _Convert:
    """Convert each distinct text once; ``value_of`` raises ValueError for bad ones."""

    def values(texts: Iterable[bytes], rules: _Rules) -> Iterator[tuple[Any, bool]]:
        for text in texts:
            if rules.is_none(text):
                yield None, False
                continue
            try:
                yield value_of(text), False
            except (ValueError, RecursionError):
                yield (None if rules.default is None else value_of(rules.default)), True

    def convert(texts: Any, rules: _Rules) -> Parsed:
        if _types.is_string(texts.type) or _types.is_large_string(texts.type):
            texts = texts.cast(pa.large_binary())
        encoded = texts.dictionary_encode()
        pairs = list(values(encoded.dictionary.to_pylist(), rules))
        mask = pa.array([bad for _, bad in pairs], pa.bool_())
        distinct = Parsed(array_of([value for value, _ in pairs]), sum(bad for _, bad in pairs), mask)
        return _spread(distinct, encoded.indices)

    return convert


def _unicode(argument: str, strip: bool) -> _Convert:
    codec, _, errors = argument.partition("/")
    errors = errors or "strict"
    name = codecs.lookup(codec).name
    if errors not in {"strict", "replace", "ignore"}:
        raise ValueError(f"unknown error handling {errors!r} in unicode:{argument}; it is strict, replace or ignore")
    if name == "utf-8" and errors == "strict":
        return _text("utf-8", strip)

    def decode(text: bytes) -> str:
        value = str(text.strip(b"\t\n\v\f\r ") if strip else text, name, errors)
        value.encode("utf-8")  # codecs such as utf-7 and unicode_escape make surrogates, which cannot be stored
        return value

    return _one_by_one(decode, lambda values: pa.array(values, pa.string()))


def _compact_json(text: bytes) -> str:
    value = json.dumps(json.loads(text.decode("utf-8")), ensure_ascii=False, separators=(",", ":"))
    value.encode("utf-8")  # lone surrogates cannot be stored
    return value


def _complex(comma: bool) -> _Value:
    def convert(text: bytes) -> complex:
        if comma:
            text = text.translate(_SWAP_POINTS)
        return complex(text.decode("utf-8"))

    return convert


_SWAP_POINTS: Final = bytes.maketrans(b".,", b",.")


def _complex_array(coltype: str, values: list[complex | None]) -> Any:
    numbers = np.array([0j if value is None else value for value in values], np.complex128)
    kind = arrow_type(coltype)
    with np.errstate(over="ignore"):  # too large for 32 bits is infinite
        parts = [numbers.real, numbers.imag]
        if coltype == "complex32":
            parts = [part.astype(np.float32) for part in parts]
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays([pa.array(part) for part in parts], fields=list(kind), mask=mask)
