"""What a merge makes of recipients, data keys, rules and MACs, and what hostile branches get."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.opening import open_sealed

from leafseal.errors import DataKeyError, RefusedError
from leafseal.git.merge import UNDECIDED, How, Result, merge_opened
from leafseal.git.sides import Sides, Version, open_sides
from leafseal.keys import MasterKey
from leafseal.keys.registry import parse_recipients
from leafseal.keys.ring import KeyRing
from leafseal.metadata.unresolved import read
from leafseal.operations.clear_text import Comments
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.operations.rekey import rewrap, rotate
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

ME, BOB, EVE = throwaway_identity(), throwaway_identity(), throwaway_identity()
AMBIENT = ME.ambient()
DEFAULT = Selection()
PLAIN = "db:\n  password: hunter22\n  port: 1\n\n\napi: one\n"


class Configured:
    """A configuration that names some recipients."""

    def __init__(self, *recipients: str, threshold: int = 0) -> None:
        self.groups = [keys(*recipients)]
        self.threshold = threshold


def keys(*recipients: str) -> tuple[MasterKey, ...]:
    return parse_recipients("age", ",".join(recipients))


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(AMBIENT)


def sealed(plain: str, ring: KeyRing, *groups: Sequence[str], rule: Selection = DEFAULT, threshold: int = 0) -> Opened:
    wanted = [keys(*group) for group in groups or [[ME.recipient, BOB.recipient]]]
    product = encrypt(plain.encode(), "yaml", wanted, threshold, rule, AMBIENT, allow_nothing=True)
    return open_sealed(product.data, "yaml", ring)


def edited(opened: Opened, old: str, new: str, *, rule: Selection | None = None) -> Opened:
    plain = opened.plaintext().decode()
    assert old in plain
    return reseal(opened, Draft.of(opened, plain.replace(old, new).encode()), selection=rule, allow_nothing=True).open()


def for_(opened: Opened, *recipients: str) -> Opened:
    return rewrap(opened, [keys(*recipients)], 0, AMBIENT).open()


def merged(
    base: Opened | None, ours: Opened, theirs: Opened, ring: KeyRing, configured: Configured | None = None
) -> Result:
    result = merge_opened(Sides(base, ours, theirs), How(ring, lambda: configured))
    result.product.check(result.product.data)
    return result


def recipients(result: Result) -> set[str]:
    metadata = result.product.open().metadata
    return {str(wrapped.master_key) for wrapped in metadata.wrapped_keys()}


def blobs(opened: Opened) -> set[str]:
    return {wrapped.enc for wrapped in opened.metadata.wrapped_keys()}


def tokens(opened: Opened) -> set[str]:
    return {str(item.leaf.value) for item in opened.leaves.sealed}


def left(result: Result) -> list[str]:
    assert sorted(found.pointer for found in result.conflicts) == sorted(read(result.product.open().metadata).places)
    return sorted(found.pointer for found in result.conflicts)


def test_whom_one_side_removed_stays_removed_even_if_the_other_encrypted_for_him_again(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    removed, again = for_(base, ME.recipient), for_(base, ME.recipient, BOB.recipient)
    for ours, theirs in ((removed, again), (again, removed)):
        result = merged(base, ours, theirs, ring)
        assert recipients(result) == {ME.recipient}
        assert left(result) == []
    assert any("rotate" in sentence for sentence in result.told)


def test_whom_theirs_added_is_carried_with_his_blob_and_told(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, [ME.recipient])
    ours, theirs = edited(base, "one", "two"), for_(base, ME.recipient, BOB.recipient)
    result = merged(base, ours, theirs, ring)
    assert recipients(result) == {ME.recipient, BOB.recipient}
    assert blobs(result.product.open()) <= blobs(ours) | blobs(theirs)
    assert [sentence for sentence in result.told if BOB.recipient in sentence]
    # The values are ours': so are MAC, time and digest, to the byte.
    assert result.product.open().metadata.mac == ours.metadata.mac


def test_who_joined_on_one_side_merges_what_was_there_before(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, [ME.recipient])
    ours, theirs = edited(for_(base, ME.recipient, BOB.recipient), "one", "two"), edited(base, "port: 1", "port: 2")
    of_bob = KeyRing(BOB.ambient())

    def opened(*files: Opened) -> Sides:
        parts = zip(("base", "ours", "theirs"), files, strict=True)
        base, ours, theirs = (Version(part, part, one.document.text.encode()) for part, one in parts)
        return open_sides((base, ours, theirs), "s.yaml", "yaml", of_bob, one_read, [].append)

    one_read = base.read
    for sides in (opened(base, ours, theirs), opened(base, theirs, ours)):
        result = merge_opened(sides, How(of_bob))
        assert result.product.open().plaintext().decode() == PLAIN.replace("one", "two").replace("port: 1", "port: 2")
        assert recipients(result) == {ME.recipient, BOB.recipient}
        assert result.conflicts == []
    # Another data key is another one.
    with pytest.raises(DataKeyError) as caught:
        opened(base, ours, rotate(base, [keys(ME.recipient)], 0, AMBIENT).open())
    assert caught.value.side == "theirs"


def test_a_merge_of_comments_moves_neither_mac_nor_digest(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    theirs = edited(base, "api:", "# new\napi:")
    ours = for_(base, ME.recipient)
    result = merged(base, ours, theirs, ring)
    mine = result.product.open().metadata
    assert (mine.mac, mine.lastmodified) == (theirs.metadata.mac, theirs.metadata.lastmodified)
    assert result.product.open().coverage == "covered"


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_rotated_data_key_counts_and_the_other_side_is_sealed_under_it(ring: KeyRing, side: str) -> None:
    base = sealed(PLAIN, ring)
    rotated = rotate(base, [keys(ME.recipient)], 0, AMBIENT).open()
    changed = edited(base, "one", "two")
    sides = (rotated, changed) if side == "ours" else (changed, rotated)
    result = merged(base, *sides, ring)
    opened = result.product.open()
    assert opened.data_key.reveal() == rotated.data_key.reveal()
    assert recipients(result) == {ME.recipient}
    assert opened.plaintext() == PLAIN.replace("one", "two").encode()
    assert len(tokens(opened) & tokens(rotated)) == 2
    assert left(result) == []


def test_both_rotated_keeps_ours_and_says_so(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    one, other = (rotate(base, [keys(ME.recipient, BOB.recipient)], 0, AMBIENT).open() for _ in "ab")
    result = merged(base, one, edited(other, "one", "two"), ring)
    assert result.product.open().data_key.reveal() == one.data_key.reveal()
    assert any("both sides" in sentence for sentence in result.told)


def test_a_data_key_that_somebody_without_the_old_one_made_up_is_not_taken_over(ring: KeyRing) -> None:
    """Else ours' new secrets would be encrypted with a key that they know."""
    base = sealed(PLAIN, ring)
    theirs = sealed(PLAIN.replace("hunter22", "xxxx").replace("one", "yyyy").replace("port: 1", "port: 2"), ring)
    ours = edited(base, "api: one\n", "api: one\nnew: c4n4ry\n")
    result = merged(base, ours, theirs, ring)
    assert result.product.open().data_key.reveal() == ours.data_key.reveal()
    assert any("too few of the values" in sentence for sentence in result.told)
    assert left(result) == ["/api", "/db/password", "/db/port"]


