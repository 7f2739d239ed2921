"""Editors that open a window and return at once unless an option has them wait."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafseal.errors import RefusedError

_WAIT = ("--wait", "-w")
_KEEP_COPIES = frozenset(
    ("atom", "code", "code-insiders", "codium", "cursor", "mate", "subl", "vscodium", "windsurf", "zed", "zeditor")
)
_OPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_KEEP_COPIES, _WAIT),
    **dict.fromkeys(("bbedit", "lapce", "pluma", "xed"), _WAIT),
    **dict.fromkeys(("clion", "goland", "idea", "phpstorm", "pycharm", "rider", "rubymine", "webstorm"), _WAIT),
    "geany": ("--new-instance", "-i"),
    "gedit": (*_WAIT, "--standalone", "-s"),
    "gnome-text-editor": ("--standalone", "-s"),
    "kate": ("--block", "-b"),
    "neovide": ("--no-fork",),
    "notepad++": ("-multiInst",),
    "nvim-qt": ("--nofork",),
    "open": ("-W", "--wait-apps"),
}
"""By name, the options that have an editor wait; the first is the one that we name."""

_OPENERS = frozenset(("exo-open", "explorer", "gio", "gnome-open", "kde-open", "kde-open5", "wslview", "xdg-open"))
"""Programs that hand a file to whatever opens its kind, and never wait."""


def is_one(name: str) -> bool:
    """Tell whether an editor of this name must be told to wait."""
    return name in _OPTIONS or name in _OPENERS or name == "emacsclient"


def check(name: str, arguments: Sequence[str]) -> str:
    """Return what the user must know of an editor, or nothing. Raises `RefusedError` for one that does not wait."""
    if name == "emacsclient":
        return _check_emacs(arguments)
    if name in _OPENERS:
        raise _error(name, "set EDITOR to an editor that waits, such as vim, and try again")
    if not any(argument in _OPTIONS[name] for argument in arguments):
        raise _error(name, f'set EDITOR="{name} {_OPTIONS[name][0]}" and try again')
    return f"{name} keeps copies in its local history and for crashes" if name in _KEEP_COPIES else ""


def _check_emacs(arguments: Sequence[str]) -> str:
    waiting = [one for one in arguments if one != "--no-wait" and not re.fullmatch("-[cqu]*n[cqu]*", one)]
    if len(waiting) < len(arguments):
        command = " ".join(("emacsclient", *waiting))
        raise _error("emacsclient -n", f'without -n it waits: set EDITOR="{command}" and try again')
    return "the running Emacs may keep copies: backups and auto-saves are its own"


def _error(name: str, hint: str) -> RefusedError:
    return RefusedError(f"{name} returns before the editing is done", hint=hint)
