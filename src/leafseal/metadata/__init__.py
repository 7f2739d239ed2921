"""The `sops` mapping of a file: who can open it, what is sealed in it, and its MAC (sops-format §3).

Reading is as liberal as SOPS is: numbers for strings and back, one mapping for a list of one, older spellings. What
SOPS guesses at and a forger could use is refused: two rules, flat keys beside key groups, a field that stands twice.
Writing is what 3.13 does: names in alphabetical order at every level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Never, cast

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.errors import ConfigError, MetadataError
from leafseal.keys.groups import KeyGroup
from leafseal.keys.kinds import READING_ORDER
from leafseal.keys.ring import WrappedKey
from leafseal.metadata.groups import read_groups, write_groups
from leafseal.metadata.weak_types import as_bool, as_int, as_mapping, as_text, as_time, fold_names
from leafseal.rules.selection import RULE_FIELDS, Selection

FIELDS = (
    *READING_ORDER,
    "key_groups",
    "shamir_threshold",
    "lastmodified",
    "mac",
    "mac_only_encrypted",
    *RULE_FIELDS,
    "version",
)

_NOTHING: Mapping[str, Never] = MappingProxyType({})


class Metadata(NamedTuple):
    """What the metadata block says.

    `lastmodified` is the text that is the AAD of `mac`. `spelling`, `structure`, `unresolved` and `extra` are what SOPS
    does not know: the sealed spellings of leaves, the digest of the structure, the places that a merge left undecided,
    and every unknown key as it was found. `states_rule` is False for a file that names no rule, as those made of binary
    files do not.
    """

    groups: tuple[KeyGroup, ...]
    threshold: int = 0
    lastmodified: str = ""
    mac: str = ""
    selection: Selection = Selection()
    version: str = ""
    spelling: Mapping[str, str] = _NOTHING
    extra: Mapping[str, object] = _NOTHING
    states_rule: bool = True
    structure: str = ""
    unresolved: Mapping[str, str] = _NOTHING

    @classmethod
    def parse(
        cls, mapping: Mapping[str, object], *, check_version: bool = True, limits: Limits = DEFAULT_LIMITS
    ) -> Metadata:
        """Read the `sops` mapping as it stands in a file, nested or unflattened.

        Without `check_version` a missing or malformed `version` is let through, as by what never decrypts.
        Raises `MetadataError`, which names the field.
        """
        fields = fold_names(mapping, FIELDS, "")
        groups = read_groups(fields, limits.recipients)
        selection, states_rule = _read_selection(fields)
        spelling, structure, unresolved, extra = _read_extra(
            {name: value for name, value in fields.items() if name not in FIELDS}
        )
        metadata = cls(
            groups=groups,
            threshold=_read_threshold(fields, len(groups)),
            lastmodified=as_time(fields.get("lastmodified"), "lastmodified"),
            mac=as_text(fields.get("mac"), "mac"),
            selection=selection,
            version=as_text(fields.get("version"), "version"),
            spelling=spelling,
            extra=extra,
            states_rule=states_rule,
            structure=structure,
            unresolved=unresolved,
        )
        if check_version:
            version_numbers(metadata.version)
        return metadata

    def to_mapping(self) -> dict[str, object]:
        """Return the nested mapping to be written, names in alphabetical order at every level."""
        mapping: dict[str, object] = dict(self.extra)
        leafseal = self.memory
        if self.structure:
            version, name, token = self.structure.split(" ", 2)
            leafseal[f"structure{version}_t{name}"] = token
        if self.unresolved:
            leafseal["unresolved"] = dict(self.unresolved)
        if leafseal:
            mapping["leafseal"] = leafseal
        mapping.update(write_groups(self.groups))
        if self.threshold:
            mapping["shamir_threshold"] = self.threshold
        if self.states_rule:
            mapping.update(self.selection.fields())
        elif self.selection.mac_only_encrypted:
            mapping["mac_only_encrypted"] = True
        mapping.update(lastmodified=self.lastmodified, mac=self.mac, version=self.version)
        return cast(dict[str, object], _sorted(mapping))

    @property
    def memory(self) -> dict[str, object]:
        """What leafseal remembers of the plain file: all that it has in the metadata but the digest and conflicts."""
        leafseal = {**as_mapping(self.extra.get("leafseal"), "leafseal")}
        if self.spelling:
            leafseal["spelling"] = dict(self.spelling)
        return leafseal

    def with_mac(self, mac: str, lastmodified: str) -> Metadata:
        """Return the same with a new MAC token and the time that authenticates it."""
        return self._replace(mac=mac, lastmodified=lastmodified)

    def with_groups(self, groups: tuple[KeyGroup, ...], threshold: int) -> Metadata:
        """Return the same with other wrapped keys."""
        return self._replace(groups=groups, threshold=threshold)

    def with_spelling(self, spelling: Mapping[str, str]) -> Metadata:
        """Return the same with other spellings; they are written in the order of their names."""
        return self._replace(spelling=dict(spelling))

    def wrapped_keys(self) -> Iterator[WrappedKey]:
        """Return the wrapped keys of all groups, in file order."""
        return (wrapped for group in self.groups for wrapped in group)

    @property
    def may_have_context_bug(self) -> bool:
        """Tell whether SOPS before 3.3.0 may have wrapped the data key under a garbled encryption context (§3.2).

        It takes an AWS key whose context has two entries with different values.
        """
        if version_numbers(self.version) < (3, 3, 0):
            contexts = (key.master_key.to_metadata().get("context") for key in self.wrapped_keys())
            return any(isinstance(context, Mapping) and len(set(context.values())) > 1 for context in contexts)
        return False


def version_numbers(version: str) -> tuple[int, int, int]:
    """Return major, minor and patch of a `version` field. Raises `MetadataError` when it has none."""
    if not version:
        raise MetadataError("version: missing", hint="add the version that wrote the file, such as 3.13.2")
    if version.startswith("1."):
        return 1, 0, 0  # SOPS 1 did not number its versions like that.
    major, _, rest = version.partition(".")
    minor, _, patch = rest.partition(".")
    if _is_number(major) and _is_number(minor) and _is_number(patch):  # as nearly all are: no pattern is compiled
        return int(major), int(minor), int(patch)
    match = re.fullmatch(_VERSION, version)
    if match is None:
        raise MetadataError(
            "version: not of the form major.minor.patch", hint="write the version that wrote the file, such as 3.13.2"
        )
    return int(match[1]), int(match[2]), int(match[3])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and (text == "0" or text[0] != "0")


_NUMBER = r"(0|[1-9][0-9]{0,8})"
_VERSION = rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"


def _read_selection(fields: Mapping[str, object]) -> tuple[Selection, bool]:
    rules = {name: as_text(fields.get(name), name) for name in RULE_FIELDS}
    mac_only = as_bool(fields.get("mac_only_encrypted"), "mac_only_encrypted")
    try:
        return Selection(**rules, mac_only_encrypted=mac_only), any(rules.values())
    except ConfigError as exc:
        raise MetadataError(exc.message, hint=exc.hint) from None


def _read_threshold(fields: Mapping[str, object], groups: int) -> int:
    threshold = as_int(fields.get("shamir_threshold"), "shamir_threshold")
    if threshold < 0:
        raise MetadataError("shamir_threshold: negative")
    if 1 < groups < threshold:
        raise MetadataError(f"shamir_threshold: {threshold} groups are needed and there are {groups}")
    return threshold


def _read_extra(unknown: dict[str, object]) -> tuple[dict[str, str], str, Mapping[str, str], dict[str, object]]:
    leafseal = dict(as_mapping(unknown.pop("leafseal", None), "leafseal"))
    spelling = _read_strings(leafseal.pop("spelling", None), "leafseal.spelling")
    unresolved = _read_strings(leafseal.pop("unresolved", None), "leafseal.unresolved")
    structure = _read_structure(leafseal)
    if leafseal:
        unknown["leafseal"] = leafseal
    return spelling, structure, unresolved or _NOTHING, unknown


def _read_strings(value: object, name: str) -> dict[str, str]:
    strings = as_mapping(value, name)
    for key, text in strings.items():
        if not isinstance(text, str):
            raise MetadataError(f"{name}.{visible(key)}: not a string")
    return cast(dict[str, str], dict(strings))


def _read_structure(leafseal: dict[str, object]) -> str:
    """Take the digest of the structure out of our own metadata: its version, what names its MAC, its token."""
    names = [name for name in leafseal if name.startswith("structure")]
    if len(names) > 1:
        raise MetadataError("leafseal: two digests of the structure", hint="restore the file from Git")
    for name in names:
        token = as_text(leafseal.pop(name), "leafseal.structure")
        version, _, of_mac = name.removeprefix("structure").partition("_t")
        is_version = version.isascii() and version.isdigit() and len(version) <= 9
        if not (is_version and len(of_mac) == 16 and set(of_mac) <= set("0123456789abcdef")):
            raise MetadataError(f"leafseal.{visible(name)}: not the name of a digest", hint="restore the file from Git")
        return f"{version} {of_mac} {token}"
    return ""


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        # Code points and UTF-8 bytes sort alike.
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_sorted(member) for member in value]
    return value
