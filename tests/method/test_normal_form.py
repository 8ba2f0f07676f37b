import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.method import normal_form
from accelerator.method.normal_form import digest_source

SAME = [
    ("x = 1", "x=1  # comment\n\n\n"),
    ("x = 1", "# -*- coding: latin-1 -*-\nx = 1\n"),
    ("x = 1", "\ufeffx = 1"),
    ("def f(a, b):\n    return a", "def f(\n  a,  # first\n  b,\n):\n\n        return (a)\n"),
    ("def f():\n    return 1", 'def f():\n    """Docstring."""\n    return 1'),
    ("class C:\n    x = 1", 'class C:\n    """Docstring."""\n    x = 1\n    "what x is"'),
    ("x = 1", '"""Docstring."""\nx = 1'),
    ('x = "a"', "x = 'a'"),
    ('x = "ab"', "x = 'a' 'b'"),
    ('x = "a"', "x = u'a'"),
    ("x = 255", "x = 0xff"),
    ("x = 1.5", "x = 15e-1"),
    ("x = 1000", "x = 1_000"),
    ("if a and b: pass", "if (a and\n    b):\n    pass"),
    ("import a, b", "import a, \\\n   b"),
    ('x = f"a{y}b{z}"', "x = 'a' f'{y}' 'b' f'{z}'"),
    ('x = f"{y}"', 'x = f"{y:}"'),
    ('x = f"a{y!r:>{w}}"', "x = f'a' f'{ y !r:>{w}}'"),
    ("x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
    ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
]

DIFFERENT = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x = 1", "x = '1'"),
    ("x = '1'", "x = b'1'"),
    ("x = None", "x = 'None'"),
    ("x = None", "x = ..."),
    ("x = 0.0", "x = -0.0"),
    ("x = 1", "x: int = 1"),
    ("x = 1", "y = 1"),
    ("return_ = 1", "x = 1"),
    ("def f(): return", "def f(): return None"),
    ("def f(a): pass", "def f(*, a): pass"),
    ("def f(a): pass", "def f(a, /): pass"),
    ("def f(a=1): pass", "def f(*, a=1): pass"),
    ("def f(*, a, b=1): pass", "def f(*, b, a=1): pass"),
    ("x = {**a, 'b': 1}", "x = {'b': 1, **a}"),
    ("x = {a: b}", "x = {**b}"),
    ("x = f'{y}'", "x = f'{y!r}'"),
    ("x = f'{y:>3}'", "x = f'{y:>4}'"),
    ("x = f'a{y}'", "x = f'{y}a'"),
    ("x = f'{y=}'", "x = f'{y}'"),
    ("x = f'a'", "x = 'b'"),
    ("x = a - b - c", "x = a - (b - c)"),
    ("x = not (a == b)", "x = not a == b, 1"),
    ("if a:\n  b\nc", "if a:\n  b\n  c"),
    ("from . import a", "from .. import a"),
    ("from . import a", "from .a import a"),
    ("import a", "import a as b"),
    ("match x:\n case None: pass", "match x:\n case True: pass"),
    ("match x:\n case {'a': 1}: pass", "match x:\n case {'a': 1, **r}: pass"),
    ("async def f(): pass", "def f(): pass"),
    ("for a in b: pass", "for a in b: pass\nelse: pass"),
    ("try: a\nfinally: b", "try: a\nexcept: b"),
    ("x = lambda: 'a'", "x = lambda: 'b'"),
    ("f('a')", "f()"),
    ("x = 'a' 'b'", "x = 'a', 'b'"),
]


def digest(text: str) -> str:
    return digest_source(text.encode())


