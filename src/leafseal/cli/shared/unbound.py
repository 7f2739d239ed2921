"""The refusal to give out a file whose names may be code, added by somebody who has no key."""

from __future__ import annotations

from leafseal.display import for_shell
from leafseal.document.paths import format_path
from leafseal.document.places import listed
from leafseal.errors import RefusedError
from leafseal.operations.open import Opened
from leafseal.operations.unbound_names import unbound_names


def refuse_unbound(name: str, opened: Opened) -> None:
    """Raise `RefusedError` for names that nothing protects, and that a shell would take for commands."""
    found = list(unbound_names(opened))
    if found:
        deleting = f"leafseal unset {for_shell(name)} {for_shell(format_path(found[0].locator))}"
        raise RefusedError(
            f"empty values have names that are not identifiers, and SOPS does not protect them: {listed(found)}",
            hint="to look at the file, add --output-type json"
            + (f"; to delete the value: {deleting}" if name != "-" else ""),
        )
