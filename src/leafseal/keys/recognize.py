"""What kind of master key a text names, by its form: for texts that no list of their kind holds."""

from __future__ import annotations

import re

from leafseal.errors import LeafsealError
from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS
from leafseal.keys.registry import parse_recipients

_LONGEST = 8192  # characters: an RSA key in a text of its own has some 700, a post-quantum recipient 2,000


def kind_of(text: str) -> str | None:
    """Return the kind of the one master key that a text names, None where it is none."""
    if len(text) > _LONGEST or not text.isprintable():
        return None
    return next((kind.name for kind in KINDS.values() if re.fullmatch(kind.form, text)), None)


def find_key(text: str) -> MasterKey | None:
    """Return the one master key that a text names, None where it is none."""
    kind = kind_of(text)
    try:
        keys = parse_recipients(kind, text) if kind else []
    except LeafsealError:
        return None
    return keys[0] if len(keys) == 1 else None
