"""What files are like after a command wrote them, and after one that could not (sops-cli §4, Q35)."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from leafseal.sops.main import run
from leafseal.sops.shared import opening
from leafseal.system import directory
from leafseal.testing import ThrowawayIdentity

from ..opening import open_sealed
from .transcripts import ME, Stage

PLAIN = "k: v\n"


@pytest.fixture
def desk(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    desk.enter(monkeypatch)
    (desk.folder / "a.yaml").write_bytes(desk.seal("a.yaml", PLAIN))
    (desk.folder / "b.yaml").write_text(PLAIN)
    (desk.folder / "b.yaml").chmod(0o644)
    directory._swept.clear()
    return desk


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def opened(path: str, identity: ThrowawayIdentity = ME) -> bytes:
    return open_sealed(Path(path).read_bytes(), "yaml", identity.ambient()).plaintext()


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_new_plaintext_is_for_its_owner_alone(desk: Stage, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert run(["decrypt", "--output", "c.yaml", "a.yaml"]) == 0
        assert run(["encrypt", "--age", ME.recipient, "--output", "d.yaml", "b.yaml"]) == 0
    finally:
        os.umask(before)
    assert mode("c.yaml") == 0o600
    assert mode("d.yaml") == 0o666 & ~umask


@pytest.mark.parametrize("rights", [0o600, 0o644, 0o640, 0o664, 0o755])
def test_what_was_there_keeps_its_rights(desk: Stage, rights: int) -> None:
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        Path(name).touch()
        os.chmod(name, rights)
    assert run(["decrypt", "--output", "c.yaml", "a.yaml"]) == 0
    assert run(["decrypt", "-i", "a.yaml"]) == 0
    assert run(["encrypt", "-i", "--age", ME.recipient, "b.yaml"]) == 0
    assert [mode(name) for name in ("a.yaml", "b.yaml", "c.yaml")] == [rights] * 3
    assert Path("a.yaml").read_text() == Path("c.yaml").read_text() == PLAIN
    assert opened("b.yaml") == PLAIN.encode()


def test_another_name_of_a_file_stays_one(desk: Stage) -> None:
    os.link("a.yaml", "other.yaml")
    assert run(["decrypt", "-i", "a.yaml"]) == 0
    assert Path("other.yaml").read_text() == PLAIN
    assert os.stat("a.yaml").st_nlink == 2
    os.link("b.yaml", "out.yaml")
    assert run(["encrypt", "--age", ME.recipient, "--output", "out.yaml", "a.yaml"]) == 0
    assert opened("b.yaml") == PLAIN.encode()


def test_links_are_followed_wherever_they_lead(desk: Stage) -> None:
    Path(".git").mkdir()
    outside = desk.home / "a.yaml"
    os.rename("a.yaml", outside)
    os.symlink(outside, "a.yaml")
    assert run(["decrypt", "-i", "a.yaml"]) == 0
    assert os.path.islink("a.yaml")
    assert outside.read_text() == PLAIN


def test_a_link_that_leads_nowhere_yet(desk: Stage) -> None:
    os.symlink("target", "out")
    assert run(["decrypt", "--output", "out", "a.yaml"]) == 0
    assert Path("target").read_text() == PLAIN
    assert (os.path.islink("out"), mode("target")) == (True, 0o600)


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EACCES, errno.EPERM])
@pytest.mark.parametrize("call", ["create_temporary", "rename"])
def test_what_cannot_be_replaced_is_written_into(
    desk: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], call: str, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    inode = os.stat("a.yaml").st_ino
    monkeypatch.setattr(directory.Folder, call, refuse)
    monkeypatch.setattr(directory.Folder, "create_nameless", lambda _: None)
    assert run(["decrypt", "-i", "a.yaml"]) == 0
    assert (Path("a.yaml").read_text(), os.stat("a.yaml").st_ino) == (PLAIN, inode)
    assert run(["encrypt", "--age", ME.recipient, "--output", "b.yaml", "a.yaml"]) == 0
    assert opened("b.yaml") == PLAIN.encode()
    assert capfd.readouterr() == ("", "")


def test_a_new_file_where_none_can_be_made(
    desk: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(directory.Folder, "create_temporary", refuse)
    monkeypatch.setattr(directory.Folder, "create_nameless", lambda _: None)
    assert run(["decrypt", "--output", "c.yaml", "a.yaml"]) == 3
    assert capfd.readouterr().err == (
        "Could not open output file for writing: c.yaml: cannot write: permission denied\n"
    )
    assert not os.path.lexists("c.yaml")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_full_disk_leaves_the_file(
    desk: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], number: int
) -> None:
    was = Path("a.yaml").read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(directory.Folder, "create_temporary", refuse)
    monkeypatch.setattr(directory.Folder, "create_nameless", lambda _: None)
    for option in ("-i", "--output=a.yaml"):
        assert run(["decrypt", option, "a.yaml"]) == 3
    assert Path("a.yaml").read_bytes() == was
    assert sorted(os.listdir()) == ["a.yaml", "b.yaml"]
    assert capfd.readouterr().err.count("a.yaml: cannot write: ") == 2


def test_a_read_only_file_is_left(desk: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    os.chmod("a.yaml", 0o444)
    was = Path("a.yaml").read_bytes()
    if os.access("a.yaml", os.W_OK):
        pytest.skip("root may write it")
    assert run(["decrypt", "-i", "a.yaml"]) == 3
    assert Path("a.yaml").read_bytes() == was
    assert capfd.readouterr().err.startswith(
        f"Could not open in-place file for writing: {desk.folder}/a.yaml: cannot write: "
    )


@pytest.mark.parametrize("words", [["decrypt", "-i"], ["set"], ["rotate", "-i"]])
def test_a_read_only_file_is_written_by_root(desk: Stage, words: list[str]) -> None:
    os.chmod("a.yaml", 0o400)
    if not os.access("a.yaml", os.W_OK):
        pytest.skip("only root may write it")
    was = Path("a.yaml").read_bytes()
    assert run([*words, "a.yaml", *(['["k"]', '"x"'] if words == ["set"] else [])]) == 0
    assert Path("a.yaml").read_bytes() != was
    assert mode("a.yaml") == 0o400


def test_a_file_that_changes_meanwhile_is_left(
    desk: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    original = opening.open_file

    def meanwhile(*arguments: object, **more: object) -> opened.Opened:
        Path("a.yaml").write_text("somebody: else's\n")
        return original(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "open_file", meanwhile)
    assert run(["decrypt", "-i", "a.yaml"]) == 3
    assert Path("a.yaml").read_text() == "somebody: else's\n"
    assert "changed since it was read" in capfd.readouterr().err


def test_what_reads_back_otherwise_is_not_kept(
    desk: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from leafseal.system import files

    was = {name: Path(name).read_bytes() for name in ("a.yaml", "b.yaml")}
    monkeypatch.setattr(files, "_read_back", lambda _: b"something: else\n")
    assert run(["decrypt", "-i", "a.yaml"]) == 3
    assert run(["decrypt", "--output", "c.yaml", "a.yaml"]) == 3
    assert run(["encrypt", "-i", "--age", ME.recipient, "b.yaml"]) != 0
    assert {name: Path(name).read_bytes() for name in sorted(os.listdir())} == was
    assert "k: v" not in capfd.readouterr().err
