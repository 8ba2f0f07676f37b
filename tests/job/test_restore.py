import json
from datetime import date, datetime, time, timedelta
from pathlib import Path, PosixPath, PurePath, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator import DotDict
from accelerator.error import StorageError
from accelerator.job.restore import restore, to_json

of_type = {
    "datetime": st.datetimes(),
    "date": st.dates(),
    "time": st.times(),
    "timedelta": st.timedeltas(timedelta(days=-49_000), timedelta(days=49_000)),
    "Path": st.text("ab/.å").map(Path),
    "PurePath": st.text("ab/.å").map(PurePath),
    "PosixPath": st.text("ab/.å").map(PosixPath),
    "PurePosixPath": st.text("ab/.å").map(PurePosixPath),
}


@given(st.data(), st.sampled_from(sorted(of_type)))
def test_round_trip(data, kind):
    values = st.none() | of_type[kind]
    one = data.draw(values)
    many = data.draw(st.lists(values))
    deep = data.draw(st.dictionaries(st.text(), st.lists(values)))
    options = {
        "one": to_json(one),
        "many": [to_json(value) for value in many],
        "deep": {key: [to_json(value) for value in inner] for key, inner in deep.items()},
    }
    typing = [[["one"], kind], [["many", "*"], kind], [["deep", "*", "*"], kind]]
    back = restore(json.loads(json.dumps(options)), json.loads(json.dumps(typing)))

    assert back == {"one": one, "many": many, "deep": deep}
    assert type(back.one) is type(one)
    assert type(back.deep) is DotDict


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (datetime(2024, 2, 29, 1, 2, 3, 4), [2024, 2, 29, 1, 2, 3, 4]),
        (date(2024, 2, 29), [2024, 2, 29]),
        (time(1, 2, 3, 4), [1970, 1, 1, 1, 2, 3, 4]),
        (timedelta(days=1, microseconds=1), 86400.000001),
        (Path("/a"), "/a"),
        ("text", "text"),
    ],
)
def test_forms(value, form):
    assert to_json(value) == form


def test_sets_are_made_after_their_elements():
    back = restore(
        {"s": [[2024, 1, 1], None], "d": {"x": [1, 1]}}, [[["s"], "set"], [["s", "*"], "date"], [["d", "*"], "set"]]
    )

    assert back.s == {date(2024, 1, 1), None}
    assert back.d == {"x": {1}}


def test_the_stored_value_is_left_alone():
    options = {"d": [[2024, 1, 1]], "nested": {"a": {"b": [{"c": 1}]}}}
    back = restore(options, [[["d", "*"], "date"]])

    assert options == {"d": [[2024, 1, 1]], "nested": {"a": {"b": [{"c": 1}]}}}
    assert back.nested.a.b[0].c == 1


@pytest.mark.parametrize("typing", [[[["x"], "unknown"]], [[["x"], "date"]], [[["y"], "date"]]])
def test_damage_is_named(typing):
    with pytest.raises(StorageError, match="Option"):
        restore({"x": "text"}, typing)
