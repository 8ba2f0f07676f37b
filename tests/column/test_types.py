from accelerator._native import ColumnBuilder, hash_value
from accelerator.column import COLUMN_TYPES
from accelerator.column.types import PARSED_TYPES, stored_type, valid_type


def test_there_are_the_sixteen_types_of_the_kernel():
    assert len(COLUMN_TYPES) == 16
    for name, kind in COLUMN_TYPES.items():
        assert kind.name == name
        assert valid_type(name)
        assert ColumnBuilder(name).type == name


def test_parsed_types_are_those_of_the_kernel():
    assert len(PARSED_TYPES) == 8
    for name in COLUMN_TYPES:
        parsed = f"parsed:{name}"
        try:
            made = ColumnBuilder(parsed).type
        except ValueError:
            made = None
        assert (made == name) is valid_type(parsed) is (parsed in PARSED_TYPES)
        assert stored_type(parsed) == stored_type(name) == name


def test_other_names_are_no_types():
    for name in ("", "parsed:", "parsed:parsed:int64", "Int64", "bits32", "nonsense"):
        assert not valid_type(name)


def test_what_the_table_says_of_hashes_and_extremes():
    for name, kind in COLUMN_TYPES.items():
        try:
            hash_value(name, None)
            hashable = True
        except TypeError:
            hashable = False
        assert hashable is kind.hashable
    assert {name for name, kind in COLUMN_TYPES.items() if kind.has_minmax} == {
        "bool", "date", "datetime", "float32", "float64", "int32", "int64", "number", "time",
    }  # fmt: skip
