"""Files with encrypted values and no metadata: they are damaged, and nobody is told to encrypt them once more."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import leafseal as library
from leafseal.errors import AlreadyEncryptedError, NotEncryptedError
from leafseal.formats import format_of
from leafseal.sops.main import run as run_sops

from ..whole_files import AMBIENT, ME, seal
from .conftest import Run

PLAIN = {
    "file.yaml": b"db:\n  password: s3cr3t\n",
    "file.json": b'{"db": {"password": "s3cr3t"}}\n',
    "file.env": b"PASSWORD=s3cr3t\n",
    "file.ini": b"[db]\npassword = s3cr3t\n",
}
NAMES = tuple(PLAIN)


@pytest.fixture
def here(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {ME.recipient}\n")
    monkeypatch.chdir(work)
    return work


def sealed(name: str) -> bytes:
    return seal(PLAIN[name], format_of(name))


def without_metadata(name: str) -> bytes:
    """Return an encrypted file whose metadata was lost, such as in a merge."""
    text = sealed(name).decode()
    if name.endswith(".json"):
        return (re.sub(r'\},\s*"sops".*', "}", text, flags=re.DOTALL) + "}\n").encode()
    start = re.search(r"^\n?(sops:|sops_|\[sops\])", text, re.MULTILINE)
    assert start is not None
    return text[: start.start()].encode()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "command", [["decrypt"], ["verify"], ["get", "-n"], ["set"], ["rotate"], ["updatekeys"], ["edit"]]
)
def test_what_lost_its_metadata_is_damaged(leafseal: Run, here: Path, name: str, command: list[str]) -> None:
    lost = without_metadata(name)
    (here / name).write_bytes(lost)
    more = {"get": ["db"], "set": ["db", "x"]}.get(command[0], [])
    result = leafseal(*command, name, *more)
    assert result.code != 0
    assert "damaged" in result.err
    assert "not encrypted" not in result.err
    assert "leafseal encrypt" not in result.err
    assert (here / name).read_bytes() == lost


@pytest.mark.parametrize("name", NAMES)
def test_under_the_name_of_sops_too(here: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    (here / name).write_bytes(without_metadata(name))
    assert run_sops(["-d", name]) == 1
    err = capfd.readouterr().err
    assert err.startswith("sops metadata not found")  # which programs look for
    assert "encrypt -i" not in err


def test_the_hint_on_lost_metadata_helps(leafseal: Run, here: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("no git")
    shutil.rmtree(here / ".git", ignore_errors=True)
    name = "file.yaml"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(here)]
    subprocess.run([*git, "init", "-q"], check=True)
    for text in (sealed(name), without_metadata(name)):
        (here / name).write_bytes(text)
        subprocess.run([*git, "add", name], check=True)
        subprocess.run([*git, "commit", "-qm", "x"], check=True)
    hint = leafseal("decrypt", name).err
    shown = re.search(r'"git (log -p) \S+"', hint)
    assert shown is not None
    log = subprocess.run([*git, *shown[1].split(), name], check=True, capture_output=True, text=True).stdout
    _, earlier = re.findall(r"^commit (\w+)", log, re.MULTILINE)
    assert "-sops:" in log
    subprocess.run([*git, "checkout", "-q", earlier, "--", name], check=True)
    assert leafseal("decrypt", name).out == PLAIN[name]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_not_encrypted_a_second_time(leafseal: Run, here: Path, name: str) -> None:
    lost = without_metadata(name)
    (here / name).write_bytes(lost)
    result = leafseal("encrypt", "-i", name)
    assert result.code == 203
    assert "encrypted already" in result.err
    assert (here / name).read_bytes() == lost
    option = re.search(r"add (--[a-z-]+)", result.err)  # what the hint says
    assert option is not None
    assert leafseal("encrypt", "-i", option[1], name).code == 0
    assert leafseal("decrypt", name).out == lost


@pytest.mark.parametrize("name", NAMES)
def test_nor_is_an_encrypted_file_under_another_name(leafseal: Run, here: Path, name: str) -> None:
    other = "secrets.enc"
    (here / other).write_bytes(sealed(name))
    result = leafseal("encrypt", "-i", other)
    assert result.code == 203
    assert (here / other).read_bytes().count(b"ENC[") > 1
    assert leafseal("encrypt", "-i", "--allow-tokens", other).code == 0


@pytest.mark.parametrize("words", [["encrypt", "-i"], ["-e"]])
def test_sops_refuses_an_encrypted_binary_file(here: Path, words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    once = seal(b"\0\xff", "binary")
    (here / "key.pem").write_bytes(once)
    assert run_sops([*words, "key.pem"]) == 203
    assert (here / "key.pem").read_bytes() == once
    assert not capfd.readouterr().out


def test_an_encrypted_binary_file_is_refused(leafseal: Run, here: Path) -> None:
    name = "key.pem"
    once = seal(b"\0\xff", "binary")
    (here / name).write_bytes(once)
    assert leafseal("encrypt", "-i", name).code == 203
    assert leafseal("encrypt", name).code == 203
    assert (here / name).read_bytes() == once
    assert leafseal("encrypt", "-i", "--allow-tokens", name).code == 0
    assert leafseal("decrypt", "-i", name).code == 0
    assert (here / name).read_bytes() == once


def test_sops_encrypts_text_with_tokens_as_ever(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lost = without_metadata("file.yaml")
    (here / "file.yaml").write_bytes(lost)
    assert run_sops(["-e", "-i", "file.yaml"]) == 0
    capfd.readouterr()
    assert run_sops(["-d", "file.yaml"]) == 0
    assert capfd.readouterr().out.encode() == lost


def test_the_library_does_the_same() -> None:
    lost = without_metadata("file.yaml")
    with pytest.raises(AlreadyEncryptedError):
        library.encrypt(lost, format="yaml", recipients=[ME.recipient])
    again = library.encrypt(lost, format="yaml", recipients=[ME.recipient], allow_tokens=True)
    assert library.decrypt(again, format="yaml", ambient=AMBIENT) == lost
    with pytest.raises(NotEncryptedError, match="damaged"):
        library.loads(lost, format="yaml", ambient=AMBIENT)


@pytest.mark.parametrize(
    "text", [b"a: ENC[AES256_GCM\n", b"a: 'ENC[AES256_GCM,data:'\n", b"note: write ENC[...] here\n"]
)
def test_what_only_speaks_of_tokens_is_encrypted(text: bytes) -> None:
    assert library.encrypt(text, format="yaml", recipients=[ME.recipient])
