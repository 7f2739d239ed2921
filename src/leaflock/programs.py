"""Programs that are run for their output: which file a name means, what they see of our environment, how long they get.

No shell is involved, and a program is never looked for in the current directory, which may be anybody's checkout.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_HIDDEN = frozenset({"SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "AGEDEBUG"})
_HIDDEN_PREFIXES = ("SOPS_AGE_SSH_PRIVATE_KEY_", "LEAFLOCK_")


class ProgramError(Exception):
    """A program could not be run, or failed. Says nothing of what it printed, nor of its arguments."""


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """Return the file that `name` means.

    A name with a slash is taken as the user wrote it. Any other is looked for in the absolute folders of `PATH`, apart
    from those in the current directory. Raises `ProgramError`.
    """
    if os.path.dirname(name):
        return name
    import shutil

    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(folder) and not _is_in_checkout(folder) and (found := shutil.which(name, path=folder)):
            return found
    raise ProgramError("its program was not found on PATH")


def _is_in_checkout(folder: str) -> bool:
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        return False
    home = Path(os.path.expanduser("~")).resolve()
    # For somebody at home or at the root, everything would be in the current directory.
    return not home.is_relative_to(here) and Path(folder).resolve().is_relative_to(here)


def child_environment(environ: Mapping[str, str], **additions: str) -> dict[str, str]:
    """Return what a child gets to see of `environ`: no identities, and none of our own settings."""
    kept = {
        name: value for name, value in environ.items() if name not in _HIDDEN and not name.startswith(_HIDDEN_PREFIXES)
    }
    return {**kept, **additions}


def output_of(argv: Sequence[str], environ: Mapping[str, str], *, seconds: float, limit: int) -> bytes:
    """Run a program to its end and return what it wrote to stdout.

    It gets no stdin, and its stderr is not shown; the terminal stays within its reach, so it may ask there. It runs in
    the current directory, in which the user's relative paths mean something. Raises `ProgramError`.
    """
    program = find_program(argv[0], environ)
    try:
        done = _run([program, *argv[1:]], environ, seconds)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its program cannot be started"
        raise ProgramError(reason.lower()) from None
    if done is None:
        raise ProgramError(f"no answer within {seconds:g} seconds")
    if done.returncode != 0:
        raise ProgramError(f"exit status {done.returncode}")
    if len(done.stdout) > limit:
        raise ProgramError(f"more than {limit} bytes of output")
    return done.stdout


def _run(argv: list[str], environ: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[bytes] | None:
    """Return None when time is up. The exception that says so holds what was printed, and ends here."""
    try:
        return subprocess.run(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
