"""Errors as our command line shows them."""

from __future__ import annotations

from leafseal.errors import ConfigError, DataKeyError, LeafsealError
from leafseal.system import terminal


class ErrorsShown(Exception):
    """A command ends here, with this exit code: what is wrong has been shown."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def show_error(error: LeafsealError) -> None:
    """Print an error, its details and its hint."""
    terminal.report(str(error), *_details(error))


def _details(error: LeafsealError) -> tuple[list[str], str | None]:
    """Return what is to be told below an error, and the hint that is left for the end."""
    if isinstance(error, DataKeyError) and (len(error.attempts) > 1 or error.groups > 1):  # one is in the message
        from leafseal.keys import report  # only failures need it

        return report.describe(error).split("\n"), report.last_hint(error)
    if isinstance(error, ConfigError) and len(error.faults) > 1:
        listed = [f"{location}: {message}" if location else message for location, message in error.faults]
        return listed, error.hint
    return [], error.hint


def edit_again(error: LeafsealError) -> bool:
    """Show what is wrong with an edited text and ask whether the user goes on with it."""
    show_error(error)
    answer = terminal.ask("Press Enter to edit again, or q to quit:")
    return answer is not None and answer.strip().lower() not in ("q", "quit")
