"""The guard: a clean filter that passes bytes through, and fails `git add` of plain text that must be encrypted.

Git runs it for every file that it covers, so a shell looks first (`guard_script`). An encrypted file passes there,
without a Python and even where leafseal is gone, and so does a plain one that surely may. Anything else is judged by
leafseal, with the bytes that Git was given, which need not be those of the work tree.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from leafseal.git.attributes import DRIVER, KEPT
from leafseal.git.guard_script import RULES_NAME, SCRIPT, SCRIPT_NAME
from leafseal.git.known_rules import known_rules
from leafseal.git.repository import Repository
from leafseal.system import files
from leafseal.system.programs import ProgramError, output_of

_FIND = f'd=.git; test -f $d/{SCRIPT_NAME} || d=$(git rev-parse --git-common-dir); . "$d/{SCRIPT_NAME}"'

FILTERS: Mapping[str, str] = {
    f"filter.{name}.{setting}": value
    for name, function in ((DRIVER, "guard"), (KEPT, "guard_kept"))
    # Without `smudge` a checkout of these files would fail, as `required` says; without that, a failing filter passes.
    for setting, value in (("clean", f"{_FIND}; {function} %f"), ("smudge", "cat"), ("required", "true"))
}
"""What a clone's configuration says of the guard."""


def place(repository: Repository) -> list[str]:
    """Write the shell's half, and what it may know of the rules; return the paths of what was not there so."""
    written = []
    for path, text in _parts(repository).items():
        if not _has(path, text):
            if os.path.lexists(path):
                os.unlink(path)
            files.create(path, text.encode())
            written.append(path)
    return written


def is_placed(repository: Repository) -> bool:
    """Tell whether the shell's half is there, as this version writes it."""
    return _has(os.path.join(repository.common_dir, SCRIPT_NAME), SCRIPT)


def knows_rules(repository: Repository) -> bool:
    """Tell whether the shell's half knows the rules of this work tree. Without them it starts leafseal more often."""
    return all(_has(path, text) for path, text in _parts(repository).items())


def _parts(repository: Repository) -> dict[str, str]:
    return {
        os.path.join(repository.common_dir, RULES_NAME): known_rules(repository),
        os.path.join(repository.common_dir, SCRIPT_NAME): SCRIPT,
    }


def _has(path: str, text: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == text.encode()
    except OSError:
        return False


def displace(repository: Repository) -> None:
    """Delete the shell's half."""
    for name in (SCRIPT_NAME, RULES_NAME):
        path = os.path.join(repository.common_dir, name)
        if os.path.lexists(path):
            os.unlink(path)


_READERS = {"diff", "status", "blame", "describe"}
"""What Git filters files for in order to compare them, not to keep them."""

_WITH_VALUE = {
    *("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env", "--super-prefix"),
    *("--attr-source", "--shallow-file"),
}


def only_reads(process: int) -> bool:
    """Tell whether a process is a Git that compares files and keeps nothing of them.

    Git does not tell its filters, and `git diff` has to go on while a file is decrypted for a moment.
    """
    words = _arguments(process)
    if not words or os.path.basename(words[0]).removesuffix(".exe") != "git":
        return False
    rest = iter(words[1:])
    for word in rest:
        if word in _WITH_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            return word in _READERS
    return False


def _arguments(process: int) -> list[str]:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return os.fsdecode(file.read()).split("\0")[:-1]
    except OSError:
        pass
    try:
        told = output_of(["ps", "-o", "args=", "-p", str(process)], os.environ, seconds=5, limit=1 << 16)
    except ProgramError:
        return []
    return os.fsdecode(told).split()
