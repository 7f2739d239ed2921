"""Values that say themselves how they are written."""

from __future__ import annotations

from leafseal.document.exact import Day, ExactNumber
from leafseal.document.scalars import Timestamp, to_bytes, to_plain_text, type_word
from leafseal.formats.json.emitter import scalar_text as json_text
from leafseal.formats.yaml.emitter import scalar_text as yaml_text


def test_a_number_keeps_its_digits_and_is_a_float() -> None:
    number = ExactNumber("1.2300")
    assert number == 1.23
    assert (type_word(number), to_bytes(number)) == ("float", b"1.23")
    assert yaml_text(number, indent=0) == json_text(number) == to_plain_text(number) == "1.2300"


def test_a_day_is_its_first_moment() -> None:
    day = Day(987, 6, 5)
    assert isinstance(day, Timestamp)
    assert day.text == Timestamp.of(987, 6, 5, 0, 0, 0, "", "Z").text
    assert (type_word(day), to_bytes(day)) == ("time", b"0987-06-05T00:00:00Z")
    assert yaml_text(day, indent=0) == "0987-06-05"
