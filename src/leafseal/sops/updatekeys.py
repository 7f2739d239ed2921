"""`sops updatekeys`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from leafseal.config.load import CreationRule
from leafseal.display import visible
from leafseal.errors import ConfigError, FormatError, LeafsealError, ProviderError, system_text
from leafseal.keys.changes import GroupChange, Keys, compare, keys_of, removed
from leafseal.keys.groups import resolve_keys, resolve_threshold
from leafseal.metadata import Metadata
from leafseal.operations.open import read_metadata
from leafseal.operations.rekey import rewrap
from leafseal.sops.shared import notices, talk
from leafseal.sops.shared.failures import Failure, as_failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.reading import READ, read
from leafseal.sops.shared.session import Formats, Session, replace
from leafseal.sops.syntax.grammar import Arguments

_GREEN, _RED, _UNDERLINED = "32", "31", "4"


def updatekeys(arguments: Arguments) -> int:
    """Give files the key groups of the configuration (sops-cli §4.7).

    What it does to which file is said on standard error, also when all goes well: this command of sops always talks.
    """
    session = Session(arguments)
    _require_config(session)
    if not arguments.positionals:
        raise Failure("Error: no file specified", 100)
    if len(arguments.positionals) == 1:
        _sync(session, arguments.positionals[0])
        return 0
    failed = 0
    for file in arguments.positionals:
        try:
            _sync(session, file)
        except LeafsealError as error:
            failed += 1
            talk.log("CMD", "error", str(as_failure(error)))
    if failed:
        raise Failure(f"failed updating {failed} key(s)")
    return 0


def _require_config(session: Session) -> None:
    try:
        missing = session.config is None
    except LeafsealError:
        return  # told for each file
    if missing:
        raise Failure("config file not found")


def _sync(session: Session, file: str) -> None:
    """Bring one file up to date. The data key, values, time and MAC stay as they are."""
    path = os.path.abspath(file)
    _require_file(path)
    session.check()  # where the configuration is faulty, nothing is said to be synced
    _say(f"Syncing keys for file {path}")
    source = read(path)
    format_name = Formats.of(session.arguments, path).input
    metadata = _metadata(source.data, format_name)
    rule = _rule(session, path)
    before, after = keys_of(metadata.groups), _keys(session, rule) or [()]
    threshold = _threshold(metadata, len(after))
    changes = compare(before, after)
    if threshold == metadata.threshold and not any(changes):
        _say(f"File {path} already up to date")
        return
    _refuse_impossible(after, threshold)
    _show(changes, metadata.threshold, threshold)
    if rule.threshold and rule.threshold != threshold:
        session.notice(f"{path}: the shamir_threshold of the configuration does not count here; see `sops groups`")
    if not session.arguments.flag("yes") and not _is_okay():
        _say(f"File {path} left unchanged")
        return
    opened = session.open(source, format_name)
    guard = guard_of(session, path, "updatekeys")
    guard.check_threshold(metadata, len(after), threshold)
    opened = guard.unchanged(opened)
    try:
        product = rewrap(opened, after, threshold, session.ambient)
    except (ProviderError, ConfigError) as error:
        raise _wrap_failure(error) from error
    replace(session, source, product.data, product.check)
    _say(f"File {path} synced with new keys")
    notices.note_removed(session, path, removed(before, after), keeps_data_key=True)


def _require_file(path: str) -> None:
    try:
        os.stat(path)
    except OSError as error:
        raise Failure(f"stat {path}: {system_text(error)}") from error
    if os.path.isdir(path):
        raise Failure("can't operate on a directory")


def _metadata(data: bytes, format_name: str) -> Metadata:
    try:
        return read_metadata(data, format_name, READ)[1]
    except FormatError as error:
        raise Failure(str(error), 1, hint=error.hint) from error


def _rule(session: Session, path: str) -> CreationRule:
    rule = session.rule_for(path)
    if rule is None:
        name = session.config.path if session.config is not None else ""
        raise Failure(f"The config file {name} does not contain any creation rule")
    return rule


def _keys(session: Session, rule: CreationRule) -> list[Keys]:
    """Return the keys of a rule as they would stand in a file; sops looks versions up when it reads the rule, too."""
    try:
        return [resolve_keys(group, session.ambient) for group in rule.groups]
    except ProviderError as error:
        raise Failure(str(error), 1, hint=error.hint) from error


def _threshold(metadata: Metadata, groups: int) -> int:
    """Return the file's own threshold, as far as there are groups; the configuration's does not count (§4.7).

    The one of a single group means nothing: sops leaves a 1 there, which would fit no two groups.
    """
    if len(metadata.groups) == 1 < groups and metadata.threshold == 1:
        return 0
    return min(metadata.threshold, groups)


def _refuse_impossible(groups: Sequence[Keys], threshold: int) -> None:
    """Raise `Failure` for groups that could not be written, before anybody is asked about them."""
    if not all(groups):
        raise Failure("error updating one or more master keys: [empty key group provided]")
    try:
        resolve_threshold(len(groups), threshold)
    except ConfigError as error:
        raise _wrap_failure(error) from error


def _wrap_failure(error: LeafsealError) -> Failure:
    return Failure(f"error updating one or more master keys: [{error}]", 1, hint=error.hint)


# -- talk


def _say(text: str) -> None:
    talk.say(f"{time.strftime('%Y/%m/%d %H:%M:%S')} {visible(text)}")


def _show(changes: Sequence[GroupChange], old: int, new: int) -> None:
    """Show on standard output what changes, in colour on a terminal."""
    lines = ["The following changes will be made to the file's groups:", *_threshold_lines(old, new)]
    for number, change in enumerate(changes, 1):
        lines.append(_coloured(f"Group {number}", _UNDERLINED))
        lines += [f"    {visible(str(key))}" for key in change.kept]
        lines += [_coloured(f"+++ {visible(str(key))}", _GREEN) for key in change.added]
        lines += [_coloured(f"--- {visible(str(key))}", _RED) for key in change.removed]
    _print("\n".join(lines) + "\n")


def _threshold_lines(old: int, new: int) -> list[str]:
    if old == new:
        return [f"shamir_threshold: {new}"] if new > 0 else []
    added = [_coloured(f"+++ shamir_threshold: {new}", _GREEN)] if new > 0 else []
    return [*added, *([_coloured(f"--- shamir_threshold: {old}", _RED)] if old > 0 else [])]


def _is_okay() -> bool:
    """Ask on standard output until standard input says y or n. Raises `Failure` at its end."""
    while True:
        _print("Is this okay? (y/n):")
        line = sys.stdin.buffer.readline() if sys.stdin is not None else b""
        answer = line.strip()
        if answer in (b"y", b"n"):
            return answer == b"y"
        if not line.endswith(b"\n"):
            raise Failure("EOF")


def _coloured(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if _has_colours() else text


def _has_colours() -> bool:
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(text: str) -> None:
    """Write to standard output. What comes from files is visible already; colours are to reach the terminal."""
    if _has_colours():
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        talk.show(text)
