import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.error import StorageError
from accelerator.job.record import Failed, Post, Setup

text = st.text(st.characters())  # lone surrogates too: names of files are like that
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(options=st.dictionaries(text, json_values), caption=text, seed=st.integers(0, 2**63 - 1))
def test_setup_round_trip(tmp_path_factory, options, caption, seed):
    directory = tmp_path_factory.getbasetemp()
    setup = Setup(uid="u", jobid="dev-1", method="m", slices=3, options=options, caption=caption, seed=seed)
    setup.save(directory)

    back = Setup.load(directory)
    assert back == setup
    assert list(back.options) == list(options)


def test_setup_holds_what_json_proper_cannot(tmp_path):
    setup = Setup(uid="u", jobid="dev-1", method="m", slices=3, options={"a": [math.nan, math.inf, 10**400]})
    setup.save(tmp_path)

    nan, inf, big = Setup.load(tmp_path).options["a"]
    assert math.isnan(nan)
    assert (inf, big) == (math.inf, 10**400)
    assert (tmp_path / "setup.json").read_bytes().isascii()


@given(files=st.lists(text), subjobs=st.dictionaries(st.text(), st.booleans()), datasets=st.lists(text))
def test_post_round_trip(tmp_path_factory, files, subjobs, datasets):
    directory = tmp_path_factory.getbasetemp()
    post = Post(
        uid="u", key="k", method="m", source_digest="d", starttime=1.5, endtime=2.5, files=files, subjobs=subjobs,
        datasets=datasets, exectime={"total": 1.0, "per_slice": [0.5, 0.5]},
    )  # fmt: skip
    post.save(directory)

    assert Post.load(directory) == post
    assert json.loads((directory / "post.json").read_bytes()) == post.to_dict()


def test_failed_round_trip(tmp_path):
    failed = Failed(jobid="dev-1", method="m", status={"analysis(2)": "Traceback å\udcff"}, time=1.5)
    failed.save(tmp_path)

    assert Failed.load(tmp_path) == failed


@pytest.mark.parametrize("kind", [Setup, Post, Failed])
@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"version": 99}', b'{"version": 1}', b'{"version": 1, "x": 2}']
)
def test_damaged_files_are_named(tmp_path, kind, data):
    for name in ("setup", "post", "failed"):
        (tmp_path / f"{name}.json").write_bytes(data)

    with pytest.raises(StorageError, match=str(tmp_path)):
        kind.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        kind.load(tmp_path / "nowhere")
