"""The user's editor: which one, how it is kept from leaving copies, and the loop around it (sops-cli §4.3).

The text stands in a private folder under the base name of the file, so that the editor sees its kind. Swap, backup
and undo files of the common editors are switched off; whatever they leave beside the text goes with the folder.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from queue import Empty
from typing import Final, NamedTuple, TypeVar

from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.errors import EditorError, LeafsealError, system_text
from leafseal.system import files, signals, waiting_editors
from leafseal.system.directories import home
from leafseal.system.environment import child_environment
from leafseal.system.executables import locate
from leafseal.system.private import private_directory, write_private

T = TypeVar("T")

NONE_FOUND = (
    "no editor available: sops attempts to use the editor defined in the SOPS_EDITOR or EDITOR environment variables, "
    "and if that's not set defaults to any of vim, nano, vi, but none of them could be found"
)


class Outcome(Enum):
    """What came of an edit that changed nothing."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Outcome.UNCHANGED


class Editor(NamedTuple):
    """A program with its arguments; the file goes behind them. `warning` is for the user, or empty."""

    argv: tuple[str, ...]
    warning: str = ""


def find_editor(environ: Mapping[str, str], *, plain: bool = False, as_given: bool = False) -> Editor:
    """Choose the editor: `SOPS_EDITOR`, `EDITOR`, else the first of vim, nano, vi that is there.

    `plain` (or a non-empty `LEAFSEAL_PLAIN_EDITOR`) takes it as it is, without our arguments and demands. `as_given`
    does so where a variable names it, and also where that is a program in the working tree or a path from here.

    Raises `EditorError` when there is none, `RefusedError` for one that returns before the user is done.
    """
    plain = plain or bool(environ.get("LEAFSEAL_PLAIN_EDITOR"))
    for variable in ("SOPS_EDITOR", "EDITOR"):
        if command := environ.get(variable, "").strip():
            return _configured(variable, command, environ, plain or as_given, as_given)
    for name in ("vim", "nano", "vi"):
        if program := locate(name, environ):
            return Editor((program,)) if plain else _discreet(program, [])
    raise EditorError(NONE_FOUND, hint='set EDITOR, for instance EDITOR="code --wait"')


def _configured(variable: str, command: str, environ: Mapping[str, str], plain: bool, trust_here: bool) -> Editor:
    try:
        name, *arguments = shlex.split(command)
    except ValueError:
        raise EditorError(f"could not run editor: {variable} has an open quote") from None
    if trust_here and os.path.dirname(name):
        return Editor((name, *arguments))
    program = locate(name, environ, trust_here=trust_here)
    if program is None:
        raise EditorError(
            f"could not run editor: {variable} is set to {name}, which is not on PATH",
            hint="install it, or set its absolute path; programs in the current folder or working tree are ignored",
        )
    return Editor((program, *arguments)) if plain else _discreet(program, arguments)


_VIM = "set nomodeline nobackup nowritebackup noswapfile noundofile viminfo="
_NVIM = "set nomodeline nobackup nowritebackup noswapfile noundofile shada="
_NO_MODELINE = "autocmd BufReadPre * setlocal nomodeline"
"""A text must not give vim commands. Its modelines are obeyed when it has been read, after the user's settings."""
_EMACS = (
    "(setq make-backup-files nil backup-inhibited t auto-save-default nil auto-save-list-file-prefix nil"
    " create-lockfiles nil)"
)


def _discreet(program: str, arguments: Sequence[str]) -> Editor:
    """Add what keeps an editor from copying the text elsewhere, or refuse one that cannot be waited for."""
    name = _base_name(program)
    real = _base_name(os.path.realpath(program))  # vi is whatever the system made it: vim, busybox, …
    if waiting := next((one for one in (name, real) if waiting_editors.is_one(one)), None):
        return Editor((program, *arguments), waiting_editors.check(waiting, arguments))
    if name == "nvim" or real.startswith("nvim"):
        return Editor((program, *_vim_arguments(_NVIM), *arguments))
    if name in ("vim", "gvim", "mvim") or real.startswith(("vim", "gvim", "mvim")):
        foreground = ["-f"] if "gvim" in (name, real) or "mvim" in (name, real) else []
        return Editor((program, *foreground, *_vim_arguments(_VIM), *arguments))
    if name.startswith("emacs"):
        return Editor((program, "--eval", _EMACS, *arguments))
    if name == "nano" and real != "pico":
        return Editor((program, "--ignorercfiles", *arguments))  # There is no option that takes back `set backup`.
    return Editor((program, *arguments))


def _base_name(program: str) -> str:
    name = os.path.basename(program).lower()
    return name.removesuffix(".exe").removesuffix(".cmd") if os.name == "nt" else name


def _vim_arguments(settings: str) -> list[str]:
    # Once before the user's own settings, for what happens as files are opened, and once after, to have the last word.
    return ["-n", "-i", "NONE", "--cmd", f"{settings} | {_NO_MODELINE}", "-c", settings]


