"""Which rules say that their files must be encrypted, and which only how."""

from __future__ import annotations

import pytest

from leafseal.config.demands import demands, is_exempt
from leafseal.config.load import parse_config
from leafseal.config.patterns import Patterns
from leafseal.testing import throwaway_identity

ME = throwaway_identity().recipient


def is_demanding(pattern: str, keys: str = f"age: {ME}") -> bool:
    config = parse_config(f"creation_rules:\n  - path_regex: '{pattern}'\n    {keys}\n".encode(), "/x/.sops.yaml")
    assert config.rules is not None
    return demands(config.rules[0], Patterns())


@pytest.mark.parametrize(
    "pattern",
    [
        "^secrets/", "secrets/.*", r"\.enc\.yaml$", r"\.sops\.ya?ml$", r"\.env$", r"(^|/)secrets\.yaml$", "^prod/.*",
        r"secret[^/]*\.(yaml|json)$", r".*\.enc(\.|$)", "credentials",
    ],
)  # fmt: skip
def test_patterns_for_some_files(pattern: str) -> None:
    assert is_demanding(pattern)


@pytest.mark.parametrize(
    "pattern", ["", ".*", ".", r"\.yaml$", r".*\.ya?ml", r"\.(yaml|env)$", r"^.*\.json$", r"[^/]+\.yml$", "^[^s]"]
)
def test_patterns_for_all_files_or_all_of_a_kind(pattern: str) -> None:
    assert not is_demanding(pattern)


def test_a_rule_that_names_nobody_demands_nothing() -> None:
    assert not is_demanding("^secrets/", "encrypted_regex: x")


@pytest.mark.parametrize("name", [".sops.yaml", "secrets/.gitattributes", "a/.gitkeep"])
def test_files_that_are_read_as_they_are(name: str) -> None:
    assert is_exempt(name)
    assert not is_exempt(f"{name}x")


def test_credentials_of_git_are_none_of_these() -> None:
    assert not is_exempt("secrets/.git-credentials")
