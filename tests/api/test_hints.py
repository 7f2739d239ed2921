"""Errors that nobody caught, copied or sent to another process: each still says what to try, once, and no value."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

import leafseal
from leafseal import LeafsealError, SealedFile, Selection
from leafseal.cli.main import run

from ..whole_files import AMBIENT, ME, seal_in

NOWHERE = leafseal.Ambient({}, "/nonexistent")

FAILURES: dict[str, Callable[[Path], object]] = {
    "no file": lambda path: leafseal.load(path.with_name("no.yaml"), ambient=AMBIENT),
    "no key": lambda path: leafseal.load(path, ambient=NOWHERE),
    "plain": lambda _: leafseal.loads("a: 1", format="yaml", ambient=AMBIENT),
    "path": lambda path: SealedFile.open(path, ambient=AMBIENT).get("db.passwort"),
    "two rules": lambda _: Selection(encrypted_regex="a", unencrypted_regex="b"),
    "pattern": lambda _: Selection(encrypted_regex="("),
    "nothing sealed": lambda _: leafseal.encrypt(
        "a: 1", format="yaml", recipients=ME.recipient, selection=Selection(encrypted_regex="^b$")
    ),
    "recipient": lambda _: leafseal.encrypt("a: 1", format="yaml", recipients="age1xyz"),
}


def failure(name: str, folder: Path) -> LeafsealError:
    path = seal_in(folder, b"db:\n  password: c4n4ry\n", "yaml")
    with pytest.raises(LeafsealError) as caught:
        FAILURES[name](path)
    return caught.value


@pytest.mark.parametrize("name", FAILURES)
def test_a_traceback_ends_in_the_hint(tmp_path: Path, name: str) -> None:
    error = failure(name, tmp_path)
    lines = "".join(traceback.format_exception(error)).splitlines()
    assert lines[-1] == f"hint: {error.hint}"
    assert lines[-2].endswith(str(error))
    assert lines.count(lines[-1]) == 1
    assert "c4n4ry" not in "\n".join(lines[-2:])


def test_no_frame_of_ours_holds_a_value(tmp_path: Path) -> None:
    path = seal_in(tmp_path, b"db:\n  password: c4n4ry\n", "yaml")
    file = SealedFile.open(path, ambient=AMBIENT)
    calls: list[Callable[[], object]] = [
        lambda: file["db.passwort"],
        lambda: file.set("db.password.x", "c4n4ry"),
        lambda: file.set("x", {"c4n4ry"}),
        lambda: file.__setitem__("db.password.x", "c4n4ry"),
        lambda: leafseal.encrypt("a: [c4n4ry", format="yaml", recipients=ME.recipient),
        lambda: leafseal.load(path, document=3, ambient=AMBIENT),
        lambda: leafseal.loads(path.read_bytes()[3:], format="yaml", ambient=AMBIENT),
    ]
    for call in calls:
        with pytest.raises(LeafsealError) as caught:
            call()
        ours = [frame for frame in traceback.walk_tb(caught.value.__traceback__) if _is_ours(frame[0])]
        assert {frame.f_code.co_name for frame, _ in ours} == {"guarded"}
        shown = [repr(value) for frame, _ in ours for value in frame.f_locals.values()]
        assert not [text for text in shown if "c4n4ry" in text]


def _is_ours(frame: FrameType) -> bool:
    return f"{os.sep}leafseal{os.sep}" in frame.f_code.co_filename


def test_python_prints_the_hint(tmp_path: Path) -> None:
    code = "import leafseal; leafseal.load('no.yaml')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-2:]
    assert last[0] == "leafseal.errors.MissingFileError: no.yaml: no such file"
    assert last[1].startswith("hint: the path starts in the current folder, ")


def test_an_error_that_is_raised_again_has_its_hint_once(tmp_path: Path) -> None:
    error = failure("no key", tmp_path)
    assert error.noted().noted().__notes__ == [f"hint: {error.hint}"]


def test_the_command_line_shows_a_hint_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = seal_in(tmp_path, b"a: 1\n", "yaml")
    path.write_text("a: 1\n")
    assert run(["decrypt", str(path)]) == 1
    assert capfd.readouterr().err.count("hint: ") == 1


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_can_be_copied_and_pickled(
    tmp_path: Path, name: str, copied: Callable[[LeafsealError], LeafsealError]
) -> None:
    error = failure(name, tmp_path)
    again = copied(error)
    assert type(again) is type(error)
    assert (str(again), again.hint, again.file, again.exit_code) == (
        str(error), error.hint, error.file, error.exit_code,
    )  # fmt: skip
    assert again.__notes__ == error.__notes__
    assert set(vars(again)) == set(vars(error))


def test_a_near_miss_is_suggested(tmp_path: Path) -> None:
    error = failure("path", tmp_path)
    assert error.hint == "the file has db.password"
    assert isinstance(error, leafseal.PathError)
    assert isinstance(error, KeyError)
    assert (error.path, error.file) == ("db.passwort", str(tmp_path / "secrets.yaml"))
