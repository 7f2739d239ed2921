"""All settings of a policy, as people read them: for the file that is written, and for what is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any, NamedTuple

from leafseal.keys.audit_settings import KINDS, Log
from leafseal.keys.policy import LISTS, Policy


class Setting(NamedTuple):
    """A key of the policy. `strict` is its value in a strict policy, `example` that of a line that is commented out."""

    key: str
    comment: str
    unset: str
    """What holds where no file has the key."""

    strict: Any = None
    example: Any = True
    is_free: bool = True
    """Whether nothing is restricted then."""

    @property
    def field(self) -> str:
        """The field of `Policy`."""
        if self.key in LISTS:
            return LISTS[self.key].field
        return "audit" if self._log_kind else self.key.removeprefix("audit.")

    @property
    def _log_kind(self) -> str | None:
        kind = self.key.removeprefix("audit.")
        return kind if kind in KINDS else None

    def value(self, policy: Policy) -> Any:
        """Return what a policy says of it. Of audit logs, where those of the kind are."""
        value = getattr(policy, self.field)
        if self._log_kind is None:
            return value
        return frozenset(_told(log) for log in value if log.kind == self._log_kind) or None


def _told(log: Log) -> str:
    return log.shown if log.required else f"{log.shown} (not required)"


_ALL = "all"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "min_threshold",
        "How many key groups must be needed to decrypt what you encrypt.",
        "one key group is enough",
        example=2,
    ),
    Setting(
        "no_disk_plaintext",
        "Never put plain text for an editor or a program on a disk: only in memory.",
        "a disk, with a warning, if there is no folder in memory",
        strict=True,
    ),
    Setting(
        "require_structure",
        "Open only files whose structure is covered. Files that sops wrote last are not: set this if you use none.",
        "files without a digest of their structure open too",
    ),
    Setting(
        "omit_structure",
        "Write files without a digest of their structure.",
        "files get a digest of their structure",
    ),
    Setting(
        "guards",
        'Where writes that would leave a file weaker are refused: "everywhere" is also under the name sops and in the '
        "library.",
        "in the leafseal commands only",
        strict="everywhere",
        example="everywhere",
    ),
    Setting(
        "endpoints.allow",
        "Vault servers, and Azure vaults outside of Microsoft's domains, that get a token although only a file names "
        "them. The server of VAULT_ADDR is always allowed.",
        "none that only a file names",
        strict=(),
        example=("https://vault.example.com:8200",),
        is_free=False,
    ),
    Setting(
        "plugins.allow",
        "age plugins that may be started to encrypt. Your own identities start theirs to decrypt.",
        "those that you or a configuration name, none that only a file names",
        strict=(),
        example=("yubikey",),
        is_free=False,
    ),
    Setting(
        "recipients.allow",
        'Whom files may be encrypted for, as "leafseal inspect" shows them. Add your teammates.',
        _ALL,
        example=("age1…",),
    ),
    Setting(
        "exec.allow",
        "Variables that exec-env sets although their names change how programs run.",
        "none, unless --allow names them",
        strict=(),
        example=("JAVA_OPTS",),
        is_free=False,
    ),
    Setting("aws.accounts", "AWS accounts whose keys may be used.", _ALL, strict=(), example=("111122223333",)),
    Setting(
        "aws.roles",
        "AWS roles that a key may have assumed.",
        _ALL,
        strict=(),
        example=("arn:aws:iam::111122223333:role/sops",),
    ),
    Setting("aws.profiles", "AWS profiles that a key may name.", _ALL, strict=(), example=("dev",)),
    Setting("gcp.projects", "Google Cloud projects whose keys may be used.", _ALL, strict=(), example=("shop",)),
    Setting(
        "azure.vaults",
        "Azure vaults that may be asked.",
        "all of Microsoft's",
        strict=(),
        example=("https://shop.vault.azure.net",),
    ),
    Setting(
        "huawei.projects",
        "Huawei Cloud projects in which keys may be used, by their ids.",
        _ALL,
        strict=(),
        example=("0605767e6b00d5d22f17c0133a7b58c6",),
    ),
    Setting(
        "audit.file",
        "A file that gets one line of JSON for each time a file is decrypted or encrypted. If it cannot be written, "
        "nothing is decrypted, unless audit.required is false. audit.max_size and audit.keep limit it.",
        "no audit log",
        example="/var/log/leafseal/audit.jsonl",
    ),
    Setting(
        "audit.syslog",
        "The socket of a syslog that gets every event, as RFC 5424.",
        "no syslog",
        example="/dev/log",
    ),
    Setting(
        "audit.journald",
        "The socket of systemd's journal, which gets every event.",
        "no journal",
        example="/run/systemd/journal/socket",
    ),
    Setting(
        "audit.postgres",
        "A PostgreSQL database with sops's table audit_event, as a connection string.",
        "no database, unless /etc/sops/audit.yaml names one",
        example="host=audit.example.com user=sops dbname=sops",
    ),
    Setting(
        "audit.require_reason",
        "Decrypt only with a reason: --reason, or the variable LEAFSEAL_REASON.",
        "no reason is needed",
    ),
)
"""In the order in which a file has them."""

_HEAD = """\
# What repositories may make leafseal do on this machine: encrypted files, and
# configurations such as .sops.yaml. Nothing in a repository can change it.
#
# A list names all that is allowed; [] allows none. Without the list, what each
# comment says after "unset" applies. "leafseal policy show" shows what is in force.
"""


def policy_text(*, strict: bool, recipients: Iterable[str] = ()) -> str:
    """Return a policy file with a comment on every setting; those that are not in force are commented out."""
    values: Mapping[str, Any] = {"recipients.allow": tuple(recipients) or None}
    paragraphs = [_HEAD]
    for one in SETTINGS:
        value = values.get(one.key, one.strict) if strict else None
        comment = fill(f"{one.comment} Unset: {one.unset}.", 80, initial_indent="# ", subsequent_indent="# ")
        line = f"# {one.key} = {_toml(one.example)}" if value is None else f"{one.key} = {_toml(value)}"
        paragraphs.append(f"{comment}\n{line}\n")
    return "\n".join(paragraphs)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
