"""The user's own keys, as far as they are known without a passphrase, a touch or a service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from leafseal.keys import MasterKey
from leafseal.keys.changes import required_groups
from leafseal.keys.kinds import TRIED_FIRST


class OwnKey(NamedTuple):
    """A private key of the user's: its public half, and where it is."""

    kind: str
    """That of the master keys which it opens, as in the metadata."""

    recipient: str | None
    """What others encrypt for; None where it is not known without using the key."""

    source: str
    """Where it is: in a "variable", a "file", a "credential" of systemd, a file of "ssh", what a "command" prints,
    or "gpg"."""

    place: str
    """The variable, the file or the key ring, as messages name it."""

    needs: str = ""
    """What it takes to use it: "passphrase", "command", "card", or the name of a program of a plugin."""

    others: tuple[str, ...] = ()
    """Further names of the same key, such as the fingerprints of subkeys."""

    def opens(self, key: MasterKey) -> bool | None:
        """Tell whether it opens what is wrapped for a master key; None where that is not known."""
        if key.kind != self.kind:
            return False
        if self.recipient is None:
            return None if self._may_be(str(key)) else False
        return any(_same(name, str(key), self.kind) for name in (self.recipient, *self.others))

    def _may_be(self, recipient: str) -> bool:
        if self.needs.startswith("age-plugin-"):
            name = self.needs.removeprefix("age-plugin-")
            return recipient.startswith((f"age1{name}1", "age1tag1", "age1tagpq1"))
        return recipient.startswith("ssh-") == ("_SSH_" in self.place and self.source == "command")


class Trouble(NamedTuple):
    """A place where a key should be, and none could be read."""

    place: str
    reason: str
    hint: str | None = None


def opens_any(own: Iterable[OwnKey], keys: Iterable[MasterKey]) -> bool | None:
    """Tell whether one of `own` opens one of `keys`; None where one may: services are not asked."""
    own, may = list(own), False
    for key in keys:
        answers = [mine.opens(key) for mine in own]
        if True in answers:
            return True
        may |= None in answers or key.kind not in TRIED_FIRST
    return None if may else False


def opens_enough(own: Iterable[OwnKey], groups: Sequence[Sequence[MasterKey]], threshold: int) -> bool | None:
    """Tell whether `own` opens enough of a file's key groups; None where it may: services are not asked."""
    own = list(own)
    answers = [opens_any(own, group) for group in groups]
    needed = required_groups(len(groups), threshold)
    certain, possible = answers.count(True), answers.count(None)
    return True if certain >= needed else None if certain + possible >= needed else False


def _same(mine: str, named: str, kind: str) -> bool:
    if kind == "pgp":
        digits = "".join(named.split()).removeprefix("0x").rstrip("!").upper()
        return len(digits) >= 16 and mine.endswith(digits)
    # What follows the second word of an SSH key is a comment.
    return mine.split()[:2] == named.split()[:2]
