"""`sops set`, and `sops --set` (sops-cli §4.4)."""

from __future__ import annotations

import os
from typing import NamedTuple

from leafseal.document import Locator
from leafseal.document.scalars import same
from leafseal.document.tree import ListNode, MappingNode, to_python
from leafseal.errors import EmitError, PathError
from leafseal.operations.consent import Guard
from leafseal.operations.edit import draft_with
from leafseal.operations.open import Opened, paused_collector
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal
from leafseal.sops.paths import CODE, MISSING, Found, element, member, parse_index, root_of, wrap_in, wrong_step
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.reading import as_file, read
from leafseal.sops.shared.session import Formats, Session, replace
from leafseal.sops.syntax.grammar import Arguments
from leafseal.sops.values import floats_in, parse_value
from leafseal.system.locks import locked


def set_(arguments: Arguments) -> int:
    """Store a value in a file; all others keep their sealed text."""
    words = arguments.positionals
    from_stdin = arguments.flag("value-stdin")
    if from_stdin and arguments.flag("value-file"):
        raise Failure("Error: cannot use both --value-file and --value-stdin")
    if from_stdin and len(words) != 2:
        raise Failure(
            "Error: file specified, or index and value are missing. Need precisely 2 positional arguments since "
            "--value-stdin is used.",
            100,
        )
    if not from_stdin and len(words) != 3:
        raise Failure(
            "Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.", 100
        )
    session = Session(arguments)
    session.check()
    path = parse_index(words[1], "set")
    return set_in_file(session, words[0], path, parse_value(_value_text(arguments, words)))


def _value_text(arguments: Arguments, words: tuple[str, ...]) -> str:
    if arguments.flag("value-stdin"):
        data = read("-").data
    elif arguments.flag("value-file"):
        try:
            data = read(as_file(words[2])).data
        except Failure as error:
            raise Failure(error.message.removeprefix("Error reading file: "), hint=error.hint) from error
    else:
        data = os.fsencode(words[2])
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failure("Value for --set is not valid JSON", CODE, hint="save the value as UTF-8") from None


def set_in_file(session: Session, file: str, path: Locator, value: object) -> int:
    """Store a value at a path of a file and write the file, whatever the options for output say."""
    arguments = session.arguments
    path_of_file = os.path.abspath(file)
    formats = Formats.of(arguments, arguments.text("filename-override") or path_of_file)
    with locked(path_of_file), paused_collector():
        source = read(path_of_file)
        opened = session.open(source, formats.input)
        if arguments.flag("idempotent") and _stands_already(opened, path, value):
            return 0
        guard = guard_of(session, arguments.text("filename-override") or path_of_file, "set")
        guard.before(opened)
        product = session.in_format(_stored(opened, path, value, guard), formats.output)
        replace(session, source, product.data, product.check)
    session.notice_skipped_mac(file, opened)
    return 0


def _stored(opened: Opened, path: Locator, value: object, guard: Guard) -> Product:
    place = find_place(opened, path, value)
    try:
        draft = draft_with(opened, place.locator, place.value)
        guard.after(opened, draft.document, opened.metadata.selection)
        return reseal(opened, draft, floats=set(floats_in(place.value, place.locator)))
    except PathError as error:
        raise Failure(f"Invalid set index format: {error.message}", CODE, hint=error.hint) from error
    except EmitError as error:
        raise Failure(f"Could not marshal tree: {error.message}", 4, hint=error.hint) from error


class Place(NamedTuple):
    """Where a value goes, in a place that is there or is the next of its siblings, and what is stored there."""

    locator: Locator
    value: object


def find_place(opened: Opened, path: Locator, value: object) -> Place:
    """Follow a path as sops does, to its end or to where nothing stands any more. Raises `Failure`.

    Any index beyond a list's last is that of the next; what is missing is made; a single value that is in the way is
    replaced by what is made. A number where names are wanted, with which sops does nothing, is an error.
    """
    node: Found = root_of(opened)
    found: Locator = ()
    position: str | int
    for depth, step in enumerate(path):
        if isinstance(node, MappingNode) and isinstance(step, str):
            position, node = step, member(node, step)
        elif isinstance(node, ListNode) and isinstance(step, int):
            position, node = element(node, step, "set")
        elif isinstance(node, MappingNode | ListNode):
            raise wrong_step("set", step)
        else:
            return Place(found, wrap_in(path[depth:], value))
        found = (*found, position)
        if node is MISSING:
            return Place(found, wrap_in(path[depth + 1 :], value))
    return Place(found, value)


def _stands_already(opened: Opened, path: Locator, value: object) -> bool:
    """Tell whether a value stands at a path, of the same type too."""
    node: Found = root_of(opened)
    for step in path:
        if isinstance(node, MappingNode) and isinstance(step, str):
            node = member(node, step)
        elif isinstance(node, ListNode) and isinstance(step, int):
            node = element(node, step, "set")[1]
        else:
            return False
    return node is not MISSING and same(to_python(node), value)
