"""The configuration of each file, loaded once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from leafseal.display import for_shell
from leafseal.errors import ConfigError, LeafsealError
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.config.load import Config, CreationRule  # imported where one is loaded: it brings YAML
    from leafseal.config.people import People


class Configuration:
    """Finds the configuration that holds for a file: the one named by an option, else from its folder upwards."""

    def __init__(self, explicit: str | None) -> None:
        self._explicit = explicit
        self._by_folder: dict[str, Config | None] = {}
        self._by_path: dict[str, Config] = {}
        self._people: dict[str, People] = {}

    def of(self, name: str) -> Config | None:
        """Return the configuration for a file, None where there is none. Raises `ConfigError`."""
        if self._explicit is not None:
            return self._load(self._explicit)
        from leafseal.config.find import find_config

        folder = os.path.dirname(os.path.abspath(name))
        if folder not in self._by_folder:
            path = find_config(folder, warn=terminal.warn)
            self._by_folder[folder] = None if path is None else self._load(os.fspath(path))
        return self._by_folder[folder]

    def rule_for(self, name: str) -> CreationRule | None:
        """Return the rule for a new file, None without a configuration. Raises `ConfigError` when none matches."""
        config = self.of(name)
        return None if config is None else config.rule_for(name)

    def guarding_rule(self, name: str) -> CreationRule | None:
        """Return the rule that a file that exists is held to, None where no rule is meant for it.

        A configuration that has none does not hide those further up.
        """
        nearest = self.of(name)
        rule = None if nearest is None else nearest.matching_rule(name)
        if rule is not None or nearest is None or self._explicit is not None:
            return rule
        from leafseal.config.load import guarding_rule

        return guarding_rule(name, self._load)

    def rule_with_keys(self, name: str) -> CreationRule | None:
        """Return what `rule_for` does. Raises `ConfigError` also for a rule that names no keys."""
        config = self.of(name)
        return None if config is None else config.rule_with_keys(name)

    def without_rules(self, name: str) -> tuple[str, str]:
        """Return what to say of a file for which there are no creation rules, and what to do about it."""
        config = self.of(name)
        if config is not None:
            return self._lack_of_rules(config)
        folder = os.path.dirname(name)
        command = f"leafseal init {for_shell(folder)}" if folder else "leafseal init"
        return "no .sops.yaml with creation rules found", f'create one with "{command}"'

    def _lack_of_rules(self, config: Config) -> tuple[str, str]:
        from leafseal.config.check import check  # only failures need it

        what, hint = f"{config.path} has no creation rules", f"add creation_rules to {config.path}"
        try:
            hiding = [one for one in check(os.fspath(config.path)).findings if one.hides_rules]
        except ConfigError:  # a pipe was read already
            hiding = []
        return (f"{what} ({hiding[0].spoken})", hiding[0].hint or hint) if hiding else (what, hint)

    def indent(self, name: str, format_name: str) -> int | None:
        """Return the indentation that the configuration wants for a format."""
        config = self.of(name)
        return None if config is None else config.indents.get(format_name)

    def people(self, name: str) -> People:
        """Return the names that the configuration for a file gives recipients; none where it cannot be read."""
        from leafseal.config.people import NOBODY, load_people

        path = self.path(name)
        if path is None:
            return NOBODY
        if path not in self._people:
            self._people[path] = load_people(path)
        return self._people[path]

    def path(self, name: str) -> str | None:
        """Return where the configuration for a file is, unread; None where there is none, or what is there is none."""
        from leafseal.config.find import find_config

        try:
            return self._explicit or find_config(os.path.dirname(os.path.abspath(name)))
        except (LeafsealError, OSError):  # the current folder may be gone
            return None

    def forget(self) -> None:
        """Look for configurations again: one was written."""
        self._by_folder.clear()

    def _load(self, path: str) -> Config:
        from leafseal.config.load import load_config

        if path not in self._by_path:
            self._by_path[path] = config = load_config(path)
            for warning in config.warnings:
                terminal.warn(f"{path}: {warning}")
        return self._by_path[path]
