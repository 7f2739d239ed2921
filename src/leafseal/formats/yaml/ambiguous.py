"""Plain scalars of YAML that one reader takes for text and another for a number or a truth value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leafseal.document import Document, Leaf
from leafseal.formats import Ambiguous
from leafseal.formats.yaml.containers import Place

_WORDS = r"(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)"
_BASE_60 = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
_EXPONENT = r"[-+]?(?:[0-9]+[eE][-+]?[0-9]+|(?:[0-9]*\.[0-9]+|[0-9]+\.)[eE][0-9]+)"
_ODD_INTEGER = r"[-+]?(?:0[oO][0-7]+|0+(?:[89]|[1-9][0-9]+))"  # 0123 is 83 to SOPS, and 123 to YAML 1.2

_VALUE = re.compile(rf"{_WORDS}|{_BASE_60}|{_EXPONENT}|{_ODD_INTEGER}")
"""What YAML 1.1 (Helm, kubectl, PyYAML, Ruby), YAML 1.2 and SOPS do not all read alike."""

_KEY = re.compile(rf"{_WORDS}|{_BASE_60}")
_BIG = re.compile(r"[-+]?[0-9][0-9_]*")


def ambiguous(document: Document) -> Sequence[Ambiguous]:
    """Return the values, and the values under such keys, that readers take for different things."""
    text = document.text
    plain = [(leaf, text[leaf.start : leaf.end]) for leaf in document.leaves() if not (leaf.style or leaf.is_comment)]
    return [
        Ambiguous(
            "YAML readers differ about these values (text, number or true/false): {};"
            " put them in quotes, such as 'yes'",
            [leaf for leaf, source in plain if _VALUE.fullmatch(source) and _is_untagged(leaf, text)],
        ),
        Ambiguous(
            "YAML readers differ about key names on the way to these values (text, number or true/false): {};"
            " put the key names in quotes, such as 'on'",
            list(_under_odd_keys(document)),
        ),
        Ambiguous(
            "these integers have more than 64 bits, and SOPS keeps them as floats with about 16 digits: {};"
            " put them in quotes to keep every digit",
            [
                leaf
                for leaf, source in plain
                if type(leaf.value) is float and _BIG.fullmatch(source) and _is_untagged(leaf, text)
            ],
        ),
    ]


def _is_untagged(leaf: Leaf, text: str) -> bool:
    """Tell whether a value has no tag that says what it is."""
    place = leaf.place
    return not (isinstance(place, Place) and "!" in text[place.full_start : leaf.start])


def _under_odd_keys(document: Document) -> Iterator[Leaf]:
    names = {name for leaf in document.leaves() for name in leaf.path}
    odd = {name for name in names if _KEY.fullmatch(name) and _stands_plain(name, document.text)}
    if odd:
        yield from (leaf for leaf in document.leaves() if not (leaf.is_comment or odd.isdisjoint(leaf.path)))


def _stands_plain(key: str, text: str) -> bool:
    return re.search(rf"""(?m)(?:^|[\s{{,?])({re.escape(key)})[ \t]*:(?:\s|$)""", text) is not None
