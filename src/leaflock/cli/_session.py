"""What every command that takes files needs: to read them, to know what the configuration wants, to write results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from leaflock import engine
from leaflock.cli import _io
from leaflock.config_finding import find_config
from leaflock.engine import Done, Failed, Outcome, Reading, Source
from leaflock.errors import ConfigError, RefusedError, UsageError
from leaflock.formats import format_of
from leaflock.keyring import KeyRing
from leaflock.limits import Limits
from leaflock.masterkey import Ambient
from leaflock.operations import Opened, Product
from leaflock.snapshots import Snapshot, read

if TYPE_CHECKING:
    from leaflock.config import Config, CreationRule

T = TypeVar("T")

STREAMS = ("-", "/dev/stdin")


@dataclass(slots=True)
class Session:
    """One run of one command."""

    limits: Limits
    config_file: str | None = None
    input_type: str | None = None
    ignore_mac: bool = False
    allow_duplicates: bool = False
    ambient: Ambient = field(default_factory=lambda: Ambient.of_process(_io.ask_secret))
    _ring: KeyRing | None = None
    _configs: dict[str, Config | None] = field(default_factory=dict)

    @classmethod
    def of(cls, options: dict[str, Any]) -> Session:
        """Take the shared options out of those of a command."""
        limits = Limits(
            file_bytes=options.pop("max_file_size"),
            depth=options.pop("max_depth"),
            leaves=options.pop("max_leaves"),
            scalar_bytes=options.pop("max_scalar_size"),
        )
        shared = {name: options.pop(name, False) for name in ("ignore_mac", "allow_duplicates")}
        return cls(limits, options.pop("config", None), options.pop("input_type", None), **shared)

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def keys(self) -> KeyRing:
        """The key ring of this run: equal blobs are unwrapped once."""
        if self._ring is None:
            self._ring = KeyRing(self.ambient)
        return self._ring

    @property
    def reading(self) -> Reading:
        """How files are read in this run."""
        return Reading(self.keys, self.limits, self.ignore_mac, self.allow_duplicates)

    def read(self, path: str) -> Snapshot:
        """Read a file, or standard input."""
        return read(path, self.limits)

    def source(self, snapshot: Snapshot, name: str | None = None) -> Source:
        """Return a file's bytes with the format they are to be read as."""
        shown = name or snapshot.path
        return Source(shown, snapshot.data, self.input_type or format_of(shown))

    def open(self, path: str) -> tuple[Snapshot, Opened]:
        """Open one file. Raises the error that names it."""
        snapshot = self.read(path)
        [outcome] = engine.open_all([self.source(snapshot)], self.reading, lambda _, opened: opened)
        if isinstance(outcome, Failed):
            raise outcome.error
        return snapshot, outcome.result

    def open_each(
        self, paths: Sequence[str], work: Callable[[Source, Opened], T], label: str
    ) -> tuple[list[Snapshot], list[Outcome[T]]]:
        """Open many files and do `work` with each, with a bar on a terminal."""
        snapshots, sources = self._read_all(paths)
        with progress(len(sources), label) as step:
            return snapshots, engine.open_all(sources, self.reading, work, progress=step)

    def each(
        self, paths: Sequence[str], work: Callable[[Source], T], label: str
    ) -> tuple[list[Snapshot], list[Outcome[T]]]:
        """Do `work` with many files that need no key."""
        snapshots, sources = self._read_all(paths)
        with progress(len(sources), label) as step:
            return snapshots, engine.each(sources, work, progress=step)

    def _read_all(self, paths: Sequence[str]) -> tuple[list[Snapshot], list[Source]]:
        snapshots = [self.read(path) for path in paths]
        return snapshots, [self.source(snapshot) for snapshot in snapshots]

    # -- what the configuration wants --------------------------------------------------------------------------------

    def configuration(self, path: str) -> Config | None:
        """Return the configuration that applies to a file, None where there is none."""
        from leaflock.config import load_config

        if self.config_file is not None:
            found: str | None = self.config_file
        else:
            folder = os.path.dirname(os.path.abspath(path))
            if folder in self._configs:
                return self._configs[folder]
            place = find_config(folder, warn=_io.warn)
            found = None if place is None else str(place)
        key = self.config_file or os.path.dirname(os.path.abspath(path))
        if key not in self._configs:
            same = next((c for c in self._configs.values() if c is not None and str(c.path) == found), None)
            config = same or (load_config(found) if found is not None else None)
            if config is not None and same is None:
                for warning in config.warnings:
                    _io.warn(f"{config.path}: {warning}")
            self._configs[key] = config
        return self._configs[key]

    def forget_configurations(self) -> None:
        """Look for configurations again: one was written."""
        self._configs.clear()

    def rule(self, path: str) -> CreationRule | None:
        """Return the creation rule for a file; None where no configuration, or none of its rules, speaks of it."""
        config = self.configuration(path)
        if config is None or config.rules is None:
            return None
        try:
            return config.rule_for(path)
        except ConfigError:
            return None


