"""Running kubectl: it gets manifests through its standard input, never in a file or an argument.

Where the system has files in memory without a name, kubectl takes our place with one as its input; else a child of ours
feeds it. Signals and exit code are its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NoReturn

from leafseal.errors import CommandError
from leafseal.run import environment
from leafseal.run import exec as running
from leafseal.system import lasting
from leafseal.system.descriptors import write_all
from leafseal.system.executables import locate

VARIABLE = "LEAFSEAL_KUBECTL"
"""The environment variable that names kubectl where it is not to be found on `PATH`."""


def find(environ: Mapping[str, str]) -> str:
    """Return the path of kubectl, which is never taken from the working tree. Raises `CommandError`."""
    if named := environ.get(VARIABLE):
        found = named if os.path.isabs(named) and locate(named, environ) else None
    else:
        found = locate("kubectl", environ)
    if found is None:
        raise CommandError(
            f"{VARIABLE} is not the absolute path of a program" if named else "command not found: kubectl",
            hint=f"install kubectl, or set {VARIABLE} to its absolute path; a kubectl in the working tree is ignored",
        )
    return found


def _environ(more: Mapping[str, str]) -> dict[bytes, bytes]:
    return environment.child_environment({name: os.fsencode(text) for name, text in more.items()}, os.environ)


def become(arguments: Sequence[str], data: bytes | None) -> int:
    """Become kubectl with `data` as its standard input, None for ours.

    On systems where no program can take the place of another, return its exit code.
    """
    argv = [find(os.environ), *arguments]
    if running.can_replace():
        if data is not None:
            _put_at_stdin(data)
        running.execute(argv, _environ({}))
    import subprocess

    return subprocess.run(argv, input=data, env=_texts(_environ({})), check=False).returncode


_DIFF = "KUBECTL_EXTERNAL_DIFF"


def _comparing(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that names `diff`, where kubectl would start one of the working tree, with the values."""
    found = locate("diff", environ)
    if environ.get(_DIFF) or found == locate("diff", environ, trust_here=True):
        return {}
    if found is None:
        raise CommandError("command not found: diff; one in the working tree is ignored")
    return {_DIFF: f"{found} -u -N"}


def run_in(arguments: Sequence[str], data: bytes, folder: str) -> int:
    """Run kubectl with `data` as its standard input and `folder` for temporary files; return its exit code."""
    argv = [find(os.environ), *arguments]
    environ = _environ({"TMPDIR": folder, **_comparing(os.environ)})
    if not running.can_replace():
        import subprocess

        return subprocess.run(argv, input=data, env=_texts(environ), check=False).returncode
    from leafseal.run import supervisor

    _put_at_stdin(data)
    return supervisor.supervise(argv, environ)


def output_of(arguments: Sequence[str]) -> tuple[int, bytes]:
    """Run kubectl, which may ask the user; return its exit code, and what it wrote to standard output."""
    import subprocess

    done = subprocess.run([find(os.environ), *arguments], stdout=subprocess.PIPE, env=_texts(_environ({})), check=False)
    return exit_code(done.returncode), done.stdout


def exit_code(status: int) -> int:
    """Return the exit code that shells have for how a program ended: 128 and its number for a signal."""
    return status if status >= 0 else 128 - status


def _texts(environ: Mapping[bytes, bytes]) -> dict[str, str]:
    return {os.fsdecode(name): os.fsdecode(value) for name, value in environ.items()}


def _put_at_stdin(data: bytes) -> None:
    descriptor = in_memory(data) if hasattr(os, "memfd_create") else from_child(data)
    os.dup2(descriptor, 0)  # which a program inherits
    os.close(descriptor)


def in_memory(data: bytes) -> int:
    """Return a descriptor that reads `data` from a file in memory that has no name in any folder."""
    descriptor = lasting.open_file("manifests", data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def from_child(data: bytes) -> int:
    """Return a descriptor that reads `data` from a pipe, which a child of this process fills."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        _feed(ours, theirs, data)
    os.close(theirs)
    return ours


def _feed(ours: int, theirs: int, data: bytes) -> NoReturn:
    os.close(ours)
    try:
        write_all(theirs, data)
    except OSError:  # kubectl has read enough
        os._exit(1)
    os._exit(0)
