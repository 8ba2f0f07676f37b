import linecache

import pytest

from accelerator.extras import debug_print_options, quote, stackup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dev-1/x", "dev-1/x"), ("å", "å"), ("", "''"), ("a b", "'a b'"), ("a\tb", r"'a\tb'"), ("'", "'"),
        ("a'b\"", "'a\\'b\"'"),
        ("\\", r"'\\'"), ("a\u00a0b", r"'a\xa0b'"), ("\u2003", r"'\u2003'"), (3, "3"),
    ],
)  # fmt: skip
def test_quote(text, expected):
    assert quote(text) == expected


def test_the_innermost_caller_outside():
    name, line = stackup()
    assert name == __file__
    assert "stackup()" in linecache.getline(name, line)


def test_options_are_printed_sorted(capsys):
    debug_print_options({"foo": 1, "a": "x", "longer": [1]}, "title")
    debug_print_options({})
    rule = "-" * 53
    assert capsys.readouterr().out.split("\n") == [
        rule, "- title", rule, "a      = 'x'", "foo    = 1", "longer = [1]", rule, rule, rule, "",
    ]  # fmt: skip