class progress:
    """A progress bar on stderr while many files are worked on and a person looks; a step is a call."""

    def __init__(self, count: int, label: str) -> None:
        self._items = range(count)
        self._label = label

    def __enter__(self) -> Callable[[], None]:
        self._bar = _io.progress(self._items, self._label)
        steps = iter(self._bar.__enter__())
        return lambda: next(steps, None) and None

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)


def finish(outcomes: Iterable[Outcome[T]]) -> int:
    """Show every failure, and return the exit code of the first; 0 without any."""
    code = 0
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            _io.show_error(outcome.error)
            code = code or outcome.error.exit_code
    return code


def done(outcomes: Iterable[Outcome[T]]) -> list[Done[T]]:
    """Return the outcomes that succeeded."""
    return [outcome for outcome in outcomes if isinstance(outcome, Done)]


# -- writing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """Where results go."""

    in_place: bool = False
    output: str | None = None
    output_dir: str | None = None

    def check(self, files: Sequence[str]) -> None:
        """Raise `UsageError` where files and target do not go together."""
        if sum((self.in_place, self.output is not None, self.output_dir is not None)) > 1:
            raise UsageError("only one of --in-place, --output and --output-dir can say where to write")
        if self.in_place and any(name in STREAMS for name in files):
            raise UsageError("cannot use --in-place when reading from stdin")
        if len(files) > 1 and not (self.in_place or self.output_dir):
            raise UsageError(
                f"{len(files)} files cannot go to one output", hint="add -i to write them back, or --output-dir DIR"
            )
        if self.output_dir and len({os.path.basename(name) for name in files}) < len(files):
            raise UsageError("two of the files have the same name, and one would overwrite the other in --output-dir")

    def is_stdout(self) -> bool:
        """Tell whether results go to standard output."""
        return not (self.in_place or self.output or self.output_dir)

    def write(self, snapshot: Snapshot, data: bytes, check: Callable[[bytes], None], *, private: bool = False) -> None:
        """Put one result where it belongs; what is put in a file is read back and checked before it counts."""
        if self.is_stdout():
            _io.write_result(data)
            return
        if self.in_place:
            put(snapshot, data, check, private=private)
            return
        name = self.output or os.path.join(self.output_dir or "", os.path.basename(snapshot.path))
        if self.output_dir:
            os.makedirs(self.output_dir, exist_ok=True)
        from leaflock import files

        for warning in files.replace(name, data, verify=check, private=private):
            _io.warn(f"{name}: {warning}")


def put(snapshot: Snapshot, data: bytes, check: Callable[[bytes], None], *, private: bool = False) -> None:
    """Write a file back in its place, atomically."""
    from leaflock import files

    for warning in files.replace(snapshot, data, verify=check, private=private):
        _io.warn(f"{snapshot.path}: {warning}")


def put_product(snapshot: Snapshot, product: Product) -> None:
    """Write the new form of a sealed file back in its place."""
    put(snapshot, product.data, product.check)


def write_all(
    target: Target, snapshots: Sequence[Snapshot], outcomes: Sequence[Outcome[Product]], verb: str, past: str
) -> int:
    """Write the new forms of files, all or none of them; show what failed and return the exit code."""
    code = finish(outcomes)
    if code:
        if len(outcomes) > 1:
            _io.say(f"nothing was {past}: {len(engine.failures(outcomes))} of {len(outcomes)} files cannot be {verb}")
        return code
    for snapshot, outcome in zip(snapshots, done(outcomes), strict=True):
        target.write(snapshot, outcome.result.data, outcome.result.check)
    return 0


def same_bytes(expected: bytes) -> Callable[[bytes], None]:
    """Return a check that what was read back from the disk is what was to be written."""

    def check(data: bytes) -> None:
        if data != expected:
            raise RefusedError("what was read back from the disk is not what was written")

    return check


def need_files(files: Sequence[str]) -> None:
    """Raise `UsageError` where no file is named."""
    if not files:
        raise UsageError("no file named", hint="name one or more files; - is standard input")

