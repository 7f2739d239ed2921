"""Asking before a write would leave a file weaker than the user's configuration wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import grouped, make_option
from leafseal.cli.shared.places import listed
from leafseal.document import Document, Leaf
from leafseal.errors import RefusedError, UsageError
from leafseal.formats import FORMATS
from leafseal.keys import MasterKey
from leafseal.keys.changes import Keys, keys_of, not_configured
from leafseal.operations import guards
from leafseal.operations.clear_text import Comments
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.config.load import CreationRule  # imported where one is loaded: it brings YAML


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user agreed to on the command line."""

    keep_rules: bool = False
    sync_rules: bool = False
    accept_recipients: bool = False
    plaintext_ok: bool = False

    def __post_init__(self) -> None:
        if self.keep_rules and self.sync_rules:
            raise UsageError("--keep-rules and --sync-rules contradict each other", hint="use only one of them")


_ACCEPT_RECIPIENTS = make_option(
    "--accept-recipients", is_flag=True, help="Keep recipients that .sops.yaml does not name."
)

consent_options = grouped(
    "consent",
    Consent,
    make_option("--keep-rules", is_flag=True, help="Keep the file's rule even if .sops.yaml would encrypt more."),
    make_option("--sync-rules", is_flag=True, help="Change the file's rule to the one in .sops.yaml."),
    _ACCEPT_RECIPIENTS,
    make_option("--plaintext-ok", is_flag=True, help="Allow new unencrypted values that look like secrets."),
)

recipients_consent = grouped("consent", Consent, _ACCEPT_RECIPIENTS)


class Guard:
    """The guard of one file: what its configuration says, and what the user agreed to."""

    def __init__(self, name: str, configuration: Configuration, consent: Consent) -> None:
        self.name = name
        self.consent = consent
        self.rule: CreationRule | None = configuration.rule_or_none(name)

    @property
    def configured_keys(self) -> list[MasterKey]:
        """The master keys that the configuration names for the file."""
        return [key for group in self.rule.groups for key in group] if self.rule is not None else []

    def before(self, opened: Opened) -> Selection:
        """Ask about recipients and about rules that drifted apart; return the rule that the file is to have.

        Raises `RefusedError`.
        """
        self.check_recipients(keys_of(opened.metadata.groups))
        own = opened.metadata.selection
        if self.rule is None or FORMATS[opened.document.format].tree_format:
            return own
        if self.consent.sync_rules:
            return self.rule.selection.replace(mac_only_encrypted=own.mac_only_encrypted)
        clear = guards.left_clear(opened.document, own, self.rule.selection)
        if clear and not self.consent.keep_rules:
            self._ask(
                f".sops.yaml would encrypt what this file's own rule leaves in plain text: {listed(clear)}.",
                "Leave it in plain text?",
                "to encrypt it, add --sync-rules; to leave it in plain text, add --keep-rules",
            )
            self.consent = replace(self.consent, keep_rules=True)
        return own

    def check_recipients(self, groups: Sequence[Keys]) -> None:
        """Ask about recipients of the next version that the configuration does not name. Raises `RefusedError`."""
        if self.rule is None or self.consent.accept_recipients:
            return
        strangers = not_configured(groups, self.rule.groups)
        if strangers:
            names = ", ".join(f"{key.kind} {key}" for key in strangers)
            self._ask(
                f".sops.yaml does not name these recipients, who could decrypt what is written: {names}.",
                "Keep them?",
                'to keep them, add --accept-recipients; "leafseal updatekeys" removes recipients from a file',
            )

    def after(self, opened: Opened, document: Document, selection: Selection) -> None:
        """Ask about values that an edited document leaves clear and that were not there before.

        Raises `RefusedError`.
        """
        if self.consent.plaintext_ok or FORMATS[document.format].tree_format:
            return
        doubtful = [
            leaf for leaf in guards.newly_clear(opened, document, selection) if self._is_doubtful(leaf, selection)
        ]
        if doubtful:
            self._ask(
                f"the file's rule leaves these new values in plain text ({selection.describe()}): {listed(doubtful)}.",
                "Leave them in plain text?",
                "to allow them in plain text, add --plaintext-ok",
            )

    def _is_doubtful(self, leaf: Leaf, selection: Selection) -> bool:
        if guards.looks_secret(leaf):
            return True
        if self.rule is not None:
            return self.rule.selection.selects(leaf)
        # Without a configuration: a name that marks a value as clear was the user's own doing, any other name was not.
        return any(name.startswith("encrypted") for name in selection.rules())

    def _ask(self, what: str, question: str, flags: str) -> None:
        answer = terminal.ask(f"{self.name}: {what} {question} [y/N]")
        if answer is None or answer.strip().lower() not in ("y", "yes"):
            raise RefusedError(what.rstrip("."), hint=flags, file=self.name)


def warn_of_clear_text(name: str, comments: str | None, document: Document, selection: Selection) -> None:
    """Warn of values that look like secrets and that the rule leaves clear, and of comments beside those it seals."""
    clear = guards.clear_secrets(document, selection)
    if clear:
        terminal.warn(f"{name}: these values look like secrets and are not encrypted: {listed(clear)}")
    warn_of_clear_comments(name, document, selection, Comments(comments))


def warn_of_clear_comments(name: str, document: Document, selection: Selection, comments: Comments) -> None:
    """Warn of comments beside sealed values that stay clear and may be the end of those."""
    commented = guards.with_clear_comments(document, selection, comments)
    if commented:
        terminal.warn(
            f"{name}: the comments on the lines of these values are not encrypted: {listed(commented)}; "
            'to encrypt them, add --comments seal to "leafseal encrypt" or "leafseal edit"; '
            "to leave them, add --comments keep; put a value that contains # in quotes"
        )
