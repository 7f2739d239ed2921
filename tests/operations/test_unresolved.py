"""What decides a conflict that a merge left in a file, and who is told of those that are left."""

from __future__ import annotations

import pytest
from tests.metadata.test_unresolved import remembering
from tests.opening import reseal_text
from tests.whole_files import AMBIENT, KEYS, open_, seal

from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.metadata.unresolved import Unresolved, read
from leafseal.operations.edit import draft_with, draft_without
from leafseal.operations.open import Opened, Source, open_file
from leafseal.operations.rekey import rewrap, rotate
from leafseal.operations.reseal import reseal
from leafseal.operations.unresolved import told_of
from leafseal.rules.selection import Selection

PLAIN = b"db:\n  password: x\n  port: 1\nenv:\n  - name: A\n    value: 1\n  - name: B\n    value: 1\n"
PLACES = ("/db", "/db/password", "/env/1/value", "/gone", "/sops/recipients", "/sops/rule")


def left(opened: Opened) -> set[str]:
    """Return the places of a file that are not decided."""
    return set(read(opened.metadata).places)


@pytest.fixture
def opened() -> Opened:
    return open_(remembering(seal(PLAIN, "yaml"), "yaml", Unresolved(PLACES)), "yaml")


def test_a_place_is_decided_when_its_value_is_another(opened: Opened) -> None:
    changed = reseal_text(opened, PLAIN.replace(b"password: x", b"password: y")).open()
    assert left(changed) == set(PLACES) - {"/db", "/db/password"}
    assert left(reseal_text(opened, PLAIN + b"gone: 1\n").open()) == set(PLACES) - {"/gone"}
    assert left(reseal_text(opened, PLAIN + b"# a comment\nnew: 1\n").open()) == set(PLACES)


def test_a_place_is_decided_when_it_is_set_even_to_what_it_is(opened: Opened) -> None:
    assert left(reseal(opened, draft_with(opened, ("db", "password"), "x")).open()) == set(PLACES) - {"/db/password"}
    assert left(reseal(opened, draft_with(opened, ("db", "port"), 1)).open()) == set(PLACES)
    below = reseal(opened, draft_with(opened, ("db",), {"password": "x", "port": 1})).open()
    assert left(below) == set(PLACES) - {"/db", "/db/password"}


def test_a_place_is_decided_when_it_is_removed(opened: Opened) -> None:
    assert left(reseal(opened, draft_without(opened, ("env", 1))).open()) == set(PLACES) - {"/env/1/value"}


def test_recipients_and_rule_are_decided_by_name(opened: Opened) -> None:
    assert left(rewrap(opened, KEYS, 0, AMBIENT).open()) == set(PLACES) - {"/sops/recipients"}
    assert left(rotate(opened, KEYS, 0, AMBIENT).open()) == set(PLACES)
    selection = Selection(encrypted_regex="password")
    again = reseal(opened, draft_with(opened, ("new",), 1), selection=selection, allow_nothing=True)
    assert left(again.open()) == set(PLACES) - {"/sops/rule"}


def test_with_the_last_one_the_memory_goes(opened: Opened) -> None:
    one = open_(remembering(seal(PLAIN, "yaml"), "yaml", Unresolved(("/db/port",), "0" * 40)), "yaml")
    changed = reseal(one, draft_with(one, ("db", "port"), 2))
    assert b"unresolved" not in changed.data
    assert told_of(changed.open().metadata) == []


def test_whoever_can_be_told_is_told_when_it_is_read(opened: Opened) -> None:
    said: list[str] = []
    ambient = Ambient(AMBIENT.environ, AMBIENT.home_text, warn=said.append)
    data = remembering(seal(PLAIN, "yaml"), "yaml", Unresolved(PLACES))
    open_file(Source("a b.yaml", data, "yaml"), KeyRing(ambient))
    assert said == [
        "a b.yaml: a merge left 6 conflicts in it: /db, /db/password, /env/1/value and 3 more; "
        "to decide, run \"leafseal resolve 'a b.yaml'\""
    ]
    open_file(Source("a.yaml", data, "yaml"), KeyRing(AMBIENT))
