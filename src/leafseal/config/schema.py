"""A JSON schema of configuration files, for editors: it accepts what sops accepts.

Names that nobody knows are allowed everywhere, as sops ignores them; `check` tells which of them are misspelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leafseal.config import fields
from leafseal.config.fields import Field, Fields
from leafseal.config.reader import FALSE, TRUE

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def schema() -> Schema:
    """Return the schema, draft 2020-12."""
    return {
        "$schema": DIALECT,
        "title": "Configuration of SOPS and leafseal (.sops.yaml)",
        **_object(fields.TOP, or_null=True),
        "$defs": {
            "creation_rule": _object(fields.RULE),
            "key_group": _object(fields.GROUP),
            "destination_rule": _object(fields.DESTINATION),
        },
    }


def _object(table: Fields, *, or_null: bool = False) -> Schema:
    return {
        "type": ["object", "null"] if or_null else "object",
        "properties": {one.name: _field(one) for one in table},
    }


def _field(field: Field) -> Schema:
    described = {"description": field.meaning} if field.meaning else {}
    return {**described, **(_list_of(_entry(field.type)) if field.type in fields.ENTRIES else _TYPES[field.type]())}


def _entry(name: str) -> Schema:
    return _object(fields.ENTRIES[name])


def _list_of(items: Schema) -> Schema:
    return {"type": ["array", "null"], "items": items}


def _stores() -> Schema:
    return {
        "type": ["object", "null"],
        "properties": {name: _store(least) for name, least in fields.STORES.items()},
    }


def _store(least: int | None) -> Schema:
    found: Schema = {"type": ["object", "null"]}
    if least is not None:
        indent = {"type": ["integer", "null"], "minimum": least, "maximum": fields.MAX_INDENT}
        found["properties"] = {"indent": indent}
    return found


# YAML readers take 123 and true for text where sops wants text.
_SCALAR = ["string", "number", "boolean", "null"]

_TYPES: Mapping[str, Callable[[], Schema]] = {
    fields.TEXT: lambda: {"type": _SCALAR},
    fields.TEXT_OR_LIST: lambda: {"type": ["string", "array", "null"], "items": {"type": "string"}},
    fields.TEXT_LIST: lambda: _list_of({"type": "string"}),
    fields.ANY_TEXT_LIST: lambda: _list_of({"type": _SCALAR}),
    fields.TEXT_MAP: lambda: {"type": ["object", "null"], "additionalProperties": {"type": _SCALAR}},
    fields.NAMES: lambda: {"type": ["object", "null"], "additionalProperties": {"type": [*_SCALAR, "array"]}},
    fields.NUMBER: lambda: {"type": ["integer", "null"]},
    fields.TRUTH: lambda: {"enum": [True, False, None, *TRUE, *FALSE]},
    fields.GROUPS: lambda: _list_of({"$ref": "#/$defs/key_group"}),
    fields.RULES: lambda: _list_of({"$ref": "#/$defs/creation_rule"}),
    fields.DESTINATIONS: lambda: _list_of({"$ref": "#/$defs/destination_rule"}),
    fields.RULE_ITSELF: lambda: {"$ref": "#/$defs/creation_rule"},
    fields.STORES_OF_FORMATS: _stores,
}
