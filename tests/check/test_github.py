"""Annotations of a GitHub job: nothing in a name or message ends one early or begins another."""

from __future__ import annotations

import os

import pytest

from leafseal.check.findings import Finding
from leafseal.check.github import MOST, annotated


def finding(
    name: str = "a.yaml", *, rule: str = "plain-value", message: str = "not encrypted", line: int = 3
) -> Finding:
    return Finding(rule, name, message, line=line)


def test_an_annotation() -> None:
    assert list(annotated([finding()])) == ["::error file=a.yaml,title=plain-value,line=3::not encrypted"]
    assert list(annotated([finding(rule="plain-secret", line=0)])) == [
        "::warning file=a.yaml,title=plain-secret::not encrypted"
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a,b.yaml", "a%2Cb.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("100%.yaml", "100%25.yaml"),
        ("two\nlines\r.yaml", "two%0Alines%0D.yaml"),
        ("::error::x", "%3A%3Aerror%3A%3Ax"),
        (os.fsdecode(b"caf\xe9"), "caf\ufffd"),
    ],
)
def test_names(name: str, shown: str) -> None:
    [line] = annotated([finding(name)])
    assert line == f"::error file={shown},title=plain-value,line=3::not encrypted"


def test_messages() -> None:
    [line] = annotated([finding(message="50%\n::add-mask::x ##[error]y AGE-SECRET-KEY-1" + "Q" * 58)])
    assert line.endswith("::50%25\\n::add-mask::x #\\x23[error]y (private key)")


def test_no_more_than_the_runner_shows() -> None:
    errors = [finding(f"{number}.yaml") for number in range(MOST + 3)]
    lines = list(annotated([finding(rule="plain-secret"), *errors]))
    assert [line.split(" ")[0] for line in lines] == ["::error"] * MOST + ["::warning", "::notice"]
    assert lines[-1] == "::notice title=leafseal check::3 more findings, in the log of this step"
