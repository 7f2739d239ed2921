import errno
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leafseal.document.limits import Limits
from leafseal.errors import (
    ConflictError,
    InputError,
    LeafsealError,
    MissingFileError,
    RefusedError,
    UsageError,
    WriteError,
)
from leafseal.system import directory, files, locks, owners, reading

SOURCE = str(Path(__file__).parents[2] / "src")


def accept(_data: bytes) -> None:
    pass


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _fresh_sweep() -> None:
    directory._swept.clear()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "prod.yaml"
    path.write_bytes(b"old\n")
    return path


# -- reading


def test_read_gives_content_and_identity(target: Path) -> None:
    snapshot = reading.read(target)
    assert snapshot.data == b"old\n"
    assert snapshot.path == str(target)
    status = target.stat()
    assert snapshot.identity == (status.st_dev, status.st_ino, 4, status.st_mtime_ns)


def test_the_content_does_not_show_in_a_snapshot(target: Path) -> None:
    assert "old" not in repr(reading.read(target)).replace(str(target), "")


def test_read_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.yaml: no such file") as caught:
        reading.read(tmp_path / "none.yaml")
    assert caught.value.exit_code == 100


def test_read_stops_at_the_limit(target: Path) -> None:
    assert reading.read(target, Limits(file_bytes=4)).data == b"old\n"
    with pytest.raises(InputError, match="larger than 3 bytes"):
        reading.read(target, Limits(file_bytes=3))


@pytest.mark.parametrize("kind", ["folder", "fifo", "socket", "device"])
def test_read_refuses_what_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)  # opening it would wait for a writer
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path = Path("/dev/zero")
    with pytest.raises(InputError, match=f"{path.name}: is a"):
        reading.read(path)


READ_STDIN = """
import sys
from leafseal.system import reading
snapshot = reading.read(sys.argv[1])
assert snapshot.identity is None
sys.stdout.buffer.write(snapshot.data)
"""


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0"])
@pytest.mark.parametrize("kind", ["pipe", "file", "socket"])
def test_standard_input_is_read_where_it_stands(tmp_path: Path, name: str, kind: str) -> None:
    data = b"secret: 1\n" * 50_000
    arguments = [sys.executable, "-c", READ_STDIN, name]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    if kind == "pipe":
        result = subprocess.run(arguments, input=data, capture_output=True, env=environment)
    elif kind == "file":
        (tmp_path / "in").write_bytes(b"read already\n" + data)
        with open(tmp_path / "in", "rb", buffering=0) as file:
            file.seek(len(b"read already\n"))
            result = subprocess.run(arguments, stdin=file, capture_output=True, env=environment)
    else:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            writer = threading.Thread(target=lambda: (ours.sendall(data), ours.shutdown(socket.SHUT_WR)))
            writer.start()
            result = subprocess.run(arguments, stdin=theirs, capture_output=True, env=environment)
            writer.join()
    assert result.stderr == b""
    assert result.stdout == data


# -- replacing


def test_replace_puts_the_new_content_and_leaves_nothing_else(target: Path) -> None:
    os.chmod(target, 0o640)
    assert files.replace(reading.read(target), b"new\n", verify=accept) == []
    assert target.read_bytes() == b"new\n"
    assert mode(target) == 0o640
    assert names(target.parent) == ["prod.yaml"]


def test_verify_is_given_what_was_read_back(target: Path) -> None:
    seen: list[bytes] = []
    files.replace(reading.read(target), b"new" * 100_000, verify=seen.append)
    assert seen == [b"new" * 100_000]


def test_short_writes_are_continued(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1]))
    files.replace(reading.read(target), b"new content\n", verify=accept)
    assert target.read_bytes() == b"new content\n"


@pytest.mark.parametrize("failure", [LeafsealError("does not open"), KeyboardInterrupt(), RuntimeError()])
def test_a_failed_verification_leaves_the_old_file(target: Path, failure: BaseException) -> None:
    def refuse(_data: bytes) -> None:
        raise failure

    with pytest.raises(type(failure)):
        files.replace(reading.read(target), b"new\n", verify=refuse)
    assert target.read_bytes() == b"old\n"
    assert names(target.parent) == ["prod.yaml"]


