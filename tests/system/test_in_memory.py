"""Which folders are in memory, and whether they may be swapped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from leafseal.system import in_memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


def opened(path: str | Path) -> int:
    return os.open(path, os.O_RDONLY)


@linux
def test_what_the_system_says() -> None:
    if not os.path.ismount("/dev/shm"):
        pytest.skip("no /dev/shm")
    for path, kind in (("/dev/shm", "tmpfs"), ("/proc", None), ("/sys", None)):
        descriptor = opened(path)
        assert in_memory.kind_of(descriptor) == kind
        os.close(descriptor)
    assert in_memory.kind_of(99999) is None


def test_other_systems_do_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert in_memory.kind_of(0) is None
    assert not in_memory.may_be_swapped(0)


@linux
def test_swapping(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    descriptor = opened(tmp_path)
    with open(f"/proc/self/fdinfo/{descriptor}") as file:
        number = next(line.split()[1] for line in file if line.startswith("mnt_id"))
    swaps, mounts = tmp_path / "swaps", tmp_path / "mounts"
    monkeypatch.setattr(in_memory, "_SWAPS", str(swaps))
    monkeypatch.setattr(in_memory, "_MOUNTS", str(mounts))
    monkeypatch.setattr(in_memory, "kind_of", lambda _: "tmpfs")
    head, one = "Filename Type Size\n", "/swap file 1\n"
    with_swap = (
        f"1 2 0:1 / / rw - ext4 x rw\n{number} 30 0:25 / {tmp_path} rw,nosuid shared:1 - tmpfs none rw,size=1k\n"
    )
    for swap, mount, expected in (
        (head, with_swap, False),
        (head + one, with_swap, True),
        (head + one, with_swap.replace("size=1k", "noswap"), False),
    ):
        swaps.write_text(swap)
        mounts.write_text(mount)
        assert in_memory.may_be_swapped(descriptor) is expected
    monkeypatch.setattr(in_memory, "kind_of", lambda _: "ramfs")
    assert not in_memory.may_be_swapped(descriptor)
    monkeypatch.setattr(in_memory, "kind_of", lambda _: "tmpfs")
    swaps.unlink()
    assert not in_memory.may_be_swapped(descriptor)
    os.close(descriptor)
