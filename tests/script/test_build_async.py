"""``urd.build_async`` in build scripts."""

import os
import signal
import subprocess


def lines_of(output, status):
    return [line.split() for line in output.splitlines() if f" {status} " in line]


def test_lists_keep_the_order_of_calls_and_everything_is_waited_for(project):
    done = project.run_script("""
        def main(urd):
            urd.begin("list", "2020")
            first = urd.build_async("number", n=1, name="first")
            second = urd.build_async("number", n=2, name="second", previous=first)
            third = urd.build("number", n=3, name="third", previous=second)
            print(urd.joblist.as_tuples == [("first", first.job), ("second", second.job), ("third", third)])
            print(urd.joblist["second"].load(), second.params.jobs.previous == first)
            urd.finish("list")
            print([type(job).__name__ for job in urd.joblist])
            urd.build_async("number", n=4).link_result("result.pickle", "number.pickle")
            urd.build_async("number", n=5)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert "True\n2 True\n" in done.stdout
    assert "['Job', 'Job', 'Job']\n" in done.stdout
    assert [words[3] for words in lines_of(done.stdout, "DONE")] == [f"dev-{number}" for number in range(1, 6)]
    assert (project.directory / "results" / "number.pickle").exists()
    again = project.run_script("""
        def main(urd):
            print(urd.peek_latest("list").joblist.as_tuples)
            print([urd.peek_latest("__auto__").joblist.as_tuples for _ in range(1)])
    """)
    assert again.stdout.count("('first', 'dev-1'), ('second', 'dev-2'), ('third', 'dev-3')") == 2
    assert "('number', 'dev-4'), ('number', 'dev-5')" in again.stdout


def test_independent_jobs_share_the_cores(project, tmp_path):
    """Two and two meet, which they can only if both run."""
    project.configure("[execution]\ncores = 2")
    for name in range(5):
        os.mkfifo(tmp_path / str(name))
    project.method(
        "meet",
        """
        from pathlib import Path
        options = {"n": 0, "place": ""}
        def synthesis():
            place = Path(options.place, str(options.n // 2))
            if options.n % 2:
                return place.read_text()
            place.write_text("met")
        """,
    )
    done = project.run_script(f"""
        def main(urd):
            jobs = [urd.build_async("meet", n=n, place={str(tmp_path)!r}) for n in range(10)]
            print([job.load() for job in jobs[1::2]])
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert "['met', 'met', 'met', 'met', 'met']" in done.stdout


def test_a_failure_is_told_once_and_ends_the_script_last(project):
    done = project.run_script("""
        def main(urd):
            bad = urd.build_async("bad")
            urd.build_async("number", n=1, previous=bad)
            urd.build_async("number", n=2)
            print("to the end")
    """)
    assert done.returncode == 1
    assert "to the end" in done.stdout
    assert len(lines_of(done.stdout, "FAIL")) == 1
    assert len(lines_of(done.stdout, "DONE")) == 1  # the other one's input failed
    assert done.stderr.count("ValueError: no good") == 1
    assert "Failed to build job dev-1 on" in done.stderr
    assert done.stderr.rstrip().endswith("build.py line 3")
    assert not (project.job("dev-0") / "post.json").exists()


def test_a_failure_that_the_script_catches_is_no_failure_of_the_script(project):
    done = project.run_script("""
        from accelerator import JobError
        def main(urd):
            bad = urd.build_async("bad")
            after = urd.build_async("number", n=1, previous=bad)
            try:
                after.load()
            except JobError as error:
                print("caught", error.method)
            urd.build_async("number", n=2)
    """)
    assert done.returncode == 0
    assert "caught bad" in done.stdout
    assert done.stderr.count("ValueError: no good") == 1
    assert len(lines_of(done.stdout, "DONE")) == 1


def test_a_failure_of_the_script_itself_is_what_is_told(project):
    done = project.run_script("""
        def main(urd):
            bad = urd.build_async("bad")
            urd.build_async("number", n=1, previous=bad)
            raise LookupError("of its own")
    """)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("LookupError: of its own")


def test_interrupted(project, tmp_path):
    """^C ends the session and all that runs in the background."""
    project.script(f"""
        def main(urd):
            waits = urd.build_async('gate', directory={str(tmp_path)!r})
            urd.build('number', n=1, previous=waits)
    """)
    with project.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0) as process:
        for line in process.stdout:
            if "waiting at the gate" in line:
                break
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert not (project.job("dev-1") / "post.json").exists()
    (tmp_path / "open").write_text("")
    again = project.run()
    assert (again.returncode, again.stderr) == (0, "")


def test_why_build(project):
    done = project.run_script(
        """
        import json
        def main(urd):
            first = urd.build_async("number", n=1)
            print(json.dumps(urd.build_async("number", n=2, previous=first, why_build=True)))
        """
    )
    assert done.returncode == 0
    assert '{"number": {"dev-1": {"options": {"n": 1}, "jobs": {"previous": null}}}}' in done.stdout
    stopped = project.run_script(
        "def main(urd):\n    urd.build_async('number', n=1)\n    urd.build_async('number', n=7)\n", "-f", "why_build"
    )
    assert stopped.returncode == 0
    assert "Would have built from:" in stopped.stdout
