"""Commands that the sops command line does not have: they are known by name, and say so."""

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


def merge(_arguments: Arguments) -> NoReturn:
    """Refuse to merge, as people configure it for Git's driver: sops has no such command, and leafseal has.

    What to use is in the message, not in a hint, which only terminals get: a driver often has none.
    """
    raise Failure(
        'merge: sops has no such command, and nothing was done; use "leafseal merge BASE OURS THEIRS -o OUT",'
        ' or have Git merge with "leafseal git setup"',
        1,
    )