def edit_text(
    initial: bytes,
    name: str,
    check: Callable[[bytes], T],
    *,
    environ: Mapping[str, str],
    again: Callable[[LeafsealError], bool] | None = None,
    keep: Callable[[bytes], None] | None = None,
    warn: Callable[[str], None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    no_disk_plaintext: bool = False,
    plain_editor: bool = False,
    as_given: bool = False,
    start: bytes | None = None,
) -> T | Outcome:
    """Let the user edit `initial` under the base name of `name` and return what `check` makes of the result.

    With `start` the editor begins with that text, which is a change of `initial` that was kept.

    When `check` raises, `again` shows the error and says whether the user goes on; without it, or when it says no,
    the error is raised. `keep` is given a changed text that would be lost by that, by a failing editor or by the end of
    the session, before the error goes on.

    Returns `UNCHANGED` when the text is what it was. Raises `EditorError`, `RefusedError` and what `check` raises.
    """
    editor = find_editor(environ, plain=plain_editor, as_given=as_given)
    if editor.warning and warn is not None:
        warn(editor.warning)
    with private_directory(no_disk_plaintext=no_disk_plaintext, warn=warn) as folder:
        path = write_private(folder, os.path.basename(name) or "text", initial if start is None else start)
        began = time.monotonic()
        try:
            outcome = _rounds(editor, path, initial, check, environ, again, limits)
        except (LeafsealError, signals.Ended):
            with signals.held_back():
                _save(path, initial, keep)
            raise
        if outcome is UNCHANGED and warn is not None and time.monotonic() - began < _AT_ONCE:
            warn("the editor returned at once; if it has its own window, add the option that makes it wait to EDITOR")
        return outcome


_AT_ONCE = 0.5  # seconds, in which nobody reads a text


def _rounds(
    editor: Editor,
    path: str,
    initial: bytes,
    check: Callable[[bytes], T],
    environ: Mapping[str, str],
    again: Callable[[LeafsealError], bool] | None,
    limits: Limits,
) -> T | Outcome:
    while True:
        _run(editor, path, environ)
        text = _read(path, limits)
        if text == initial:
            return UNCHANGED
        try:
            return check(text)
        except LeafsealError as error:
            if again is None or not again(error):
                raise


def _run(editor: Editor, path: str, environ: Mapping[str, str]) -> None:
    with signals.as_notes() as notes:
        try:
            process = subprocess.Popen([*editor.argv, path], env=child_environment(environ))
        except OSError as error:
            raise EditorError(f"could not run editor: {system_text(error)}") from error
        threading.Thread(target=_watch, args=(process, notes), daemon=True).start()
        interrupted = _wait(process, notes)
    status = process.returncode
    if interrupted and status in (-signal.SIGINT, 128 + signal.SIGINT):
        raise KeyboardInterrupt
    if status:
        how = f"ended by signal {-status}" if status < 0 else f"exit status {status}"
        raise EditorError(f"could not run editor: {how}")


def _watch(process: subprocess.Popen[bytes], notes: signals.Notes) -> None:
    process.wait()
    notes.put(None)


def _wait(process: subprocess.Popen[bytes], notes: signals.Notes) -> bool:
    """Wait for the editor, and return whether an interrupt was typed meanwhile.

    That went to the editor as well, and most editors go on: so do we. Any other signal ends the editor.
    """
    interrupted = False
    ended = False
    while not (ended and notes.empty()):
        try:
            number = notes.get(timeout=_TICK)
        except Empty:
            continue
        if number is None:
            ended = True
        elif number == signal.SIGINT and _is_in_foreground():
            interrupted = True
        else:
            _end(process)
            signals.raise_noted(number)
    return interrupted


_TICK = 1.0  # without one, Windows would not let go of the wait for an interrupt


def _is_in_foreground() -> bool:
    """Tell whether what is typed on the terminal comes to us and our children."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, AttributeError):  # no terminal; Windows, which has none of the flags
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an editor that outlived the wish to edit, before its file is taken away."""
    process.terminate()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()


def _read(path: str, limits: Limits) -> bytes:
    # By name and not through a descriptor kept open: many editors write a new file and rename it over the old one.
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NOFOLLOW", 0))) as file:
            text = file.read(limits.file_bytes + 1)
    except OSError as error:
        what = f"the editor left no file that can be read: {system_text(error)}"
        raise EditorError(what, has_run=True) from error
    if len(text) > limits.file_bytes:
        raise EditorError(f"the edited text is larger than {limits.file_bytes} bytes", has_run=True)
    return text


def _save(path: str, initial: bytes, keep: Callable[[bytes], None] | None) -> None:
    if keep is None:
        return
    try:
        text = _read(path, DEFAULT_LIMITS)
    except EditorError:
        return
    if text != initial:
        keep(text)


def keep_sealed(file: str, sealed: bytes) -> str | None:
    """Write a sealed text that could not be saved beside the file, or where else there is room, and return where.

    None where there is no place for it.
    """
    for folder in (os.path.dirname(os.path.abspath(file)), home()):
        path = _free_name(os.path.join(folder, os.path.basename(file)))
        try:
            files.create(path, sealed)
        except LeafsealError:
            continue
        return path
    return None


def _free_name(path: str) -> str:
    number = 1
    while os.path.lexists(f"{path}.kept-{number}"):
        number += 1
    return f"{path}.kept-{number}"
