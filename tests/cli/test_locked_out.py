"""What is said where no key opens a file: in three lines, each cause once, and once for many files."""

from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run


@pytest.fixture
def other() -> ThrowawayIdentity:
    return throwaway_identity()


def short(one: ThrowawayIdentity) -> str:
    return one.recipient[:12] + "…"


def test_your_key_and_those_who_can_are_named(
    leafseal: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY", other.identity)
    result = leafseal("decrypt", "app.yaml")
    assert (result.code, result.out) == (128, b"")
    assert result.err.splitlines() == [
        f"leafseal: error: app.yaml: your key {short(other)} (from SOPS_AGE_KEY) can't decrypt this file; "
        f"it is encrypted for {short(me)}",
        'leafseal: hint: ask one of them to add the key that "leafseal whoami" shows, '
        'and to run "leafseal updatekeys app.yaml"',
    ]


def test_many_files_and_recipients_give_one_report(
    leafseal: Run, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number}.yaml" for number in range(9)]
    for name in names:
        (work / name).write_text("a: 1\n")
    assert leafseal("encrypt", "-i", "--age", f"{me.recipient},{throwaway_identity().recipient}", *names).code == 0
    monkeypatch.setenv("SOPS_AGE_KEY", other.identity)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "missing.txt")
    error, cause, hint = leafseal("verify", *names).err.splitlines()
    assert "0.yaml, 1.yaml, 2.yaml and 6 more: your key" in error
    assert "can't decrypt these files; they are encrypted for" in error
    assert cause == "leafseal:   SOPS_AGE_KEY_FILE: no such file or directory"
    assert "check the name of the file" in hint
    monkeypatch.delenv("SOPS_AGE_KEY_FILE")
    assert "leafseal updatekeys FILE..." in leafseal("verify", *names).err.splitlines()[1]


def test_several_keys_are_counted_among_yours(
    leafseal: Run, sealed: Path, other: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = throwaway_identity()
    monkeypatch.setenv("SOPS_AGE_KEY", f"{other.identity}\n{third.identity}")
    error = leafseal("decrypt", "app.yaml").err
    assert f"none of your keys {short(other)} (from SOPS_AGE_KEY), {short(third)} (from SOPS_AGE_KEY) can" in error


def test_without_a_key_the_places_are_listed(leafseal: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    error, cause, hint = leafseal("decrypt", "app.yaml").err.splitlines()
    assert "no key of yours can decrypt this file" in error
    assert "no keys in " in cause
    assert "SOPS_AGE_KEY_FILE" in hint
