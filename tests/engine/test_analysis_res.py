"""The iterator that synthesis gets."""

import pytest

from accelerator.engine import analysis_res, travel


def results(directory, *values) -> analysis_res.AnalysisResults:
    offsets = [analysis_res.save(directory, n, value, travel.dumps) for n, value in enumerate(values)]
    return analysis_res.AnalysisResults(directory, offsets, travel.load)


def test_one_item_a_slice(tmp_path):
    found = results(tmp_path, 1, (2, 3), None)
    assert list(found) == [1, (2, 3), None]
    with pytest.raises(Exception, match="analysis_res is an iterator, don't re-use it"):
        next(found)


def test_the_first_tuple_gives_the_length(tmp_path):
    assert list(results(tmp_path, (1, 2), (3, 4, 5))) == [(1, 2), (3, 4)]


def test_a_shorter_tuple_is_named(tmp_path):
    with pytest.raises(Exception, match="a tuple of 1 in slice 1"):
        list(results(tmp_path, (1, 2), (3,)))


def test_no_tuple_where_one_is_expected_is_named(tmp_path):
    with pytest.raises(Exception, match="no tuple in slice 1"):
        list(results(tmp_path, (1, 2), 3))


def test_empty_tuples(tmp_path):
    assert list(results(tmp_path, (), ())) == [(), ()]


def test_merging_comes_before_iterating(tmp_path):
    found = results(tmp_path, 1, 2)
    next(found)
    with pytest.raises(Exception, match="before iteration"):
        found.merge_auto()


def test_iterating_after_merging(tmp_path):
    found = results(tmp_path, 1, 2)
    assert found.merge_auto() == 3
    with pytest.raises(Exception, match="don't re-use it"):
        next(found)


def test_tuples_are_merged_one_position_after_the_other(tmp_path):
    merged = results(tmp_path, (1, [1], {"a": 1}), (2, [2], {"a": 2})).merge_auto()
    assert next(merged) == 3
    assert next(merged) == [1, 2]
    with pytest.raises(Exception, match=r"\(index 2\)"):
        next(merged)


def test_there_is_no_length(tmp_path):
    with pytest.raises(TypeError):
        len(results(tmp_path, 1))
