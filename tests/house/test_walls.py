"""What import-linter cannot see: who uses the cipher, who writes files, and which name the project has."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "leafseal"

# What makes or replaces a file, by the name of the function that is called.
WRITES = {"replace", "rename", "renames", "symlink", "link", "write_text", "write_bytes", "copyfile", "copy", "move"}
FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}

WRITERS = {
    "system/files.py": "the users' files",
    "system/directory.py": "the system calls of system.files, in a folder that is held open",
    "system/locks.py": "locks, in a folder of our own",
    "system/datagrams.py": "a file in memory for a datagram that is too long",
    "system/log_file.py": "audit logs that the policy names",
    "system/private.py": "plaintext, in a folder of our own",
    "system/terminal.py": "the terminal, and the null device",
    "system/appending.py": "the end of a file that a CI runner made and reads",
    "run/render/tree.py": "plaintext in files that are rendered for programs",
    "run/render/generations.py": "the links to them",
    "run/plaintext_path.py": "plaintext under the path that a program is given",
    "sops/exec_file.py": "the null device",
    "cli/link_sops.py": "the link named sops",
    "deploy/copying.py": "a copy of leafseal for another container",
    "deploy/exchanging.py": "the folders of those copies and of plugins",
    "deploy/kubectl/kustomize.py": "links to our generator, in a folder of our own",
    "deploy/helm/plugins.py": "plugins of Helm",
}
"""The modules that open something for writing, and what that is."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


CIPHER = {"AESGCM", "aes_gcm", "GCM"}


def uses_cipher(tree: ast.AST) -> bool:
    """Tell whether a module names AES-GCM, or the mode of it that gives out plaintext before its tag is checked."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & CIPHER:
            return True
        if isinstance(node, ast.Attribute) and node.attr in CIPHER:
            return True
    return False


def writes(tree: ast.AST) -> bool:
    """Tell whether a module makes files, changes their names, or opens them for writing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in FLAGS:
            return True
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in WRITES and _is_of_a_file(function):
            return True
        if "open" in (getattr(function, "id", ""), getattr(function, "attr", "")) and _mode(node) & set("wax+"):
            return True
    return False


def _is_of_a_file(function: ast.Attribute) -> bool:
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    talks = owner in ("messages", "formatter")  # neither is a path
    return owner in ("os", "shutil") or (function.attr.startswith("write_") and not talks)


def _mode(call: ast.Call) -> set[str]:
    """Return the letters of the mode that something is opened with."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    place = 0 if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") not in ("os", "io") else 1
    mode = (named or call.args[place : place + 1] or [ast.Constant("")])[0]
    text = mode.value if isinstance(mode, ast.Constant) and isinstance(mode.value, str) else ""
    return set(text) if len(text) <= 3 else set()


def calls(tree: ast.AST) -> set[str]:
    """Return the names of all functions that a module calls."""
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {name for function in functions for name in (getattr(function, "id", ""), getattr(function, "attr", ""))}


def test_one_module_calls_the_cipher() -> None:
    # The other finds it for the first, among the names of the library.
    using = {name: tree for name, tree in trees() if uses_cipher(tree)}
    assert list(using) == ["crypto/primitives.py", "crypto/token.py"]
    assert not calls(using["crypto/primitives.py"]) & {*CIPHER, "encrypt", "decrypt", "getattr"}
    assert "AESGCM" in calls(using["crypto/token.py"])


def test_who_writes_is_known() -> None:
    assert {name for name, tree in trees() if writes(tree)} == set(WRITERS)


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.replace('a', 'b')",
        "open('a', 'w')",
        "open('a', mode='ab')",
        "path.open('wb')",
        "path.write_text('x')",
        "import os\nos.open('a', os.O_CREAT)",
        "import shutil\nshutil.copy('a', 'b')",
    ],
)
def test_a_write_is_noticed(code: str) -> None:
    assert writes(ast.parse(code))


@pytest.mark.parametrize("code", ["open('a')", "open('a', 'rb')", "path.open('rb')", "'a'.replace('a', 'b')"])
def test_a_read_is_none(code: str) -> None:
    assert not writes(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
        "from cryptography.hazmat.primitives.ciphers import modes\nmodes.GCM(b'')",
        "aead.AESGCM(b'')",
        "from leafseal.crypto.primitives import AESGCM",
        "primitives.find().aes_gcm(b'')",
    ],
)
def test_a_cipher_is_noticed(code: str) -> None:
    assert uses_cipher(ast.parse(code))


def test_what_lies_directly_below_the_package() -> None:
    entries = {path.name for path in SOURCE.iterdir() if path.name != "__pycache__"} - {"py.typed"}
    modules = {name for name in entries if name.endswith(".py")}
    assert modules == {"__init__.py", "__main__.py", "display.py", "errors.py", "testing.py"}
    assert len(entries - modules) == 20


def test_the_old_name_is_history() -> None:
    old = "leaf" + "lock"
    found = subprocess.run(["git", "grep", "-il", old], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode > 1:
        pytest.skip("not a Git checkout")
    named = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    refused = {"docs/exec-names.md", "src/leafseal/run/names.py"}  # its variables mean what ours do, to old programs
    assert set(found.stdout.split()) == {"CHANGELOG.md", *refused}
    assert not [path for path in named.stdout.split() if old in path.lower()]
