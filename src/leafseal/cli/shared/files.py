"""The files that a command takes, and where what it makes of them goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from leafseal.cli.shared.declarations import FILES, grouped, make_option
from leafseal.cli.shared.errors import show_error, show_locked_out, tell
from leafseal.cli.shared.options import InputOptions
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits
from leafseal.errors import AuditError, ConfigError, DataKeyError, LeafsealError, UsageError
from leafseal.formats import recognize
from leafseal.operations.batch import Failed, Item, Outcome
from leafseal.operations.open import Source
from leafseal.system import terminal
from leafseal.system.reading import descriptor_of, read

if TYPE_CHECKING:
    from leafseal.operations.product import Product

T = TypeVar("T")


def distinct(names: Sequence[str], *, by_name: bool = False) -> Sequence[str]:
    """Return the names without those of files that another one names before: as it is, spelled otherwise, or by a link.

    `by_name` keeps two with different last names, for results that are called like their files.
    """
    if len(names) < 2:
        return names
    found: dict[tuple[str, str], str] = {}
    for position, name in enumerate(names):
        real = f"{position} {name}" if is_stream(name) else os.path.realpath(name)
        found.setdefault((real, os.path.basename(name) if by_name else ""), name)
    return tuple(found.values())


def is_stream(name: str) -> bool:
    """Tell whether a name is that of something open, such as standard input."""
    return name == "-" or descriptor_of(name) is not None


def read_all(
    names: Sequence[str], reading: InputOptions, limits: Limits, progress: Callable[[], None] = lambda: None
) -> tuple[list[Item], list[LeafsealError]]:
    """Read every file; what cannot be read is an error among others."""
    if reading.filename_override is not None and len(names) > 1:
        raise UsageError("--filename-override works for one file only", hint="give one FILE at a time")
    if [name for name in names if name == "-"][1:]:
        raise UsageError("standard input can be read only once", hint="give - only once")
    items: list[Item] = []
    errors: list[LeafsealError] = []
    for name in names:
        try:
            items.append(read_one(name, reading, limits))
        except LeafsealError as error:
            errors.append(error)
        progress()
    return items, errors


def read_one(name: str, reading: InputOptions, limits: Limits) -> Item:
    """Read a file. Its format is what the options say, else what its name or its encrypted content tells."""
    shown = reading.filename_override or name
    snapshot = read(name, limits)
    sealed = None if reading.is_plain else snapshot.data
    return Item(snapshot, Source(shown, snapshot.data, reading.input_type or recognize(shown, sealed), name))


def show_errors(errors: Iterable[LeafsealError]) -> int:
    """Show errors and return the exit code that stands for all of them."""
    codes = set()
    locked_out: list[DataKeyError] = []
    shown: set[str] = set()  # what is wrong with a configuration or a log is the same for all files
    for error in errors:
        tell(error)
        codes.add(error.exit_code)
        if isinstance(error, DataKeyError):
            locked_out.append(error)
        elif not (isinstance(error, ConfigError | AuditError) and str(error) in shown):
            show_error(error)
            shown.add(str(error))
    show_locked_out(locked_out)
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def errors_of(outcomes: Sequence[Outcome[T]]) -> list[LeafsealError]:
    """Return what went wrong with which file."""
    return [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]


_MOST_NOTES = 3  # lines about files that were written


def _signals_wait(count: int) -> AbstractContextManager[object]:
    """Return what has signals wait while a file is written, if it is one of several."""
    if count < 2:
        return nullcontext()
    from leafseal.system import signals

    return signals.as_notes()


class Output(NamedTuple):
    """Something to be written, and how to see that it was written right. `private` marks plaintext."""

    item: Item
    data: bytes
    verify: Callable[[bytes], None]
    private: bool = False
    readable: Sequence[str] = ()  # what those could read whose keys are removed
    told: Callable[[], str] | None = None  # what is said of it on a terminal


class Outputs(NamedTuple):
    """Where results go: standard output unless something else is said."""

    in_place: bool = False
    overwrite: bool = False
    output: str | None = None
    output_dir: str | None = None

    def check(self, names: Sequence[str]) -> None:
        """Raise `UsageError` where options and files do not go together."""
        chosen = [self.in_place, self.output is not None, self.output_dir is not None]
        if sum(chosen) > 1:
            raise UsageError("-i, --output and --output-dir contradict each other", hint="use only one of them")
        if self.overwrite and not self.in_place:
            raise UsageError("--overwrite needs --in-place", hint="use --in-place=overwrite")
        if self.in_place and "-" in names:
            raise UsageError("standard input cannot be changed in place", hint="give the name of a FILE")
        if len(names) > 1 and not self.in_place and self.output_dir is None:
            raise UsageError(
                "several input files need -i or --output-dir",
                hint="add -i to replace each file, or --output-dir DIR to write the results to a folder",
            )
        if self.output_dir is not None:
            counts: dict[str, int] = {}
            for base_name in map(os.path.basename, names):
                counts[base_name] = counts.get(base_name, 0) + 1
            for name, count in counts.items():
                if name in ("", "-") or count > 1:
                    raise UsageError(
                        f"two results would have the name {name} in --output-dir" if name not in ("", "-")
                        else "standard input has no name for a file in --output-dir",
                        hint="use --output, one file at a time",
                    )  # fmt: skip

    @property
    def _is_standard_output(self) -> bool:
        return not self.in_place and self.output in (None, "-") and self.output_dir is None

    def write(self, outputs: Sequence[Output], done: str = "written") -> None:
        """Write all results, and then tell what those could read whose keys are removed.

        `done` says what became of the files. What ends the writing of several before its end, such as Ctrl-C, waits
        until the file is whole that is being written, so that their number is right.
        """
        if self.output_dir is not None:
            from leafseal.system import files  # here, because most results go to standard output

            try:
                os.makedirs(self.output_dir, mode=0o700, exist_ok=True)
            except OSError as error:
                raise files.write_error(error, self.output_dir) from error
        written = 0
        try:
            with terminal.progress(len(outputs), "writing") as step:
                for output in outputs:
                    with _signals_wait(len(outputs)):
                        self._write(output)
                        written += 1
                    step()
        except BaseException:
            if len(outputs) > 1:
                left = outputs[written:]
                rest = f"; not {left[0].item.name}{' and those after it' if left[1:] else ''}" if left else ""
                terminal.say(f"{written} of {len(outputs)} files written{rest}")
            raise
        if not self._is_standard_output:
            self._note(outputs, done)
        for output in outputs:
            terminal.say_readable(output.item.name, output.readable)

    def _note(self, outputs: Sequence[Output], done: str) -> None:
        """Tell what was written: of each file, or how many where there are more."""
        if len(outputs) > _MOST_NOTES:
            terminal.note(lambda: f"{len(outputs)} files {done}")
            return
        for output in outputs:
            if output.told is not None:
                where = "" if self.in_place else f", written to {self._path(output)}"
                terminal.note(lambda output=output, where=where: f"{output.item.name}: {output.told()}{where}")  # type: ignore[misc]

    def _path(self, output: Output) -> str:
        return self.output or os.path.join(self.output_dir or "", os.path.basename(output.item.snapshot.path))

    def _write(self, output: Output) -> None:
        if self._is_standard_output:
            terminal.write_result(output.data)
            return
        from leafseal.system import files

        path = self._path(output)
        if self.in_place:
            lost = files.replace(
                output.item.snapshot,
                output.data,
                verify=output.verify,
                private=output.private,
                overwrite=self.overwrite,
            )
        else:
            lost = files.replace(path, output.data, verify=output.verify, private=output.private)
        for warning in lost:
            terminal.warn(f"{output.item.name if self.in_place else path}: {warning}")


output_options = grouped(
    "outputs",
    Outputs,
    make_option(
        "-i",
        "--in-place",
        is_flag=True,
        metavar="[=overwrite]",
        help="Replace the file with the result; =overwrite writes into the existing file (not atomic), for hard links"
        " and mount points.",
        section=FILES,
    ),
    make_option("--overwrite", is_flag=True, is_hidden=True),
    make_option("-o", "--output", metavar="FILE", help="Write the result to FILE.", section=FILES),
    make_option("--output-dir", metavar="DIR", help="Write each result to DIR under the same name.", section=FILES),
)


def output_of(
    item: Item, product: Product, readable: Sequence[str] = (), *, told: Callable[[Product], str] | None = None
) -> Output:
    """Return the output for a new form of a sealed file. `told` says what it is, on a terminal."""
    said = None if told is None else lambda: told(product)
    return Output(item, product.data, product.check, readable=readable, told=said)
