"""Commands on what is damaged or cannot be read: one line that names the file, the rest is shown, never a traceback."""

import os
import shutil

import pytest

pytestmark = pytest.mark.slow

# Without these, root too is refused what the permissions refuse.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


def complaint(result):
    """The one line on stderr."""
    (line,) = result.stderr.splitlines()
    assert line.startswith("ax: "), line
    assert "mistake in the Accelerator" not in line
    return line


def without_rights(project, *arguments, code):
    """Run ``ax`` as somebody whom permissions bind."""
    before = WITHOUT_RIGHTS if os.geteuid() == 0 else ()
    if before and shutil.which("setpriv") is None:
        pytest.skip("nothing binds root here")
    return project.ax(*arguments, code=code, before=before)


def test_damaged_records_of_jobs(fifty_copy):
    dev = fifty_copy.workdir
    (dev / "dev-1" / "setup.json").write_text("")
    (dev / "dev-4" / "setup.json").write_bytes(os.urandom(99))
    (dev / "dev-7" / "setup.json").write_bytes((dev / "dev-7" / "setup.json").read_bytes()[:300])
    (dev / "dev-10" / "setup.json").unlink()
    (dev / "dev-2" / "post.json").write_text("{}")
    (dev / "dev-20" / "method.tar.gz").write_bytes(b"")

    for job in ("dev-1", "dev-4", "dev-7"):
        for command in (("job",), ("ds",), ("job", "-o"), ("job", "--diff", "dev-3")):
            assert f"{job}/setup.json" in complaint(fifty_copy.ax(*command, job, code=1))
    assert complaint(fifty_copy.ax("job", "dev-10", code=1)) == "ax: there is no job 'dev-10'"
    assert "dev-2/post.json is damaged" in complaint(fifty_copy.ax("job", "dev-2", code=1))
    assert "method.tar.gz is damaged" in complaint(fifty_copy.ax("job", "-s", "dev-20", code=1))
    assert "dev-2\tdamaged\tdataset_type\t" in fifty_copy.ax("workdir", "dev").stdout.splitlines()
    assert "\t(damaged)\t4\n" in fifty_copy.ax("du").stdout
    assert fifty_copy.ax("rm", "--force", "dev-1").stdout.startswith("dev-1 (damaged)\n")


def test_damaged_datasets(fifty_copy):
    dev = fifty_copy.workdir
    (dev / "dev-11" / "DS" / "default" / "dataset.json").write_text("nonsense")
    for file in (dev / "dev-14" / "DS" / "default").glob("*.parquet"):
        file.unlink()
    for file in (dev / "dev-17" / "DS" / "default").glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:100])

    for job, file in (("dev-11", "dataset.json"), ("dev-14", ".parquet"), ("dev-17", ".parquet")):
        for command in (("grep", "Ada", job), ("hist", job, "who"), ("sql", f'select count(*), max(who) from "{job}"')):
            line = complaint(fifty_copy.ax(*command, code=1))
            assert f"{job}/DS/default/" in line
            assert file in line
    assert "dev-11/DS/default/dataset.json" in complaint(fifty_copy.ax("ds", "dev-11", code=1))
    shown = fifty_copy.ax("ds", "dev-14").stdout
    assert "    Previous: dev-11/default (damaged)\n" in shown
    assert "    Chain broken: dataset manifest" in shown
    assert "the chain of dev-14/default is broken" in complaint(fifty_copy.ax("ds", "-c", "dev-14", code=1))


def test_a_damaged_urd(fifty_copy):
    (fifty_copy.path / "urd.db").write_bytes(os.urandom(5000))

    what = f"urd sqlite:///{fifty_copy.path / 'urd.db'}: file is not a database"
    for command in (("urd",), ("urd", "sales"), ("job", ":sales:"), ("gc", "--unreferenced")):
        assert complaint(fifty_copy.ax(*command, code=1)) == f"ax: {what}"
    failed = fifty_copy.ax("run", code=1).stderr
    assert failed.endswith(f"UrdError: {what}\n")
    assert "sqlalchemy" not in failed


def test_a_damaged_or_closed_cache_costs_only_time(fifty_copy):
    cache = fifty_copy.path / ".accelerator"
    expected = fifty_copy.ax("job", "-P", "csvimport").stdout
    (cache / "index.sqlite").write_bytes(os.urandom(5000))
    assert fifty_copy.ax("job", "-P", "csvimport").stdout == expected
    cache.chmod(0)
    try:
        assert without_rights(fifty_copy, "job", "-P", "csvimport", code=0).stdout == expected
        assert without_rights(fifty_copy, "sherlock", "results/report.txt", code=0).stdout == "dev-47\n"
        seen = without_rights(fifty_copy, "doctor", code=1).stdout
    finally:
        cache.chmod(0o755)
    assert f"error    index: {cache / 'index.sqlite'}: Permission denied\n" in seen
    assert "ok       urd: 3 lists\n" in seen
    shutil.rmtree(cache)
    cache.write_text("not a directory")
    assert fifty_copy.ax("job", "-P", "csvimport").stdout == expected


def test_what_may_not_be_read_is_not_called_missing(fifty_copy):
    job = fifty_copy.workdir / "dev-34"
    job.chmod(0)
    try:
        for command in (("job", "dev-34"), ("ds", "dev-34"), ("du", "dev-34")):
            line = complaint(without_rights(fifty_copy, *command, code=1))
            assert line == f"ax: {job / 'setup.json'}: Permission denied"
        seen = without_rights(fifty_copy, "doctor", code=1).stdout
        listed = without_rights(fifty_copy, "workdir", "dev", code=0).stdout
        used = without_rights(fifty_copy, "du", code=0).stdout
    finally:
        job.chmod(0o755)
    assert "dev-34\tunreadable\t\t\n" in listed
    assert "dev-35\tcurrent\tdataset_type\t" in listed
    assert "\t(unreadable)\t1\n" in used
    assert "dev-34/.lock: Permission denied\n             mend: change its permissions" in seen
    assert "ok       urd: 3 lists\n" in seen

    fifty_copy.workdir.chmod(0o555)
    try:
        refused = without_rights(fifty_copy, "gc", "--yes", code=1).stderr
    finally:
        fifty_copy.workdir.chmod(0o755)
    assert f"ax: dev-48 cannot be deleted: {fifty_copy.workdir / 'dev-48'}: Permission denied\n" in refused


def test_a_job_that_may_not_be_seen_is_not_built_again(fifty_copy):
    fifty_copy.ax("job", "csvimport")  # the index knows of it
    job = fifty_copy.workdir / "dev-4"
    job.chmod(0)
    try:
        failed = without_rights(fifty_copy, "run", code=1).stderr
    finally:
        job.chmod(0o755)
    assert failed.endswith(
        f"BuildError: {job / 'post.json'}: Permission denied; change its permissions, or delete dev-4\n"
    )
    assert "pathlib" not in failed
