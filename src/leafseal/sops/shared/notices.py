"""What our own face would ask about, said here where somebody looks: sops goes on, and so does this face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leafseal.display import first_of
from leafseal.errors import ConfigError
from leafseal.keys import MasterKey
from leafseal.keys.changes import Keys, not_configured
from leafseal.sops.shared.session import Session


def note_unconfigured(session: Session, name: str, groups: Sequence[Keys]) -> None:
    """Tell of recipients that the configuration does not name for this file."""
    if not session.may_add_messages:
        return
    try:
        rule = session.rule_for(name)
    except ConfigError:
        return  # none of the rules is for this file
    strangers = not_configured(groups, rule.groups) if rule is not None else ()
    if strangers:
        session.notice(f"{name}: .sops.yaml does not name these recipients: {_listed(strangers)}")


def note_removed(session: Session, name: str, gone: Sequence[MasterKey], *, keeps_data_key: bool) -> None:
    """Tell what those still know whose keys were removed."""
    if not gone:
        return
    known = "still knows the data key: rotate the file" if keeps_data_key else "could read what it held"
    session.notice(f"{name}: who had {_listed(gone)} {known}, and change its values")


def _listed(keys: Iterable[MasterKey]) -> str:
    return first_of([f"{key.kind} {key}" for key in keys])
