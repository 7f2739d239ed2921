"""Values on their way from Python to a file and back: exact, or refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest

import leafseal
from leafseal import EmitError, FormatError, InvalidValueError, SealedFile, Timestamp
from leafseal.api.values import MAX_DEPTH
from leafseal.document.limits import ReadOptions

from ..whole_files import AMBIENT, SPLICED, seal, seal_in

PLAIN = {
    "yaml": b"x: 1\n",
    "json": b'{"x": 1}\n',
    "dotenv": b"X=1\n",
    "ini": b"[s]\nx = 1\n",
}
IN_INDIA = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=IN_INDIA)
DAY = date(2026, 1, 15)


class Color(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


def opened(tmp_path: Path, format_name: str, plain: bytes | None = None) -> SealedFile:
    return SealedFile.open(seal_in(tmp_path, plain or PLAIN[format_name], format_name), ambient=AMBIENT)


def stored(file: SealedFile, value: object) -> tuple[str, Any]:
    """Return how a value is written, and what is read of it after it was saved."""
    name = "s.new" if file.format == "ini" else "new"
    file[name] = value
    file.save()
    again = SealedFile.open(file.path, ambient=AMBIENT)
    found = re.search(r'^(?:{"x": 1, )?"?new"?(?: ?= ?|: ?)(.*?)}?$', again.plaintext().decode(), re.MULTILINE)
    assert found is not None
    return found[1], again[name]


EXACT = [
    (Decimal("1.10"), "1.10", 1.1),
    (Decimal("-0.12345678901234567890123456789"), "-0.12345678901234567890123456789", -0.12345678901234568),
    (Decimal("1E+3"), "1000", 1000),
    (Decimal("5"), "5", 5),
    (Decimal("1E-9"), "0.000000001", 1e-9),
    (2**64, "18446744073709551616", 2**64),
    (-(2**63) - 1, "-9223372036854775809", -(2**63) - 1),
    (123456789012345678901234567890, "123456789012345678901234567890", 123456789012345678901234567890),
    (2**63 - 1, "9223372036854775807", 2**63 - 1),
    (Color.RED, "red", "red"),
    (Level.HIGH, "3", 3),
]


@pytest.mark.parametrize(("value", "text", "number"), EXACT)
@pytest.mark.parametrize("format_name", SPLICED)
def test_every_digit_is_written(tmp_path: Path, format_name: str, value: object, text: str, number: object) -> None:
    as_text = format_name in ("dotenv", "ini")
    written, found = stored(opened(tmp_path, format_name), value)
    assert written.strip('"') == text
    assert found == (text if as_text else number)
    assert type(found) is (str if as_text else type(number))


@pytest.mark.parametrize(
    ("value", "text", "in_yaml"),
    [
        (MOMENT, "2026-01-02T03:04:05.000678+05:30", MOMENT),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z", datetime(2026, 1, 2, tzinfo=UTC)),
        (DAY, "2026-01-15", DAY),
        (Timestamp("2026-01-02T03:04:05.123456789Z"), "2026-01-02T03:04:05.123456789Z", None),
    ],
)
@pytest.mark.parametrize("format_name", SPLICED)
def test_dates_are_timestamps_in_yaml_and_text_elsewhere(
    tmp_path: Path, format_name: str, value: object, text: str, in_yaml: object
) -> None:
    file = opened(tmp_path, format_name)
    written, found = stored(file, value)
    assert written.strip('"') == text
    if format_name != "yaml":
        assert found == text
        return
    assert isinstance(found, Timestamp)
    again = SealedFile.open(file.path, ambient=AMBIENT, timestamps="datetime")["new"]
    assert in_yaml is None or (again, type(again)) == (in_yaml, type(in_yaml))
    assert in_yaml is None or not isinstance(again, datetime) or again.utcoffset() == in_yaml.utcoffset()  # type: ignore[attr-defined]


def test_values_in_lists_and_mappings_are_stored_likewise(tmp_path: Path) -> None:
    file = opened(tmp_path, "yaml")
    file["new"] = {"day": DAY, "rates": (Decimal("2.50"), 2**80)}
    assert b"day: 2026-01-15\n" in file.plaintext()
    assert b"- 2.50\n" in file.plaintext()
    assert file["new.rates"] == [2.5, 2**80]


def test_an_equal_number_with_other_digits_is_written_over(tmp_path: Path) -> None:
    file = opened(tmp_path, "yaml", b"rate: 1.1 # of today\n")
    file["rate"] = Decimal("1.100")
    file.save()
    again = SealedFile.open(file.path, ambient=AMBIENT)
    assert again.plaintext() == b"rate: 1.100 # of today\n"
    again["rate"] = 1.1
    assert again["rate"] == 1.1


REFUSED: list[tuple[str, object, str]] = [
    ("yaml", Decimal("NaN"), "infinite or not a number"),
    ("json", Decimal("Infinity"), "infinite or not a number"),
    ("dotenv", Decimal("-Infinity"), "infinite or not a number"),
    ("ini", Decimal("sNaN"), "infinite or not a number"),
    ("yaml", Decimal("1E+400"), "beyond the range of a double"),
    ("json", Decimal("1E-400"), "beyond the range of a double"),
    ("dotenv", Decimal("1E+1000000"), "too many digits"),
    ("yaml", 2**63, "cannot contain an integer from"),
    ("json", 10**400, "beyond the range of a double"),
    ("dotenv", 10**5000, "too many digits"),
    ("yaml", datetime(2026, 1, 2), "without a zone"),
    ("json", datetime(1900, 1, 1, tzinfo=timezone(timedelta(minutes=9, seconds=21))), "whole minutes"),
    ("yaml", {1, 2}, "type set cannot be stored"),
    ("yaml", timedelta(1), "type timedelta cannot be stored"),
    ("yaml", {1: "x"}, "names in a mapping must be text"),
    ("json", [[Path("x")]], "Path cannot be stored"),
]


@pytest.mark.parametrize(("format_name", "value", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_stored_exactly_is_refused(
    tmp_path: Path, format_name: str, value: object, message: str
) -> None:
    file = opened(tmp_path, format_name)
    before = bytes(file)
    with pytest.raises(InvalidValueError, match=message):
        file.set("s.new" if format_name == "ini" else "new", value)
    assert bytes(file) == before


def test_what_contains_itself_is_refused(tmp_path: Path) -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(InvalidValueError, match=f"more than {MAX_DEPTH} levels, or contains itself"):
        opened(tmp_path, "yaml")["new"] = value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"\xff"])
def test_json_says_what_it_cannot_hold(tmp_path: Path, value: object) -> None:
    with pytest.raises(EmitError, match="JSON cannot contain"):
        opened(tmp_path, "json")["new"] = value
    assert stored(opened(tmp_path, "json"), b"text")[1] == "text"


TIMES = b"""\
day: 2026-01-15
utc: 2001-12-14T21:59:43Z
zone: 2001-12-14t21:59:43.10-05:00
no_zone: 2001-12-14 21:59:43
nanoseconds: 2001-12-14T21:59:43.123456789Z
list: [2026-1-5, {day: 2026-01-15}]
clear_unencrypted: 2026-01-15
text: "2026-01-15"
"""


def test_timestamps_as_datetimes_have_the_zone_that_is_written(tmp_path: Path) -> None:
    path = seal_in(tmp_path, TIMES, "yaml")
    values = leafseal.load(path, ambient=AMBIENT, timestamps="datetime")
    assert values == {
        "day": DAY,
        "utc": datetime(2001, 12, 14, 21, 59, 43, tzinfo=UTC),
        "zone": datetime(2001, 12, 14, 21, 59, 43, 100_000, tzinfo=timezone(timedelta(hours=-5))),
        "no_zone": datetime(2001, 12, 14, 21, 59, 43, tzinfo=UTC),
        "nanoseconds": datetime(2001, 12, 14, 21, 59, 43, 123_456, tzinfo=UTC),
        "list": [date(2026, 1, 5), {"day": DAY}],
        "clear_unencrypted": DAY,
        "text": "2026-01-15",
    }
    assert values["zone"].utcoffset() == timedelta(hours=-5)
    assert type(values["day"]) is date
    data = path.read_bytes()
    assert leafseal.loads(data, format="yaml", ambient=AMBIENT, timestamps="datetime") == values
    assert leafseal.open_many([path], ambient=AMBIENT, timestamps="datetime") == {str(path): values}
    file = SealedFile.open(path, ambient=AMBIENT, timestamps="datetime")
    assert file.values() == values
    assert file.documents() == [values]
    assert file["list[1].day"] == DAY


def test_without_being_asked_timestamps_stay_what_they_are(tmp_path: Path) -> None:
    values = leafseal.load(seal_in(tmp_path, TIMES, "yaml"), ambient=AMBIENT)
    assert values["day"] == Timestamp("2026-01-15T00:00:00Z")
    assert values["nanoseconds"].text.endswith(".123456789Z")


def test_a_year_that_python_does_not_know(tmp_path: Path) -> None:
    path = seal_in(tmp_path, b"at: 0000-01-01T00:00:00Z\n", "yaml")
    assert leafseal.load(path, ambient=AMBIENT)["at"] == Timestamp("0000-01-01T00:00:00Z")
    with pytest.raises(FormatError, match="before the year 1"):
        leafseal.load(path, ambient=AMBIENT, timestamps="datetime")


BIG = 123456789012345678901234567890
BIG_FILES = {
    "yaml": b"# note\na: %d\nlist: [1, -%d] # comment\nfloat: 1e+29\nb_unencrypted: %d\n" % (BIG, BIG, BIG),
    "json": b'{"a": %d, "list": [1, -%d], "float": 1e+29, "b_unencrypted": %d}' % (BIG, BIG, BIG),
}


@pytest.mark.parametrize("format_name", BIG_FILES)
def test_long_integers_stay_integers(tmp_path: Path, format_name: str) -> None:
    path = seal_in(tmp_path, BIG_FILES[format_name], format_name)
    values = leafseal.load(path, ambient=AMBIENT)
    assert values == {"a": BIG, "list": [1, -BIG], "float": 1e29, "b_unencrypted": BIG}
    assert type(values["float"]) is float


def test_a_long_integer_behind_an_alias_is_one_too(tmp_path: Path) -> None:
    path = seal_in(tmp_path, b"a: &a %d\nb: *a\nc: &c [%d]\nd: *c\n" % (BIG, BIG + 1), "yaml")
    assert leafseal.load(path, ambient=AMBIENT) == {"a": BIG, "b": BIG, "c": [BIG + 1], "d": [BIG + 1]}


def test_without_the_memory_of_its_digits_an_integer_is_the_float_that_sops_sees(tmp_path: Path) -> None:
    sealed = json.loads(seal(BIG_FILES["json"], "json", read=ReadOptions(omit_structure=True)))
    del sealed["sops"]["leafseal"]
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(sealed))
    value = leafseal.load(path, ambient=AMBIENT)["a"]
    assert (value, type(value)) == (float(BIG), float)
