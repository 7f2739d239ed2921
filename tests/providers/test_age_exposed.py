"""A private key that others may read is warned of, once, and nowhere that a passphrase or a folder keeps them away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal import age
from leafseal.age.scrypt import ScryptRecipient
from leafseal.keys import Ambient
from leafseal.providers.age import AgeKey, exposed
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
PART = bytes(32)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


@pytest.fixture
def everybody_enters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file in a folder whose way down from the root is open, as far as `exposed` sees."""
    above = set(tmp_path.resolve().parents)

    def stat(path: str) -> os.stat_result:
        status = os.stat(path)
        return os.stat_result((0o040755, *status[1:])) if Path(path) in above else status

    monkeypatch.setattr(exposed, "_status", stat)
    tmp_path.chmod(0o755)
    return tmp_path


def keys(folder: Path, mode: int, content: bytes = f"{ME.identity}\n".encode()) -> Path:
    path = folder / "keys.txt"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def warnings(path: Path, variable: str = "SOPS_AGE_KEY_FILE") -> list[str]:
    said: list[str] = []
    ambient = Ambient({variable: str(path)}, path.parent, warn=said.append)
    key = AgeKey(ME.recipient)
    wrapped = key.wrap(PART, ambient)
    for _ in range(2):
        assert key.unwrap(wrapped, ambient) == PART
    return said


def test_once_for_a_file(everybody_enters: Path) -> None:
    path = keys(everybody_enters, 0o644)
    assert warnings(path) == [
        f'{path}: everybody on this machine can read your private key; to keep it to yourself, run "chmod 600 {path}"'
    ]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o711, 0o622])
def test_not_where_nobody_else_reads(everybody_enters: Path, mode: int) -> None:
    assert warnings(keys(everybody_enters, mode)) == []


def test_not_in_a_folder_that_nobody_else_enters(everybody_enters: Path) -> None:
    path = keys(everybody_enters, 0o644)
    everybody_enters.chmod(0o700)
    assert warnings(path) == []


def test_not_under_a_passphrase(everybody_enters: Path) -> None:
    content = age.encrypt(ME.identity.encode(), [ScryptRecipient("horse", 2)])
    assert exposed.exposure("f", os.stat(keys(everybody_enters, 0o644, content)), content) is None


def test_a_group_is_named_and_that_of_the_user_alone_is_not(
    everybody_enters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keys(everybody_enters, 0o640)
    monkeypatch.setattr(exposed, "_group", lambda number: f"group {number}")
    assert f"group {path.stat().st_gid} can read" in warnings(path)[0]
    monkeypatch.setattr(exposed, "_group", lambda number: None)
    assert warnings(path) == []


def test_a_folder_in_which_others_put_another_file_in_its_place(everybody_enters: Path) -> None:
    path = keys(everybody_enters, 0o600)
    everybody_enters.chmod(0o777)
    assert warnings(path) == [
        f"{path}: everybody on this machine can replace your private key; to prevent that, "
        f'run "chmod go-w {everybody_enters}"'
    ]
    everybody_enters.chmod(0o1777)
    assert warnings(path) == []


def test_the_folder_that_a_link_leads_to_counts(everybody_enters: Path) -> None:
    folder = everybody_enters / "shared"
    folder.mkdir()
    link = everybody_enters / "link.txt"
    link.symlink_to(keys(folder, 0o600))
    assert warnings(link) == []
    folder.chmod(0o777)
    assert "everybody on this machine can replace" in warnings(link)[0]


def test_nobody_is_warned_who_did_not_ask_to_be(everybody_enters: Path) -> None:
    ambient = Ambient({"SOPS_AGE_KEY_FILE": str(keys(everybody_enters, 0o644))}, everybody_enters)
    key = AgeKey(ME.recipient)
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART
