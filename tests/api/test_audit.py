"""The audit trail, as the functions of the library write it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import leafseal
from leafseal import SealedFile
from leafseal.api import functions, sealed_file
from leafseal.api.auditing import ACTIONS
from leafseal.errors import AuditError, DataKeyError, MissingFileError
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..audit_log import Trail, told

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths of logs are those of POSIX")

ME = throwaway_identity()
PLAIN = b"password: hunter2\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    path = tmp_path / "app.yaml"
    path.write_bytes(leafseal.encrypt(PLAIN, format="yaml", recipients=[ME.recipient]))
    return path


@pytest.fixture
def trail(file: Path, tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def save(path: Path) -> None:
    with SealedFile.open(path) as opened:
        opened["password"] = "new"
        opened.save()


CALLS: dict[str, Callable[[Path], object]] = {
    "load": leafseal.load,
    "loads": lambda path: leafseal.loads(path.read_bytes(), format="yaml"),
    "decrypt": lambda path: leafseal.decrypt(path.read_bytes(), format="yaml"),
    "open_many": lambda path: leafseal.open_many([path]),
    "SealedFile.open": SealedFile.open,
    "encrypt": lambda path: leafseal.encrypt(PLAIN, format="yaml", recipients=[ME.recipient]),
    "SealedFile.save": save,
}
"""A call of each function that reports."""

READS_WHAT_IS_OPEN = {
    "SealedFile.format", "SealedFile.recipients", "SealedFile.values", "SealedFile.documents", "SealedFile.get",
    "SealedFile.set", "SealedFile.unset", "SealedFile.__bytes__", "SealedFile.plaintext",
}  # fmt: skip


def test_every_function_of_the_library_is_known() -> None:
    bordered = set()
    for module in (functions, sealed_file):
        lines = inspect.getsource(module).splitlines()
        names = [
            next(line for line in lines[at:] if "def " in line) for at, line in enumerate(lines) if "@border" in line
        ]
        inside = "SealedFile." if module is sealed_file else ""
        bordered |= {inside + line.split("def ")[1].partition("(")[0] for line in names}
    assert bordered == {*CALLS, *READS_WHAT_IS_OPEN}
    assert sorted(CALLS) == sorted(ACTIONS)


@pytest.mark.parametrize("name", CALLS)
def test_every_function_that_opens_or_encrypts_gives_an_event(trail: Trail, file: Path, name: str) -> None:
    CALLS[name](file)
    event = trail.take()[-1]
    assert (event["command"], event["action"], event["result"]) == (f"leafseal.{name}", ACTIONS[name], "allowed")
    has_file = name not in ("loads", "decrypt", "encrypt")
    assert event["secret"] == {"file": str(file) if has_file else None, "paths": ["*"]}
    assert event["recipient"] == [ME.recipient]


@pytest.mark.parametrize("name", CALLS)
def test_without_its_event_nothing_is_returned_or_written(trail: Trail, file: Path, name: str) -> None:
    before = file.read_bytes()
    trail.path.parent.rmdir()
    with pytest.raises(AuditError, match="the audit log cannot be written") as caught:
        CALLS[name](file)
    assert (caught.value.exit_code, file.read_bytes()) == (223, before)


def test_what_cannot_be_saved_for_the_log_is_not_saved(trail: Trail, file: Path) -> None:
    before = file.read_bytes()
    with SealedFile.open(file) as opened:
        opened["password"] = "new"
        trail.take()
        trail.path.parent.rmdir()
        with pytest.raises(AuditError):
            opened.save()
        bytes(opened)
    assert file.read_bytes() == before


def test_what_goes_wrong(trail: Trail, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingFileError):
        leafseal.load(file.parent / "none.yaml")
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    with pytest.raises(DataKeyError):
        leafseal.load(file)
    assert told(trail.take()) == [("decrypt", "missing"), ("decrypt", "denied")]


def test_other_surroundings_have_their_own_policy(trail: Trail, file: Path) -> None:
    me: ThrowawayIdentity = ME
    assert leafseal.load(file, ambient=me.ambient()) == {"password": "hunter2"}
    assert trail.take() == []
