"""The names of a configuration file: what each holds, and what it means (sops-cli §1.2 to §1.6).

The one table of them: the reader knows a misspelled name by it, and the JSON schema is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.document.frozen import NamedTuple
from leafseal.formats import FORMATS
from leafseal.keys.kinds import KINDS, MAPS, Kind
from leafseal.rules.selection import RULE_FIELDS

TEXT = "text"
TEXT_OR_LIST = "text or list of texts"
TEXT_LIST = "list of texts"  # each written in quotes, or so that no YAML reader takes it for a number
ANY_TEXT_LIST = "list of any scalars"
TEXT_MAP = "mapping of texts"
NUMBER = "whole number"
TRUTH = "true or false"
GROUPS = "list of key groups"
RULES = "list of creation rules"
DESTINATIONS = "list of destination rules"
RULE_ITSELF = "creation rule"
STORES_OF_FORMATS = "mapping of formats"
NAMES = "mapping of texts or lists of texts"


class Field(NamedTuple):
    """A name, the kind of value that it has, and its meaning in a sentence."""

    name: str
    type: str
    meaning: str


Fields = tuple[Field, ...]

_SELECTION = {
    "unencrypted_suffix": "Encrypt all values except under names that end in this text.",
    "encrypted_suffix": "Encrypt only values under names that end in this text.",
    "unencrypted_regex": "Encrypt all values except under names that match this RE2 pattern.",
    "encrypted_regex": "Encrypt only values under names that match this RE2 pattern.",
    "unencrypted_comment_regex": "Encrypt all values except under comments that match this RE2 pattern.",
    "encrypted_comment_regex": "Encrypt only values under comments that match this RE2 pattern.",
}

RULE: Fields = (
    Field(
        "path_regex",
        TEXT,
        "RE2 pattern, not a glob, searched in the path of a file below the folder of this configuration. A rule without"
        " it is for every file.",
    ),
    *(
        Field(
            kind.rule_list,
            TEXT_LIST if kind.is_only_list else TEXT_OR_LIST,
            f"{kind.what[:1].upper()}{kind.what[1:]}. A text may contain several, separated by commas.",
        )
        for kind in KINDS.values()
    ),
    Field("aws_profile", TEXT, "Profile for the keys of kms."),
    Field("key_groups", GROUPS, "Groups of keys. Any key of a group decrypts its part of the data key."),
    Field("shamir_threshold", NUMBER, "How many key groups are needed to decrypt; without it, all of them."),
    *(Field(name, TEXT, f"{_SELECTION[name]} At most one such rule counts.") for name in RULE_FIELDS),
    Field("mac_only_encrypted", TRUTH, "Leave values that are not encrypted out of the MAC."),
)
"""The names in a creation rule."""


def _group_type(kind: Kind) -> str:
    return ANY_TEXT_LIST if kind.group_fields is None else kind.group_list


GROUP: Fields = (
    Field("merge", GROUPS, "Groups whose keys come first in this group."),
    *(Field(kind.group_list, _group_type(kind), f"{kind.what[:1].upper()}{kind.what[1:]}.") for kind in KINDS.values()),
)
"""The names in a key group. Where the entries of a list are mappings, its type is the list's own name."""

ENTRIES: Mapping[str, Fields] = {
    kind.group_list: tuple(
        Field(name, TEXT_MAP if ours in MAPS else TEXT, "") for name, ours in kind.group_fields.items()
    )
    for kind in KINDS.values()
    if kind.group_fields is not None
}
"""The names in an entry of a list of a key group, by the list."""

DESTINATION: Fields = (
    Field("path_regex", TEXT, "RE2 pattern, searched in the path as given to sops publish."),
    *(Field(name, TEXT, "") for name in ("s3_bucket", "s3_prefix", "gcs_bucket", "gcs_prefix")),
    *(Field(name, TEXT, "") for name in ("vault_path", "vault_address", "vault_kv_mount_name")),
    Field("vault_kv_version", NUMBER, "1 or 2."),
    Field("recreation_rule", RULE_ITSELF, "The keys and the rule for what is published."),
    Field("omit_extensions", TRUTH, "Publish files under their names without extensions."),
)
"""The names in a destination rule."""

MAX_INDENT = 100

STORES: Mapping[str, int | None] = {one.store: one.least_indent for one in FORMATS.values()}
"""The names below `stores`, and the smallest `indent` that each takes; None: it takes none."""

TOP: Fields = (
    Field("creation_rules", RULES, "The first rule that matches a file decides its recipients and what is encrypted."),
    Field("destination_rules", DESTINATIONS, "The rules of sops publish, which leafseal does not use."),
    Field("stores", STORES_OF_FORMATS, "Indentation of files that are written in another format."),
    Field("recipients", NAMES, "Names of recipients, each with its key or keys, for messages. sops ignores it."),
)
"""The names at the top of the file."""


def names(fields: Fields) -> tuple[str, ...]:
    """Return the names of a table."""
    return tuple(one.name for one in fields)
