"""A file that is being edited: what the editor shows of it, and what is sealed of what comes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from leafseal.errors import (
    AlreadyEncryptedError,
    ConfigError,
    EmitError,
    FormatError,
    LeafsealError,
    ProviderError,
)
from leafseal.formats import FORMATS, emit
from leafseal.metadata import version_numbers
from leafseal.operations.consent import Guard
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.operations.product import FORMAT_VERSION, Product
from leafseal.operations.reseal import reseal, seal_beside
from leafseal.rules.selection import Selection
from leafseal.sops.examples import example
from leafseal.sops.shared import reading
from leafseal.sops.shared import session as sessions
from leafseal.sops.shared.failures import RESERVED, Failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.recipients import Plan, plan
from leafseal.sops.shared.session import Formats, Session
from leafseal.system import files
from leafseal.system.reading import Snapshot


class BrokenTextError(Failure):
    """An edited text that cannot be sealed, and that the user may correct. `log` is what sops says of it."""

    def __init__(self, log: str, error: str, code: int) -> None:
        super().__init__(f"{log} {error}", code)
        self.log = log
        self.error = error


@dataclass(frozen=True)
class Edited:
    """A file under the editor, in the format in which it is written. `source` is None where it is not there yet."""

    session: Session
    file: str
    source: Snapshot | None
    opened: Opened
    guard: Guard

    def plain(self) -> bytes:
        """Return what the editor shows. Raises `Failure` with exit code 4."""
        return self.session.plain(self.opened, self.opened.document.format)

    def seal(self, text: bytes) -> Product:
        """Return an edited text sealed, unchanged leaves to the byte. Raises `BrokenTextError`."""
        return sealed(self.opened, text, self.review)

    def review(self, draft: Draft, rule: Selection) -> None:
        """Ask the guard about an edited text."""
        if self.source is None:
            self.guard.check_new(draft.document, rule)
        else:
            self.guard.after(self.opened, draft.document, rule)

    def write(self, product: Product) -> None:
        """Put a result in the place of the file, or make it. Raises `Failure` with exit code 3."""
        if self.source is not None:
            sessions.replace(self.session, self.source, product.data, product.check)
            return
        try:
            files.create(os.path.realpath(self.file), product.data, verify=product.check)
        except LeafsealError as error:
            raise Failure(
                f"Could not open in-place file for writing: {self.file}: {error.message}", 3, hint=error.hint
            ) from error

    def keep(self, text: bytes) -> bytes:
        """Return any text as a binary file for those who can open the file."""
        return seal_beside(self.opened, text)


def sealed(opened: Opened, text: bytes, review: Callable[[Draft, Selection], None]) -> Product:
    """Return an edited text sealed, under a version that is at least ours. Raises `BrokenTextError`."""
    try:
        draft = Draft.of(opened, text)
        review(draft, opened.metadata.selection)
        return reseal(opened, draft)
    except FormatError as error:
        if not text.strip() and FORMATS[opened.document.format].needs_document:
            raise BrokenTextError("Tree not valid for encryption.", _EMPTY, 92) from error
        log = "Could not load tree, probably due to invalid syntax."
        raise BrokenTextError(log, str(error), error.exit_code) from error
    except AlreadyEncryptedError as error:
        raise BrokenTextError("Tree not valid for encryption.", RESERVED, 203) from error


_EMPTY = "File cannot be completely empty, it must contain at least one document"


def open_file(session: Session, file: str, name: str, formats: Formats) -> Edited:
    """Read and open a file, and take it to the format that is written."""
    source = reading.read(file)
    opened = session.open(source, formats.input)
    guard = guard_of(session, name, "edit")
    guard.before(opened)
    if formats.output != formats.input:
        product = Product(source.data, formats.input, opened.data_key, None, opened.read)
        opened = session.in_format(product, formats.output).open()
    return Edited(session, file, source, at_current_version(opened), guard)


def make_file(session: Session, file: str, name: str, formats: Formats) -> Edited:
    """Return the example for a file that is not there yet, sealed for those who are to open it."""
    wanted = _plan(session, name, formats.input)
    try:
        indent = session.indent(formats.output)
        text = emit([example(formats.input)], formats.output, indent=indent)
        product = encrypt(
            text,
            formats.output,
            wanted.groups,
            wanted.threshold,
            wanted.selection,
            session.ambient,
            indent=indent,
            allow_nothing=True,
            allow_tokens=True,
            name=file,
            path=file,
        )
    except EmitError as error:
        raise Failure(f"Could not marshal tree: {error.message}", 4, hint=error.hint) from error
    except (ProviderError, ConfigError) as error:
        raise Failure(f"{_NO_DATA_KEY}[{error}]", 128, hint=error.hint) from error
    return Edited(session, file, None, product.open(), guard_of(session, name, "edit"))


_NO_DATA_KEY = "Error encrypting the data key with one or more master keys: "


def _plan(session: Session, name: str, input_format: str) -> Plan:
    try:
        return plan(session, name, input_format)
    except Failure as failure:
        reason = failure.message.removeprefix("Could not generate data key: ")
        if reason == failure.message:
            raise
        raise Failure(f"{_NO_DATA_KEY}{reason}", 128, hint=failure.hint) from failure


def at_current_version(opened: Opened) -> Opened:
    """Return the same under our version of the format, where its own is older."""
    metadata = opened.metadata
    if version_numbers(metadata.version) >= version_numbers(FORMAT_VERSION):
        return opened
    return opened.with_metadata(metadata._replace(version=FORMAT_VERSION))
