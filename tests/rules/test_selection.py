"""Which leaves a rule selects, rule by rule (sops-format §1.3)."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document import Leaf
from leafseal.errors import ConfigError
from leafseal.rules.selection import RULE_FIELDS, Selection


def leaf(*path, comments=(), comment=None, value="v"):
    """Return a leaf at `path`; with `comment` a comment of that text in the container at `path`."""
    if comment is not None:
        value = comment
    return Leaf(0, path, path, 0, 0, "", value, tuple(comments), comment is not None)


BY_PATH = [
    # rule, path, selected
    ({}, ("a",), True),
    ({}, ("a_unencrypted",), False),
    ({}, ("a_unencrypted", "b"), False),
    ({}, ("a", "b_unencrypted", "c", "d"), False),
    ({}, ("a_unencrypted_",), True),
    ({}, ("_unencrypted",), False),
    ({}, ("A_UNENCRYPTED",), True),
    ({"unencrypted_suffix": "_plain"}, ("a_unencrypted",), True),
    ({"unencrypted_suffix": "_plain"}, ("a_plain", "b"), False),
    ({"encrypted_suffix": "_enc"}, ("a",), False),
    ({"encrypted_suffix": "_enc"}, ("a_enc",), True),
    ({"encrypted_suffix": "_enc"}, ("a_enc", "b", "c"), True),
    ({"encrypted_suffix": "_enc"}, ("a", "b_enc_"), False),
    ({"unencrypted_regex": "^(kind|meta.*)$"}, ("kind",), False),
    ({"unencrypted_regex": "^(kind|meta.*)$"}, ("metadata", "labels", "x"), False),
    ({"unencrypted_regex": "^(kind|meta.*)$"}, ("data", "kind"), False),
    ({"unencrypted_regex": "^(kind|meta.*)$"}, ("kinds",), True),
    ({"encrypted_regex": "^(data|stringData)$"}, ("data", "x"), True),
    ({"encrypted_regex": "^(data|stringData)$"}, ("spec", "data"), True),
    ({"encrypted_regex": "^(data|stringData)$"}, ("metadata",), False),
    ({"encrypted_regex": "ass"}, ("password",), True),
    ({"encrypted_regex": "a$"}, ("a\n",), False),
    ({"encrypted_regex": "(?i)PASS"}, ("Passphrase",), True),
    ({"encrypted_regex": "\\.b"}, ("a", "b"), False),
]


@pytest.mark.parametrize(("rule", "path", "selected"), BY_PATH)
def test_by_path(rule, path, selected):
    assert Selection(**rule).selects(leaf(*path)) is selected


@pytest.mark.parametrize("field", ["unencrypted_suffix", "unencrypted_regex"])
def test_a_comment_at_the_top_is_sealed_unless_names_ask_for_it(field):
    assert Selection(**{field: "x"}).selects(leaf(comment=" x"))
    assert not Selection(**{field.removeprefix("un"): "x"}).selects(leaf(comment=" x"))


def test_a_comment_follows_the_path_of_its_container():
    assert Selection(encrypted_regex="^data$").selects(leaf("data", comment=" x"))
    assert not Selection().selects(leaf("a_unencrypted", comment=" x"))


BY_COMMENT = [
    # comments in force, own text if a comment, sealed under encrypted_…: "x", sealed under unencrypted_…: "x"
    ((), None, False, True),
    ((" x",), None, True, False),
    ((" y",), None, False, True),
    ((" y", " x", " z"), None, True, False),
    ((), " x", False, False),
    ((), " y", False, True),
    ((" x",), " y", True, False),
    ((" x",), " x", True, False),
]


@pytest.mark.parametrize(("comments", "own", "encrypted", "unencrypted"), BY_COMMENT)
def test_by_comment(comments, own, encrypted, unencrypted):
    found = leaf("a", comments=comments, comment=own)
    assert Selection(encrypted_comment_regex="x").selects(found) is encrypted
    assert Selection(unencrypted_comment_regex="x").selects(found) is unencrypted


def test_a_value_is_no_comment():
    assert Selection(unencrypted_comment_regex="x").selects(leaf("x", value="x"))
    assert not Selection(encrypted_comment_regex="x").selects(leaf("x", value="x"))


def test_the_example_of_the_format():
    rule = Selection(encrypted_comment_regex="sops:enc")
    marker, second = " sops:enc", " second line"
    assert not rule.selects(leaf(comment=marker))
    assert rule.selects(leaf("a", comments=[marker]))
    assert not rule.selects(leaf(comment=" other"))
    assert not rule.selects(leaf("b", comments=[" other"]))
    assert rule.selects(leaf(comment=second, comments=[marker]))
    assert rule.selects(leaf("g", "h", comments=[marker, second]))
    assert not rule.selects(leaf("l"))
    assert rule.selects(leaf("l", comments=[marker]))


def test_names_and_comments_that_are_not_utf8():
    assert Selection(encrypted_regex="^\ufffd$").selects(leaf("\udcff"))
    assert Selection(encrypted_suffix="_enc").selects(leaf("\udcff_enc"))
    assert not Selection(unencrypted_comment_regex="x").selects(leaf(comment=b"\xffx"))
    assert Selection(encrypted_comment_regex="^\ufffdx").selects(leaf("a", comments=["\udcffx"]))


def test_a_token_that_looks_like_a_marker_is_known():
    assert Selection(encrypted_comment_regex="ENC").matches_comment("ENC[…]")
    assert Selection(unencrypted_comment_regex="ENC").matches_comment("ENC[…]")
    assert not Selection(encrypted_comment_regex="^x").matches_comment("ENC[…]")
    assert not Selection(encrypted_regex="ENC").matches_comment("ENC[…]")


def test_fields_state_the_rule():
    assert Selection().fields() == {"unencrypted_suffix": "_unencrypted"}
    assert Selection(mac_only_encrypted=True).fields() == {
        "unencrypted_suffix": "_unencrypted",
        "mac_only_encrypted": True,
    }
    for name in RULE_FIELDS:
        assert Selection(**{name: "x"}).fields() == {name: "x"}
        assert Selection(**{name: "x"}).rules() == (name,)
        assert "x" in Selection(**{name: "x"}).describe()
    assert Selection().rules() == ()
    assert Selection().describe() == "everything except under key names that end in _unencrypted"


def test_two_rules_are_refused():
    with pytest.raises(ConfigError, match="encrypted_suffix and encrypted_regex: only one rule"):
        Selection(encrypted_suffix="a", encrypted_regex="b")


@pytest.mark.parametrize("name", [name for name in RULE_FIELDS if name.endswith("_regex")])
@pytest.mark.parametrize("pattern", ["[", "(?=a)", "a**", "\\C", "a" * 5000])
def test_an_invalid_pattern_is_refused_and_never_taken_for_no_match(name, pattern):
    with pytest.raises(ConfigError, match=f"^{name}: .*regular expression"):
        Selection(**{name: pattern})


def test_equal_rules_are_equal():
    assert Selection(encrypted_regex="a") == Selection(encrypted_regex="a")
    assert len({Selection(), Selection(), Selection(mac_only_encrypted=True)}) == 2
    assert "_test" not in repr(Selection())


names = st.sampled_from(["a", "b_enc", "_enc", "enc", "x_enc_y", ""])


@given(st.lists(st.lists(names, max_size=4).map(tuple), max_size=12))
def test_suffix_and_anchored_regex_agree_whatever_was_asked_before(paths):
    by_suffix, by_regex = Selection(encrypted_suffix="_enc"), Selection(encrypted_regex="_enc$")
    clear_suffix, clear_regex = Selection(unencrypted_suffix="_enc"), Selection(unencrypted_regex="_enc$")
    for path in paths:
        expected = any(name.endswith("_enc") for name in path)
        assert by_suffix.selects(leaf(*path)) is by_regex.selects(leaf(*path)) is expected
        assert clear_suffix.selects(leaf(*path)) is clear_regex.selects(leaf(*path)) is not expected


def test_suffix_rules_import_no_engine():
    code = (
        "import sys; from leafseal.rules.selection import Selection; Selection(encrypted_suffix='x').selects;"
        "sys.exit('re2' in sys.modules or 'leafseal.rules.subset' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
