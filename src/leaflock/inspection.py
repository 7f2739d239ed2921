"""What an encrypted file tells without any key: recipients, rule, sealed and clear leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leaflock.keygroups import KeyGroup
from leaflock.limits import Limits
from leaflock.operations import read_metadata
from leaflock.paths import format_path, visible
from leaflock.scalars import Empty
from leaflock.sealing import TokenError, looks_sealed, parse_token


@dataclass(frozen=True, slots=True)
class LeafReport:
    """One leaf: where it is, and whether it is sealed (with the type it claims), clear or empty."""

    document: int
    path: str
    state: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a file tells of itself. Nothing of it is verified: that takes a key."""

    format: str
    groups: tuple[KeyGroup, ...]
    threshold: int
    rule: str
    mac_only_encrypted: bool
    lastmodified: str
    version: str
    spellings: int
    leaves: tuple[LeafReport, ...]

    def to_mapping(self) -> dict[str, object]:
        """Return the report for programs."""
        return {
            "format": self.format,
            "groups": [[{"kind": w.master_key.kind, "key": str(w.master_key)} for w in g] for g in self.groups],
            "threshold": self.threshold,
            "rule": self.rule,
            "mac_only_encrypted": self.mac_only_encrypted,
            "lastmodified": self.lastmodified,
            "version": self.version,
            "spellings": self.spellings,
            "leaves": [
                {"document": leaf.document, "path": leaf.path, "state": leaf.state, "type": leaf.type}
                for leaf in self.leaves
            ],
        }

    def lines(self, name: str) -> Iterator[str]:
        """Yield the report for people."""
        yield f"{visible(name)}: {self.format}, sealed {self.lastmodified or 'at an unknown time'}"
        many = len(self.groups) > 1
        if many:
            yield f"  {self.threshold or len(self.groups)} of {len(self.groups)} key groups must open"
        for number, group in enumerate(self.groups):
            for wrapped in group:
                label = f"  group {number + 1}: " if many else "  "
                yield f"{label}{wrapped.master_key.kind} {visible(str(wrapped.master_key))}"
        yield f"  rule: {visible(self.rule)}" + ("; the MAC covers sealed values only" if self.mac_only_encrypted else "")
        for leaf in self.leaves:
            where = f"document {leaf.document + 1}, " if leaf.document else ""
            yield f"  {leaf.state:7} {where}{leaf.path}" + (f" ({leaf.type})" if leaf.type else "")


def inspect_file(data: bytes, format_name: str, limits: Limits, allow_duplicates: bool = False) -> Report:
    """Read what a sealed file tells without a key. Raises `NotEncryptedError`, `MetadataError`, `FormatError`."""
    document, metadata = read_metadata(data, format_name, limits=limits, allow_duplicates=allow_duplicates)
    leaves = []
    for leaf in document.leaves():
        path = format_path(leaf.locator) if not leaf.is_comment else f"comment in {format_path(leaf.locator) or 'the file'}"
        value = leaf.value
        state, word = "clear", ""
        if value is None or isinstance(value, Empty) or value in ("", b""):
            if not leaf.locator:
                continue  # it stands for an empty document
            state = "empty"
        elif isinstance(value, str) and looks_sealed(value):
            state, word = _claim(value)
        leaves.append(LeafReport(leaf.document, path, state, word))
    return Report(
        format=format_name,
        groups=metadata.groups,
        threshold=metadata.threshold,
        rule=metadata.selection.describe() if metadata.states_rule else "the whole file is one value",
        mac_only_encrypted=metadata.selection.mac_only_encrypted,
        lastmodified=metadata.lastmodified,
        version=metadata.version,
        spellings=len(metadata.spelling),
        leaves=tuple(leaves),
    )


def _claim(token: str) -> tuple[str, str]:
    try:
        return "sealed", parse_token(token).type
    except TokenError:
        return "damaged", ""
