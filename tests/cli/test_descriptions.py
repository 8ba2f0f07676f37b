"""What modules say about themselves."""

import pytest

from accelerator.cli.descriptions import description
from accelerator.error import UserError


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('description = "one"\n', "one"),
        ('"""Docs."""\ndescription = "one"\n', "one"),
        ('"""Docs.\n\nMore."""\n', "Docs.\n\nMore."),
        ('description = """\n    two\n    lines\n"""\n', "two\nlines"),
        ("description = make()\n", ""),
        ("", ""),
    ],
)
def test_description(tmp_path, source, expected):
    path = tmp_path / "a_x.py"
    path.write_text(source)

    assert description(path) == expected


def test_a_syntax_error_names_file_and_line(tmp_path):
    path = tmp_path / "a_x.py"
    path.write_text("x = 1\ndef (:\n")

    with pytest.raises(UserError, match=r"a_x\.py:2: "):
        description(path)
