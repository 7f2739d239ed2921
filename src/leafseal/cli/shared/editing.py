"""Editing the plain text of an encrypted file in the user's editor, as it is or in another form."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from leafseal.cli.shared import told
from leafseal.cli.shared.change import changing, open_one
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import grouped, make_option
from leafseal.cli.shared.errors import ErrorsShown, edit_again
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.crypto.mac import Verdict
from leafseal.display import for_shell
from leafseal.document import Document
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import ConflictError, LeafsealError, naming
from leafseal.formats import ANY_BYTES
from leafseal.keys import Ambient
from leafseal.keys.policy import policy_of
from leafseal.keys.ring import KeyRing
from leafseal.operations.clear_text import SEAL, has_clear_comments
from leafseal.operations.consent import Consent
from leafseal.operations.edit import Draft
from leafseal.operations.open import mac_verdict, open_file
from leafseal.operations.reseal import seal_beside
from leafseal.system import terminal
from leafseal.system.editor import UNCHANGED, Outcome, edit_text, keep_sealed


class EditingOptions(NamedTuple):
    """How the editor is started, and with what."""

    no_disk_plaintext: bool = False
    resume: str | None = None
    plain_editor: bool = False


editing_options = grouped(
    "how",
    EditingOptions,
    make_option("--no-disk-plaintext", is_flag=True, help="Stop if the plain text would have to touch a disk."),
    make_option("--resume", metavar="KEPT", help="Go on with the text that an earlier edit kept in this file."),
    make_option(
        "--plain-editor", is_flag=True, help="Start the editor without options that keep it from making copies."
    ),
)


class View(Protocol):
    """Another form of a plain text, in which it is edited."""

    @property
    def text(self) -> bytes:
        """The text that the user sees."""
        ...

    def restore(self, text: bytes) -> bytes:
        """Return the plain text that an edited form stands for. Raises `LeafsealError`."""
        ...


class Edit(Protocol):
    """Has the user edit a text in an editor, as `edit_text` does."""

    def __call__(
        self, initial: bytes, name: str, check: Callable[[bytes], None], *, keep: Callable[[bytes], None]
    ) -> Outcome | None:
        """Call `check` with what came of the text; return `UNCHANGED` where nothing did. Raises `LeafsealError`."""
        ...


@contextmanager
def editing(how: EditingOptions, limits: Limits) -> Iterator[Edit]:
    """Yield what starts the editor. An error that the user was shown after it is not shown again."""
    shown: list[LeafsealError] = []

    def again(error: LeafsealError) -> bool:
        """Ask whether to go on editing; after a conflict there is nothing to be gained by it."""
        if isinstance(error, ConflictError):
            return False
        shown.append(error)
        return edit_again(error)

    no_disk_plaintext = how.no_disk_plaintext or policy_of(Ambient.of_process()).no_disk_plaintext
    start = None if how.resume is None else _kept_text(how.resume, limits)

    def edit(
        initial: bytes, name: str, check: Callable[[bytes], None], *, keep: Callable[[bytes], None]
    ) -> Outcome | None:
        return edit_text(
            initial,
            name,
            check,
            environ=os.environ,
            again=again if terminal.has_terminal() else None,
            keep=keep,
            warn=terminal.warn,
            limits=limits,
            no_disk_plaintext=no_disk_plaintext,
            plain_editor=how.plain_editor,
            start=start,
        )

    try:
        yield edit
    except LeafsealError as error:
        if error not in shown:
            raise
        raise ErrorsShown(error.exit_code) from None


def _kept_text(kept: str, limits: Limits) -> bytes:
    """Return the text in a file that an edit kept."""
    item = read_one(kept, InputOptions(input_type=ANY_BYTES), limits)
    with naming(kept):
        return open_file(item.source, KeyRing(current_ambient()), ReadOptions(limits)).plaintext()


def edit_existing(
    file: str,
    reading: InputOptions,
    limits: Limits,
    configuration: Configuration,
    consent: Consent,
    comments: str | None,
    edit: Edit,
    *,
    form: Callable[[Document], View] | None = None,
    name: str = "leafseal edit",
) -> None:
    """Have the user edit an encrypted file, in another `form` where one is given, by the command of that name."""
    with naming(file):
        current = open_one(file, reading, limits, configuration, consent)

        def save(text: bytes) -> None:
            with changing(file):
                draft = Draft.of(current.opened, text)
                current.write(current.seal(draft, comments), draft)
                terminal.note(lambda: f"{file}: {told.edited(current.opened, draft)}")

        if current.selection != current.opened.metadata.selection:
            save(current.opened.plaintext())
            terminal.say_done(f"{file}: now has the rule of .sops.yaml")
            current = open_one(file, reading, limits, configuration, consent)
        if comments == SEAL and has_clear_comments(current.opened):
            save(current.opened.plaintext())
            terminal.say_done(f"{file}: the comments on the lines of encrypted values are now encrypted")
            current = open_one(file, reading, limits, configuration, consent)
        view: View | None = None if form is None else form(current.opened.plain_document())

        def restore(text: bytes) -> bytes:
            return text if view is None else view.restore(text)

        def keep(text: bytes) -> None:
            keep_beside(file, seal_beside(current.opened, text), name)

        initial = current.opened.plaintext() if view is None else view.text
        outcome = edit(initial, file, lambda text: save(restore(text)), keep=keep)
        if outcome is UNCHANGED:
            if current.opened.read.ignore_mac and mac_verdict(current.opened) is not Verdict.VALID:
                save(current.opened.plaintext())
                terminal.say_done(f"{file}: not edited; its integrity check (MAC) is valid again")
            else:
                terminal.say_done(f"{file}: unchanged")
                current.tell_conflicts()


def keep_beside(file: str, sealed: bytes, name: str = "leafseal edit") -> None:
    """Write a text that could not be saved, encrypted, and say where it is and how to go on with it."""
    path = keep_sealed(file, sealed)
    if path is None:
        terminal.warn("your changes are lost: they could not be saved anywhere")
        return
    terminal.say(f"your changes were not saved; they are in {path}, encrypted")
    terminal.say(f'to go on with them, run "{name} --resume {for_shell(path)} {for_shell(file)}"')
