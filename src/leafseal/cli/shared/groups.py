"""A change of master keys on the command line: how it is shown, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leafseal.errors import RefusedError
from leafseal.keys.changes import GroupChange, Keys, compare, key_id
from leafseal.keys.short_names import NameOf, in_full, nameless


def difference(
    before: Sequence[Keys], after: Sequence[Keys], thresholds: tuple[int, int], name_of: NameOf = nameless
) -> list[str]:
    """Return the change of groups as lines: `+++` for what comes, `---` for what goes. Empty where nothing changes."""
    changes = compare(before, after)
    lines: list[str] = []
    if thresholds[0] != thresholds[1]:
        lines += [f"{sign} {_threshold(one)}" for sign, one in zip(("---", "+++"), thresholds, strict=True)]
    if not lines and not any(changes):
        return []
    for number, change in enumerate(changes):
        lines += [f"group {number + 1}", *_lines(change, name_of)]
    return lines


def _threshold(threshold: int) -> str:
    return f"threshold {threshold}" if threshold else "no threshold"


def _lines(change: GroupChange, name_of: NameOf) -> Iterator[str]:
    gone = {key_id(key) for key in change.removed}
    for key in change.before:
        yield f"{'---' if key_id(key) in gone else '   '} {in_full(key, name_of)}"
    for key in change.added:
        yield f"+++ {in_full(key, name_of)}"


def refuse_empty(groups: Sequence[Keys], threshold: int) -> None:
    """Raise `RefusedError` for groups that could never be opened."""
    if not groups:
        raise RefusedError("no key group would be left; a file needs at least one")
    if not all(groups):
        raise RefusedError("a key group would have no key left", hint="keep at least one key in each key group")
    if len(groups) > 1 and threshold > len(groups):
        raise RefusedError(
            f"the threshold is {threshold}, and only {len(groups)} key groups would be left",
            hint="add --threshold N to lower it",
        )
