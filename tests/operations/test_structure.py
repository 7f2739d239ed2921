"""The structure of files: what is written down of it, byte by byte, and the states that a file can be in."""

from __future__ import annotations

import hashlib
import re

import pytest

from leafseal.crypto.structure import fingerprint
from leafseal.document.limits import ReadOptions
from leafseal.errors import IntegrityError, MACMismatchError, MetadataError, RefusedError, StructureMismatchError
from leafseal.formats import parse
from leafseal.operations.encrypt import encrypt
from leafseal.operations.hand_edits import changed
from leafseal.operations.open import Opened
from leafseal.operations.structure import _Places, _text_of, claimed, covers, digest, told_of
from leafseal.rules.selection import Selection

from ..whole_files import AMBIENT, DEFAULT, KEYS, WITHOUT_STRUCTURE, open_, seal

STRICT = ReadOptions(require_structure=True)
REGEX = Selection(encrypted_regex="^p$")
MAC_ONLY = Selection(encrypted_regex="^p$", mac_only_encrypted=True)

T3 = "ENC[AES256_GCM,data:YWJj,iv:" + "A" * 43 + "=,tag:" + "A" * 22 + "==,type:str]"
T_INT, T_COMMENT = T3.replace("type:str", "type:int"), T3.replace("type:str", "type:comment")


