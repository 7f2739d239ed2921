"""Would this write leave a leaf weaker than the configuration wants it? Outcomes are compared, not texts of rules.

The metadata of a file is whatever the last person with access to the repository wrote there. So before a file is
written, what its own rule and recipients give is held against what the user's configuration would give. Where no
configuration applies, the file's own count.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from leafseal.document import Document, Leaf, Path
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.operations.clear_text import AS_FORMAT, KEEP, Comments, clear_tails
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection


def left_clear(document: Document, rule: Selection, configured: Selection) -> list[Leaf]:
    """Return the leaves that `rule` leaves clear and the configuration would seal."""
    if rule == configured:
        return []
    return [
        leaf for leaf in document.leaves() if not leaf.is_empty and configured.selects(leaf) and not rule.selects(leaf)
    ]


def newly_clear(opened: Opened, document: Document, rule: Selection) -> list[Leaf]:
    """Return the leaves of an edited document that stay clear and were not there, clear, before.

    A value that only moved within its container is not new.
    """
    own = opened.metadata.selection
    before = {
        (leaf.document, leaf.path)
        for leaf, value in opened.leaves.values
        if not leaf.is_comment and not own.selects(leaf)
    }
    return [
        leaf
        for leaf in document.leaves()
        if not leaf.is_comment
        and not leaf.is_empty
        and not rule.selects(leaf)
        and (leaf.document, leaf.path) not in before
    ]


def sealed_places(opened: Opened) -> set[tuple[int, Path]]:
    """Return where the sealed values of a file are: one that is clear there afterwards got weaker."""
    return {(item.leaf.document, item.leaf.path) for item in opened.leaves.sealed if not item.leaf.is_comment}


def seals_nothing(document: Document, rule: Selection) -> bool:
    """Tell whether a document has values, and the rule seals nothing in it. It may be sealed already."""
    has_values = False
    for leaf in document.leaves():
        if not leaf.is_empty:
            if rule.selects(leaf):
                return False
            has_values = has_values or not leaf.is_comment
    return has_values


_SECRET_NAME = LazyPattern(
    r"pass(word|wd|phrase)?$|secret|token|api_?key|private_?key|credential|client_?secret|access_?key|auth$",
    re.IGNORECASE,
)
_SECRET_TEXT = LazyPattern(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bxox[abprs]-|\bsk-[A-Za-z0-9_-]{20,}|\bglpat-|(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ|://[^/\s:@]+:[^/\s@]+@"
)


def looks_secret(leaf: Leaf) -> bool:
    """Tell whether a leaf's name or value looks like a secret. A guess: it asks a question, it decides nothing."""
    value = leaf.value
    if leaf.is_comment or not isinstance(value, str) or len(value) < 6:
        return False
    name = leaf.path[-1] if leaf.path else ""
    return bool(_SECRET_NAME.search(name) or _SECRET_TEXT.search(value) or _is_random(value))


def names_secret(leaf: Leaf) -> bool:
    """Tell whether a leaf's name or the form of its value says that it is a secret; not that it looks random."""
    value = leaf.value
    if leaf.is_comment or not isinstance(value, str) or len(value) < 6:
        return False
    name = leaf.path[-1] if leaf.path else ""
    return bool(
        (_SECRET_NAME.search(name) and not _NOT_A_SECRET.search(name) and not any(map(str.isspace, value)))
        or _SECRET_TEXT.search(value)
    )


def clear_secrets(document: Document, rule: Selection) -> list[Leaf]:
    """Return the leaves that look like secrets and that a rule leaves clear, though no name says that they are to be.

    A suffix or a comment of clear values was written beside each of them on purpose.
    """
    if rule.is_marked_clear:
        return []
    return [
        leaf
        for leaf in document.leaves()
        if not rule.selects(leaf) and looks_secret(leaf) and not (leaf.path and _NOT_A_SECRET.search(leaf.path[-1]))
    ]


def with_clear_comments(document: Document, rule: Selection, comments: Comments = AS_FORMAT) -> list[Leaf]:
    """Return the leaves whose place a rule seals, and not the comment on their line, which may be part of a password.

    `password: abc #xyz` is, while a note has a blank behind its `#`. Rules that go by comments need them clear, and
    what was so before, or is to be, is known to the user.
    """
    if rule.goes_by_comments or comments.wanted == KEEP:
        return []
    return [
        leaf
        for leaf, comment in clear_tails(document, rule, comments)
        if str(comment.value)[:1].strip() and (leaf.locator, comment.value) not in comments.clear
    ]


# Where a secret is and what it is called: `secretName`, `token_url`, `password_file`.
_NOT_A_SECRET = LazyPattern(r"(name|namespace|ref|path|file|dir|url|uri|type|ttl|class)$", re.IGNORECASE)


def _is_random(value: str) -> bool:
    """Tell whether a text of one word is as mixed as random ones are."""
    if not re.fullmatch(r"[A-Za-z0-9+/_=-]{24,}", value):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy > 4.0 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
