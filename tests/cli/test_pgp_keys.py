"""Files with PGP keys, from the command line: alone, beside age keys, and in groups."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from ..providers.gpg_home import GpgHome, gpg_home, needs_gpg
from .conftest import Run

pytestmark = needs_gpg


@pytest.fixture(scope="module")
def _people() -> Iterator[tuple[GpgHome, GpgHome]]:
    with gpg_home() as alice, gpg_home() as bob:
        alice.make_key("alice")
        bob.make_key("bob")
        alice.give_public_keys(bob)
        bob.give_public_keys(alice)
        yield alice, bob


@pytest.fixture
def alice(_people: tuple[GpgHome, GpgHome], work: Path, monkeypatch: pytest.MonkeyPatch) -> GpgHome:
    """Who runs the commands, with nothing but a key ring."""
    monkeypatch.delenv("SOPS_AGE_KEY")
    monkeypatch.setenv("GNUPGHOME", str(_people[0].folder))
    return _people[0]


@pytest.fixture
def bob(_people: tuple[GpgHome, GpgHome]) -> GpgHome:
    """Somebody else."""
    return _people[1]


def fingerprint(home: GpgHome, name: str) -> str:
    return home.fingerprints(name)[0]


def configure(work: Path, *fingerprints: str) -> None:
    (work / ".sops.yaml").write_text(json.dumps({"creation_rules": [{"pgp": ",".join(fingerprints)}]}))


def named(path: Path) -> list[str]:
    return [line.strip()[4:] for line in path.read_text().splitlines() if line.strip().startswith("fp: ")]


def test_a_file_goes_round(leafseal: Run, alice: GpgHome, plain: Path) -> None:
    before = plain.read_bytes()
    configure(plain.parent, fingerprint(alice, "alice"))
    assert leafseal("encrypt", "-i", plain) == (0, b"", "")
    assert "enc: |-\n            -----BEGIN PGP MESSAGE-----\n" in plain.read_text()
    assert leafseal("decrypt", plain) == (0, before, "")
    token = plain.read_text().splitlines()[2]
    assert leafseal("set", plain, "db.port", "6").code == 0
    assert plain.read_text().splitlines()[2] == token
    assert leafseal("get", plain, "db.port").out == b"6\n"


@pytest.mark.parametrize("name", ["x.json", "x.env", "x.ini", "x.bin"])
def test_other_formats(leafseal: Run, alice: GpgHome, work: Path, name: str) -> None:
    content = {"json": b'{"a": "b"}\n', "env": b"A=b\n", "ini": b"[a]\nb = c\n", "bin": b"\x00\xff"}
    path = work / name
    path.write_bytes(content[path.suffix[1:]])
    assert leafseal("encrypt", "-i", "--pgp", fingerprint(alice, "alice"), path) == (0, b"", "")
    assert leafseal("decrypt", path) == (0, content[path.suffix[1:]], "")


def test_a_file_shows_its_keys(leafseal: Run, alice: GpgHome, plain: Path) -> None:
    key = fingerprint(alice, "alice")
    assert leafseal("encrypt", "-i", "--pgp", f"{key[:8]} {key[8:]}", plain).code == 0
    assert f"  recipients:\n    pgp {key}\n" in leafseal("inspect", plain).out.decode()
    [shown] = json.loads(leafseal("inspect", "--json", plain).out)["files"]
    assert shown["recipients"] == [{"kind": "pgp", "key": key, "name": None, "group": 0}]


def test_recipients_come_and_go(
    leafseal: Run, alice: GpgHome, bob: GpgHome, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [fingerprint(alice, "alice"), fingerprint(alice, "bob")]
    before = plain.read_bytes()
    configure(plain.parent, keys[0])
    assert leafseal("encrypt", "-i", plain).code == 0
    configure(plain.parent, *keys)
    assert leafseal("updatekeys", "-y", plain).code == 0
    assert named(plain) == keys
    enc = plain.read_text().split("-----BEGIN PGP MESSAGE-----")
    assert leafseal("rotate", "-i", plain).code == 0
    assert named(plain) == keys
    assert not set(plain.read_text().split("-----BEGIN PGP MESSAGE-----")[1:]) & set(enc)
    monkeypatch.setenv("GNUPGHOME", str(bob.folder))
    assert leafseal("decrypt", plain).out == before
    monkeypatch.setenv("GNUPGHOME", str(alice.folder))
    configure(plain.parent, keys[0])
    assert leafseal("rotate", "-i", "--rm-pgp", keys[1], plain).code == 0
    assert named(plain) == keys[:1]
    monkeypatch.setenv("GNUPGHOME", str(bob.folder))
    refused = leafseal("decrypt", plain)
    assert refused.code == 128
    assert "is not in GNUPGHOME" in refused.err


def test_beside_age_either_will_do(
    leafseal: Run, alice: GpgHome, plain: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plain.read_bytes()
    options = ("--age", me.recipient, "--pgp", fingerprint(alice, "alice"))
    assert leafseal("encrypt", "-i", *options, plain).code == 0
    assert leafseal("decrypt", plain) == (0, before, "")
    monkeypatch.setenv("GNUPGHOME", "/none")
    assert leafseal("decrypt", plain).code == 128
    monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
    assert leafseal("decrypt", plain) == (0, before, "")


def test_in_groups_both_are_needed(
    leafseal: Run, alice: GpgHome, plain: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plain.read_bytes()
    groups = [{"age": [me.recipient]}, {"pgp": [fingerprint(alice, "bob"), fingerprint(alice, "alice")]}]
    rule = {"key_groups": groups, "shamir_threshold": 2}
    (plain.parent / ".sops.yaml").write_text(json.dumps({"creation_rules": [rule]}))
    assert leafseal("encrypt", "-i", plain).code == 0
    refused = leafseal("decrypt", plain)
    assert refused.code == 128
    assert "1 of 2 key groups decrypted, 2 are needed" in refused.err
    monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
    assert leafseal("decrypt", plain) == (0, before, "")


STAND_IN = """\
#!/bin/sh
case "$*" in *--list-keys*) echo "pub:-:255:22:{id}:1:::-:::scE:"; echo "fpr:::::::::{fp}:"; exit ;; esac
{does}
"""


@pytest.mark.parametrize("does", ["exit 2", "echo garbage", "kill -9 $$", "sleep 60", "exec yes"])
@pytest.mark.parametrize("command", ["updatekeys", "rotate", "set", "unset"])
def test_a_gpg_that_fails_leaves_the_file_as_it_was(
    leafseal: Run, alice: GpgHome, plain: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch,
    does: str, command: str,
) -> None:  # fmt: skip
    key = fingerprint(alice, "alice")
    assert leafseal("encrypt", "-i", "--pgp", key, plain).code == 0
    if command in ("updatekeys", "rotate"):  # opened by another key, it is wrapping that fails
        assert leafseal("rotate", "-i", "--add-age", me.recipient, "--accept-recipients", plain).code == 0
        monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
        configure(plain.parent, key, fingerprint(alice, "bob"))
    before = {path: path.read_bytes() for path in plain.parent.iterdir() if path.is_file()}
    program = plain.parent.parent / "stand-in"
    program.write_text(STAND_IN.format(id=key[-16:], fp=key, does=does))
    program.chmod(0o700)
    monkeypatch.setenv("SOPS_GPG_EXEC", str(program))
    monkeypatch.setenv("LEAFSEAL_GPG_TIMEOUT", "0.2")
    arguments = {
        "updatekeys": ("-y", plain),
        "rotate": ("-i", "--accept-recipients", plain),
        "set": (plain, "db.port", "6"),
        "unset": (plain, "db.port"),
    }
    result = leafseal(command, *arguments[command])
    assert result.code in (1, 128)
    assert f"pgp {key}" in result.err
    assert {path: path.read_bytes() for path in plain.parent.iterdir() if path.is_file()} == before
