"""The path that is nearest to one that leads nowhere."""

from __future__ import annotations

import pytest

from leafseal.document.paths import format_path, resolve_path
from leafseal.operations.near import nearest, slip_of

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


NAMES = open_(seal(b"db: {password: x, host1: y, SMTP_HOST: s}\nlist: [{name: a}]\nTEST_KEY: k\n", "yaml"), "yaml")


@pytest.mark.parametrize(
    ("new", "meant", "existing"),
    [
        ("db.pasword", "db.password", "db.password"),
        ("db.PassWord", "db.password", "db.password"),
        ("db.smtp-host", "db.SMTP_HOST", "db.SMTP_HOST"),
        ("list[0].nmae", "list[0].name", "list[0].name"),
        ("lists[0].name", "list[0].name", "list"),
        ("testKey", "TEST_KEY", "TEST_KEY"),
    ],
)
def test_slips(new: str, meant: str, existing: str) -> None:
    found = slip_of(NAMES, resolve_path(new, []))
    assert found is not None
    assert tuple(map(format_path, found)) == (meant, existing)


@pytest.mark.parametrize(
    "new",
    [
        "db.password",
        "db.host2",
        "db.host",
        "db.SMTP_PORT",
        "LIVE_KEY",
        "db.user",
        "list[1]",
        "x.y",
        "db.password2",
        "d",
    ],
)
def test_no_slips(new: str) -> None:
    assert slip_of(NAMES, resolve_path(new, [])) is None


def test_a_slip_is_of_its_document() -> None:
    assert slip_of(OPENED, ("othr",)) is None
    assert slip_of(OPENED, ("othr",), 1) == (("other",), ("other",))
