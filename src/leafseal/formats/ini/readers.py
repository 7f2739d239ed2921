"""Where other programs read an INI file differently than SOPS does, and so than leafseal does.

Looked at are Python's `configparser` as it is without settings, systemd, and WireGuard's `wg`: their documentation says
what they take for a comment, a quote, a continued line and a placeholder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from leafseal.document import Leaf
from leafseal.formats.ini.scan import METADATA_SECTION, Key, Scan
from leafseal.formats.ini.values import CONTINUED, SPACE

_CONFIGPARSER, _SYSTEMD, _WIREGUARD = "configparser", "systemd", "WireGuard"


def read_differently(text: str, scan: Scan) -> list[tuple[Leaf, Sequence[str]]]:
    """Return the values that other programs take for others, each with the programs."""
    leaves = {leaf.start: leaf for leaf in scan.leaves if not leaf.is_comment}
    sections = Counter(section.name for section in scan.sections[1:])
    names = Counter((key.section, key.name.lower()) for key in scan.keys)
    found: list[tuple[Leaf, Sequence[str]]] = []
    indents: dict[int, int] = {}  # of the key before, by section
    for key in scan.keys:
        name = scan.sections[key.section].name
        if name == METADATA_SECTION:
            continue
        readers = _readers(text, key)
        indent = key.start - text.rfind("\n", 0, key.start) - 1
        goes_on = indent > indents.get(key.section, indent)  # to configparser, the value of the key before does
        if goes_on or sections[name] > 1 or names[key.section, key.name.lower()] > 1:
            readers.add(_CONFIGPARSER)
        if not goes_on:
            indents[key.section] = indent
        if readers:
            found.append((leaves[key.value.start], [one for one in _ORDER if one in readers]))
    return found


_ORDER = (_CONFIGPARSER, _SYSTEMD, _WIREGUARD)


def _readers(text: str, key: Key) -> set[str]:
    value = key.value
    readers: set[str] = set()
    if value.comment is not None:
        readers |= {_CONFIGPARSER, _SYSTEMD} if text[value.comment] == "#" else set(_ORDER)
    if value.style == CONTINUED:
        readers |= set(_ORDER)
    elif value.style:
        readers |= {_CONFIGPARSER, _WIREGUARD}
    if "%" in text[value.start : value.end].strip(SPACE):
        readers |= {_CONFIGPARSER, _SYSTEMD}
    return readers
