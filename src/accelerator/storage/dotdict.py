"""A dict whose items can be reached as attributes."""

from collections import OrderedDict
from typing import Any

__all__ = ["DotDict"]


class DotDict(OrderedDict[str, Any]):
    """Ordered dict with attribute access to its items: ``d.name`` is ``d["name"]``.

    Equal to a plain dict with the same items, and picklable. A name that a dict already has
    (``d.items``, ``d.keys``, …) is reached as ``d["items"]`` only, and names starting with ``_`` are never attributes.

    Args:
        *args: as for ``dict``.
        **kw: items by name.

    Raises:
        AttributeError: on reading or deleting an attribute that is not an item, and on any use of a name that
            starts with ``_``.

    >>> d = DotDict(a=1)
    >>> d.b = 2
    >>> d.a + d["b"]
    3
    """

    def __getattr__(self, name: str) -> Any:
        if name[:1] != "_" and name in self:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:1] == "_":
            raise AttributeError(name)
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name[:1] == "_" or name not in self:
            raise AttributeError(name)
        del self[name]
