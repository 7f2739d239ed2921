"""`sops encrypt`, and `sops -e`."""

from __future__ import annotations

from functools import partial

from leafseal.display import first_of
from leafseal.document import Document
from leafseal.document.paths import format_path
from leafseal.errors import (
    ConfigError,
    EmitError,
    FormatError,
    NothingSealedError,
    ProviderError,
)
from leafseal.formats import FORMATS
from leafseal.operations.encrypt import encrypt as encrypt_file
from leafseal.operations.encrypt import holds_tokens, marks_taken_off, refuse_encrypted_binary
from leafseal.operations.guards import clear_secrets
from leafseal.operations.product import Product
from leafseal.rules.selection import Selection
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.reading import READ, as_file, read, refuse_missing, warn_of_more
from leafseal.sops.shared.recipients import Plan, plan
from leafseal.sops.shared.session import Formats, Session, held
from leafseal.sops.syntax.grammar import Arguments
from leafseal.system.reading import Snapshot


def encrypt(arguments: Arguments) -> int:
    """Seal a file, or standard input, and write it (sops-cli §4.1)."""
    session = Session(arguments)
    words = arguments.positionals
    if not words:
        if arguments.flag("in-place"):
            raise Failure("Error: cannot use --in-place when reading from stdin", 8)
        if not arguments.text("filename-override"):
            raise Failure("Error: must specify --filename-override when reading from stdin", 8)
    warn_of_more(words, 1)
    session.check_outputs()
    seal(session, words[0] if words else None)
    return 0


def seal(session: Session, file: str | None) -> None:
    """Seal a file, None for standard input, and write it where the options say."""
    if file is not None:
        refuse_missing(file)
    name = session.arguments.text("filename-override") or as_file(file)
    formats = Formats.of(session.arguments, name)
    wanted = plan(session, name, formats.input)
    with held(session, as_file(file)):
        source = read(as_file(file))
        product = _sealed(session, name, source, formats, wanted)
        session.write(source, product.data, product.check)


def _sealed(session: Session, name: str, source: Snapshot, formats: Formats, wanted: Plan) -> Product:
    data = source.data
    if not data and FORMATS[formats.input].needs_document:
        raise Failure("File cannot be completely empty, it must contain at least one document", 92)
    for warning in marks_taken_off(data, formats.input):
        session.notice(warning)
    refuse_encrypted_binary(data, formats.input, READ)
    if holds_tokens(data):
        session.notice("the file contains values that are encrypted already: they are encrypted a second time")
    guard = guard_of(session, name, "encrypt")
    try:
        try:
            return _encrypted(session, source, formats, wanted, allow_nothing=guard.consent.allow_nothing_sealed)
        except NothingSealedError:
            guard.nothing_sealed(wanted.selection)
            return _encrypted(session, source, formats, wanted, allow_nothing=True)
    except (ProviderError, ConfigError) as error:
        raise Failure(f"Could not generate data key: [{error}]", 1, hint=error.hint) from error
    except FormatError as error:
        raise Failure(f"Error unmarshalling file: {error}", error.exit_code, hint=error.hint) from error
    except EmitError as error:
        raise Failure(f"Could not marshal tree: {error}", 4, hint=error.hint) from error


def _encrypted(session: Session, source: Snapshot, formats: Formats, wanted: Plan, *, allow_nothing: bool) -> Product:
    return encrypt_file(
        source.data,
        formats.input,
        wanted.groups,
        wanted.threshold,
        wanted.selection,
        session.ambient,
        output_format=formats.output,
        indent=session.indent(formats.output),
        read=READ,
        allow_nothing=allow_nothing,
        review=partial(_warn_of_clear_secrets, session),
        allow_tokens=True,  # as with sops
        name=source.path,
        path=source.path,
    )


def _warn_of_clear_secrets(session: Session, document: Document, selection: Selection) -> None:
    if session.may_add_messages and (clear := clear_secrets(document, selection)):
        places = first_of([format_path(leaf.locator) or "the whole file" for leaf in clear])
        session.notice(f"these values look like secrets and are not encrypted: {places}")
