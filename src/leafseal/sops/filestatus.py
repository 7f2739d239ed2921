"""`sops filestatus`."""

from __future__ import annotations

from leafseal.errors import FormatError, LeafsealError
from leafseal.formats import FORMATS, parse
from leafseal.metadata import Metadata
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import READ, as_file, read
from leafseal.sops.shared.session import Formats, Session
from leafseal.sops.syntax.grammar import Arguments


def filestatus(arguments: Arguments) -> int:
    """Tell as JSON whether a file is encrypted (sops-cli §4.9); no key is needed."""
    if not arguments.positionals:
        raise Failure("Error: no file specified", 100)
    session = Session(arguments)
    session.check()
    file = arguments.positionals[0]
    try:
        encrypted = is_encrypted(read(as_file(file)).data, Formats.of(arguments, file).input)
    except LeafsealError as error:
        talk.log("CMD", "fatal", f"cannot check file status: cannot load encrypted file: {error}")
        raise Failure("", 1, hint=error.hint) from None
    talk.show('{"encrypted":true}\n' if encrypted else '{"encrypted":false}\n')
    return 0


def is_encrypted(data: bytes, format_name: str) -> bool:
    """Tell whether a file has metadata by which it could be opened. Raises `LeafsealError` where that is damaged."""
    if not data and FORMATS[format_name].needs_document:
        return False
    try:
        mapping = parse(data, format_name, READ, sealed=True).metadata()
    except FormatError:
        # sops itself encrypts dotenv files in which a key stands twice.
        mapping = parse(data, format_name, READ._replace(allow_duplicates=True), sealed=True).metadata()
        if mapping is None:
            raise
    if mapping is None:
        return False
    metadata = Metadata.parse(mapping, check_version=False)
    return bool(metadata.version and metadata.mac)
