"""Asking before a write would leave a file weaker than the user's configuration wants it."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.cli.shared.ambiguous import warn_of_ambiguous
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import SAFETY, Option, grouped, make_option
from leafseal.document import Document
from leafseal.document.places import listed
from leafseal.keys.changes import Keys, not_configured
from leafseal.operations import guards
from leafseal.operations.clear_text import Comments
from leafseal.operations.consent import Consent, Doubt, Guard, option_for
from leafseal.rules.selection import Selection
from leafseal.system import terminal


def _option(field: str, text: str) -> Option:
    return make_option(f"--{field.replace('_', '-')}", is_flag=True, help=text, section=SAFETY)


_RULES = (
    _option("keep_rules", "Keep the file's rule even if .sops.yaml would encrypt more."),
    _option("sync_rules", "Change the file's rule to the one in .sops.yaml."),
)
_RECIPIENTS = _option("accept_recipients", "Keep recipients that .sops.yaml does not name.")
_PLAINTEXT = _option("plaintext_ok", "Allow new unencrypted values that look like secrets.")
_NOTHING = _option("allow_nothing_sealed", "Write the file even if its rule encrypts nothing.")
_THRESHOLD = _option("lower_threshold", "Allow fewer key groups than before to decrypt a file.")

consent_options = grouped("consent", Consent, *_RULES, _RECIPIENTS, _PLAINTEXT, _NOTHING)
new_file_consent = grouped("consent", Consent, _NOTHING)
applying_consent = grouped("consent", Consent, *_RULES, _PLAINTEXT, _NOTHING, _THRESHOLD)
regrouping_consent = grouped("consent", Consent, *_RULES, _RECIPIENTS, _PLAINTEXT, _NOTHING, _THRESHOLD)


def guard_of(name: str, configuration: Configuration, consent: Consent) -> Guard:
    """Return the guard of a file that exists."""
    rule = configuration.guarding_rule(name)
    return Guard(rule, consent, lambda doubt: ask(name, doubt), lambda key: configuration.people(name).name_of(key))


def ask(name: str, doubt: Doubt) -> None:
    """Ask for consent on the terminal. Raises `RefusedError`, which names the options that give it."""
    answer = terminal.ask(f"{name}: {doubt.what} {doubt.question} [y/N]")
    if answer is None or answer.strip().lower() not in ("y", "yes"):
        raise doubt.error(option_for, name)


def warn_of_missing(name: str, guard: Guard, groups: Sequence[Keys]) -> None:
    """Warn of recipients that the configuration names and that cannot decrypt what is written."""
    if missing := guard.missing(groups):
        from leafseal.display import for_shell
        from leafseal.keys.short_names import listed as keys_listed

        terminal.warn(
            f"{name}: .sops.yaml also names {keys_listed(missing, guard.name_of)}, who cannot decrypt this file; "
            f'to add them, run "leafseal updatekeys {for_shell(name)}"'
        )


def warn_of_others(name: str, guard: Guard, groups: Sequence[Keys]) -> None:
    """Warn where the configuration names others than those whom somebody has just decided a file to be for."""
    if guard.rule is not None and (guard.missing(groups) or not_configured(groups, guard.rule.groups)):
        from leafseal.display import for_shell

        terminal.warn(
            f"{name}: .sops.yaml names other recipients than this file has; "
            f'to apply them, run "leafseal updatekeys {for_shell(name)}"'
        )


def warn_of_clear_text(
    name: str, comments: str | None, document: Document, selection: Selection, *, advice: str | None = None
) -> None:
    """Warn of values that look like secrets and that the rule leaves clear, and of comments beside those it seals.

    `advice` is what to do about a Secret that is encrypted as a whole, where it is not an option of `encrypt`.
    """
    clear = guards.clear_secrets(document, selection)
    if clear:
        terminal.warn(f"{name}: these values look like secrets and are not encrypted: {listed(clear)}")
    warn_of_clear_comments(name, document, selection, Comments(comments))
    warn_of_ambiguous(name, document, selection)
    if "apiVersion" in document.text:
        from leafseal.cli.shared.manifests import ADVICE, warn_of_secret

        warn_of_secret(name, document, selection, advice or ADVICE)


def warn_of_clear_comments(name: str, document: Document, selection: Selection, comments: Comments) -> None:
    """Warn of comments beside sealed values that stay clear and may be the end of those."""
    commented = guards.with_clear_comments(document, selection, comments)
    if commented:
        terminal.warn(
            f"{name}: the comments on the lines of these values are not encrypted: {listed(commented)}; "
            'to encrypt them, add --comments seal to "leafseal encrypt" or "leafseal edit"; '
            "to leave them, add --comments keep; put a value that contains # in quotes"
        )
