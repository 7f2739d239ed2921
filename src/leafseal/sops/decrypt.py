"""`sops decrypt`, and `sops -d`."""

from __future__ import annotations

from leafseal.errors import EmitError
from leafseal.sops.extracting import extract, locate
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import as_file, read, refuse_missing, warn_of_more
from leafseal.sops.shared.session import Formats, Session, held
from leafseal.sops.shared.writing import same_as
from leafseal.sops.syntax.grammar import Arguments


def decrypt(arguments: Arguments) -> int:
    """Open a file, or standard input, and write it (sops-cli §4.2)."""
    words = arguments.positionals
    if not words and arguments.flag("in-place"):
        raise Failure("Error: cannot use --in-place when reading from stdin", 8)
    warn_of_more(words, 1)
    session = Session(arguments)
    session.check_outputs()
    open_to_output(session, words[0] if words else None)
    return 0


def open_to_output(session: Session, file: str | None) -> None:
    """Open a file, None for standard input, and write it where the options say."""
    arguments = session.arguments
    if file is not None:
        refuse_missing(file)
    session.check(order=True)
    path = locate(arguments.text("extract"))
    formats = Formats.of(arguments, arguments.text("filename-override") or (as_file(file) if file is not None else ""))
    with held(session, as_file(file)):
        source = read(as_file(file))
        opened = session.open(source, formats.input)
        try:
            plain = extract(session, opened, path, formats.output) if path else session.plain(opened, formats.output)
        except EmitError as error:
            raise Failure(f"Error dumping file: {error}", 4, hint=error.hint) from error
        session.write(source, plain, same_as(plain), private=True)
