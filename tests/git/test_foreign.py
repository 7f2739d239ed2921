"""Another file that we can read, in the place of one that a hostile branch's author can read, too."""

from __future__ import annotations

import pytest
from tests.git.test_merge_metadata import AMBIENT, BOB, ME, PLAIN, edited, keys, left, merged, sealed, tokens

from leafseal.document.values import Value, values_of
from leafseal.errors import RefusedError
from leafseal.git.conflicted import Conflicted
from leafseal.git.merge import How, merge_opened
from leafseal.git.resolve import Resolving
from leafseal.git.sides import Sides, Version
from leafseal.git.three_way import Conflict
from leafseal.keys.ring import KeyRing
from leafseal.operations.rekey import rotate

OTHER = "# c4n4ry-note\ntoken: c4n4ry-0123456789\nlist:\n  - c4n4ry-a\n"


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(AMBIENT)


@pytest.mark.parametrize("has_base", [True, False])
def test_what_another_file_has_is_not_encrypted_for_readers_of_this_one(ring: KeyRing, has_base: bool) -> None:
    base = sealed(PLAIN, ring)
    ours = edited(base, "api: one\n", "api: one\nnew: 1\n")
    other = sealed(OTHER, ring, [ME.recipient])
    result = merged(base if has_base else None, ours, other, ring)
    opened = result.product.open()
    assert opened.plaintext() == ours.plaintext()
    assert tokens(opened) == tokens(ours)
    assert {"/token", "/list", "/sops/recipients"} <= set(left(result))
    assert any("theirs may be another file" in sentence for sentence in result.told)


def test_nor_is_what_theirs_changed_for_readers_of_what_ours_may_be(ring: KeyRing) -> None:
    """As in the checkout of a pull request, into which its target branch is merged."""
    base = sealed(PLAIN, ring, [ME.recipient])
    ours = sealed("db: {}\n", ring)
    theirs = edited(base, "hunter22", "c4n4ry")
    result = merged(base, ours, theirs, ring)
    assert result.product.open().plaintext() == ours.plaintext()
    assert any("ours may be another file" in sentence for sentence in result.told)


def test_whoever_decides_takes_theirs(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours, theirs = edited(base, "port: 1", "port: 2"), sealed(PLAIN.replace("hunter22", "renewed1"), ring)
    seen: list[str] = []

    def decide(conflict: Conflict) -> Value:
        seen.append(f"{conflict.pointer} {conflict.kind}")
        return conflict.theirs

    result = merge_opened(Sides(base, ours, theirs), How(ring, decide=decide))
    assert seen == ["/db/password changed by them"]
    assert values_of(result.product.open().plain_document()) == [
        {"db": {"password": "renewed1", "port": 2}, "api": "one"}
    ]


def test_a_rotated_file_is_the_same_one(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours = rotate(edited(base, "port: 1", "port: 2"), [keys(ME.recipient, BOB.recipient)], 0, AMBIENT).open()
    result = merged(base, ours, edited(base, "api: one", "api: two"), ring)
    assert result.product.open().plaintext() == PLAIN.replace("port: 1", "port: 2").replace("one", "two").encode()
    assert left(result) == []


def test_a_version_that_a_file_remembers_is_not_of_another_file(ring: KeyRing) -> None:
    """Whoever has no key can write the name of any blob to `sops.leafseal.unresolved`."""
    ours, other = sealed(PLAIN, ring), sealed(PLAIN.replace("hunter22", "c4n4ry-0"), ring)
    rotated = rotate(edited(ours, "one", "two"), [keys(ME.recipient)], 0, AMBIENT).open()
    named = Version("theirs", "theirs", b"")
    found = Conflicted(None, named, named, places=frozenset(["/api", "/db/password"]))
    with pytest.raises(RefusedError, match="may be of another file"):
        Resolving(found, Sides(None, ours, other), How(ring), ours, ours)
    resolving = Resolving(found, Sides(other, ours, rotated), How(ring), ours, ours)
    assert [one.pointer for one in resolving.conflicts] == ["/api"]
    assert resolving.sides.base is None
