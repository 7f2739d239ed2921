"""Editors that edit sealed files: an extension writes the new text and starts sops with an editor that hands it on."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from ..transcripts import SECONDS
from .desk import PLAIN, TYPES, Desk

KINDS = sorted(TYPES)
CHANGED = {kind: text.replace("s3cr3t", "other") for kind, text in PLAIN.items()}

# -- VS Code, signageos


def _vscode(kind: str) -> tuple[str, ...]:
    return ("--config", "/dev/null", "--output-type", TYPES[kind], "--input-type", TYPES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_vscode_views(desk: Desk, kind: str) -> None:
    """The copy that it opens has no ending."""
    desk.rules()
    copy = desk.seal("6cd3556deb0da54bca060b4c39479839", PLAIN[kind], kind=f"x.{kind}")
    assert desk.sops(*_vscode(kind), "--decrypt", copy) == PLAIN[kind]
    assert desk.sops("--aws-profile", "work", "--ignore-mac", *_vscode(kind), "--decrypt", copy) == PLAIN[kind]


def test_vscode_takes_plain_text_for_a_format(desk: Desk) -> None:
    copy = desk.seal("6cd3556deb0da54bca060b4c39479839", PLAIN["txt"], kind="x.txt")
    types = ("--config", "/dev/null", "--output-type", "plaintext", "--input-type", "plaintext")
    assert desk.sops(*types, "--decrypt", copy) == PLAIN["txt"]


@pytest.mark.parametrize("kind", KINDS)
def test_vscode_saves(desk: Desk, kind: str) -> None:
    desk.rules()
    copy = desk.seal("6cd3556deb0da54bca060b4c39479839", PLAIN[kind], kind=f"x.{kind}")
    changed = desk.put("1c0d894f6f6ab511099a568f6e876c2f", CHANGED[kind])
    editor = desk.script("5a105e8b9d40e1329780d62ea2265d8a", 'cat "$VSCODE_SOPS_DECRYPTED_FILE_PATH" > $1')
    desk.sops(*_vscode(kind), copy, EDITOR=editor, VSCODE_SOPS_DECRYPTED_FILE_PATH=changed)
    assert desk.opened(copy, f"x.{kind}") == CHANGED[kind]
    assert desk.strays() == []


@pytest.mark.parametrize("kind", KINDS)
def test_vscode_seals_a_new_file(desk: Desk, kind: str) -> None:
    """`--config` is given twice; the last one counts."""
    desk.rules("copy")
    plain = desk.put(f"copy/deep/new.{kind}", PLAIN[kind])
    types = _vscode(kind)
    sealed = desk.sops(*types[:2], "--config", desk.folder / "copy/.sops.yaml", *types[2:], "--encrypt", plain)
    desk.put(f"out.{kind}", sealed)
    assert desk.opened(f"out.{kind}") == PLAIN[kind]


# -- VS Code, ShipitSmarter


def test_vscode_runs_shell_lines(desk: Desk) -> None:
    desk.rules("deep")
    desk.put("deep/a.yaml", PLAIN["yaml"])
    desk.shell("sops --in-place --encrypt a.yaml", cwd="deep")
    assert desk.opened("deep/a.yaml") == PLAIN["yaml"]
    desk.shell("sops --decrypt a.yaml > a.tmp.yaml", cwd="deep")
    assert (desk.folder / "deep/a.tmp.yaml").read_text() == PLAIN["yaml"]
    desk.shell("sops --in-place --decrypt a.yaml", cwd="deep")
    assert (desk.folder / "deep/a.yaml").read_text() == PLAIN["yaml"]


# -- IntelliJ: Simple Sops Edit

MARKER = "8aa203fd-cc7d-4e00-9c2f-af32b872e4c3"


def test_intellij_reads_the_version(desk: Desk) -> None:
    assert "3.13.2" in desk.sops("--version")


@pytest.mark.parametrize("kind", KINDS)
def test_intellij_views(desk: Desk, kind: str) -> None:
    content = desk.seal(f"secret.{kind}", PLAIN[kind]).read_bytes()
    assert desk.sops("decrypt", "--filename-override", f"secret.{kind}", stdin=content) == PLAIN[kind]


def test_intellij_encrypts(desk: Desk) -> None:
    desk.rules()
    desk.put("sub/secret.yaml", PLAIN["yaml"])
    desk.sops("encrypt", "--in-place", "secret.yaml", cwd="sub")
    assert desk.opened("sub/secret.yaml") == PLAIN["yaml"]


@pytest.mark.parametrize("kind", KINDS)
def test_intellij_edits(desk: Desk, kind: str) -> None:
    desk.seal(f"sub/secret.{kind}", PLAIN[kind])
    code, err = _edited_by_talk(desk, f"secret.{kind}", CHANGED[kind])
    assert (code, err) == (0, b"")
    assert desk.opened(f"sub/secret.{kind}") == CHANGED[kind]
    assert desk.strays() == []


def test_intellij_hears_of_no_change(desk: Desk) -> None:
    desk.seal("sub/secret.yaml", PLAIN["yaml"])
    code, err = _edited_by_talk(desk, "secret.yaml", PLAIN["yaml"])
    assert code == 200
    assert b"File has not changed, exiting." in err


def _edited_by_talk(desk: Desk, name: str, text: str) -> tuple[int, bytes]:
    """Start an edit whose editor says that it is ready and reads the new text from the standard input of sops."""
    editor = desk.script("simple sops edit.sh", f'printf "%s" {MARKER}\ncat - > "$1"')
    process = subprocess.Popen(
        ["sops", "edit", name],
        cwd=desk.folder / "sub",
        env=desk.environ({"EDITOR": str(editor).replace(" ", "\\ "), "PSExecutionPolicyPreference": "Bypass"}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    with process:
        assert process.stdout is not None
        marker = process.stdout.read(len(MARKER))
        _, err = process.communicate(text.encode())
    watchdog.cancel()
    assert marker.decode() == MARKER
    return process.returncode, err


# -- Neovim


@pytest.mark.parametrize("kind", KINDS)
def test_neovim_edits(desk: Desk, kind: str) -> None:
    """nvim-sops: the editor is a command line with quoted words, which no shell reads."""
    path = desk.seal(f"secret.{kind}", PLAIN[kind])
    desk.sops("filestatus", path)
    clear = desk.folder / f".decrypted~secret.{kind}"
    desk.sops("-d", "--output", clear, path)
    assert clear.read_text() == PLAIN[kind]
    clear.write_text(CHANGED[kind])
    editor = """sh -c 'cat "$NVIM_SOPS_DECRYPTED_FILE_PATH" > "$1"' sh"""
    desk.sops(path, SOPS_EDITOR=editor, NVIM_SOPS_DECRYPTED_FILE_PATH=clear)
    assert desk.opened(path) == CHANGED[kind]
    assert desk.strays() == []


def test_neovim_hears_of_no_change(desk: Desk) -> None:
    path = desk.seal("secret.yaml", PLAIN["yaml"])
    done = desk.fails(path, SOPS_EDITOR="true")
    assert (done.code, done.err) == (200, "File has not changed, exiting.\n")


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_neovim_swaps_the_buffer(desk: Desk, kind: str) -> None:
    """sops.nvim: types that are file types of the editor, a script, and the folder of the file."""
    desk.seal(f"sub/secret.{kind}", PLAIN[kind])
    path = desk.folder / "sub" / f"secret.{kind}"
    assert desk.sops("--decrypt", "--input-type", kind, "--output-type", kind, path, cwd="sub") == PLAIN[kind]
    changed = desk.put("buffer", CHANGED[kind])
    script = desk.script("sops-editor.sh", 'cat "$SOPS_NVIM_TEMP_FILE" >"$1"')
    desk.sops("edit", path, cwd="sub", SOPS_EDITOR=script, EDITOR="false", SOPS_NVIM_TEMP_FILE=changed)
    assert desk.opened(path) == CHANGED[kind]


# -- what editors do with the file


@pytest.mark.parametrize(
    "doing",
    ['cat "$NEW" > "$1"', 'cp "$NEW" "$1.tmp" && mv "$1.tmp" "$1"', 'rm "$1" && cat "$NEW" > "$1"'],
    ids=["truncates", "renames", "removes"],
)
def test_editors_write_in_their_ways(desk: Desk, doing: str) -> None:
    path, new = desk.seal("secret.yaml", PLAIN["yaml"]), desk.put("new", CHANGED["yaml"])
    seen = desk.stage.home / "name"
    editor = desk.script("editor", f'basename "$1" > "{seen}"\n{doing}')
    desk.sops("edit", path, EDITOR=editor, NEW=new)
    assert desk.opened(path) == CHANGED["yaml"]
    assert seen.read_text().strip() == "secret.yaml"  # by which editors find their syntax
    assert desk.strays() == []


def test_a_new_file_begins_with_an_example(desk: Desk) -> None:
    desk.rules()
    editor = desk.script("editor", 'grep -q "Welcome to SOPS" "$1"\necho "a: b" > "$1"')
    desk.sops("edit", "new.yaml", EDITOR=editor)
    assert Path(desk.folder / "new.yaml").exists()
    assert desk.opened("new.yaml") == "a: b\n"
