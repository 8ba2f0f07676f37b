import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.error import StorageError
from accelerator.method.archive import INDEX, ArchivedFile, pack, unpack
from accelerator.method.source import Snapshot, method_source


def test_everything_that_was_packed_comes_out(project, tmp_path):
    project.write(dev__a_x="import helper\nfrom lib import part", helper="x = 1  # comment", lib__part="")
    (project.directory / "dev" / "data.txt").write_bytes(b"\0\xff")
    (tmp_path / "data.txt").write_text("outside")
    snapshot = Snapshot(project.config)
    source = method_source(snapshot, project.method())
    extra = [str(project.directory / "dev" / "data.txt"), str(tmp_path / "data.txt"), source.files[-1].path]
    packed = pack(source, extra, snapshot)

    files = unpack(packed)

    assert list(files) == [
        "dev/a_x.py",
        "dev/__init__.py",
        "helper.py",
        "lib/part.py",
        "dev/data.txt",
        "extra/data.txt",
    ]
    for file in source.files:
        assert files[file.archive_name] == ArchivedFile(file.module, file.path, file.digest, snapshot.read(file.path))
    assert files["dev/data.txt"].data == b"\0\xff"
    assert files["dev/data.txt"].module == ""
    assert files["extra/data.txt"].path == str(tmp_path / "data.txt")
    assert pack(source, extra, snapshot) == packed


def test_unpacked_it_can_be_imported(project, tmp_path):
    project.write(dev__a_x="from lib.part import x", lib__part="x = 1", lib__INIT="")
    snapshot = Snapshot(project.config)
    packed = pack(method_source(snapshot, project.method()), [], snapshot)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    assert (tmp_path / "out" / "lib" / "__init__.py").read_text() == ""
    assert json.loads((tmp_path / "out" / INDEX).read_text())["lib/part.py"]["module"] == "lib.part"


def test_files_of_one_name_get_numbers(project, tmp_path):
    project.write(dev__a_x="")
    paths = []
    for directory in ("a", "b", "c"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "data.tar.gz").write_text(directory)
        paths.append(str(tmp_path / directory / "data.tar.gz"))
    (project.directory / INDEX).write_text("mine")
    snapshot = Snapshot(project.config)
    files = unpack(pack(method_source(snapshot, project.method()), [*paths, str(project.directory / INDEX)], snapshot))
    assert [name for name in files if not name.startswith("dev/")] == [
        "extra/data.tar.gz",
        "extra/data.tar-2.gz",
        "extra/data.tar-3.gz",
        "sources-2.json",
    ]
    assert files["sources-2.json"].data == b"mine"


def test_nothing_of_the_machine_is_in_it(project):
    project.write(dev__a_x="x = 1")
    snapshot = Snapshot(project.config)
    packed = pack(method_source(snapshot, project.method()), [], snapshot)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
    assert packed[4:8] == b"\0\0\0\0"


def whole_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in (("dev/a_x.py", bytes(range(256)) * 8), (INDEX, b'{"dev/a_x.py": 5}')):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@given(start=st.integers(0, len(whole_archive())), inserted=st.binary(max_size=20), skip=st.integers(0, 20))
def test_a_damaged_archive_is_an_error_of_ours(start, inserted, skip):
    """Whatever is cut out or put in; even whole it has an index that makes no sense."""
    whole = whole_archive()
    with pytest.raises(StorageError, match=r"method\.tar\.gz is damaged"):
        unpack(whole[:start] + inserted + whole[start + skip :])


def test_an_archive_without_index_is_damaged():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    with pytest.raises(StorageError, match="damaged"):
        unpack(buffer.getvalue())
