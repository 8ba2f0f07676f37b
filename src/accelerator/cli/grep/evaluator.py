"""What patterns find in texts: for whole arrays by RE2 where that is exactly the same, else by Python."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.texts import decoded
from accelerator.column.numpy_view import arrow_booleans, booleans

__all__ = ["Evaluator"]

_compute: Any = pc


class Evaluator:
    """Looks at texts with patterns.

    Args:
        patterns: what is looked for.
    """

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._re2 = ""
        self._ascii_only = False
        translations = patterns.translations()
        if translations is None:
            return
        self._re2 = "|".join(f"(?:{each.pattern})" for each in translations)
        self._ascii_only = any(each.ascii_only for each in translations)
        try:
            _compute.match_substring_regex(pa.array([""], pa.large_string()), self._re2)
        except pa.ArrowInvalid:  # more than RE2 takes
            self._re2 = ""

    def matching(self, values: Any) -> Any:
        """Return which of an array of texts match, as a NumPy mask."""
        if not self._re2 or not pa.types.is_large_string(values.type):
            return self._one_by_one(values)
        if not self._ascii_only:
            return booleans(_compute.match_substring_regex(values, self._re2))
        ascii_rows = booleans(_compute.string_is_ascii(values))
        if ascii_rows.all():
            return booleans(_compute.match_substring_regex(values, self._re2))
        found = ascii_rows.copy()
        found[ascii_rows] = booleans(
            _compute.match_substring_regex(values.filter(arrow_booleans(ascii_rows)), self._re2)
        )
        found[~ascii_rows] = self._one_by_one(values.filter(arrow_booleans(~ascii_rows)))
        return found

    def _one_by_one(self, values: Any) -> Any:
        return np.fromiter(map(self._patterns.matches, decoded(values)), bool, len(values))
