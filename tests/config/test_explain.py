"""Which rule is for a file, and why the rules before it are not."""

from pathlib import Path

import pytest

from leafseal.config.explain import Explanation, explain
from leafseal.config.load import load_config
from leafseal.errors import ConfigError

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"


def explained(tmp_path: Path, name: str, *patterns: str) -> Explanation:
    path = tmp_path / ".sops.yaml"
    rules = "".join(f"  - path_regex: '{pattern}'\n    age: {A}\n" for pattern in patterns)
    path.write_text(f"creation_rules:\n{rules}")
    return explain(load_config(path), tmp_path / name)


def test_the_first_rule_that_matches(tmp_path: Path) -> None:
    found = explained(tmp_path, "a/x.yaml", "^b/", "^a/", "x", "")
    assert found.tested == "a/x.yaml"
    assert found.rule is not None
    assert found.rule.location == "creation_rules[1]"
    assert [passed.rule.path_regex for passed in found.passed_over] == ["^b/"]


def test_no_rule(tmp_path: Path) -> None:
    found = explained(tmp_path, "c.yaml", "^b/", "^a/")
    assert found.rule is None
    assert [(passed.rule.path_regex, passed.hint) for passed in found.passed_over] == [("^b/", None), ("^a/", None)]


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("a/*.yaml", "not a glob"),
        (r"\./a/", 'delete "./"'),
        (r"^\./a/x", 'delete "./"'),
        ("^A/.*", "capital and small letters"),
        (r"x\.yml$", r"\.ya?ml$"),
    ],
)
def test_what_a_pattern_was_probably_meant_for(tmp_path: Path, pattern: str, hint: str) -> None:
    [passed] = explained(tmp_path, "a/x.yaml", pattern).passed_over
    assert passed.hint is not None
    assert hint in passed.hint


def test_of_several_rules_one_for_another_folder_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / ".sops.yaml"
    rule = f"  - path_regex: ^x\\.yaml$\n    age: {A}\n"
    for rules, hint in ((rule, "begin path_regex with (^|/)"), (rule + rule, "add a rule")):
        path.write_text(f"creation_rules:\n{rules}")
        with pytest.raises(ConfigError) as caught:
            load_config(path).rule_for(tmp_path / "a" / "x.yaml")
        assert caught.value.hint is not None
        assert hint in caught.value.hint


def test_a_pattern_for_the_absolute_path(tmp_path: Path) -> None:
    [passed] = explained(tmp_path, "a/x.yaml", f"^{tmp_path}/a").passed_over
    assert passed.hint is not None
    assert "below the configuration's folder" in passed.hint


def test_what_was_meant_is_not_asked_of_rules_without_end(tmp_path):
    config = tmp_path / ".sops.yaml"
    rules = "".join(f"- path_regex: ^A{number % 2}$\n  age: {A}\n" for number in range(102))
    config.write_text(f"creation_rules:\n{rules}")
    found = explain(load_config(config), str(tmp_path / "a0"))
    assert [one.hint is not None for one in found.passed_over] == [True, False] * 50 + [False] * 2
