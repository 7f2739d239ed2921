"""What commands that write say on a terminal, and what they say where their writing is ended before its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.errors import WriteError
from leafseal.system import files
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")

PLAIN = 'db:\n    password: hunter2\n    port: 5432\nname_unencrypted: shop\nempty: ""\n'


@pytest.fixture
def configured(work: Path, me: ThrowawayIdentity) -> Path:
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    (work / "app.yaml").write_text(PLAIN)
    return work


def at_terminal(*words: str, quiet: bool = False) -> str:
    """Return what a command shows on a terminal as its standard error; its result goes elsewhere."""
    import pty

    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-P", "-m", "leafseal", *words, *(["--quiet"] if quiet else [])],
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux says so that nobody has the other end
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert done.stdout is not None
    done.stdout.read()
    done.stdout.close()
    assert done.wait(120) == 0, shown
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "editor.sh"
    path.write_text('#!/bin/sh\nsed -i.old \'s/5432/1/\' "$1"; rm -f "$1.old"; echo \'more: 1\' >> "$1"\n')
    path.chmod(0o755)
    monkeypatch.setenv("SOPS_EDITOR", str(path))


COMMANDS: list[tuple[list[str], str]] = [
    (["encrypt", "-i", "app.yaml"], "app.yaml: encrypted 2 of 4 values for 1 recipient"),
    (["set", "--value-file", "v", "app.yaml", "db.port"], "app.yaml: set db.port"),
    (["set", "--value-file", "v", "app.yaml", "x_unencrypted"], "app.yaml: set x_unencrypted, which is not encrypted"),
    (["set", "--idempotent", "--value-file", "v", "app.yaml", "db.port"], "app.yaml: unchanged"),
    (["unset", "app.yaml", "x_unencrypted"], "app.yaml: deleted x_unencrypted"),
    (["rotate", "-i", "app.yaml"], "app.yaml: re-encrypted 2 of 4 values for 1 recipient"),
    (["rotate", "-o", "b.yaml", "app.yaml"], "app.yaml: re-encrypted 2 of 4 values for 1 recipient, written to b.yaml"),
    (["decrypt", "-i", "app.yaml"], "app.yaml: decrypted 2 values"),
]


def test_one_line_says_what_was_written(configured: Path) -> None:
    (configured / "v").write_text("5432")
    for words, line in COMMANDS:
        assert at_terminal(*words) == f"leafseal: {line}\n"
    assert at_terminal("encrypt", "app.yaml") == ""  # the result is on standard output


def test_edit_says_what_it_saved(configured: Path, leafseal: Run, editor: None) -> None:
    assert leafseal("encrypt", "-i", "app.yaml").code == 0
    assert "leafseal: app.yaml: saved; values: 1 changed, 1 added\n" in at_terminal("edit", "app.yaml")
    assert "new.yaml" not in at_terminal("edit", "--quiet", "new.yaml")


def test_updatekeys_and_groups(configured: Path, leafseal: Run, me: ThrowawayIdentity) -> None:
    assert leafseal("encrypt", "-i", "app.yaml").code == 0
    other = throwaway_identity().recipient
    (configured / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient},{other}\n")
    assert at_terminal("updatekeys", "-y", "app.yaml").endswith(
        "leafseal: app.yaml: now encrypted for 2 recipients\n"
        "leafseal: commit and push what changed: until then, others have the old files\n"
    )
    words = ("groups", "add", "-i", "-f", "app.yaml", "--age", other, "--threshold", "2", "--accept-recipients")
    assert at_terminal(*words).endswith(
        "app.yaml: now encrypted for 2 recipients in 2 key groups, 2 needed to decrypt\n"
    )


def test_nothing_is_said_in_pipes_and_where_quiet_is_asked_for(configured: Path, leafseal: Run) -> None:
    assert at_terminal("encrypt", "-i", "app.yaml", quiet=True) == ""
    assert leafseal("rotate", "-i", "app.yaml") == (0, b"", "")
    assert leafseal("rotate", "-i", "--quiet", "app.yaml") == (0, b"", "")
    assert leafseal("set", "--quiet", "--idempotent", "app.yaml", "name_unencrypted", "shop").err == ""
    assert "hunter2" not in (configured / "app.yaml").read_text()


def test_warnings_stay_where_quiet_is_asked_for(configured: Path, leafseal: Run) -> None:
    (configured / "app.yaml").write_text("a: yes\n")
    assert "warning" in leafseal("encrypt", "-i", "--quiet", "app.yaml").err


@pytest.fixture
def many(configured: Path) -> list[str]:
    names = [f"{number:02}.yaml" for number in range(30)]
    for name in names:
        (configured / name).write_text(PLAIN)
    return names


def test_many_files_are_one_line_and_a_bar_covers_reading_and_writing(many: list[str]) -> None:
    shown = at_terminal("encrypt", "-i", *many)
    assert shown.endswith("leafseal: 30 files encrypted\n")
    assert re.search(r"encrypting +\[#+\] +100%", shown)
    assert re.search(r"writing +\[#+\] +100%", shown)


INTERRUPTED = """
import os, signal, sys
from leafseal.system import files
replace, left = files.replace, [7]
def count(*arguments, **options):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))  # in the midst of writing the seventh
    return replace(*arguments, **options)
files.replace = count
from leafseal.cli.main import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_what_is_interrupted_says_how_many_files_were_written(many: list[str], configured: Path, name: str) -> None:
    words = [sys.executable, "-P", "-c", INTERRUPTED, name, "encrypt", "-i", *many]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == (130 if name == "SIGINT" else -signal.SIGTERM)
    assert done.stderr == "leafseal: 7 of 30 files written; not 07.yaml and those after it\n"
    assert ["sops:" in (configured / one).read_text() for one in many] == [True] * 7 + [False] * 23
    assert not list(configured.glob(".*.leafseal"))


def test_an_error_of_writing_says_so_too(
    many: list[str], leafseal: Run, monkeypatch: pytest.MonkeyPatch, configured: Path
) -> None:
    replace = files.replace

    def full(target: object, *arguments: object, **options: object) -> list[str]:
        if getattr(target, "path", "") == "28.yaml":
            raise WriteError("cannot write: no space left on device", file="28.yaml")
        return replace(target, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "replace", full)
    result = leafseal("encrypt", "-i", *many)
    assert (result.code, result.err) == (
        3,
        "leafseal: 28 of 30 files written; not 28.yaml and those after it\n"
        "leafseal: error: 28.yaml: cannot write: no space left on device\n",
    )


def test_what_is_interrupted_while_it_reads_writes_nothing(many: list[str], configured: Path) -> None:
    code = INTERRUPTED.replace("leafseal.system import files", "leafseal.cli.shared import files").replace(
        "files.replace", "files.read_one"
    )
    words = [sys.executable, "-P", "-c", code, "SIGINT", "encrypt", "-i", *many]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")
    assert not any("sops:" in (configured / one).read_text() for one in many)
