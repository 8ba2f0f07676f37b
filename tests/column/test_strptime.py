"""The strptime dialect: each rule of the specification, and Python's own strptime where the two agree."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator.column import strptime, strptime_i
from accelerator.column.parse import Parser

MATCHES = [
    # (value, form, what of 1970-01-01 00:00:00 is set)
    ("2013-01-31 05:06:07", "%Y-%m-%d %H:%M:%S", "2013-01-31 05:06:07"),
    ("2013-01-01T10:00:00Z", "%Y-%m-%dT%H:%M:%SZ", "2013-01-01 10:00:00"),
    ("", "", "1970-01-01 00:00:00"),
    ("  ", " ", "1970-01-01 00:00:00"),
    ("20200102", "%Y %m %d", "2020-01-02 00:00:00"),
    # numbers: up to so many digits, leading spaces among them
    ("2020- 2- 3", "%Y-%m-%d", "2020-02-03 00:00:00"),
    ("7-2-3", "%Y-%m-%d", "0007-02-03 00:00:00"),
    ("12345", "%Y%m", "1234-05-01 00:00:00"),
    ("5", "%4Y", "0005-01-01 00:00:00"),
    # centuries
    ("20", "%C", "2070-01-01 00:00:00"),
    ("69", "%y", "1969-01-01 00:00:00"),
    ("68", "%y", "2068-01-01 00:00:00"),
    ("1833", "%C%y", "1833-01-01 00:00:00"),
    ("1833 55", "%Y %y", "1855-01-01 00:00:00"),
    # months
    ("september", "%b", "1970-09-01 00:00:00"),
    ("SEPt", "%bt", "1970-09-01 00:00:00"),
    ("May", "%b", "1970-05-01 00:00:00"),
    ("March 12", "%b %d", "1970-03-12 00:00:00"),
    # am and pm
    ("14AM", "%H%p", "1970-01-01 02:00:00"),
    ("02PM", "%H%p", "1970-01-01 14:00:00"),
    ("12am", "%I%p", "1970-01-01 00:00:00"),
    ("12pm", "%I%p", "1970-01-01 12:00:00"),
    ("pm 3", "%p %I", "1970-01-01 15:00:00"),
    ("pm 3", "%p %H", "1970-01-01 03:00:00"),
    # fractions
    ("5.25", "%S.%f", "1970-01-01 00:00:05.250000"),
    ("123456789", "%9f", "1970-01-01 00:00:00.123456"),
    ("12   x", "%5fx", "1970-01-01 00:00:00.120000"),
    # seconds and milliseconds since 1970
    ("0", "%s", "1970-01-01 00:00:00"),
    ("-1", "%s", "1969-12-31 23:59:59"),
    ("+1600000000", "%s", "2020-09-13 12:26:40"),
    ("-1", "%J", "1969-12-31 23:59:59.999000"),
    ("1600000000123", "%J", "2020-09-13 12:26:40.123000"),
    ("5 100", "%f %s", "1970-01-01 00:01:40.500000"),
    ("253402300800 7", "%s %Y", "0007-01-01 00:00:00"),
    # Excel
    ("1", "%e", "1900-01-01 00:00:00"),
    ("59", "%e", "1900-02-28 00:00:00"),
    ("60", "%e", "1900-03-01 00:00:00"),
    ("61", "%e", "1900-03-01 00:00:00"),
    ("0", "%0e", "1899-12-30 00:00:00"),
    ("0", "%2e", "1904-01-01 00:00:00"),
    ("44197.5", "%e", "2021-01-01 12:00:00"),
    ("44197.9999999", "%e", "2021-01-01 23:59:59"),
    ("4294967295", "%0e", "1899-12-29 00:00:00"),
    # literals and classes
    ("a%b", "a%%b", "1970-01-01 00:00:00"),
    ("a%%%b", "a%3%b", "1970-01-01 00:00:00"),
    ("å5", "å%d", "1970-01-05 00:00:00"),
    ("xy 5", "%2.% %d", "1970-01-05 00:00:00"),
    ("abc5", "%0,9@%d", "1970-01-05 00:00:00"),
    ("5", "%0,9@%d", "1970-01-05 00:00:00"),
    ("--x5", "%1,9^%d", "1970-01-05 00:00:00"),
    ("??????5", "%6*%d", "1970-01-05 00:00:00"),
    ("7 12", "%# %d", "1970-01-12 00:00:00"),
    ("1234 12", "%4# %d", "1970-01-12 00:00:00"),
    ("300 12", "%10,300# %d", "1970-01-12 00:00:00"),
    # discarded
    ("11 12", "%-%d %d", "1970-01-12 00:00:00"),
    ("11:12 2020", "%3-%d:%m %Y", "2020-01-01 00:00:00"),
    ("12 11", "%d %-%d", "1970-01-12 00:00:00"),
    # optional
    ("2020", "%Y%/-%m-%d", "2020-01-01 00:00:00"),
    ("2020-03-04", "%Y%/-%m-%d", "2020-03-04 00:00:00"),
    ("2020Mar5", "%Y%?%b%d", "2020-03-05 00:00:00"),
    ("20205", "%Y%?%b%d", "2020-01-05 00:00:00"),
    ("20200304", "%3?%Y%m%d%:%e", "2020-03-04 00:00:00"),
    ("43894", "%3?%Y-%m%:%e", "2020-03-04 00:00:00"),
    ("5-mar-20", "%d-%?%b%:%m-%y", "2020-03-05 00:00:00"),
    ("5-3-20", "%d-%?%b%:%m-%y", "2020-03-05 00:00:00"),
    ("31-mar-20", "%6?%d-%?%b%:%m-%y%6:%y-%?%b%:%m-%d", "2020-03-31 00:00:00"),
    ("31-3-20", "%6?%d-%?%b%:%m-%y%6:%y-%?%b%:%m-%d", "2020-03-31 00:00:00"),
    ("99-mar-20", "%6?%d-%?%b%:%m-%y%6:%y-%?%b%:%m-%d", "1999-03-20 00:00:00"),
    ("99-3-20", "%6?%d-%?%b%:%m-%y%6:%y-%?%b%:%m-%d", "1999-03-20 00:00:00"),
    ("20-marX", "%y-%3?%b%/X%:%m-%d", "2020-03-01 00:00:00"),
    ("20-3-4", "%y-%3?%b%/X%:%m-%d", "2020-03-04 00:00:00"),
    ("1600000000123", "%J%/.%3f", "2020-09-13 12:26:40.123000"),
    ("1600000000000.5", "%J%/.%3f", "2020-09-13 12:26:40.500000"),
    ("ab5", "%1,3?abc%d", "1970-01-05 00:00:00"),
    ("a2020 ABC1205 6", "%3?a%2?b%Yc%3?d%3?efgh%?%Y-%m %3,6?ABCD%H%M %d", None),
]


@pytest.mark.parametrize(("value", "form", "expected"), MATCHES)
def test_matches(value, form, expected):
    got = strptime(value, form, None)

    assert got == (expected and datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2020-01-01 ", "%Y-%m-%d"),
        ("+2020", "%Y"),
        ("0", "%Y"),
        ("13", "%m"),
        ("2020-02-30", "%Y-%m-%d"),
        ("0000", "%C%y"),
        ("24", "%H"),
        ("0", "%I"),
        ("60", "%S"),
        (" 5", "%f"),
        ("5", "%0f"),
        (" 5", "%s"),
        ("99999999999999999999", "%s"),
        (".5", "%e"),
        ("4026531841", "%2000e"),
        ("sept", "%b"),
        ("x", "%p"),
        ("a5", "%@%@%d"),
        ("9", "%10,300#"),
        ("301", "%10,300#"),
        ("5", "%5,1*"),
        ("", "%"),
        ("", "%Q"),
        ("5", "%d%2?x"),
        ("5", "%d%/%Q"),
        ("2020x", "%Y%/-%m"),
        ("1x 5", "%3-%d%d %d"),
    ],
)
def test_does_not_match(value, form):
    assert strptime(value, form, "no") == "no"
    with pytest.raises(ValueError, match="Failed to parse"):
        strptime(value, form)


def test_prefix():
    assert strptime_i("2020-01-02 and more", "%Y-%m-%d") == (datetime(2020, 1, 2), b" and more")
    assert strptime_i(b"\xff", "") == (datetime(1970, 1, 1), b"\xff")
    assert strptime_i("2020-13-02", "%Y-%m-%d", None) == (None, b"13-02")
    with pytest.raises(ValueError, match="Failed to parse '2020-13' as '%Y-%m'"):
        strptime_i("2020-13", "%Y-%m")


def test_arguments():
    assert strptime(b"2020", b"%Y") == datetime(2020, 1, 1)
    for value, form in [("2020\0", "%Y"), ("2020", "%Y\0"), (2020, "%Y"), ("2020", None)]:
        with pytest.raises(TypeError):
            strptime(value, form)


COMMON = ["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%y %I:%M %p", "%b %d %Y", "%B %d %Y", "%H:%M:%S", "%Y%m%d%H%M%S", "%y%m%d"]


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.sampled_from(COMMON))
def test_agrees_with_python(moment, form):
    text = moment.strftime(form)
    expected = datetime.strptime(text, form)
    if "%y" not in form and "%Y" not in form:
        expected = expected.replace(year=1970)

    assert strptime(text, form.replace("%B", "%b")) == expected


@settings(deadline=None)
@given(st.datetimes(), st.integers(0, 3))
def test_excel_days(moment, flags):
    moment = moment.replace(microsecond=0)
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    if flags & 2:
        days -= 1462
    if flags & 1 and days < 62:
        return  # the days that Excel counts differently are in the table above
    text = f"{days:.8f}"

    assert abs(strptime(text, f"%{flags}e") - moment) <= timedelta(seconds=1)


@settings(deadline=None)
@given(st.binary(max_size=20), st.text("%?:-/.,0123456789YCymdbHIpMSfsJe*^@# a", max_size=14))
def test_anything_goes_without_harm(value, form):
    parsed = Parser(f"datetimei:{form}")(pa.array([value]))
    if b"\0" in value:
        return
    moment, rest = strptime_i(value, form, None)

    assert parsed.array.to_pylist() == [moment]
    assert value.endswith(rest)


def test_parts():
    texts = pa.array(["2020-02-30 25:00", "2020-02-30 12:00", "2020-02-28 12:00"])
    date_time = "%Y-%m-%d %H:%M"

    assert Parser(f"date:{date_time}")(texts).array.to_pylist() == [None, None, date(2020, 2, 28)]
    # the date is not looked at for a time
    times = Parser(f"time:{date_time}")(texts).array.to_pylist()
    assert [t and t.hour for t in times] == [None, 12, 12]