@pytest.mark.parametrize(
    ("plain", "guessed"),
    [
        ("host: localhost\npassword: hunter22\n", "host: localhost\n"),
        ("host: localhost\nuser: postgres\ntoken: c4n4ry-0123456789\n", "host: localhost\nuser: postgres\n"),
        ("{}\n", "{}\n"),
    ],
)
def test_nor_is_one_of_somebody_who_guessed_the_names_in_a_file(ring: KeyRing, plain: str, guessed: str) -> None:
    base = sealed(plain, ring)
    ours = edited(base, plain.splitlines()[-1], plain.splitlines()[-1].strip("{}") + "\nnew: c4n4ry")
    result = merged(base, ours, sealed(guessed, ring), ring)
    assert result.product.open().data_key.reveal() == ours.data_key.reveal()
    assert b"c4n4ry" in result.product.open().plaintext()


def test_nothing_is_wrapped_for_whom_only_theirs_names(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours = rotate(base, [keys(ME.recipient, BOB.recipient)], 0, AMBIENT).open()
    theirs = for_(base, ME.recipient, BOB.recipient, EVE.recipient)
    result = merged(base, ours, theirs, ring)
    assert recipients(result) == {ME.recipient, BOB.recipient}
    assert left(result) == ["/sops/recipients"]
    allowed = merged(base, ours, theirs, ring, Configured(EVE.recipient))
    assert recipients(allowed) == {ME.recipient, BOB.recipient, EVE.recipient}
    assert left(allowed) == []


def test_whom_ours_added_gets_the_data_key_that_theirs_rotated(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, [ME.recipient])
    ours = for_(base, ME.recipient, BOB.recipient)
    theirs = rotate(base, [keys(ME.recipient)], 0, AMBIENT).open()
    result = merged(base, ours, theirs, ring)
    assert recipients(result) == {ME.recipient, BOB.recipient}
    opened = open_sealed(result.product.data, "yaml", BOB.ambient())
    assert opened.data_key.reveal() == theirs.data_key.reveal()


def test_nobody_left_is_a_conflict(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours, theirs = for_(base, BOB.recipient, ME.recipient), for_(base, BOB.recipient)
    result = merged(base, ours, theirs, ring)
    assert left(result) == ["/sops/recipients"]
    assert recipients(result) == {ME.recipient, BOB.recipient}


GROUPS = ([ME.recipient], [ME.recipient, BOB.recipient], [ME.recipient])


def test_groups_that_one_side_changed_are_that_sides_whole(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, *GROUPS, threshold=2)
    groups = [keys(ME.recipient), keys(ME.recipient), keys(ME.recipient)]
    ours, theirs = edited(base, "one", "two"), rewrap(base, groups, 2, AMBIENT).open()
    result = merged(base, ours, theirs, ring)
    assert blobs(result.product.open()) == blobs(theirs)
    assert open_sealed(result.product.data, "yaml", AMBIENT).plaintext() == PLAIN.replace("one", "two").encode()


def test_a_threshold_that_theirs_lowers_is_a_conflict_unless_the_configuration_says_so(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, *GROUPS, threshold=3)
    ours = edited(base, "one", "two")
    theirs = rewrap(base, [keys(*group) for group in GROUPS], 2, AMBIENT).open()
    result = merged(base, ours, theirs, ring)
    assert left(result) == ["/sops/recipients"]
    assert blobs(result.product.open()) == blobs(ours)
    configured = Configured(ME.recipient, threshold=2)
    configured.groups = [keys(*group) for group in GROUPS]
    assert left(merged(base, ours, theirs, ring, configured)) == []


def test_groups_that_both_sides_changed_are_wrapped_again(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, *GROUPS, threshold=2)
    ours = rewrap(base, [keys(ME.recipient, BOB.recipient), *[keys(*g) for g in GROUPS[1:]]], 2, AMBIENT).open()
    theirs = rewrap(base, [keys(ME.recipient), keys(ME.recipient), keys(ME.recipient)], 2, AMBIENT).open()
    result = merged(base, ours, theirs, ring)
    assert [len(group) for group in result.product.open().metadata.groups] == [2, 1, 1]
    assert open_sealed(result.product.data, "yaml", AMBIENT).plaintext() == PLAIN.encode()


def test_a_rule_that_theirs_weakens_does_not_show_what_ours_added(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours = edited(base, "api: one\n", "api: one\nnew: c4n4ry\n")
    theirs = edited(base, "one", "one", rule=Selection(encrypted_regex="^password$"))
    result = merged(base, ours, theirs, ring)
    assert left(result) == ["/new"]
    assert b"c4n4ry" not in result.product.data
    assert result.product.open().metadata.selection == ours.metadata.selection


def test_a_rule_that_ours_weakens_does_not_show_what_theirs_added(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours = edited(base, "one", "one", rule=Selection(encrypted_regex="^password$"))
    theirs = edited(base, "api: one\n", "api: one\nnew: c4n4ry\n")
    result = merged(base, ours, theirs, ring)
    assert b"c4n4ry" not in result.product.data
    assert left(result) == ["/new"]


@pytest.mark.parametrize("side", ["ours", "theirs"])
@pytest.mark.parametrize("new", ["# c4n4ry\napi: one\n", "api: one # c4n4ry\n"])
def test_a_rule_that_one_side_weakens_does_not_show_comments_of_the_other(ring: KeyRing, side: str, new: str) -> None:
    base = sealed(f"# c4n4ry of old\n{PLAIN}", ring)
    changed = edited(base, "api: one\n", new)
    weaker = edited(base, "one", "one", rule=Selection(encrypted_regex="^password$"))
    result = merged(base, *((weaker, changed) if side == "ours" else (changed, weaker)), ring)
    assert b"c4n4ry" not in result.product.data
    assert b"c4n4ry\n" in result.product.open().plaintext()
    assert left(result) == ["/sops/rule"]


def test_a_weaker_rule_counts_where_no_comment_of_the_other_would_show(ring: KeyRing) -> None:
    base = sealed(f"# what this is\n{PLAIN}", ring)
    rule = Selection(encrypted_regex="^password$")
    theirs = edited(base, "one", "one", rule=rule)
    result = merged(base, edited(base, "hunter22", "hunter23"), theirs, ring)
    assert (left(result), result.product.open().metadata.selection) == ([], rule)
    assert result.product.data.startswith(b"# what this is\n")


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_comment_that_goes_with_its_value_is_told(ring: KeyRing, side: str) -> None:
    base = sealed(PLAIN, ring)
    sides = edited(base, "api: one", "api: one # new"), edited(base, "api: one\n", "")
    result = merged(base, *(sides if side == "ours" else reversed(sides)), ring)
    assert result.told == [f"1 comment of {side} was not taken over: /"]


@pytest.mark.parametrize("side", ["ours", "theirs"])
@pytest.mark.parametrize(
    ("old", "comment", "other"),
    [
        ("  a: xxxx\n", "  a: xxxx\n  # c4n4ry\n", "  a: xxxx\nq: 1\n"),
        ("  a: xxxx\n", "  a: xxxx\n  # c4n4ry\n  b: yy\n", "  a: xxxx\nmeta:\n  n: 1\n"),
        ("data:\n  a: xxxx\n", "data:\n  a: xxxx\n  # c4n4ry\n  b: yy\n", "meta:\n  a: xxxx\ndata:\n  c: 1\n"),
    ],
)
def test_a_comment_does_not_move_to_where_the_rule_leaves_it_clear(
    ring: KeyRing, side: str, old: str, comment: str, other: str
) -> None:
    base = sealed("data:\n  a: xxxx\nz: 1\n", ring, rule=Selection(encrypted_regex="^data$"))
    sides = edited(base, old, comment), edited(base, old, other)
    result = merged(base, *(sides if side == "ours" else reversed(sides)), ring)
    assert b"c4n4ry" not in result.product.data
    if side == "ours":
        assert b"  # c4n4ry\n" in result.product.open().plaintext()
    else:
        assert b"c4n4ry" in result.product.open().plaintext() or any("1 comment of" in one for one in result.told)


def test_a_comment_that_theirs_has_encrypted_with_its_value_stays_so(ring: KeyRing) -> None:
    rule = Selection(encrypted_regex="^(password|api)$")
    base = sealed(PLAIN, ring, rule=rule)
    draft = Draft.of(base, PLAIN.replace("api: one", "api: one # c4n4ry").encode())
    theirs = reseal(base, draft, comments=Comments("seal")).open()
    assert b"c4n4ry" not in theirs.document.text.encode()
    result = merged(base, edited(base, "hunter22", "hunter23"), theirs, ring)
    assert b"c4n4ry" not in result.product.data
    assert b"api: one # c4n4ry\n" in result.product.open().plaintext()


def test_a_rule_that_one_side_changed_counts(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    rule = Selection(encrypted_regex="^(password|api)$")
    result = merged(base, edited(base, "hunter22", "hunter23"), edited(base, "one", "one", rule=rule), ring)
    assert (left(result), result.product.open().metadata.selection) == ([], rule)
    result = merged(base, edited(base, "one", "one", rule=rule), edited(base, "hunter22", "hunter23"), ring)
    assert (left(result), result.product.open().metadata.selection) == ([], rule)


def test_a_mac_that_theirs_has_cover_less_is_a_conflict(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, rule=Selection(encrypted_regex="^password$"))
    weaker = Selection(encrypted_regex="^password$", mac_only_encrypted=True)
    result = merged(base, edited(base, "one", "two"), edited(base, "one", "one", rule=weaker), ring)
    assert left(result) == ["/sops/rule"]
    assert not result.product.open().metadata.selection.mac_only_encrypted


def test_two_rules_that_each_show_what_the_other_hides(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring, rule=Selection(encrypted_regex="^(password|api|new|other)$"))
    ours = edited(base, "api:", "new: c4n4ry\napi:", rule=Selection(encrypted_regex="^(password|new)$"))
    theirs = edited(base, "  port", "  other: c4n4ry\n  port", rule=Selection(encrypted_regex="^(password|other)$"))
    with pytest.raises(RefusedError):
        merged(base, ours, theirs, ring)


def test_what_earlier_merges_left_is_carried_until_one_side_decides_it(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    first = merged(base, edited(base, "one", "two"), edited(base, "one", "three"), ring).product.open()
    other = edited(base, "hunter22", "hunter23")
    assert left_in(merged(base, other, first, ring)) == ["/api"]
    decided = edited(first, "two", "three")
    assert left_in(merged(first, edited(first, "port: 1", "port: 2"), decided, ring)) == []


def left_in(result: Result) -> list[str]:
    return list(read(result.product.open().metadata).places)


def test_a_second_merge_with_theirs_changes_nothing(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    theirs = edited(base, "hunter22", "hunter23")
    first = merged(base, edited(base, "one", "two"), theirs, ring).product
    assert merged(theirs, first.open(), theirs, ring).product.data == first.data


def test_whoever_decides_conflicts_leaves_the_others(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    ours = edited(edited(base, "one", "ours"), "hunter22", "ours2")
    theirs = edited(edited(base, "one", "theirs"), "hunter22", "theirs2")
    how = How(ring, decide=lambda conflict: conflict.theirs if conflict.place == ("api",) else UNDECIDED)
    result = merge_opened(Sides(base, ours, theirs), how)
    assert left(result) == ["/db/password"]
    assert result.product.open().plaintext().decode() == PLAIN.replace("one", "theirs").replace("hunter22", "ours2")


def test_a_renamed_value_is_told_and_what_identifies_an_element_is_not(ring: KeyRing) -> None:
    plain = "l:\n- name: c4n4ry\n  old: c4n4ry2\n"
    base = sealed(plain, ring)
    result = merged(base, edited(base, "old:", "new:"), edited(base, "ry2", "ry3"), ring)
    assert [(found.pointer, found.what) for found in result.conflicts] == [
        ("/l/0/old", "removed by us, changed by them; was it renamed? /l/0/new has the value of the base")
    ]


def test_hundreds_of_conflicts_are_all_remembered(ring: KeyRing) -> None:
    plain = "".join(f"k{number}: old\n" for number in range(500))
    base = sealed(plain, ring)
    result = merged(base, edited(base, "old", "ours"), edited(base, "old", "theirs"), ring)
    assert len(left(result)) == 500


def test_a_digest_that_theirs_has_lost_is_told(ring: KeyRing) -> None:
    base = sealed(PLAIN, ring)
    theirs = edited(base, "one", "two")
    without = theirs.document.text.splitlines(keepends=True)
    stripped = "".join(line for line in without if "structure1_t" not in line)
    result = merged(base, edited(base, "port: 1", "port: 2"), open_sealed(stripped.encode(), "yaml", ring), ring)
    assert any("digest" in sentence for sentence in result.told)
    assert result.product.open().coverage == "covered"


def test_a_rule_that_theirs_weakens_is_seen_in_documents_that_moved(ring: KeyRing) -> None:
    base = sealed("a: 1\n---\nb: old\n", ring)
    ours = edited(base, "b: old\n", "b: old\nnew: c4n4ry\n")
    weak = edited(base, "a: 1", "a: 1", rule=Selection(encrypted_regex="^b$"))
    result = merged(base, ours, weak, ring)
    assert b"c4n4ry" not in result.product.data
    assert left(result) == ["#2/new"]
