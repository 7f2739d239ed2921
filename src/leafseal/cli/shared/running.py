"""How a program that gets secrets is run: in our place, or as our child, and what is kept out of its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from leafseal.cli.shared.declarations import PROGRAM, Whole, grouped, make_option
from leafseal.document.frozen import NamedTuple
from leafseal.errors import RefusedError, UsageError
from leafseal.operations.open import Opened
from leafseal.run import exec as running
from leafseal.run.environment import Account

if TYPE_CHECKING:
    from leafseal.cli.shared.watching import Read
    from leafseal.document import Locator
    from leafseal.run.value_files import ValueFiles


class RunningOptions(NamedTuple):
    """How a program is run."""

    same_process: bool = False
    supervise: bool = False
    grace: int | None = None
    redact: bool = False
    redact_min: int | None = None
    redact_wait: bool = False
    watch: bool = False
    signal: str | None = None

    def check(self) -> None:
        """Raise `UsageError` for options that do not go together."""
        if self.supervise and self.same_process:
            raise UsageError("--supervise and --same-process contradict each other", hint="use only one of them")
        if self.watch and self.same_process:
            raise UsageError("--watch and --same-process contradict each other", hint="use only one of them")
        if self.signal is not None and not self.watch:
            raise UsageError("--signal tells the program of changes, which --watch notices", hint="add --watch")
        if self.redact and self.same_process:
            raise UsageError("--redact and --same-process contradict each other", hint="use only one of them")
        if not self.redact and (self.redact_min is not None or self.redact_wait):
            raise UsageError("--redact-min and --redact-wait change what --redact does", hint="add --redact")
        if self.grace is not None and not (self.supervise or self.redact or self.watch):
            raise UsageError("--grace changes what --supervise does", hint="add --supervise")
        if self.redact and not running.can_replace():
            raise RefusedError("--redact is not possible on this system", hint="leave out --redact")

    def run(
        self,
        argv: Sequence[str],
        environ: Mapping[bytes, bytes],
        account: Account | None,
        patterns: frozenset[bytes],
        in_files: Mapping[str, bytes] | None = None,
    ) -> int:
        """Run a program, and return its exit code if it was not run in our place.

        `patterns` are kept out of its output, as `patterns_of` returns them. What is `in_files` it gets in files.
        """
        with _placed(in_files, account) as placed:
            paths = dict if placed is None else placed.variables
            if not (self.supervise or self.redact) and running.can_replace():
                running.execute(argv, {**environ, **paths()}, account=account)
            from leafseal.run import supervisor

            run = partial(
                supervisor.supervise, argv, environ, account=account, grace=self.grace or 0, own_variables=paths
            )
            if not self.redact:
                return run()
            from leafseal.cli.shared.redacting import Redactions

            with Redactions(waits=self.redact_wait) as redactions:
                return run(streams=redactions.next(patterns))

    def run_watching(
        self,
        files: Sequence[str],
        argv: Sequence[str],
        environment: Callable[[dict[str, bytes]], dict[bytes, bytes]],
        account: Account | None,
        read: Read,
    ) -> int:
        """Run a program, and tell it of changes of files or start it again. `read` reads what it gets of them."""
        from leafseal.cli.shared import redacting, watching

        redactions = redacting.Redactions(waits=self.redact_wait) if self.redact else None
        number = None if self.signal is None else watching.read_signal(self.signal)
        plan = watching.Plan(argv, environment, account, number, self.grace, redactions)
        return watching.run_watching(files, read, plan)

    def patterns_of(
        self,
        files: Sequence[tuple[str, Opened]],
        handed: Mapping[str, bytes],
        name_of: Callable[[Locator], str],
    ) -> frozenset[bytes]:
        """Return what `--redact` keeps out of the output."""
        if not self.redact:
            return frozenset()
        from leafseal.cli.shared import redacting

        return redacting.patterns_of(files, handed, name_of, least=self.redact_min)


def _placed(values: Mapping[str, bytes] | None, account: Account | None) -> AbstractContextManager[ValueFiles | None]:
    if not values:
        return nullcontext()
    from leafseal.run.value_files import value_files

    return value_files(values, account)


_AS_CHILD = (
    make_option(
        "--grace",
        type=Whole(0),
        metavar="SECONDS",
        help="How long processes may take to end before they are killed: with --watch the program [default: 10], as the"
        " first process of a container the others, after the program ended [default: 0].",
        section=PROGRAM,
    ),
    make_option(
        "--redact",
        is_flag=True,
        help="Replace the encrypted values of the files with [REDACTED] in what the program prints.",
        section=PROGRAM,
    ),
    make_option(
        "--redact-min",
        type=Whole(1),
        metavar="BYTES",
        help="With --redact: the shortest value to replace [default: 6].",
        section=PROGRAM,
    ),
    make_option(
        "--redact-wait",
        is_flag=True,
        help="With --redact: wait for processes that the program leaves running, until they close its output.",
        section=PROGRAM,
    ),
)

running_options = grouped(
    "how",
    RunningOptions,
    make_option(
        "--same-process", is_flag=True, help="Accepted for compatibility; this is the default.", section=PROGRAM
    ),
    make_option(
        "--supervise", is_flag=True, help="Stay the program's parent, and forward signals to it.", section=PROGRAM
    ),
    *_AS_CHILD,
    make_option(
        "--watch",
        is_flag=True,
        help="Stay the program's parent, and start it again with the new values when an encrypted file changes.",
        section=PROGRAM,
    ),
    make_option(
        "--signal",
        metavar="SIGNAL",
        help="With --watch: send this signal to the program after a change, and do not start it again.",
        section=PROGRAM,
    ),
)

supervised_options = grouped("how", partial(RunningOptions, supervise=True), *_AS_CHILD)
