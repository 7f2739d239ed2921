"""Running a program as its parent: signals are passed on, orphans are waited for, and it stops and goes on with us.

Without that, `exec.execute` is better: the program has our place then, and nothing is to be passed on.

- What another process sends us goes to the program. What a terminal sends goes to its whole group, of which the program
  is a member, so that is not sent again. Only where no terminal can send anything does the program get its own group.
- Where the program stops, as after Ctrl-Z, we stop too, and the shell sees its job stopped.
- Processes that lose their parent come to us, also where we are not the first process, so that none stays a zombie.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import NoReturn

from leafseal.errors import CommandError, LeafsealError
from leafseal.run import exec as running
from leafseal.run.companions import Changes, Streams
from leafseal.run.environment import Account
from leafseal.system import signals
from leafseal.system.descriptors import above_standard_streams, read_some, write_all
from leafseal.system.signal_queue import Report, SignalQueue, adopt_orphans

Killed = Callable[[int], int]
"""Makes an exit code of the number of the signal that ended a program."""


Environment = Callable[[], Mapping[bytes, bytes]]
"""Returns the environment of a program, in the process that becomes it."""


def supervise(
    argv: Sequence[str],
    environ: Mapping[bytes, bytes],
    *,
    account: Account | None = None,
    killed: Killed | None = None,
    together: bool = False,
    grace: float = 0,
    streams: Streams | None = None,
    own_variables: Callable[[], Mapping[bytes, bytes]] = dict,
    changes: Changes | None = None,
) -> int:
    """Run the program `argv`, and return its exit code.

    A program that a signal ended gives 128 + its number, as in a shell, or what `killed` makes of that number. With
    `together`, one that we were sent too and that ended the program raises `Ended`: who sent it waits for us to end so;
    and the program stays in our group.

    `own_variables` returns more of its environment, in the process that becomes the program. After `changes` it is
    told, or ended and started again, until it ends by itself or by a signal that we were sent.

    Where we are the first process of a container, its other processes get SIGTERM and so many seconds of `grace` to
    end, before the kernel ends them with us. Raises `CommandError` for a program that cannot be run.
    """
    if os.name == "nt":
        return running.wait_for(argv, {**environ, **own_variables()})
    with SignalQueue() as queue, _orphans():
        has_own_group = not together and _is_alone()
        try:
            while True:
                child = _Child(queue, streams, changes, has_own_group=has_own_group)
                child.start(argv, lambda: {**environ, **own_variables()}, account)
                status = child.wait()
                if changes is None or not child.is_replaced:
                    break
                if streams is not None:
                    streams.close()
                streams = changes.streams()
            if os.getpid() == 1 and grace:
                _end_others(queue, grace)
        finally:
            if streams is not None:
                streams.close()
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if not number:
        return os.waitstatus_to_exitcode(status)
    if together and number in child.seen:
        raise signals.Ended(number)
    return killed(number) if killed is not None else 128 + number


@contextmanager
def _orphans() -> Iterator[None]:
    adopt_orphans(adopt=True)
    try:
        yield
    finally:
        adopt_orphans(adopt=False)


def _is_alone() -> bool:
    """Tell whether we are the first of our session, and it has no terminal: then nobody sends to our group for us."""
    if os.getpid() != 1 and os.getsid(0) != os.getpid():
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return True
    return False


class _Child:
    """The program, from its start to its end."""

    def __init__(
        self, queue: SignalQueue, streams: Streams | None, changes: Changes | None, *, has_own_group: bool
    ) -> None:
        self.seen: set[int] = set()
        """The signals that we were sent meanwhile."""

        self.is_replaced = False
        """Whether it was asked to end so that it can be started again, and nobody else asked it."""

        self._changes = changes
        self._deadline: float | None = None  # after which it is killed
        self._queue, self._streams, self._has_own_group = queue, streams, has_own_group
        self._pid = 0
        self._is_continued = False  # by us, of which the signal to us is still to come

    def start(self, argv: Sequence[str], environ: Environment, account: Account | None) -> None:
        """Start the program. Raises `LeafsealError`, and `CommandError` where that is due to the program."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        told, tells = above_standard_streams(*os.pipe())
        self._pid = _fork()
        if self._pid == 0:
            os.close(told)
            self._become(argv, environ, account, tells)
        os.close(tells)
        answer = b""
        while part := read_some(told, 65536):  # the end comes when the program begins
            answer += part
        os.close(told)
        if answer:
            os.waitpid(self._pid, 0)
            raise _as_error(answer)
        if self._streams is not None:
            self._streams.started()

    def _become(self, argv: Sequence[str], environ: Environment, account: Account | None, tells: int) -> NoReturn:
        try:
            if self._streams is not None:
                self._streams.in_child(account)
            if self._has_own_group and not (self._streams is not None and self._streams.has_session):
                os.setpgid(0, 0)
            self._queue.leave()
            running.execute(argv, environ(), account=account)
        except LeafsealError as error:
            write_all(tells, json.dumps([error.message, error.hint, error.exit_code]).encode())
        except BaseException as error:
            write_all(tells, json.dumps([f"cannot start the program: {type(error).__name__}", None, 1]).encode())
        finally:
            os._exit(126)
        raise AssertionError("a program that begins does not return")

    def wait(self) -> int:
        """Pass signals on until the program has ended, then what it wrote, and return its status."""
        while (status := self._reap()) is None:
            for report in self._wait():
                self._pass_on(report)
            if self._changes is not None:
                self._look_at(self._changes)
        if self._streams is not None:
            self._streams.drain(self._wait_without_program)
        return status

    def _wait(self) -> list[Report]:
        if self._changes is None:
            return self._queue.wait()
        left = None if self._deadline is None else 1000 * max(0, self._deadline - time.monotonic())
        return self._queue.wait(left, self._changes.descriptor if self._changes.descriptor >= 0 else None)

    def _look_at(self, changes: Changes) -> None:
        """Tell the program of what came, or have it end."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._deadline = None
            self._send(signal.SIGKILL)
        if changes.descriptor < 0 or not select.select([changes.descriptor], [], [], 0)[0] or not changes.take():
            return
        if changes.signal is not None:
            self._send(changes.signal)
        elif not self.is_replaced and not self.seen & _FOR_GOOD:
            self.is_replaced = True
            self._deadline = time.monotonic() + changes.grace
            self._send(signal.SIGTERM)
            self._send(signal.SIGCONT)

    def _wait_without_program(self, milliseconds: float | None, descriptor: int) -> None:
        for report in self._queue.wait(milliseconds, descriptor):
            ends = report.number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
            if ends and signal.getsignal(report.number) != signal.SIG_IGN:
                signals.raise_noted(report.number)
            if report.number == signal.SIGTSTP:
                os.kill(os.getpid(), signal.SIGSTOP)

    def _reap(self) -> int | None:
        """Take note of the processes that have ended; return the status of the program if it is one of them."""
        found = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            if pid == self._pid and os.WIFSTOPPED(status):
                self._stop()
            elif pid == self._pid:
                found = status

    def _stop(self) -> None:
        """Stop as the program did; when we go on, it goes on."""
        if os.getpid() == 1:
            return  # the kernel does not stop the first process, and who stopped the program has a reason
        with nullcontext() if self._streams is None else self._streams.set_aside():
            os.kill(os.getpid(), signal.SIGSTOP)
        self._is_continued = True
        self._send(signal.SIGCONT)

    def _pass_on(self, report: Report) -> None:
        number = report.number
        if number == signal.SIGCHLD:
            return
        self.seen.add(number)
        if number in _FOR_GOOD or number == signal.SIGINT or (number == signal.SIGHUP and report.is_from_kernel):
            self.is_replaced, self._deadline = False, None  # who sent it waits for the end
        if number == signal.SIGCONT and self._is_continued:
            self._is_continued = False
        elif number == signal.SIGWINCH and self._streams is not None:
            self._streams.resized()
            if not self._streams.has_session:
                self._send(number)  # once more: it may have asked for the size before we changed it
        elif not self._has_it(report):
            self._send(number)

    def _has_it(self, report: Report) -> bool:
        """Tell whether a signal is not the program's, or reached it already."""
        if report.number in (signal.SIGPIPE, signal.SIGXFSZ):
            return report.sender == os.getpid()  # of what we wrote ourselves
        if report.code is None:  # who sent it is not known: some come from terminals as a rule
            return report.number in _OF_TERMINALS and not self._is_apart and os.isatty(0)
        if report.is_from_kernel and report.number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            return True
        return report.is_from_kernel and not self._is_apart

    @property
    def _is_apart(self) -> bool:
        """Whether the program has a group of its own, so that what is sent to ours does not reach it."""
        return self._has_own_group or (self._streams is not None and self._streams.has_session)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # as another user it is out of reach
            os.kill(self._pid, number)


_FOR_GOOD = {getattr(signal, name) for name in ("SIGTERM", "SIGQUIT") if hasattr(signal, name)}
"""After these no program is started again. Others may have a meaning for it."""

_OF_TERMINALS = (
    (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU) if os.name != "nt" else ()
)


def _end_others(queue: SignalQueue, grace: float) -> None:
    """Ask all other processes of our container to end, and wait for that so many seconds at most."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGTERM)
        os.kill(-1, signal.SIGCONT)
    deadline = time.monotonic() + grace
    while (left := deadline - time.monotonic()) > 0:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                queue.wait(1000 * left)
        except ChildProcessError:
            return


def _fork() -> int:
    with warnings.catch_warnings():
        # Threads of libraries may run; the child does hardly more than to become the program.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _as_error(answer: bytes) -> LeafsealError:
    message, hint, code = json.loads(answer)
    if code in (126, 127):
        return CommandError(message, found=code == 126, hint=hint)
    return LeafsealError(message, hint=hint)
