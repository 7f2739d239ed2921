"""`--show-master-keys`: the metadata stands in the editor too, and what is changed there counts (sops-cli §4.3).

sops shows it and then throws every change away. What it was meant for, as its documentation once said, is to add and
remove keys. So keys that are added get the data key; where a key goes, moves to another group, or the threshold
changes, the file gets a new data key, because the old one is known to who had it. Rule, threshold and unknown fields
are taken over. What is computed is not: MAC, time, the wrapped keys of those that stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leafseal.document import KEEP
from leafseal.document.tree import MappingNode
from leafseal.errors import ConfigError, FormatError, MetadataError, ProviderError
from leafseal.formats import FORMATS, emit, parse
from leafseal.keys.changes import Keys, compare, keys_of, required_groups
from leafseal.keys.kinds import KINDS
from leafseal.metadata import Metadata, version_numbers
from leafseal.operations.product import Product
from leafseal.operations.rekey import rewrap, rotate, without_foreign
from leafseal.sops.editing import BrokenTextError, Edited, at_current_version, sealed
from leafseal.sops.shared.failures import Failure
from leafseal.system.clock import now as current_time

_INVALID = "SOPS metadata is invalid."


def with_keys(edited: Edited) -> Edited:
    """Return the same file, shown with its metadata."""
    return EditedKeys(edited.session, edited.file, edited.source, edited.opened, edited.guard)


@dataclass(frozen=True)
class EditedKeys(Edited):
    """A file under the editor, its metadata in sight."""

    def plain(self) -> bytes:
        """Return the plain text with the metadata block of the sealed one. Raises `Failure`."""
        opened = self.opened
        written = FORMATS[opened.document.format].tree_format
        if not written:
            return opened.document.rewrite(opened.edits(), KEEP)
        try:
            text = opened.plaintext().decode()
        except UnicodeDecodeError:
            raise Failure("Could not marshal tree: what is no text cannot be shown with its keys", 4) from None
        holder = emit([MappingNode([("data", text)])], written)
        return parse(holder, written).rewrite([], opened.metadata.to_mapping())

    def seal(self, text: bytes) -> Product:
        """Return an edited text sealed as its metadata wants it. Raises `BrokenTextError`, or `Failure` with 202."""
        plain, mapping = self._split(text)
        try:
            wanted = Metadata.parse(_completed(mapping), check_version=False)
        except MetadataError as error:
            raise BrokenTextError(_INVALID, str(error), 1) from error
        metadata = _taken_over(self.opened.metadata, wanted)
        if self.opened.has_layout and plain == self.opened.laid_out().text.encode():
            plain = self.opened.plaintext()  # only its keys were edited
        opened = at_current_version(self.opened.with_metadata(metadata))
        self.guard.check_recipients(keys_of(wanted.groups))
        self.guard.check_threshold(self.opened.metadata, len(wanted.groups), wanted.threshold)
        self.guard.check_rules(opened)
        return self._regrouped(sealed(opened, plain, self.review), wanted)

    def _split(self, text: bytes) -> tuple[bytes, Mapping[str, object]]:
        """Return the plain text and the metadata that stand in one text."""
        own = self.opened.document.format
        tree_format = FORMATS[own].tree_format
        try:
            document = parse(text, tree_format or own)
        except FormatError as error:
            log = "Could not load tree, probably due to invalid syntax."
            raise BrokenTextError(log, str(error), error.exit_code) from error
        try:
            mapping = document.metadata()
            later = document.later_metadata()
        except MetadataError as error:
            raise BrokenTextError(_INVALID, str(error), 1) from error
        if mapping is None:
            raise BrokenTextError(_INVALID, "sops metadata not found", 1)
        shown = self.opened.document.later_metadata()
        for number, changed in later.items():
            if changed != shown.get(number) and _without_ours(changed) != _without_ours(mapping):
                problem = f"the metadata of document {number} were changed, and only those of the first count"
                raise BrokenTextError(_INVALID, problem, 1)
        if not tree_format:
            return document.rewrite([], None), mapping
        values = [leaf.value for leaf in document.leaves() if not leaf.is_comment]
        if len(values) != 1 or not isinstance(values[0], str):
            raise BrokenTextError("Could not load tree, probably due to invalid syntax.", "no text under data", 2)
        return values[0].encode(), mapping

    def _regrouped(self, product: Product, wanted: Metadata) -> Product:
        """Return a sealed file with the keys that its metadata wants."""
        old = self.opened.metadata
        before, after = keys_of(old.groups), keys_of(wanted.groups)
        counts = required_groups(len(before), old.threshold), required_groups(len(after), wanted.threshold)
        if _are_the_same(before, after) and counts[0] == counts[1]:
            return product
        opened = product.open()
        only_more = len(before) == len(after) and not any(change.removed for change in compare(before, after))
        try:
            if only_more and counts[0] == counts[1]:
                return rewrap(opened, after, wanted.threshold, self.session.ambient, keep_dates=True)
            return rotate(without_foreign(opened), after, wanted.threshold, self.session.ambient)
        except (ConfigError, ProviderError) as error:
            raise BrokenTextError("Could not encrypt the data key for these master keys.", str(error), 128) from error


def _are_the_same(before: Sequence[Keys], after: Sequence[Keys]) -> bool:
    """Tell whether every group has the keys that it had, field by field, in whatever order."""
    return len(before) == len(after) and all(
        len(old) == len(new) and all(key in new for key in old) for old, new in zip(before, after, strict=True)
    )


def _without_ours(mapping: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in mapping.items() if name != "leafseal"}


def _completed(mapping: Mapping[str, object]) -> Mapping[str, object]:
    """Return metadata in which entries that were added have the time that they must have."""
    now = current_time()
    completed = {"lastmodified": now, **_dated(mapping, now)}
    groups = completed.get("key_groups")
    if isinstance(groups, list):
        completed["key_groups"] = [_dated(group, now) if isinstance(group, Mapping) else group for group in groups]
    return completed


def _dated(group: Mapping[str, object], now: str) -> dict[str, object]:
    dated = dict(group)
    for kind in KINDS.values():
        entries = dated.get(kind.name)
        if kind.is_dated and isinstance(entries, list):
            dated[kind.name] = [
                {"created_at": now, **entry} if isinstance(entry, Mapping) else entry for entry in entries
            ]
    return dated


def _taken_over(old: Metadata, wanted: Metadata) -> Metadata:
    """Return the old metadata with what may be changed by hand, its keys apart. Raises `Failure` with exit code 202."""
    try:
        version_numbers(wanted.version)
    except MetadataError as error:
        raise Failure(f"Failed to compare document version with program version: {error.message}", 202) from error
    extra = {name: value for name, value in wanted.extra.items() if name != "leafseal"}
    if "leafseal" in old.extra:
        extra["leafseal"] = old.extra["leafseal"]
    return old._replace(
        selection=wanted.selection,
        states_rule=wanted.states_rule,
        version=wanted.version,
        threshold=wanted.threshold if len(wanted.groups) == len(old.groups) == 1 else old.threshold,
        extra=extra,
    )
