"""Asking before a write leaves a file weaker than its configuration, or its own past, wants it.

A `Guard` finds what is in doubt. Who asks, and how the user consents, is its caller's: options and a terminal, or the
arguments of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from leafseal.document import Document, Leaf
from leafseal.document.frozen import NamedTuple
from leafseal.document.places import listed
from leafseal.errors import RefusedError, UsageError
from leafseal.formats import FORMATS
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.changes import Keys, keys_of, not_configured, removed, required_groups
from leafseal.metadata import Metadata
from leafseal.operations import guards
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.system.directories import has_policy

if TYPE_CHECKING:
    from typing import Protocol

    from leafseal.operations.clear_text import Comments
    from leafseal.operations.edit import Draft
    from leafseal.operations.product import Product

    class Rule(Protocol):
        """What a configuration wants of a file."""

        @property
        def groups(self) -> Sequence[Keys]:
            """The master keys that it names."""

        @property
        def selection(self) -> Selection:
            """What it wants encrypted."""


class Consent(NamedTuple):
    """What the user agreed to, by the names of the options."""

    keep_rules: bool = False
    sync_rules: bool = False
    accept_recipients: bool = False
    plaintext_ok: bool = False
    allow_nothing_sealed: bool = False
    lower_threshold: bool = False


class Doubt(NamedTuple):
    """What a write would leave weaker. `consents` are the fields of `Consent` that fill the hint."""

    what: str
    question: str
    hint: str
    consents: tuple[str, ...]

    def hint_for(self, way: Callable[[str], str]) -> str:
        """Return the hint, with the way to give each consent."""
        return self.hint.format(*map(way, self.consents))

    def error(self, way: Callable[[str], str], file: str | None = None) -> RefusedError:
        """Return what is raised where nobody consents."""
        return RefusedError(self.what.rstrip("."), hint=self.hint_for(way), file=file)


def option_for(consent: str) -> str:
    """Return the way to give a consent on our command line."""
    return f"add --{consent.replace('_', '-')}"


def nothing_sealed(selection: Selection) -> Doubt:
    """Return the doubt about a rule that seals nothing in a file that has values."""
    return Doubt(
        f"the rule encrypts nothing in this file: {selection.describe()}",
        "Write it without encrypted values?",
        hint="correct the rule; to write the file without encrypted values, {}",
        consents=("allow_nothing_sealed",),
    )


def holds_everywhere(ambient: Ambient) -> bool:
    """Tell whether the policy holds the sops command line and the library to the guards of our own commands."""
    if not has_policy(ambient.environ, ambient.home_text):
        return False
    from leafseal.keys.policy import EVERYWHERE, policy_of  # most people have none

    return policy_of(ambient).guards == EVERYWHERE


class Guard:
    """The guard of one file: what its configuration says, what the user agreed to, and whom to ask.

    `ask` returns where the user consents, and raises `RefusedError` where not.
    """

    def __init__(
        self,
        rule: Rule | None,
        consent: Consent,
        ask: Callable[[Doubt], None],
        name_of: Callable[[MasterKey], str | None] | None = None,
    ) -> None:
        if consent.keep_rules and consent.sync_rules:
            raise UsageError("--keep-rules and --sync-rules contradict each other", hint="use only one of them")
        self.rule = rule
        self.consent = consent
        self._ask = ask
        self.name_of = name_of or (lambda _: None)

    @property
    def configured_keys(self) -> list[MasterKey]:
        """The master keys that the configuration names for the file."""
        return [key for group in self.rule.groups for key in group] if self.rule is not None else []

    def missing(self, groups: Sequence[Keys]) -> Keys:
        """Return the keys that the configuration names and the groups of a file do not have."""
        return removed(self.rule.groups, groups) if self.rule is not None else ()

    def before(self, opened: Opened) -> Selection:
        """Ask about recipients and about rules that drifted apart; return the rule that the file is to have.

        Raises `RefusedError`, as all of these do.
        """
        self.check_recipients(keys_of(opened.metadata.groups))
        return self.check_rules(opened)

    def unchanged(self, opened: Opened) -> Opened:
        """Ask about a file whose values stay what they are; return it under the rule that it is to have."""
        selection = self.check_rules(opened)
        if selection == opened.metadata.selection:
            self.check_something_sealed(opened)
            return opened
        from leafseal.operations.edit import Draft  # only with --sync-rules

        return self.sealed(opened, Draft.of(opened, opened.plaintext()), selection).open()

    def sealed(self, opened: Opened, draft: Draft, selection: Selection, comments: Comments | None = None) -> Product:
        """Return an edited text sealed under a rule, after asking about what that leaves clear."""
        from leafseal.operations.reseal import reseal  # hardly any file gets another rule

        self.after(opened, draft.document, selection)
        wanted = None if selection == opened.metadata.selection else selection
        return reseal(opened, draft, selection=wanted, comments=comments, allow_nothing=True)

    def check_rules(self, opened: Opened) -> Selection:
        """Ask about what the configuration would seal and the file's own rule does not."""
        own = opened.metadata.selection
        if self.rule is None or FORMATS[opened.document.format].tree_format:
            return own
        if self.consent.sync_rules:
            return self.rule.selection.replace(mac_only_encrypted=own.mac_only_encrypted)
        if self.consent.keep_rules:
            return own
        # Comments that decide may be encrypted in the file.
        document = opened.plain_document() if self.rule.selection.goes_by_comments else opened.document
        if clear := guards.left_clear(document, own, self.rule.selection):
            self._ask(
                Doubt(
                    f".sops.yaml would encrypt what this file's own rule leaves in plain text: {listed(clear)}.",
                    "Leave it in plain text?",
                    hint="to encrypt it, {}; to leave it in plain text, {}",
                    consents=("sync_rules", "keep_rules"),
                )
            )
            self.consent = self.consent._replace(keep_rules=True)
        return own

    def check_recipients(self, groups: Sequence[Keys]) -> None:
        """Ask about recipients of the next version that the configuration does not name."""
        if self.rule is None or self.consent.accept_recipients:
            return
        strangers = not_configured(groups, self.rule.groups)
        if strangers:
            from leafseal.keys.short_names import in_full  # only questions need it

            names = ", ".join(in_full(key, self.name_of) for key in strangers)
            self._ask(
                Doubt(
                    f".sops.yaml does not name these recipients, who could decrypt what is written: {names}.",
                    "Keep them?",
                    hint='to keep them, {}; "leafseal updatekeys" removes recipients from a file',
                    consents=("accept_recipients",),
                )
            )
            self.consent = self.consent._replace(accept_recipients=True)

    def check_threshold(self, metadata: Metadata, groups: int, threshold: int) -> None:
        """Ask where fewer groups would open a file than until now."""
        before, after = required_groups(len(metadata.groups), metadata.threshold), required_groups(groups, threshold)
        if after < before and not self.consent.lower_threshold:
            self._ask(
                Doubt(
                    f"{after} of {groups} key groups could decrypt the file; until now {before} are needed",
                    "Allow that?",
                    hint="to allow that, {}",
                    consents=("lower_threshold",),
                )
            )

    def check_something_sealed(self, opened: Opened) -> None:
        """Ask about a file whose rule seals nothing."""
        self.check_new(opened.document, opened.metadata.selection)

    def after(self, opened: Opened, document: Document, selection: Selection) -> None:
        """Ask about values that an edited document leaves clear and that were not there, clear, before."""
        if FORMATS[document.format].tree_format:
            return
        new = guards.newly_clear(opened, document, selection)
        if new or guards.seals_nothing(opened.document, opened.metadata.selection):
            self.check_new(document, selection)
        if self.consent.plaintext_ok:
            return
        sealed = guards.sealed_places(opened)
        doubtful = [leaf for leaf in new if (leaf.document, leaf.path) in sealed or self._is_doubtful(leaf, selection)]
        if doubtful:
            self._ask(
                Doubt(
                    f"the file's rule leaves these new values in plain text ({selection.describe()}): "
                    f"{listed(doubtful)}.",
                    "Leave them in plain text?",
                    hint="to allow them in plain text, {}",
                    consents=("plaintext_ok",),
                )
            )

    def check_new(self, document: Document, selection: Selection) -> None:
        """Ask about the text of a file whose rule seals nothing."""
        if self.consent.allow_nothing_sealed or FORMATS[document.format].tree_format:
            return
        if guards.seals_nothing(document, selection):
            self.nothing_sealed(selection)

    def nothing_sealed(self, selection: Selection) -> None:
        """Ask about a rule that seals nothing."""
        self._ask(nothing_sealed(selection))
        self.consent = self.consent._replace(allow_nothing_sealed=True)

    def _is_doubtful(self, leaf: Leaf, selection: Selection) -> bool:
        if guards.looks_secret(leaf):
            return True
        if self.rule is not None:
            return self.rule.selection.selects(leaf)
        # The ending that everybody knows was typed on purpose; any other rule may be the work of somebody else.
        return not selection.is_default
