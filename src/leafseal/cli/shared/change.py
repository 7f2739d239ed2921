"""Changing one sealed file: reading it under its lock, asking before it gets weaker, writing it back verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from leafseal.cli.shared.ambiguous import warn_of_ambiguous
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import guard_of, warn_of_clear_comments, warn_of_missing
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.document import Document, Locator
from leafseal.document.limits import Limits
from leafseal.document.places import listed
from leafseal.errors import PathError, UsageError, naming
from leafseal.keys.changes import keys_of
from leafseal.keys.ring import KeyRing
from leafseal.operations import guards
from leafseal.operations.batch import Item
from leafseal.operations.clear_text import comments_of
from leafseal.operations.consent import Consent, Guard
from leafseal.operations.edit import Draft
from leafseal.operations.extract import locate
from leafseal.operations.leaves import Spare
from leafseal.operations.open import Opened, open_file, paused_collector, read_metadata
from leafseal.operations.product import Product
from leafseal.rules.selection import Selection
from leafseal.system import files, terminal
from leafseal.system.locks import locked


@dataclass(frozen=True, slots=True)
class Change:
    """A sealed file that is about to be changed."""

    name: str
    item: Item
    opened: Opened
    guard: Guard
    selection: Selection

    def seal(self, draft: Draft, comments: str | None = None) -> Product:
        """Return an edited text sealed, unchanged leaves to the byte. Raises `RefusedError` where it gets weaker.

        `comments` says what becomes of those beside sealed values; without a word they stay what they were.
        """
        wanted = comments_of(self.opened, comments)
        product = self.guard.sealed(self.opened, draft, self.selection, wanted)
        warn_of_clear_comments(self.name, draft.document, self.selection, wanted)
        return product

    def write(self, product: Product, draft: Draft) -> None:
        """Put a sealed text in the place of the file, after it was opened again from the disk."""
        for warning in files.replace(self.item.snapshot, product.data, verify=product.check):
            terminal.warn(f"{self.name}: {warning}")
        if self.opened.leaves.sealed and guards.seals_nothing(draft.document, self.selection):
            from leafseal.display import for_shell

            terminal.warn(
                f"{self.name}: none of its values is encrypted any more; "
                f'to make it a plain file, run "leafseal decrypt -i {for_shell(self.name)}"'
            )
        warn_of_ambiguous(self.name, draft.document, self.selection, before=self.opened)
        warn_of_missing(self.name, self.guard, keys_of(self.opened.metadata.groups))
        if self.opened.read.ignore_mac:
            terminal.warn(f"{self.name}: written although the integrity check (MAC) was skipped{self._changed(draft)}")
        self.tell_conflicts(product)

    def tell_conflicts(self, product: Product | None = None) -> None:
        """Say which conflicts of a merge the new form of the file decided, and warn of those that are left."""
        before = self.opened.metadata
        if not before.unresolved:
            return
        from leafseal.operations import unresolved  # most files have no conflicts

        after = before if product is None else read_metadata(product.data, product.format, product.read)[1]
        if decided := unresolved.decided_between(before, after):
            terminal.say_done(f"{self.name}: {decided}")
        if after.unresolved:
            terminal.warn(unresolved.warning(self.name, after))

    def _changed(self, draft: Draft) -> str:
        """Name what differs from what was read, for the user to look through."""
        before = {(leaf.document, leaf.locator): value for leaf, value in self.opened.leaves.values}
        after = draft.document.leaves()
        new = [leaf for leaf in after if before.get((leaf.document, leaf.locator), self) != leaf.value]
        return f"; changed: {listed(new)}" if new else ""


def open_one(
    name: str,
    reading: InputOptions,
    limits: Limits,
    configuration: Configuration,
    consent: Consent,
    *,
    asks: bool = True,
    spare: Callable[[Document], Spare] | None = None,
) -> Change:
    """Read and open a file that is to be changed, and ask what must be asked before.

    What `spare` spares may be damaged. Without `asks` the caller asks the guard, about the groups that the file is to
    have. `Change.write` tells of conflicts that a merge left, and `Change.tell_conflicts` where nothing is written.
    Raises `LeafsealError`.
    """
    reading.check_write()
    if name == "-":
        raise UsageError("standard input cannot be changed in place", hint="give the name of a FILE")
    item = read_one(name, reading, limits)
    with naming(name):
        ring = KeyRing(current_ambient())
        opened = open_file(item.source, ring, reading.within(limits), spare=spare, tells_conflicts=False)
    guard = guard_of(name, configuration, consent)
    selection = guard.before(opened) if asks else opened.metadata.selection
    return Change(name, item, opened, guard, selection)


def locate_value(opened: Opened, path: str, document: int = 0) -> Locator:
    """Read the PATH of a value that is to be changed, which the whole file is not. Raises `PathError`."""
    locator = locate(opened, path, document)
    if not locator:
        raise PathError(
            "PATH is empty", hint='name a value, such as database.password, or change the file with "leafseal edit"'
        )
    return locator


@contextmanager
def changing(name: str) -> Iterator[None]:
    """Hold the file's lock, name it in errors, and spare the garbage collector work on what soon goes anyway."""
    with naming(name), locked(name), paused_collector():
        yield


def change(
    name: str,
    reading: InputOptions,
    limits: Limits,
    config: str | None,
    consent: Consent,
    edit: Callable[[Change], Draft | None],
    *,
    spare: Callable[[Document], Spare] | None = None,
) -> bool:
    """Change a file: `edit` returns the edited text, or None for no change. Return whether it was written.

    What `spare` spares may be damaged: `edit` is to put something else in its place, or to remove it.
    """
    with changing(name):
        current = open_one(name, reading, limits, Configuration(config), consent, spare=spare)
        draft = edit(current)
        if draft is None:
            current.tell_conflicts()
            return False
        current.write(current.seal(draft), draft)
        return True