def test_errors_name_the_file_as_the_user_did(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(target.parent)
    snapshot = reading.read("prod.yaml")
    target.write_bytes(b"other\n")
    with pytest.raises(ConflictError, match=r"^prod\.yaml: changed since it was read"):
        files.replace(snapshot, b"new\n", verify=accept)


def same_bytes(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def rewritten(path: Path) -> None:
    status = path.stat()
    path.write_bytes(b"OLD\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # only the content tells


def replaced(path: Path) -> None:
    other = path.with_name("other")
    shutil.copy2(path, other)
    os.replace(other, path)


@pytest.mark.parametrize("change", [same_bytes, rewritten, replaced, os.unlink])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_changed_target_is_a_conflict(target: Path, change: Callable[[Path], None], when: str) -> None:
    snapshot = reading.read(target)
    if when == "before":
        change(target)
    with pytest.raises(ConflictError) as caught:
        files.replace(snapshot, b"new\n", verify=lambda _: change(target) if when == "meanwhile" else None)
    assert caught.value.exit_code == 221
    assert not target.exists() or target.read_bytes().lower() == b"old\n"
    assert ".leafseal" not in "".join(names(target.parent))


def test_a_path_is_written_over_or_created(tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    before = os.umask(0o027)
    try:
        files.replace(path, b"one\n", verify=accept)
    finally:
        os.umask(before)
    assert mode(path) == 0o640
    files.replace(path, b"two\n", verify=accept)
    assert path.read_bytes() == b"two\n"
    assert names(tmp_path) == ["out.yaml"]


def test_what_appears_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    with pytest.raises(ConflictError):
        files.replace(path, b"ours\n", verify=lambda _: path.write_bytes(b"theirs\n") and None)
    assert path.read_bytes() == b"theirs\n"
    assert names(tmp_path) == ["out.yaml"]


def test_without_hard_links_a_new_file_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    files.create(tmp_path / "out", b"new\n")
    assert (tmp_path / "out").read_bytes() == b"new\n"
    assert names(tmp_path) == ["out"]


def test_new_plaintext_is_for_its_owner_alone(tmp_path: Path) -> None:
    files.replace(tmp_path / "plain", b"", verify=accept, private=True)
    assert mode(tmp_path / "plain") == 0o600


@pytest.mark.parametrize("rights", [0o600, 0o644, 0o755])
def test_plaintext_in_the_place_of_a_sealed_file_keeps_the_mode(target: Path, rights: int) -> None:
    os.chmod(target, rights)
    assert files.replace(reading.read(target), b"plain\n", verify=accept, private=True) == []
    assert mode(target) == rights


@pytest.mark.parametrize(
    ("rights", "told"), [(0o640, "0640"), (0o604, "0604"), (0o664, "0664"), (0o600, ""), (0o711, "")]
)
def test_plaintext_to_a_file_that_the_user_named_keeps_its_mode_and_tells_who_reads(
    target: Path, rights: int, told: str
) -> None:
    os.chmod(target, rights)
    expected = [f"keeps its mode {told}, with which others can read it"] if told else []
    assert files.replace(target, b"plain\n", verify=accept, private=True) == expected
    assert mode(target) == rights


def test_what_is_tightened_is_its_owners_alone(target: Path) -> None:
    os.chmod(target, 0o755)
    files.replace(reading.read(target), b"plain\n", verify=accept, private=True, tighten=True)
    assert mode(target) == 0o700


def test_attributes_go_over(target: Path) -> None:
    try:
        os.setxattr(target, "user.note", b"kept")
    except OSError:
        pytest.skip("no extended attributes in this file system")
    assert files.replace(reading.read(target), b"new\n", verify=accept) == []
    assert os.getxattr(target, "user.note") == b"kept"


def test_a_lost_attribute_is_reported(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        os.setxattr(target, "user.note", b"lost")
    except OSError:
        pytest.skip("no extended attributes in this file system")

    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "setxattr", no_space)
    assert files.replace(reading.read(target), b"new\n", verify=accept) == ["its attribute user.note could not be kept"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(target, 1234, 1235)
    files.replace(reading.read(target), b"new\n", verify=accept)
    assert (target.stat().st_uid, target.stat().st_gid) == (1234, 1235)

    def refuse(descriptor: int, uid: int, gid: int) -> None:
        raise PermissionError(errno.EPERM, "not yours to give")

    monkeypatch.setattr(os, "fchown", refuse)
    assert files.replace(reading.read(target), b"newer\n", verify=accept) == ["its owner or group could not be kept"]
    assert target.read_bytes() == b"newer\n"


def test_create_refuses_to_write_over(target: Path) -> None:
    with pytest.raises(RefusedError, match="already exists"):
        files.create(target, b"new\n")
    link = target.with_name("link")
    link.symlink_to("nowhere")
    with pytest.raises(RefusedError, match="already exists"):
        files.create(link, b"new\n")
    assert target.read_bytes() == b"old\n"


def test_names_as_long_as_they_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127)
    files.replace(path, b"one\n", verify=accept)
    files.replace(reading.read(path), b"two\n", verify=accept)
    assert path.read_bytes() == b"two\n"


def test_append_private_makes_and_extends(tmp_path: Path) -> None:
    path = tmp_path / "sops" / "age" / "keys.txt"
    files.append_private(path, "# one\n")
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    path.write_text("# one")
    path.chmod(0o644)
    files.append_private(path, "# two\n")
    assert path.read_text() == "# one\n# two\n"
    assert mode(path) == 0o600


# -- links, pipes and other things that are no plain file


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    real = tmp_path / "sub" / "real.yaml"
    real.write_bytes(b"old\n")
    link = tmp_path / "link.yaml"
    link.symlink_to("sub/real.yaml")
    files.replace(reading.read(link), b"new\n", verify=accept)
    assert real.read_bytes() == b"new\n"
    assert link.is_symlink()


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to("nowhere")
    with pytest.raises(RefusedError, match="is a link to nothing"):
        files.replace(link, b"new\n", verify=accept)
    assert names(tmp_path) == ["link.yaml"]


@pytest.mark.parametrize("through", ["file", "folder"])
def test_a_link_out_of_the_working_tree_is_refused(tmp_path: Path, through: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_bytes(b"old\n")
    tree = tmp_path / "tree"
    (tree / ".git").mkdir(parents=True)
    if through == "file":
        path = tree / "x.yaml"
        path.symlink_to(outside / "x.yaml")
    else:
        (tree / "sub").symlink_to(outside)
        path = tree / "sub" / "x.yaml"
    with pytest.raises(RefusedError, match="out of the Git working tree"):
        files.replace(reading.read(path), b"new\n", verify=accept)
    assert (outside / "x.yaml").read_bytes() == b"old\n"


@pytest.mark.parametrize("through", ["the file", "its folder"])
def test_outside_of_git_a_link_out_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "x.yaml").write_bytes(b"old\n")
    if through == "the file":
        name = folder / "x.yaml"
        name.symlink_to(outside / "x.yaml")
    else:
        (folder / "sub").symlink_to(outside)
        name = Path("sub/x.yaml")
    monkeypatch.chdir(folder)
    with pytest.raises(RefusedError, match="is a link out of its folder") as caught:
        files.replace(reading.read(name), b"new\n", verify=accept)
    assert caught.value.hint == "give the file that it points to"
    assert (outside / "x.yaml").read_bytes() == b"old\n"
    files.replace(reading.read(os.path.realpath(name)), b"new\n", verify=accept)
    assert (outside / "x.yaml").read_bytes() == b"new\n"


def test_a_folder_behind_a_link_that_the_user_is_in_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x.yaml").write_bytes(b"old\n")
    (tmp_path / "alias").symlink_to("folder")
    monkeypatch.chdir(tmp_path / "alias")
    files.replace(reading.read("x.yaml"), b"one\n", verify=accept)
    monkeypatch.chdir(tmp_path / "folder")
    files.replace(reading.read(tmp_path / "alias" / "x.yaml"), b"two\n", verify=accept)
    assert (tmp_path / "folder" / "x.yaml").read_bytes() == b"two\n"


def test_a_working_tree_behind_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    (tmp_path / "tree" / "x.yaml").write_bytes(b"old\n")
    (tmp_path / "alias").symlink_to("tree")
    files.replace(reading.read(tmp_path / "alias" / "x.yaml"), b"new\n", verify=accept)
    assert (tmp_path / "tree" / "x.yaml").read_bytes() == b"new\n"


def test_hard_links_are_refused_unless_written_into(target: Path) -> None:
    other = target.with_name("other")
    os.link(target, other)
    with pytest.raises(RefusedError, match="hard link") as caught:
        files.replace(reading.read(target), b"new\n", verify=accept)
    assert "--in-place=overwrite" in str(caught.value.hint)
    assert target.read_bytes() == b"old\n"
    files.replace(reading.read(target), b"n\n", verify=accept, overwrite=True)
    assert other.read_bytes() == b"n\n"
    assert names(target.parent) == ["other", "prod.yaml"]


def test_overwriting_verifies_and_compares_first(target: Path) -> None:
    def refuse(_data: bytes) -> None:
        raise LeafsealError("does not open")

    with pytest.raises(LeafsealError, match="does not open"):
        files.replace(reading.read(target), b"new\n", verify=refuse, overwrite=True)
    with pytest.raises(ConflictError):
        files.replace(reading.read(target), b"new\n", verify=lambda _: rewritten(target), overwrite=True)
    assert target.read_bytes() == b"OLD\n"


def test_a_failed_overwriting_says_what_may_have_happened(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "disk")

    snapshot = reading.read(target)
    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(WriteError, match="half old, half new"):
        files.replace(snapshot, b"new\n", verify=accept, overwrite=True)


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="not a regular file"):
        files.replace(tmp_path, b"new\n", verify=accept)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="no such file or directory") as caught:
        files.replace(tmp_path / "none" / "x", b"new\n", verify=accept)
    assert caught.value.hint == "make the folder first"


def test_a_read_only_file_is_left_alone(target: Path) -> None:
    os.chmod(target, 0o444)
    with pytest.raises(WriteError, match="read-only"):
        files.replace(reading.read(target), b"new\n", verify=accept)
    assert target.read_bytes() == b"old\n"


def test_a_pipe_is_written_straight_through(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    data = b"x" * 200_000
    files.replace(path, data, verify=accept)
    reader.join()
    assert got == [data]
    assert names(tmp_path) == ["pipe"]


def test_a_device_is_written_straight_through() -> None:
    files.replace("/dev/null", b"x", verify=accept)
    with pytest.raises(WriteError, match="no space left on device"):
        files.replace("/dev/full", b"x", verify=accept)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_where_it_stands(tmp_path: Path, name: str) -> None:
    code = f"from leafseal.system import files; print('before'); files.replace({name!r}, b'new', verify=lambda _: None)"
    with open(tmp_path / "out", "wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, env={**os.environ, "PYTHONPATH": SOURCE}, check=True)
    assert (tmp_path / "out").read_bytes() == b"before\nnew"


def test_a_closed_pipe_is_no_error_to_report() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with pytest.raises(BrokenPipeError):
            files.replace(f"/dev/fd/{writer}", b"new", verify=accept)
    finally:
        os.close(writer)


def test_a_stream_is_not_written_back() -> None:
    with pytest.raises(UsageError):
        files.replace(reading.Snapshot("-", b"x"), b"new", verify=accept)


# -- what the system says


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (errno.ENOSPC, "no space left on device", "free some space"),
        (errno.EDQUOT, "quota exceeded", "free some space"),
        (errno.EROFS, "read-only file system", "a copy in a folder that can be written"),
        (errno.EIO, "input/output error", "check the disk"),
        (errno.EACCES, "permission denied", "folder must be writable"),
        (errno.EBUSY, "busy", "--in-place=overwrite"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "replace", "close"])
def test_errors_of_the_system(
    target: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, message: str, hint: str
) -> None:
    snapshot = reading.read(target)
    real = getattr(os, call)
    calls = iter([True])

    def fail(*arguments: object, **named: object) -> object:
        if next(calls, False):
            raise OSError(number, "in the test")
        return real(*arguments, **named)

    if call == "close":
        # The first that is closed after the check is the temporary file.
        files_close = files._close

        def closing(descriptor: int) -> None:
            files_close(descriptor)
            raise OSError(number, "in the test")

        monkeypatch.setattr(files, "_close", closing)
    else:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(WriteError) as caught:
        files.replace(snapshot, b"new\n", verify=accept)
    assert caught.value.exit_code == 3
    assert message in str(caught.value)
    assert hint in str(caught.value.hint)
    assert target.read_bytes() == b"old\n"
    assert names(target.parent) == ["prod.yaml"]


def test_when_the_folder_cannot_be_forced_the_new_content_stands(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: directory.Folder) -> None:
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(directory.Folder, "sync", fail)
    with pytest.raises(WriteError, match="durability is unknown"):
        files.replace(reading.read(target), b"new\n", verify=accept)
    assert target.read_bytes() == b"new\n"


def unprivileged(action: Callable[[], object]) -> str:
    """Run `action` in a child without root's rights and return the name of what it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        outcome = "nothing"
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            locks.state_directory = lambda: None  # that user has no home
            action()
        except LeafsealError as error:
            outcome = f"{type(error).__name__} {error.message}"
        except BaseException as error:
            outcome = repr(error)
        finally:
            os.write(writer, outcome.encode())
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        outcome = pipe.read().decode()
    os.waitpid(child, 0)
    return outcome


@pytest.fixture
def anyones_folder() -> Iterator[Path]:
    """A folder of an ordinary user, outside of pytest's own, which only root can enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "prod.yaml"
        path.write_bytes(b"old\n")
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            os.chown(path, 65534, 65534)
        yield folder
        folder.chmod(0o700)


def test_a_read_only_folder(anyones_folder: Path) -> None:
    path = anyones_folder / "prod.yaml"
    anyones_folder.chmod(0o555)
    outcome = unprivileged(lambda: files.replace(reading.read(path), b"new\n", verify=accept))
    assert outcome == "WriteError cannot write: permission denied"
    assert path.read_bytes() == b"old\n"
    assert names(anyones_folder) == ["prod.yaml"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs two users")
def test_a_sticky_folder_of_another_user(anyones_folder: Path) -> None:
    path = anyones_folder / "prod.yaml"
    os.chown(anyones_folder, 0, 0)
    os.chown(path, 0, 0)
    anyones_folder.chmod(0o1777)
    path.chmod(0o666)
    outcome = unprivileged(lambda: files.replace(reading.read(path), b"new\n", verify=accept))
    assert outcome.startswith("WriteError cannot write: operation not permitted")
    assert path.read_bytes() == b"old\n"
    assert names(anyones_folder) == ["prod.yaml"]


# -- what killed processes leave


def leftover(folder: Path, pid: int, start: int, mark: str | None = None) -> Path:
    path = folder / f".prod.yaml.{pid}-{start}-{mark or owners._mark()}01234567.leafseal"
    path.write_bytes(b"sealed")
    return path


def ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_is_beside_a_hidden_file_begins_like_it(tmp_path: Path) -> None:
    with directory.Folder(str(tmp_path)) as folder:
        assert folder.temporary_name(".merge_file_x").startswith(".merge_file_x.")
        assert folder.temporary_name("x.yaml").startswith(".x.yaml.")


def test_left_overs_of_dead_processes_go(target: Path) -> None:
    dead = leftover(target.parent, ended_process(), 1)
    reborn = leftover(target.parent, os.getpid(), 1)  # the number was given out again
    other = target.parent / ".prod.yaml.leafseal"
    other.write_bytes(b"not ours")
    files.replace(reading.read(target), b"new\n", verify=accept)
    assert not dead.exists()
    assert reborn.exists() == (owners.start_time(os.getpid()) == 0)
    assert other.exists()


def test_left_overs_of_the_living_and_of_others_stay(target: Path) -> None:
    pid = os.getppid()
    alive = leftover(target.parent, pid, owners.start_time(pid))
    elsewhere = leftover(target.parent, ended_process(), 1, mark="00000000")
    files.replace(reading.read(target), b"new\n", verify=accept)
    assert alive.exists()
    assert elsewhere.exists()


def test_left_overs_from_elsewhere_go_after_a_day(target: Path) -> None:
    elsewhere = leftover(target.parent, os.getpid(), 1, mark="00000000")
    os.utime(elsewhere, (1, 1))
    files.replace(reading.read(target), b"new\n", verify=accept)
    assert not elsewhere.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs two users")
def test_left_overs_of_another_user_stay(target: Path) -> None:
    dead = leftover(target.parent, ended_process(), 1)
    os.chown(dead, 1234, 1234)
    files.replace(reading.read(target), b"new\n", verify=accept)
    assert dead.exists()


# -- many at once

ADD_LINES = """
import sys
from leafseal.system import files, locks, reading
path, who, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(count):
    with locks.locked(path):
        snapshot = reading.read(path)
        files.replace(snapshot, snapshot.data + f"{who} {number}\\n".encode(), verify=lambda _: None)
"""


def test_writers_that_hold_the_lock_lose_nothing(target: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", ADD_LINES, str(target), str(who), "20"], env={**os.environ, "PYTHONPATH": SOURCE}
        )
        for who in range(4)
    ]
    while any(writer.poll() is None for writer in writers):
        content = target.read_bytes()
        assert content.startswith(b"old\n")
        assert content.endswith(b"\n")
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    assert len(target.read_bytes().splitlines()) == 81
    assert names(target.parent) == ["prod.yaml"]


def test_a_lock_is_waited_for_and_given_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.locked(target):
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        with pytest.raises(ConflictError, match="another leafseal"), locks.locked(target):
            pass
    finally:
        done.set()
        holder.join()
    with locks.locked(target), locks.locked(target):  # ours is no obstacle to us
        files.replace(reading.read(target), b"new\n", verify=accept)


def test_no_lock_file_stays(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"  # of this test alone: others lock files at the same time
    state.mkdir(mode=0o700)
    monkeypatch.setattr(locks, "state_directory", lambda: str(state))
    files.replace(reading.read(target), b"new\n", verify=accept)
    assert list((state / "locks").iterdir()) == []


def test_without_a_place_for_locks_writing_goes_on(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "state_directory", lambda: None)
    files.replace(reading.read(target), b"new\n", verify=accept)
    monkeypatch.undo()

    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no locks here")

    monkeypatch.setattr(locks.fcntl, "flock", unsupported)
    files.replace(reading.read(target), b"newer\n", verify=accept)
    assert target.read_bytes() == b"newer\n"
