import os
import stat
from pathlib import Path

import pytest

from accelerator.storage.atomic import fsync_files, fsync_tree, make_directories, symlink, write_bytes


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole(tmp_path, durable):
    path = tmp_path / "å b\n\udcff"
    write_bytes(path, b"one", durable=durable)
    write_bytes(path, b"two" * 100_000, durable=durable)

    assert path.read_bytes() == b"two" * 100_000
    assert list(tmp_path.iterdir()) == [path]


def test_the_umask_counts(tmp_path):
    old = os.umask(0o027)
    try:
        write_bytes(tmp_path / "x", b"")
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "inside").touch()

    with pytest.raises(OSError):
        write_bytes(tmp_path / "x", b"data")
    with pytest.raises(OSError):
        symlink("y", tmp_path / "x")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_link_is_replaced(tmp_path):
    symlink("one", tmp_path / "link")
    symlink("two", tmp_path / "link")

    assert (tmp_path / "link").readlink() == Path("two")
    assert len(list(tmp_path.iterdir())) == 1


def test_syncing_a_tree_passes_over_what_is_no_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"x")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")  # opening this would wait for ever
    secret = tmp_path / "write-only"
    secret.write_bytes(b"x")
    secret.chmod(0o200)

    fsync_tree(tmp_path)
    fsync_files([tmp_path / "sub" / "file", tmp_path / "gone"])
    with pytest.raises(FileNotFoundError):
        fsync_tree(tmp_path / "gone")


def test_many_files_are_synced_or_an_error_is_raised(tmp_path):
    paths = [tmp_path / str(number) for number in range(50)]
    for path in paths:
        path.write_bytes(b"x")
    fsync_tree(tmp_path)
    fsync_files([*paths, *(tmp_path / f"gone{number}" for number in range(50))])
    with pytest.raises(NotADirectoryError):
        fsync_files([*paths, paths[0] / "no directory", *paths])


def test_directories_are_made_with_those_above(tmp_path):
    make_directories(tmp_path / "a" / "b" / "c")
    make_directories(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        make_directories(tmp_path / "file" / "d")


def test_an_error_names_the_file_that_was_to_be_written(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"/missing/x'$"):
        write_bytes(tmp_path / "missing" / "x", b"data")
    (tmp_path / "directory").mkdir()
    with pytest.raises(OSError, match=r"/directory'$"):
        write_bytes(tmp_path / "directory", b"data")
