import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator.error import ServerError
from accelerator.method.discover import MethodFile
from accelerator.method.imports import Import, modules_of
from accelerator.method.source import Snapshot, method_source, source_digest


class Memory(dict):
    """A cache that counts what it is asked for."""

    def __init__(self):
        super().__init__()
        self.hits = 0

    def get(self, key):
        self.hits += key in self
        return super().get(key)

    def put(self, key, value):
        self[key] = value


def test_a_method_is_its_file_its_package_and_what_it_imports(project):
    project.write(
        dev__a_x="import lib.helper\nfrom . import local",
        dev__local="import json, numpy",
        dev__other="",
        lib__helper="from lib import deeper",
        lib__deeper="",
        lib__unused="",
    )
    project.package("lib")
    assert project.modules() == ["dev.a_x", "dev", "dev.local", "lib", "lib.deeper", "lib.helper"]


IMPORTS = {
    "import helper": ["helper"],
    "import helper as h, os": ["helper"],
    "from helper import f": ["helper"],
    "from helper import *": ["helper"],
    "import pack.sub.leaf": ["pack", "pack.sub", "pack.sub.leaf"],
    "from pack.sub import leaf": ["pack", "pack.sub", "pack.sub.leaf"],
    "from pack import sub": ["pack", "pack.sub"],
    "from pack import name": ["pack"],
    "from pack import *": ["pack", "pack.sub", "pack.sub.leaf"],
    "from . import near": ["dev.near"],
    "from .near import f": ["dev.near"],
    "from . import nothing": [],
    "from .inner import leaf": ["dev.inner", "dev.inner.leaf"],
    "from .. import beyond": [],
    "import space.part": ["space.part"],
    "from space import part": ["space.part"],
    "import space": [],
    "def f():\n    import helper": ["helper"],
    "class C:\n    def f(self):\n        from . import near": ["dev.near"],
    "try:\n    import nosuch\nexcept ImportError:\n    import helper": ["helper"],
    "if False:\n    import helper": ["helper"],
    "import importlib\nimportlib.import_module('helper')": ["helper"],
    "from importlib import import_module\nimport_module('.near', __package__)": ["dev.near"],
    "__import__('helper')": ["helper"],
    "import accelerator\nfrom accelerator import status": [],
    "import json, yaml, nosuch": [],
    "import in_venv, installed": [],
}


@pytest.mark.parametrize("statement", IMPORTS)
def test_imports_of_every_form_are_followed(project, statement):
    project.write(
        helper="",
        pack__INIT="__all__ = ['name', 'sub']",
        pack__sub__INIT="from . import leaf",
        pack__sub__leaf="",
        dev__near="",
        dev__inner__INIT="",
        dev__inner__leaf="",
        space__part="",
        venv__lib__in_venv="",
        lib__installed="",
        dev__a_x=statement,
    )
    (project.directory / "venv" / "pyvenv.cfg").touch()
    (project.directory / "lib").rename(project.directory / "site-packages")
    if statement.startswith("from pack import *"):
        project.write(pack__INIT="__all__ = ['name']\n__all__ += ['sub']")
    expected = set(IMPORTS[statement])
    if statement == "from pack import sub":
        expected |= {"pack.sub.leaf"}
    if statement == "from pack import *":
        expected |= {"pack.sub", "pack.sub.leaf"}
    if "pack.sub.leaf" in expected:
        expected |= {"pack", "pack.sub"}
    assert set(project.modules()) == {"dev.a_x", "dev", *expected}


def test_the_virtual_environment_and_site_packages_in_the_project_do_not_count(project, monkeypatch):
    project.write(venv__lib__in_venv="", **{"lib__site-packages__installed": ""}, vendored__mine="")
    (project.directory / "venv" / "pyvenv.cfg").touch()
    for directory in ("venv/lib", "lib/site-packages", "vendored"):
        monkeypatch.syspath_prepend(str(project.directory / directory))
    project.write(dev__a_x="import in_venv, installed, mine, venv.lib.in_venv")
    assert project.modules() == ["dev.a_x", "dev", "mine"]


