"""Tree paths as sops reads them (sops-cli §5.1), and the part of a file that `--extract` writes (§4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.document.scalars import INT_MAX, Scalar, Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import EmitError, PathError
from leafseal.formats import emit
from leafseal.operations.open import Opened
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.session import Session


def tree_path(text: str) -> Locator:
    """Read a path such as `["db"]['ports'][0]`; the empty text is the whole document. Raises `PathError`.

    Every `[` begins a component, so a name cannot hold one. What sops does with a name that lacks a quote at its end,
    cutting off its last letter, and with an empty component or a negative index, breaking down, is an error here.
    """
    return tuple(_component(piece) for piece in text.split("[") if piece)


def _component(piece: str) -> str | int:
    if not piece.endswith("]"):
        raise PathError(f"component {visible(piece)} doesn't end with ]")
    inner = piece[:-1]
    if inner[:1] in ('"', "'"):
        if len(inner) < 2 or inner[-1] not in "\"'":
            raise PathError(f"component {visible(inner)} doesn't end with a quote")
        return inner[1:-1]
    if not re.fullmatch(r"[+-]?[0-9]{1,30}", inner, re.ASCII):
        raise PathError(f'component {visible(inner)} is neither a number nor a name in quotes, such as ["name"]')
    if not 0 <= int(inner) <= INT_MAX:
        raise PathError(f"component {inner} is no index of a list")
    return int(inner)


def locate(text: str) -> Locator:
    """Read the path that `--extract` gives. Raises `Failure` with exit code 91."""
    try:
        return tree_path(text)
    except PathError as error:
        raise Failure(f"error parsing --extract path: {error.message}", 91) from None


def extract(session: Session, opened: Opened, path: Locator, output: str) -> bytes:
    """Return what stands at a path of the first document: text as its bytes, all else as the format writes it.

    A mapping is a document in the place of the first one; the others of a YAML file follow it, as in sops.
    """
    documents = opened.documents() or [MappingNode()]
    node = find(documents[0], path)
    if isinstance(node, str):
        return node.encode("utf-8", "surrogateescape")
    if isinstance(node, bytes):
        return node
    if isinstance(node, MappingNode):
        return session.emit([node, *documents[1:]], output)
    try:
        return _WRITERS[output](node, session.indent(output))
    except EmitError as error:
        raise Failure(f"Error dumping tree: {error.message}", 4, hint=error.hint) from error


def find(root: Node, path: Locator) -> Node:
    """Follow a path from a document's root; in lists comments count as members. Raises `Failure`."""
    node: Node | Comment = root
    for step in path:
        node = _named(node, step) if isinstance(step, str) else _numbered(node, step)
    if isinstance(node, Comment):
        raise Failure(f"error truncating tree: component [{path[-1]}] is a comment")
    return node


def _named(node: Node, name: str) -> Node:
    for item in node.items if isinstance(node, MappingNode) else ():
        if not isinstance(item, Comment) and item[0] == name:
            return item[1]
    raise Failure(f"error truncating tree: component ['{visible(name)}'] not found")


def _numbered(node: Node, index: int) -> Node | Comment:
    if not isinstance(node, ListNode):
        raise Failure(f"error truncating tree: component [{index}] is integer, but tree part is not a slice")
    if index >= len(node.items):
        raise Failure(f"error truncating tree: component [{index}] accesses out of bounds")
    return node.items[index]


# -- single values and lists

_Part = ListNode | Scalar | None


def _yaml(node: _Part, _indent: int | None) -> bytes:
    # The emitter writes whole documents; what is wanted is cut out of one with a single key. As sops has it, no
    # indentation that is asked for counts here.
    whole = emit([MappingNode([("x", node)])], "yaml").decode("utf-8", "surrogateescape")
    head, _, rest = whole.partition("\n")
    if head != "x:":
        return whole.removeprefix("x: ").encode("utf-8", "surrogateescape")
    margin = len(rest) - len(rest.lstrip(" "))
    lines = (line[margin:] for line in rest.split("\n"))
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _json(node: _Part, indent: int | None) -> bytes:
    from leafseal.formats.json.emitter import unit_of, write

    return write(node, unit=unit_of(indent)).encode()


def _dotenv(node: _Part, _indent: int | None) -> bytes:
    raise EmitError(f"the dotenv store only supports emitting strings, got {_go_type(node)}")


def _ini(node: _Part, _indent: int | None) -> bytes:
    return _compact(node).encode()


def _compact(node: Node) -> str:
    """Return a node as JSON without blanks. Of a mapping in a list sops shows its own fields, we what it holds."""
    from leafseal.formats.json.emitter import quote_as_sops, write

    if isinstance(node, MappingNode):
        pairs = [item for item in node.items if not isinstance(item, Comment)]
        return "{" + ",".join(f"{quote_as_sops(key)}:{_compact(value)}" for key, value in pairs) + "}"
    if isinstance(node, ListNode):
        return "[" + ",".join(_compact(item) for item in node.items if not isinstance(item, Comment)) + "]"
    return write(node, unit="")


def _binary(_node: _Part, _indent: int | None) -> bytes:
    raise EmitError("Binary files are not structured and extracting a single value is not possible")


_WRITERS: dict[str, Callable[[_Part, int | None], bytes]] = {
    "yaml": _yaml,
    "json": _json,
    "dotenv": _dotenv,
    "ini": _ini,
    "binary": _binary,
}


def _go_type(node: _Part) -> str:
    if isinstance(node, ListNode):
        return "[]interface {}"
    if isinstance(node, Timestamp):
        return "time.Time"
    return {bool: "bool", int: "int", float: "float64"}.get(type(node), "<nil>")
