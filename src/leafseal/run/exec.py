"""Running a program with secrets in its environment.

`execute` becomes the program: signals, exit code and the reaping of children are its own, also as the first process of
a container. `supervise` stays its parent, for where something must be done afterwards and for systems without `exec`.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
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


def supervise(
    argv: Sequence[str],
    environ: Mapping[bytes, bytes],
    *,
    account: Account | None = None,
    killed: Callable[[int], int] | None = None,
    together: bool = False,
) -> int:
    """Run the program `argv`, pass signals on to it, and return its exit code.

    A program that a signal ended gives 128 + its number, as in a shell, or what `killed` makes of that number. With
    `together`, one that we were sent too and that ended the program raises `Ended`: who sent it waits for us to end so.
    """
    with _passing_signals() as passing:
        process = _start(argv, environ, account)
        passing.to(process)
        status = _end_of(process)
    if status >= 0:
        return status
    if together and -status in passing.seen:
        raise signals.Ended(-status)
    return killed(-status) if killed is not None else 128 - status


def _end_of(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a program.

    Not in `waitpid`: a signal that comes just before that call does not interrupt it, and would be passed on only when
    the program has ended. Every signal writes into a pipe, of which `select` misses nothing.
    """
    if not hasattr(signal, "SIGCHLD"):
        return process.wait()
    import select

    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    before = signal.signal(signal.SIGCHLD, lambda *_: None), signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    try:
        while (status := process.poll()) is None:
            if select.select([woken], [], [], _TICK)[0]:
                os.read(woken, 4096)
        return status
    finally:
        signal.set_wakeup_fd(before[1])
        signal.signal(signal.SIGCHLD, before[0])
        os.close(woken)
        os.close(wakes)


_TICK = 1.0  # SIGCHLD may be blocked


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


_PASSED = ("SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")


class _Passing:
    """Sends a program what is sent to us; what a terminal sends, it sends to both."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []

    def to(self, process: subprocess.Popen[bytes]) -> None:
        """Name the program, and send it what came before it was there."""
        self._process = process
        while self._waiting:
            process.send_signal(self._waiting.pop(0))

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal that the program gets as well."""
        self.seen.add(number)

    def send(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        self.seen.add(number)
        if self._process is None:
            self._waiting.append(number)
        else:
            self._process.send_signal(number)


@contextmanager
def _passing_signals() -> Iterator[_Passing]:
    """Handle signals from before the program is started, so that none gets lost between."""
    passing = _Passing()
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    before = {}
    for name in (*_PASSED, *_FROM_TERMINAL):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            # Handled and not ignored: what is ignored would be so in the program too.
            both = at_terminal and name in _FROM_TERMINAL
            before[number] = signal.signal(number, passing.note if both else passing.send)
    try:
        yield passing
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
