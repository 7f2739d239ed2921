"""What is wrong with a file, as `repair` shows it: lines for people, data for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leafseal.cli.shared import reports
from leafseal.crypto.mac import Verdict
from leafseal.display import escape_line, first_of
from leafseal.document import Leaf, Path
from leafseal.document.paths import format_path
from leafseal.document.places import place_of
from leafseal.operations.diagnose import Bad, Damage, Diagnosis, Duplicate

_MOST_LINES = 50  # of one file; programs get all

_DAMAGE = {
    Damage.CLEAR: "not encrypted, although the file's rule encrypts it",
    Damage.BROKEN: "damaged",
    Damage.FOREIGN: "was changed or moved after it was encrypted",
}
_VERDICTS = {
    Verdict.MISSING: "there is no integrity check (MAC)",
    Verdict.UNREADABLE: "the integrity check (MAC) or lastmodified was changed, or is of another file",
    Verdict.MISMATCH: "the integrity check (MAC) failed: values were added, removed, reordered or edited by hand",
    Verdict.STRUCTURE: "a name, a place, a type, a tag, an empty value or sops.leafseal was changed by hand",
}
_AFTER_DAMAGE = "the integrity check (MAC) cannot be checked without the values that are lost"


def as_lines(name: str, diagnosis: Diagnosis) -> list[str]:
    """Return the findings as lines below the name of the file, a bounded number of them."""
    if diagnosis.is_well:
        return [f"{escape_line(name)}: nothing to repair"]
    lines = [f"line {one.line}: {place_text([one])}: {_DAMAGE[one.damage]}{_home(one)}" for one in diagnosis.bad]
    lines += [f"{lines_text(one.lines)}: {place_text([one])} {_repeated(one)}" for one in diagnosis.duplicates]
    lines += [
        f"line {line}: a comment that sops stored as a list element, which sops 3.13 cannot verify"
        for line in diagnosis.list_comments
    ]
    lines += [
        f"line {one.line}: {place_text([one])}: encrypted, but the file's rule leaves it in plain text"
        for one in diagnosis.unselected
    ]
    hidden = len(lines) - _MOST_LINES
    lines = lines[:_MOST_LINES]
    if hidden > 0:
        lines.append(f"and {hidden} more, which --json lists")
    if diagnosis.nothing_opens:
        lines.append("none of the encrypted values decrypts: the metadata may be that of another file")
    if diagnosis.has_old_context:
        lines.append("SOPS before 3.3.0 may have used a garbled AWS encryption context; a new data key mends that")
    return [f"{escape_line(name)}: needs repair", *(f"  {line}" for line in [*lines, *_mac_lines(diagnosis)])]


def _mac_lines(diagnosis: Diagnosis) -> list[str]:
    if diagnosis.mac is Verdict.VALID:
        return ["the integrity check (MAC) is valid: nothing else was changed"] if diagnosis.bad else []
    if diagnosis.mac_with is not None:
        return [f"the integrity check (MAC) is valid with the {diagnosis.mac_with} of the duplicate keys"]
    is_damage = bool(diagnosis.bad) and diagnosis.mac is Verdict.MISMATCH
    places = [place_of(leaf) for leaf in diagnosis.unprotected]
    sealed = len(diagnosis.opened.leaves.sealed)
    lines = [
        _AFTER_DAMAGE if is_damage else _VERDICTS[diagnosis.mac],
        f"encrypted values and comments that decrypt under their own names: {sealed}",
        "some of them may be old, repeated, reordered or missing",
    ]
    if places:
        lines.append("not encrypted, so anyone may have changed them:")
        lines += [f"  {place}" for place in places[:_MOST_LINES]]
        if len(places) > _MOST_LINES:
            lines.append(f"  and {len(places) - _MOST_LINES} more, which --json lists")
    return lines


def as_data(name: str, diagnosis: Diagnosis) -> dict[str, Any]:
    """Return all findings, as docs/json.md has them."""
    found = [
        _finding(_CODES[one.damage], reports.place_of(one.leaf), [one.line], belongs_at=one.belongs_at)
        for one in diagnosis.bad
    ]
    found += [
        _finding("duplicate", reports.place(one.locator, one.document), one.lines, same_value=one.are_same)
        for one in diagnosis.duplicates
    ]
    found += [_finding("comment-in-list", None, [line]) for line in diagnosis.list_comments]
    found += [
        _finding("encrypted-against-rule", reports.place_of(one.leaf), [one.line]) for one in diagnosis.unselected
    ]
    if diagnosis.has_old_context:
        found.append(_finding("old-context", None, ()))
    if diagnosis.mac is not Verdict.VALID:
        unsure = diagnosis.unprotected
        found.append(_finding(_MAC_CODES[diagnosis.mac], None, (), valid_with=diagnosis.mac_with, not_encrypted=unsure))
    return {**reports.file_fields(name), "findings": found}


_CODES = {
    Damage.CLEAR: "not-encrypted",
    Damage.BROKEN: "damaged",
    Damage.FOREIGN: "changed-value",
}
_MAC_CODES = {
    Verdict.MISSING: "mac-missing",
    Verdict.UNREADABLE: "mac-unreadable",
    Verdict.MISMATCH: "mac-mismatch",
    Verdict.STRUCTURE: "structure-mismatch",
}


def _finding(
    code: str,
    place: Mapping[str, Any] | None,
    lines: Sequence[int],
    *,
    belongs_at: Path | None = None,
    same_value: bool | None = None,
    valid_with: str | None = None,
    not_encrypted: Sequence[Leaf] = (),
) -> dict[str, Any]:
    return {
        "code": code,
        "place": place,
        "lines": list(lines),
        "belongs_at": None if belongs_at is None else reports.pointer(belongs_at),
        "same_value": same_value,
        "valid_with": valid_with,
        "not_encrypted": [reports.place_of(leaf) for leaf in not_encrypted],
    }


def place_text(found: Iterable[Bad | Duplicate]) -> str:
    """Return where findings are, the first few of many."""
    return first_of([_place(one) for one in found])


def lines_text(lines: Sequence[int]) -> str:
    """Return lines by their numbers, the first few of many."""
    return f"lines {first_of([str(line) for line in lines])}"


def _place(one: Bad | Duplicate) -> str:
    if isinstance(one, Bad):
        return place_of(one.leaf)
    place = format_path(one.locator)
    return place if one.document == 0 else f"document {one.document + 1}: {place}"


def _home(bad: Bad) -> str:
    return (
        ""
        if bad.belongs_at is None
        else f"; it was encrypted as {format_path(bad.belongs_at)}, move it back to keep it"
    )


def _repeated(one: Duplicate) -> str:
    return f"appears {len(one.lines)} times, with {'the same value' if one.are_same else 'different values'}"
