"""Options that say which values are encrypted."""

from __future__ import annotations

from typing import Any

from leafseal.cli.shared.declarations import RULE, Option, grouped, make_option
from leafseal.document.frozen import NamedTuple
from leafseal.errors import ConfigError, UsageError


class RuleOptions(NamedTuple):
    """The settings of a rule that options give; empty ones come from the configuration."""

    unencrypted_suffix: str = ""
    encrypted_suffix: str = ""
    unencrypted_regex: str = ""
    encrypted_regex: str = ""
    unencrypted_comment_regex: str = ""
    encrypted_comment_regex: str = ""
    mac_only_encrypted: bool = False

    def over(self, configured: Any) -> Any:
        """Return the `Selection` of these settings, those not given taken from the `configured` one, or None."""
        from leafseal.rules.selection import RULE_FIELDS, Selection

        texts = {name: getattr(self, name) or getattr(configured, name, "") for name in RULE_FIELDS}
        mac_only = self.mac_only_encrypted or bool(getattr(configured, "mac_only_encrypted", False))
        try:
            return Selection(**texts, mac_only_encrypted=mac_only)
        except ConfigError as error:
            raise UsageError(error.message, hint=error.hint) from None


def _rule_option(name: str, text: str) -> Option:
    return make_option(
        f"--{name}", default="", metavar="TEXT" if name.endswith("suffix") else "REGEX", help=text, section=RULE
    )


rule_options = grouped(
    "rule",
    RuleOptions,
    _rule_option("unencrypted-suffix", "Encrypt all values except under key names that end in TEXT, at any level."),
    _rule_option("encrypted-suffix", "Encrypt only values under key names that end in TEXT, at any level."),
    _rule_option("unencrypted-regex", "Encrypt all values except under key names that match, at any level."),
    _rule_option("encrypted-regex", "Encrypt only values under key names that match, at any level."),
    _rule_option("unencrypted-comment-regex", "Encrypt all values except under comments that match."),
    _rule_option("encrypted-comment-regex", "Encrypt only values under comments that match."),
    make_option(
        "--mac-only-encrypted",
        is_flag=True,
        help="Leave unencrypted values out of the MAC, so that they can be changed without a key.",
        section=RULE,
    ),
)
