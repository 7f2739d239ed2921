"""Commands that work on many files: read all, work on each, show every error, and write where there was none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from leafseal.cli.shared.errors import ErrorsShown
from leafseal.cli.shared.files import Output, Outputs, errors_of, read_all, show_errors
from leafseal.cli.shared.options import InputOptions
from leafseal.document.limits import Limits
from leafseal.operations.batch import Item, Outcome, results
from leafseal.system import terminal

T = TypeVar("T")
MaybeOutput = TypeVar("MaybeOutput", bound=Output | None)


class Run(Protocol[T]):
    """What works on every file: `each` or `open_all` of `operations.batch`, with all but these arguments given."""

    def __call__(self, items: Sequence[Item], *, progress: Callable[[], None]) -> Sequence[Outcome[T]]:
        """Return what came of each file, in order."""
        ...


def collect(
    names: Sequence[str], run: Run[T], *, reading: InputOptions, limits: Limits, verb: str
) -> list[tuple[Item, T]]:
    """Return what came of each file. Where one failed, show all errors and end the command with their exit code."""
    with terminal.progress(len(names), verb, passes=2) as step:
        items, errors = read_all(names, reading, limits, step)
        outcomes = run(items, progress=step)
    errors += errors_of(outcomes)
    if code := show_errors(errors):
        raise ErrorsShown(code, errors)
    return list(results(outcomes))


def transform(
    names: Sequence[str],
    run: Run[MaybeOutput],
    outputs: Outputs,
    *,
    reading: InputOptions,
    limits: Limits,
    verb: str,
    done: str,
) -> list[tuple[Item, MaybeOutput]]:
    """Write what comes of each file, if anything does; nothing where one failed, as `collect`.

    `verb` and `done` say what is being done, and what was done: "encrypting", "encrypted".
    """
    worked = collect(names, run, reading=reading, limits=limits, verb=verb)
    outputs.write([output for _, output in worked if output is not None], done)
    return worked