@pytest.mark.parametrize(("one", "other"), SAME)
def test_layout_comments_and_docstrings_do_not_count(one, other):
    assert digest(one) == digest(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_everything_else_counts(one, other):
    assert digest(one) != digest(other)


def test_the_encoding_cookie_is_obeyed():
    assert digest_source("# coding: latin-1\nx = 'ä'".encode("latin-1")) == digest("x = 'ä'")


@pytest.mark.parametrize("text", ["def f(:", "x = 'unended", "\0", "x = '\\ud800"])
def test_what_cannot_be_parsed_is_digested_by_its_bytes(text):
    assert len(digest(text)) == 64
    assert digest(text) != digest(text + " ")


def test_half_a_surrogate_pair_is_a_value_like_others():
    assert digest(r"x = '\ud800'") != digest(r"x = '\ud801'")


def test_an_invalid_escape_gives_no_warning():
    assert digest(r"x = '\d'") == digest(r"x = '\\d'")


def test_long_sums_and_large_numbers_are_no_trouble():
    assert digest("x = " + " + ".join(["a"] * 900)) != digest("x = " + " + ".join(["a"] * 901))
    assert digest("x = 0x" + "f" * 20_000) != digest("x = 0x" + "f" * 19_999)


PROGRAMS = st.recursive(
    st.sampled_from(["x", "1", "1.0", "'a'", "b'a'", "None", "True", "f'{x}'", "f'a{x!r:>{x}}b'"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "and", "==", "if x else", ","]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        inner.map(lambda part: f"(lambda x: {part})"),
    ),
    max_leaves=8,
)


@given(st.lists(PROGRAMS, max_size=4), st.data())
def test_any_layout_of_a_program_has_its_digest(statements, data):
    """Comments, blank lines, line breaks inside brackets and doubled brackets are put in at random."""
    source = "\n".join(f"x = {statement}" for statement in statements)
    laid_out = ""
    for character in source:
        laid_out += character
        if character in "[(" and data.draw(st.booleans()):
            # Not inside a string: no example has brackets there.
            laid_out += data.draw(st.sampled_from(["\n", "  # (comment\n", "   "]))
        if character == "\n" and data.draw(st.booleans()):
            laid_out += data.draw(st.sampled_from(["\n", "# x = 1\n", "'docstring'\n"]))
    assert digest(source) == digest(laid_out)


# Everything where the trees of Python 3.11 to 3.14 are known, or feared, to differ.
CORPUS = textwrap.dedent(
    r'''
    """Module docstring.
        with indentation
    """
    from __future__ import annotations
    import os.path as p, sys
    from . import x as y
    from ..a import *

    @decorator(1, *a, **k)
    class C(Base, metaclass=M):
        """Docstring."""
        attribute: int = 1
        "attribute docstring"
        other: "str"

        @property
        def prop(self, /, a: int = 1, *args: int, b=None, c, **kw) -> "C":
            """Docstring
                indented."""
            global g
            return f"{self!r:>{width}}{a=}{b = !s:^{c}}" f"x{{}}{1:}" 'plain' f"" f"{'nested'}"

    async def co(a, b=..., *, c: f"{d}" = 1j):
        async with a as b, (c) as d:
            async for x in y:
                await z
            else:
                yield x
        return [i async for i in a if b if c for d in e]

    def f():
        """Only a docstring."""

    def g():
        nonlocal_ = lambda *a, b=1, **k: (yield)
        x: list[int] = [*a, *b]
        x[1:2, ::3, ...] = {**a, 'b': 1, **{}}
        del x[0], (y), z.a
        assert x, "message"
        try:
            raise E from None
        except* (A, B) as e:
            pass
        while (n := n - 1) > 0 <= 5 is not None not in (1,):
            break
        else:
            continue_ = 0xFFFFFFFFFFFFFFFFFFFFFFFF, 1e999, -0.0, 1_000, 0b1, 5e-324, "\ud800", b"\xff", u"u"
        match a.b, *c:
            case [1, -2.5, "s", None, True, *rest] | {"k": v, **kw} if rest:
                pass
            case C(1, x=y) as z:
                return
            case a.b | (_):
                return not x @ y ** -z // ~w % +v << 1 >> 2 & 3 | 4 ^ 5
        with (open(a) as b, open(c)):
            x = a if b else c
        return *a, b
    '''
).lstrip()


def test_the_digest_is_the_same_in_every_python_version():
    """Frozen: jobs on disk depend on it. If the form must change, normal_form.VERSION changes too."""
    assert normal_form.VERSION == 1
    assert digest(CORPUS) == "8414db7048a4c455ddec2a0e9bb26cc92165cac424f6d975c276f4f5c4eb6ce6"


def other_pythons() -> list[str]:
    """Return the interpreters of other versions that can be started here."""
    found = []
    for version in ("3.11", "3.12", "3.13", "3.14"):
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            continue
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        for candidate in [shutil.which(f"python{version}"), *map(str, installed)]:
            if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
                found.append(candidate)
                break
    return found


SCRIPT = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("normal_form", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sources = [open(path, "rb").read() for path in json.load(sys.stdin)]
print(json.dumps([module.digest_source(source) if module.parse(source) else None for source in sources]))
"""


@pytest.mark.slow
def test_other_interpreters_give_the_same_digests(tmp_path):
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no Python of another version can be started here")
    standard = Path(sysconfig.get_path("stdlib"))
    corpus = tmp_path / "corpus.py"
    corpus.write_text(CORPUS)
    names = ["ast", "dataclasses", "inspect", "typing", "turtle", "test/test_fstring", "test/test_grammar"]
    paths = [str(corpus), *(str(path) for name in names if (path := standard / f"{name}.py").exists())]
    ours = [digest_source(Path(path).read_bytes()) for path in paths]
    for python in pythons:
        done = subprocess.run(
            [python, "-I", "-c", SCRIPT, importlib.util.find_spec(normal_form.__name__).origin],
            input=json.dumps(paths),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        theirs = json.loads(done.stdout)
        assert theirs[0] is not None, "the corpus is for every version"
        # The library of a newer Python may be written in what an older one cannot read, let alone run.
        both = [(path, a, b) for path, a, b in zip(paths, ours, theirs, strict=True) if b is not None]
        assert [(path, a) for path, a, _ in both] == [(path, b) for path, _, b in both], python
