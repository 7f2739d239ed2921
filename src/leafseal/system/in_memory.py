"""Whether an open folder is in memory, whether its pages may go to a disk, and what is mounted.

The descriptor is asked, not a path: what a path leads to can change. On Linux alone there is an answer.
"""

from __future__ import annotations

import sys

_KINDS = {0x01021994: "tmpfs", 0x858458F6: "ramfs"}
"""File systems in memory, by the magic numbers of statfs(2). devtmpfs and cgroup mounts have that of tmpfs too."""

_ROOM = 256  # bytes; `struct statfs` has at most 120
_SWAPS = "/proc/swaps"
_MOUNTS = "/proc/self/mountinfo"


def kind_of(descriptor: int) -> str | None:
    """Return the file system in memory that an open folder is in, None for any other, and where nothing tells."""
    if sys.platform != "linux":
        return None
    import ctypes  # hardly any command needs it

    try:
        call = ctypes.CDLL(None).fstatfs
    except (OSError, AttributeError):
        return None
    answer = ctypes.create_string_buffer(_ROOM)
    if call(descriptor, answer) != 0:
        return None
    return _KINDS.get(ctypes.c_ulong.from_buffer(answer).value & 0xFFFFFFFF)


def may_be_swapped(descriptor: int) -> bool:
    """Tell whether the system swaps, and may swap what is in a folder in memory."""
    if kind_of(descriptor) != "tmpfs":
        return False
    try:
        with open(_SWAPS, encoding="utf-8", errors="surrogateescape") as file:
            has_swap = len(file.readlines()) > 1  # the first is a heading
        return has_swap and "noswap" not in _options_of_mount(descriptor)
    except OSError:
        return False


def mount_of(descriptor: int) -> str | None:
    """Return the number of the mount that an open file or folder is in, None where nothing tells."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
            return next((line.split()[1] for line in file if line.startswith("mnt_id:")), None)
    except OSError:
        return None


def _options_of_mount(descriptor: int) -> list[str]:
    """Return the options of the file system that an open folder is in. Raises `OSError`."""
    number = mount_of(descriptor)
    with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            mount, _, rest = line.partition(" - ")
            if mount.split(" ", 1)[0] == number:
                return [option for part in (mount.split()[5], rest.split()[2]) for option in part.split(",")]
    return []
