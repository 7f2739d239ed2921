"""What is said of globs, dots and dashes in rules, and of texts that are no recipients; never the text itself."""

import pytest

from leafseal.config.load import load_config
from leafseal.config.mistakes import regex_of
from leafseal.errors import ConfigError
from leafseal.providers.age.mistakes import recipient_hint
from leafseal.rules.pattern import compile_pattern

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"


@pytest.mark.parametrize(
    ("glob", "path", "other"),
    [
        ("*.yaml", "d/x.yaml", "x.yamlx"),
        ("d/*.yaml", "d/x.yaml", "dd/x.yaml"),
        ("**/secrets/?.json", "a/secrets/x.json", "a/secrets/xjson"),
        ("a+b (1)/*", "a+b (1)/x", "aab 1/x"),
    ],
)
def test_a_glob_becomes_an_expression_that_matches_what_it_meant(glob: str, path: str, other: str) -> None:
    matches = compile_pattern(regex_of(glob))
    assert matches(path)
    assert not matches(other)


def test_every_fault_keeps_its_hint(tmp_path) -> None:
    path = tmp_path / ".sops.yaml"
    path.write_text(f"creation_rules:\n  - path_regex: '*.yaml'\n    age: {A}\n  - age: ~/.ssh/id_ed25519.pub\n")
    with pytest.raises(ConfigError, match="2 faults") as caught:
        load_config(path)
    hints = [caught.value.hints[fault] for fault in caught.value.faults]
    assert "not a glob" in hints[0]
    assert "path" in hints[1]


def test_a_rule_without_keys_is_named_with_its_line(tmp_path) -> None:
    path = tmp_path / ".sops.yaml"
    path.write_text(f"creation_rules:\n  - encrypted_regex: a\n  - age: {A}\n")
    with pytest.raises(ConfigError, match=r"creation_rules\[0\] \(line 2\) matches f\.yaml and names no") as caught:
        load_config(path).rule_with_keys(tmp_path / "f.yaml")
    assert caught.value.hint is not None
    assert "line 3" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["hunter2", "~/hunter2", "'hunter2", "AGE-SECRET-KEY-1HUNTER2", "age1hunter2 # hunter2"]
)
def test_a_hint_does_not_repeat_what_was_given(text: str) -> None:
    assert "hunter2" not in recipient_hint(text).lower()
