"""`sops unset` (sops-cli §4.5)."""

from __future__ import annotations

import os

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.document.tree import ListNode, MappingNode
from leafseal.errors import PathError
from leafseal.operations.consent import Guard
from leafseal.operations.edit import draft_without
from leafseal.operations.open import Opened, paused_collector
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal
from leafseal.sops.paths import CODE, MISSING, Found, element, go_type, member, parse_index, root_of, wrong_step
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.guarding import guard_of
from leafseal.sops.shared.reading import read
from leafseal.sops.shared.session import Formats, Session, replace
from leafseal.sops.syntax.grammar import Arguments
from leafseal.system.locks import locked


class _NothingThereError(Failure):
    """Nothing stands at the path: no error with `--idempotent`."""


def unset(arguments: Arguments) -> int:
    """Remove what stands at a path of a file; all else keeps its sealed text."""
    words = arguments.positionals
    if len(words) != 2:
        raise Failure("Error: no file specified, or index is missing", 100)
    session = Session(arguments)
    session.check()
    file, path = os.path.abspath(words[0]), parse_index(words[1], "unset")
    formats = Formats.of(arguments, file)
    with locked(file), paused_collector():
        source = read(file)
        opened = session.open(source, formats.input)
        guard = guard_of(session, file, "unset")
        guard.before(opened)
        try:
            product = _removed(opened, _place(opened, path), guard)
        except _NothingThereError:
            if arguments.flag("idempotent"):
                return 0
            raise
        product = session.in_format(product, formats.output)
        replace(session, source, product.data, product.check)
    session.notice_skipped_mac(file, opened)
    return 0


def _removed(opened: Opened, locator: Locator, guard: Guard) -> Product:
    try:
        draft = draft_without(opened, locator)
        guard.after(opened, draft.document, opened.metadata.selection)
        return reseal(opened, draft)
    except PathError as error:
        raise Failure(f"Invalid unset index format: {error.message}", CODE, hint=error.hint) from error


def _place(opened: Opened, path: Locator) -> Locator:
    """Follow a path to its end. Raises `Failure` where it leads nowhere."""
    node: Found = root_of(opened)
    found: Locator = ()
    for step in path:
        if isinstance(node, MappingNode):
            position: str | int = step
            node = member(node, step) if isinstance(step, str) else MISSING
        elif isinstance(node, ListNode):
            if isinstance(step, str):
                raise wrong_step("unset", step)
            position, node = element(node, step, "unset")
            if node is MISSING:
                raise _NothingThereError(f"Index {step} out of bounds")
        else:
            raise Failure(f"Unsupported type: {go_type(node)} for item '{_shown(step)}'")
        if node is MISSING:
            raise _NothingThereError(f"Key not found: {_shown(step)}")
        found = (*found, position)
    return found


def _shown(step: str | int) -> str:
    return visible(step) if isinstance(step, str) else str(step)
