"""Files go both ways between us and the `sops` program, where it is on PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from leafseal.document.tree import Comment, to_python
from leafseal.errors import FormatError, MACMismatchError, RefusedError
from leafseal.formats import parse
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt as encrypt_file
from leafseal.operations.open import Opened
from leafseal.operations.rekey import rewrap, rotate
from leafseal.rules.selection import RULE_FIELDS, Selection
from leafseal.testing import NOWHERE, throwaway_identity

from ..generators.yaml_files import YAMLWriter
from ..opening import open_sealed, reseal_text, set_leaf, unset_leaf
from ..whole_files import FORMATS, SPLICED, Value, plain_values, random_file, tokens_in, values

PEOPLE = [throwaway_identity() for _ in range(3)]
GROUPS = [parse_recipients("age", person.recipient) for person in PEOPLE]
SUFFIXES = {"yaml": ".yaml", "json": ".json", "dotenv": ".env", "ini": ".ini", "binary": ".bin"}
PATH = os.environ.get("PATH", os.defpath)


@cache
def program() -> str | None:
    """Return where a sops of version 3 is, None where there is none."""
    found = shutil.which("sops")
    if found is None:
        return None
    version = subprocess.run([found, "--disable-version-check", "--version"], capture_output=True, check=False).stdout
    return found if re.match(rb"sops 3\.", version) else None


pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]


class Result(NamedTuple):
    status: int
    stdout: bytes
    stderr: str


class Sops:
    """The program in a folder of its own, with a configuration and the identities of some people."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people = PEOPLE[:1]
        self.configure()

    def configure(self, groups: int = 1, threshold: int = 0, **rule: object) -> None:
        """Have new files made for one person, or for several groups of one each, under a rule."""
        keys: dict[str, object] = {"age": PEOPLE[0].recipient}
        if groups > 1:
            keys = {"key_groups": [{"age": [person.recipient]} for person in PEOPLE[:groups]]}
            keys["shamir_threshold"] = threshold
        (self.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [{**keys, **rule}]}))

    def run(self, *arguments: str, data: bytes | None = None) -> Result:
        program_ = program()
        assert program_ is not None
        identities = "\n".join(person.identity for person in self.people)
        environment = {"PATH": PATH, "HOME": str(self.folder), "SOPS_AGE_KEY": identities}
        done = subprocess.run(
            [program_, *arguments], input=data, capture_output=True, env=environment, cwd=self.folder, check=False
        )
        return Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))

    def encrypt(self, data: bytes, format_name: str) -> Result:
        return self.run("encrypt", "--filename-override", f"x{SUFFIXES[format_name]}", data=data)

    def decrypt(self, data: bytes, format_name: str, output: str | None = None) -> Result:
        as_ = ["--output-type", output] if output else []
        return self.run("decrypt", *as_, "--filename-override", f"x{SUFFIXES[format_name]}", data=data)

    def change(self, data: bytes, format_name: str, command: str, *arguments: str) -> bytes:
        """Have a file rewritten in place."""
        path = self.folder / f"x{SUFFIXES[format_name]}"
        path.write_bytes(data)
        options = [argument for argument in arguments if argument.startswith("--")]
        done = self.run(command, *options, path.name, *(rest for rest in arguments if rest not in options))
        assert done.status == 0, done.stderr
        return path.read_bytes()


@pytest.fixture
def sops(tmp_path: Path) -> Sops:
    return Sops(tmp_path)


def ambient(*people: int) -> Ambient:
    return Ambient({"SOPS_AGE_KEY": "\n".join(PEOPLE[number].identity for number in people)}, NOWHERE)


def seal(data: bytes, format_name: str, selection: Selection | None = None) -> bytes:
    rule = selection or Selection()
    return encrypt_file(data, format_name, GROUPS[:1], 0, rule, ambient(), allow_nothing=True).data


def open_(data: bytes, format_name: str) -> Opened:
    return open_sealed(data, format_name, ambient(0))


def typed(found: list[Value]) -> list[tuple[int, str, bytes]]:
    """Return values as they survive sops: without list positions, which comments shift that it makes elements of.

    `#` alone is an empty element to it, a list with nothing but a comment is not empty; a clear 8.0 is written 8.
    """
    return [
        (value.document, value.type.replace("float", "int"), value.data)
        for value in found
        if value.data != b"Empty.LIST" and (value.data or not isinstance(value.locator[-1], int))
    ]


class Pair(NamedTuple):
    """A plain file, sealed by us and by sops."""

    plain: bytes
    ours: bytes
    theirs: bytes


