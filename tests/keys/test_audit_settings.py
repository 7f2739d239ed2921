"""The section `[audit]` of a policy."""

from __future__ import annotations

import pytest

from leafseal.errors import ConfigError
from leafseal.keys.audit_settings import DEFAULT_KEEP, DEFAULT_MAX_BYTES, Log
from leafseal.keys.policy import Policy, parse_policy


def parse(text: str) -> Policy:
    return parse_policy(f"[audit]\n{text}".encode(), "policy.toml")


def test_a_log_is_required_unless_the_policy_says_otherwise() -> None:
    assert parse('file = "/log"').audit == (Log("file", "/log", True, DEFAULT_MAX_BYTES, DEFAULT_KEEP),)
    assert not parse('file = "/log"\nrequired = false').audit[0].required


def test_every_kind_of_log() -> None:
    text = 'file = "/log"\nsyslog = "/dev/log"\njournald = "/run/s"\npostgres = "host=db"\nmax_size = "4K"\nkeep = 2'
    assert [(log.kind, log.target, log.max_bytes, log.keep) for log in parse(text).audit] == [
        ("file", "/log", 4096, 2),
        ("syslog", "/dev/log", 4096, 2),
        ("journald", "/run/s", 4096, 2),
        ("postgres", "host=db", 4096, 2),
    ]


def test_logs_of_both_policies_count() -> None:
    one, other = parse('file = "/one"\nrequired = false'), parse('file = "/two"\nrequire_reason = true')
    for both in (one.and_also(other), other.and_also(one)):
        assert {(log.target, log.required) for log in both.audit} == {("/one", False), ("/two", True)}
        assert both.require_reason
    assert len(one.and_also(one).audit) == 1


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "audit", "names no log"),
        ("require_reason = true", "audit", "names no log"),
        ('file = "audit.jsonl"', "audit.file", "not an absolute path"),
        ('file = "/logs/"', "audit.file", "not an absolute path"),
        ("file = 1", "audit.file", "not text"),
        (f'syslog = "/{"x" * 120}"', "audit.syslog", "too long for a socket"),
        ('postgres = " "', "audit.postgres", "not a connection string"),
        ('file = "/log"\nmax_size = "1K"', "audit.max_size", "not a size"),
        ('file = "/log"\nmax_size = 10', "audit.max_size", "not a size"),
        ('file = "/log"\nkeep = 0', "audit.keep", "not a whole number"),
        ('file = "/log"\nrequired = "no"', "audit.required", "neither true nor false"),
        ('file = "/log"\nfiles = "/log"', "audit.files", "unknown key: did you mean file?"),
    ],
)
def test_what_is_wrong_is_named(text: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert [(where, message in what) for where, what in caught.value.faults] == [(place, True)]


def test_a_section_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"audit: not a section \[audit\]"):
        parse_policy(b"audit = true\n", "policy.toml")


def test_a_password_is_not_shown() -> None:
    [log] = parse('postgres = "host=db password=s3cret"').audit
    assert "s3cret" not in repr(log) + str(log) + log.shown
