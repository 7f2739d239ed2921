"""`sops groups add` and `sops groups delete`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from leafseal.errors import ConfigError, ProviderError
from leafseal.formats import format_of
from leafseal.keys.changes import Keys, keys_of, prefer_configured, removed
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.operations.rekey import rewrap
from leafseal.sops.shared import notices
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.reading import read
from leafseal.sops.shared.recipients import keys_of_options
from leafseal.sops.shared.session import Session, held
from leafseal.sops.syntax.grammar import Arguments

_MOST = 2**32 - 1  # what sops reads an index into


def add(arguments: Arguments) -> int:
    """Add a key group: the data key is split anew among all of them (sops-cli §4.8)."""
    if arguments.positionals:
        raise Failure("error: no positional arguments allowed")
    keys = tuple(keys_of_options(arguments))
    _change(Session(arguments), "groups add", lambda groups: [*groups, keys])
    return 0


def delete(arguments: Arguments) -> int:
    """Remove a key group: the data key is split anew among the others (sops-cli §4.8)."""
    if len(arguments.positionals) != 1:
        raise Failure("error: exactly one positional argument (index) required")
    index = _index(arguments.positionals[0])

    def without(groups: list[Keys]) -> list[Keys]:
        if index >= len(groups):
            raise Failure(f"there is no key group {index}: the file has {len(groups)}, counted from 0")
        if len(groups) == 1:
            raise Failure("the file has only one key group; a file needs at least one")
        return [*groups[:index], *groups[index + 1 :]]

    _change(Session(arguments), "groups delete", without)
    return 0


def _index(text: str) -> int:
    if not re.fullmatch("[0-9]+", text):
        raise Failure(f'failed to parse [index] argument: strconv.ParseUint: parsing "{text}": invalid syntax')
    if len(text) > len(str(_MOST)) or int(text) > _MOST:
        raise Failure(f'failed to parse [index] argument: strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _change(session: Session, command: str, edit: Callable[[list[Keys]], list[Keys]]) -> None:
    """Wrap the data key for other groups and write the file, or nothing."""
    arguments = session.arguments
    file = arguments.text("file")
    if not file:
        raise Failure("Error reading file: no file is named", 2, hint="name one with --file")
    path = os.path.abspath(file)
    session.check()
    with held(session, path):
        source = read(path)
        opened = session.open(source, format_of(path))
        before = keys_of(opened.metadata.groups)
        after = edit(prefer_configured(before, session.configured_keys(path)))
        threshold = _threshold(session, opened, after)
        guard = guard_of(session, path, command)
        guard.check_threshold(opened.metadata, len(after), threshold)
        guard.check_recipients(after)
        product = _rewrapped(session, guard.unchanged(opened), after, threshold)
        session.write(source, product.data, product.check)
    notices.note_removed(session, path, removed(before, after), keeps_data_key=True)
    notices.note_unconfigured(session, path, after)


def _threshold(session: Session, opened: Opened, groups: list[Keys]) -> int:
    """Return how many groups are to be needed. Raises `Failure` where there are not as many."""
    asked = session.arguments.number("shamir-secret-sharing-threshold")
    threshold = asked or opened.metadata.threshold
    if len(groups) < len(opened.metadata.groups) and len(groups) < threshold:
        raise Failure(
            "removing this key group will make the Shamir threshold impossible to satisfy: Shamir threshold is "
            f"{threshold}, but we only have {len(groups)} key groups"
        )
    if threshold < 0:
        raise Failure(f"a threshold of {threshold} cannot be met")
    if asked == 0 and len(opened.metadata.groups) == 1 and threshold == 1:
        return 0  # with one group it meant nothing, and it fits no more
    return threshold


def _rewrapped(session: Session, opened: Opened, groups: list[Keys], threshold: int) -> Product:
    try:
        return rewrap(opened, groups, threshold, session.ambient, keep_dates=True)
    except (ProviderError, ConfigError) as error:
        raise Failure(f"error updating one or more master keys: [{error}]", 1, hint=error.hint) from error