def pairs(sops: Sops, format_name: str, first: int, count: int) -> Iterator[Pair]:
    """Yield random files that both seal. What only one of them refuses is counted: it must be rare."""
    found = alone = 0
    for seed in range(first, first + 3 * count):
        if found == count:
            return
        data = random_file(format_name, seed)
        theirs = sops.encrypt(data, format_name)
        try:
            ours = seal(data, format_name)
        except (FormatError, RefusedError):
            alone += theirs.status == 0
            continue
        if theirs.status == 0:
            found += 1
            yield Pair(data, ours, theirs.stdout)
        else:
            alone += 1
    assert alone <= count


def without_comments(data: bytes) -> bytes:
    return re.sub(rb"(?m)^[ ]*[#;].*\n", b"", data)


def without_empty_elements(data: bytes) -> object:
    """Read JSON without the empty text in lists that sops makes of a `#` alone when it seals a file itself."""

    def without(value: object) -> object:
        if isinstance(value, dict):
            return {name: without(member) for name, member in value.items()}
        return [without(member) for member in value if member != ""] if isinstance(value, list) else value

    return without(json.loads(data)) if data else None


def both_ways(sops: Sops, format_name: str, pair: Pair) -> int:
    """Compare what each makes of its own and of the other's file. Return how many comments sops did not open."""
    from_ours, from_theirs = (sops.decrypt(data, format_name) for data in (pair.ours, pair.theirs))
    assert from_ours.status == 0, from_ours.stderr
    if from_theirs.status == 0:  # not where a list has comments: sops 3.13.2 fails on its own MAC
        if format_name == "ini":
            # Behind a value in quotes sops loses the comment of the plain file; where we sealed it, it does not.
            ours, theirs = (Counter(re.findall(rb"(?m)^[;#].*", one.stdout)) for one in (from_ours, from_theirs))
            assert ours >= theirs
            assert without_comments(from_ours.stdout) == without_comments(from_theirs.stdout)
        elif format_name == "yaml":
            as_json = [sops.decrypt(data, format_name, "json") for data in (pair.ours, pair.theirs)]
            assert as_json[0].status == as_json[1].status
            assert without_empty_elements(as_json[0].stdout) == without_empty_elements(as_json[1].stdout)
            assert read_back(from_ours.stdout) == read_back(from_theirs.stdout)
        else:
            assert from_ours.stdout == from_theirs.stdout
    try:
        opened = open_(pair.theirs, format_name)
    except MACMismatchError:
        assert from_theirs.status == 51  # sops lost leading blanks of a block in a list, and does not verify it either
        return 0
    assert typed(values(opened)) == typed(values(open_(pair.ours, format_name)))
    assert values_sealed(pair.theirs, format_name) == values_sealed(pair.ours, format_name)
    product = reseal_text(opened, opened.plaintext())
    product.check(product.data)
    again = sops.decrypt(product.data, format_name)
    assert again.status == 0, again.stderr
    return from_ours.stderr.count("possibly unencrypted comment")


def read_back(data: bytes) -> object:
    try:
        return typed(plain_values(data, "yaml"))
    except FormatError:  # sops writes `|4` before lines indented by 2, in lists
        return without_comments(data)


@pytest.mark.parametrize("format_name", FORMATS)
def test_random_files_go_both_ways(sops: Sops, format_name: str) -> None:
    unopened = sum(both_ways(sops, format_name, pair) for pair in pairs(sops, format_name, 0, 12))
    assert unopened <= 1


@pytest.mark.campaign
@pytest.mark.parametrize("format_name", FORMATS)
def test_many_random_files_go_both_ways(sops: Sops, format_name: str) -> None:
    unopened = comments = 0
    for pair in pairs(sops, format_name, 1000, 1500):
        unopened += both_ways(sops, format_name, pair)
        comments += pair.ours.count(b",type:comment]")
    assert unopened <= comments / 50


# -- what sops writes into our files ---------------------------------------------------------------------------------


def without_anchors(format_name: str, seed: int) -> bytes:
    if format_name == "yaml":
        return YAMLWriter(Random(seed), anchors=False, comments=False).file().encode()
    return random_file(format_name, seed)


def top_level_text(opened: Opened) -> list[tuple[str, ...]]:
    """Return the places of strings that can be named on sops's command line."""
    return [
        leaf.locator  # type: ignore[misc]
        for leaf, value in opened.leaves.values
        if leaf.document == 0
        and isinstance(value, str)
        and not isinstance(value, Comment)
        and all(isinstance(part, str) and re.fullmatch(r"[\w .@-]+", part) for part in leaf.locator)
        and leaf.locator
    ]


