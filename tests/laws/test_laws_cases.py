"""The laws on files that are seldom written, and on tokens by themselves."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.crypto.token import Sealer, TokenError
from leafseal.document.limits import ReadOptions
from leafseal.document.tree import to_python
from leafseal.errors import FormatError, LeafsealError, RefusedError
from leafseal.formats import parse
from leafseal.keys.ring import KeyRing
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Source, open_file
from leafseal.rules.selection import Selection

from ..opening import reseal_text, set_leaf, unset_leaf
from ..tokens import Token, take_apart
from ..whole_files import (
    AMBIENT,
    DEFAULT,
    FORMATS,
    KEYS,
    WITHOUT_STRUCTURE,
    comments,
    open_,
    plain_values,
    seal,
    values,
    without_mac,
)
from .test_laws import plain_comments, tokens_elsewhere


def test_a_number_keeps_its_token_though_its_text_says_another_type() -> None:
    """SOPS before 3.13.2 sealed every number in JSON as a float; its text is that of an int."""
    sealed = seal(b'{\n  "a": 2.0,\n  "b": "x",\n  "l": [3.0, 3, 3.0]\n}\n', "json")
    document = parse(sealed, "json", sealed=True)
    mapping = {key: value for key, value in (document.metadata() or {}).items() if key != "leafseal"}
    opened = open_(document.rewrite([], mapping), "json")
    assert opened.plaintext() == b'{\n  "a": 2,\n  "b": "x",\n  "l": [3, 3, 3]\n}\n'
    after = open_(set_leaf(opened, ("b",), "y").data, "json")
    assert tokens_elsewhere(after, ("b",)) == tokens_elsewhere(opened, ("b",))
    assert [value.type for value in values(after)] == ["float", "str", "float", "int", "float"]
    changed = open_(set_leaf(opened, ("a",), 4).data, "json")
    assert next(value for value in values(changed) if value.locator == ("a",)).type == "int"


# -- what the generators do rarely -----------------------------------------------------------------------------------

SAMPLES = {
    "yaml": b"# c\na: 1.10\nb: |\n  two\n  lines\nl:\n- x # d\n- 'y'\n",
    "json": b'{\n  "a": 1.10,\n  "b": "two\\nlines",\n  "l": ["x", null]\n}\n',
    "dotenv": b"A=1.10\n# c\nB=two\\nlines\nC=\n",
    "ini": b"; c\na = 1.10\n\n[s]\nb : 'two words' ; d\nc =\n",
    "binary": b"two\nlines\n",
}
LINE_ENDS = {
    "no line end at the end": lambda data: data.rstrip(b"\n"),
    "blank lines at the end": lambda data: data + b"\n\n",
    "blank lines at the start": lambda data: b"\n\n" + data,
    "CR LF": lambda data: data.replace(b"\n", b"\r\n"),
    "CR LF, none at the end": lambda data: data.replace(b"\n", b"\r\n").removesuffix(b"\r\n"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "byte order mark and CR LF": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "mixed line ends": lambda data: data.replace(b"\n", b"\r\n", 2),
}


@pytest.mark.parametrize("kind", LINE_ENDS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_line_ends_come_back(format_name: str, kind: str) -> None:
    data = LINE_ENDS[kind](SAMPLES[format_name])
    if format_name == "json" and kind.startswith("byte order mark"):
        with pytest.raises(FormatError, match="starts with a byte order mark"):
            seal(data, format_name)
        return
    sealed = seal(data, format_name)
    opened = open_(sealed, format_name)
    assert opened.plaintext() == data
    assert without_mac(reseal_text(opened, data).data) == without_mac(sealed)


HARD = [
    b"a: |+\n\nb: 1\n",
    b"a: |+\n\n\n---\nb: |+\n\n...\n# cnry00001\n",
    b"l:\n- |+\n\n- y\n",
    b"a: |+ # cnry00001\n\nb: 1\n",
    b"l:\r\n - |1+ # cnry00001\r\n  \r\n - x",
    b"a: !!binary | # cnry00001\n  aGVsbG8=\nb: 1\n",
    b"a: &x !!binary |- # cnry00001\n  aGk=\nb: *x\n",
    b"a: &x | # cnry00001\n  hi\nb: *x\n",
    b"a: > # cnry00001\n  x\n\n  y\n",
    b"a: !!str # cnry00001\n  5\n",
    b"a: |1\n   ",
    b"a: |\n  x\n   ",
    b"a: |+\n  x\n\n  ",
    b"a: |-\n  x\n  ",
    b"k: |\n  x\n     \n\nl: 1\n",
    b"? a # cnry00001: b\n:\n  x: 1\n",
    b"a: &a x\nl: [*a, {k: *a}] # cnry00001\n",
]


@pytest.mark.parametrize("data", HARD)
def test_yaml_that_is_seldom_written(data: bytes) -> None:
    sealed = seal(data, "yaml")
    assert b"cnry00001" not in sealed
    opened = open_(sealed, "yaml")
    assert opened.plaintext() == data
    assert without_mac(reseal_text(opened, data).data) == without_mac(sealed)
    document = parse(sealed, "yaml", sealed=True)
    mapping = {key: value for key, value in (document.metadata() or {}).items() if key != "leafseal"}
    without = open_(document.rewrite([], mapping), "yaml")
    assert values(without) == plain_values(data, "yaml")
    assert [value.data for value in plain_values(without.plaintext(), "yaml")] == [
        value.data for value in values(without)
    ]
    assert Counter(plain_comments(without.plaintext(), "yaml")) == Counter(comments(opened))


@pytest.mark.parametrize(
    ("data", "place", "plain"),
    [
        (b"l:\n- x\n- y: 1 # d\n", b"l:\n", b"l:\n# c\n- x\n- y: 1 # d\n"),
        (b"l:\n- y: 1 # d\n- x\n", b"l:\n", b"l:\n# c\n- y: 1 # d\n- x\n"),
        (b"l: []\nm: x\n", b"l:", b"l:\n    [] # c\nm: x\n"),
    ],
    ids=["before a value", "before a mapping with a comment", "alone"],
)
def test_comments_that_sops_made_elements_of_lists_become_comments(data: bytes, place: bytes, plain: bytes) -> None:
    product = encrypt(data, "yaml", KEYS, 0, DEFAULT, AMBIENT, read=WITHOUT_STRUCTURE)
    token = Sealer(product.data_key.reveal()).seal_bytes(b" c", "comment", "l:").encode()
    new = b"l:\n- " + token + b"\n" if place.endswith(b"\n") else b"l:\n    - " + token
    theirs = product.data.replace(b"l: []", b"l:").replace(place, new, 1)
    opened = open_(theirs, "yaml")
    assert opened.plaintext() == plain
    assert values(open_(reseal_text(opened, plain).data, "yaml")) == plain_values(plain, "yaml")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("- {}", "# c"),
        ("-\n  {}", "# c"),
        ("- - {}\n  - a-b", "- # c\n  - a-b"),
        ("- {}\n- - {}\n  - a-b", "# c\n- # c\n  - a-b"),
        ("- # a-b\n  {}", None),
        ("-\n  # -\n  {}", None),
        ("- !a-b {}", None),
        ("- &a- {}", None),
    ],
)
def test_where_the_dash_stands_of_a_comment_that_was_an_element(written: str, plain: str | None) -> None:
    """What is between the two is not taken for the dash, and not lost."""
    data = b"a: x\nl:\n- x\n"
    product = encrypt(data, "yaml", KEYS, 0, Selection(encrypted_regex="^l$"), AMBIENT)
    sealer = Sealer(product.data_key.reveal())
    token = sealer.seal_bytes(b" c", "comment", "l:")
    lines = written.replace("- a-b", "- " + sealer.seal_bytes(b"a-b", "str", "l:")).replace("{}", token)
    theirs = product.data.replace(b"l:\n", f"l:\n{lines}\n".encode(), 1)
    opened = open_file(Source("", theirs, "yaml"), KeyRing(AMBIENT), ReadOptions(ignore_mac=True))
    if plain is None:
        with pytest.raises(FormatError, match=r"l\[0\]: a comment is in the place of a value"):
            opened.plaintext()
    else:
        assert opened.plaintext() == f"a: x\nl:\n{plain}\n- x\n".encode()


def test_a_text_of_lines_above_a_comment_that_was_an_element() -> None:
    product = encrypt(b'l:\n    - "a\\nb"\n    - x\n', "yaml", KEYS, 0, DEFAULT, AMBIENT)
    token = Sealer(product.data_key.reveal()).seal_bytes(b" c", "comment", "l:").encode()
    theirs = product.data.replace(b'"ENC', b"ENC").replace(b'str]"\n', b"str]\n    - " + token + b"\n", 1)
    opened = open_(theirs, "yaml")
    assert opened.plaintext() == b"l:\n    - |-\n      a\n      b\n    # c\n    - x\n"
    again = reseal_text(opened, opened.plaintext())
    again.check(again.data)


def test_a_container_is_set_in_an_empty_object() -> None:
    opened = open_(seal(b"\n{ }\n", "json"), "json")
    assert set_leaf(opened, ("a",), {"b": [1]}).expected == b'\n{"a": {"b": [1]} }\n'


ALIASES_AS_KEYS = {
    b"a: &a x\nm:\n  *a : y\n": {"a": "x", "m": {"x": "y"}},
    b"a: &a x\n? *a\n: {*a : m}\nl: [*a, {*a : *a}]\n": {"a": "x", "x": {"x": "m"}, "l": ["x", {"x": "x"}]},
    b"k:\n  &k key: 1\ny:\n  *k : {m: 2}\n": {"k": {"key": 1}, "y": {"key": {"m": 2}}},
}


@pytest.mark.parametrize("data", ALIASES_AS_KEYS)
def test_an_alias_may_be_a_key_where_its_value_stays_clear(data: bytes) -> None:
    opened = open_(seal(data, "yaml", Selection(encrypted_regex="^m$")), "yaml")
    assert opened.plaintext() == data
    assert to_python(opened.documents()[0]) == ALIASES_AS_KEYS[data]
    changed = set_leaf(opened, ("m", "x") if b"\nm:" in data else ("y", "key", "m"), "new").open()
    assert changed.plaintext().startswith(data[:12])
    assert b"*" in changed.plaintext()


def test_a_value_that_is_a_key_elsewhere_is_not_changed_through_it() -> None:
    opened = open_(seal(b"a: &a x\nm:\n  *a : y\n", "yaml", Selection(encrypted_regex="^m$")), "yaml")
    for change in (lambda: set_leaf(opened, ("a",), "other"), lambda: unset_leaf(opened, ("a",))):
        with pytest.raises(RefusedError, match="a: this change cannot be made without moving something else"):
            change()


def test_a_sealed_value_made_a_key_by_hand_is_refused() -> None:
    plain = b"a: x\nb_unencrypted: {}\n"
    sealed = seal(plain, "yaml", read=WITHOUT_STRUCTURE).replace(b"a: ENC", b"a: &a ENC")
    opened = open_(sealed.replace(b"b_unencrypted: {}", b"b_unencrypted: {*a : ''}"), "yaml")
    with pytest.raises(RefusedError, match="a: a key is an alias of a value that would be encrypted"):
        opened.plaintext()


NOT_SEALED = {
    b"x: {&s sops: 1}\n*s : 2\n": "the key sops is written as an alias",
    b"a: &a 5\n*a : y\n": "a key is an alias of something that is not text",
    b"a: &a x\n*a : y\n": "a key is an alias of a value",
    b"a_unencrypted: |\n  x": "the file ends in this block without a line break, which stays in plain text",
    b"l:\n  - |+\n   ": "the file ends in this block without a line break, which stays in plain text",
    b"a: !!int # note\n  5\n": "two edits overlap",
    b"a: 1\n---\nsops: {}\n": "a plain file with a top-level key 'sops'",
}


@pytest.mark.parametrize("data", [b"a: |", b"a_unencrypted: |+", b"l:\n  - >2 # note", b"a: |\r\nb: |"])
def test_a_block_of_a_header_alone_may_end_a_file(data: bytes) -> None:
    opened = open_(seal(data, "yaml"), "yaml")
    assert opened.plaintext() == data
    again = set_leaf(opened, ("new",), "x").open()
    assert [value for value in values(again) if value.locator != ("new",)] == values(opened)


@pytest.mark.parametrize("data", NOT_SEALED)
def test_yaml_that_is_refused_rather_than_damaged(data: bytes) -> None:
    with pytest.raises(LeafsealError, match=NOT_SEALED[data]):
        seal(data, "yaml")


# -- tokens by themselves --------------------------------------------------------------------------------------------

WHOLE = Sealer(bytes(32)).seal("some value", "a:")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=,:[]_ \n\r\t-"


@settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@given(
    position=st.integers(0, len(WHOLE)),
    removed=st.integers(0, 3),
    added=st.text(ALPHABET, max_size=4),
)
def test_a_token_that_is_accepted_is_spelled_as_it_would_be_written(position: int, removed: int, added: str) -> None:
    text = WHOLE[:position] + added + WHOLE[position + removed :]
    try:
        Sealer(bytes(32)).open(text, "a:")
    except TokenError as error:
        if str(error) == "is damaged":
            return
    token = take_apart(text)
    assert token.spelled() == text
    assert (len(token.iv), len(token.tag)) == (32, 16)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(bit=st.integers(0, 8 * (10 + 32 + 16) - 1))
def test_a_token_with_another_bit_does_not_open(bit: int) -> None:
    data, iv, tag, word = take_apart(WHOLE)
    flipped = bytearray(data + iv + tag)
    flipped[bit // 8] ^= 1 << bit % 8
    raw = bytes(flipped)
    with pytest.raises(TokenError, match=r"^was changed or moved after it was encrypted$"):
        Sealer(bytes(32)).open(Token(raw[:10], raw[10:42], raw[42:], word).spelled(), "a:")
