"""SARIF 2.1.0 within what GitHub's code scanning reads: https://docs.github.com/code-security, "SARIF support"."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from leafseal.check.findings import RULES, Finding, in_order
from leafseal.check.sarif import MOST_RESULTS, sarif
from leafseal.cli.check import DOCS

from ..docs.blocks import ROOT

NAMES = [
    "a b.yaml",
    "two\nlines.yaml",
    os.fsdecode(b"caf\xe9.yaml"),
    "c:/x",
    "100%.yaml",
    "ä/#?.yaml",
    "-x",
    "a//b",
    "~x",
]


def finding(name: str = "a.yaml", number: int = 0, rule: str = "plain-value") -> Finding:
    return Finding(rule, name, "not encrypted", (0, ("db", number)), 7, where="db.x")


def check_log(log: Any) -> list[Any]:
    """Assert all that SARIF and GitHub demand of a log, and return its results."""
    assert (log["$schema"], log["version"]) == ("https://json.schemastore.org/sarif-2.1.0.json", "2.1.0")
    assert set(log) == {"$schema", "version", "runs"}
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    assert urlsplit(driver["informationUri"]).scheme == "https"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids)) <= 25_000
    for rule in driver["rules"]:
        assert len(rule["name"]) <= 255
        for text in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[text]["text"]) <= 1024
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert len(rule["properties"]["tags"]) <= 20
        assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert isinstance(rule["properties"]["security-severity"], str)
    assert len(run["results"]) <= 25_000
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("warning", "error")
        assert 0 < len(result["message"]["text"]) <= 2000
        [location] = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", artifact["uri"])
        assert not urlsplit(artifact["uri"]).scheme
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert re.fullmatch(r"[0-9a-f]{16}:1", result["partialFingerprints"]["primaryLocationLineHash"])
    json.dumps(log, allow_nan=False).encode()
    return list(run["results"])


def test_rules_are_those_of_the_page() -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    told = re.findall(r'^\| <a id="([a-z-]+)"></a>`([a-z-]+)` \| (\w+) \|', page, re.MULTILINE)
    assert told == [(name, name, rule.severity) for name, rule in RULES.items()]
    for rule in sarif([], DOCS)["runs"][0]["tool"]["driver"]["rules"]:
        assert rule["helpUri"] == f"{DOCS}#{rule['id']}"


def test_the_address_of_the_page_is_that_of_the_project() -> None:
    assert DOCS.removesuffix("/check") in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_no_findings() -> None:
    assert check_log(sarif([], DOCS)) == []


@pytest.mark.parametrize("name", NAMES)
def test_names_are_uris_of_their_bytes(name: str) -> None:
    [result] = check_log(sarif([finding(name)], DOCS))
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote_to_bytes(uri) == os.fsencode(name)


def test_every_rule_has_results() -> None:
    assert len(check_log(sarif([finding(rule=rule) for rule in RULES], DOCS))) == len(RULES)


def test_results_beyond_the_limit_are_counted_and_errors_come_first() -> None:
    many = [finding(number=number, rule="plain-secret") for number in range(MOST_RESULTS)]
    log = sarif([*many, finding(rule="private-key")], DOCS)
    results = check_log(log)
    assert (len(results), results[0]["ruleId"]) == (MOST_RESULTS, "private-key")
    [told] = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("1 findings are left out")


def test_fingerprints_go_by_rule_file_and_place() -> None:
    one = finding()
    assert one.fingerprint == one._replace(line=99, message="other").fingerprint
    others = [finding("b.yaml"), finding(number=1), finding(rule="weaker-rule"), one._replace(place=(1, ("db", 0)))]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_the_same_place_twice_is_told_apart() -> None:
    told = in_order([finding(), finding()])
    assert [one.pointer for one in told] == ["/db/0", "/db/0 (2)"]
    assert len({one.fingerprint for one in told}) == 2


def test_text_is_on_one_line_and_bounded() -> None:
    long = finding()._replace(message="x\n\x1b[31m" * 1000)
    [result] = check_log(sarif([long], DOCS))
    assert "\x1b" not in result["message"]["text"]
    assert "\n" not in result["message"]["text"]