def test_a_method_package_elsewhere_belongs_to_the_project(project, tmp_path, monkeypatch):
    shared = tmp_path / "shared" / "company"
    (shared / "methods").mkdir(parents=True)
    for name in ("__init__", "tools", "methods/__init__", "methods/a_y", "methods/helper"):
        (shared / f"{name}.py").touch()
    (shared / "methods" / "a_y.py").write_text("from . import helper\nfrom company import tools\n")
    monkeypatch.syspath_prepend(str(tmp_path / "shared"))
    project.methods = ("dev", "company.methods")
    assert project.modules("y") == ["company.methods.a_y", "company.methods", "company.methods.helper"]


def test_cycles_end(project):
    project.write(dev__a_x="from . import a", dev__a="from . import b", dev__b="from . import a, a_x, b")
    assert project.modules() == ["dev.a_x", "dev", "dev.a", "dev.b"]


def test_what_counts_in_the_digest(project):
    project.write(dev__a_x="import helper\nfrom . import near", helper="def f(): return 1", dev__near="y = 1")
    first = project.digest()

    project.write(dev__a_x="# comment\nimport helper\nfrom . import near  # comment", helper="def f():\n  return 1")
    project.write(dev__unrelated="z = 1", dev__a_other="")
    assert project.digest() == first

    project.write(helper="def f(): return 2")
    second = project.digest()
    project.write(dev__near="y = 2")
    third = project.digest()
    project.write(dev__INIT="import os")
    assert len({first, second, third, project.digest()}) == 4


def test_the_digest_does_not_depend_on_the_place_of_project_or_package(project, tmp_path):
    project.write(dev__a_x="from . import near\nimport lib", dev__near="x = 1", lib="y = 1")
    first = project.digest()
    (project.directory / "dev").rename(project.directory / "production")
    project.directory.rename(tmp_path / "elsewhere")
    project.directory = tmp_path / "elsewhere"
    project.methods = ("production",)
    assert project.digest() == first


def test_a_module_that_appears_counts(project):
    project.write(dev__a_x="try:\n    import settings\nexcept ImportError:\n    pass")
    first = project.digest()
    project.write(settings="")
    assert project.digest() != first


def test_a_file_that_cannot_be_parsed_has_a_digest_all_the_same(project):
    project.write(dev__a_x="from . import broken", dev__broken="def f(:")
    first = project.digest()
    project.write(dev__broken="def f(:  # comment")
    assert project.digest() != first


def test_an_own_method_is_its_version(tmp_path, project):
    own = MethodFile("x", "accelerator.standard_methods", "accelerator.standard_methods.a_x", tmp_path / "a_x.py")

    def digest(text: str) -> str:
        own.path.write_text(text)
        return method_source(Snapshot(project.config), own).code_digest

    first = digest("version = 1\nx = 1\n")
    assert digest("import os\nversion: int = 1  # why\nx = 2\n") == first
    assert digest("version = 2\nx = 1\n") != first
    assert digest("x = 1\n") != digest("x = 2\n")
    other = MethodFile("y", own.package, "accelerator.standard_methods.a_y", own.path)
    own.path.write_text("version = 1\n")
    assert method_source(Snapshot(project.config), other).code_digest != first


def test_a_missing_file_is_named(project):
    project.write(dev__a_x="")
    method = project.method()
    method.path.unlink()
    with pytest.raises(ServerError, match=r"Submit failed: method 'x': cannot read .*a_x.py: No such file"):
        method_source(Snapshot(project.config), method)


def test_a_snapshot_keeps_the_bytes_it_first_saw(project):
    project.write(dev__a_x="x = 1")
    snapshot, method = Snapshot(project.config), project.method()
    first = method_source(snapshot, method)
    project.write(dev__a_x="x = 2")
    assert snapshot.read(method.path) == b"x = 1"
    assert method_source(snapshot, method) == first


def test_fresh_notices_files_that_change_come_and_go(project):
    project.write(dev__a_x="import helper, later", helper="x = 1")
    snapshot, method = Snapshot(project.config), project.method()
    digests = [method_source(snapshot, method).code_digest]
    assert snapshot.fresh() is snapshot

    def change() -> None:
        nonlocal snapshot
        fresh = snapshot.fresh()
        assert fresh is not snapshot
        assert fresh.fresh() is fresh
        snapshot = fresh
        digests.append(method_source(snapshot, method).code_digest)

    project.write(helper="x = 2")
    change()
    project.write(later="")
    change()
    (project.directory / "later.py").unlink()
    change()
    project.write(helper="x = 1")
    change()
    assert digests[0] == digests[4]
    assert digests[1] == digests[3]
    assert len(set(digests)) == 3


