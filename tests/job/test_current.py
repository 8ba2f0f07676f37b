import os
import pickle
import resource
import signal
from pathlib import Path

import pytest

from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.current import FinishedEarly
from accelerator.job.fork import fork


def read(file):
    with file:
        return file.read()


def listing():
    return sorted(path.name for path in Path.cwd().iterdir())


def hidden(names):
    return [name for name in names if not name.startswith(".") and name != "setup.json"]


@pytest.mark.parametrize("mode", ["w", "wt", "x", "a", "wb", "xb"])
def test_files_appear_whole_at_the_end(current_job, mode):
    job = current_job()
    Path("f").write_bytes(b"old")
    data = b"new" if "b" in mode else "new"
    with job.open("f", mode) as file:
        file.write(data)
        file.flush()
        assert Path("f").read_bytes() == b"old"
        assert f"f.{os.getpid()}tmp" in listing()

    assert Path("f").read_bytes() == b"new"
    assert job.kept_files() == ["f"]
    assert hidden(listing()) == ["f"]


def test_an_exception_leaves_everything_as_it_was(current_job):
    job = current_job()
    Path("f").write_bytes(b"old")

    def fail():
        with job.open("f", "w") as file:
            file.write("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert Path("f").read_bytes() == b"old"
    assert hidden(listing()) == ["f"]
    assert job.kept_files() == []
    with pytest.raises(TypeError):
        job.json_save(object(), "f")
    with pytest.raises((AttributeError, pickle.PicklingError), match="<lambda>"):  # by version
        job.save(lambda: 0, "f")
    assert hidden(listing()) == ["f"]


def test_writing_gives_no_file_methods_before_the_block(current_job):
    job = current_job()
    assert not hasattr(job.open("f", "w"), "write")
    with pytest.raises(FileNotFoundError), job.open("no/such/f", "w"):
        pass


def test_reading_and_encodings(current_job):
    job = current_job()
    with job.open("f", "w", sliceno=2) as file:
        file.write("å")
    with job.open("g", "w", encoding="latin-1", errors="replace", temp=True) as file:
        file.write("å€")

    assert read(job.open("f", "rb", 2)) == "å".encode()
    assert read(job.open("f.2")) == "å"
    assert read(job.open("g", encoding="latin-1")) == "å?"
    assert job.kept_files() == ["f.2"]


@pytest.mark.parametrize("name", ["å\n\t'\"\\", "\udcff\udc80", "-rf", "a" * 255, "*[?]", " ", "~"])
def test_hostile_names(current_job, name):
    job = current_job()
    job.save(1, name)
    with job.open(name + "2" if len(name) < 255 else "b" * 255, "w"):
        pass
    job = Job(current_job.finish())

    assert name in job.files()
    assert job.load(name) == 1


def test_saving(current_job):
    job = current_job()
    handle = job.save({"a": 1})
    job.save({"a": 2}, "result.pickle")
    sliced = job.save([3], Path("part"), sliceno=1)
    text = job.json_save({"b": 1, "a": (1,)}, sort_keys=False)

    assert handle.load() == {"a": 2}, "saving again replaces"
    assert (handle.filename, handle.path) == ("result.pickle", job.path + "/result.pickle")
    assert (sliced.filename, sliced.load()) == ("part.1", [3])
    assert sliced.jobwithfile(extra=5) == (job, "part", True, 5)
    assert handle.jobwithfile() == (job, "result.pickle", False, None)
    assert text.load() == {"b": 1, "a": [1]}
    assert Path("result.json").read_text() == '{\n    "b": 1,\n    "a": [\n        1\n    ]\n}\n'
    with pytest.raises(TypeError):
        pickle.dumps(handle)
    again = type(sliced).arrived(*sliced.travel_state())
    assert (again.load(), again.jobwithfile()) == ([3], sliced.jobwithfile())


def test_saving_in_the_background(current_job):
    job = current_job()
    ready, go = os.pipe()

    class Slow:
        def __reduce__(self):
            os.read(ready, 1)
            return int, ("7",)

    handle = job.save(Slow(), "slow", background=True, temp=True)
    assert not Path("slow").exists()
    assert context.background == [handle]
    os.write(go, b"x")
    assert handle.load() == 7
    handle.wait()
    assert context.background == []
    assert context.registered == {"slow": True}
    os.close(ready)
    os.close(go)


def test_background_failures_are_told(current_job):
    job = current_job()

    class Killed:
        def __reduce__(self):
            os.kill(os.getpid(), 9)

    job.save(lambda: 0, "unpicklable", background=True)
    job.json_save(b"", "bytes", background=True)
    good = job.save(1, "good", background=True)
    with pytest.raises(OSError, match="unpicklable"):
        job.wait_background()
    assert good.load() == 1
    with pytest.raises(OSError, match="killed"):
        job.save(Killed(), "killed", background=True).wait()
    assert job.kept_files() == ["good"]


def test_a_failing_disk_leaves_no_part_of_a_file(current_job):
    job = current_job()
    job.save("old", "f")

    def fill_up():
        # the same to a writer as a full disk: the system refuses what goes beyond
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        for save in (job.save, job.json_save):
            with pytest.raises(OSError, match="File too large"):
                save("x" * 10_500, "f")
            with pytest.raises(OSError, match="File too large"):
                save("x" * 10_500, "f", background=True).wait()

    assert os.waitstatus_to_exitcode(os.waitpid(fork(fill_up), 0)[1]) == 0
    assert job.load("f") == "old"
    assert hidden(listing()) == ["f"]


def test_temporary_files(current_job):
    job = current_job()
    job.save(1, "temp", temp=True)
    job.save(1, "turned", temp=5)
    job.register_file("turned")
    job.save(1, "kept", temp=0)
    job.save(1, "removed").remove()
    with job.open("twice", "w", temp=True):
        pass
    with job.open("twice", "w"):
        pass
    job = Job(current_job.finish())

    assert job.files() == {"turned", "kept", "twice"}
    assert sorted(hidden(path.name for path in Path(job.path).iterdir())) == ["kept", "post.json", "turned", "twice"]


def test_temporary_files_can_be_kept(current_job):
    context.keep_temp_files = True
    job = current_job()
    job.save(1, "temp", temp=True)

    assert Job(current_job.finish()).files() == {"temp"}


def test_registering(current_job, tmp_path):
    job = current_job()
    outside = tmp_path / "outside"
    outside.touch()
    Path("sub").mkdir()
    for name in ("a", "b", "sub/c", "setup.json", "method.tar.gz", ".hidden", "Analysis.1", "sub/.h"):
        Path(name).touch()
    for directory in ("DS", "OUTPUT", ".dir"):
        Path(directory).mkdir()
        Path(directory, "x").touch()
    job.save(1, "temp", temp=True)
    job.register_file("a")
    job.register_file(outside)
    job.register_file(job.filename("sub/../b"))

    with pytest.raises(AssertionError, match="no file"):
        job.register_file("missing")
    assert job.register_files("*") == set()
    assert job.register_files() == {"sub/c"}
    assert job.register_files() == set()
    assert job.kept_files() == sorted([str(outside), "a", "b", "sub/c"])
    for pattern in ("/etc/*", "../*", "sub/../../*"):
        with pytest.raises(AssertionError):
            job.register_files(pattern)


def test_a_job_reached_through_a_link(current_job, tmp_path):
    job = current_job()
    (tmp_path / "link").symlink_to(Path(job.path).parent)
    (tmp_path / "link" / job / "x").touch()
    job.register_file(tmp_path / "link" / job / "x")

    assert job.kept_files() == ["x"]


def test_automatic_registration(current_job):
    job = current_job()
    Path("sub").mkdir()
    for name in ("a", "b", "sub/c"):
        Path(name).touch()
    job.save(1, "temp", temp=True)
    assert Job(current_job.finish()).files() == {"a", "b"}

    job = current_job.new() if current_job.job else current_job()
    Path("a").touch()
    job.save(1)
    assert Job(current_job.finish()).files() == {"result.pickle"}


def test_input_files(current_job, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "f").write_text("å", encoding="utf-8")
    job = current_job(input_directory=str(tmp_path / "in"))

    assert job.input_filename() == str(tmp_path / "in")
    assert job.input_filename("a", Path("b")) == f"{tmp_path}/in/a/b"
    assert read(job.open_input("f")) == "å"
    assert read(job.open_input("f", "rb")) == "å".encode()
    with pytest.raises(AssertionError):
        job.open_input("f", "w")
    with pytest.raises(FileNotFoundError):
        job.open_input("g")


def test_finish_early(current_job):
    with pytest.raises(FinishedEarly) as caught:
        current_job().finish_early(7)
    assert caught.value.result == 7


def test_params_are_known_at_the_start(current_job):
    job = current_job(method="it", options={"x": 1}, input_directory="/in")

    assert (job.method, job.params.options.x, job.input_directory) == ("it", 1, "/in")
    assert "starttime" in job.params
    assert "endtime" not in job.params
    assert isinstance(job, Job)
