"""`leafseal whoami`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from leafseal.cli.shared import reports
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import errors_of, read_all, show_errors
from leafseal.cli.shared.identity_files import own_keys
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, looking_reading
from leafseal.config.people import People
from leafseal.display import escape_line
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import DataKeyError
from leafseal.keys import MasterKey
from leafseal.keys.changes import keys_of
from leafseal.keys.own import OwnKey, Trouble, opens_enough
from leafseal.keys.short_names import listed, short_recipient
from leafseal.operations.batch import each, results
from leafseal.operations.open import Source, read_metadata
from leafseal.system import terminal


class _File(NamedTuple):
    """A file, and whether the user's own keys decrypt it; None where that is not known without using a key."""

    name: str
    opens: bool | None
    by: tuple[str, ...]  # the recipients of the own keys that do
    groups: Sequence[Sequence[MasterKey]]
    people: People

    def everybody(self) -> str:
        """Return the recipients, by the names that the configuration gives them."""
        return listed((key for group in self.groups for key in group), self.people.name_of)


@command("whoami")
@files_or_all
@json_option
@looking_reading
@limits_options
@reports.reporting("whoami", keys=[], troubles=[], files=[])
def whoami(files: tuple[str, ...], every: EveryFile, as_json: bool, reading: InputOptions, limits: Limits) -> int:
    """Show your public keys, where each private key comes from, and which files they decrypt.

    Send your public key to whoever adds you to files. With FILE or --all, whoami compares the recipients in the files
    with your keys. It decrypts nothing, and asks for no passphrase, no touch and no service.

    \b
    leafseal whoami
    leafseal whoami config.yaml
    leafseal whoami --all
    """
    own, troubles = own_keys(current_ambient())
    if not own:
        raise _nobody(troubles)
    names = chosen(files, every, reading, limits) if files or every.is_all or every.untracked else ()
    items, errors = read_all(names, reading, limits)
    configuration = Configuration(None)
    outcomes = each(items, lambda item: _compared(item.source, own, configuration, reading.within(limits)))
    errors += errors_of(outcomes)
    found = [file for _, file in results(outcomes)]
    if as_json:
        reports.write("whoami", _as_data(own, troubles, found), errors)
    else:
        for line in (*_lines(own), *_file_lines(found)):
            terminal.print_line(line)
    for trouble in troubles:
        terminal.warn(f"{trouble.place}: {trouble.reason}" + (f"; {trouble.hint}" if trouble.hint else ""))
    if not names and any(key.recipient for key in own) and sys.stdout is not None and sys.stdout.isatty():
        terminal.say("send a public key to whoever adds you to files; it is not a secret")
    return show_errors(errors)


_HINT = "name another file with a private key in SOPS_AGE_KEY_FILE, or correct this one"


def _nobody(troubles: Sequence[Trouble]) -> DataKeyError:
    if troubles:
        first = troubles[0]
        return DataKeyError(
            f"none of your private keys can be used: {first.place}: {first.reason}", hint=first.hint or _HINT
        )
    return DataKeyError(
        "you have no private key",
        hint='create one with "leafseal keygen --append", and send its public key to whoever adds you to files',
    )


def _compared(source: Source, own: Sequence[OwnKey], configuration: Configuration, read: ReadOptions) -> _File:
    _, metadata = read_metadata(source.data, source.format, read._replace(allow_duplicates=True))
    groups = keys_of(metadata.groups)
    opens = opens_enough(own, groups, metadata.threshold)
    mine = (key.recipient for key in own if any(key.opens(other) for group in groups for other in group))
    by = tuple(dict.fromkeys(recipient for recipient in mine if recipient))
    return _File(source.name, opens, by, groups, configuration.people(source.name))


# -- as text

_NEEDS = {
    "": "",
    "passphrase": ", protected by a passphrase",
    "command": ", a command that whoami does not run",
    "card": ", on a smart card",
}


def _lines(own: Sequence[OwnKey]) -> Iterator[str]:
    """Yield each public key, and below it where its private key is."""
    recipients = dict.fromkeys((key.kind, key.recipient) for key in own if key.recipient)
    for kind, recipient in recipients:
        yield f"{'PGP ' if kind == 'pgp' else ''}{recipient}"
        yield from (f"  from {_place(key)}" for key in own if (key.kind, key.recipient) == (kind, recipient))
    for key in own:
        if key.recipient is None:
            yield f"public key not known without using the private key\n  from {_place(key)}"


def _place(key: OwnKey) -> str:
    how = _NEEDS.get(key.needs, f", used by the program {key.needs}")
    return f"{escape_line(key.place)}{how}"


_STATES = {
    True: "you can decrypt",
    False: "you can't decrypt",
    None: "it depends on a key or service that whoami does not use",
}


def _file_lines(found: Sequence[_File]) -> Iterator[str]:
    for state, text in _STATES.items():
        files = [file for file in found if file.opens is state]
        if files:
            yield f"{text} ({len(files)}):"
        for file in files:
            by = ", ".join(map(_short, file.by))
            yield f"  {escape_line(file.name)}: " + (f"with {by}" if state else f"encrypted for {file.everybody()}")


def _short(recipient: str) -> str:
    return short_recipient(recipient) if recipient.startswith(("age1", "ssh-")) else f"PGP {recipient[-16:]}"


# -- as JSON


def _as_data(own: Sequence[OwnKey], troubles: Sequence[Trouble], found: Sequence[_File]) -> dict[str, Any]:
    return {
        "keys": [
            {
                "kind": key.kind,
                "key": key.recipient,
                "source": key.source,
                "found_in": key.place,
                "needs": key.needs or None,
            }
            for key in own
        ],
        "troubles": [{"found_in": one.place, "message": one.reason, "hint": one.hint} for one in troubles],
        "files": [
            {
                **reports.file_fields(file.name),
                "opens": file.opens,
                "own_keys": list(file.by),
                "recipients": [
                    reports.recipient(key, number, file.people.raw_name_of)
                    for number, group in enumerate(file.groups)
                    for key in group
                ],
            }
            for file in found
        ],
    }
