"""Command lines as shells divide them, also while they are being typed."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.cli.shells import Line, line_up_to


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Line((), "", "")),
        ("ax ", Line(("ax",), "", "")),
        ("ax jo", Line(("ax",), "jo", "")),
        ('ax "a b', Line(("ax",), "a b", '"')),
        ("ax 'a b' c\\ d", Line(("ax", "a b"), "c d", "")),
        ("ax 'it'\\''s'", Line(("ax",), "it's", "")),
        ("ax ''", Line(("ax",), "", "")),
        ("ax '' x", Line(("ax", ""), "x", "")),
        ('ax "\\$5 \\n', Line(("ax",), "$5 \\n", '"')),
        ("ax a\\", Line(("ax",), "a", "")),
    ],
)
def test_lines_that_are_being_typed(text, expected):
    assert line_up_to(text) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_quoted_words_are_read_back(words):
    assert line_up_to(shlex.join(words) + " ").words == tuple(words)
