"""Files go both ways between us and the `age` program, where it is on PATH."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from leaflock import age
from leaflock.age.x25519 import X25519Identity

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("age") is None, reason="no `age` on PATH"),
]

PLAINTEXTS = [b"", b"\x00secret\n", bytes(200_000)]


@pytest.mark.parametrize("plaintext", PLAINTEXTS, ids=len)
@pytest.mark.parametrize("armor", [False, True])
def test_age_reads_ours(tmp_path: Path, plaintext: bytes, armor: bool) -> None:
    identity = X25519Identity.generate()
    (tmp_path / "key.txt").write_text(identity.to_text() + "\n")
    data = age.encrypt(plaintext, [X25519Identity.generate().recipient, identity.recipient], armor=armor)
    command = ["age", "--decrypt", "--identity", str(tmp_path / "key.txt")]
    assert subprocess.run(command, input=data, capture_output=True, check=True).stdout == plaintext


@pytest.mark.parametrize("plaintext", PLAINTEXTS, ids=len)
@pytest.mark.parametrize("options", [[], ["--armor"]])
def test_we_read_what_age_wrote(plaintext: bytes, options: list[str]) -> None:
    identity = X25519Identity.generate()
    command = ["age", *options, "--recipient", str(identity.recipient)]
    data = subprocess.run(command, input=plaintext, capture_output=True, check=True).stdout
    assert age.decrypt(data, [identity]) == plaintext
