"""A folder held open while a file in it is replaced.

Names are looked up in the open folder and not by path, so that nobody can put another folder in its place meanwhile.
Windows has no such handles; there, paths have to do.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from types import TracebackType

from leafseal.errors import ConflictError
from leafseal.system import owners

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_TEMPORARY = rf"(?s)\..*\.{owners.TAG}\.leafseal"
_NAME_MAX = 255
_swept: set[tuple[int, int]] = set()  # once per folder and process: a folder may hold thousands of files to be written


class Folder:
    """An open folder; a context manager."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Folder:
        if os.open in os.supports_dir_fd:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self._path, name)

    def status(self, name: str) -> os.stat_result | None:
        """Return the `lstat` of an entry, None where there is none."""
        try:
            return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def may_write(self, name: str) -> bool:
        """Tell whether the system would let us open the entry for writing."""
        effective = os.access in os.supports_effective_ids
        return os.access(self._at(name), os.W_OK, dir_fd=self._descriptor, effective_ids=effective)

    def read(self, name: str) -> bytes:
        """Return the content of an entry that is no link."""
        descriptor = os.open(self._at(name), os.O_RDONLY | _FLAGS, dir_fd=self._descriptor)
        with open(descriptor, "rb", buffering=0) as file:
            return file.readall()

    def open_for_overwriting(self, name: str) -> int:
        """Open an entry that is no link, its content left alone."""
        return os.open(self._at(name), os.O_RDWR | _FLAGS, dir_fd=self._descriptor)

    def temporary_name(self, name: str) -> str:
        """Return the name of a temporary file beside `name`.

        A hidden name keeps its one dot: what ignores Git's `.merge_file_*` covers what is beside such a file, too.
        """
        end = f".{owners.tag()}.leafseal"
        room = _NAME_MAX - len(end) - 1
        return "." + os.fsdecode(os.fsencode(name.removeprefix("."))[:room]) + end

    def create_temporary(self, name: str) -> tuple[str, int]:
        """Make a new file beside `name` that only we may read. Return its name and descriptor."""
        temporary = self.temporary_name(name)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
        return temporary, os.open(self._at(temporary), flags, 0o600, dir_fd=self._descriptor)

    def create_nameless(self) -> int | None:
        """Open a new file that has no name yet and is gone with this process; None where there is no such thing."""
        if not hasattr(os, "O_TMPFILE") or self._descriptor is None:
            return None
        try:
            descriptor = os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=self._descriptor)
        except OSError:
            return None
        if os.path.lexists(_path_of(descriptor)):
            return descriptor
        os.close(descriptor)
        return None

    def give_name(self, descriptor: int, name: str) -> bool:
        """Give a nameless file a name that must be free; tell whether the file system can do that.

        Raises `ConflictError` where the name is taken.
        """
        try:
            os.link(_path_of(descriptor), name, dst_dir_fd=self._descriptor, follow_symlinks=True)
        except FileExistsError:
            raise _appeared_error() from None
        except OSError as error:
            if error.errno not in (*_NO_LINKS, errno.ENOENT, errno.EXDEV):
                raise
            return False
        return True

    def keep_attributes(self, name: str, old: os.stat_result | None, descriptor: int, *, sharing: bool) -> list[str]:
        """Give a new file owner, group and extended attributes of `old`; return what could not be kept.

        Without `sharing`, access control lists stay behind: they would let others at the new content.
        """
        if old is None:
            return []
        lost = _keep_owner(old, descriptor)
        if hasattr(os, "listxattr"):
            lost += self._keep_extended(name, descriptor, sharing)
        return lost

    def _keep_extended(self, name: str, descriptor: int, sharing: bool) -> list[str]:
        lost: list[str] = []
        try:
            source = os.open(self._at(name), os.O_RDONLY | _FLAGS, dir_fd=self._descriptor)
        except PermissionError:  # it may be written and not read
            return lost
        try:
            for attribute in os.listxattr(source):
                if attribute.startswith("system.posix_acl") and not sharing:
                    continue
                try:
                    os.setxattr(descriptor, attribute, os.getxattr(source, attribute))
                except OSError:
                    # Security labels are the system's to give, and it gave the new file one.
                    if not attribute.startswith("security."):
                        lost.append(f"its attribute {attribute} could not be kept")
        except OSError:  # a file system without attributes
            pass
        finally:
            os.close(source)
        return lost

    def rename(self, temporary: str, name: str) -> None:
        """Move a file over another in one step."""
        os.replace(self._at(temporary), self._at(name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def rename_new(self, temporary: str, name: str) -> None:
        """Move a file to a name that must be free. Raises `ConflictError` when it is not."""
        try:
            os.link(
                self._at(temporary),
                self._at(name),
                src_dir_fd=self._descriptor,
                dst_dir_fd=self._descriptor,
                follow_symlinks=os.link not in os.supports_follow_symlinks,
            )
        except FileExistsError:
            raise _appeared_error() from None
        except OSError as error:
            if error.errno not in _NO_LINKS or self.status(name) is not None:
                raise
            self.rename(temporary, name)
        else:
            self.unlink(temporary)

    def unlink(self, name: str) -> None:
        """Remove an entry."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def force(self, descriptor: int) -> None:
        """Have a file's content written to the disk."""
        if hasattr(fcntl, "F_FULLFSYNC"):  # macOS, where fsync stops at the disk's own cache
            with suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
                return
        os.fsync(descriptor)

    def sync(self) -> None:
        """Have the folder's entries written to the disk, where a file system can do that."""
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):
                raise

    def sweep(self) -> None:
        """Remove temporary files that killed processes of ours left here."""
        here = os.stat(self._path if self._descriptor is None else self._descriptor)
        if (here.st_dev, here.st_ino) in _swept:
            return
        _swept.add((here.st_dev, here.st_ino))
        with suppress(OSError), os.scandir(self._path if self._descriptor is None else self._descriptor) as entries:
            for entry in entries:
                match = re.fullmatch(_TEMPORARY, entry.name) if entry.name.endswith(".leafseal") else None
                if match is not None and self._is_leftover(entry.name, match):
                    with suppress(OSError):
                        self.unlink(entry.name)

    def _is_leftover(self, name: str, match: re.Match[str]) -> bool:
        status = self.status(name)
        return status is not None and stat.S_ISREG(status.st_mode) and owners.is_left_over(match, status)


_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)


def _appeared_error() -> ConflictError:
    return ConflictError("appeared since it was looked for: nothing was written")


def _path_of(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _keep_owner(old: os.stat_result, descriptor: int) -> list[str]:
    now = os.fstat(descriptor)
    if not hasattr(os, "fchown") or (now.st_uid, now.st_gid) == (old.st_uid, old.st_gid):
        return []
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
    except PermissionError:
        with suppress(OSError):
            os.fchown(descriptor, -1, old.st_gid)
        return ["its owner or group could not be kept"]
    return []
