"""What people change by hand in an encrypted file, without a key: it opens, and is told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.hand_edits import PARTS, changed, marks
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..whole_files import AMBIENT, KEYS, WITHOUT_STRUCTURE, open_

RULE = Selection(encrypted_regex="^p$", mac_only_encrypted=True)
PLAIN = b"# top\np: x\nq: 1\nr: [a, b]\n# end\ns: ''\n"
OTHER = parse_recipients("age", throwaway_identity().recipient)
SEALED = encrypt(PLAIN, "yaml", [[*KEYS[0], *OTHER]], 0, RULE, AMBIENT).data


def without_recipient(data: bytes) -> bytes:
    entry = rb"        - enc: \|\n(?:            .*\n)+          recipient: " + str(OTHER[0]).encode() + rb"\n"
    return re.sub(entry, b"", data)


EDITS: dict[str, tuple[Callable[[bytes], bytes], list[str]]] = {
    "nothing": (lambda data: data, []),
    "a comment changed": (lambda data: data.replace(b"# top", b"# pot"), ["comments"]),
    "a comment added": (lambda data: data.replace(b"q:", b"# new\nq:"), ["comments"]),
    "a comment removed": (lambda data: data.replace(b"# end\n", b""), ["comments"]),
    "a comment moved": (
        lambda data: data.replace(b"# top\n", b"", 1).replace(b"# end\n", b"# end\n# top\n"),
        ["comments"],
    ),
    "an unencrypted value": (lambda data: data.replace(b"q: 1", b"q: 2"), ["unencrypted values"]),
    "its type": (lambda data: data.replace(b"q: 1", b"q: '1'"), ["unencrypted values"]),
    "its tag": (lambda data: data.replace(b"q: 1", b"q: !t 1"), ["unencrypted values"]),
    "its name": (lambda data: data.replace(b"q: 1", b"Q: 1"), ["unencrypted values"]),
    "its place": (lambda data: data.replace(b"[a, b]", b"[b, a]"), ["unencrypted values"]),
    "one more": (lambda data: data.replace(b"[a, b]", b"[a, b, c]"), ["unencrypted values"]),
    "an empty one": (lambda data: data.replace(b"s: ''", b"s: null"), ["unencrypted values"]),
    "a recipient removed": (without_recipient, ["recipients"]),
    "a rule": (lambda data: data.replace(b"encrypted_regex: ^p$", b"encrypted_regex: ^(p|z)$"), ["rule"]),
    "two things": (lambda data: without_recipient(data).replace(b"# top", b"#"), ["comments", "recipients"]),
    "the layout": (lambda data: data.replace(b"q: 1", b"q:   1").replace(b"[a, b]", b"[\n  a,\n  b ]"), []),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_was_changed_by_hand_is_told(name: str) -> None:
    edit, told = EDITS[name]
    data = edit(SEALED)
    assert (data == SEALED) == (name == "nothing")
    opened = open_(data, "yaml")
    assert (opened.coverage, changed(opened)) == ("covered", told)


CHECKED_OUT = {
    "yaml": PLAIN,
    "dotenv": b"# top\np=x\n# end\ns=\n",
    "ini": b"; top\n; more\n[a]\np = x\n# of a key\n# and more\nq = y ; at the end\n",
    "json": b'{\n  "p": "x",\n  "q": [1]\n}\n',
}


@pytest.mark.parametrize("format_name", CHECKED_OUT)
@pytest.mark.parametrize("rule", [RULE, Selection(encrypted_regex="^p$"), Selection()])
def test_git_changes_line_ends_and_nothing_is_told(format_name: str, rule: Selection) -> None:
    data = encrypt(CHECKED_OUT[format_name], format_name, KEYS, 0, rule, AMBIENT).data
    opened = open_(data.replace(b"\n", b"\r\n"), format_name)
    assert (opened.coverage, changed(opened)) == ("covered", [])


def test_of_a_file_that_nothing_covers_nothing_is_told() -> None:
    data = encrypt(PLAIN, "yaml", KEYS, 0, RULE, AMBIENT, read=WITHOUT_STRUCTURE).data
    assert changed(open_(data.replace(b"# top", b"# pot"), "yaml")) == []


def test_there_is_a_mark_for_each_part() -> None:
    opened = open_(SEALED, "yaml")
    told = marks(opened.document, opened.metadata, opened.data_key.reveal())
    assert len(told) == len(PARTS) == len(set(told))
