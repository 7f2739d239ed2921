"""Opening the leaves of a document: what is refused, and what the MAC covers."""

from __future__ import annotations

import re
from typing import cast

import pytest

from leafseal.crypto.token import Sealer
from leafseal.errors import IntegrityError
from leafseal.formats import parse
from leafseal.operations import leaves
from leafseal.operations.leaves import OpenedLeaves, open_leaves
from leafseal.operations.seal import seal_leaves
from leafseal.rules.selection import Selection

SEALER = Sealer(bytes(32))
ALL = Selection()


def opened(text: str, selection: Selection = ALL, format_name: str = "yaml") -> OpenedLeaves:
    return open_leaves(parse(text.encode(), format_name, sealed=True), selection, SEALER)


def token(value: str = "x", path: str = "a:", word: str = "str") -> str:
    return SEALER.seal_bytes(value.encode(), word, path)


def test_what_was_sealed_opens_and_the_same_is_hashed() -> None:
    text = b"a: x\nb:\n  - 5\n  - true\nc_unencrypted: y\nd: ''\ne:\nf: {}\n"
    for selection in (ALL, Selection(mac_only_encrypted=True)):
        document = parse(text, "yaml")
        sealed = seal_leaves(document, selection, SEALER)
        edits, _ = document.seal_edits(sealed.tokens)
        found = opened(document.rewrite(edits).decode(), selection)
        assert [leaf.value for leaf in document.leaves()] == [value for _, value in found.values]
        assert found.hashed == sealed.hashed
        assert (b"y" in found.hashed) is not selection.mac_only_encrypted
        assert [".".join(leaf.path) for leaf in found.unauthenticated] == ["d", "e", "f"]


@pytest.mark.parametrize("text", ["a: x", "a: 5", "a: true", "a: 2024-01-01T00:00:00Z", "a: ENC[OTHER,x]"])
def test_a_value_in_clear_is_refused_where_the_rule_wants_it_sealed(text: str) -> None:
    with pytest.raises(IntegrityError, match="a: not encrypted, although the file's rule encrypts it") as caught:
        opened(text)
    assert caught.value.path == ("a",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a: {token(path='b:')}", "a: this value was changed or moved after it was encrypted"),
        (f"a:\n  b: {token(path='a:')}", "a.b: this value was changed or moved after it was encrypted"),
        (f"a: {token()[:-1]}", "a: this value is damaged"),
        (f"a: {token(word='int')}", "a: this value has a type that does not match its value"),
        (f"a: {token(word='comment')}", "a: a comment is in the place of a value"),
    ],
    ids=["another path", "deeper", "cut", "another type", "a comment"],
)
def test_a_token_that_is_not_what_it_should_be(text: str, message: str) -> None:
    with pytest.raises(IntegrityError, match=re.escape(message)):
        opened(text)


def test_a_comment_in_a_list_is_what_sops_makes_of_one_in_yaml_and_nowhere_else() -> None:
    found = opened(f"a:\n  - {token(' note', word='comment')}\n")
    assert [str(value) for _, value in found.values] == [" note"]
    assert found.hashed == []
    with pytest.raises(IntegrityError, match="a comment is in the place of a value"):
        opened(f'{{"a": ["{token(word="comment")}"]}}', format_name="json")


def test_a_comment_opens_under_the_containers_near_it() -> None:
    sealed = token(" note", "a:", "comment")
    assert [str(value) for _, value in opened(f"a:\n  b_unencrypted: x\n  #{sealed}\n").values] == ["x", " note"]
    with pytest.raises(IntegrityError, match="a comment in the top level was changed or moved after"):
        opened(f"#{token(' note', 'elsewhere:', 'comment')}\nb_unencrypted: x\n")


def test_a_comment_must_be_sealed_as_one_and_whole() -> None:
    for damaged in (token(" note", ""), token(" note", "", "comment")[:-20], token(" x", "", "comment")[5:]):
        with pytest.raises(IntegrityError, match="was changed or moved"):
            opened(f"#{damaged}\nb_unencrypted: x\n")


def test_comments_in_clear_are_counted_where_the_rule_would_seal_them() -> None:
    assert opened("# one\n# two\nb_unencrypted: x\n").unsealed_comments == 2
    rule = Selection(encrypted_regex="^never$")
    assert opened("# one\nb: x\n", rule).unsealed_comments == 0


def test_text_that_is_not_utf_8_opens_as_bytes() -> None:
    sealed = SEALER.seal_bytes(b"\xff", "str", "a:")
    assert [value for _, value in opened(f"a: {sealed}\n").values] == [b"\xff"]


# -- comments that open nowhere


class Counting:
    """A sealer that counts what it is asked to open."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def open_bytes(self, text: str, aad: str) -> tuple[bytes, str]:
        self.asked.append(aad)
        return SEALER.open_bytes(text, aad)


def tried(text: str, monkeypatch: pytest.MonkeyPatch, *, more: int | None = None) -> tuple[Counting, OpenedLeaves]:
    """Open a file all of whose comments are spared."""
    if more is not None:
        monkeypatch.setattr(leaves, "MAX_MORE_TRIES", more)
    counting = Counting()
    document = parse(text.encode(), "yaml", sealed=True)
    return counting, open_leaves(document, ALL, cast(Sealer, counting), lambda leaf, _: leaf.is_comment)


def lost_comments(count: int) -> str:
    comment = token("x", "nowhere:", "comment")
    chains = "".join(f"{' ' * (depth % 50)}k{depth}:\n" for depth in range(50))
    return "a:\n" + "".join(f"  #{comment}\n" for _ in range(count)) + "  b:\n\n" + chains.replace("k0", "c", 1)


def test_a_comment_is_tried_under_64_containers_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer, found = tried(lost_comments(1), monkeypatch)
    assert len(found.damaged) == 1
    assert 4 < len(sealer.asked) <= 64
    monkeypatch.setattr(leaves, "MAX_CANDIDATES", 10)
    assert len(tried(lost_comments(1), monkeypatch)[0].asked) == 10


def test_all_comments_of_a_file_share_what_is_tried_beyond_four_each(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer, found = tried(lost_comments(30), monkeypatch, more=20)
    assert len(found.damaged) == 30
    assert len(sealer.asked) <= 30 * 4 + 20


def test_a_long_comment_costs_more_than_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    text = lost_comments(1)
    long = f"a:\n  #{token('x' * 8192, 'nowhere:', 'comment')}\n" + text.partition("]\n")[2]
    sealer, _ = tried(long, monkeypatch, more=30)
    assert len(sealer.asked) <= 4 + 30 // 8 + 1


def test_what_is_no_whole_token_is_tried_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer, found = tried("a:\n  #ENC[AES256_GCM,data:x\n  b:\n", monkeypatch)
    assert (sealer.asked, len(found.damaged)) == ([], 1)


def test_a_comment_that_was_moved_to_the_next_container_opens() -> None:
    comment = token("x", "a:b:", "comment")
    assert [item.data for item in opened(f"a:\n  b:\n    c:\nd:\n  #{comment}\n  e:\n").sealed] == [b"x"]
