"""Hints of the library, to whoever calls it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import leafseal
from leafseal.config.write import propose_config
from leafseal.document.limits import ReadOptions
from leafseal.document.values import values_of
from leafseal.formats import parse
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.registry import parse_recipients
from leafseal.keys.ring import KeyRing
from leafseal.operations.context_repair import open_garbled
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Source
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from .scenario import Act, Scenario, Stage


def _repair_context(_: Stage) -> None:
    open_garbled(Source("app.yaml", Path("app.yaml").read_bytes(), "yaml"), KeyRing(Ambient.of_process()))


def _values(text: bytes) -> Act:
    return lambda _: values_of(parse(text, "json", ReadOptions(allow_duplicates=True)))


def _encrypted(groups: Sequence[Sequence[MasterKey]]) -> Act:
    ambient = Ambient.of_process()
    return lambda _: encrypt(b"a: 1\n", "yaml", groups, 0, Selection(), ambient)


_OTHER = throwaway_identity().recipient
_KEY = parse_recipients("age", throwaway_identity().recipient)

SCENARIOS = [
    Scenario(
        "formats",
        "one of {}",
        lambda _: leafseal.encrypt(b"a: 1\n", format="yml", recipients=_KEY),
        (lambda _: leafseal.encrypt(b"a: 1\n", format="yaml", recipients=_KEY),),
    ),
    Scenario(
        "document.values",
        "remove one of the two",
        _values(b'{"a": {"x": 1}, "a": {"x": 2}}'),
        (_values(b'{"a": {"x": 2}}'),),
    ),
    Scenario(
        "config.write",
        "give at least one age recipient: age1…",
        lambda _: propose_config([]),
        (lambda _: propose_config(["age1x"]),),
    ),
    Scenario(
        "config.write",
        "recipients begin with age1 or ssh-",
        lambda _: propose_config(["abc"]),
        (lambda _: propose_config(["age1x"]),),
    ),
    Scenario(
        "keys.groups",
        "name a recipient, such as with --age, or write a .sops.yaml",
        _encrypted([]),
        (_encrypted([_KEY]),),
    ),
    Scenario(
        "keys.groups",
        "every key group needs at least one master key",
        _encrypted([_KEY, []]),
        (_encrypted([_KEY, _KEY]),),
    ),
    Scenario(
        "operations.context_repair",
        "only files from SOPS before 3.3.0 need this, with an AWS key whose context has different values",
        _repair_context,
        ("decrypt app.yaml",),
    ),
]
