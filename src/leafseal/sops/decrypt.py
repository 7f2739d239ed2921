"""`sops decrypt`, and `sops -d`."""

from __future__ import annotations

from leafseal.document import Locator
from leafseal.document.tree import MappingNode
from leafseal.errors import EmitError
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import as_file, read, refuse_missing, warn_of_more
from leafseal.sops.shared.session import Formats, Session, held
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
    path = _path(arguments.text("extract"))
    formats = Formats.of(arguments, arguments.text("filename-override") or (as_file(file) if file is not None else ""))
    with held(session, as_file(file)):
        source = read(as_file(file))
        opened = session.open(source, formats.input)
        try:
            plain = _extract(session, opened, path, formats.output) if path else session.plain(opened, formats.output)
        except EmitError as error:
            raise Failure(f"Error dumping file: {error}", 4, hint=error.hint) from error
        session.write(source, plain, Product.exactly(plain), private=True)


def _path(text: str) -> Locator:
    if not text:
        return ()
    from leafseal.sops.paths import locate

    return locate(text)


def _extract(session: Session, opened: Opened, path: Locator, output: str) -> bytes:
    """Return what stands at a path of the first document: text as its bytes, all else as the format writes it.

    A mapping is a document in the place of the first one; the others of a YAML file follow it, as in sops.
    """
    from leafseal.operations.extract import text_of
    from leafseal.sops.paths import find
    from leafseal.sops.values import emit_value

    documents = opened.documents() or [MappingNode()]
    node = find(documents[0], path)
    if (text := text_of(node)) is not None:
        return text
    if isinstance(node, MappingNode):
        return session.emit([node, *documents[1:]], output)
    try:
        return emit_value(node, output, session.indent(output))
    except EmitError as error:
        raise Failure(f"Error dumping tree: {error.message}", 4, hint=error.hint) from error
