"""The runner of GitHub Actions: how it is told what to hide in logs, and which variables later steps get.

Facts are those of actions/runner: ActionCommand.cs, ActionCommandManager.cs and FileCommandManager.cs.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping

from leafseal.display import first_of
from leafseal.errors import RefusedError
from leafseal.run.environment import allow_options
from leafseal.run.redact.forms import is_too_common
from leafseal.run.unfit import refuse_unfit

LEAST = 4
"""The fewest characters to hide: shorter ones are in every log by chance, and the runner hides a text of any length."""

_ELSEWHERE = 'to use the values elsewhere, run "leafseal exec -e FILE -- PROGRAM"'


def refuse_elsewhere(environ: Mapping[str, str], variable: str | None) -> None:
    """Raise `RefusedError` unless a runner reads our standard output, and the file that a variable names.

    What is sent for it to hide would else be shown.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        raise RefusedError("this is no job of GitHub Actions: GITHUB_ACTIONS is not true", hint=_ELSEWHERE)
    if variable is not None and not environ.get(variable):
        raise RefusedError(f"{variable} is not set: no step of GitHub Actions runs this", hint=_ELSEWHERE)
    if not _is_piped():
        raise RefusedError(
            "standard output does not go to the runner, which would hide nothing",
            hint="do not redirect the output of this command",
        )


def _is_piped() -> bool:
    """Tell whether standard output is a pipe or a socket, as it is in the steps of a job."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def masks(patterns: Iterable[bytes], public: Collection[bytes], least: int) -> list[str]:
    """Return the texts that the runner is to hide, of those that a value can become in logs.

    The runner takes a text apart at line breaks, and hides each line without the blanks around it, however short it
    is: a `{` of a JSON text would be hidden everywhere. So each line is sent by itself, if it is long enough.
    """
    found = {
        line.strip()
        for pattern in patterns
        for line in re.split(r"[\r\n]+", pattern.decode("utf-8", "replace"))
        if len(line.strip()) >= least and not is_too_common(line.strip().encode(), public, least)
    }
    return sorted(found, key=lambda text: (-len(text), text))


def mask_lines(texts: Iterable[str]) -> bytes:
    """Return the commands that have the runner hide texts."""
    return "".join(f"::add-mask::{_escaped(text)}\n" for text in texts).encode()


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OF_RUNNER = re.compile(r"(?:GITHUB|RUNNER|ACTIONS|INPUT|STATE)_.*|CI", re.IGNORECASE)
_NEVER = frozenset({"NODE_OPTIONS"})


def refuse_names(variables: Iterable[str], allowed: Collection[str], *, is_environment: bool) -> None:
    """Raise `RefusedError` for names that the runner reads as something else, that it refuses, or that steer it."""
    names = list(variables)
    if odd := [name for name in names if not _NAME.fullmatch(name)]:
        raise RefusedError(
            f"cannot be names of variables or outputs: {first_of(odd)}", hint="name the others after --only"
        )
    if not is_environment:
        return
    if never := [name for name in names if name.upper() in _NEVER]:
        raise RefusedError(f"GitHub's runner does not set {first_of(never)}", hint="name the others after --only")
    if own := [name for name in names if _OF_RUNNER.fullmatch(name) and name not in allowed]:
        raise RefusedError(
            f"the runner and its actions read these themselves: {first_of(own)}",
            hint=f"to set it anyway, add {allow_options(own)}",
        )


def blocks(variables: Mapping[str, bytes]) -> bytes:
    """Return variables as the runner reads them from `$GITHUB_ENV` and `$GITHUB_OUTPUT`.

    Raises `RefusedError` for values that no variable can hold.
    """
    refuse_unfit(variables)
    return b"".join(_blocks(variables))


def _blocks(variables: Mapping[str, bytes]) -> Iterator[bytes]:
    for name, data in variables.items():
        delimiter = _delimiter(data)
        yield name.encode() + b"<<" + delimiter + b"\n" + data + b"\n" + delimiter + b"\n"


def _delimiter(data: bytes) -> bytes:
    """Return a line that is not in a value, so that no value can end before its end and set another variable."""
    while True:
        delimiter = f"leafseal_{os.urandom(16).hex()}".encode()
        if delimiter not in data:
            return delimiter
