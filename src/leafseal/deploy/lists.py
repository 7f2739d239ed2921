"""Lists of names in one word of a command line, as kubectl and Helm read them: one record of CSV."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.errors import UsageError


def split(word: str) -> list[str]:
    """Return the names in `a.yaml,"b,c.yaml"`; none in an empty word. Raises `UsageError`."""
    if '"' not in word:
        return word.split(",") if word else []
    import csv  # hardly any name has quotes

    try:
        [names] = csv.reader([word], strict=True)
    except (csv.Error, ValueError):
        raise UsageError("a list of files has a quotation mark that is not closed") from None
    return names


def joined(names: Sequence[str]) -> str:
    """Return the word that `split` reads as these names."""
    return ",".join('"' + name.replace('"', '""') + '"' if _SPECIAL.intersection(name) else name for name in names)


_SPECIAL = frozenset(',"\r\n')