@pytest.mark.parametrize("format_name", SPLICED)
def test_what_sops_sets_we_open(sops: Sops, format_name: str) -> None:
    changed = 0
    for seed in range(40):
        try:
            ours = seal(without_anchors(format_name, seed), format_name)
        except (FormatError, RefusedError):
            continue
        opened = open_(ours, format_name)
        names = top_level_text(opened)
        if not names or sops.decrypt(ours, format_name).status:
            continue
        locator = Random(seed).choice(names)
        path = "".join(f'["{part}"]' for part in locator)
        theirs = sops.change(ours, format_name, "set", path, '"new value"')
        after = open_(theirs, format_name)
        expected = [
            value._replace(type="str", data=b"new value") if value[:2] == (0, locator) else value
            for value in values(opened)
        ]
        assert typed(values(after)) == typed(expected)
        changed += 1
        if changed == 6:
            return
    raise AssertionError("too few files had a place to set")


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_sops_rotates_we_open(sops: Sops, format_name: str) -> None:
    for seed in range(4):
        ours = seal(without_anchors(format_name, seed), format_name)
        theirs = sops.change(ours, format_name, "rotate", "--in-place")
        assert typed(values(open_(theirs, format_name))) == typed(values(open_(ours, format_name)))
        assert not set(tokens_in(ours)) & set(tokens_in(theirs))


@pytest.mark.parametrize("format_name", SPLICED)
def test_what_sops_updates_keys_of_we_open_and_other_people_too(sops: Sops, format_name: str) -> None:
    ours = seal(random_file(format_name, 3), format_name)
    everybody = ",".join(person.recipient for person in PEOPLE)
    (sops.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [{"age": everybody}]}))
    theirs = sops.change(ours, format_name, "updatekeys", "--yes")
    for person in range(3):
        opened = open_sealed(theirs, format_name, ambient(person))
        assert values(opened) == values(open_(ours, format_name))


def test_what_we_change_in_a_file_of_sops_sops_opens(sops: Sops) -> None:
    theirs = sops.encrypt(b"a: 1.0\nb:\n    c: x\n    d: [1, two]\n", "yaml").stdout
    opened = open_(theirs, "yaml")
    for product in (
        set_leaf(opened, ("b", "c"), "new\nlines\n"),
        set_leaf(opened, ("e", "f"), [1, {"g": None}]),
        unset_leaf(opened, ("b", "d", 0)),
        rotate(opened, GROUPS[:1], 0, ambient(0)),
        rewrap(opened, GROUPS[:1], 0, ambient(0)),
    ):
        result = sops.decrypt(product.data, "yaml", "json")
        assert result.status == 0, result.stderr
        again = open_sealed(product.data, "yaml", ambient(0))
        assert json.loads(result.stdout) == to_python(again.documents()[0])


@pytest.mark.parametrize(
    ("format_name", "plain"),
    [
        (
            "yaml",
            b"a: !Sub one\nb: &loose two\nc: [!x y, &z z]\nd: !vault |\n    three\ne: !x 5\nf: &used !x v\ng: *used\n",
        ),
        ("ini", b"[s]\na = top;secret#1\nb = 'x' ; y\nc = `top` ; y\nd = \"a;b\" ; c\n"),
        ("ini", b"k = 1\n[P]\na = 1\nb = 2\n[Q]\nz = 9\n[P]\na = 3\nc = 4\n[DEFAULT]\ny = 5\n"),
    ],
    ids=["tags and anchors", "text behind values", "sections of one name"],
)
def test_sops_reads_the_values_that_it_reads_in_the_plain_file(sops: Sops, format_name: str, plain: bytes) -> None:
    """Whatever of their surroundings is encrypted with them."""
    rule = {"encrypted_regex": "^.$"}
    sops.configure(**rule)
    theirs = sops.decrypt(sops.encrypt(plain, format_name).stdout, format_name, "json")
    ours = sops.decrypt(seal(plain, format_name, Selection(**rule)), format_name, "json")
    assert (ours.status, ours.stdout) == (0, theirs.stdout)
    assert ours.stdout


# -- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
def test_two_of_three_key_groups(sops: Sops, format_name: str) -> None:
    data = RULED.get(format_name, b"any bytes\xff").replace(b"    # pick in the list\n", b"")
    ours = encrypt_file(data, format_name, GROUPS, 2, Selection(), ambient(), allow_nothing=True).data
    sops.configure(groups=3, threshold=2)
    theirs = sops.encrypt(data, format_name)
    assert theirs.status == 0, theirs.stderr
    for pair in ([0, 1], [0, 2], [1, 2]):
        sops.people = [PEOPLE[number] for number in pair]
        assert sops.decrypt(ours, format_name)[:2] == sops.decrypt(theirs.stdout, format_name)[:2]
        opened = open_sealed(theirs.stdout, format_name, ambient(*pair))
        assert typed(values(opened)) == typed(plain_values(data, format_name))
    sops.people = PEOPLE[1:2]
    assert sops.decrypt(ours, format_name).status == 128


