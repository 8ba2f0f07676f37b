import pytest

from accelerator import ColourError, colour


@pytest.fixture
def enabled(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize(
    ("attrs", "pre", "post"),
    [
        (["red"], "31", "39"),
        (["RED"], "31", "39"),
        (["brightgreenbg"], "102", "49"),
        (["blue", "bold"], "34;1", "22;39"),
        (["red", "blue"], "31;34", "39"),
        (["#ff8800"], "38;2;255;136;0", "39"),
        (["#FF8800BG", "underline"], "48;2;255;136;0;4", "24;49"),
        (["faint", "italic", "invert"], "2;3;7", "27;23;22"),
    ],
)
def test_sequences(attrs, pre, post):
    assert colour("x", *attrs) == f"\33[{pre}mx\33[{post}m"
    assert colour.pre_post(*attrs) == (f"\33[{pre}m", f"\33[{post}m")


@pytest.mark.usefixtures("enabled")
def test_names_are_functions_and_constants():
    assert colour.red("x") == "\33[31mx\33[39m"
    assert colour.bold(3) == "\33[1m3\33[22m"
    assert colour.red(b"x") == b"\33[31mx\33[39m"
    assert colour.red("") == ""
    assert (colour.BRIGHTBLACKBG, colour.INVERT, colour.RESET) == ("\33[100m", "\33[7m", "\33[m")
    assert {"red", "BRIGHTWHITEBG", "bold", "pre_post"} <= set(dir(colour))


@pytest.mark.parametrize("attr", ["foo", "#f80", "#gggggg", "", "red bold"])
def test_unknown_colours(attr):
    with pytest.raises(ColourError):
        colour("x", attr)
    with pytest.raises(TypeError):
        colour("x")
    with pytest.raises(AttributeError):
        colour.nosuch("x")


@pytest.mark.parametrize(("no", "force", "on"), [("1", "1", False), ("", "1", True), ("", "", False), ("", "0", False)])
def test_environment(monkeypatch, no, force, on):
    monkeypatch.setenv("NO_COLOR", no)
    monkeypatch.setenv("FORCE_COLOR", force)

    assert (colour.red("x") != "x") is on
    assert (colour.RED != "") is on


@pytest.mark.usefixtures("enabled")
def test_switching(monkeypatch):
    monkeypatch.setattr(colour, "_forced", None)
    colour.disable()
    assert colour.red("x") == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    colour.enable()
    assert colour.red("x") != "x"
