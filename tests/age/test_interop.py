"""Files go both ways between us and the programs `age` and `sops`, where they are on PATH, for each type of key."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import leafseal
from leafseal import age
from leafseal.age import ssh, ssh_keys
from leafseal.age.hybrid import HybridIdentity
from leafseal.age.plugin import PluginRecipient, parse_identity
from leafseal.age.x25519 import X25519Identity
from leafseal.keys import Ambient

from .hosts import IDENTITY, RECIPIENT, host_with
from .toy_plugin import install

PATH = os.environ.get("PATH", os.defpath)
PLAINTEXTS = [b"", b"\x00secret\n", bytes(200_000)]


@cache
def is_there(program: str, version: str) -> bool:
    """Tell whether a program is on PATH that is not too old."""
    if shutil.which(program) is None:
        return False
    arguments = ["--disable-version-check"] if program == "sops" else []
    said = subprocess.run([program, *arguments, "--version"], capture_output=True, text=True, check=False).stdout
    return re.search(version, said) is not None


needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="no `age` on PATH")
needs_new_age = pytest.mark.skipif(not is_there("age", r"1\.[3-9]|devel"), reason="no `age` of 1.3 or later on PATH")
needs_sops = pytest.mark.skipif(not is_there("sops", r"sops 3\."), reason="no `sops` 3.x on PATH")
needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no `ssh-keygen` on PATH")

pytestmark = pytest.mark.interop


class Pair(NamedTuple):
    """A key: how users write its public side, its private file, and both sides as ours."""

    recipient: str
    file: Path
    ours: age.Recipient
    identity: age.Identity


def written(folder: Path, identity: X25519Identity | HybridIdentity) -> Pair:
    file = folder / "key.txt"
    file.write_text(identity.to_text() + "\n")
    return Pair(str(identity.recipient), file, identity.recipient, identity)


def ssh_pair(folder: Path, *arguments: str) -> Pair:
    file = folder / "id"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(file), *arguments], check=True)
    line = Path(f"{file}.pub").read_text().strip()
    return Pair(line, file, age.parse_recipient(line), ssh.identity_of(ssh_keys.read_private(file.read_bytes())))


def plugin_pair(folder: Path) -> Pair:
    host = host_with(install(folder / "bin"))
    file = folder / "key.txt"
    file.write_text(IDENTITY + "\n")
    return Pair(RECIPIENT, file, PluginRecipient("toy", RECIPIENT, host), parse_identity(IDENTITY).on(host))


PAIRS: dict[str, Callable[[Path], Pair]] = {
    "X25519": lambda folder: written(folder, X25519Identity.generate()),
    "post-quantum": lambda folder: written(folder, HybridIdentity.generate()),
    "ssh-ed25519": lambda folder: ssh_pair(folder, "-t", "ed25519"),
    "ssh-rsa": lambda folder: ssh_pair(folder, "-t", "rsa", "-b", "2048"),
    "plugin": plugin_pair,
}


@pytest.fixture(
    params=[
        pytest.param("X25519", marks=needs_age),
        pytest.param("post-quantum", marks=needs_new_age),
        pytest.param("ssh-ed25519", marks=[needs_age, needs_keygen]),
        pytest.param("ssh-rsa", marks=[needs_age, needs_keygen]),
        pytest.param("plugin", marks=needs_age),
    ]
)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    return PAIRS[request.param](tmp_path)


def run(tmp_path: Path, *command: str | Path, data: bytes, **environ: str) -> bytes:
    environment = {"PATH": os.pathsep.join([str(tmp_path / "bin"), PATH]), "HOME": str(tmp_path), **environ}
    argv = [str(word) for word in command]
    done = subprocess.run(argv, input=data, capture_output=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("plaintext", PLAINTEXTS, ids=len)
@pytest.mark.parametrize("armor", [False, True])
def test_age_reads_ours(tmp_path: Path, pair: Pair, plaintext: bytes, armor: bool) -> None:
    data = age.encrypt(plaintext, [pair.ours], armor=armor)
    assert run(tmp_path, "age", "--decrypt", "--identity", pair.file, data=data) == plaintext


@pytest.mark.parametrize("plaintext", PLAINTEXTS, ids=len)
@pytest.mark.parametrize("options", [[], ["--armor"]])
def test_we_read_what_age_wrote(tmp_path: Path, pair: Pair, plaintext: bytes, options: list[str]) -> None:
    data = run(tmp_path, "age", *options, "--recipient", pair.recipient, data=plaintext)
    assert age.decrypt(data, [pair.identity]) == plaintext


@needs_age
def test_one_of_several_recipients(tmp_path: Path) -> None:
    mine, other = written(tmp_path, X25519Identity.generate()), X25519Identity.generate()
    data = age.encrypt(b"x", [other.recipient, mine.ours])
    assert run(tmp_path, "age", "--decrypt", "--identity", mine.file, data=data) == b"x"


@needs_new_age
def test_the_recipient_of_an_identity_is_the_same(tmp_path: Path) -> None:
    if shutil.which("age-keygen") is None:
        pytest.skip("no `age-keygen` on PATH")
    for identity in (X25519Identity.generate(), HybridIdentity.generate()):
        said = run(tmp_path, "age-keygen", "-y", data=identity.to_text().encode())
        assert said.decode().strip() == str(identity.recipient)
    text = run(tmp_path, "age-keygen", "-pq", data=b"").decode().splitlines()[-1]
    assert str(age.parse_identity(text).recipient).startswith("age1pq1")  # type: ignore[attr-defined]


@needs_new_age
def test_tagged_keys_of_age_are_ours(tmp_path: Path) -> None:
    from .test_tag import CLASSIC, HYBRID, text_of

    for identity in (CLASSIC, HYBRID):
        data = run(tmp_path, "age", "--recipient", text_of(identity), data=b"x")
        assert age.decrypt(data, [identity]) == b"x"


PLAIN = b"a: secret\nb: [1, 2]\n"


def environ_for(pair: Pair, name: str) -> dict[str, str]:
    """Return where both programs find a private key."""
    return {"SOPS_AGE_SSH_PRIVATE_KEY_FILE" if name.startswith("ssh") else "SOPS_AGE_KEY_FILE": str(pair.file)}


@needs_sops
@pytest.mark.parametrize(
    "name",
    [*(name for name in PAIRS if not name.startswith("ssh")),
     *(pytest.param(name, marks=needs_keygen) for name in PAIRS if name.startswith("ssh"))],
)  # fmt: skip
def test_files_go_both_ways_between_us_and_sops(tmp_path: Path, name: str) -> None:
    pair = PAIRS[name](tmp_path)
    private = environ_for(pair, name)
    path = os.pathsep.join([str(tmp_path / "bin"), PATH])
    ambient = Ambient({"PATH": path, **private}, tmp_path)
    sops = ("sops", "--disable-version-check")
    theirs = run(tmp_path, *sops, "encrypt", "--age", pair.recipient, "--filename-override", "x.yaml", data=PLAIN)
    assert leafseal.loads(theirs, format="yaml", ambient=ambient) == {"a": "secret", "b": [1, 2]}
    ours = leafseal.encrypt(PLAIN, format="yaml", recipients=[pair.recipient], ambient=ambient)
    opened = run(tmp_path, *sops, "decrypt", "--filename-override", "x.yaml", data=ours, **private)
    assert opened.startswith(b"a: secret\n")


@needs_sops
@needs_keygen
def test_the_default_ssh_key_opens_in_both(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    pair = ssh_pair(tmp_path, "-t", "ed25519")
    pair.file.rename(tmp_path / ".ssh" / "id_ed25519")
    ours = leafseal.encrypt(PLAIN, format="yaml", recipients=[pair.recipient], ambient=Ambient({}, tmp_path))
    assert leafseal.decrypt(ours, format="yaml", ambient=Ambient({}, tmp_path)) == PLAIN
    assert b"a: secret" in run(
        tmp_path, "sops", "--disable-version-check", "decrypt", "--filename-override", "x.yaml", data=ours
    )
