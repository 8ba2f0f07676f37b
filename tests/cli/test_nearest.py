"""Suggestions."""

import pytest

from accelerator.cli.nearest import did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("jbo", ["job", "run", "ds"], " (did you mean 'job'?)"),
        ("CSVimport", ["csvimport", "csvexport"], " (did you mean 'csvimport'?)"),
        ("csvmport", ["csvimport", "csvexport", "x"], " (did you mean 'csvimport' or 'csvexport'?)"),
        ("me/numbres", ["me/numbers", "me/doubled"], " (did you mean 'me/numbers'?)"),
        ("abcd1", ["abcd2", "abcd3", "abcd4", "abcd5"], " (did you mean 'abcd2', 'abcd3' or 'abcd4'?)"),
        ("zzz", ["job", "run"], ""),
        ("", ["job"], ""),
        ("x", [], ""),
    ],
)
def test_did_you_mean(name, known, expected):
    assert did_you_mean(name, known) == expected
