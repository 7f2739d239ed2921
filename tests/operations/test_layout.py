"""The layout of a plain file that its encrypted form does not have: remembered, bound, and given up when it is over."""

from __future__ import annotations

import json
import re

import pytest

from leafseal.crypto.token import Sealer
from leafseal.document import Document
from leafseal.document.limits import ReadOptions
from leafseal.errors import RefusedError
from leafseal.formats import parse
from leafseal.keys.ring import KeyRing
from leafseal.operations import layout
from leafseal.operations.clear_text import SEAL
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Source, open_file
from leafseal.operations.rekey import rewrap, rotate
from leafseal.rules.selection import Selection

from ..opening import reseal_text, set_leaf, unset_leaf
from ..whole_files import AMBIENT, KEYS, WITHOUT_STRUCTURE, open_, seal, without_mac

FLOW = b"# top\n--- {a: one, # the reason\n  b: {c: two, d_unencrypted: 3},\n  e: 'it''s', f: 0x1F}\n--- {}\n"
BLOCK = b"# top\n---\n# the reason\na: one\nb:\n    c: two\n    d_unencrypted: 3\ne: 'it''s'\nf: 0x1F\n---\n"
SEALED = seal(FLOW, "yaml")
UNCOVERED = seal(FLOW, "yaml", read=WITHOUT_STRUCTURE)
OPENED = open_(SEALED, "yaml")
JSON = b'{"a": "one", "b": [1, {"c": null}]}'

SEALER = Sealer(bytes(range(32)))


def document(text: bytes) -> Document:
    return parse(text, "yaml")


def lines_that_differ(one: bytes, other: bytes) -> list[bytes]:
    before, after = without_mac(one).splitlines(), without_mac(other).splitlines()
    assert len(before) == len(after)
    return [new for old, new in zip(before, after, strict=True) if old != new]


def opened_without_memory(sealed: bytes, format_name: str = "yaml") -> bytes:
    found = parse(sealed, format_name, sealed=True)
    mapping = {name: value for name, value in (found.metadata() or {}).items() if name != "leafseal"}
    return open_(found.rewrite([], mapping), format_name).plaintext()


def test_the_encrypted_file_has_lines_and_the_plain_one_its_layout() -> None:
    assert re.sub(rb"ENC\[[^]]*\]", b"T", OPENED.document.rewrite([], None)) == (
        b"#T\n---\n#T\na: T\nb:\n    c: T\n    d_unencrypted: 3\ne: 'T'\nf: T\n---\n"
    )
    assert OPENED.plaintext() == FLOW
    assert OPENED.plain_document().text.encode() == FLOW
    assert b"reason" not in SEALED


def test_without_the_memory_it_is_a_block() -> None:
    assert opened_without_memory(SEALED) == BLOCK.replace(b"0x1F", b"31")
    assert opened_without_memory(seal(JSON, "json"), "json") == (
        b'{\n\t"a": "one",\n\t"b": [\n\t\t1,\n\t\t{\n\t\t\t"c": null\n\t\t}\n\t]\n}\n'
    )


def test_a_changed_value_changes_its_line_and_no_layout() -> None:
    product = set_leaf(OPENED, ("b", "c"), "other")
    [line] = lines_that_differ(SEALED, product.data)
    assert line.startswith(b"    c: ENC[")
    assert product.open().plaintext() == FLOW.replace(b"two", b"other")


def test_a_changed_line_of_json_changes_no_layout() -> None:
    sealed = seal(JSON, "json")
    product = set_leaf(open_(sealed, "json"), ("a",), "other")
    [line] = lines_that_differ(sealed, product.data)
    assert line.startswith(b'\t"a": "ENC[')
    assert product.open().plaintext() == JSON.replace(b"one", b"other")


def test_what_comes_and_goes_does_so_in_the_layout() -> None:
    product = set_leaf(OPENED, ("new",), ["x"])
    assert product.open().plaintext() == FLOW.replace(b"0x1F}", b"0x1F, new: [x]}")
    assert b"\nnew:\n    - ENC[" in product.data
    again = unset_leaf(product.open(), ("b",))
    assert again.open().plaintext() == b"# top\n--- {a: one, # the reason\n  e: 'it''s', f: 0x1F, new: [x]}\n--- {}\n"
    again.check(again.data)


def test_another_layout_is_remembered_in_its_place() -> None:
    product = reseal_text(OPENED, BLOCK)
    assert not product.open().has_layout
    assert product.open().plaintext() == BLOCK
    other = FLOW.replace(b"{a: one", b"{  a: one")
    again = reseal_text(product.open(), other)
    assert again.open().plaintext() == other


@pytest.mark.parametrize("change", [rotate, rewrap])
def test_other_keys_keep_it(change: object) -> None:
    product = change(OPENED, KEYS, 0, AMBIENT)  # type: ignore[operator]
    product.check(product.data)
    assert open_(product.data, "yaml").plaintext() == FLOW


def test_rotation_gives_up_what_does_not_belong() -> None:
    moved = SEALED.replace(b"\nb:\n", b"\nb:\n\n")
    assert not open_(rotate(open_(moved, "yaml"), KEYS, 0, AMBIENT).data, "yaml").has_layout


FIRST = b"layout:\n            t0000000000000000: "


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\nb:\n", b"\nb: !local\n"),
        (b"\nb:\n", b"\nb:\n\n"),
        (b"d_unencrypted: 3", b"d_unencrypted:  3"),
        (FIRST + b"ENC[AES256_GCM,data:", FIRST + b"ENC[AES256_GCM,data:AAAA"),
        (FIRST, b"layout:\n            t0000000000000001: x\n            t0000000000000000: "),
        (FIRST, b"layout:\n            a: "),
        (FIRST, b"layout: "),
        (b"t0000000000000000: ", b"t0000000000000001: "),
    ],
)
def test_it_counts_only_while_nothing_else_changed(old: bytes, new: bytes) -> None:
    changed = UNCOVERED.replace(old, new)
    assert changed != UNCOVERED
    assert open_(changed, "yaml").plaintext().replace(b" !local", b"").replace(b"\n\n", b"\n").split() == BLOCK.split()


