"""What a rendered file contains: a value by itself, a mapping in a format, or a template with values in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from leafseal.display import first_of, visible
from leafseal.document import Locator
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import EmitError, PathError, RefusedError, naming
from leafseal.formats import FORMATS, emit, emit_node, format_of
from leafseal.operations.open import Opened
from leafseal.operations.unbound_names import unbound_names
from leafseal.run.render.entries import RAW, Entry, fault_of_path
from leafseal.run.render.escapes import property_name, property_value
from leafseal.run.render.template import fill, refuse_elsewhere
from leafseal.run.render.values import Values, pairs

PROPERTIES = "properties"


def contents(
    entry: Entry, opened: Opened, values: Callable[[], Values], read: Callable[[str], bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file that an entry stands for. `read` returns the bytes of a template.

    Raises `PathError` for what is not there, `EmitError` for what the format cannot contain, `RefusedError`.
    """
    if entry.path.endswith("/"):
        yield from _one_for_each(entry, values())
    elif entry.template is not None:
        refuse_elsewhere(entry.template, entry.beside)
        data = read(entry.template)
        found = values()
        below = entry.pointer if entry.pointer.startswith("/") else ""
        with naming(entry.template):
            yield entry.path, fill(data, lambda pointer: found.scalar(below + pointer), entry.escape)
    elif not entry.pointer and entry.document is None and _is_as_it_is(entry, opened):
        if FORMATS[opened.document.format].is_read_by_shells:
            _refuse_unbound(opened, ())
        yield entry.path, opened.plaintext()
    else:
        yield entry.path, _written(entry, values())


def _is_as_it_is(entry: Entry, opened: Opened) -> bool:
    """Tell whether a whole file is to be what `decrypt` prints."""
    own = opened.document.format
    if FORMATS[own].tree_format or entry.format == RAW:
        return True
    return own == (entry.format or _format_by_name(entry.path) or own)


def _format_by_name(path: str) -> str | None:
    if path.endswith(".properties"):
        return PROPERTIES
    found = format_of(path)
    return None if FORMATS[found].tree_format else found


def _one_for_each(entry: Entry, values: Values) -> Iterator[tuple[str, bytes]]:
    locator = values.locator(entry.pointer)
    node = values.at(entry.pointer)
    if not isinstance(node, MappingNode):
        raise PathError(
            f"{_shown(locator)} is not a mapping, so it gives no files", hint="leave out the / at the end of the name"
        )
    folder = "" if entry.path == "./" else entry.path
    for key, member in pairs(node):
        place = (*locator, key)
        if isinstance(member, MappingNode | ListNode):
            raise EmitError(f"{_shown(place)} is not a single value, so it is no file", hint=_SINGLE)
        if "/" in key or fault_of_path(key):
            raise RefusedError(f"{_shown(place)}: its key is no name for a file", hint=_SINGLE)
        yield folder + key, _raw(values, place, member)


_SINGLE = "give it an entry of its own, with path and pointer"


def _written(entry: Entry, values: Values) -> bytes:
    locator = values.locator(entry.pointer)
    node = values.at(entry.pointer)
    is_single = not isinstance(node, MappingNode | ListNode)
    form = entry.format or (RAW if is_single else _format_by_name(entry.path))
    if form is None:
        raise EmitError(
            f"{_shown(locator)} is not a single value, and {visible(entry.path)} names no format",
            hint="end the name in .env, .json, .yaml or .properties, or add format: to a map",
        )
    if not isinstance(node, MappingNode | ListNode):
        if form in ("json", "yaml"):
            written = emit_node(node, form)
            if written is not None:
                return written if written.endswith(b"\n") else written + b"\n"
        if form != RAW:
            raise EmitError(f"{_shown(locator)} is a single value, and {form} contains names", hint="use format: raw")
        return _raw(values, locator, node)
    if form == RAW:
        raise EmitError(f"{_shown(locator)} is not a single value", hint=_NESTED)
    if form == PROPERTIES:
        return _properties(values, locator, node)
    return _in_format(form, values, locator, node)


_NESTED = "end the name in .json or .yaml, or use format: json in a map"


def _in_format(form: str, values: Values, locator: Locator, node: MappingNode | ListNode) -> bytes:
    if FORMATS[form].is_read_by_shells:
        _refuse_unbound(values.opened, locator)
    if isinstance(node, MappingNode):
        return emit([values.as_text(locator, node) if FORMATS[form].is_text_only else node], form, for_shells=True)
    written = emit_node(node, form)
    if written is None:
        raise EmitError(f"{_shown(locator)} is a list, which {form} cannot contain", hint=_NESTED)
    return written if written.endswith(b"\n") else written + b"\n"


def _raw(values: Values, locator: Locator, value: Scalar | None) -> bytes:
    text = values.text(locator, value)
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _properties(values: Values, locator: Locator, node: MappingNode | ListNode) -> bytes:
    """Return nested values as Java has them: `db.hosts[0]=…`."""
    lines: dict[str, str] = {}
    for name, place, value in _flat(node, "", locator):
        text = values.text(place, value)
        if isinstance(text, bytes) or any("\ud800" <= sign <= "\udfff" for sign in name + text):
            raise EmitError(f"{_shown(place)} is not text in UTF-8, which properties need")
        if name in lines:
            raise EmitError(f"{_shown(place)}: two values would be the property {visible(name)}")
        lines[name] = f"{property_name(name)}={property_value(text)}\n"
    return "".join(lines.values()).encode("ascii")


def _flat(node: MappingNode | ListNode, before: str, locator: Locator) -> Iterator[tuple[str, Locator, Scalar | None]]:
    members: list[tuple[str | int, str, Node]]
    if isinstance(node, MappingNode):
        members = [(key, f"{before}.{key}" if before else key, value) for key, value in pairs(node)]
    else:
        entries = [item for item in node.items if not isinstance(item, Comment)]
        members = [(at, f"{before}[{at}]", value) for at, value in enumerate(entries)]
    for step, name, value in members:
        if isinstance(value, MappingNode | ListNode):
            yield from _flat(value, name, (*locator, step))
        else:
            yield name, (*locator, step), value


def _refuse_unbound(opened: Opened, locator: Locator) -> None:
    """Refuse names that anybody could have added without a key, where a shell may take them for commands."""
    found = [leaf.locator for leaf in unbound_names(opened) if leaf.locator[: len(locator)] == locator]
    if found:
        raise RefusedError(
            "empty values have names that are not identifiers, and SOPS does not protect them:"
            f" {first_of([format_path(one) for one in found])}",
            hint="give them a value, or write JSON: end the name in .json, or use format: json in a map",
        )


def _shown(locator: Locator) -> str:
    return format_path(locator) or "the whole file"
