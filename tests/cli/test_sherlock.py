"""``ax sherlock``: files that were copied, renamed, linked, changed, and whose jobs are gone."""

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accelerator.cli.job_files import JobFile, JobFiles
from accelerator.cli.main import main
from accelerator.dataset import DatasetWriter
from accelerator.dataset.origin import read_origin
from accelerator.job import Job


@pytest.fixture
def sherlock(current_job, tmp_path, monkeypatch, capsys):
    """``ax sherlock`` in a project with the jobs test-0 and test-1, which wrote the same ``note.txt``."""
    for number in range(2):
        job = current_job() if number == 0 else current_job.new()
        with job.open("note.txt", "w") as file:
            file.write("elementary")
        with job.open(f"{number}.bin", "wb") as file:
            file.write(bytes([number] * 9000))
        writer = DatasetWriter({"n": "int64"}, name="data/n")
        for sliceno in range(3):
            writer.set_slice(sliceno)
            writer.write(10 * number + sliceno)
        writer.finish()
    current_job.finish()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "accelerator.toml").write_text(
        f'slices = 3\nmethods = ["dev"]\n[workdirs]\ntest = "{tmp_path}/workdirs/test"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*arguments, code=0):
        assert main(["sherlock", *map(str, arguments)]) == code
        out, err = capsys.readouterr()
        return (out, err) if code else out

    return run


def part(jobid):
    (dataset,) = Path(Job(jobid).path).glob("DS/*/")
    return dataset / "1.parquet"


def test_copies_are_found_by_content(sherlock, tmp_path):
    shutil.copy(Path(Job("test-1").path) / "1.bin", tmp_path / "renamed")
    shutil.copy(part("test-0"), tmp_path / "q")

    assert sherlock("renamed") == "test-1\n"
    assert sherlock("q") == "test-0\n"


def test_all_jobs_with_this_content_the_oldest_first(sherlock, tmp_path):
    (tmp_path / "x").write_text("elementary")

    assert sherlock("x") == "test-0\ntest-1\n"


def test_files_and_links_in_a_job_are_its_own(sherlock, tmp_path):
    note = Path(Job("test-1").path) / "note.txt"
    (tmp_path / "link").symlink_to(note)

    found = json.loads(sherlock("--json", "link"))

    ((match,),) = [each["matches"] for each in found]
    assert {**match, "time": ""} == {
        "job": "test-1", "name": "note.txt", "method": "test_method", "time": "", "found_by": "place", "warning": None,
    }  # fmt: skip
    assert sherlock("-v", note).startswith(f"{note} (test_method at 20")


def test_several_files_and_what_nobody_wrote(sherlock, tmp_path):
    shutil.copy(Path(Job("test-0").path) / "0.bin", tmp_path / "known")
    (tmp_path / "unknown").write_bytes(b"\1" * 8999 + b"\2")
    (tmp_path / "empty").touch()

    out, err = sherlock("known", "unknown", "empty", "missing", ".", code=1)

    assert out == "known: test-0\n"
    assert err.splitlines() == [
        "ax: unknown: no job has a file with this content",
        "ax: empty: is empty, and so are many",
        "ax: missing: there is no such file",
        "ax: .: is a directory",
    ]


def test_parquet_files_know_their_job_when_it_is_gone(sherlock, tmp_path):
    shutil.copy(part("test-0"), tmp_path / "q.parquet")
    shutil.rmtree(Job("test-0").path)

    assert sherlock("q.parquet") == "test-0 (the job is gone)\n"


def test_another_job_may_have_the_name_now(sherlock, tmp_path):
    shutil.copy(part("test-0"), tmp_path / "q.parquet")
    shutil.rmtree(Job("test-0").path)
    shutil.copytree(Job("test-1").path, Job("test-0").path)

    assert sherlock("q.parquet") == "test-0 (the job is gone, another one has its name now)\n"


def test_parquet_files_that_were_rewritten_say_where_they_came_from(sherlock, tmp_path):
    table = pq.read_table(part("test-1"))
    pq.write_table(table.slice(1), tmp_path / "q.parquet")
    (tmp_path / "other.parquet").write_bytes(b"PAR1 but not really")

    out, err = sherlock("q.parquet", "other.parquet", code=1)

    assert out == "q.parquet: test-1 (changed since the job wrote it)\n"
    assert "other.parquet: no job" in err


def test_files_without_a_job_have_no_origin(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"accelerator": [1]}, metadata={"accelerator": "[]"}), path)

    assert read_origin(path) is None


class TestJobFiles:
    def of_size(self, tmp_path, size):
        files = JobFiles(tmp_path / ".accelerator" / "files.sqlite", {"test": tmp_path / "workdirs" / "test"})
        try:
            return files.of_size(size)
        finally:
            files.close()

    @pytest.mark.usefixtures("sherlock")
    def test_jobs_come_and_go(self, tmp_path, current_job):
        assert self.of_size(tmp_path, 10) == [JobFile("test-0", "note.txt"), JobFile("test-1", "note.txt")]

        with current_job().open("more", "w") as file:
            file.write("0123456789")
        assert len(self.of_size(tmp_path, 10)) == 2, "it has not finished"
        current_job.finish()
        shutil.rmtree(Job("test-0").path)

        assert self.of_size(tmp_path, 10) == [JobFile("test-1", "note.txt"), JobFile("test-2", "more")]

    @pytest.mark.usefixtures("sherlock")
    def test_a_damaged_cache_is_made_anew(self, tmp_path):
        self.of_size(tmp_path, 10)
        cache = tmp_path / ".accelerator" / "files.sqlite"
        for path in cache.parent.glob("files.sqlite-*"):
            path.unlink()
        cache.write_bytes(b"not a database, " * 1000)

        assert len(self.of_size(tmp_path, 10)) == 2
        assert cache.read_bytes().startswith(b"SQLite")

    @pytest.mark.usefixtures("sherlock")
    def test_where_nothing_can_be_written_it_does_without(self, tmp_path):
        (tmp_path / ".accelerator").write_text("a file")

        assert len(self.of_size(tmp_path, 10)) == 2

    @pytest.mark.usefixtures("sherlock")
    def test_a_workdir_made_anew_is_another_one(self, tmp_path):
        self.of_size(tmp_path, 10)
        slices = tmp_path / "workdirs" / "test" / ".slices"
        os.utime(slices, ns=(1, 1))
        (Path(Job("test-0").path) / "note.txt").write_text("of another job")

        assert self.of_size(tmp_path, 10) == [JobFile("test-1", "note.txt")]
        assert self.of_size(tmp_path, 14) == [JobFile("test-0", "note.txt")]
