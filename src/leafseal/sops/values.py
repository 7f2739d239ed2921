"""Single values of sops: as `set` takes them, JSON in which a bare number is a float (sops-cli §4.4), and as
`--extract` writes them (§4.2).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from leafseal.document import Locator, json_values
from leafseal.document.scalars import Scalar, float_text
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import EmitError, InvalidValueError, PathError
from leafseal.formats import emit_node
from leafseal.sops.paths import CODE, go_type, tree_path
from leafseal.sops.shared.failures import Failure


def parse_value(text: str) -> object:
    """Return the value that a JSON text stands for. Raises `Failure` with exit code 7.

    A number by itself is a float, as in sops, and an integer inside of an object is one. A number whose digits a float
    does not keep stays an integer, or is refused beyond 64 bits: sops stores another one in its place.
    """
    try:
        value = json_values.load(text, integer=_Integer, number=_float)
    except InvalidValueError:
        raise Failure("Invalid --set value format: an object has a key twice", CODE) from None
    except (ValueError, RecursionError):  # the error would show the text
        raise Failure("Value for --set is not valid JSON", CODE) from None
    if isinstance(value, list):
        raise Failure("Invalid --set value format", CODE, hint="set an object that contains the list")
    if isinstance(value, _Integer):
        return value.as_float()
    return _plain(value)


class _Integer(str):
    """The digits of an integer, as they stand in JSON."""

    __slots__ = ()

    @property
    def is_short(self) -> bool:
        """Tell whether it fits 64 bits."""
        return json_values.is_short(self)

    def as_float(self) -> float | int:
        """Return it as a float where that shows the same digits, else as an integer. Raises `Failure`."""
        number = float(self) or 0.0  # -0 is 0 here
        if not number or float_text(number) == str(self):
            return number
        if self.is_short:
            return int(self)
        raise Failure(
            "Invalid --set value format: an integer beyond 64 bits would lose digits",
            CODE,
            hint="give it as text, in quotes",
        )


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError
    return number or 0.0  # -0 is 0 here


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {_text(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, _Integer):
        return int(value) if value.is_short else value.as_float()
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    if re.search("[\ud800-\udfff]", text):
        raise Failure("Value for --set is not valid JSON: half of a surrogate pair is no character", CODE)
    return text


def floats_in(value: object, locator: Locator) -> Iterator[Locator]:
    """Yield where the floats of a value come to stand when it is stored at `locator`."""
    if isinstance(value, float):
        yield locator
    elif isinstance(value, dict | list):
        for step, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from floats_in(member, (*locator, step))


def split_setting(text: str) -> tuple[Locator, object]:
    """Return path and value of `--set 'PATH VALUE'` (sops-cli §4.15). Raises `Failure` with exit code 7."""
    index, separator, value = text.partition("] ")
    if not separator:
        raise Failure("Invalid --set format", CODE, hint="""it looks like '["db"]["port"] "5432"'""")
    parsed = parse_value(value)
    try:
        path = tree_path(f"{index}]")
    except PathError as error:
        raise Failure("Invalid --set format", CODE, hint=error.message) from None
    if not path:
        raise Failure("Invalid --set format", CODE)
    return path, parsed


# -- what --extract writes

_Part = ListNode | Scalar | None


def emit_value(node: _Part, output: str, indent: int | None) -> bytes:
    """Return a list, or a value that is no text, as sops writes it by itself. Raises `EmitError`."""
    if output == "dotenv":
        raise EmitError(f"the dotenv store only supports emitting strings, got {go_type(node)}")
    if output == "ini":
        return _compact(node).encode()
    # As sops has it, no indentation that is asked for counts for YAML here.
    alone = emit_node(node, output, indent=None if output == "yaml" else indent)
    if alone is None:
        raise EmitError("Binary files are not structured and extracting a single value is not possible")
    return alone


def _compact(node: Node) -> str:
    """Return a node as JSON without blanks. Of a mapping in a list sops shows its own fields, we what it holds."""
    from leafseal.formats.json.emitter import quote_as_sops, write

    if isinstance(node, MappingNode):
        pairs = [item for item in node.items if not isinstance(item, Comment)]
        return "{" + ",".join(f"{quote_as_sops(key)}:{_compact(value)}" for key, value in pairs) + "}"
    if isinstance(node, ListNode):
        return "[" + ",".join(_compact(item) for item in node.items if not isinstance(item, Comment)) + "]"
    return write(node, unit="")
