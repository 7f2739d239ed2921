"""Errors as our command line shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from leafseal.display import for_shell
from leafseal.errors import ConfigError, DataKeyError, LeafsealError
from leafseal.system import terminal


class ErrorsShown(Exception):
    """A command ends here, with this exit code: what is wrong has been shown."""

    def __init__(self, code: int, errors: Sequence[LeafsealError] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


_listeners: list[Callable[[LeafsealError], None]] = []


@contextmanager
def listening(listener: Callable[[LeafsealError], None]) -> Iterator[None]:
    """Have every error that is shown told to somebody who keeps an audit log, too."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(error: LeafsealError) -> None:
    """Tell of an error that is shown."""
    for listener in _listeners:
        listener(error)


def show_error(error: LeafsealError) -> None:
    """Print an error, its details and its hint."""
    if isinstance(error, DataKeyError):
        show_locked_out([error])
        return
    terminal.report(str(error), *_details(error))


def show_in_one_line(error: LeafsealError) -> None:
    """Print an error and all that is known of it on one line, for programs that pass on what they are told."""
    terminal.report(in_one_line(error), (), None)


def in_one_line(error: LeafsealError) -> str:
    """Return an error and all that is known of it, on one line."""
    known: Sequence[str]
    if isinstance(error, DataKeyError):
        import os

        from leafseal.cli.shared.configuration import Configuration  # only failures need these
        from leafseal.cli.shared.locked_out import told

        one = told(error, Configuration(os.environ.get("SOPS_CONFIG")))
        message, known, hint = one.about([error.file] if error.file else [])
    else:
        message, (known, hint) = str(error), _details(error)
    about = [*known, *([f"hint: {hint}"] if hint else [])]
    return f"{message} ({'; '.join(one.strip() for one in about)})" if about else message


def show_locked_out(errors: Sequence[DataKeyError]) -> None:
    """Print what is wrong with files that no key opens: once for all of which the same is to be said."""
    if not errors:
        return
    import os

    from leafseal.cli.shared.configuration import Configuration  # only failures need these
    from leafseal.cli.shared.locked_out import Told, told

    configuration = Configuration(os.environ.get("SOPS_CONFIG"))
    files: dict[Told, list[str]] = {}
    for error in errors:
        files.setdefault(told(error, configuration), []).extend([error.file] if error.file else [])
    for one, names in files.items():
        message, details, hint = one.about(names)
        terminal.report(message, details, hint)


def _details(error: LeafsealError) -> tuple[list[str], str | None]:
    """Return what is to be told below an error, and the hint that is left for the end."""
    if isinstance(error, ConfigError) and len(error.faults) > 1:
        return list(_faults(error)), None if error.hint in error.hints.values() else error.hint
    return [], hint_of(error)


def hint_of(error: LeafsealError) -> str | None:
    """Return the hint of an error, its commands with the file that was worked on: they can be pasted."""
    if error.hint is None or error.file in (None, "-"):
        return error.hint
    return error.hint.replace(' FILE"', f' {for_shell(error.file)}"')


def _faults(error: ConfigError) -> Iterator[str]:
    """Yield every fault, and after the last of those with the same hint what to do about them."""
    hints = [error.hints.get(fault) for fault in error.faults]
    for (location, message), hint, following in zip(error.faults, hints, [*hints[1:], None], strict=True):
        yield f"{location}: {message}" if location else message
        if hint and hint != following:
            yield f"  hint: {hint}"


def edit_again(error: LeafsealError) -> bool:
    """Show what is wrong with an edited text and ask whether the user goes on with it."""
    show_error(error)
    answer = terminal.ask("Press Enter to edit again, or q to quit:")
    return answer is not None and answer.strip().lower() not in ("q", "quit")
