"""The path that is nearest to one that leads nowhere."""

from __future__ import annotations

import pytest

from leafseal.operations.near import nearest

from ..whole_files import open_, seal

OPENED = open_(seal(b"db: {password: x, port: 1}\nlist: [a]\n---\nother: 1\n", "yaml"), "yaml")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("db", "pasword"), ("db", "password")),
        (("DB", "Password"), ("db", "password")),
        (("db", "ports"), ("db", "port")),
        (("dbs", "port"), ("db", "port")),
        (("lists",), ("list",)),
        (("nothing", "alike"), None),
        (("other",), None),
    ],
)
def test_what_is_nearest(asked: tuple[str, ...], found: tuple[str, ...] | None) -> None:
    assert nearest(OPENED, asked) == found


def test_it_is_of_the_same_document() -> None:
    assert nearest(OPENED, ("othr",), 1) == ("other",)
