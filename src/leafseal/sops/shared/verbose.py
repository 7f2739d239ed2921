"""What `--verbose` tells of the keys that were asked, in sops's log lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS
from leafseal.keys.ring import KeyRing, OpenedPart
from leafseal.sops.shared import talk


@contextmanager
def told_of(ring: KeyRing) -> Iterator[None]:
    """Tell of the keys that are asked within, and that the data key was recovered. Programs look for that line."""
    before = len(ring.outcomes())
    try:
        yield
        recovered = True
    except BaseException:
        recovered = False
        raise
    finally:
        if not ring.ambient.services:  # a service tells of its own keys
            for outcome in ring.outcomes()[before:]:
                _tell(outcome.master_key, isinstance(outcome, OpenedPart))
        if recovered:
            talk.log("SOPS", "info", "Data key recovered successfully")
            talk.log("SOPS", "debug", "Decrypting tree")


def _tell(key: MasterKey, opened: bool) -> None:
    if (kind := KINDS.get(key.kind)) is None:
        return
    fields = key.to_metadata()
    done = "successful" if key.kind == "hc_vault" else "succeeded"
    what = f"Decryption {done if opened else 'failed'}"
    talk.log(kind.logger, "info", what, **{word: str(fields.get(name, "")) for word, name in kind.logged.items()})
