"""Several sessions in one project at the same time."""

import shutil

SLOW = """\
    options = {"number": 0}
    jobs = ("after",)


    def analysis(sliceno):
        return sliceno


    def synthesis(analysis_res):
        return sum(analysis_res) + options.number
"""

SCRIPT = """\
    def main(urd):
        after = None
        total = 0
        for number in range(8):
            after = urd.build("slow", number=number, after=after)
            total += after.load()
        return {"total": total, "jobs": [str(job) for job in urd.joblist]}
"""


def test_same_script_twice_at_once(ax_project):
    """Two runs of one script build each job once, and both end well with the same jobs."""
    project = ax_project()
    project.write("dev/a_slow.py", SLOW)
    project.write("dev/build.py", SCRIPT)

    runs = [project.start("run") for _ in range(3)]
    outputs = [run.communicate(timeout=100) for run in runs]

    assert [run.returncode for run in runs] == [0, 0, 0], outputs
    built = [line for out, _ in outputs for line in out.splitlines() if " DONE " in line or " MAKE " in line]
    linked = [line for out, _ in outputs for line in out.splitlines() if " link " in line]
    assert len(built) == 8, outputs
    assert len(linked) == 16, outputs
    assert len(project.finished()) == len(project.jobs()) == 8 + 3


def test_again_builds_nothing(ax_project):
    project = ax_project()
    project.write("dev/a_slow.py", SLOW)
    project.write("dev/build.py", SCRIPT)
    project.ax("run")

    again = project.ax("run")

    assert again.stdout.count(" link ") == 8
    assert " DONE " not in again.stdout


def test_deleting_the_index_changes_nothing(ax_project):
    """The index is a cache: without it the same jobs are found."""
    project = ax_project()
    project.write("dev/a_slow.py", SLOW)
    project.write("dev/build.py", SCRIPT)
    project.ax("run")
    shutil.rmtree(project.path / ".accelerator")

    again = project.ax("run")

    assert again.stdout.count(" link ") == 8
    assert " DONE " not in again.stdout
