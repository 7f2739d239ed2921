"""What can follow on a command line of `kubectl leafseal` that is being typed: words, and a line for the shell."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leafseal.deploy.kubectl import usage
from leafseal.deploy.kubectl.words import CLIENT_SIDE, PLAIN_OK
from leafseal.system import terminal

_NO_FILES, _FILES = ":4", ":0"  # how kubectl's shell scripts go on
_OWN_FLAGS = {"apply": (CLIENT_SIDE, PLAIN_OK), "diff": (CLIENT_SIDE, PLAIN_OK)}


def complete(words: Sequence[str]) -> int:
    """Print what can stand in the place of the last word; of flags and values of kubectl, what kubectl says.

    What goes wrong is answered by silence.
    """
    name, current = words[0] if words else "", words[-1] if words else ""
    if len(words) < 2:
        lines = [*(command for command in usage.COMMANDS if command.startswith(current)), _NO_FILES]
    elif name in usage.HANDED_ON:
        own = [
            flag for flag in _OWN_FLAGS.get(name, (PLAIN_OK,)) if current.startswith("-") and flag.startswith(current)
        ]
        lines = [*own, *_of_kubectl([word for word in words if word not in (CLIENT_SIDE, PLAIN_OK)])]
    elif current.startswith("-"):
        lines = [*_options(name, current), _NO_FILES]
    else:
        lines = [_FILES]
    terminal.write_result("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    return 0


def _options(name: str, current: str) -> list[str]:
    if name == "template":
        return [flag for flag in ("-f", "-k", "-R", PLAIN_OK) if flag.startswith(current)]
    from leafseal.cli.kubectl.own import load

    options = load(name).options if name in usage.OWN else ()
    return [form for one in options if not one.is_hidden for form in one.names if form.startswith(current)]


def _of_kubectl(words: Sequence[str]) -> list[str]:
    import subprocess

    from leafseal.deploy.kubectl.process import find
    from leafseal.errors import LeafsealError

    try:
        command = [find(os.environ), "__complete", *words]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10, check=True
        )
    except (LeafsealError, OSError, subprocess.SubprocessError):
        return [_FILES]
    return done.stdout.decode("utf-8", "surrogateescape").splitlines()
