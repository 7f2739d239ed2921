"""Files that are read only inside of one folder, whatever their names and links say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.document.limits import Limits
from leafseal.errors import InputError, LeafsealError, MissingFileError, RefusedError
from leafseal.system.inside import read_inside

OUTSIDE = "is outside of the folder that files may come from"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an application, in which we stand, a common file, and something outside."""
    folder = tmp_path / "root"
    (folder / "app" / "sub").mkdir(parents=True)
    (folder / "app" / "a.yaml").write_bytes(b"a")
    (folder / "app" / "sub" / "b.yaml").write_bytes(b"b")
    (folder / "common.yaml").write_bytes(b"common")
    (tmp_path / "outside.yaml").write_bytes(b"outside")
    monkeypatch.chdir(folder / "app")
    return folder


@pytest.mark.parametrize(
    ("name", "data"), [("a.yaml", b"a"), ("./sub//b.yaml", b"b"), ("sub/../a.yaml", b"a"), ("sub/./b.yaml", b"b")]
)
def test_files_below(root: Path, name: str, data: bytes) -> None:
    snapshot = read_inside(name)
    assert (snapshot.path, snapshot.data) == (name, data)
    assert snapshot.identity is not None


@pytest.mark.parametrize("name", ["../common.yaml", "sub/../../common.yaml", "../app/a.yaml", "/etc/hostname"])
def test_names_that_lead_out(root: Path, name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read_inside(name, hint="move it")
    assert str(caught.value) == f"{name}: {OUTSIDE}"
    assert caught.value.hint == "move it"


def test_a_wider_root(root: Path) -> None:
    assert read_inside("../common.yaml", str(root)).data == b"common"
    assert read_inside("a.yaml", "..").data == b"a"
    with pytest.raises(RefusedError):
        read_inside("../../outside.yaml", str(root))
    with pytest.raises(RefusedError):
        read_inside("a.yaml", "sub")  # which we are not in


def test_links(root: Path) -> None:
    os.symlink("sub/b.yaml", "inside.yaml")
    os.symlink("sub", "folder")
    os.symlink("../common.yaml", "up.yaml")
    os.symlink(str(root / "app" / "a.yaml"), "absolute.yaml")
    os.symlink("loop", "loop")
    assert read_inside("inside.yaml").data == b"b"
    assert read_inside("folder/b.yaml").data == b"b"
    assert read_inside("folder/../a.yaml").data == b"a"
    assert read_inside("up.yaml", str(root)).data == b"common"
    for name in ("up.yaml", "absolute.yaml"):
        with pytest.raises(RefusedError, match=OUTSIDE):
            read_inside(name)
    with pytest.raises(InputError, match="too many links"):
        read_inside("loop")


def test_what_is_no_file(root: Path) -> None:
    os.mkfifo("pipe")
    for name, error, text in [
        ("sub", InputError, "is a folder"),
        (".", InputError, "is a folder"),
        ("pipe", InputError, "is a named pipe"),
        ("none.yaml", MissingFileError, "no such file"),
        ("a.yaml/b", MissingFileError, "no such file"),
        ("a\0b", InputError, "no file can have this name"),
    ]:
        with pytest.raises(error, match=text):
            read_inside(name)


def test_limits_hold(root: Path) -> None:
    with pytest.raises(InputError, match="larger than 0 bytes"):
        read_inside("a.yaml", limits=Limits(file_bytes=0))


def test_descriptors_are_closed(root: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("nothing lists the open files")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("a.yaml", "sub/b.yaml", "../x", "none"):
        try:
            read_inside(name)
        except LeafsealError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before
