"""Master keys on the command line, and what a change of them means."""

from __future__ import annotations

from collections.abc import Sequence

from leaflock.errors import RefusedError
from leaflock.keygroups import KeyGroup
from leaflock.masterkey import MasterKey
from leaflock.metadata import Metadata
from leaflock.operations import Opened
from leaflock.paths import format_path, visible

Keys = tuple[MasterKey, ...]


def keys_of(groups: Sequence[KeyGroup]) -> list[Keys]:
    """Return the master keys of wrapped groups."""
    return [tuple(wrapped.master_key for wrapped in group) for group in groups]


def name(key: MasterKey) -> tuple[str, str]:
    """Return what tells one master key from another."""
    return key.kind, str(key)


def removed(before: Sequence[Keys], after: Sequence[Keys]) -> list[MasterKey]:
    """Return the keys that could open a file and cannot any more."""
    left = {name(key) for group in after for key in group}
    return [key for group in before for key in group if name(key) not in left]


def difference(before: Sequence[Keys], after: Sequence[Keys], thresholds: tuple[int, int]) -> list[str]:
    """Return the change of groups as lines: `+++` for what comes, `---` for what goes. Empty where nothing changes."""
    lines: list[str] = []
    if thresholds[0] != thresholds[1]:
        lines += [f"--- threshold {thresholds[0]}", f"+++ threshold {thresholds[1]}"]
    changed = bool(lines)
    for number in range(max(len(before), len(after))):
        old = before[number] if number < len(before) else ()
        new = after[number] if number < len(after) else ()
        old_names, new_names = [name(key) for key in old], [name(key) for key in new]
        lines.append(f"group {number + 1}")
        for kind, text in old_names:
            mark = "   " if (kind, text) in new_names else "---"
            changed = changed or mark != "   "
            lines.append(f"{mark} {kind} {visible(text)}")
        for kind, text in new_names:
            if (kind, text) not in old_names:
                changed = True
                lines.append(f"+++ {kind} {visible(text)}")
    return lines if changed else []


def refuse_empty(groups: Sequence[Keys], threshold: int) -> None:
    """Raise `RefusedError` for groups that could never be opened."""
    if not groups or not all(groups):
        raise RefusedError("a key group would have no master key left", hint="remove the group, or add a key to it")
    if len(groups) > 1 and threshold > len(groups):
        raise RefusedError(
            f"the threshold is {threshold}, and only {len(groups)} key groups would be left",
            hint="lower it with --threshold",
        )


def refuse_lower(metadata: Metadata, groups: int, threshold: int) -> None:
    """Raise `RefusedError` where fewer groups would open a file than until now."""
    before, after = needed_of(len(metadata.groups), metadata.threshold), needed_of(groups, threshold)
    if after < before:
        raise RefusedError(
            f"{after} of {groups} key groups would open the file, until now it takes {before}",
            hint="--lower-threshold says that this is meant",
        )


def needed_of(groups: int, threshold: int) -> int:
    """Return how many groups must open."""
    return 1 if groups < 2 else threshold or groups


def readable(opened: Opened) -> list[str]:
    """Return where the values stand that whoever could open the file could read, clear ones aside."""
    return [format_path(item.leaf.locator) or "all of it" for item in opened.opening.opened if not item.leaf.is_comment]
