"""Integers of JSON that SOPS keeps as floats."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Document
from leafseal.formats import Ambiguous


def ambiguous(document: Document) -> Sequence[Ambiguous]:
    """Return the integers beyond 64 bits."""
    text = document.text
    return [
        Ambiguous(
            "these integers have more than 64 bits, and SOPS keeps them as floats with about 16 digits: {};"
            " put them in quotes to keep every digit",
            [
                leaf
                for leaf in document.leaves()
                if type(leaf.value) is float and text[leaf.start : leaf.end].removeprefix("-").isdigit()
            ],
        )
    ]
