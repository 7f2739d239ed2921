"""Where comments stand when a YAML file is emitted anew, and what they are in force for: as SOPS has it."""

from __future__ import annotations

import pytest

from leafseal.document.tree import build
from leafseal.formats import emit, parse
from leafseal.rules.selection import Selection

from ..whole_files import open_, seal

# What sops 3.13.2 writes for each, with an indentation of 2.
EMITTED = [
    ("a: 1 # one\nb: 2\n", "# one\na: 1\nb: 2\n"),
    ("a: # note\n  b: x # why\n  # own\n  c: z\n", "# note\na:\n  # why\n  b: x\n  # own\n  c: z\n"),
    ("l: # note\n  - a # one\n  - b\n", "# note\nl:\n  # one\n  - a\n  - b\n"),
    ("l:\n  - a # one\n  - # own\n    k: v # kv\n", "l:\n  # one\n  - a\n  # own\n  # kv\n  - k: v\n"),
    ("e: [1, 2] # flow\nf: 1\n", "e:\n  # flow\n  - 1\n  - 2\nf: 1\n"),
    ("m: {a: 1, # in flow\n  b: 2}\n", "m:\n  # in flow\n  a: 1\n  b: 2\n"),
    ("# head\nf: | # block\n  text\ng: 2\n# end\n", "# head\n# block\nf: |\n  text\ng: 2\n# end\n"),
    ('o: "q" # quoted\np: &x 5 # anchor\n', "# quoted\no: q\n# anchor\np: 5\n"),
]


@pytest.mark.parametrize(("source", "emitted"), EMITTED)
def test_comments_at_the_end_of_a_line_come_before_their_member(source: str, emitted: str) -> None:
    tree = build((leaf, leaf.value) for leaf in parse(source.encode(), "yaml").leaves())
    assert emit(tree, "yaml", indent=2).decode() == emitted


def test_a_comment_behind_a_dash_is_in_force_for_what_follows() -> None:
    document = parse(b"l:\n  - a # one\n  - # own\n    k: v\n  - z\n", "yaml")
    selects = Selection(encrypted_comment_regex="own").selects
    assert [leaf.value for leaf in document.leaves() if not leaf.is_comment and selects(leaf)] == ["v"]


@pytest.mark.parametrize("line_break", ["\r", "\r\n", "\x85", "\u2028", "\u2029"], ids=ascii)
@pytest.mark.parametrize(("source", "emitted"), [pair for pair in EMITTED if "|" not in pair[0]])
def test_a_comment_ends_at_every_line_break_that_yaml_has(source: str, emitted: str, line_break: str) -> None:
    text = source.replace("\n", line_break)
    document = parse(text.encode(), "yaml")
    assert emit(build((leaf, leaf.value) for leaf in document.leaves()), "yaml", indent=2).decode() == emitted
    assert open_(seal(text.encode(), "yaml"), "yaml").plaintext() == text.encode()


@pytest.mark.parametrize("line_break", ["\n", "\r", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_a_comment_at_the_beginning_of_a_block(line_break: str) -> None:
    plain = f"k: | # why{line_break}  text\n".encode()
    assert [leaf.value for leaf in parse(plain, "yaml").leaves()] == ["text\n", " why"]
    assert open_(seal(plain, "yaml"), "yaml").plaintext() == plain


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_comments_among_directives_are_sealed(line_break: str) -> None:
    lines = ("%YAML 1.1 # secret 1", "# secret 2", "  # secret 3", "---", "k: v", "")
    plain = line_break.join(lines).encode()
    sealed = seal(plain, "yaml")
    assert b"secret" not in sealed
    assert open_(sealed, "yaml").plaintext() == plain


# Which comments sops 3.13.2 encrypts, with "own" as the marker of what is encrypted.
BEHIND_THE_LAST = [
    ("a: 1\n# own\n# secret\n", " secret"),
    ("l:\n  - a: 1\n\n# own\n# secret\n", " secret"),
    ("d:\n  a: 1\n\n  # own\n  # secret\nb: 1\n", " secret"),
    ("l:\n  - a\n\n  # own\n  # secret\nb: 1\n", " secret"),
    ("a: 1\n# own\n# secret\n---\nb: 1\n", " secret"),
    ("# own\nd:\n  a: 1\n  # secret\nb: 1\n# clear\n", " secret"),
    ("# own\nd:\n  a: 1\n\n  # secret\n\n# clear\n", " secret"),
    ("# own\nd:\n  e:\n    - a: 1\n      # 1\n    # 2\n  # 3\n# clear\nb: 1\n", " 1 2 3"),
    ("d:\n  # own\n  e:\n    f: 1\n    # secret\n  g:\n    h: 1\n    # clear\nb: 1\n", " secret"),
]


@pytest.mark.parametrize(("source", "sealed"), BEHIND_THE_LAST)
def test_comments_behind_the_last_member_obey_those_above_them(source: str, sealed: str) -> None:
    rule = Selection(encrypted_comment_regex="own")
    leaves = parse(source.encode(), "yaml").leaves()
    assert "".join(str(leaf.value) for leaf in leaves if leaf.is_comment and rule.selects(leaf)) == sealed
    for selection in (rule, Selection(unencrypted_comment_regex="own")):
        assert open_(seal(source.encode(), "yaml", selection), "yaml").plaintext() == source.encode()


@pytest.mark.parametrize(
    "source",
    [
        "s:\n  a:\n    d:\n      - r\n\n# own\n  b:\n    i: y\n",
        "s:\n  a:\n    x: 1\n# own\n  b:\n    i: y\n",
        "s:\n  - a: 1\n# own\n  - b: 1\n",
    ],
)
def test_a_comment_shallower_than_what_follows_belongs_to_what_is_before(source: str) -> None:
    """As in SOPS, which writes it there."""
    selects = Selection(encrypted_comment_regex="own").selects
    assert not any(selects(leaf) for leaf in parse(source.encode(), "yaml").leaves())
