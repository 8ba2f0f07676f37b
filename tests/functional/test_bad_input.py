"""What users get wrong or the machine refuses: one clear message, exit code 1, nothing half done counts as done."""

import os
import re
import shutil
import subprocess

import pytest

RAISING = """\
    def {phase}({arguments}):
        numerator = 1
        return numerator / 0
"""


def message(result):
    """The whole of stderr, checked for what must never be there."""
    assert "accelerator/engine" not in result.stderr, result.stderr
    assert "accelerator/script" not in result.stderr, result.stderr
    assert "mistake in the Accelerator" not in result.stderr, result.stderr
    return result.stderr


def one_line(result):
    text = message(result).strip()
    assert len(text.splitlines()) == 1, text
    return text


def build_script(project, body):
    project.write("dev/build.py", f"def main(urd):\n    {body}\n")


@pytest.mark.parametrize("command", ["run", "job", "workdir", "method"])
def test_broken_toml(ax_project, command):
    """A configuration that is no TOML is answered with the file and the place."""
    project = ax_project()
    project.write("accelerator.toml", "slices = = 3\n")

    text = one_line(project.ax(command, *(["dev-0"] if command == "job" else []), code=1))

    assert "accelerator.toml" in text
    assert "line 1" in text


def test_unknown_key(ax_project):
    """An unknown key is named, with the one that was probably meant."""
    project = ax_project()
    path = project.path / "accelerator.toml"
    path.write_text("slics = 3\n" + path.read_text())

    text = one_line(project.ax("run", code=1))

    assert "slics" in text
    assert "slices" in text.replace("slics", "")


def test_no_project(ax_project, tmp_path):
    """Outside of any project the message says what was looked for."""
    project = ax_project()
    (project.path / "accelerator.toml").unlink()

    assert "accelerator.toml" in one_line(project.ax("run", code=1))


def test_unknown_executor(ax_project):
    """Jobs are not run in another way than asked for, and who reads the configuration says so."""
    project = ax_project()
    build_script(project, "pass")
    configuration = project.path / "accelerator.toml"
    configuration.write_text(f'{configuration.read_text()}\n[execution]\nexecutor = "cluster"\n')

    for command in ("run", "method", "workdir"):
        text = one_line(project.ax(command, code=1))
        assert "execution.executor: there is none but local, not 'cluster'" in text
    assert "not 'cluster'" in project.ax("doctor", code=1).stdout
    assert project.jobs() == []


def test_missing_input_file(ax_project):
    """An input file that is not there stops the build before a job is made."""
    project = ax_project()
    build_script(project, 'urd.build("csvimport", filename="no such file.csv")')

    result = project.ax("run", code=1)

    assert "Submit failed" in message(result)
    assert "no such file.csv" in message(result)
    assert not project.finished()


def test_syntax_error_in_method(ax_project):
    """A method that cannot be compiled names its file and line; other methods go on working."""
    project = ax_project()
    project.write("dev/a_broken.py", "def synthesis(:\n    pass\n")
    project.write("dev/a_fine.py", "def synthesis():\n    return 1\n")
    build_script(project, 'urd.build("broken")')
    project.write("dev/build_fine.py", 'def main(urd):\n    assert urd.build("fine").load() == 1\n')

    result = project.ax("run", code=1)

    assert "a_broken.py" in message(result)
    assert "line 1" in message(result)
    project.ax("run", "fine")


def test_import_error_in_method(ax_project):
    """A method that fails when it is imported shows its own traceback."""
    project = ax_project()
    project.write("dev/a_broken.py", "import no_such_module_anywhere\n\ndef synthesis():\n    pass\n")
    build_script(project, 'urd.build("broken")')

    result = project.ax("run", code=1)

    assert "no_such_module_anywhere" in message(result)
    assert "a_broken.py" in message(result)


@pytest.mark.parametrize(
    ("phase", "arguments", "component"),
    [("prepare", "job", "prepare"), ("analysis", "sliceno", r"analysis\(\d\)"), ("synthesis", "job", "synthesis")],
)
def test_raising_method(ax_project, phase, arguments, component):
    """An exception shows the phase and the user's frames, and only these."""
    project = ax_project()
    project.write("dev/a_raises.py", RAISING.format(phase=phase, arguments=arguments))
    build_script(project, 'urd.build("raises")')

    result = project.ax("run", code=1)

    text = message(result)
    assert re.search(component + ":", text)
    assert "ZeroDivisionError: division by zero" in text
    assert "return numerator / 0" in text
    assert "Failed to build job dev-1 on" in text + result.stdout
    assert project.finished() == []
    assert (project.workdir / "dev-1" / "failed.json").exists()


def test_option_of_the_wrong_type(ax_project):
    project = ax_project()
    project.write("dev/a_typed.py", "options = {'count': int}\n\ndef synthesis():\n    return options.count\n")
    build_script(project, 'urd.build("typed", count="many")')

    result = project.ax("run", code=1)

    assert "Submit failed" in message(result)
    assert "count" in message(result)
    assert "typed" in message(result)


