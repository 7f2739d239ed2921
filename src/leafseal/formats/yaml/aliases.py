"""What stands behind an alias: the leaves of its anchor once more, each under the alias's own path (splicing §6)."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Leaf
from leafseal.formats.yaml.containers import Container, Place

Target = Leaf | Container | str | None
"""What an anchor names: a value, a mapping or list, the text of a key."""


def copies(target: Target, model: Leaf, leaves: Sequence[Leaf]) -> list[Leaf] | None:
    """Return the leaves behind an alias; None where it stands inside what it names.

    `model` is a leaf at the alias, with its container for its place; `leaves` are those found before it.
    """
    if not isinstance(target, Container):
        value = target.value if isinstance(target, Leaf) else target
        source = target.locator if isinstance(target, Leaf) else None
        return [model._replace(value=value, place=Place(model.place, model.start, None, True, source))]
    if not target.last_leaf:
        return None
    depth, keys = len(target.locator), len(target.path)
    return [
        model._replace(
            locator=model.locator + leaf.locator[depth:],
            path=model.path + leaf.path[keys:],
            value=leaf.value,
            place=Place(model.place, model.start, None, True, leaf.locator),
        )
        for leaf in leaves[target.first_leaf : target.last_leaf]
        if not leaf.is_comment
    ]