def test_the_layout_of_another_file_is_none_of_this_one() -> None:
    plain, laid_out = document(b"{a: 1}\n"), document(b"a: 1\n")
    parts = layout.seal_layout(plain, laid_out, SEALER)
    assert restored(laid_out, parts) == "{a: 1}\n"
    assert restored(document(b"a: 2\n"), parts) == "{a: 2}\n"
    assert restored(document(b"b: 1\n"), parts) == "b: 1\n"
    assert restored(document(b"a: 1\nb: 1\n"), parts) == "a: 1\nb: 1\n"


def restored(laid_out: Document, parts: list[str]) -> str:
    return layout.open_layout(laid_out, parts, SEALER, document).text


@pytest.mark.parametrize(
    ("plain", "laid_out", "other"),
    [
        (b"{a: 'x'}\n", b"a: x\n", b"a: z\n"),  # the layout holds the old value
        (b"{a: x}\n", b"a: x\n", b"a: 'z: y'\n"),
        (b"{a: x}\n", b"a: x\n", b"a: |\n  z, y: x\n"),
        (b"{a: x}\n", b"a: x\n", b"a: []\n"),
        (b"{a: &x 1, b: *x}\n", b"a: 1\nb: 1\n", b"a: 1\nb: 2\n"),
    ],
)
def test_a_value_that_means_another_there_gives_it_up(plain: bytes, laid_out: bytes, other: bytes) -> None:
    parts = layout.seal_layout(document(plain), document(laid_out), SEALER)
    assert restored(document(laid_out), parts) == plain.decode()
    found = layout.open_layout(document(other), parts, SEALER, document)
    assert [leaf.value for leaf in found.leaves()] == [leaf.value for leaf in document(other).leaves()]


def test_a_large_layout_is_sealed_in_parts_and_an_unchanged_part_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_PART", 10)
    plain, laid_out = document(b"{a: 1, b: 2, cccccccc: 3}\n"), document(b"a: 1\nb: 2\ncccccccc: 3\n")
    parts = layout.seal_layout(plain, laid_out, SEALER)
    assert len(parts) == 3
    assert restored(laid_out, parts) == plain.text
    assert restored(laid_out, parts[:2]) == laid_out.text
    assert restored(laid_out, [parts[1], parts[0], parts[2]]) == laid_out.text
    again = layout.seal_layout(document(b"{a: 1, b: 2, cccccccc: 3 }\n"), laid_out, SEALER, parts)
    assert [one == other for one, other in zip(parts, again, strict=True)] == [True, True, False]


def test_no_comment_leaves_in_another_layout_what_it_had_encrypted() -> None:
    rule = Selection(unencrypted_comment_regex="public")
    with pytest.raises(RefusedError, match="b: the comment before it would leave this value in plain text") as caught:
        seal(b"{a: [], # public\n  b: secret}\n", "yaml", rule)
    assert caught.value.hint == "put the comment on a line of its own, above the value that it is about"
    moved = b"{\n  # public\n  a: [],\n  b: secret}\n"
    assert b"secret" not in seal(moved, "yaml", rule)


def test_a_comment_that_goes_with_its_value_does_so_in_the_other_layout() -> None:
    plain = b"{password: abc #xyz\n  , l: ['p\n q' #uvw\n ]}\n"
    rule = Selection(encrypted_regex="^(password|l)$")
    product = encrypt(plain, "yaml", KEYS, 0, rule, AMBIENT, comments=SEAL)
    product.check(product.data)
    assert not re.search(b"xyz|uvw", product.data)
    changed = set_leaf(product.open(), ("password",), "other")
    assert not re.search(b"xyz|uvw", changed.data)
    assert changed.open().plaintext() == plain.replace(b"abc", b"other")
    kept = encrypt(plain, "yaml", KEYS, 0, rule, AMBIENT)
    assert re.search(rb"(?m)^password: ENC\S* #xyz$", kept.data)


def test_an_encrypted_json_file_that_is_on_one_line_stays_so() -> None:
    document = parse(seal(JSON, "json"), "json", sealed=True)
    mapping = {name: value for name, value in (document.metadata() or {}).items() if name != "leafseal"}
    text = json.dumps({**json.loads(document.rewrite([], None)), "sops": mapping})
    again = set_leaf(open_(text.encode(), "json"), ("a",), "other")
    assert again.data.count(b"\n") == 0
    assert again.open().plaintext() == JSON.replace(b"one", b"other")


def test_an_encrypted_yaml_file_that_hides_it_gets_its_line() -> None:
    """As versions before this one wrote it."""
    document = parse(SEALED, "yaml", sealed=True)
    mapping = {name: value for name, value in (document.metadata() or {}).items() if name != "leafseal"}
    plain = b"{a: one}\n"
    token = next(str(leaf.value) for leaf in document.leaves() if leaf.locator == ("a",))
    hidden = parse(f"{{a: '{token}'}}\n".encode(), "yaml").rewrite([], mapping)
    assert not re.search(rb"(?m)^sops:", hidden)
    opened = open_file(Source("", hidden, "yaml"), KeyRing(AMBIENT), ReadOptions(ignore_mac=True))
    assert opened.plaintext() == plain
    product = set_leaf(opened, ("b",), "x")
    assert re.search(rb"(?m)^sops:$", product.data)
    assert product.open().plaintext() == b"{a: one, b: x}\n"
    assert token.encode() in product.data
