"""What a method may write in ``options`` besides example values and types."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn, Self

__all__ = [
    "EnumValue",
    "OptionDefault",
    "OptionEnum",
    "OptionEnumValue",
    "OptionFile",
    "OptionString",
    "RequiredOption",
]


class OptionEnumValue(str):
    """One value of an :class:`OptionEnum`: a string that knows what else it could have been.

    Used as an option template it is the default of an option that takes any value of the enum.
    """

    __slots__ = ("enum",)

    enum: "OptionEnum"

    def __new__(cls, value: str, enum: "OptionEnum") -> Self:
        self = super().__new__(cls, value)
        self.enum = enum
        return self

    def __reduce__(self) -> tuple[type["OptionEnumValue"], tuple[str, "OptionEnum"]]:
        return OptionEnumValue, (str(self), self.enum)


EnumValue = OptionEnumValue


class OptionEnum:
    """An option that takes one of a few strings.

    Args:
        values: the strings, separated by spaces or commas in one ``str``, or any iterable of them. One that
            ends in ``*`` stands for every string that starts so.
        none_ok: whether the option may also be None (or ``""``); it then need not be given.

    ``enum.name`` and ``enum["name"]`` give a member, which used as a template makes that member the default;
    ``in`` says whether an option takes a string, and iteration gives the strings as they were declared.

    Example:
        >>> colours = OptionEnum("red green dark*")
        >>> colours.red, colours["darkblue"]
        ('red', 'darkblue')
    """

    __slots__ = ("_members", "_prefixes", "_values", "none_ok")

    def __init__(self, values: str | Iterable[str], none_ok: bool = False) -> None:
        if isinstance(values, str):
            values = values.replace(",", " ").split()
        self._values = tuple(values)
        for value in self._values:
            if not str.strip(value):  # TypeError if it is no str
                raise ValueError(f"an OptionEnum is made of non-empty strings, not {value!r}")
        self._prefixes = tuple(value[:-1] for value in self._values if value.endswith("*"))
        self._members = {value: OptionEnumValue(value, self) for value in self._values if value[-1] != "*"}
        self.none_ok = bool(none_ok)

    def __getattr__(self, name: str) -> OptionEnumValue:
        # Names with underscores are asked for by copy and pickle before the slots are filled.
        if not name.startswith("_") and name in self._members:
            return self._members[name]
        raise AttributeError(name)

    def __getitem__(self, name: str) -> OptionEnumValue:
        if name in self._members:
            return self._members[name]
        if name in self:
            return OptionEnumValue(name, self)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._members or (bool(self._prefixes) and name.startswith(self._prefixes))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OptionEnum):
            return NotImplemented
        return (self._values, self.none_ok) == (other._values, other.none_ok)

    def __hash__(self) -> int:
        return hash((self._values, self.none_ok))

    def __reduce__(self) -> tuple[type["OptionEnum"], tuple[tuple[str, ...], bool]]:
        return OptionEnum, (self._values, self.none_ok)

    def __repr__(self) -> str:
        none_ok = ", none_ok=True" if self.none_ok else ""
        return f"OptionEnum({' '.join(self._values)!r}{none_ok})"


class _OptionString(str):
    """A non-empty string that has to be given; see :data:`OptionString`."""

    __slots__ = ()

    def __call__(self, example: str) -> "_OptionString":
        return _OptionString(example)

    def __reduce__(self) -> tuple[type["_OptionString"], tuple[str]]:
        return _OptionString, (str(self),)

    def __repr__(self) -> str:
        return f"OptionString({str(self)!r})" if self else "OptionString"


OptionString: Final = _OptionString()
"""An option that must be given and not be empty; ``OptionString("example")`` shows what it may look like."""


class RequiredOption:
    """An option that must be given.

    Args:
        value: the template (type or example) that the value has to fit.
        none_ok: whether None may be given.
    """

    __slots__ = ("none_ok", "value")

    def __init__(self, value: Any, none_ok: bool = False) -> None:
        self.value = value
        self.none_ok = bool(none_ok)

    def __reduce__(self) -> tuple[type["RequiredOption"], tuple[Any, bool]]:
        return RequiredOption, (self.value, self.none_ok)

    def __repr__(self) -> str:
        none_ok = ", none_ok=True" if self.none_ok else ""
        return f"RequiredOption({describe(self.value)}{none_ok})"


class OptionDefault:
    """An option whose default is not the example value of its template.

    Args:
        value: the template (type or example) that a given value has to fit.
        default: what the method sees when nothing, or None, is given.
    """

    __slots__ = ("default", "value")

    def __init__(self, value: Any, default: Any = None) -> None:
        self.value = value
        self.default = default

    def __reduce__(self) -> tuple[type["OptionDefault"], tuple[Any, Any]]:
        return OptionDefault, (self.value, self.default)

    def __repr__(self) -> str:
        return f"OptionDefault({describe(self.value)}, default={self.default!r})"


class OptionFile:
    """An option that names an input file, relative to the input directory; its content is part of the job's identity.

    Args:
        none_ok: whether the option may be None; it then need not be given.
        directory: the option names a directory; every file below it counts.
        multiple: a list of names, and names with the wildcards ``* ? [``, are accepted too.
    """

    __slots__ = ("directory", "multiple", "none_ok")

    def __init__(self, none_ok: bool = False, directory: bool = False, *, multiple: bool = False) -> None:
        self.none_ok = bool(none_ok)
        self.directory = bool(directory)
        self.multiple = bool(multiple)

    def __setattr__(self, name: str, value: bool) -> None:
        if hasattr(self, name):
            self._refuse(name)
        super().__setattr__(name, value)

    def _refuse(self, name: str) -> NoReturn:
        raise AttributeError(f"{name} of an OptionFile cannot be changed")

    def __reduce__(self) -> tuple[Any, tuple[bool, bool, bool]]:
        return _option_file, (self.none_ok, self.directory, self.multiple)

    def __repr__(self) -> str:
        given = [f"{name}=True" for name in ("none_ok", "directory", "multiple") if getattr(self, name)]
        return f"OptionFile({', '.join(given)})"


def _option_file(none_ok: bool, directory: bool, multiple: bool) -> OptionFile:
    return OptionFile(none_ok, directory, multiple=multiple)


def describe(template: Any) -> str:
    """Write an option template as its author would.

    Args:
        template: any template that ``options`` of a method may hold.

    Returns:
        Text for listings: ``int`` for the type, ``[int]`` for a list of it, the repr of an example value.
    """
    if isinstance(template, type):
        return template.__name__
    if isinstance(template, list):
        return f"[{', '.join(map(describe, template))}]"
    if isinstance(template, tuple):
        return f"({', '.join(map(describe, template))}{',' if len(template) == 1 else ''})"
    if isinstance(template, set):
        return f"{{{', '.join(sorted(map(describe, template)))}}}" if template else "set()"
    if isinstance(template, dict):
        return f"{{{', '.join(f'{key!r}: {describe(value)}' for key, value in template.items())}}}"
    return repr(template)
