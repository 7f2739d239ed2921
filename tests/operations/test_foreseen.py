"""What is told of an encrypted file without a scan is what a scan of it finds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from leafseal.document import Leaf
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.tree import AGAIN
from leafseal.errors import ConfigError, FormatError, RefusedError
from leafseal.formats import parse
from leafseal.metadata import Metadata
from leafseal.metadata.least_change import mapping_over
from leafseal.operations import seal as sealing
from leafseal.operations.foreseen import Foreseen, is_within
from leafseal.operations.hand_edits import changed
from leafseal.rules.selection import Selection

from ..whole_files import DEFAULT, open_, random_file, seal

RULES = [
    DEFAULT,
    Selection(encrypted_regex="^[a-m]"),
    Selection(encrypted_comment_regex="b"),
    Selection(encrypted_regex="[aeiou]", mac_only_encrypted=True),
]


@pytest.fixture
def foreseen(monkeypatch: pytest.MonkeyPatch) -> list[Foreseen]:
    seen: list[Foreseen] = []

    class Watched(Foreseen):
        __slots__ = ()

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            seen.append(self)

    monkeypatch.setattr(sealing, "Foreseen", Watched)
    return seen


@pytest.mark.parametrize("format_name", ["yaml", "json", "dotenv"])
def test_foreseen_is_what_a_scan_finds(foreseen: list[Foreseen], format_name: str) -> None:
    for seed in range(120):
        foreseen.clear()
        try:
            sealed = seal(random_file(format_name, seed), format_name, RULES[seed % len(RULES)])
        except (ConfigError, FormatError, RefusedError):
            continue  # a file that cannot be encrypted, or not under this rule
        opened = open_(sealed, format_name)
        assert opened.coverage == "covered"
        assert not changed(opened)
        if not foreseen:
            continue  # it was scanned
        told, found = foreseen[0], parse(sealed, format_name, sealed=True)
        assert _values(told.leaves()) == _values(found.leaves())
        assert _comments(told.leaves()) == _comments(found.leaves())
        assert (told.document_count, [*told.tags()]) == (found.document_count, [*found.tags()])
        # The block is written once, with the digest in it: as if it had been put into a block without one.
        mapping = found.metadata()
        assert mapping is not None
        assert found.rewrite([], mapping_over(mapping, Metadata.parse(mapping))) == sealed


def _values(leaves: Sequence[Leaf]) -> list[tuple[object, ...]]:
    return [
        (leaf.document, leaf.locator, leaf.style == AGAIN, leaf.value)
        for leaf in leaves
        if leaf.locator and not leaf.is_comment
    ]


def _comments(leaves: Sequence[Leaf]) -> list[tuple[object, ...]]:
    return [(leaf.document, leaf.value) for leaf in leaves if leaf.is_comment]


def test_most_files_are_foreseen(foreseen: list[Foreseen]) -> None:
    for format_name in ("json", "dotenv"):
        for seed in range(10):
            seal(random_file(format_name, seed), format_name)
    assert len(foreseen) == 20


def test_what_is_near_a_limit_is_scanned() -> None:
    leaves: list[Leaf] = []
    assert is_within(DEFAULT_LIMITS, b"data", leaves, ["x" * 1000])
    lower = [DEFAULT_LIMITS._replace(**{name: limit - 1}) for name, limit in DEFAULT_LIMITS._asdict().items()]
    assert not any(is_within(limits, b"data", leaves, ["x"]) for limits in lower)
    small = Limits(*[0] * len(DEFAULT_LIMITS))
    large = DEFAULT_LIMITS._replace(leaves=DEFAULT_LIMITS.leaves * 2)
    assert not is_within(small, b"data", leaves, [])
    assert not is_within(DEFAULT_LIMITS, b"data", leaves, ["x"] * (DEFAULT_LIMITS.leaves - 5000))
    assert is_within(large, b"data", leaves, ["x"] * (DEFAULT_LIMITS.leaves - 5000))
    many = b"x" * (DEFAULT_LIMITS.scalar_bytes + 1)
    assert is_within(DEFAULT_LIMITS, many, leaves, ["x" * (DEFAULT_LIMITS.scalar_bytes - 2)])
    assert not is_within(DEFAULT_LIMITS, many, leaves, ["x", "x" * (DEFAULT_LIMITS.scalar_bytes - 1)])