# -- which leaves are sealed -----------------------------------------------------------------------------------------

RULED = {
    "yaml": b"""# head pick
a_enc: 1
b:
    c_unencrypted: two # inline pick
    d: 2024-01-01
    # above pick
    secret: {e: x, f: 1.5}
g:
    - one
    # pick in the list
    - two
    - h_enc: deep
# foot
""",
    "json": b'{"a_enc": 1, "b": {"c_unencrypted": "two", "secret": {"e": "x"}}, "g": ["one", {"h_enc": 1.5}]}\n',
    "dotenv": b"# head pick\na_enc=1\nb=2\n# other\nsecret=x\nc_unencrypted=y\n",
    "ini": b"""; head pick
a_enc = 1
b = 2

; of pick
[secret]
c = 3
; other
d_unencrypted = 4

[plain]
e_enc = 5
f = 6
""",
}
RULES = {
    "unencrypted_suffix": "_unencrypted",
    "encrypted_suffix": "_enc",
    "unencrypted_regex": "^(b|secret)$",
    "encrypted_regex": "sec.*t|^g$",
    "unencrypted_comment_regex": "pick",
    "encrypted_comment_regex": "pick",
}


def test_all_rules_are_compared() -> None:
    assert set(RULES) == set(RULE_FIELDS)


