"""Findings as SARIF 2.1.0, as the code scanning of GitHub reads it.

Its limits, as of 2026: 25,000 results in a run, paths relative to the root of the repository, a first line in every
location, and `primaryLocationLineHash` to tell whether a finding was there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import leafseal
from leafseal.check.baseline import uri_of
from leafseal.check.findings import ERROR, RULES, Finding
from leafseal.display import escape_line

MOST_RESULTS = 25_000
_MOST_TEXT = 1000
_SCORES = {"error": "8.0", "warning": "4.0"}


def sarif(findings: Sequence[Finding], docs: str) -> dict[str, Any]:
    """Return findings as a SARIF log, the errors first. `docs` is the address of the page about the rules.

    Those beyond the limit are left out, and a notification says how many.
    """
    ordered = sorted(findings, key=lambda one: one.severity != ERROR)
    kept = ordered[:MOST_RESULTS]
    names = list(RULES)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "leafseal",
                        "version": leafseal.__version__,
                        "semanticVersion": leafseal.__version__,
                        "informationUri": docs,
                        "rules": [_rule(name, docs) for name in names],
                    }
                },
                "automationDetails": {"id": "leafseal/check/"},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": _notifications(len(ordered) - len(kept)),
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, names.index(one.rule)) for one in kept],
            }
        ],
    }


def _rule(name: str, docs: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}."},
        "help": {"text": f"{rule.title}. {rule.advice}.", "markdown": f"{rule.title}. {rule.advice}."},
        "helpUri": f"{docs}#{name}",
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            "tags": ["security", "secrets"],
            "precision": "very-high" if rule.severity == ERROR else "medium",
            "security-severity": _SCORES[rule.severity],
            "problem.severity": rule.severity,
        },
    }


def _notifications(left_out: int) -> list[dict[str, Any]]:
    if not left_out:
        return []
    text = f"{left_out} findings are left out: a run has at most {MOST_RESULTS}."
    return [{"level": "error", "message": {"text": text}}]


def _result(finding: Finding, index: int) -> dict[str, Any]:
    commit = f" (in commit {finding.commit[:12]})" if finding.commit else ""
    text = escape_line(finding.text)
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": (text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…") + commit},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri_of(finding.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": finding.line or 1},
                }
            }
        ],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint[:16]}:1",
            "leafseal/v1": finding.fingerprint,
        },
    }
