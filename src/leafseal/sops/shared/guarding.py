"""The guards of our own commands, where the policy wants them to hold under the name of sops too.

Without it a rule that seals nothing is told of, where somebody looks, and all else passes, as with sops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leafseal.errors import ConfigError
from leafseal.operations.consent import Consent, Doubt, Guard, holds_everywhere
from leafseal.sops.shared.session import Session
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.config.load import CreationRule


def guard_of(session: Session, name: str, command: str) -> Guard:
    """Return the guard of a file that `command` is about to write."""
    if holds_everywhere(session.ambient):
        return Guard(_rule(session, name), Consent(), lambda doubt: _ask(name, doubt, command))
    all_passes = Consent(
        keep_rules=True,
        accept_recipients=True,
        plaintext_ok=True,
        allow_nothing_sealed=not session.may_add_messages,
        lower_threshold=True,
    )
    return Guard(None, all_passes, lambda doubt: session.notice(doubt.what))


def _rule(session: Session, name: str) -> CreationRule | None:
    """Return the rule that the file is held to: as with our own commands, else the one that sops goes by."""
    if session.arguments.text("config"):
        return _rule_of_session(session, name)
    from leafseal.config.load import guarding_rule

    return guarding_rule(name) or _rule_of_session(session, name)


def _rule_of_session(session: Session, name: str) -> CreationRule | None:
    try:
        return session.rule_for(name)
    except ConfigError:  # none of the rules is for this file
        return None


def _ask(name: str, doubt: Doubt, command: str) -> None:
    answer = terminal.ask(f"{name}: {doubt.what} {doubt.question} [y/N]")
    if answer is None or answer.strip().lower() not in ("y", "yes"):
        raise doubt.error(lambda consent: _way(consent, command), name)


def _way(consent: str, command: str) -> str:
    if (command, consent) == ("edit", "lower_threshold"):
        command = "groups delete"  # our own editor shows no key groups
    return f'use "leafseal {command} --{consent.replace("_", "-")}"'
