"""`sops rotate`, and `sops -r`."""

from __future__ import annotations

import os

from leafseal.errors import ConfigError, ProviderError
from leafseal.keys import MasterKey
from leafseal.keys.changes import Keys, excluding, key_id, keys_of, matching, prefer_configured, removed
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.operations.rekey import rotate as rotate_opened
from leafseal.operations.rekey import without_foreign
from leafseal.sops.shared import notices
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.reading import is_missing, quoted, read
from leafseal.sops.shared.recipients import changes_keys, keys_of_options
from leafseal.sops.shared.session import Formats, Session, held, one_file
from leafseal.sops.syntax.grammar import Arguments


def rotate(arguments: Arguments) -> int:
    """Seal a file anew under a new data key, and write it (sops-cli §4.6)."""
    session = Session(arguments)
    file = one_file(session)
    session.check_outputs()
    if changes_keys(arguments) and is_missing(file):
        raise Failure(
            f"Error: cannot add or remove keys on non-existent file {quoted(os.path.abspath(file))}, use the `edit` "
            "subcommand instead.",
            49,
        )
    rotate_file(session, file)
    return 0


def rotate_file(session: Session, file: str) -> None:
    """Seal a file anew and write it where the options say; `--ignore-mac` counts where the command has it."""
    arguments = session.arguments
    path = os.path.abspath(file)
    named = arguments.text("filename-override") or path
    session.check()
    formats = Formats.of(arguments, named)
    added, gone = keys_of_options(arguments, "add-"), keys_of_options(arguments, "rm-")
    with held(session, path):
        source = read(path)
        opened = session.open(source, formats.input)
        groups = _changed(session, named, keys_of(opened.metadata.groups), added, gone)
        guard = guard_of(session, named, "rotate")
        guard.check_recipients(groups)
        product = session.in_format(_rotated(session, guard.unchanged(opened), groups), formats.output)
        session.write(source, product.data, product.check)
    _tell(session, named, opened, groups)


def _changed(
    session: Session, named: str, groups: list[Keys], added: list[MasterKey], gone: list[MasterKey]
) -> list[Keys]:
    """Return the groups with keys added to the first one, and then removed from all."""
    first = {key_id(key): key for key in groups[0]} | {key_id(key): key for key in added}
    all_groups = [tuple(first.values()), *groups[1:]]
    names = matching(gone, all_groups)
    there = {key_id(key) for group in all_groups for key in group}
    for kind, text in sorted(names - there):
        session.notice(f"{named}: {kind} {text} cannot be removed: the file does not have this key")
    return prefer_configured(
        [excluding(group, names) for group in all_groups], [*session.configured_keys(named), *added]
    )


def _rotated(session: Session, opened: Opened, groups: list[Keys]) -> Product:
    try:
        return rotate_opened(without_foreign(opened), groups, opened.metadata.threshold, session.ambient)
    except (ProviderError, ConfigError) as error:
        raise Failure(f"Could not generate data key: [{error}]", 1, hint=error.hint) from error


def _tell(session: Session, named: str, opened: Opened, groups: list[Keys]) -> None:
    notices.note_removed(session, named, removed(keys_of(opened.metadata.groups), groups), keeps_data_key=False)
    notices.note_unconfigured(session, named, groups)
    session.notice_skipped_mac(named, opened)
