"""Reading files: what is taken for one, how much of it, and what tells it from another later."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from leafseal.document.limits import Limits
from leafseal.errors import InputError, MissingFileError
from leafseal.system.reading import Identity, descriptor_of, read, read_descriptor

SMALL = Limits(file_bytes=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"0123456789")
    return path


def test_a_file_and_what_it_was(path: Path) -> None:
    snapshot = read(path, SMALL)
    assert (snapshot.path, snapshot.data) == (str(path), b"0123456789")
    assert snapshot.identity == Identity.of(path.stat())
    assert "0123" not in repr(snapshot)
    path.write_bytes(b"9876543210")
    os.utime(path, ns=(0, 0))
    assert snapshot.identity != Identity.of(path.stat())


def test_a_file_that_is_too_large(path: Path) -> None:
    path.write_bytes(b"0123456789x")
    with pytest.raises(InputError, match="larger than 10 bytes") as caught:
        read(path, SMALL)
    assert caught.value.file == str(path)
    assert "--max-file-size" in str(caught.value.hint)


def test_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        read(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_pipe_and_a_device_are_not_opened(tmp_path: Path) -> None:
    """Opening alone would wait for a writer, or move the device."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a named pipe or socket"):
        read(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a device"):
        read("/dev/zero")


def test_the_null_device_is_an_empty_file() -> None:
    assert read(os.devnull) == (os.devnull, b"", None)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("/dev/stdin", 0),
        ("/dev/stderr", 2),
        ("/dev/fd/7", 7),
        ("/proc/self/fd/12", 12),
        ("-", None),
        ("/dev/fd/", None),
        ("/dev/fd/x", None),
        ("/dev/fd/-1", None),
        ("/dev/fd/1234567", None),
        ("dev/fd/1", None),
        ("/dev/fd/1/", None),
    ],
)
def test_names_of_descriptors(name: str, number: int | None) -> None:
    assert descriptor_of(name) == number


def test_a_descriptor_is_read_from_where_it_stands(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        file.seek(4)
        assert read_descriptor(file.fileno()) == b"456789"
        file.seek(0)
        snapshot = read(f"/dev/fd/{file.fileno()}", SMALL)
        assert (snapshot.data, snapshot.identity) == (b"0123456789", None)
        file.seek(0)
        with pytest.raises(InputError, match="larger than 9 bytes"):
            read_descriptor(file.fileno(), 9)


def test_standard_input_may_be_a_stream_that_somebody_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\xff")))
    assert read("-").data == b"x\xff"
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="there is no standard input"):
        read("-")
