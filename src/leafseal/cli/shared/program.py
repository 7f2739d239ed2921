"""Starting a program that gets the values of encrypted files, and what it inherits besides."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leafseal.cli.shared.declarations import PROGRAM, grouped, make_option
from leafseal.cli.shared.files import distinct
from leafseal.cli.shared.options import InputOptions
from leafseal.cli.shared.running import RunningOptions
from leafseal.cli.shared.variables import Handed, VariableOptions, handed_of, open_all_files, open_files
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError
from leafseal.operations.open import Opened
from leafseal.run import environment
from leafseal.system import terminal


class ProgramOptions(NamedTuple):
    """How a program is started, and what it inherits."""

    pristine: bool = False
    keep: tuple[str, ...] = ()
    scrub_cloud: bool = False
    user: str | None = None

    def account(self) -> environment.Account | None:
        """Return whose rights the program gets, None for ours. Raises `LeafsealError`."""
        return environment.find_account(self.user) if self.user else None

    def environment(
        self, account: environment.Account | None, secrets: dict[str, bytes] | None = None
    ) -> dict[bytes, bytes]:
        """Return the environment of the program: what it inherits, and the secrets."""
        return environment.child_environment(
            secrets or {},
            os.environ,
            pristine=self.pristine,
            account=account,
            scrub_cloud=self.scrub_cloud,
            keep=self.keep,
        )


inheritance_options = grouped(
    "child",
    ProgramOptions,
    make_option("--pristine", is_flag=True, help="Start with an empty environment.", section=PROGRAM),
    make_option(
        "--keep",
        is_multiple=True,
        metavar="NAME",
        help="Pass on this variable even if it gives access to your private keys.",
        section=PROGRAM,
    ),
    make_option(
        "--scrub-cloud", is_flag=True, help="Do not pass on credentials of clouds and of Vault.", section=PROGRAM
    ),
    make_option("--user", metavar="NAME", help="Run the program as this user; requires root.", section=PROGRAM),
)


def run(
    files: Sequence[str],
    argv: Sequence[str],
    reading: InputOptions,
    limits: Limits,
    wanted: VariableOptions,
    child: ProgramOptions,
    how: RunningOptions,
    *,
    conflict: str = "error",
) -> int:
    """Become a program that gets the values of files, or run it where that is wanted and return its exit code."""
    how.check()
    account = child.account()
    wanted.check()
    inherited = child.environment(account)

    def handed(opened: Sequence[tuple[str, Opened]]) -> tuple[Handed, frozenset[bytes]]:
        """Return what the program gets, and what is kept out of its output."""
        found = handed_of(opened, wanted, inherited, conflict)
        return found, how.patterns_of(opened, found.by_name, wanted.name_of)

    def environment(variables: dict[str, bytes]) -> dict[bytes, bytes]:
        return child.environment(account, variables)

    if how.watch:
        from leafseal.run.supply import Values

        given: set[str] = set()  # warnings; after a change of one value most would be the same again

        def read() -> Values | Sequence[LeafsealError]:
            opened, errors = open_all_files(files, reading, limits)
            if errors:
                return errors
            with terminal.warning_once(given):
                found, patterns = handed(opened)
            return Values(found.variables, found.files, patterns)

        return how.run_watching(distinct(files), argv, environment, account, read)
    found, patterns = handed(open_files(files, reading, limits))
    return how.run(argv, environment(found.variables), account, patterns, found.files)
