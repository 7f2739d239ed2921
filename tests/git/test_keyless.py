"""What is merged without a key, and what is not."""

from __future__ import annotations

import pytest
from tests.opening import open_sealed

from leafseal.document.limits import DEFAULT_READ
from leafseal.git.keyless import Merged, merge_without_key
from leafseal.git.sides import Version
from leafseal.keys.registry import parse_recipients
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.rekey import rewrap, rotate
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

ME, BOB = throwaway_identity(), throwaway_identity()
AMBIENT = ME.ambient()
PLAIN = "name: app\n\n\nlimits: 5\n\n\npassword: hunter22\n\n\nother: x\n"
ONLY = Selection(encrypted_regex="^(password|other)$", mac_only_encrypted=True)
FULL = Selection(encrypted_regex="^(password|other)$")
KEYS = parse_recipients("age", ME.recipient)
BOTH = parse_recipients("age", f"{ME.recipient},{BOB.recipient}")


def sealed(rule: Selection) -> bytes:
    return encrypt(PLAIN.encode(), "yaml", [KEYS], 0, rule, AMBIENT).data


def edited(data: bytes, old: str, new: str) -> bytes:
    opened = open_sealed(data, "yaml", AMBIENT)
    return reseal(opened, Draft.of(opened, opened.plaintext().decode().replace(old, new).encode())).data


def shared(data: bytes) -> bytes:
    return rewrap(open_sealed(data, "yaml", AMBIENT), [BOTH], 0, AMBIENT).data


def merged(base: bytes, ours: bytes, theirs: bytes) -> Merged | None:
    parts = zip(("base", "ours", "theirs"), (base, ours, theirs), strict=True)
    one, two, three = (Version(part, part, data) for part, data in parts)
    return merge_without_key((one, two, three), "yaml", DEFAULT_READ)


@pytest.mark.parametrize("is_swapped", [False, True])
def test_values_that_nothing_covers_go_with_whatever_the_other_side_has(is_swapped: bool) -> None:
    base = sealed(ONLY)
    by_hand = base.replace(b"name: app", b"name: site")
    sides = [edited(base, "hunter22", "hunter23"), by_hand]
    found = merged(base, *(reversed(sides) if is_swapped else sides))
    assert found is not None
    opened = open_sealed(found.data, "yaml", AMBIENT)
    assert opened.plaintext().decode() == PLAIN.replace("app", "site").replace("hunter22", "hunter23")
    assert opened.coverage == "covered"


@pytest.mark.parametrize("is_swapped", [False, True])
def test_recipients_of_one_side_go_with_values_of_the_other(is_swapped: bool) -> None:
    base = sealed(FULL)
    sides = [edited(base, "hunter22", "hunter23"), shared(base)]
    found = merged(base, *(reversed(sides) if is_swapped else sides))
    assert found is not None
    for who in (ME, BOB):
        opened = open_sealed(found.data, "yaml", who.ambient())
        assert opened.plaintext().decode() == PLAIN.replace("hunter22", "hunter23")
    assert [str(key) for key in found.added] == ([] if is_swapped else [BOB.recipient])


def test_what_needs_the_values_is_not_merged() -> None:
    base, full = sealed(ONLY), sealed(FULL)
    by_hand = base.replace(b"name: app", b"name: site")
    changed = edited(base, "hunter22", "hunter23")
    assert merged(base, changed, edited(base, "other: x", "other: y")) is None
    assert merged(base, by_hand, base.replace(b"name: app", b"name: blog")) is None
    assert merged(full, full.replace(b"name: app", b"name: site"), edited(full, "hunter22", "hunter23")) is None
    rotated = rotate(open_sealed(full, "yaml", AMBIENT), [KEYS], 0, AMBIENT).data
    assert merged(full, rotated, shared(full)) is None
    with_empty = encrypt(b'password: hunter22\nother: ""\n', "yaml", [KEYS], 0, FULL, AMBIENT).data
    rotated = rotate(open_sealed(with_empty, "yaml", AMBIENT), [KEYS], 0, AMBIENT).data
    assert merged(with_empty, rotated, shared(with_empty)) is None  # what is empty shows no data key
    assert merged(full, b"<<<<<<<\n" + full, shared(full)) is None