WRITTEN = {
    "names and lists": (
        "yaml",
        DEFAULT,
        f"a: {T3}\nb:\n  - {T_INT}\n  - c: ''\n    d: null\n  - []\n  - {{}}\né: {T3}\n",
        [
            f"0/1:a sealed str {len(T3)}",
            f"0/1:b#0 sealed int {len(T3)}",
            "0/1:b#1/1:c empty",
            "0/1:b#1/1:d null",
            "0/1:b#2 list",
            "0/1:b#3 mapping",
            f"0/1:é sealed str {len(T3)}",
            "documents 1",
        ],
    ),
    "clear values have the length that the MAC hashes": (
        "yaml",
        REGEX,
        f"p: {T3}\nx: é\ny: 1.50\nz: true\nw: '1'\nv: 2026-01-15T00:00:00Z\n",
        [
            f"0/1:p sealed str {len(T3)}",
            "0/1:x clear str 2",
            "0/1:y clear float 3",
            "0/1:z clear bool 4",
            "0/1:w clear str 1",
            "0/1:v clear time 20",
            "documents 1",
        ],
    ),
    "elements that sops made of comments do not count, nor do comments": (
        "yaml",
        DEFAULT,
        f"# note\nl:\n  - {T3}\n  - {T_COMMENT}\n  - {T3}\n",
        [f"0/1:l#0 sealed str {len(T3)}", f"0/1:l#1 sealed str {len(T3)}", "documents 1"],
    ),
    "a list of nothing but such elements takes no place in another": (
        "yaml",
        DEFAULT,
        f"l:\n  - - {T_COMMENT}\n  - - {T_COMMENT}\n    - {T3}\n",
        [f"0/1:l#0#0 sealed str {len(T3)}", "documents 1"],
    ),
    "what ends like a comment counts where it is no element": (
        "yaml",
        REGEX,
        "x: text,type:comment]\nl:\n  - a note:comment]\n  - x,type:comment]\n",
        ["0/1:x sealed comment 18", "0/1:l#0 sealed comment 15", "documents 1"],
    ),
    "documents, empty ones too": (
        "yaml",
        DEFAULT,
        f"a: {T3}\n---\n---\nb: {T3}\n",
        [f"0/1:a sealed str {len(T3)}", f"2/1:b sealed str {len(T3)}", "documents 3"],
    ),
    "tags, of names and around values, behind their document": (
        "yaml",
        DEFAULT,
        f"%TAG !e! tag:example.org,2000:\n--- !root\n!k a: !v {T3}\nb: !<x> [!!str '{T3}']\nc: !e!t {{}}\n"
        "---\nd: ''\n--- !empty {}\n",
        [
            f"0/1:a sealed str {len(T3)}",
            f"0/1:b#0 sealed str {len(T3)}",
            "0/1:c mapping",
            "0 tag 5:!root",
            "0/1:a key 2:!k",
            "0/1:a tag 2:!v",
            "0/1:b tag 1:x",
            "0/1:b#0 tag 21:tag:yaml.org,2002:str",
            "0/1:c tag 22:tag:example.org,2000:t",
            "1/1:d empty",
            "2 tag 6:!empty",
            "documents 3",
        ],
    ),
    "what stands behind an alias counts there": (
        "yaml",
        REGEX,
        f"p: {T3}\nx: &a [1]\ny: *a\n",
        [f"0/1:p sealed str {len(T3)}", "0/1:x#0 clear int 1", "0/1:y#0 clear int 1", "documents 1"],
    ),
    "under mac_only_encrypted what the rule does not select does not count": (
        "yaml",
        MAC_ONLY,
        "---\nx: 1\n---\n- ignored\n".replace("- ignored", "l:\n  - x: 1\n  - {p: ''}\n  - y\n  - p: " + T3)
        + "  - !t {y: !u 1}\n!r z: 2\n",
        ["0/1:l#0/1:p empty", f"0/1:l#1/1:p sealed str {len(T3)}"],
    ),
    "under mac_only_encrypted a tag counts on what is covered or around it": (
        "yaml",
        MAC_ONLY,
        f"a: !t\n  p: !u {T3}\n  q: !w x\n",
        [f"0/1:a/1:p sealed str {len(T3)}", "0/1:a tag 2:!t", "0/1:a/1:p tag 2:!u"],
    ),
    "what begins like a token and is none is text": (
        "yaml",
        REGEX,
        f"p: {T3}\nx: 'ENC[AES256_GCM,evil]'\ny: 'ENC[AES256_GCM,,type:str]'\n",
        [f"0/1:p sealed str {len(T3)}", "0/1:x clear str 20", "0/1:y sealed str 25", "documents 1"],
    ),
    "JSON": (
        "json",
        DEFAULT,
        f'{{"a": "{T3}", "b": [], "c": {{}}, "d": null, "e": [[""]]}}\n',
        [
            f"0/1:a sealed str {len(T3)}",
            "0/1:b list",
            "0/1:c mapping",
            "0/1:d null",
            "0/1:e#0#0 empty",
            "documents 1",
        ],
    ),
    "dotenv, with bytes that are not UTF-8 in a name": (
        "dotenv",
        DEFAULT,
        f"A={T3}\n\udcff=\n",
        [f"0/1:A sealed str {len(T3)}", "0/1:\udcff empty", "documents 1"],
    ),
    "INI: empty sections, and sections again": (
        "ini",
        DEFAULT,
        f"[s]\na = {T3}\n[e]\n[s]\nb = {T3}\n",
        [
            "0/7:DEFAULT mapping",
            f"0/1:s/1:a sealed str {len(T3)}",
            "0/1:e mapping",
            "0/1:s again",
            f"0/1:s/1:b sealed str {len(T3)}",
            "documents 1",
        ],
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_digested_is_what_the_format_page_says(name: str) -> None:
    format_name, rule, text, lines = WRITTEN[name]
    document = parse(text.encode("utf-8", "surrogateescape"), format_name, sealed=True)
    expected = "".join(f"{line}\n" for line in ["leafseal structure 1", *lines])
    assert digest(document, rule, {}) == hashlib.sha256(expected.encode("utf-8", "surrogateescape")).hexdigest()


def test_what_is_remembered_is_digested_too() -> None:
    memory = {"root": {"d1": "1.0:~"}, "layout": ["ab", "é\n"], "line_ends": "CRLF", "spelling": {"t0": "x", "a": "y"}}
    lines = """leafseal structure 1
0/1:a empty
documents 1
memory/6:layout#0 2:ab
memory/6:layout#1 2:é

memory/9:line_ends 4:CRLF
memory/4:root/2:d1 5:1.0:~
memory/8:spelling/1:a 1:y
memory/8:spelling/2:t0 1:x
"""
    assert digest(parse(b"a: ''\n", "yaml"), DEFAULT, memory) == hashlib.sha256(lines.encode()).hexdigest()


def test_a_long_file_is_hashed_in_pieces() -> None:
    text = "".join(f"k{number}: ''\n" for number in range(25_000))
    lines = "".join(f"0/{len(f'k{number}')}:k{number} empty\n" for number in range(25_000))
    expected = f"leafseal structure 1\n{lines}documents 1\n"
    assert digest(parse(text.encode(), "yaml"), DEFAULT, {}) == hashlib.sha256(expected.encode()).hexdigest()


@pytest.mark.parametrize("odd", [0, 1, 255, 256, 257, 299])
def test_what_is_made_in_one_go_is_what_is_made_one_by_one(odd: int) -> None:
    """Tokens under names are told many at a time; any other leaf among them must not make a difference."""
    lines = [f"m{number // 7}_{number}: {{a: {number}, b: '{T3}'}}\n" for number in range(300)]
    lines[odd] = f"m: {{a: {T_INT!r}, l: ['{T3}', [{T_INT!r}]], b: ''}}\n"
    document = parse("".join(lines).encode(), "yaml")
    tagged = parse(("".join(lines) + "z: !t x\n").encode(), "yaml")  # nothing of it is made in one go
    text = "".join(_text_of(document, DEFAULT, ()))
    assert text.removesuffix("documents 1\n") == "".join(_text_of(tagged, DEFAULT, ())).partition("0/1:z")[0]


def test_a_file_may_be_nested_deeply() -> None:
    assert _Places("0")[("a", 0) * 2000] == "0" + "/1:a#0" * 2000


def test_what_the_digest_covers() -> None:
    leaves = parse(b"# c\np: x\nq: y\n", "yaml").leaves()
    assert [covers(REGEX, leaf) for leaf in leaves] == [False, True, True]
    assert [covers(MAC_ONLY, leaf) for leaf in leaves] == [False, True, False]


# -- the states of a file --------------------------------------------------------------------------------------------

PLAIN = b"a: x\nb: ''\n"
BLOCK = re.compile(rb"structure(\d+)_t([0-9a-f]{16}): (ENC\[[^\]]*\])")


def with_block(change: bytes, data: bytes | None = None) -> bytes:
    """Return a sealed file with another entry: `V`, `F` and `T` stand for the parts of the one that it has."""
    data = data or seal(PLAIN, "yaml")
    found = BLOCK.search(data)
    assert found
    text = change.replace(b"<T>", found[3]).replace(b"<F>", found[2]).replace(b"<V>", found[1])
    return data[: found.start()] + text + data[found.end() :]


def test_a_file_of_ours_is_covered() -> None:
    opened = open_(with_block(b"structure<V>_t<F>: <T>"), "yaml", STRICT)
    assert (opened.coverage, claimed(opened.document, opened.metadata), told_of(opened.coverage)) == (
        "covered",
        "covered",
        [],
    )


@pytest.mark.parametrize(
    ("block", "coverage"),
    [
        (b"structure<V>_t0123456789abcdef: <T>", "missing"),  # another tool wrote a new MAC, and kept the entry
        (b"structure2_t<F>: <T>", "later"),
        (b"structure12_t<F>: whatever that is", "later"),
    ],
)
def test_a_file_that_is_not_covered_opens_unless_that_is_required(block: bytes, coverage: str) -> None:
    data = with_block(block)
    opened = open_(data, "yaml")
    assert (opened.plaintext(), opened.coverage, claimed(opened.document, opened.metadata)) == (
        PLAIN,
        coverage,
        coverage,
    )
    assert told_of(coverage)[0].startswith("structure not covered: ")  # type: ignore[arg-type]
    with pytest.raises(StructureMismatchError, match=r"^structure not covered: ") as caught:
        open_(data, "yaml", STRICT)
    assert (caught.value.exit_code, bool(caught.value.hint)) == (51, True)


def test_a_file_without_a_digest_opens_unless_that_is_required() -> None:
    data = seal(PLAIN, "yaml", read=WITHOUT_STRUCTURE)
    assert b"leafseal" not in data
    assert open_(data, "yaml").coverage == "missing"
    with pytest.raises(StructureMismatchError):
        open_(data, "yaml", STRICT)


@pytest.mark.parametrize(
    "token", [b"ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]", b"x", b"''", b"<T>" + b"x" * 10_000, b"1.5"]
)
def test_a_damaged_digest_is_refused(token: bytes) -> None:
    with pytest.raises(StructureMismatchError):
        open_(with_block(b"structure<V>_t<F>: " + token), "yaml")


@pytest.mark.parametrize(
    "entry",
    [
        b"structure<V>_t<F>: {a: b}",
        b"structure<V>_t<F>: [1, 2]",
        b"structure<V>_t<F>: <T>\n        structure<V>_t0123456789abcdef: <T>",
        b"structure<V>_t<F>: <T>\n        structure<V>_t<F>: <T>",
        b"structure: <T>",
        b"structure<V>_t<F>0: <T>",
    ],
)
def test_an_entry_that_has_no_such_form_or_is_there_twice_is_refused(entry: bytes) -> None:
    with pytest.raises(MetadataError):
        open_(with_block(entry), "yaml")


def test_the_digest_of_another_file_or_an_older_one_does_not_count() -> None:
    first, second = seal(PLAIN, "yaml"), seal(PLAIN, "yaml")
    theirs = BLOCK.search(second)
    assert theirs
    moved = with_block(theirs[0], first)
    assert open_(moved, "yaml").coverage == "missing"
    forged = with_block(b"structure1_t<F>: " + theirs[3], first)
    with pytest.raises(StructureMismatchError):
        open_(forged, "yaml")


def test_a_digest_in_a_later_document_does_not_count() -> None:
    data = seal(b"a: one\n---\nb: two\n", "yaml")
    first, _, second = data.partition(b"\n---\n")
    found = BLOCK.search(first)
    assert found
    block = b"    leafseal:\n        " + found[0] + b"\n"
    moved = first.replace(block, b"") + b"\n---\n" + second.replace(b"    mac:", block + b"    mac:")
    assert open_(moved, "yaml").coverage == "missing"


MEMORIES = {
    "a tag": ("yaml", b"a: !Sub x\n", b"        spelling:\n(            .*\n)+", b""),
    "tags in a layout": ("yaml", b"{a: !Sub x, b: !Map {c: 1}}\n", b"        layout:\n(            .*\n)+", b""),
    "the word of an empty document": ("yaml", b"a: 1\n---\n~\n", b"        root:\n(            .*\n)+", b""),
    "CRs of Windows": ("dotenv", b"A=x\r\n", b"sops_leafseal__map_line_ends=CRLF\n", b""),
    "CRs that become part of values in a shell": ("dotenv", b"A=x\n", rb"\Z", b"sops_leafseal__map_line_ends=CRLF\n"),
    "a byte order mark before a name": ("dotenv", b"A=x\n", rb"\Z", b"sops_leafseal__map_byte_order_mark=yes\n"),
}


@pytest.mark.parametrize("what", MEMORIES)
def test_what_is_remembered_cannot_be_changed(what: str) -> None:
    format_name, plain, old, new = MEMORIES[what]
    sealed = seal(plain, format_name)
    assert open_(sealed, format_name).plaintext() == plain
    changed = re.sub(old, new, sealed, count=1)
    assert changed != sealed
    with pytest.raises(StructureMismatchError):
        open_(changed, format_name)


@pytest.mark.parametrize(
    ("format_name", "plain", "between"),
    [("yaml", b"a:\n    x: 1\n    y: 2\n", rb"a:\n    y"), ("json", b'{"a": {"x": 1, "y": 2}}', rb'}, "a": {"y')],
)
def test_one_mapping_does_not_become_two(format_name: str, plain: bytes, between: bytes) -> None:
    """Their values have the same paths, but readers take one of the two."""
    changed = re.sub(rb'(,\s*")?(?<!\w)( {4})?y(?=\W)', between, seal(plain, format_name), count=1)
    with pytest.raises(StructureMismatchError):
        open_(changed, format_name, ReadOptions(allow_duplicates=True))


def test_with_the_mac_ignored_the_digest_is_not_looked_at() -> None:
    data = with_block(b"structure<V>_t<F>: x")
    opened = open_(data, "yaml", ReadOptions(ignore_mac=True))
    assert (opened.coverage, opened.plaintext()) == ("skipped", PLAIN)


@pytest.mark.parametrize("format_name", ["dotenv", "ini"])
@pytest.mark.parametrize("word", [b"float", b"bool", b"time"])
def test_text_formats_take_no_other_types_where_nothing_covers_them(format_name: str, word: bytes) -> None:
    values = {b"float": b"1.5", b"bool": b"True", b"time": b"2026-01-15T00:00:00Z"}
    plain = (b"[s]\n" if format_name == "ini" else b"") + b"A=" + values[word] + b"\n"
    data = seal(plain, format_name, read=WITHOUT_STRUCTURE).replace(b"type:str]", b"type:" + word + b"]", 1)
    with pytest.raises(IntegrityError, match=f"has the type {word.decode()}, and the values of this") as caught:
        open_(data, format_name)
    assert caught.value.locator == (("s", "A") if format_name == "ini" else ("A",))
    assert open_(data, format_name, ReadOptions(any_types=True)).leaves.sealed[0].word == word.decode()
    covered = seal(plain, format_name).replace(b"type:str]", b"type:" + word + b"]", 1)
    with pytest.raises(StructureMismatchError):
        open_(covered, format_name)


def test_types_that_a_conversion_brings_are_covered() -> None:
    data = encrypt(b"A: 1.5\nB: true\n", "yaml", KEYS, 0, DEFAULT, AMBIENT, output_format="dotenv").data
    opened = open_(data, "dotenv", STRICT)
    assert [item.word for item in opened.leaves.sealed] == ["float", "bool"]


def test_binary_files_need_no_digest() -> None:
    data = seal(b"\0\xff", "binary")
    assert b"leafseal" not in data
    opened = open_(data, "binary", STRICT)
    assert (opened.coverage, claimed(opened.document, opened.metadata)) == ("covered", "covered")
    assert changed(opened) == []


def test_a_binary_file_to_which_something_was_added_is_not_covered() -> None:
    data = seal(b"\0\xff", "binary").replace(b'"data"', b'"x": "", "data"', 1)
    assert open_(data, "binary").coverage == "missing"
    with pytest.raises(StructureMismatchError, match="structure not covered"):
        open_(data, "binary", STRICT)


def test_a_block_belongs_to_the_mac_beside_it() -> None:
    opened: Opened = open_(seal(PLAIN, "yaml"), "yaml")
    assert opened.metadata.structure.split(" ")[1] == fingerprint(opened.metadata.mac)
    with pytest.raises(MACMismatchError):
        open_(seal(PLAIN, "yaml").replace(b"b: ''", b"b: null"), "yaml")


def test_a_conversion_without_a_digest_writes_nothing_that_is_refused() -> None:
    for value, word in (("1.5", "float"), ("true", "bool"), ("2026-01-15T00:00:00Z", "time")):
        plain = f"A: {value}\n".encode()
        with pytest.raises(RefusedError, match=f"^A: would have the type {word} in dotenv, whose values are text$"):
            encrypt(plain, "yaml", KEYS, 0, DEFAULT, AMBIENT, output_format="dotenv", read=WITHOUT_STRUCTURE)
        as_sops = WITHOUT_STRUCTURE._replace(any_types=True)
        assert encrypt(plain, "yaml", KEYS, 0, DEFAULT, AMBIENT, output_format="dotenv", read=as_sops).data
