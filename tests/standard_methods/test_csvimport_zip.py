"""csvimport_zip: which files are imported, under which names, in which order."""

import gzip
import warnings
import zipfile

import pytest


@pytest.fixture
def archive(tmp_path):
    """Make a ZIP file of CSV files; each holds its own name."""

    def make(*names, **contents):
        path = tmp_path / "files.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about equal names
            for number, name in enumerate(names):
                file.writestr(name, "" if name.endswith("/") else f"x\n{name}{number}\n")
            for name, data in contents.items():
                file.writestr(name, data)
        return path

    return make


@pytest.fixture
def unzip(project, archive):
    def run(*names, **options):
        return project.build("csvimport_zip", filename=archive(*names), **options)

    return run


def chain(job):
    return [(ds.name, list(ds.iterate(None, "x"))) for ds in job.dataset().chain()]


def test_everything_is_a_chain_in_the_order_of_the_file(unzip, tmp_path):
    job = unzip("b.csv", "d/", "d/a b.csv", "default", "d/a_b.csv")

    assert chain(job) == [
        ("b.csv", [b"b.csv0"]),
        ("d_a_b.csv", [b"d/a b.csv2"]),
        ("default_", [b"default3"]),
        ("default", [b"d/a_b.csv4"]),
    ]
    assert [ds.name for ds in job.datasets] == ["b.csv", "d_a_b.csv", "default_", "d_a_b.csv_", "default"]
    assert job.dataset("d_a_b.csv_").previous == job.dataset("default_")
    assert job.dataset().filename == f"{tmp_path}/files.zip:d/a_b.csv"
    assert not job.files()


def test_one_file_is_also_default(unzip):
    job = unzip("a", chaining="off")

    assert [ds.name for ds in job.datasets] == ["a", "default"]
    assert list(job.dataset().iterate(None, "x")) == [b"a0"]


def test_the_second_time_nothing_is_built(project, archive):
    path = archive("a", "b")
    job = project.build("csvimport_zip", filename=path)

    assert project.build("csvimport_zip", filename=path) == job
    assert len(job.post.subjobs) == 2
    other = project.build("csvimport_zip", filename=path, chaining="off")
    assert other != job
    assert other.post.subjobs[next(iter(job.post.subjobs))] is False, "the first import could be used again"


@pytest.mark.parametrize(
    ("chaining", "expected"),
    [
        ("by_filename", ["a/y", "b/z", "c/x"]),
        ("by_dsname", ["b/z", "c/x", "a/y"]),
        ("by_ziporder", ["c/x", "a/y", "b/z"]),
        ("by_dict", ["a/y", "c/x", "b/z"]),
        ("on", ["a/y", "c/x", "b/z"]),
    ],
)
def test_chaining(unzip, chaining, expected):
    names = {"a/y": "3", "c/x": "2", "b/z": "1"}
    job = unzip("c/x", "a/y", "b/z", "unwanted", inside_filenames=names, chaining=chaining)
    if chaining in {"by_dict", "on"}:
        expected = sorted(expected, key=list(dict(sorted(names.items()))).index)

    assert [values[0][:3].decode() for _, values in chain(job)] == expected


def test_chaining_off(project, unzip, archive):
    first = unzip("a", "b")
    job = unzip("default", "c", chaining="off", previous=first)

    assert {ds.name: ds.previous for ds in job.datasets} == {"default": first, "c": first}


def test_chain_goes_on_from_previous(unzip):
    first = unzip("a")
    job = unzip("b", "c", previous=first)

    assert [ds.job for ds in job.dataset().chain()] == [first, job, job]


def test_names(unzip, fails):
    assert [n for n, _ in chain(unzip("d/a", "e/b", strip_dirs=True))] == ["a", "default"]
    assert {ds.name for ds in unzip("d/a", "e/a", strip_dirs=True, chaining="off").datasets} == {"a", "a_"}
    job = unzip("d/a", "e/b", strip_dirs=True, inside_filenames={"b": "å b"})
    assert {ds.name for ds in job.datasets} == {"å b", "default"}
    with fails("The following files were not found in"):
        unzip("a", inside_filenames={"b": "c"})
    with fails('Only the last dataset of a chain can be called "default"'):
        unzip("a", "b", inside_filenames={"a": "default", "b": "x"})


def test_the_first_of_files_with_one_name(unzip):
    job = unzip("a", "a", inside_filenames={"a": "x"})

    assert chain(job) == [("default", [b"a0"])]


def test_patterns(unzip, fails):
    names = ("x/a.csv", "x/b.txt", "y/c.csv")

    assert len(chain(unzip(*names, include_re=r"\.csv$"))) == 2
    assert len(chain(unzip(*names, include_re="csv", exclude_re="^x/"))) == 1
    assert len(chain(unzip(*names, exclude_re="^x/", strip_dirs=True))) == 1
    with fails("No files to import"):
        unzip(*names, include_re="nothing")
    with fails("cannot be combined"):
        unzip(*names, include_re="a", inside_filenames={"x/a.csv": "a"})
    with fails("by_dict needs inside_filenames"):
        unzip(*names, chaining="by_dict")


def test_options_of_csvimport(project, archive):
    path = archive(**{"a": "#c\nx;y\n1;2\n3\n", "b.gz": gzip.compress(b"x;y\n5;6\n")})
    job = project.build(
        "csvimport_zip", filename=path, separator=";", comment="#", allow_bad=True, column2type={"y": "number"}
    )

    assert list(job.dataset().iterate_chain(None, ["x", "y"])) == [(b"1", 2), (b"5", 6)]
    subjobs = [project.project.job(subjob) for subjob in job.post.subjobs]
    assert sorted(list(subjob.dataset("bad").iterate(None)) for subjob in subjobs) == [[], [(b"3", 4)]]
    assert {str(ds.name) for ds in job.datasets} == {"a", "b.gz", "default"}


def test_damaged_files(project, tmp_path, fails):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\3\4 not really")
    with fails(f"{path} is not a ZIP file, or damaged"):
        project.build("csvimport_zip", filename=path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", "x\n" + "1\n" * 10000)
    data = bytearray(path.read_bytes())
    data[40] ^= 255
    path.write_bytes(data)
    with fails(f"{path}:a is damaged near byte"):
        project.build("csvimport_zip", filename=path)
