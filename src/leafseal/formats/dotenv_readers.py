"""Values of dotenv files that shells, Docker Compose and the dotenv libraries read differently than SOPS.

To SOPS all between the first `=` and the end of the line is the value, and all before it the name. Others take quotes
off, cut comments and blanks, expand `$` and backslashes, and skip a word `export`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from leafseal.document import Document, Leaf
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.formats import Ambiguous

_SORTS = (
    ("export", LazyPattern(r"\s*export\s"), None),
    ("quotes", None, LazyPattern(r"""\s*["'`]""")),
    ("# comment", None, LazyPattern(r".*[ \t]#", re.DOTALL)),
    ("blanks", LazyPattern(r"\s|.*\s\Z", re.DOTALL), LazyPattern(r".*[ \t]", re.DOTALL)),
    ("$", None, LazyPattern(r".*\$[A-Za-z_{(]", re.DOTALL)),
    ("shell characters", None, LazyPattern(r"~|.*[;&|<>()\\\"'`]", re.DOTALL)),
)
"""What readers differ about, and how a name or a value begins that has it."""

_ODD = re.compile(r"""[\s"'`$~;&|<>()\\]""")
"""Each of them has one of these somewhere, and most lines of most files have none."""


def ambiguous(document: Document) -> Sequence[Ambiguous]:
    """Return the values that readers take for different texts, by what they differ about."""
    found = [(leaf, sort) for leaf in document.leaves() if (sort := _sort(leaf, document.text))]
    what = "leafseal and sops keep these values as they are written; shells, Docker Compose and others don't: {}"
    return [Ambiguous(what, [leaf for leaf, _ in found], [sort for _, sort in found])]


def _sort(leaf: Leaf, text: str) -> str | None:
    if leaf.is_comment or not leaf.path:
        return None
    name = leaf.path[0]
    if _ODD.search(text, leaf.start - len(name) - 1, leaf.end) is None:
        return None
    value = text[leaf.start : leaf.end]
    for sort, of_name, of_value in _SORTS:
        if (of_name and of_name.match(name)) or (of_value and of_value.match(value)):
            return sort
    return None
