"""The configuration that `team` changes: which rules are meant, what is shown, and which files follow."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from typing import NamedTuple

from leafseal.cli.shared.declarations import grouped, make_option
from leafseal.cli.shared.every_file import is_encrypted, names_below
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.config.find import MAX_BYTES, NAMES, find_config
from leafseal.config.load import Config, CreationRule, parse_config
from leafseal.config.mistakes import named
from leafseal.config.people import People, people_in
from leafseal.display import counted, escape_line, first_of, for_shell
from leafseal.document.limits import Limits
from leafseal.errors import ConfigError, LeafsealError, RefusedError, UsageError
from leafseal.keys.changes import keys_of
from leafseal.operations.open import read_metadata
from leafseal.system import terminal
from leafseal.system.reading import Snapshot, read


class RuleChoice(NamedTuple):
    """The rules that options name, by their patterns, or all."""

    paths: tuple[str, ...] = ()
    is_all: bool = False


rule_options = grouped(
    "rules",
    RuleChoice,
    make_option(
        "--rule",
        "paths",
        is_multiple=True,
        metavar="PATH_REGEX",
        help="Change only the rule with this path_regex.",
    ),
    make_option("--all-rules", "is_all", is_flag=True, help="Change all rules."),
)


class Team(NamedTuple):
    """A configuration that is to be changed."""

    path: str
    snapshot: Snapshot
    config: Config
    people: People

    @property
    def data(self) -> bytes:
        """The content of the file."""
        return self.snapshot.data

    @property
    def rules(self) -> tuple[CreationRule, ...]:
        """Its rules."""
        return self.config.rules or ()

    def check(self, written: bytes, meant: bytes) -> None:
        """Raise `ConfigError` where what was written is not what was meant."""
        if written != meant:
            raise ConfigError("what was written reads back differently", file=self.path)
        parse_config(written, self.path, lenient=True)


def open_team(explicit: str | None) -> Team:
    """Read the configuration of the current folder, or the one that an option names. Raises `ConfigError`."""
    path = explicit or find_config(os.getcwd(), warn=terminal.warn)
    if path is None:
        raise ConfigError("no .sops.yaml found here or above", hint='create one with "leafseal init"')
    path = path if explicit else os.path.relpath(path)
    _refuse_twice(path)
    snapshot = read(path, Limits(file_bytes=MAX_BYTES))
    config = parse_config(snapshot.data, path, lenient=True)
    if not config.rules:
        raise ConfigError("has no creation rules", hint=f"add creation_rules to {path}", file=path)
    return Team(path, snapshot, config, people_in(snapshot.data))


def _refuse_twice(path: str) -> None:
    """Raise `RefusedError` where a change would make the two names of a configuration differ."""
    folder, name = os.path.split(path)
    for other in NAMES:
        twin = os.path.join(folder, other)
        if (
            name in NAMES
            and other != name
            and os.path.lexists(twin)
            and os.path.exists(path)
            and not _is_same(twin, path)
        ):
            raise RefusedError(
                f"{other} is in the same folder, and would not change with it",
                hint="delete one of the two, or make one a link to the other",
                file=path,
            )


def _is_same(twin: str, path: str) -> bool:
    try:
        return os.path.samefile(twin, path)
    except FileNotFoundError:  # a link that leads nowhere
        return False


def chosen_rules(team: Team, choice: RuleChoice, verb: str) -> list[int]:
    """Return the rules to change. Where nobody says which, and they differ, the user is asked. Raises `UsageError`."""
    numbers = list(range(len(team.rules)))
    if choice.is_all and choice.paths:
        raise UsageError("--rule and --all-rules contradict each other", hint="use only one of them")
    if choice.paths:
        found = [number for number in numbers if team.rules[number].path_regex in choice.paths]
        known = {rule.path_regex for rule in team.rules}
        if missing := [path for path in choice.paths if path not in known]:
            raise UsageError(
                f"no rule has this path_regex: {first_of([escape_line(one) for one in missing], 3)}",
                hint="copy it from \"leafseal team list\", in single quotes; '' is the rule without one",
                file=team.path,
            )
    elif choice.is_all or len({tuple(map(str, rule.groups)) for rule in team.rules}) == 1:
        found = numbers
    else:
        found = _asked(team, verb)
    for number in found:
        if faults := team.config.faults_of(team.rules[number]):
            raise ConfigError.of(faults, team.path, team.config.hints)
    return found


def _asked(team: Team, verb: str) -> list[int]:
    """Have the user choose among rules that differ."""
    if not terminal.has_terminal():
        raise UsageError(
            f"there are {len(team.rules)} rules with different recipients: "
            + first_of([f"{named(rule)} {rule.path_regex or 'all files'}" for rule in team.rules], 5),
            hint="add --all-rules; or name the rules you mean with --rule PATH_REGEX",
            file=team.path,
        )
    for number, rule in enumerate(team.rules, 1):
        terminal.say(f"{number}: {rule.path_regex or 'all files'} ({rule.location}, line {rule.line})")
    answer = terminal.ask(f"Which rules is it {verb}? Numbers such as 1,3, or all:") or ""
    if answer.strip().lower() == "all":
        return list(range(len(team.rules)))
    words = answer.replace(",", " ").split()
    if not words or not all(word.isdecimal() and 0 < int(word) <= len(team.rules) for word in words):
        raise RefusedError("cancelled; nothing was changed")
    return sorted({int(word) - 1 for word in words})


def show_diff(path: str, before: bytes, after: bytes) -> None:
    """Print a change of a configuration as a unified diff."""
    old, new = (data.decode("utf-8", "surrogateescape").splitlines(keepends=True) for data in (before, after))
    for line in difflib.unified_diff(old, new, path, path):
        terminal.print_line(escape_line(line.rstrip("\r\n")))
        if not line.endswith(("\r", "\n")):
            terminal.print_line("\\ No newline at end of file")


def tell_followers(team: Team, changed: Sequence[int], why: str, explicit: str | None) -> None:
    """Say how many encrypted files go by rules that changed, and which configurations below have rules of their own."""
    option = f" --config {for_shell(explicit)}" if explicit else ""
    run = f'run "leafseal updatekeys --all{option}"'
    try:
        names = names_below(os.path.dirname(os.path.abspath(team.path)))
    except UsageError:  # Git has no list, and the configuration is written already
        terminal.say(f"existing files must follow: to {why}, {run}")
        return
    others = [name for name in names if os.path.basename(name) in NAMES and not os.path.samefile(name, team.path)]
    files = [name for name in names if _follows(team, name, changed, explicit) and _is_encrypted(name)]
    if files:
        if _is_locked_out(files):
            them = "it" if len(files) == 1 else "them"
            run = f"somebody who can decrypt {them}, as you cannot here, must {run}"
        terminal.say(f"{counted(len(files), 'encrypted file')} must follow: to {why}, {run}")
    if others and explicit is None:
        terminal.warn(f"{first_of(others, 3)}: has rules of its own, which stay as they are")


def _is_locked_out(names: Sequence[str]) -> bool:
    """Tell whether surely none of the files can be decrypted with the keys of this machine. Nothing is decrypted."""
    from leafseal.cli.shared.identity_files import own_keys
    from leafseal.keys.own import opens_enough

    own, _ = own_keys(current_ambient())
    for name in names:
        try:
            source = read_one(name, InputOptions(), Limits()).source
            _, metadata = read_metadata(source.data, source.format)
        except (LeafsealError, OSError):  # which updatekeys reports
            continue
        if opens_enough(own, keys_of(metadata.groups), metadata.threshold) is not False:
            return False
    return True


def _follows(team: Team, name: str, changed: Sequence[int], explicit: str | None) -> bool:
    try:
        if explicit is None:
            nearest = find_config(os.path.dirname(os.path.abspath(name)))
            if nearest is None or not os.path.samefile(nearest, team.path):
                return False
        rule = team.config.matching_rule(name)
    except (LeafsealError, OSError):
        return False
    return rule is not None and any(team.rules[number] is rule for number in changed)


def _is_encrypted(name: str) -> bool:
    return is_encrypted(name, InputOptions(), Limits())
