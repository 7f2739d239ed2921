"""Hints about audit logs."""

from __future__ import annotations

from .scenario import Scenario

_FILE = "../home/config/leafseal/policy.toml"
_GET = "get app.yaml db.port"


def _policy(path: str) -> dict[str, str]:
    return {_FILE: f'[audit]\nfile = "{path}"\n'}


_ELSEWHERE = (_policy("HERE/../audit.jsonl"), _GET)

SCENARIOS = [
    Scenario(
        "system.log_file",
        "check that its folder exists, that you may write the file, and that the disk has room",
        _GET,
        ("! mkdir HERE/../logs", _GET),
        files=_policy("HERE/../logs/audit.jsonl"),
    ),
    Scenario(
        "system.log_file",
        'name another file as audit.file in the policy; "leafseal policy show" names the policy',
        _GET,
        _ELSEWHERE,
        files=_policy("HERE/../link.jsonl"),
        before=("! ln -s /nowhere HERE/../link.jsonl",),
    ),
    Scenario(
        "system.log_file",
        "chmod o-w {}",
        _GET,
        ("! chmod o-w HERE/../open.jsonl", _GET),
        files=_policy("HERE/../open.jsonl"),
        before=("! touch HERE/../open.jsonl; chmod o+w HERE/../open.jsonl",),
    ),
    Scenario(
        "audit.json_lines",
        'name a file outside of it as audit.file in the policy; "leafseal policy show" names the policy',
        _GET,
        _ELSEWHERE,
        files=_policy("HERE/audit.jsonl"),
    ),
    Scenario(
        "audit.access",
        'set LEAFSEAL_REASON to why you need the values; the leafseal commands also have --reason "TEXT"',
        _GET,
        ('get --reason "ticket 7" app.yaml db.port', "export LEAFSEAL_REASON=ticket 7", _GET),
        files={_FILE: '[audit]\nfile = "HERE/../audit.jsonl"\nrequire_reason = true\n'},
    ),
]