def test_unknown_option(ax_project):
    project = ax_project()
    project.write("dev/a_typed.py", "options = {'count': int}\n\ndef synthesis():\n    return options.count\n")
    build_script(project, 'urd.build("typed", cuont=3)')

    assert "cuont" in message(project.ax("run", code=1))


def test_unknown_method(ax_project):
    project = ax_project()
    build_script(project, 'urd.build("csvimprt", filename="x")')

    text = message(project.ax("run", code=1))

    assert "csvimprt" in text
    assert "csvimport" in text


def test_unknown_dataset(ax_project):
    project = ax_project()
    project.write("dev/a_reads.py", "datasets = ('source',)\n\ndef synthesis():\n    return datasets.source.shape\n")
    project.write("dev/a_makes.py", "def synthesis():\n    return 1\n")
    build_script(project, 'job = urd.build("makes")\n    urd.build("reads", source=job)')

    result = project.ax("run", code=1)

    assert re.search(r"dataset", message(result), re.IGNORECASE)
    assert "dev-1" in message(result)


def test_unknown_script(ax_project):
    project = ax_project()
    project.write("dev/build_results.py", "def main(urd):\n    pass\n")

    text = one_line(project.ax("run", "reslts", code=1))

    assert "reslts" in text


def in_small_filesystem(project, inner):
    """What to put before a command to give it 4 MiB of disk at ``workdirs``; finished jobs are listed in ``posts``."""
    (project.path / "workdirs").mkdir()
    unshare = shutil.which("unshare")
    if unshare is None:
        if os.environ.get("CI") == "true":
            pytest.fail("unshare (util-linux) is needed to give a test a file system of its own")
        pytest.skip("no unshare here, so the test cannot have a file system of its own")
    namespace = [unshare, "--mount"] if os.geteuid() == 0 else [unshare, "--mount", "--user", "--map-root-user"]
    probe = [*namespace, "mount", "-t", "tmpfs", "tmpfs", project.path / "workdirs"]
    if subprocess.run(probe, capture_output=True, check=False).returncode and os.environ.get("CI") != "true":
        pytest.skip("this system does not let the test mount a file system")
    script = f"""
        mount -t tmpfs -o size=4m tmpfs workdirs
        {inner}
        "$@"
        code=$?
        find workdirs -name post.json > posts
        exit $code
        """
    return (*namespace, "sh", "-c", script, "sh")


def test_full_disk(ax_project):
    """A disk that fills up fails the job with a message, and what was finished before stays finished."""
    project = ax_project()
    project.write(
        "dev/a_fills.py",
        """\
        def synthesis(job):
            with job.open("big", "wb") as fh:
                for _ in range(64):
                    fh.write(b"x" * 2**20)
        """,
    )
    project.write("dev/a_small.py", "def synthesis():\n    return 42\n")
    build_script(project, 'assert urd.build("small").load() == 42\n    urd.build("fills")')

    result = project.ax("run", code=1, before=in_small_filesystem(project, ""))

    assert "No space left on device" in message(result)
    assert "a_fills.py" in message(result)
    assert (project.path / "posts").read_text().split() == ["workdirs/dev/dev-1/post.json"]


def test_disk_full_from_the_start(ax_project):
    """Where there is no space even for a job directory, the message says so and nothing counts as done."""
    project = ax_project()
    project.write("dev/a_small.py", "def synthesis():\n    return 42\n")
    build_script(project, 'urd.build("small")')
    fill = "mkdir workdirs/dev; head -c 8000000 /dev/zero > workdirs/dev/filler 2>/dev/null"

    result = project.ax("run", code=1, before=in_small_filesystem(project, fill))

    assert "No space left on device" in one_line(result)
    assert (project.path / "posts").read_text() == ""


def test_read_only_workdir(ax_project):
    """A workdir that cannot be written is one line, naming it."""
    project = ax_project()
    project.write("dev/a_small.py", "def synthesis():\n    return 42\n")
    build_script(project, 'urd.build("small")')

    result = project.ax("run", code=1, before=in_small_filesystem(project, "mount -o remount,ro workdirs"))

    assert "workdirs/dev" in one_line(result)
    assert "Read-only" in one_line(result) or "read-only" in one_line(result)


def test_missing_workdir(ax_project):
    """What is not found says that the whole workdir is not there; looking makes none."""
    project = ax_project()
    for command in ("job", "ds", "hist"):
        text = one_line(project.ax(command, "dev-1", code=1))
        assert text == f"ax: there is no job 'dev-1'; {project.workdir} does not exist"
    for command in (("workdir", "-a"), ("status",), ("gc",), ("du",), ("doctor",), ("job", "csvimport"), ("abort",)):
        project.ax(*command, code=None)
    assert not project.workdir.exists()
