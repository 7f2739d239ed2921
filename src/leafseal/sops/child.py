"""What exec-env and exec-file share: their two arguments, whose rights the command gets, and how it ended."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from leafseal.errors import LeafsealError
from leafseal.run import supervisor
from leafseal.run.environment import Account, find_account
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.syntax.grammar import Arguments


def file_and_command(arguments: Arguments) -> tuple[str, str]:
    """Return the file and the command line for the shell."""
    words = arguments.positionals
    if len(words) != 2:
        hint = "the command is one argument: put it in quotes" if len(words) > 2 else None
        raise Failure("error: missing file to decrypt", 1, hint=hint)
    return words[0], words[1]


def warn_of_background(arguments: Arguments, name: str) -> bool:
    """Tell whether the command is not to be waited for, of which sops warns."""
    if not arguments.flag("background"):
        return False
    talk.warn("CMD", f"{name}'s --background option is deprecated and will be removed in a future version of sops")
    return True


def account_of(arguments: Arguments) -> Account | None:
    """Return the account that the command is to run as, None where it is our own."""
    name = arguments.text("user")
    if not name:
        return None
    try:
        return find_account(name)
    except LeafsealError as error:
        talk.log("EXEC", "fatal", f"user: {error}")
        raise Failure("", 1) from None


def run(argv: Sequence[str], environ: Mapping[bytes, bytes], account: Account | None) -> int:
    """Run a command to its end, pass signals on to it, and return its exit code; tell of every other than 0.

    Where a signal ended it that we were sent, we end by it too, as sops does: systemd and shells look at that.
    """
    killed: list[int] = []

    def code_of_killed(number: int) -> int:
        killed.append(number)
        return 255

    code = supervisor.supervise(argv, environ, account=account, killed=code_of_killed, together=True)
    if killed:
        talk.say(f"signal: {_words_for(killed[0])}")
    elif code:
        talk.say(f"exit status {code}")
    return code


def _words_for(number: int) -> str:
    # Go has words for the first fifteen; they are those of the C library.
    words = signal.strsignal(number) if number <= 15 else None
    return words.lower() if words else f"signal {number}"
