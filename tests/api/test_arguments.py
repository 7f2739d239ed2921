"""What a program may pass by mistake: each is an error of ours that says what was expected."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import leafseal
from leafseal import LeafsealError, SealedFile, Selection, UsageError
from leafseal.errors import FormatError, InputError, MissingFileError
from leafseal.testing import throwaway_identity

from ..whole_files import AMBIENT, ME, seal_in

READERS: list[Callable[..., Any]] = [
    leafseal.load,
    SealedFile.open,
    lambda path, **named: leafseal.open_many([path], **named),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seal_in(tmp_path, b"a: 1\n", "yaml")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "not NoneType"),
        (3, "not int"),
        (b"x.yaml", "not bytes"),
        (["x.yaml"], "not list"),
        (io.BytesIO(b"a: 1"), "not BytesIO"),
        ("", "path is empty"),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_what_is_no_path(read: Callable[..., Any], given: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(given, ambient=AMBIENT)


def test_text_and_path_objects_are_paths(path: Path) -> None:
    class Named:
        def __fspath__(self) -> str:
            return str(path)

    for given in (path, str(path), Named()):
        assert leafseal.load(given, ambient=AMBIENT) == {"a": 1}


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_is_what_python_expects(
    read: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in (FileNotFoundError, OSError, LeafsealError, InputError, MissingFileError):
        with pytest.raises(kind) as caught:
            read("no.yaml", ambient=AMBIENT)
        assert caught.value.__cause__ is None
    error = caught.value
    assert isinstance(error, OSError)
    assert (error.errno, error.filename, str(error)) == (2, "no.yaml", "no.yaml: no such file")
    assert error.strerror == "no such file or directory"
    assert str(tmp_path) in error.__notes__[0]
    with pytest.raises(MissingFileError) as caught_home:
        read("~/no.yaml", ambient=AMBIENT)
    assert "expanduser" in str(caught_home.value.hint)


OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"format": "yml"}, "format must be one of yaml, json"),
    ({"format": 3}, "format must be one of"),
    ({"ambient": ME}, "ambient must be of type Ambient"),
    ({"ambient": {}}, "ambient must be of type Ambient"),
    ({"limits": 3}, "limits must be of type Limits"),
    ({"timestamps": "date"}, "timestamps must be"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
@pytest.mark.parametrize("read", [leafseal.load, SealedFile.open])
def test_options_of_another_type(path: Path, read: Callable[..., Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(path, **{"ambient": AMBIENT, **options})


@pytest.mark.parametrize("document", [-1, "0", 1.0, True])
def test_numbers_of_documents(path: Path, document: Any) -> None:
    with pytest.raises(UsageError, match="document must be a whole number from 0"):
        leafseal.load(path, document=document, ambient=AMBIENT)


WITH_DATA: list[Callable[[Any], Any]] = [
    lambda data: leafseal.loads(data, format="yaml", ambient=AMBIENT),
    lambda data: leafseal.decrypt(data, format="yaml", ambient=AMBIENT),
    lambda data: leafseal.encrypt(data, format="yaml", recipients=ME.recipient),
]


@pytest.mark.parametrize("call", WITH_DATA)
@pytest.mark.parametrize("data", [None, 3, {"a": 1}, Path("x.yaml"), io.BytesIO(b"a: 1")])
def test_what_is_no_content(call: Callable[[Any], Any], data: Any) -> None:
    with pytest.raises(UsageError, match=f"data must be bytes or text, not {type(data).__name__}"):
        call(data)


@pytest.mark.parametrize("call", WITH_DATA)
def test_content_that_is_no_text(call: Callable[[Any], Any]) -> None:
    with pytest.raises(UsageError, match="half of a surrogate pair") as caught:
        call("a: \ud800")
    assert caught.value.__context__ is None
    for data in ("ä: 1".encode("latin1"), "ä: 1".encode("utf16")):
        with pytest.raises(FormatError):
            call(data)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode])
def test_content_may_be_text_or_any_bytes(path: Path, kind: Callable[[bytes], Any]) -> None:
    sealed = leafseal.encrypt(kind("ä: 1\n".encode()), format="yaml", recipients=[ME.recipient])
    assert leafseal.loads(kind(sealed), format="yaml", ambient=AMBIENT) == {"ä": 1}
    assert leafseal.decrypt(kind(sealed), format="yaml", ambient=AMBIENT) == "ä: 1\n".encode()


def test_one_recipient_needs_no_list() -> None:
    for given in ({"recipients": ME.recipient}, {"groups": [ME.recipient]}):
        sealed = leafseal.encrypt("a: 1\n", format="yaml", **given)  # type: ignore[arg-type]
        assert leafseal.loads(sealed, format="yaml", ambient=AMBIENT) == {"a": 1}


def test_one_path_is_no_list_of_paths(path: Path) -> None:
    for given in (path, str(path), os.fsencode(path), None):
        with pytest.raises(UsageError, match="paths must be a list of paths"):
            leafseal.open_many(given, ambient=AMBIENT)  # type: ignore[arg-type]


def test_selections_of_another_type() -> None:
    with pytest.raises(UsageError, match="selection must be of type Selection"):
        leafseal.encrypt("a: 1", format="yaml", recipients=ME.recipient, selection="a")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="encrypted_regex must be text, not int"):
        Selection(encrypted_regex=3)  # type: ignore[arg-type]


def test_limits_are_raised_in_words_of_the_library(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        leafseal.load(path, ambient=AMBIENT, limits=leafseal.Limits(file_bytes=10))
    assert caught.value.hint == "if this is meant, raise the limit: pass limits=Limits(file_bytes=…)"


@pytest.mark.parametrize(
    ("text", "limits", "field"),
    [
        ("a: {b: {c: 1}}\n", leafseal.Limits(depth=2), "depth"),
        ('{"a": {"b": {"c": 1}}}\n', leafseal.Limits(depth=2), "depth"),
        ("a: 1\nb: 2\n", leafseal.Limits(leaves=1), "leaves"),
        (f"a: {'x' * 5000}\n", leafseal.Limits(scalar_bytes=9), "scalar_bytes"),
        ("a: 1\n", leafseal.Limits(recipients=1), "recipients"),
    ],
)
def test_every_limit_is_raised_so(text: str, limits: leafseal.Limits, field: str) -> None:
    other = throwaway_identity().recipient
    name = "json" if text.startswith("{") else "yaml"
    sealed = leafseal.encrypt(text, format=name, recipients=[ME.recipient, other])
    with pytest.raises(LeafsealError) as caught:
        leafseal.loads(sealed, format=name, ambient=AMBIENT, limits=limits)
    assert caught.value.hint == f"if this is meant, raise the limit: pass limits=Limits({field}=…)"
