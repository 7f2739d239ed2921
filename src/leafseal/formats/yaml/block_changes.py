"""Another metadata block in the layout of the one that a file has: only the lines of what changed are new."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leafseal.document import Edit, apply_edits
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.errors import LeafsealError
from leafseal.formats.yaml.scan import scan

_KEY = "sops"


def changed_block(
    text: str, metadata: Mapping[str, object], emitted: Callable[[Mapping[str, object]], str]
) -> str | None:
    """Return a document that is a block alone, changed so that it says `metadata`.

    None where it is laid out as `emitted` lays out such a document, or where the change cannot be made in place.
    """
    from leafseal.formats.yaml import edit, removal

    try:
        found = scan(text, DEFAULT_LIMITS)
        old = found.metadata
        if old is None or emitted(old) == text:
            return None
        edits: list[Edit] = []
        for name in old.keys() - metadata.keys():
            edits += removal.unset_edits(text, found, (_KEY, name))
        for name, value in metadata.items():
            if name not in old or old[name] != value:
                edits += edit.set_edits(text, found, (_KEY, name), value)
        changed = apply_edits(text, edits)
        return changed if scan(changed, DEFAULT_LIMITS).metadata == metadata else None
    except LeafsealError:
        return None
