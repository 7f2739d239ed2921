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

from leafseal.errors import LeafsealError
from leafseal.run import finding
from leafseal.run.environment import Account
from leafseal.system import hardening, signals

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
    if account is not None:
        _switch(account)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    signals.give_back()
    hardening.allow_dumps()
    own = dict(environ)
    finding.start(argv, own, lambda path, words: os.execve(path, words, own))  # noqa: S606  without a shell
    raise AssertionError("a program that begins does not return")


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

    own = dict(environ) if os.name != "nt" else {os.fsdecode(k): os.fsdecode(v) for k, v in environ.items()}

    def attempt(path: str, words: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                words,
                executable=path,
                env=own,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                preexec_fn=_as_found if os.name != "nt" else None,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else os.getgrouplist(account.name, account.gid),
            )
        except PermissionError as error:
            if account is not None and error.errno == errno.EPERM:  # EACCES is the program's
                raise not_permitted_error(account) from error
            raise

    return finding.start(argv, environ, attempt)


def _as_found() -> None:
    """Give a child, between fork and exec, what was found where this process began."""
    signals.give_back()
    hardening.allow_dumps()


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
