"""The folder that files are rendered into: where it is, how much room it has, who owns what is in it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.errors import RefusedError, WriteError
from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File, Owner, access_of

from .folders import content_of, files, generations_in, names_in

is_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")


def test_a_short_write_is_continued(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:3]))
    assert render(Folder(str(memory)), files("1"))
    monkeypatch.undo()
    assert content_of(memory)["app/b"] == "app/b: 1"


def _full(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Have so many calls write a part first, as a full tmpfs does, and then fail."""
    calls: list[int] = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if len(calls) >= 2 * times:
            return real(descriptor, data)
        calls.append(descriptor)
        if len(calls) % 2:
            return real(descriptor, bytes(data)[:2])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", write)
    return calls


def test_a_full_folder_keeps_the_old_files(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(str(memory))
    render(folder, files("1"))
    before = names_in(memory)
    _full(monkeypatch, 99)
    with pytest.raises(WriteError, match="no space left") as caught:
        render(folder, files("2"))
    assert caught.value.file == str(memory)
    assert "three times" in (caught.value.hint or "")
    monkeypatch.undo()
    assert names_in(memory) == before


def test_old_generations_make_room(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(str(memory))
    for number in range(4):
        render(folder, files(str(number)))
    _full(monkeypatch, 1)
    assert render(folder, files("4"))
    monkeypatch.undo()
    assert len(generations_in(memory)) == 3  # the two that were there to stay, and the new one
    assert content_of(memory)["a"] == "a: 4"


@is_root
def test_a_real_tmpfs_that_is_full(memory: Path) -> None:
    code = """
import os, subprocess, sys
from leafseal.errors import WriteError
from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File
at = sys.argv[1]
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", at]).returncode:
    sys.exit(77)
folder = Folder(at)
assert render(folder, [File("a", b"x" * 400_000)])
try:
    render(folder, [File("a", b"y" * 800_000)])
except WriteError as error:
    assert "no space left" in error.message, error
else:
    sys.exit(1)
assert open(f"{at}/a", "rb").read() == b"x" * 400_000
assert len(os.listdir(at)) == 3, os.listdir(at)
assert render(folder, [File("a", b"z" * 400_000)])
assert render(folder, [File("a", b"w" * 200_000)])
"""
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", code, str(memory)], capture_output=True, text=True
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("may not mount here")
    assert done.returncode == 0, done.stderr


# -- owners and modes


def test_folders_let_in_who_may_read_the_files() -> None:
    assert access_of([File("a", b"", 0o400)]) == (Owner(), 0o700)
    assert access_of([File("a", b"", 0o440)]) == (Owner(), 0o750)
    assert access_of([File("a", b"", 0o400), File("b", b"", 0o444)]) == (Owner(), 0o755)
    assert access_of([File("a", b"", 0o400, Owner(999, 999))]) == (Owner(999, 999), 0o750)
    assert access_of([File("a", b"", 0o400, Owner(999)), File("b", b"")]) == (Owner(), 0o711)


MOUNTS = """
import os, subprocess, sys
from leafseal.errors import LeafsealError
from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File
at = sys.argv[1]
def mount(*arguments):
    if subprocess.run(["mount", *arguments]).returncode:
        sys.exit(77)
def refused(message):
    try:
        render(Folder(at), [File("p", b"x"), File("q", b"y"), File("r", b"z")])
    except LeafsealError as error:
        assert message in error.message, error
    else:
        sys.exit(f"not refused: {message}")
os.mkdir(f"{at}/d")
for name in ("p", "f"):
    open(f"{at}/{name}", "w").close()
mount("--bind", f"{at}/f", f"{at}/p")
refused("p in it is a mount point")
subprocess.run(["umount", f"{at}/p"], check=True)
os.unlink(f"{at}/p")
os.mkdir(f"{at}/..data")
mount("--bind", f"{at}/d", f"{at}/..data")
refused("..data in it is a mount point")
mount("-t", "tmpfs", "-o", "ro", "none", at)
refused("read-only")
mount("-t", "tmpfs", "-o", "nr_inodes=5", "none", at)
refused("no space left")
assert os.listdir(at) == [], os.listdir(at)
mount("-t", "ramfs", "none", at)
assert render(Folder(at), [File("p", b"x")])
"""


@is_root
def test_what_is_mounted(memory: Path) -> None:
    """A file that is mounted, `..data`, and file systems without a place for files."""
    command = ["unshare", "--mount", sys.executable, "-c", MOUNTS, str(memory)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("may not mount here")
    assert done.returncode == 0, done.stderr


@is_root
def test_files_and_folders_are_given_to_their_owner(memory: Path) -> None:
    folder = Folder(str(memory / "new"))
    given = [file._replace(owner=Owner(999, 998)) for file in files("1")]
    assert render(folder, given)
    for path in (memory / "new", memory / "new/..data/", memory / "new/app/", memory / "new/app/b"):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (999, 998)
    assert (memory / "new").stat().st_mode & 0o777 == 0o750
    assert not render(folder, given)
    assert render(folder, [file._replace(owner=Owner(999, 997)) for file in files("1")])


@is_root
def test_a_folder_that_the_owner_cannot_enter_is_warned_of(memory: Path) -> None:
    warned: list[str] = []
    render(Folder(str(memory)), [file._replace(owner=Owner(999)) for file in files("1")], warned.append)
    assert [text for text in warned if "999 owns the files, and cannot enter" in text]


@is_root
@pytest.mark.parametrize("is_link", [False, True])
def test_a_folder_that_another_user_put_there_before_is_refused(memory: Path, is_link: bool) -> None:
    """In `/dev/shm` anybody can create `app` before we do, and would own the folder that programs read in."""
    memory.chmod(0o1777)
    made, name = (memory / "real", memory / "app") if is_link else (memory / "app", None)
    made.mkdir(mode=0o777)
    os.chown(made, 0 if is_link else 12345, -1)
    if name is not None:
        name.symlink_to("real")
        os.chown(name, 12345, -1, follow_symlinks=False)
    # The kernel may refuse such a link itself (fs.protected_symlinks).
    with pytest.raises((RefusedError, WriteError)):
        render(Folder(str(memory / "app")), files("1"))
    assert names_in(made) == []
    if not is_link:
        given = [file._replace(owner=Owner(12345, 12345)) for file in files("1")]
        assert render(Folder(str(memory / "app")), given)


@is_root
def test_a_folder_of_another_user_that_root_named_is_used(memory: Path) -> None:
    (memory / "app").mkdir()
    os.chown(memory / "app", 12345, -1)
    assert render(Folder(str(memory / "app")), files("1"))


def test_only_root_gives_files_away(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(WriteError, match="cannot give app/b to 999:998: only root") as caught:
        render(Folder(str(memory)), [File("app/b", b"", owner=Owner(999, 998))])
    assert caught.value.file == str(memory)
    monkeypatch.undo()
    assert names_in(memory) == []


# -- where


def test_a_disk_is_refused_and_nothing_made_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.system.in_memory.kind_of", lambda _: None)
    at = tmp_path / "new"
    with pytest.raises(RefusedError, match="not in memory") as caught:
        render(Folder(str(at)), files("1"))
    assert "--allow-disk" in (caught.value.hint or "")
    assert not at.exists()
    with pytest.raises(RefusedError, match="the policy forbids") as caught:
        render(Folder(str(at), allow_disk=True, no_disk_plaintext=True), files("1"))
    assert "--allow-disk" not in (caught.value.hint or "")
    forced: list[int] = []
    monkeypatch.setattr(os, "fsync", forced.append)
    assert render(Folder(str(at), allow_disk=True), files("1"))
    assert content_of(at)["a"] == "a: 1"
    assert forced


def test_a_file_in_the_folders_place(memory: Path) -> None:
    (memory / "x").write_text("")
    for path in ("x", "no/such", "\0"):
        with pytest.raises(WriteError, match="cannot be used as a folder"):
            render(Folder(str(memory / path)), files("1"))
