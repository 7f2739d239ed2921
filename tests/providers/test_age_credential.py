"""Identities from a credential of systemd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import leafseal
from leafseal import age
from leafseal.age.scrypt import ScryptRecipient
from leafseal.keys import Ambient
from leafseal.providers.age import AgeKey, places
from leafseal.providers.age.own import own_keys
from leafseal.sops.main import run as run_as_sops
from leafseal.testing import throwaway_identity

from .contract import DATA_KEY
from .test_age import ALICE, ALICES_KEY, BOB, failure, unwrap, write

FILE = "leafseal.agekey"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that systemd makes for a service."""
    path = tmp_path / "credentials" / "app.service"
    path.mkdir(parents=True)
    return path


def test_a_credential(tmp_path: Path, folder: Path) -> None:
    write(folder / FILE, f"# public key: {ALICE.recipient}\n{ALICE.identity}\n")
    assert unwrap(tmp_path, CREDENTIALS_DIRECTORY=str(folder)) == DATA_KEY


def test_it_is_one_place_of_many(tmp_path: Path, folder: Path) -> None:
    write(folder / FILE, BOB.identity)
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    assert unwrap(tmp_path, **environ, SOPS_AGE_KEY=ALICE.identity) == DATA_KEY
    write(tmp_path / ".config" / "sops" / "age" / "keys.txt", ALICE.identity)
    assert unwrap(tmp_path, **environ) == DATA_KEY


def test_under_a_passphrase(tmp_path: Path, folder: Path) -> None:
    write(folder / FILE, age.encrypt(ALICE.identity.encode(), [ScryptRecipient("horse", 2)], armor=True))
    assert unwrap(tmp_path, lambda question: "horse", CREDENTIALS_DIRECTORY=str(folder)) == DATA_KEY


def test_only_the_credential_of_that_name_is_read(tmp_path: Path, folder: Path) -> None:
    write(folder / "db.agekey", ALICE.identity)
    error = failure(tmp_path, CREDENTIALS_DIRECTORY=str(folder))
    assert f"SOPS_AGE_KEY_FILE, CREDENTIALS_DIRECTORY ({folder}/{FILE}), SOPS_AGE_KEY_CMD" in str(error)
    assert "CREDENTIALS_DIRECTORY" not in str(failure(tmp_path))
    assert "CREDENTIALS_DIRECTORY" not in str(failure(tmp_path, CREDENTIALS_DIRECTORY=""))


def test_another_identity_is_named_by_its_place(tmp_path: Path, folder: Path) -> None:
    write(folder / FILE, BOB.identity)
    error = failure(tmp_path, CREDENTIALS_DIRECTORY=str(folder))
    assert error.source == f"CREDENTIALS_DIRECTORY ({folder}/{FILE})"


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed here")
def test_a_link_is_not_followed(tmp_path: Path, folder: Path) -> None:
    (folder / FILE).symlink_to(write(tmp_path / "keys.txt", ALICE.identity))
    error = failure(tmp_path, CREDENTIALS_DIRECTORY=str(folder))
    assert f"CREDENTIALS_DIRECTORY ({folder}/{FILE}): too many levels of symbolic links" in str(error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_no_file_holds_nobody_up(tmp_path: Path, folder: Path) -> None:
    os.mkfifo(folder / FILE)
    assert "no age identity found" in str(failure(tmp_path, CREDENTIALS_DIRECTORY=str(folder)))
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    assert "is a directory" in str(failure(tmp_path, CREDENTIALS_DIRECTORY=str(folder)))


def test_a_relative_folder_is_refused(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would lead into the folder that we are in, which may be anybody's checkout."""
    write(folder / FILE, ALICE.identity)
    monkeypatch.chdir(folder.parent)
    assert "is not an absolute path" in str(failure(tmp_path, CREDENTIALS_DIRECTORY=folder.name))


def test_a_key_in_the_variable_is_not_shown(tmp_path: Path) -> None:
    error = failure(tmp_path, CREDENTIALS_DIRECTORY=BOB.identity)
    assert "contains a key" in str(error)


def test_beyond_16_mib(tmp_path: Path, folder: Path) -> None:
    with (folder / FILE).open("wb") as file:
        file.truncate(places.SIZE_LIMIT + 1)
    assert "larger than 16777216 bytes" in str(failure(tmp_path, CREDENTIALS_DIRECTORY=str(folder)))


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_nobody_is_warned_of_the_mode_that_systemd_gave(tmp_path: Path, folder: Path) -> None:
    """With a list of who may read, the mode of the file shows 0440."""
    write(folder / FILE, ALICE.identity).chmod(0o440)
    said: list[str] = []
    ambient = Ambient({"CREDENTIALS_DIRECTORY": str(folder)}, tmp_path, warn=said.append)
    assert ALICES_KEY.unwrap(AgeKey(ALICE.recipient).wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert said == []


def test_under_the_name_of_sops(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(leafseal.encrypt(b'{"a": 1}', format="json", recipients=[ALICE.recipient]))
    write(folder / FILE, ALICE.identity)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert run_as_sops(["decrypt", "--extract", '["a"]', str(file)]) == 0
    assert capfdbinary.readouterr().out == b"1"


def test_whoami_tells_it(tmp_path: Path, folder: Path) -> None:
    ambient = Ambient({"CREDENTIALS_DIRECTORY": str(folder)}, tmp_path)
    assert own_keys(ambient) == ([], [])
    me = throwaway_identity()
    held, plugin = "age1toy1q00000000000000", "AGE-PLUGIN-TOY-1WEJKXAR0WGRAEXG4"
    write(folder / FILE, f"{me.identity}\n# Recipient: {held}\n{plugin}\n")
    place = f"CREDENTIALS_DIRECTORY ({folder}/{FILE})"
    keys, troubles = own_keys(Ambient({"CREDENTIALS_DIRECTORY": str(folder)}, tmp_path))
    assert [(key.recipient, key.source, key.place, key.needs) for key in keys] == [
        (me.recipient, "credential", place, ""),
        (held, "credential", place, "age-plugin-toy"),
    ]
    assert troubles == []
    write(folder / FILE, "nothing of that kind")
    _, [trouble] = own_keys(Ambient({"CREDENTIALS_DIRECTORY": str(folder)}, tmp_path))
    assert trouble.place == place
