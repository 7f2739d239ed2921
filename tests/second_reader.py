"""What ruamel.yaml reads in a YAML file: a second opinion beside libyaml, which is what our scanner stands on.

ruamel.yaml is a reader of YAML 1.2 in Python, with a scanner, a parser and a typing of its own. Where SOPS means to
type a scalar otherwise, `sops_typing.py` says so. Both readers descend from PyYAML, twenty years ago: where they agree,
it may still be a mistake of that.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from .sops_typing import REFUSED, Moment, Reading, for_sops

Locator = tuple[str | int, ...]


class KeyIsNotText(Exception):
    """A key is a collection, or of another type than text to SOPS, which has no place for it."""


def load(text: str) -> list[Any]:
    """Return the documents as dicts, lists and values: what a user of ruamel.yaml gets, merge keys merged."""
    with _quiet():
        return list(_reader().load_all(text))


class Pairs(list[tuple[str, Any]]):
    """A mapping, in order, and with all its keys."""


def trees(text: str) -> list[Any]:
    """Return the documents as `Pairs`, lists and readings of scalars; what an alias names stands at its place too.

    Nothing is merged: `<<` is a key like any other. Keys twice in a mapping are not noticed: `load` does that.

    Raises `KeyIsNotText` beside ruamel.yaml's own errors.
    """
    reader = _reader()
    with _quiet():
        try:
            documents = list(reader.compose_all(text))
        except AssertionError as error:  # of a directive %YAML
            raise YAMLError(str(error)) from error
    return [_tree(reader, node, text) for node in documents]


def scalars(text: str) -> dict[tuple[int, Locator], Reading]:
    """Return the scalars and empty collections of those trees, by document and locator."""
    documents = enumerate(trees(text))
    return {(number, locator): found for number, tree in documents for locator, found in _walk(tree, ())}


def _reader() -> YAML:
    return YAML(typ="safe", pure=True)


def _quiet() -> Any:
    """An anchor may be used again; ruamel.yaml warns of it, and warnings are errors here."""
    return warnings.catch_warnings(action="ignore", category=ReusedAnchorWarning)


def _tree(reader: YAML, node: Node, text: str) -> Any:
    if isinstance(node, ScalarNode):
        return _reading(reader, node, text)
    if isinstance(node, SequenceNode):
        return [_tree(reader, member, text) for member in node.value]
    return Pairs((_name(reader, key, text), _tree(reader, member, text)) for key, member in node.value)


def _name(reader: YAML, key: Node, text: str) -> str:
    name = for_sops(_reading(reader, key, text)) if isinstance(key, ScalarNode) else None
    if not isinstance(name, str):
        raise KeyIsNotText
    return name


def _walk(tree: Any, locator: Locator) -> Iterator[tuple[Locator, Reading]]:
    if isinstance(tree, Reading):
        yield locator, tree
    elif not tree:
        yield locator, Reading("", "", {} if isinstance(tree, Pairs) else [])
    else:
        for name, member in tree if isinstance(tree, Pairs) else enumerate(tree):
            yield from _walk(member, (*locator, name))


def _reading(reader: YAML, node: ScalarNode, text: str) -> Reading:
    quoted = node.style in ("'", '"', "|", ">")
    written = _TAG.match(text, node.start_mark.index)  # a node does not tell a tag from what its text resolves to
    if quoted and (written is None or written[1] == "!"):
        tag = written[1] if written else ""
    else:
        tag = re.sub("^tag:yaml.org,2002:", "!!" if written and written[1] != "!" else "", str(node.tag))
    return Reading(node.value, tag, _value(reader, node))


_TAG = re.compile(r"(?:&\S+\s+)?(!\S*)")


def _value(reader: YAML, node: ScalarNode) -> object:
    try:
        value = reader.constructor.construct_object(node)
    except (ConstructorError, ValueError, LookupError):  # its own error, and accidents
        reader.constructor.recursive_objects.clear()  # else an alias of the same scalar is None
        return REFUSED
    if isinstance(value, datetime) and value.tzinfo is not None:
        text = value.isoformat().replace("+00:00", "Z")
        return Moment(re.sub(r"(\.\d*?)0+(?=\D)", r"\1", text))
    return value
