"""Names that nothing protects, where a shell may take them for more than names.

SOPS protects an encrypted value and its name. A line with a name and an empty value can be added by anyone: in a `.env`
file that a shell reads, such a name is a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leafseal.document import Leaf
    from leafseal.operations.open import Opened


def is_identifier(name: str) -> bool:
    """Tell whether shells can use a variable of that name: ASCII letters, digits and `_`, no digit in front."""
    return name.isascii() and name.isidentifier()


def unbound_names(opened: Opened) -> Iterator[Leaf]:
    """Yield the empty values with names that are no identifiers, unless a digest covers the names of the file."""
    if opened.coverage != "covered":
        for leaf in opened.leaves.unauthenticated:
            if not all(is_identifier(name) for name in leaf.path):
                yield leaf
