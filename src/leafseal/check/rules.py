"""The configurations in the index, in a revision or on the disk, and which rule of them is for a file.

An invalid configuration is a finding, and its files are not judged by it. Regular expressions come with the
repository: all of them together get a bounded time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from leafseal.check.findings import Finding
from leafseal.config.check import unread
from leafseal.config.demands import demands, is_exempt
from leafseal.config.find import MISNAMED, NAMES
from leafseal.config.load import Config, CreationRule, load_config, parse_config
from leafseal.config.patterns import Patterns
from leafseal.errors import ConfigError, LeafsealError
from leafseal.rules.matching import PatternError

_SECONDS = 20.0  # of processor time, for the patterns of all configurations and all files

Look = Callable[[str], bytes | None]
"""Returns the content of a file by its name relative to the root; None where there is none."""


class Governed(NamedTuple):
    """The rule for a file: in which configuration it is, and whether the file has to be encrypted."""

    rule: CreationRule
    config: str
    is_demanded: bool


class Configurations:
    """The configurations of a tree, each read once. `findings` are about those that are wrong."""

    def __init__(self, root: str, look: Look, *, explicit: str | None = None, above: Sequence[str] = ()) -> None:
        self.findings: list[Finding] = []
        self._root = root
        self._look = look
        self._explicit = None if explicit is None else load_config(explicit)
        self._above = above
        self._on_disk: list[Config] | None = None
        self._by_folder: dict[str, Config | None] = {}
        self._patterns = Patterns(_SECONDS)
        self._demands: dict[int, bool] = {}
        self._is_out_of_time = False

    def governing(self, name: str) -> Governed | None:
        """Return the rule for a file; None where none is meant for it.

        That is the rule of the nearest configuration that has one for it: one without hides none of those further up.
        """
        return next(iter(self._rules_for(name)), None)

    def demanding(self, name: str) -> Governed | None:
        """Return the rule that says that a file must be encrypted, None where none does.

        It may be in any configuration above the file: a nearer one takes nothing away, since anybody can add one.
        """
        return next((one for one in self._rules_for(name) if one.is_demanded), None)

    def _rules_for(self, name: str) -> Iterator[Governed]:
        if is_exempt(name) or self._is_out_of_time:
            return
        path = os.path.join(self._root, name)
        for config in self._configs(name):
            try:
                rule = config.matching_rule(path, self._patterns)
                found = None if rule is None else Governed(rule, self._shown(config), self._is_demanding(rule))
            except (ConfigError, PatternError):
                self._is_out_of_time = True
                message = f"the regular expressions of the rules take more than {_SECONDS:g} seconds for all files"
                self.findings.append(Finding("invalid-configuration", self._shown(config), message))
                return
            if found is not None:
                yield found

    def visit(self, name: str) -> None:
        """Read a configuration that is among the files, so that what is wrong with it is noted."""
        self._in_folder(os.path.dirname(name))

    def _configs(self, name: str) -> Iterator[Config]:
        if self._explicit is not None:
            yield self._explicit
            return
        folder = os.path.dirname(name)
        while True:
            config = self._in_folder(folder)
            if config is not None:
                yield config
            if not folder:
                break
            folder = os.path.dirname(folder)
        if self._on_disk is None:
            self._on_disk = [load_config(path) for path in self._above]
        yield from self._on_disk

    def _in_folder(self, folder: str) -> Config | None:
        if folder not in self._by_folder:
            self._by_folder[folder] = self._read(folder)
        return self._by_folder[folder]

    def _read(self, folder: str) -> Config | None:
        present: list[tuple[str, bytes]] = []
        for base in NAMES:
            name = os.path.join(folder, base)
            try:
                data = self._look(name)
            except LeafsealError as error:
                self._note(name, error.message)
                return None
            if data is not None:
                present.append((name, data))
        if not present:
            self._note_misnamed(os.path.join(folder, MISNAMED))
            return None
        if len(present) == 2 and present[0][1] != present[1][1]:
            self._note(present[0][0], f"{NAMES[0]} and {NAMES[1]} are in the same folder and differ")
        name, data = present[0]
        told = unread(data, name)
        for one in told:
            self._note(name, f"{one.location}: {one.message}" if one.location else one.message, one.line)
        try:
            return parse_config(data, os.path.join(self._root, name))
        except ConfigError as error:
            if not told:
                self._note(name, error.message)
            return None

    def _note_misnamed(self, name: str) -> None:
        with suppress(LeafsealError):
            if self._look(name) is not None:
                self._note(name, f"nobody reads it: a configuration must be called {NAMES[1]}")

    def _note(self, name: str, message: str, line: int = 0) -> None:
        self.findings.append(Finding("invalid-configuration", name, message, line=line, what=message))

    def _is_demanding(self, rule: CreationRule) -> bool:
        if id(rule) not in self._demands:
            self._demands[id(rule)] = demands(rule, self._patterns)
        return self._demands[id(rule)]

    def _shown(self, config: Config) -> str:
        path = os.path.abspath(config.path)
        below = os.path.join(self._root, "")
        return path.removeprefix(below)
