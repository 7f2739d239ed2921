"""Asking before a write would leave a file weaker than the user's configuration wants it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from leaflock import guards
from leaflock.cli import _io
from leaflock.cli._configuration import Configuration
from leaflock.cli._options import grouped
from leaflock.config import CreationRule
from leaflock.document import Document, Leaf
from leaflock.errors import RefusedError
from leaflock.formats import parse
from leaflock.operations import Opened
from leaflock.paths import format_path
from leaflock.selection import Selection

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user agreed to on the command line."""

    keep_rules: bool = False
    sync_rules: bool = False
    keep_recipients: bool = False
    plaintext_ok: bool = False


consent_options = grouped(
    "consent",
    Consent,
    (["--keep-rules"], {"is_flag": True, "help": "Keep the file's own rule although the configuration seals more."}),
    (["--sync-rules"], {"is_flag": True, "help": "Give the file the rule of the configuration."}),
    (["--keep-recipients"], {"is_flag": True, "help": "Write also for recipients the configuration does not name."}),
    (["--plaintext-ok"], {"is_flag": True, "help": "Let new values stay clear that look like secrets."}),
)

recipients_consent = grouped(
    "consent",
    Consent,
    (["--keep-recipients"], {"is_flag": True, "help": "Write also for recipients the configuration does not name."}),
)


class Guard:
    """The guard of one file: what its configuration says, and what the user agreed to."""

    def __init__(self, name: str, configuration: Configuration, consent: Consent) -> None:
        self.name = name
        self.consent = consent
        self.rule: CreationRule | None = configuration.rule_or_none(name)

    def before(self, opened: Opened) -> Selection:
        """Ask about recipients and about rules that drifted apart; return the rule that the file is to have.

        Raises `RefusedError`.
        """
        self.check_recipients(opened)
        own = opened.metadata.selection
        if self.rule is None or opened.document.format == "binary":
            return own
        if self.consent.sync_rules:
            return self.rule.selection
        clear = guards.left_clear(opened.document, own, self.rule.selection)
        if clear and not self.consent.keep_rules:
            self._ask(
                f"the file's own rule leaves clear what the configuration would seal: {listed(clear)}.",
                "Keep it so?",
                "--keep-rules keeps the file's rule, --sync-rules gives it the configuration's",
            )
            self.consent = replace(self.consent, keep_rules=True)
        return own

    def check_recipients(self, opened: Opened) -> None:
        """Ask about recipients that only the file names."""
        if self.rule is None or self.consent.keep_recipients:
            return
        strangers = guards.unnamed_recipients(opened.metadata.groups, self.rule.groups)
        if strangers:
            names = ", ".join(f"{key.kind} {key}" for key in strangers)
            self._ask(
                f"the configuration does not name these recipients, who would read what is written: {names}.",
                "Write for them too?",
                '--keep-recipients does; "leaflock updatekeys" removes them',
            )

    def after(self, opened: Opened, text: bytes, selection: Selection) -> None:
        """Ask about values that the new text leaves clear. Raises `RefusedError`."""
        document = parse(text, opened.document.format, limits=opened.limits)
        self._check_new(document, guards.newly_clear(opened, document, selection), selection)

    def _check_new(self, document: Document, new: Sequence[Leaf], selection: Selection) -> None:
        if not new or self.consent.plaintext_ok or document.format == "binary":
            return
        wanted = self.rule.selection if self.rule is not None else None
        doubtful = [leaf for leaf in new if guards.looks_secret(leaf) or (wanted is not None and wanted.selects(leaf))]
        if doubtful:
            self._ask(
                f"these new values would stay clear ({selection.describe()}): {listed(doubtful)}.",
                "Leave them clear?",
                "--plaintext-ok does",
            )

    def _ask(self, what: str, question: str, flags: str) -> None:
        answer = _io.ask(f"{self.name}: {what} {question} [y/N]")
        if answer is None or answer.strip().lower() not in ("y", "yes"):
            raise RefusedError(what.rstrip("."), hint=flags, file=self.name)


def listed(leaves: Iterable[Leaf]) -> str:
    """Return where leaves stand, the first few of many."""
    places = [place_of(leaf) for leaf in leaves]
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def place_of(leaf: Leaf) -> str:
    """Return where a leaf stands, as messages show it."""
    place = format_path(leaf.locator) or "the whole file"
    if leaf.is_comment:
        place = f"a comment in {format_path(leaf.path) or 'the document'}"
    return place if leaf.document == 0 else f"document {leaf.document + 1}: {place}"
