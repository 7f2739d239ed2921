"""Every command that writes leaves the old file, and no other, when it fails; and old or new when it is killed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from leafseal.system import files
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import PLAIN, Run

SOURCE = str(Path(__file__).parents[2] / "src")

COMMANDS = {
    "encrypt": ["encrypt", "-i", "app.yaml"],
    "decrypt": ["decrypt", "-i", "app.yaml"],
    "edit": ["edit", "app.yaml"],
    "set": ["set", "--string", "app.yaml", "db.port", "new"],
    "unset": ["unset", "app.yaml", "db.port"],
    "repair": ["repair", "--yes", "app.yaml"],
    "rotate": ["rotate", "-i", "app.yaml"],
    "updatekeys": ["updatekeys", "--yes", "app.yaml"],
    "groups add": ["groups", "add", "-f", "app.yaml", "-i", "--accept-recipients", "--age"],
}


@pytest.fixture(params=list(COMMANDS))
def writing(
    request: pytest.FixtureRequest,
    leafseal: Run,
    plain: Path,
    work: Path,
    me: ThrowawayIdentity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """A command that is about to change the file."""
    other = throwaway_identity()
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    if request.param != "encrypt":
        assert leafseal("encrypt", "-i", plain).code == 0
    if request.param == "repair":
        plain.write_bytes(plain.read_bytes().replace(b"name_unencrypted: shop", b"name_unencrypted: other"))
    if request.param == "updatekeys":
        (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: '{me.recipient},{other.recipient}'\n")
    editor = tmp_path / "editor.sh"
    editor.write_text("#!/bin/sh\necho 'more: 1' >> \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("SOPS_EDITOR", str(editor))
    return COMMANDS[request.param] + ([other.recipient] if request.param == "groups add" else [])


def listing(work: Path) -> dict[str, bytes]:
    return {str(path.relative_to(work)): path.read_bytes() for path in work.rglob("*") if path.is_file()}


def test_it_writes(leafseal: Run, writing: list[str], work: Path) -> None:
    before = listing(work)
    assert leafseal(*writing).code == 0
    after = listing(work)
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name]] == ["app.yaml"]


@pytest.mark.parametrize("call", ["fsync", "replace", "write"])
def test_an_error_of_the_system(
    leafseal: Run, writing: list[str], work: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = listing(work)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    real = getattr(os, call)
    fail_once = iter([fail])
    if call == "write":
        # Only what goes to the temporary file: other writes are none of ours.
        monkeypatch.setattr(files, "write_all", fail)
    else:
        monkeypatch.setattr(os, call, lambda *a, **k: next(fail_once, real)(*a, **k))
    result = leafseal(*writing)
    monkeypatch.undo()
    assert result.code == 3
    assert "app.yaml: cannot write: no space left on device" in result.err
    assert result.out == b"" or writing[0] == "repair"  # which shows what it found
    after = {name: data for name, data in listing(work).items() if ".kept-" not in name}
    assert after == before


def test_what_does_not_verify_is_not_put_in_place(
    leafseal: Run, writing: list[str], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(work)
    read_back = files._read_back
    monkeypatch.setattr(files, "_read_back", lambda descriptor: read_back(descriptor).replace(b"e", b"E", 1))
    result = leafseal(*writing)
    monkeypatch.undo()
    assert result.code != 0
    after = {name: data for name, data in listing(work).items() if ".kept-" not in name}
    assert after == before


def test_a_file_that_changes_meanwhile_is_left_as_it_is(
    leafseal: Run, writing: list[str], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_back = files._read_back

    def change(descriptor: int) -> bytes:
        (work / "app.yaml").write_bytes(b"theirs: 1\n")
        return read_back(descriptor)

    monkeypatch.setattr(files, "_read_back", change)
    result = leafseal(*writing)
    monkeypatch.undo()
    assert result.code == 221
    after = listing(work)
    assert after["app.yaml"] == b"theirs: 1\n"
    assert not [name for name in after if name.endswith(".leafseal")]


def test_a_wrong_identity_changes_nothing(
    leafseal: Run, writing: list[str], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if writing[0] == "encrypt":
        pytest.skip("encrypting needs no identity")
    before = listing(work)
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    assert leafseal(*writing).code == 128
    assert listing(work) == before


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
@pytest.mark.campaign
def test_killed_at_every_system_call(leafseal: Run, writing: list[str], work: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ, "PYTHONPATH": SOURCE, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    old = (work / "app.yaml").read_bytes()
    program = [sys.executable, "-m", "leafseal", *writing]
    log = tmp_path / "log"

    def run(*prefix: str) -> int:
        (work / "app.yaml").write_bytes(old)
        return subprocess.run(
            [*prefix, *program], env=environment, capture_output=True, start_new_session=True
        ).returncode

    assert run() == 0
    if run("strace", "-f", "-o", str(log)) != 0:
        pytest.skip("may not trace here")
    counts: Counter[str] = Counter()
    points: list[tuple[str, int]] = []
    main = re.match("[0-9]+", log.read_text())
    assert main is not None
    started = False
    for line in log.read_text().splitlines():
        match = re.match(r"([0-9]+) +([a-z0-9_]+)\(", line)
        if match is None or match[1] != main[0]:
            continue
        counts[match[2]] += 1
        started = started or (".leafseal" in line and "O_CREAT" in line)
        if started and match[2] in (
            "openat",
            "write",
            "fchmod",
            "fsync",
            "lseek",
            "read",
            "close",
            "rename",
            "renameat",
            "unlink",
        ):
            points.append((match[2], counts[match[2]]))
    assert points
    killed = 0
    for call, number in points:
        killed += (
            run("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
            != 0
        )
        now = (work / "app.yaml").read_bytes()
        if now != old:  # new, whole: what every command makes opens, but for decrypt
            if writing[0] == "decrypt":
                assert now == PLAIN
            else:
                assert leafseal("inspect", "app.yaml").code == 0
                assert subprocess.run(
                    [sys.executable, "-m", "leafseal", "verify", "app.yaml"], env=environment
                ).returncode in (0, 128)
        for left in work.glob(".*.leafseal"):
            assert writing[0] == "decrypt" or b"hunter2" not in left.read_bytes()
        assert run() == 0
        assert not list(work.glob(".*.leafseal"))
    assert killed > 0.9 * len(points)  # some calls fall away in a later run
