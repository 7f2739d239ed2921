"""What is wrong with an encrypted file, as far as it shows without a key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leafseal.check.findings import Finding, at_leaf
from leafseal.config.load import CreationRule
from leafseal.crypto.token import is_token, looks_sealed
from leafseal.deploy.secrets import secret_values
from leafseal.display import visible
from leafseal.document import Document, Leaf
from leafseal.document.places import Lines
from leafseal.formats import FORMATS
from leafseal.keys.changes import holder_id, keys_of, not_configured, removed, required_groups
from leafseal.keys.short_names import listed
from leafseal.metadata import Metadata, unresolved
from leafseal.operations.guards import left_clear

_MOST_NAMES = 100  # of key names with invisible characters, in one file

# What changes the direction of writing, what has no width, and what does not print at all.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u3164\ufeff]"
)


def judge(
    name: str, document: Document, metadata: Metadata, rule: CreationRule | None, config: str
) -> Iterator[Finding]:
    """Yield what is wrong with an encrypted file. `rule` is the creation rule for it, `config` where that is."""
    lines = Lines(document.text)
    yield from _plain_values(name, document, metadata, lines)
    yield from _unresolved(name, metadata)
    yield from _invisible(name, document, lines)
    if rule is not None:
        yield from _weaker(name, document, metadata, rule, config, lines)
        if rule.has_keys:
            yield from _recipients(name, metadata, rule, config)


def is_plain(leaf: Leaf) -> bool:
    """Tell whether a leaf has a value that is no whole token."""
    value = leaf.value
    if leaf.is_comment or leaf.is_empty:
        return False
    return not (isinstance(value, str) and is_token(value))


def _plain_values(name: str, document: Document, metadata: Metadata, lines: Lines) -> Iterator[Finding]:
    selects = metadata.selection.selects
    is_secret = secret_values(document) if "apiVersion" in document.text else lambda leaf: False
    for leaf in document.leaves():
        if not is_plain(leaf):
            continue
        line = lines.of(leaf.start)
        if selects(leaf):
            cut = isinstance(leaf.value, str) and looks_sealed(leaf.value)
            what = "is damaged: it is not a whole encrypted value" if cut else _NOT_ENCRYPTED
            yield at_leaf("plain-value", name, what, leaf, line)
        elif is_secret(leaf):
            what = "a value of a Kubernetes Secret that the rule of the file does not encrypt"
            yield at_leaf("kubernetes-secret", name, what, leaf, line)


_NOT_ENCRYPTED = "not encrypted, although the file's rule encrypts it"


def _weaker(
    name: str, document: Document, metadata: Metadata, rule: CreationRule, config: str, lines: Lines
) -> Iterator[Finding]:
    own, wanted = metadata.selection, rule.selection
    if FORMATS[document.format].tree_format:
        return
    if wanted.goes_by_comments and own != wanted and _has_sealed_comments(document):
        what = f"its rule is not that of {config}, which goes by comments, and these are encrypted ({rule.location})"
        yield Finding("not-checked", name, what)  # what they say, only a key can tell
        return
    for leaf in left_clear(document, own, wanted):
        if is_plain(leaf):
            what = f"not encrypted by the file's rule, although {config} encrypts it ({rule.location})"
            yield at_leaf("weaker-rule", name, what, leaf, lines.of(leaf.start))


def _has_sealed_comments(document: Document) -> bool:
    return any(leaf.is_comment and looks_sealed(str(leaf.value)) for leaf in document.leaves())


def _recipients(name: str, metadata: Metadata, rule: CreationRule, config: str) -> Iterator[Finding]:
    groups = keys_of(metadata.groups)
    for key in not_configured(groups, rule.groups):
        yield Finding(
            "unknown-recipient",
            name,
            f"{listed([key])} can decrypt it, and {config} does not name that recipient ({rule.location})",
            what=" ".join(holder_id(key)),
        )
    for key in removed(rule.groups, groups):
        yield Finding(
            "missing-recipient",
            name,
            f"{listed([key])} cannot decrypt it, and {config} names that recipient ({rule.location})",
            what=" ".join(holder_id(key)),
        )
    needed = required_groups(len(groups), metadata.threshold)
    wanted = required_groups(len(rule.groups), rule.threshold)
    if needed < wanted:
        what = f"{needed} key groups are enough to decrypt it, and {config} says {wanted} ({rule.location})"
        yield Finding("key-groups", name, what if needed != 1 else what.replace("groups are", "group is", 1))
    elif wanted > 1 and {frozenset(map(holder_id, group)) for group in groups} != {
        frozenset(map(holder_id, group)) for group in rule.groups
    }:
        yield Finding("key-groups", name, f"its key groups are not those of {config} ({rule.location})")


def _unresolved(name: str, metadata: Metadata) -> Iterator[Finding]:
    for place in unresolved.read(metadata).places:
        shown = visible(place) or "the file"
        yield Finding("unresolved-conflict", name, "a merge left this conflict", what=place, where=shown)


def _invisible(name: str, document: Document, lines: Lines) -> Iterator[Finding]:
    if _INVISIBLE.search(document.text) is None and "\\" not in document.text:
        return
    seen: set[tuple[int, tuple[str, ...]]] = set()
    for leaf in document.leaves():
        path = leaf.path
        if (leaf.document, path) in seen or leaf.is_comment or not any(map(_INVISIBLE.search, path)):
            continue
        seen.add((leaf.document, path))
        if len(seen) > _MOST_NAMES:
            return
        yield at_leaf("invisible-name", name, "a key name has characters that do not show", leaf, lines.of(leaf.start))
