"""What the runner of GitHub Actions reads is what was meant."""

from __future__ import annotations

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.errors import RefusedError
from leafseal.run import github
from leafseal.run.redact.forms import forms

from .github_runner import InvalidFileError, Log, variables_in

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(st.dictionaries(names, texts, max_size=4), st.sampled_from([b"", b"X=1\n"]))
def test_variables_arrive_as_they_are(variables: dict[str, str], before: bytes) -> None:
    written = before + github.blocks({name: text.encode() for name, text in variables.items()})
    expected = {**({"X": "1"} if before else {}), **variables}
    assert variables_in(written) == expected


def test_the_replica_refuses_what_the_runner_refuses() -> None:
    for wrong in (b"A<<E\nx\n", b"A<<E\nx", b"<<E\nE\n", b"A<<\n\n", b"words\n"):
        with pytest.raises(InvalidFileError):
            variables_in(wrong)
    assert variables_in(b"A=1\n\nB<<=\nx=<<\n=\n") == {"A": "1", "B": "x=<<"}


def test_no_value_ends_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = [b"\0" * 16, b"\1" * 16]
    monkeypatch.setattr(os, "urandom", lambda _: tries.pop(0))
    value = f"x\nleafseal_{'00' * 16}\nPATH=/evil".encode()
    assert variables_in(github.blocks({"A": value})) == {"A": value.decode()}
    assert not tries


@pytest.mark.parametrize("name", ["A=B", "A<", "A<<B", "A B", "A\nB", "", "é", "1A", "A\rB"])
def test_names_that_the_runner_reads_otherwise(name: str) -> None:
    with pytest.raises(RefusedError, match="cannot be names"):
        github.refuse_names([name], [], is_environment=False)


def test_names_of_the_runner_itself() -> None:
    for name in ("GITHUB_TOKEN", "runner_temp", "ACTIONS_RUNTIME_TOKEN", "INPUT_FILE", "CI"):
        with pytest.raises(RefusedError, match="the runner and its actions read these themselves"):
            github.refuse_names([name], [], is_environment=True)
        github.refuse_names([name], [name], is_environment=True)
        github.refuse_names([name], [], is_environment=False)
    with pytest.raises(RefusedError, match="does not set Node_Options"):
        github.refuse_names(["Node_Options"], ["Node_Options"], is_environment=True)


def hidden(value: str, least: int = github.LEAST) -> Log:
    log = Log()
    log.read(github.mask_lines(github.masks(forms(value.encode(), least), (), least)))
    assert not log.warnings
    assert not log.lines
    return log


def test_a_value_is_hidden_in_all_its_forms() -> None:
    log = hidden("hunter2%0A:: é")
    for text in (b"hunter2%0A:: \xc3\xa9".decode(), base64.b64encode(b"a:hunter2%0A:: \xc3\xa9:b").decode()):
        assert "hunter2" not in log.masked(text)
        assert "***" in log.masked(text)
    assert "***" in log.masked("hunter2%0A:: é".encode().hex())


def test_lines_are_hidden_and_short_ones_are_not() -> None:
    value = json.dumps({"user": "shop", "password": "correct horse"}, indent=2)
    log = hidden(value)
    assert log.masked("{ } [] {}") == "{ } [] {}"
    assert "correct horse" not in log.masked('  "password": "correct horse"')
    assert "horse" not in log.masked(json.dumps(value))
    pem = hidden("-----BEGIN KEY-----\r\nabcdefgh\r\nxy==\r\n-----END KEY-----\r\n")
    assert [pem.masked(line) for line in ("abcdefgh", "xy==", "y")] == ["***", "***", "y"]


@given(texts, st.integers(1, 8))
def test_nothing_shorter_than_the_minimum_is_hidden(value: str, least: int) -> None:
    assert [text for text in hidden(value, least).hidden if len(text.strip()) < least] == []


@pytest.mark.parametrize("value", ["abc", "true", "production", "a\u00a0\u00a0\u00a0", " \t ", ""])
def test_what_would_hide_too_much_is_not_sent(value: str) -> None:
    log = hidden(value)
    assert log.masked(f"x {value} y") == f"x {value} y"
