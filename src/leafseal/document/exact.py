"""Values that a program gives with a text of their own: all digits of a number, a day without a time."""

from __future__ import annotations

from typing import Self

from leafseal.document.scalars import Timestamp


class ExactNumber(float):
    """A number that is written with these digits. As a float, it is what SOPS and most readers make of them."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Keep the digits beside the float that is nearest to them."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


class Day(Timestamp):
    """A date. As a timestamp, it is the first moment of that day in UTC, as YAML has it."""

    __slots__ = ()

    def __init__(self, year: int, month: int, day: int) -> None:
        super().__init__(f"{year:04}-{month:02}-{day:02}T00:00:00Z")

    def __str__(self) -> str:
        return self.text[:10]
