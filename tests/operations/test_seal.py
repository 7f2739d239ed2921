"""Sealing the leaves of a document: which get tokens, what the MAC covers, and a rule that seals nothing."""

from __future__ import annotations

import pytest

from leafseal.crypto.token import Sealer
from leafseal.errors import ConfigError, NothingSealedError
from leafseal.formats import parse
from leafseal.operations.seal import refuse_nothing_sealed, seal_leaves
from leafseal.rules.selection import Selection

SEALER = Sealer(bytes(32))
TEXT = b"# note\na: x\nb:\n    - 5\n    - 1.0\n    - true\nc_unencrypted: y\nempty: ''\nnothing:\nnone: {}\n"


def test_everything_that_holds_something_gets_a_token() -> None:
    sealed = seal_leaves(parse(TEXT, "yaml"), Selection(), SEALER)
    words = [token.rpartition("type:")[2][:-1] for _, token in sealed.tokens]
    assert words == ["comment", "str", "int", "float", "bool"]
    assert sealed.clear == 1
    for leaf, token in sealed.tokens:
        aad = ":".join(leaf.path) + ":"
        assert SEALER.open(token, aad) == (str(leaf.value) if leaf.is_comment else leaf.value)


def test_the_mac_covers_values_in_file_order_and_no_comment() -> None:
    everything = seal_leaves(parse(TEXT, "yaml"), Selection(), SEALER)
    assert everything.hashed == [b"x", b"5", b"1", b"True", b"y"]
    only = seal_leaves(parse(TEXT, "yaml"), Selection(mac_only_encrypted=True), SEALER)
    assert only.hashed == [b"x", b"5", b"1", b"True"]


def test_a_sealed_comment_never_passes_for_the_marker_of_a_rule() -> None:
    """Of a hundred tokens one or another has an A in its base64: those are drawn again."""
    rule = Selection(unencrypted_comment_regex="data:[^,]*[A-M]")
    text = b"# a note\nx: 1\n"
    for _ in range(50):
        [(leaf, token), *_] = seal_leaves(parse(text, "yaml"), rule, SEALER).tokens
        assert leaf.is_comment
        assert not rule.matches_comment(token)


@pytest.mark.parametrize("name", ["encrypted_comment_regex", "unencrypted_comment_regex"])
@pytest.mark.parametrize("pattern", ["data", "ENC|a marker", "=,tag:"])
def test_a_rule_that_matches_every_sealed_comment_is_refused(name: str, pattern: str) -> None:
    text = f"# {pattern}\n# a note\nx: 1\n\n# another\ny: 2\n".encode()
    with pytest.raises(ConfigError, match=f"^{name}: the pattern also matches encrypted comments") as caught:
        seal_leaves(parse(text, "yaml"), Selection(**{name: pattern}), SEALER)
    assert 'begin it with "^ "' in str(caught.value.hint)
    assert seal_leaves(parse(text, "yaml"), Selection(**{name: f"^ ({pattern})"}), SEALER).tokens


def test_a_rule_that_seals_nothing_is_refused_where_there_is_something_to_seal() -> None:
    rule = Selection(encrypted_regex="^never$")
    sealed = seal_leaves(parse(TEXT, "yaml"), rule, SEALER)
    assert sealed.tokens == []
    with pytest.raises(NothingSealedError, match=r"the rule encrypts nothing in this file: only .*\^never\$"):
        refuse_nothing_sealed(sealed.tokens, sealed.clear, rule)
    refuse_nothing_sealed([], 0, rule)
    refuse_nothing_sealed(["a token"], 5, rule)
