import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, contains

from .samples import VALUES, relaxed

SEARCHED = sorted(VALUES.keys() - {"json", "pickle"})


def array_of(kind, values):
    builder = ColumnBuilder(kind, True)
    for value in values:
        builder.write(value)
    return pa.array(builder.take())


def text_of(value):
    """The text that is searched; bytes as one character each, so that any bytes can be compared."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value).encode().decode("latin-1")


def folded(text):
    return "".join(chr(ord(each) + 32) if "A" <= each <= "Z" else each for each in text)


def found_in(kind, array, texts, fold=False):
    return [bool(each) for each in contains(kind, array, texts, fold)]


@pytest.mark.parametrize("kind", SEARCHED)
@settings(relaxed, max_examples=25)
@given(data=st.data())
def test_what_python_finds_in_the_text(kind, data):
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=40))
    fold = data.draw(st.booleans())
    texts = [text_of(value) for value in values]
    # Parts of texts are found, and so would be what lies across a border between two.
    sources = st.sampled_from(texts or [""]) | st.just("".join(texts)) | st.just("None")
    needles = []
    for source in data.draw(st.lists(sources, max_size=3)):
        start = data.draw(st.integers(0, len(source)))
        part = source[start : start + data.draw(st.integers(0, 20))]
        needles.append(part.swapcase() if data.draw(st.booleans()) and part.isascii() else part)
    start = data.draw(st.integers(0, len(values)))
    array = array_of(kind, values).slice(start)

    found = found_in(kind, array, [needle.encode("latin-1") for needle in needles], fold)

    if fold:
        texts, needles = list(map(folded, texts)), list(map(folded, needles))
    assert found == [any(needle in text for needle in needles) for text in texts[start:]]


@relaxed
@given(st.lists(st.none() | st.sampled_from(["", "ab", "b", "None", "ä"])), st.sampled_from(["a", "b", "on", "", "bb"]))
def test_dictionaries_and_wide_offsets(values, needle):
    expected = [needle in str(value) for value in values]
    for array in (
        pa.array(values, pa.string()).dictionary_encode(),
        pa.array(values, pa.large_string()),
        pa.array(values, pa.binary()),
        pa.DictionaryArray.from_arrays(pa.array(range(len(values)), pa.int32()), pa.array(values, pa.string())),
    ):
        assert found_in("unicode", array, [needle.encode()]) == expected


@pytest.mark.parametrize("distance", range(40))
def test_every_place_in_a_block(distance):
    text = "." * distance + "Needle" + "." * 3
    array = pa.array(["x" * 37, text, text[:-4], "needl"], pa.string())

    assert found_in("unicode", array, [b"Needle"]) == [False, True, False, False]
    assert found_in("unicode", array, [b"nEEDLe"], fold=True) == [False, True, False, False]
    assert found_in("unicode", array, [b"[`eedle"], fold=True) == [False] * 4  # no letters, though one bit away


def test_values_of_more_than_one_block():
    array = pa.array(range(10_000), pa.int64())

    found = found_in("int64", array, [b"99", b"4097"])

    assert found == ["99" in str(value) or value == 4097 for value in range(10_000)]


@pytest.mark.parametrize("kind", ["json", "pickle", "nonsense"])
def test_what_cannot_be_searched(kind):
    with pytest.raises(ValueError, match=kind):
        contains(kind, pa.array(["a"], pa.string()), [b"a"], False)


def test_arrays_that_do_not_fit():
    with pytest.raises(TypeError, match="int64"):
        contains("int64", pa.array(["a"], pa.string()), [b"a"], False)
