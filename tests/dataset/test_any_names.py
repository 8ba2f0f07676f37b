"""Names of any kind, and chains whose columns change their types: what was written is found again."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator.dataset import Dataset, DatasetWriter

from .test_roundtrip import VALUES, exact

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["", ".", "..", "a.b", "A", "a", "\0", "\n", "a/b", "😀", "class", "self", "x" * 300, "%41"]
)


@few
@given(st.dictionaries(names, st.integers(-9, 9), min_size=1, max_size=5), st.lists(names, max_size=4, unique=True))
def test_names_of_columns_and_datasets(current_job, columns, datasets):
    job = current_job()
    wanted = [columns[name] for name in sorted(columns)]
    for number, name in enumerate(datasets):
        writer = DatasetWriter(dict.fromkeys(columns, "int64"), name=name)
        writer.get_split_write_dict()(columns)
        for _ in range(number):
            writer.get_split_write_list()(wanted)
        writer.finish()
    for number, name in enumerate(datasets):
        dataset = Dataset(job, name)
        assert dataset.name == (name or "")
        assert sorted(dataset.columns) == sorted(columns)
        rows = [tuple(wanted)] * (number + 1)
        assert list(dataset.iterate(None, sorted(columns))) == rows
        assert dataset.to_arrow().to_pylist() == [columns] * (number + 1)


@few
@given(data=st.data())
def test_chains_whose_types_change(current_job, data):
    job = current_job()
    kinds = data.draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5))
    wanted, previous = [], None
    for number, kind in enumerate(kinds):
        writer = DatasetWriter({"v": (kind, True)}, name=f"d{number}", previous=previous)
        write = writer.get_split_write()
        values = data.draw(st.lists(st.none() | VALUES[kind], max_size=4))
        for value in values:
            write(value)
        # By slice, as the rows of each dataset come.
        wanted += [value for sliceno in range(3) for value in values[sliceno::3]]
        previous = writer.finish()
    chain = Dataset(job, f"d{len(kinds) - 1}").chain()
    assert [dataset.columns["v"].type for dataset in chain] == kinds
    assert list(map(exact, chain.iterate(None, "v"))) == list(map(exact, wanted))
    assert list(map(exact, [value for (value,) in chain.iterate(None, ["v"])])) == list(map(exact, wanted))