def test_fresh_notices_a_change_that_the_clock_does_not_show(project):
    project.write(dev__a_x="x = 1")
    snapshot, method = Snapshot(project.config), project.method()
    method_source(snapshot, method)
    times = method.path.stat()
    with method.path.open("r+") as file:
        file.write("x = 2")
    os.utime(method.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert snapshot.fresh() is not snapshot


def test_another_process_gets_the_same_bytes(project):
    project.write(dev__a_x="import helper", helper="x = 1")
    snapshot, method = Snapshot(project.config), project.method()
    source = method_source(snapshot, method)
    items = snapshot.items()
    project.write(dev__a_x="", helper="x = 2")
    (project.directory / "helper.py").unlink()

    other = Snapshot(project.config)
    for path, data, modules in items:
        other.absorb(path, data, modules)

    assert other.find("helper") == project.directory / "helper.py"
    assert method_source(other, method) == source


def test_the_cache_saves_the_parsing_and_nothing_else(project):
    project.write(dev__a_x="import helper\nfrom pack import *", helper="x = 1")
    project.write(pack__INIT="__all__ = ['sub']", pack__sub="")
    cache, method = Memory(), project.method()
    plain = method_source(Snapshot(project.config), method)
    assert method_source(Snapshot(project.config, cache), method) == plain
    # dev/__init__ and pack/sub are both empty, and the cache goes by content.
    assert (len(cache), cache.hits) == (4, 1)
    assert method_source(Snapshot(project.config, cache), method) == plain
    assert cache.hits == 6


def test_depend_extra_files_count_by_their_bytes(project, tmp_path):
    project.write(dev__a_x="import helper", helper="x = 1")
    (project.directory / "dev" / "data.txt").write_text("1")
    (tmp_path / "outside.txt").write_text("1")
    helper, inside = str(project.directory / "helper.py"), str(project.directory / "dev" / "data.txt")
    outside = str(tmp_path / "outside.txt")

    def digest(*paths: str) -> str:
        snapshot = Snapshot(project.config)
        return source_digest(method_source(snapshot, project.method()), paths, snapshot)

    assert digest() == digest(helper) == project.digest()
    both = digest(inside, outside)
    assert both == digest(outside, helper, inside)
    assert len({both, digest(inside), digest(outside), digest()}) == 4
    Path(inside).write_text("2")
    assert digest(inside, outside) != both
    with pytest.raises(ServerError, match=r"depend_extra: cannot read /nosuch: No such file"):
        digest("/nosuch")


NAMES = st.sampled_from(["a", "b", "c", "d"])
STATEMENTS = st.one_of(
    NAMES.map(lambda name: f"import {name}"),
    NAMES.map(lambda name: f"from . import {name}"),
    NAMES.map(lambda name: f"from .{name} import *"),
    NAMES.map(lambda name: f"def f():\n    from dev import {name}"),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.fixed_dictionaries({name: st.lists(STATEMENTS, max_size=2) for name in ["a_x", "a", "b", "c"]}))
def test_changing_a_module_changes_the_digest_exactly_if_it_is_listed(project, files):
    for name, statements in files.items():
        project.write(**{f"dev__{name}": "\n".join(statements) or "pass"})
    before, listed = project.digest(), project.modules()
    for name in ("a", "b", "c"):
        path = project.directory / "dev" / f"{name}.py"
        text = path.read_text()
        path.write_text(text + "\nchanged = 1")
        assert (project.digest() != before) == (f"dev.{name}" in listed)
        path.write_text(text)


@pytest.mark.parametrize(
    ("module", "is_package", "imported", "names"),
    [
        ("a.b.c", False, Import(1, "", ("x",)), ["a", "a.b", "a.b.x"]),
        ("a.b", True, Import(1, "", ("x",)), ["a", "a.b", "a.b.x"]),
        ("a.b.c", False, Import(2, "d", ("x", "y")), ["a", "a.d", "a.d.x", "a.d.y"]),
        ("a.b.c", False, Import(3, "d", ()), []),
        ("a", False, Import(1, "", ("x",)), []),
        ("a", False, Import(0, "x.y", ()), ["x", "x.y"]),
    ],
)
def test_modules_of_an_import(module, is_package, imported, names):
    assert list(modules_of(module, is_package, imported)) == names
