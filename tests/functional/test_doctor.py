"""``ax doctor`` as a process, on projects that are well and on projects that are not."""

import json
import os
import sqlite3

import pytest

from accelerator.cli.doctor_checks import unreadable_index

# Each test starts processes.
pytestmark = pytest.mark.slow

METHOD = """\
    def prepare(job):
        return job.datasetwriter(columns={"x": "int64"})


    def analysis(sliceno, prepare_res):
        for x in range(1000):
            prepare_res.write(x * sliceno)
"""


@pytest.fixture
def project(ax_project):
    made = ax_project()
    made.write("dev/a_numbers.py", METHOD)
    made.write("dev/build.py", 'def main(urd):\n    urd.build("numbers")\n')
    made.ax("run")  # dev-0, dev-1
    return made


def wrong(project, *arguments, code=1):
    """What is not as it should be, as (level, topic, text, mend)."""
    found = json.loads(project.ax("doctor", "--json", *arguments, code=code).stdout)
    return [tuple(finding.values()) for finding in found if finding["level"] != "ok"]


def test_all_is_well(project):
    out = project.ax("doctor", "--verify").stdout

    assert f"ok       configuration: {project.path / 'accelerator.toml'}\n" in out
    assert "ok       index: 2 jobs known\n" in out
    assert "ok       locks dev: work\n" in out
    assert "ok       data dev: the datasets of 2 jobs are as they were written\n" in out
    assert out.endswith("\nAll is well.\n")


def test_damaged_data(project):
    parquet = next((project.workdir / "dev-1" / "DS").glob("*/*.parquet"))
    data = bytearray(parquet.read_bytes())
    data[len(data) // 4] ^= 0xFF
    parquet.write_bytes(data)

    assert not wrong(project, code=0)
    ((level, topic, text, mend),) = wrong(project, "--verify")
    assert (level, topic, mend) == ("error", "data dev", "ax rm dev-1; it is built anew")
    assert text.startswith(str(parquet))


def test_missing_data(project):
    parquet = next((project.workdir / "dev-1" / "DS").glob("*/*.parquet"))
    parquet.unlink()

    ((_, _, text, _),) = wrong(project, "--verify")
    assert "No such file" in text


def test_damaged_records(project):
    (project.workdir / "dev-1" / "post.json").write_text("{")
    (project.workdir / "dev-LATEST").unlink()
    (project.workdir / "dev-LATEST").symlink_to("dev-9")

    assert [(level, topic) for level, topic, *_ in wrong(project)] == [
        ("error", "workdir dev"),
        ("warning", "workdir dev"),
    ]
    assert "dev-1 is damaged" in project.ax("doctor", code=1).stdout


def test_wrong_number_of_slices(project):
    (project.workdir / ".slices").write_text("7\n")

    ((level, topic, text, mend),) = wrong(project)
    assert (level, topic) == ("error", "workdir dev")
    assert "is for 7 slices, the configuration says 3" in text
    assert "slices = 7" in mend


def test_index(project):
    path = project.path / ".accelerator" / "index.sqlite"
    for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm"):
        (path.parent / name).unlink(missing_ok=True)
    path.write_bytes(b"not a database" * 1000)

    ((level, topic, _, mend),) = wrong(project)
    assert (level, topic, mend) == ("error", "index", f"delete {path}; it is made anew")


def test_configuration(project):
    project.write("accelerator.toml", "slicse = 3\n")
    ((level, topic, text, _),) = wrong(project)

    assert (level, topic) == ("error", "configuration")
    assert "did you mean 'slices'?" in text


def test_methods_and_urd(project):
    text = (project.path / "accelerator.toml").read_text()
    project.write("accelerator.toml", 'urd = "nonsense://"\n' + text.replace('"dev",', '"dev", "nowhere",'))

    assert [topic for _, topic, *_ in wrong(project)] == ["methods", "urd"]


def test_unfinished_jobs_are_a_warning(project):
    project.write("dev/build.py", "def main(urd):\n    1 / 0\n")
    project.ax("run", code=1)

    ((level, _, text, mend),) = wrong(project, code=0)
    assert (level, text, mend) == ("warning", "1 job did not finish", "ax gc lists and deletes them")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_workdir_that_cannot_be_written(project):
    project.workdir.chmod(0o555)
    try:
        assert "cannot be written" in wrong(project)[0][2]
    finally:
        project.workdir.chmod(0o755)


def test_full_disk_is_no_damage_of_the_index(tmp_path):
    error = sqlite3.OperationalError("disk I/O error")
    full = unreadable_index(tmp_path / "index.sqlite", error, 4096)

    assert full.text == f"{tmp_path}/index.sqlite cannot be read, as the disk is full (disk I/O error)"
    assert full.mend == f"make space on the disk of {tmp_path}"
    assert unreadable_index(tmp_path / "index.sqlite", error, 1 << 30).mend.startswith("delete ")
