from textwrap import dedent

from accelerator.method.functions import MODULE_LEVEL, changed_functions, function_table

SOURCE = dedent(
    '''
    """Docstring."""
    import os

    LIMIT = 5

    def first(a):
        return a  # comment

    @decorator
    async def second():
        def inner():
            return 1
        return inner

    class C(Base):
        attribute = 1

        def method(self):
            return 2

        @property
        def value(self):
            return 3

        @value.setter
        def value(self, new):
            pass

        class Inner:
            def deep(self):
                return 4
    '''
)


def changes(old: str, new: str) -> dict[str, str]:
    return {change.name: change.kind for change in changed_functions(old.encode(), new.encode())}


def edited(old: str, new: str) -> str:
    assert old in SOURCE
    return SOURCE.replace(old, new)


def test_a_table_has_every_function_by_its_qualified_name():
    assert list(function_table(SOURCE.encode())) == [
        "first",
        "second",
        "C",
        "C.method",
        "C.value",
        "C.value (2)",
        "C.Inner",
        "C.Inner.deep",
        MODULE_LEVEL,
    ]


def test_only_what_changed_is_named():
    assert changes(SOURCE, SOURCE) == {}
    assert changes(SOURCE, edited("LIMIT = 5", "LIMIT = 6")) == {MODULE_LEVEL: "changed"}
    assert changes(SOURCE, edited("return a ", "return -a ")) == {"first": "changed"}
    assert changes(SOURCE, edited("return 1", "return 0")) == {"second": "changed"}
    assert changes(SOURCE, edited("@decorator\n", "")) == {"second": "changed"}
    assert changes(SOURCE, edited("(Base)", "(Other)")) == {"C": "changed"}
    assert changes(SOURCE, edited("attribute = 1", "attribute = 2")) == {"C": "changed"}
    assert changes(SOURCE, edited("return 2", "return 0")) == {"C.method": "changed"}
    assert changes(SOURCE, edited("return 4", "return 0")) == {"C.Inner.deep": "changed"}
    assert changes(SOURCE, edited("        pass", "        return new")) == {"C.value (2)": "changed"}


def test_comments_docstrings_and_layout_are_no_change():
    assert changes(SOURCE, edited("# comment", "# another")) == {}
    assert changes(SOURCE, edited("Docstring.", "Other.")) == {}
    assert changes(SOURCE, edited("return 2", '"""Doc."""\n        return (2)')) == {}


def test_functions_that_come_and_go():
    renamed = edited("def first", "def other")
    assert changes(SOURCE, renamed) == {"other": "added", "first": "removed"}
    assert changes("", "def f(): pass") == {"f": "added"}
    assert changes("x = 1", "") == {MODULE_LEVEL: "removed"}


def test_the_diff_shows_the_lines_of_the_function():
    [change] = changed_functions(SOURCE.encode(), edited("return 2", "return 0").encode())
    assert change.diff == " def method(self):\n-    return 2\n+    return 0"


def test_a_diff_with_two_places_marks_what_is_left_out():
    old = "def f():\n" + "".join(f"    x{n} = {n}\n" for n in range(20))
    new = old.replace("x1 = 1\n", "x1 = -1\n").replace("x18 = 18", "x18 = -18")
    [change] = changed_functions(old.encode(), new.encode())
    assert change.diff.split("\n") == [
        " def f():",
        "     x0 = 0",
        "-    x1 = 1",
        "+    x1 = -1",
        "     x2 = 2",
        "     x3 = 3",
        "…",
        "     x16 = 16",
        "     x17 = 17",
        "-    x18 = 18",
        "+    x18 = -18",
        "     x19 = 19",
    ]


def test_a_change_outside_functions_shows_no_function():
    [change] = changed_functions(SOURCE.encode(), edited("LIMIT = 5", "LIMIT = 6").encode())
    assert change.name == MODULE_LEVEL
    assert "-LIMIT = 5\n+LIMIT = 6" in change.diff
    assert "return" not in change.diff


def test_a_file_that_cannot_be_parsed_is_compared_whole():
    [change] = changed_functions(b"def f(:\n", b"def f(:\n    x\n")
    assert (change.name, change.kind) == (MODULE_LEVEL, "changed")
    assert change.diff == " def f(:\n+    x"
    assert changes("def f(:", "def f(): pass") == {"f": "added", MODULE_LEVEL: "removed"}
