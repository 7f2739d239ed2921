"""Findings that were there before: a file in which each is named by rule, file and place, so that people can read it.

It holds no value, and no digest of one. What decides is what can be read in it; no fingerprint stands beside that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from leafseal.check.findings import Finding
from leafseal.errors import FormatError

VERSION = 1
_KIND = "leafseal check baseline"

Known = tuple[str, str, str]
"""Rule, file and pointer of a finding."""


def uri_of(name: str) -> str:
    """Return a file name as a relative URI, its bytes percent-encoded where they are no plain characters."""
    return quote_from_bytes(name.encode("utf-8", "surrogateescape"), safe="/~")


def _known(finding: Finding) -> Known:
    return finding.rule, finding.file, finding.pointer


class Split(NamedTuple):
    """Findings that are new, how many are old, and how many of the old ones are gone."""

    new: list[Finding]
    old: int
    gone: int


def split(findings: Sequence[Finding], known: set[Known]) -> Split:
    """Tell new findings from those of a baseline."""
    new = [one for one in findings if _known(one) not in known]
    return Split(new, len(findings) - len(new), len(known - set(map(_known, findings))))


def to_bytes(findings: Iterable[Finding]) -> bytes:
    """Return the baseline of findings: one on each line, sorted, so that Git merges and shows it well."""
    lines = [
        json.dumps({"rule": rule, "uri": uri_of(file), "place": pointer})
        for rule, file, pointer in sorted(set(map(_known, findings)), key=lambda one: (uri_of(one[1]), one[0], one[2]))
    ]
    body = ",\n".join(f"    {line}" for line in lines)
    listed = f"[\n{body}\n  ]" if lines else "[]"
    return f'{{\n  "kind": "{_KIND}",\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'.encode()


def parse(data: bytes) -> set[Known]:
    """Read a baseline. Raises `FormatError` for anything else."""
    try:
        told = json.loads(data)
        if told["kind"] != _KIND or told["version"] != VERSION:
            raise FormatError(f"not a baseline of version {VERSION}", hint=_HINT)
        return {
            (str(one["rule"]), unquote_to_bytes(one["uri"]).decode("utf-8", "surrogateescape"), str(one["place"]))
            for one in told["findings"]
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise FormatError("not a baseline of leafseal check", hint=_HINT) from None


_HINT = "write it again with --write-baseline"
