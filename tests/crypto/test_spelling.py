"""The sealed memory of spellings: it goes with its token, and is void with any other."""

from __future__ import annotations

import re

from leafseal.crypto.spelling import entry_name, open_spellings, seal_spellings
from leafseal.crypto.token import Sealer

SEALER = Sealer(bytes(32))
ONE, OTHER = SEALER.seal("1", "a:"), SEALER.seal("2", "b:")


def test_what_is_remembered_is_found_again() -> None:
    entries = seal_spellings([(ONE, "plain 0x1"), (OTHER, "folded y")], SEALER)
    assert open_spellings(entries, [ONE, OTHER], SEALER) == {ONE: "plain 0x1", OTHER: "folded y"}
    assert open_spellings(entries, [OTHER], SEALER) == {OTHER: "folded y"}
    assert open_spellings({}, [ONE], SEALER) == {}
    assert seal_spellings([], SEALER) == {}


def test_a_spelling_may_hold_bytes_that_are_no_text() -> None:
    source = b"plain \xff".decode("utf-8", "surrogateescape")
    assert open_spellings(seal_spellings([(ONE, source)], SEALER), [ONE], SEALER) == {ONE: source}


def test_names_are_text_for_every_reader_and_sorted() -> None:
    tokens = [SEALER.seal("x", "a:") for _ in range(20)]
    names = list(seal_spellings([(token, "x") for token in tokens], SEALER))
    assert names == sorted(map(entry_name, tokens))
    assert all(re.fullmatch("t[0-9a-f]{16}", name) for name in names)


def test_an_entry_that_was_moved_to_another_token_is_void() -> None:
    entries = seal_spellings([(ONE, "plain 0x1")], SEALER)
    moved = {entry_name(OTHER): entries[entry_name(ONE)]}
    assert open_spellings(moved, [ONE, OTHER], SEALER) == {}


def test_an_entry_that_is_damaged_or_of_another_key_is_void_and_others_are_not() -> None:
    entries = seal_spellings([(ONE, "x"), (OTHER, "y")], SEALER)
    assert open_spellings({**entries, entry_name(ONE): "ENC[damaged]"}, [ONE, OTHER], SEALER) == {OTHER: "y"}
    assert open_spellings(entries, [ONE, OTHER], Sealer(bytes(range(32)))) == {}


def test_an_unchanged_spelling_keeps_its_entry_to_the_byte() -> None:
    name = entry_name(ONE)
    had = seal_spellings([(ONE, "x")], SEALER)[name]
    known = {ONE: ("x", had)}
    assert seal_spellings([(ONE, "x")], SEALER, known)[name] == had
    changed = seal_spellings([(ONE, "z")], SEALER, known)
    assert changed[name] != had
    assert open_spellings(changed, [ONE], SEALER) == {ONE: "z"}
