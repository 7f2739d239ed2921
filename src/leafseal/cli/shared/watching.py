"""`--watch` of commands that start programs: what they are told, or started again for, after a change of the files."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from leafseal.cli.shared.errors import ErrorsShown, show_error
from leafseal.cli.shared.files import show_errors
from leafseal.cli.shared.keeping_up import check_files, keep_up
from leafseal.display import first_of, visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import LeafsealError, RefusedError, UsageError
from leafseal.run import exec as running
from leafseal.run import supervisor
from leafseal.run.companions import Streams
from leafseal.run.environment import Account
from leafseal.run.render.notify import signal_number
from leafseal.run.supply import Supply, Tell, Values
from leafseal.run.value_files import ValueFiles, value_files
from leafseal.run.watch import Watcher
from leafseal.system import signals, terminal

if TYPE_CHECKING:
    from leafseal.cli.shared.redacting import Redactions

GRACE = 10
"""Seconds that a program has to end after SIGTERM, before it is killed and started again."""

Read = Callable[[], Values | Sequence[LeafsealError]]
"""Reads what a program gets; returns what is wrong if that fails."""


class Plan(NamedTuple):
    """How a program is run, and told of changes."""

    argv: Sequence[str]
    environment: Callable[[dict[str, bytes]], dict[bytes, bytes]]
    """Returns the environment with these variables."""

    account: Account | None
    signal: int | None
    """What tells it; without one it is started again."""

    grace: int | None
    redactions: Redactions | None
    """What keeps values out of our output."""


def read_signal(name: str) -> int:
    """Read `HUP`. Raises `UsageError`."""
    number = signal_number(name)
    if number is None or number in (signal.SIGKILL, signal.SIGSTOP):
        raise UsageError(
            f"--signal {visible(name)} is not a signal that tells a program something",
            hint="write --signal HUP, or another",
        )
    return number


def run_watching(files: Sequence[str], read: Read, plan: Plan) -> int:
    """Run a program with what `read` returns of files, and after each change with what it returns then."""
    check_files(files)
    if not running.can_replace():
        raise RefusedError("--watch is not possible on this system", hint="leave out --watch")
    with ExitStack() as stack:
        supply = stack.enter_context(Supply(lambda tell: _serve(files, read, tell)))
        first = supply.take()
        if first is None:
            raise ErrorsShown(supply.exit_code())
        placed = None
        if first.files:
            placed = stack.enter_context(value_files(first.files, plan.account, are_exchanged=True))
        changes = _Changes(plan, supply, placed, first)
        if plan.redactions is not None:
            stack.enter_context(plan.redactions)
        return supervisor.supervise(
            plan.argv,
            {},
            account=plan.account,
            grace=plan.grace or 0,
            streams=changes.streams(),
            own_variables=changes.environment,
            changes=changes,
        )


def _serve(files: Sequence[str], read: Read, tell: Tell) -> int:
    """Be the process that reads the files, now and after each change. Returns an exit code if the first time fails."""
    try:
        with Watcher(files) as watcher:
            first = read()
            if not isinstance(first, Values):
                return show_errors(first)
            _leave_terminal()  # before the program starts, and has it
            tell(first)

            def again(was_told: bool) -> Sequence[LeafsealError]:
                try:
                    found = read()
                except LeafsealError as error:
                    return [error]
                if not isinstance(found, Values):
                    return found
                if was_told:
                    terminal.say_done("the files can be read again")
                tell(found)
                return ()

            keep_up(watcher, again, _tell_failure)
    except LeafsealError as error:
        show_error(error)
        return error.exit_code
    except ErrorsShown as shown:
        return shown.code
    except KeyboardInterrupt:
        return 130
    except signals.Ended as ended:
        return 128 + ended.number


def _tell_failure(errors: Sequence[LeafsealError]) -> None:
    more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
    terminal.warn(f"{errors[0]}{more}; the program goes on with the values that it has")


def _leave_terminal() -> None:
    """Leave input, terminal and its signals to the program: nothing can be asked from now on."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null > 0:
        os.close(null)


class _Changes:
    """What came of changes: the environment, files and streams for a program from now on."""

    def __init__(self, plan: Plan, supply: Supply, placed: ValueFiles | None, first: Values) -> None:
        self._plan, self._supply, self._placed, self._values = plan, supply, placed, first
        self._patterns = first.patterns
        self.descriptor = supply.descriptor
        self.signal = plan.signal
        self.grace = float(GRACE if plan.grace is None else plan.grace)

    def environment(self) -> Mapping[bytes, bytes]:
        """Return the whole environment of the program."""
        paths = {} if self._placed is None else self._placed.variables()
        return {**self._plan.environment(self._values.variables), **paths}

    def take(self) -> bool:
        """Take values, exchange the files, and tell whether anything changed for the program."""
        found = self._supply.take()
        if found is None:
            self.descriptor = -1
            terminal.warn("changes of the files are not noticed any more: the process that watches them has ended")
            return False
        if (found.variables, found.files) == (self._values.variables, self._values.files):
            return False
        # Before the program can read new values. A running one may still print the old ones.
        self._patterns = self._values.patterns | found.patterns
        if self._plan.redactions is not None:
            self._plan.redactions.look_for(self._patterns)
        try:
            if self._placed is not None and found.files != self._values.files:
                self._placed.exchange(found.files)
        except LeafsealError as error:
            _tell_failure([error])
            return False
        if self.signal is not None:
            _warn_of_variables(self._values.variables, found.variables)
        self._values = found
        return True

    def streams(self) -> Streams | None:
        """Return streams for the next start."""
        return None if self._plan.redactions is None else self._plan.redactions.next(self._patterns)


def _warn_of_variables(before: Mapping[str, bytes], now: Mapping[str, bytes]) -> None:
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if names:
        terminal.warn(
            f"the program keeps the variables that it was started with: {first_of(names)};"
            " to start it again after changes, leave out --signal"
        )
