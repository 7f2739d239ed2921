"""Ask, or refuse, before a write leaves something weaker than the configuration wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from leaflock import guards
from leaflock.cli import _io
from leaflock.document import Document, Leaf
from leaflock.errors import UsageError
from leaflock.formats import parse
from leaflock.operations import Opened
from leaflock.paths import format_path
from leaflock.selection import Selection

if TYPE_CHECKING:
    from leaflock.config import CreationRule

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user said on the command line."""

    keep_rules: bool = False
    sync_rules: bool = False
    accept_recipients: bool = False
    plaintext_ok: bool = False

    @classmethod
    def of(cls, options: dict[str, Any]) -> Consent:
        """Take the guard options out of those of a command."""
        consent = cls(**{name: options.pop(name) for name in cls.__slots__})
        if consent.keep_rules and consent.sync_rules:
            raise UsageError("--keep-rules and --sync-rules do not go together")
        return consent


def before_writing(opened: Opened, rule: CreationRule | None, consent: Consent, *, wraps: bool = False) -> Selection:
    """Hold a file's own rule and recipients against the configuration's; return the rule that the next version gets.

    Without a configuration the file's own count. Raises `RefusedError` where nobody can be asked.
    """
    own = opened.metadata.selection
    if rule is None or opened.document.format == "binary":
        return own
    if wraps or rule.groups:
        _recipients(opened, rule, consent)
    wanted = replace(rule.selection, mac_only_encrypted=own.mac_only_encrypted)
    if consent.sync_rules:
        return wanted
    if not consent.keep_rules:
        plain = parse(opened.plaintext(), opened.document.format, limits=opened.limits, allow_duplicates=True)
        weaker = guards.left_clear(plain, own, rule.selection)
        if weaker:
            _io.confirm(
                f"the configuration would seal what this file's own rule leaves clear: {_names(weaker)}. "
                "Write it all the same?",
                flag="--keep-rules (--sync-rules seals it)",
            )
    return own


def _recipients(opened: Opened, rule: CreationRule, consent: Consent) -> None:
    if consent.accept_recipients:
        return
    strangers = guards.unnamed_recipients(opened.metadata.groups, rule.groups)
    if strangers:
        listed = ", ".join(f"{key.kind} {key}" for key in strangers[:_SHOWN])
        _io.confirm(
            f"recipients that the configuration does not name can read the next version: {listed}. Go on?",
            flag='--accept-recipients (or run "leaflock updatekeys" first)',
        )


def after_editing(opened: Opened, document: Document, used: Selection, rule: CreationRule | None, consent: Consent) -> None:
    """Ask about new values that stay clear: under a rule that only the file has, or that look like secrets."""
    if consent.plaintext_ok:
        return
    clear = guards.newly_clear(opened, document, used)
    if rule is not None:
        # What the configuration leaves clear is consented to, unless it looks like a secret.
        clear = [leaf for leaf in clear if rule.selection.selects(leaf) or guards.looks_secret(leaf)]
    elif not used.rules() or used.rules()[0].startswith("unencrypted"):
        # No configuration: then the name that marks a value as clear was the user's own doing.
        clear = [leaf for leaf in clear if guards.looks_secret(leaf)]
    if clear:
        _io.confirm(f"new values stay clear: {_names(clear)}. Is that meant?", flag="--plaintext-ok")


def warn_of_clear_secrets(document: Document, used: Selection) -> None:
    """Warn of values that look like secrets and that the rule leaves clear."""
    clear = [leaf for leaf in document.leaves() if guards.looks_secret(leaf) and not used.selects(leaf)]
    if clear:
        _io.warn(f"these look like secrets and stay clear: {_names(clear)}")


def _names(leaves: Sequence[Leaf]) -> str:
    shown = ", ".join(format_path(leaf.locator) if not leaf.is_comment else "a comment" for leaf in leaves[:_SHOWN])
    return shown + (f" and {len(leaves) - _SHOWN} more" if len(leaves) > _SHOWN else "")

