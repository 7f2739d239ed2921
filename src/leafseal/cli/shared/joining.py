"""Joining a team: whoever has a configuration already needs a key of their own, and somebody who adds it."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.cli.shared.identity_files import own_keys, own_recipient
from leafseal.cli.shared.keys import current_ambient
from leafseal.config.load import Config, load_config
from leafseal.config.people import People, load_people
from leafseal.display import counted
from leafseal.errors import ConfigError
from leafseal.keys import MasterKey
from leafseal.keys.kinds import TRIED_FIRST
from leafseal.keys.own import OwnKey, opens_any
from leafseal.keys.short_names import listed, short_recipient
from leafseal.system import terminal


def join(path: str, *, no_identity: bool) -> None:
    """Say what a user needs who works with the configuration of a team: nothing of it is changed.

    An identity is made where there is none. Raises `RefusedError`.
    """
    config = _read(path)
    rules = [[list(group) for group in rule.groups] for rule in config.rules or ()] if config is not None else []
    if (mine := _already_named(rules)) is not None:
        key, count = mine
        short = short_recipient(key.recipient or "")
        terminal.say(
            f"{path} already names your key {short} (from {key.place}) in {count} of {counted(len(rules), 'rule')}"
        )
        return
    recipient = own_recipient(no_identity=no_identity, warns=False)  # its file was looked at above
    keys = list({(key.kind, str(key)): key for groups in rules for group in groups for key in group}.values())
    terminal.say(f"{path} is in force here; it is left as it is, and does not name your key yet")
    terminal.say(
        f'{_whom(keys, load_people(path))} to run "leafseal team add NAME {recipient}", with a name for you, '
        'and then "leafseal updatekeys --all"'
    )


def _read(path: str) -> Config | None:
    try:
        return load_config(path, lenient=True)
    except ConfigError as error:
        terminal.warn(str(error))
        return None


def _already_named(rules: Sequence[Sequence[Sequence[MasterKey]]]) -> tuple[OwnKey, int] | None:
    """Return the first of the user's own keys that a rule names, and how many rules name it."""
    for key in own_keys(current_ambient())[0]:
        count = sum(any(opens_any([key], group) is True for group in groups) for groups in rules)
        if count:
            return key, count
    return None


def _whom(keys: Sequence[MasterKey], names: People) -> str:
    people = [key for key in keys if key.kind in TRIED_FIRST]
    if people:
        whose = "one of " if len(people) > 1 else "" if names.name_of(people[0]) else "the owner of "
        return f"ask {whose}{listed(people, names.name_of)}"
    return f"ask somebody who can use {listed(keys)}" if keys else "ask whoever wrote the file"