@pytest.mark.parametrize("mac_only", [False, True], ids=["MAC of all", "MAC of the sealed"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("format_name", SPLICED)
def test_the_same_leaves_are_sealed(sops: Sops, format_name: str, rule: str, mac_only: bool) -> None:
    sops.configure(**{rule: RULES[rule], "mac_only_encrypted": mac_only})
    theirs = sops.encrypt(RULED[format_name], format_name)
    assert theirs.status == 0, theirs.stderr
    selection = Selection(**{rule: RULES[rule]}, mac_only_encrypted=mac_only)
    ours = seal(RULED[format_name], format_name, selection)
    assert sealed_leaves(ours, format_name) == sealed_leaves(theirs.stdout, format_name)
    assert open_(theirs.stdout, format_name).metadata.selection == selection
    opened = sops.decrypt(ours, format_name)
    assert opened.status == 0, opened.stderr
    assert "possibly unencrypted comment" not in opened.stderr


def sealed_leaves(data: bytes, format_name: str) -> Counter[tuple[str, str, bytes]]:
    """Return what is sealed: AAD, type and byte form; of comments the text."""
    return Counter(
        ("", "comment", item.data) if isinstance(item.value, Comment) else (item.aad, item.word, item.data)
        for item in open_(data, format_name).leaves.sealed
    )


@pytest.mark.parametrize("rule", RULES)
def test_the_same_leaves_of_random_files_are_sealed(sops: Sops, rule: str) -> None:
    text = {"unencrypted_comment_regex": "note|ouble", "encrypted_comment_regex": "note|ouble"}.get(rule, "a")
    sops.configure(**{rule: text})
    selection, compared = Selection(**{rule: text}), 0
    for seed in range(60):
        data = YAMLWriter(Random(seed), anchors=False).file().encode()
        theirs = sops.encrypt(data, "yaml")
        try:
            ours = seal(data, "yaml", selection)
        except (FormatError, RefusedError):
            continue
        if theirs.status == 0:
            assert values_sealed(ours, "yaml") == values_sealed(theirs.stdout, "yaml"), data
            compared += 1
        if compared == 15:
            return
    raise AssertionError("too few files were sealed by both")


def values_sealed(data: bytes, format_name: str) -> list[tuple[str, str, bytes]]:
    opened = open_(data, format_name).leaves.sealed
    return [(item.aad, item.word, item.data) for item in opened if not isinstance(item.value, Comment)]


# -- spelling and comments -------------------------------------------------------------------------------------------


def test_sops_reads_what_has_spellings_to_remember(sops: Sops) -> None:
    data = b"a: 0x1F\nb: !!binary aGk=\nc: &x {d: 1.10}\ne: *x\nf: >\n  folded\n  text\ng: 'x\n\n  y'\nh: |+\n\n\n"
    ours = seal(data, "yaml")
    spelling = (parse(ours, "yaml", sealed=True).metadata() or {})["leafseal"]["spelling"]  # type: ignore[index]
    assert len(spelling) >= 6
    result = sops.decrypt(ours, "yaml", "json")
    assert result.status == 0, result.stderr
    assert json.loads(result.stdout) == {
        "a": 31, "b": "hi", "c": {"d": 1.1}, "e": {"d": 1.1}, "f": "folded text\n", "g": "x\ny", "h": "\n\n",
    }  # fmt: skip


def test_comments_in_lists_survive_sops_and_come_back(sops: Sops) -> None:
    data = b"l:\n    # first\n    - a # inline\n    # second\n    - b\nm: x\n"
    ours = seal(data, "yaml")
    opened = sops.decrypt(ours, "yaml")
    assert opened.status == 0, opened.stderr
    assert opened.stdout == b"l:\n    # first\n    # inline\n    - a\n    # second\n    - b\nm: x\n"
    # When sops rewrites the file it makes elements of them, and cannot verify its own MAC. We can.
    theirs = sops.change(ours, "yaml", "set", '["m"]', '"y"')
    assert sops.decrypt(theirs, "yaml").status == 51
    again = open_(theirs, "yaml")
    assert [str(value) for _, value in again.leaves.values if isinstance(value, Comment)] == [
        " first", " inline", " second",
    ]  # fmt: skip
    assert to_python(again.documents()[0]) == {"l": ["a", "b"], "m": "y"}


# -- dotenv files of Windows

WINDOWS = {
    "CR LF": b"A=one\r\nB=two\r\n",
    "a blank line": b"# note\r\n\r\nA=one\r\nB=two\r\n",
    "a byte order mark": b"\xef\xbb\xbfA=one\nB=two\n",
    "both": b"\xef\xbb\xbfA=one\r\nB=two",
}


@pytest.mark.parametrize("rule", [Selection(), Selection(encrypted_regex="^B$")], ids=["all", "only B"])
@pytest.mark.parametrize("plain", WINDOWS.values(), ids=WINDOWS)
def test_sops_reads_values_without_what_windows_added(sops: Sops, plain: bytes, rule: Selection) -> None:
    sealed = encrypt_file(plain, "dotenv", GROUPS[:1], 0, rule, ambient(0)).data
    done = sops.decrypt(sealed, "dotenv", "json")
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout) == {"A": "one", "B": "two"}
    changed = sops.change(sealed, "dotenv", "set", '["A"]', '"new"')
    opened = open_sealed(changed, "dotenv", ambient(0))
    assert to_python(opened.documents()[0]) == {"A": "new", "B": "two"}


@pytest.mark.parametrize("name", ["CR LF", "a byte order mark"])
def test_what_sops_encrypted_with_it_comes_back_and_stays(sops: Sops, name: str) -> None:
    plain = WINDOWS[name]
    done = sops.encrypt(plain, "dotenv")
    assert done.status == 0, done.stderr
    opened = open_sealed(done.stdout, "dotenv", ambient(0))
    assert opened.plaintext() == plain
    product = set_leaf(opened, ("B",), "new")
    assert product.data.split(b"\n")[0] == done.stdout.split(b"\n")[0]
    again = sops.decrypt(product.data, "dotenv", "json")
    assert again.status == 0, again.stderr
    first, value = ("A", "one\r") if name == "CR LF" else ("\ufeffA", "one")
    assert json.loads(again.stdout) == {first: value, "B": "new"}


@pytest.mark.parametrize(
    ("format_name", "plain"),
    [
        ("yaml", b"password: abc #xyz\npasswords:\n- x\nuser: me # note\npass: |  # head\n  a\n"),
        ("yaml", b"a: &a x\npassword: *a # y\npass: {k: v #y\n  }\n"),
        ("ini", b"[db]\npassword = abc ;xyz\n"),
    ],
)
@pytest.mark.parametrize("comments", ["seal", "keep"])
def test_sops_reads_and_changes_values_with_their_comments_sealed(
    sops: Sops, format_name: str, plain: bytes, comments: str
) -> None:
    rule = Selection(encrypted_regex="^pass")
    sops.configure(encrypted_regex="^pass")
    ours = encrypt_file(plain, format_name, GROUPS[:1], 0, rule, ambient(), comments=comments).data
    theirs = sops.encrypt(plain, format_name).stdout
    values = [sops.decrypt(data, format_name, "json") for data in (ours, theirs)]
    assert [one.status for one in values] == [0, 0]
    assert json.loads(values[0].stdout) == json.loads(values[1].stdout)
    path = '["db"]["password"]' if format_name == "ini" else '["password"]'
    changed = open_(sops.change(ours, format_name, "set", path, '"new"'), format_name)
    assert b"new" in changed.plaintext()
    assert changed.metadata.selection == rule
