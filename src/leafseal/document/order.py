"""The order of names where a new list of them takes the place of an old one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def in_old_order(old: Iterable[str], new: Sequence[str]) -> list[str]:
    """Return the names of `new` in the order that they have in `old`.

    A name that is not in `old` stands behind the one that it follows in `new`.
    """
    wanted = set(new)
    kept = dict.fromkeys(name for name in old if name in wanted)
    first: list[str] = []
    behind: dict[str, list[str]] = {}
    run = first
    for name in new:
        if name in kept:
            run = behind[name] = []
        else:
            run.append(name)
    return [*first, *(name for one in kept for name in (one, *behind[one]))]
