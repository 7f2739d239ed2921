"""The command of sops that this version does not have: it is known by name, and says so."""

from __future__ import annotations

from typing import NoReturn

from leafseal.sops.shared.failures import Failure
from leafseal.sops.syntax.grammar import Arguments


def publish(_arguments: Arguments) -> NoReturn:
    """Refuse to publish (sops-cli §4.12)."""
    raise Failure(
        "publish: this version of leafseal cannot publish files; nothing was done",
        1,
        hint="decrypt the file, and pass it to the tool of the destination",
    )
