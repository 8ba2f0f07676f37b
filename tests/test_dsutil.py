"""Addresses of older user code."""

from accelerator import column, dsutil


def test_hash_is_that_of_the_column():
    assert dsutil.typed_writer("int64").hash(42) == column.hash_value("int64", 42) == 0xDA561D84F6211992


def test_strptime_is_that_of_columns():
    assert dsutil.strptime is column.strptime
    assert dsutil.strptime_i is column.strptime_i
