"""Findings as annotations of a GitHub job: lines on standard output that its runner takes for commands.

The runner shows ten errors and ten warnings of a step; what is beyond that is counted in a notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leafseal.check.findings import ERROR, RULES, WARNING, Finding
from leafseal.display import counted, escape_line, without_keys

MOST = 10
"""Of each severity, in one step."""


def annotated(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines, errors first."""
    left_out = 0
    for severity in (ERROR, WARNING):
        found = [one for one in findings if one.severity == severity]
        left_out += max(0, len(found) - MOST)
        for one in found[:MOST]:
            yield _line(one)
    if left_out:
        yield f"::notice title=leafseal check::{counted(left_out, 'more finding')}, in the log of this step"


def _line(finding: Finding) -> str:
    properties = {"file": _plain(finding.file), "title": RULES[finding.rule].name}
    if finding.line:
        properties["line"] = str(finding.line)
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    commit = f" (in commit {finding.commit[:12]})" if finding.commit else ""
    return f"::{finding.severity} {told}::{_data(without_keys(escape_line(finding.text)) + commit)}"


def _plain(name: str) -> str:
    """Return a name without what is no text: no annotation can name such a file."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _data(text: str) -> str:
    return _no_older_command(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _no_older_command(text: str) -> str:
    # Two of these before a bracket were how commands began once: the runner still finds them anywhere in a line.
    return text.replace("##[", "#\\x23[")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
