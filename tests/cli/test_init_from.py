"""``ax init --from``: configurations of the older program."""

import pytest

from accelerator import config
from accelerator.cli.init_from import convert
from accelerator.cli.main import main
from accelerator.error import UserError

OLD = """\
# A configuration.
slices: 23
workdirs:
    test ./workdirs/test   # for tests
    "big" ${BIG=/tmp}/bîg
    test ./workdirs/test
method packages:
    dev
    lib.more auto-discover
    accelerator.standard_methods
    accelerator.test_methods
target workdir: big

board listen:
listen: .socket.dir/server
urd: local
result directory: results
input directory: ${INPUT}
interpreters: old ./venv/bin/python
"""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old" / "accelerator.conf"
    path.parent.mkdir()
    path.write_text(OLD, "utf-8")
    return path


def test_a_whole_configuration(old):
    python = old.parent / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    (old.parent / "in put").mkdir()
    text, notes = convert(old, old.parent, {"INPUT": "'in put'", "BIG": "/elsewhere"})
    path = old.parent / "accelerator.toml"
    path.write_text(text, "utf-8")

    loaded = config.load(path)

    assert loaded.slices == 23
    assert loaded.methods == ("dev", "lib.more", "accelerator.standard_methods")
    assert {name: str(path) for name, path in loaded.workdirs.items()} == {
        "test": f"{old.parent}/workdirs/test",
        "big": "/elsewhere/bîg",
    }
    assert loaded.target_workdir == "big"
    assert loaded.result_directory == old.parent / "results"
    assert loaded.input_directory == old.parent / "in put"
    assert loaded.urd == f"sqlite:///{old.parent}/urd.db"
    assert loaded.interpreters == {"old": str(python)}
    told = "\n".join(notes)
    for word in ("BIG, INPUT", "every a_*.py of dev ", "accelerator.test_methods does not exist", "listen: ", "urd: "):
        assert word in told
    assert "lib.more" not in told
    assert "board listen" not in told


def test_defaults_and_another_directory(tmp_path):
    path = tmp_path / "old" / "accelerator.conf"
    (tmp_path / "old" / "deep" / "dev").mkdir(parents=True)
    path.write_text("project directory: deep\nslices: 2\nworkdirs: w ./w\nmethod packages: dev auto-discover\n")
    new = tmp_path / "new"
    new.mkdir()

    text, notes = convert(path, new, {})
    (new / "accelerator.toml").write_text(text)
    loaded = config.load(new / "accelerator.toml")

    assert (loaded.urd, loaded.target_workdir) == ("", "w")
    assert loaded.workdirs == {"w": tmp_path / "old" / "deep" / "w"}
    assert loaded.input_directory == loaded.result_directory == tmp_path / "old" / "deep"
    assert notes == [f"method packages: dev is in {tmp_path / 'old' / 'deep'}; copy it to {new}"]


def test_a_workdir_with_old_jobs_is_left_alone(tmp_path):
    (tmp_path / "w" / "w-0").mkdir(parents=True)
    path = tmp_path / "accelerator.conf"
    path.write_text("slices: 2\nworkdirs: w w\nmethod packages: accelerator.standard_methods\n")

    text, notes = convert(path, tmp_path, {})

    assert '"w" = "w-new"' in text
    assert "has jobs of the older program" in notes[0]


def test_unset_variables_and_protected_ones(tmp_path):
    path = tmp_path / "accelerator.conf"
    path.write_text("slices: ${N=3}\nworkdirs: w w${NOT}$HOME\\${X}\nmethod packages: dev\nurd: ${NONE}\n")

    text, _ = convert(path, tmp_path, {"HOME": "/root"})

    assert "slices = 3\n" in text
    assert '"w" = "w$HOME${X}"' in text
    assert 'urd = ""' in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slices 3\n", "line 1: 'slices 3' is not a key"),
        ("  3\n", "line 1: continues nothing"),
        ("slices: 3\nslices: 4\n", "line 2: slices is there twice"),
        ("slices: 'x\n", "line 1: No closing quotation"),
        ("slices: x\nworkdirs: a b\nmethod packages: dev\n", "slices: is needed"),
        ("workdirs: a b\nmethod packages: dev\n", "slices: is needed, a whole number from 1"),
        ("slices: 1\nmethod packages: dev\n", "workdirs: at least one"),
        ("slices: 1\nworkdirs: a\nmethod packages: dev\n", "takes a name and a path, not a"),
        ("slices: 1\nworkdirs: a b\n    a c\nmethod packages: dev\n", "a is there twice"),
        ("slices: 1\nworkdirs: a b\ntarget workdir: c\nmethod packages: dev\n", "c is not among the workdirs a"),
        ("slices: 1\nworkdirs: a b\nmethod packages: dev all\n", "only auto-discover is known"),
        ("slices: 1\nworkdirs: a b\n", "method packages: at least one"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, text, message):
    path = tmp_path / "accelerator.conf"
    path.write_text(text)

    with pytest.raises(UserError) as caught:
        convert(path, tmp_path, {})

    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "accelerator.conf").write_text(
        "slices: 2\nworkdirs: w w\nmethod packages: dev auto-discover\ninput directory: nowhere\n"
    )

    assert main(["init", "--from", "accelerator.conf"]) == 0
    output = capsys.readouterr()
    assert output.out == f"Wrote {tmp_path / 'accelerator.toml'}.\n"
    assert "It needs mending: " in output.err
    assert main(["init", "--from", "accelerator.conf"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["init", "--from", "nothing.conf"]) == 1
    assert main(["init", "--from", "accelerator.conf", "--slices", "3"]) == 2


def test_the_older_urd_lies_where_ours_would(old, capsys):
    (old.parent / "urd.db").mkdir()

    assert main(["init", "--from", str(old), str(old.parent)]) == 0

    assert "urd: starts empty in urd.sqlite" in capsys.readouterr().out
    assert 'urd = "sqlite:///urd.sqlite"' in (old.parent / "accelerator.toml").read_text("utf-8")


def test_the_default_interpreter_cannot_be_another(old):
    old.write_text(f"{OLD}    DEFAULT /usr/bin/python3\n", "utf-8")

    with pytest.raises(UserError, match="DEFAULT is the Python that ax runs with"):
        convert(old, old.parent, {})
