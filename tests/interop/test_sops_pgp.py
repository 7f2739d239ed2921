"""Files with PGP keys go both ways between us and the `sops` program, where it is on PATH."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.keys import MasterKey
from leafseal.keys.groups import KeyGroup
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..opening import open_sealed
from ..providers.gpg_home import GpgHome, gpg_home, needs_gpg
from .test_sops import program

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH"),
    needs_gpg,
]

FILES = {
    "yaml": ("x.yaml", b"a: b\nlist:\n    - 1\n    - true\n"),
    "json": ("x.json", b'{\n\t"a": "b"\n}\n'),
    "dotenv": ("x.env", b"A=b\nC=d\n"),
    "ini": ("x.ini", b"[s]\na = b\n"),
    "binary": ("x.bin", b"\x00\xff\n"),
}
ME = throwaway_identity()


@pytest.fixture(scope="module")
def alice() -> Iterator[GpgHome]:
    with gpg_home() as home:
        home.make_key("alice")
        home.make_key("other")
        yield home


class Sops:
    """The program, with Alice's key ring, and with an age identity where one is given."""

    def __init__(self, folder: Path, home: GpgHome) -> None:
        self.folder = folder
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **home.environ}

    def run(self, *arguments: str, data: bytes = b"", me: ThrowawayIdentity | None = None) -> bytes:
        found = program()
        assert found is not None
        environ = {**self.environ, "SOPS_AGE_KEY": me.identity} if me else self.environ
        done = subprocess.run(
            [found, *arguments], input=data, capture_output=True, env=environ, cwd=self.folder, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def configure(self, **rule: object) -> None:
        (self.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [rule]}))


@pytest.fixture
def sops(tmp_path: Path, alice: GpgHome) -> Sops:
    return Sops(tmp_path, alice)


def seal(data: bytes, format_name: str, alice: GpgHome, *groups: list[MasterKey]) -> bytes:
    return encrypt(data, format_name, groups, 0, Selection(), alice.ambient()).data


@pytest.mark.parametrize("format_name", FILES)
def test_what_sops_wrote_opens(sops: Sops, alice: GpgHome, format_name: str) -> None:
    name, data = FILES[format_name]
    fingerprint = alice.fingerprints("alice")[0]
    sealed = sops.run("encrypt", "--pgp", fingerprint, "--filename-override", name, data=data)
    opened = open_sealed(sealed, format_name, alice.ambient())
    assert opened.plaintext() == data
    [[wrapped]] = opened.metadata.groups
    assert (wrapped.master_key.kind, str(wrapped.master_key)) == ("pgp", fingerprint)
    assert wrapped.enc.endswith("-----END PGP MESSAGE-----")


@pytest.mark.parametrize("format_name", FILES)
def test_what_we_wrote_sops_opens(sops: Sops, alice: GpgHome, format_name: str) -> None:
    name, data = FILES[format_name]
    sealed = seal(data, format_name, alice, parse_recipients("pgp", alice.fingerprints("alice")[0]))
    assert sops.run("decrypt", "--filename-override", name, data=sealed) == data


def test_what_sops_rewrote_still_opens(sops: Sops, alice: GpgHome) -> None:
    path = sops.folder / "x.yaml"
    path.write_bytes(seal(b"a: b\n", "yaml", alice, parse_recipients("pgp", alice.fingerprints("alice")[0])))
    entry = [line for line in path.read_text().splitlines() if "created_at" in line or line.startswith("        ")]
    entry = [line for line in entry if "structure1_" not in line]
    sops.run("set", path.name, '["a"]', '"c"')
    assert [line for line in path.read_text().splitlines() if line in entry] == entry
    sops.run("rotate", "-i", "--add-pgp", alice.fingerprints("other")[0], path.name)
    opened = open_sealed(path.read_bytes(), "yaml", alice.ambient())
    assert opened.plaintext() == b"a: c\n"
    assert fingerprints(opened.metadata.groups) == [[alice.fingerprints("alice")[0], alice.fingerprints("other")[0]]]


def fingerprints(groups: tuple[KeyGroup, ...]) -> list[list[str]]:
    return [[str(wrapped.master_key) for wrapped in group] for group in groups]


def test_both_take_the_same_forms_of_a_fingerprint(sops: Sops, alice: GpgHome) -> None:
    primary, subkey = alice.fingerprints("alice")
    for name in (primary.lower(), f" {primary[:9]} {primary[9:]}", primary[-16:], f"0x{primary}", subkey, f"{subkey}!"):
        theirs = sops.run("encrypt", "--pgp", name, "--filename-override", "x.yaml", data=b"a: b\n")
        opened = open_sealed(theirs, "yaml", alice.ambient())
        keys = parse_recipients("pgp", name)
        assert fingerprints(opened.metadata.groups) == [[str(key) for key in keys]]
        ours = seal(b"a: b\n", "yaml", alice, keys)
        assert sops.run("decrypt", "--filename-override", "x.yaml", data=ours) == b"a: b\n"


def test_groups_of_age_and_pgp(sops: Sops, alice: GpgHome) -> None:
    fingerprint = alice.fingerprints("alice")[0]
    groups = [{"age": [ME.recipient]}, {"pgp": [alice.fingerprints("other")[0], fingerprint]}]
    sops.configure(key_groups=groups, shamir_threshold=2)
    theirs = sops.run("encrypt", "--filename-override", "x.yaml", data=b"a: b\n")
    ambient = alice.ambient(SOPS_AGE_KEY=ME.identity)
    assert open_sealed(theirs, "yaml", ambient).plaintext() == b"a: b\n"
    ours = seal(b"a: b\n", "yaml", alice, parse_recipients("age", ME.recipient), parse_recipients("pgp", fingerprint))
    assert sops.run("decrypt", "--filename-override", "x.yaml", data=ours, me=ME) == b"a: b\n"
