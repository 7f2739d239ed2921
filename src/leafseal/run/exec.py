"""Running a program with secrets in its environment.

`execute` becomes the program: signals, exit code and the reaping of children are its own, also as the first process of
a container. `supervisor.supervise` stays its parent, for where something must be done meanwhile or afterwards.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from leafseal.errors import CommandError, LeafsealError, system_text
from leafseal.run.environment import Account
from leafseal.system import hardening, signals
from leafseal.system.executables import locate

if TYPE_CHECKING:
    import subprocess


def shell_command(command: str) -> list[str]:
    """Return the arguments that have the system's shell run `command`."""
    if os.name == "nt":
        return ["cmd.exe", "/C", command]
    return ["/bin/sh", "-c", command]


def can_replace() -> bool:
    """Tell whether `execute` works here. Windows starts another process instead, which shells do not wait for."""
    return os.name != "nt"


def execute(argv: Sequence[str], environ: Mapping[bytes, bytes], *, account: Account | None = None) -> NoReturn:
    """Become the program `argv`, with the rights of `account` if one is given. Raises `CommandError`."""
    program = _resolve(argv[0])
    if account is not None:
        _switch(account)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    signals.give_back()
    hardening.allow_dumps()
    try:
        os.execve(program, list(argv), dict(environ))  # noqa: S606  without a shell is what is wanted
    except OSError as error:
        raise _start_error(argv[0], error) from error


def wait_for(argv: Sequence[str], environ: Mapping[bytes, bytes]) -> int:
    """Run the program `argv` and return its exit code, on systems where a parent has no signals to pass on."""
    return _start(argv, environ, None).wait()


def start_detached(argv: Sequence[str], environ: Mapping[bytes, bytes], *, account: Account | None = None) -> None:
    """Start the program `argv` without standard streams and leave it to itself."""
    import subprocess

    process = _start(
        argv, environ, account, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    process.returncode = 0  # it is not waited for, and that is no fault to be warned of


def _resolve(name: str) -> str:
    # The user typed the command, so a folder in it, or one on PATH below the current folder, is meant.
    path = name if os.path.dirname(name) else locate(name, os.environ, trust_here=True)
    if path is None or not os.path.exists(path):
        raise CommandError(f"command not found: {name}")
    return path


def _start_error(name: str, error: OSError) -> LeafsealError:
    if isinstance(error, FileNotFoundError):  # it is there, so what its first line names is not
        return CommandError(f"cannot run {name}: its interpreter does not exist", found=True)
    return CommandError(f"cannot run {name}: {system_text(error)}", found=True)


def _start(
    argv: Sequence[str],
    environ: Mapping[bytes, bytes],
    account: Account | None,
    *,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
) -> subprocess.Popen[bytes]:
    import subprocess  # here, because `execute` does without: it would double what that takes

    program = _resolve(argv[0])
    own = dict(environ) if os.name != "nt" else {os.fsdecode(k): os.fsdecode(v) for k, v in environ.items()}
    try:
        return subprocess.Popen(
            list(argv),
            executable=program,
            env=own,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=signals.between_fork_and_exec(),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else os.getgrouplist(account.name, account.gid),
        )
    except PermissionError as error:
        if account is not None and error.errno == errno.EPERM:  # EACCES is the program's
            raise not_permitted_error(account) from error
        raise _start_error(argv[0], error) from error
    except OSError as error:
        raise _start_error(argv[0], error) from error


def _switch(account: Account) -> None:
    try:
        os.initgroups(account.name, account.gid)
        os.setgid(account.gid)
        os.setuid(account.uid)
    except PermissionError as error:
        raise not_permitted_error(account) from error


def not_permitted_error(account: Account) -> LeafsealError:
    """Return what to say where the system does not let us act for an account."""
    return LeafsealError(f"cannot run as user {account.name}: this requires root", hint="run leafseal as root")
