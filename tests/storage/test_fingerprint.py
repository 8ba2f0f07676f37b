import os
import time

import pytest
import xxhash

from accelerator.error import StorageError
from accelerator.storage.fingerprint import DigestCache, directory_digest, file_digest


def make_old(path):
    then = time.time() - 100
    os.utime(path, (then, then))


def test_digest_and_progress(tmp_path):
    path = tmp_path / "big"
    data = os.urandom(3_000_000)
    path.write_bytes(data)
    seen = []

    assert file_digest(path, seen.append) == xxhash.xxh3_128_hexdigest(data)
    assert sum(seen) == len(data)
    assert len(seen) > 1


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_file_is_read_once(tmp_path, on_disk):
    path = tmp_path / "x"
    path.write_bytes(b"one")
    make_old(path)
    cache = DigestCache(tmp_path / "cache" if on_disk else None)
    first = cache.digest(path)
    stamp = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    if on_disk:
        cache.close()
        cache = DigestCache(tmp_path / "cache")

    assert cache.digest(path) == first, "it looks the same, so it is not read again"
    path.write_bytes(b"three")
    make_old(path)
    assert cache.digest(path) == file_digest(path) != first
    cache.close()


def test_a_young_file_is_read_again(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"one")
    stamp = path.stat()
    cache = DigestCache()
    first = cache.digest(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert cache.digest(path) != first


@pytest.mark.parametrize("damage", [b"not a database at all, but long enough to be looked at" * 100, b""])
def test_a_damaged_cache_is_made_anew(tmp_path, damage):
    (tmp_path / "cache").write_bytes(damage)
    path = tmp_path / "x"
    path.write_bytes(b"one")
    make_old(path)
    for _ in range(2):
        cache = DigestCache(tmp_path / "cache")
        assert cache.digest(path) == file_digest(path)
        cache.close()


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"one")

    cache = DigestCache(tmp_path / "no" / "such" / "directory")
    assert cache.digest(path) == file_digest(path)
    cache.close()


def test_a_file_that_changes_while_it_is_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x" * 3_000_000)

    def grow(_size):
        with path.open("r+b") as file:
            file.truncate(2_500_000)

    with pytest.raises(StorageError, match="changed while"):
        DigestCache().digest(path, grow)
    with pytest.raises(FileNotFoundError):
        DigestCache().digest(tmp_path / "missing")


def test_directories(tmp_path):
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "a").write_bytes(b"1")
    (top / "sub" / "b\n\udcff").write_bytes(b"2")
    cache = DigestCache()
    seen = {directory_digest(top, cache)}
    assert directory_digest(top) in seen

    changes = [
        lambda: (top / "a").write_bytes(b"2"),
        lambda: (top / "a").rename(top / "c"),
        (top / "sub" / "empty").mkdir,
        lambda: (top / "link").symlink_to("sub"),
        lambda: (top / "c").rename(top / "sub" / "c"),
    ]
    for i, change in enumerate(changes, 2):
        change()
        seen.add(directory_digest(top, cache))
        assert len(seen) == i

    os.mkfifo(top / "pipe")
    with pytest.raises(StorageError, match="not a regular file"):
        directory_digest(top)
