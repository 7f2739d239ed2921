"""The JSON schema and the reader go by one table, and the documentation has each of its names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leafseal.config import fields
from leafseal.config.load import load_config
from leafseal.config.schema import DIALECT, schema
from leafseal.errors import ConfigError

ROOT = Path(__file__).parents[2]

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"

WHOLE = rf"""
keys: [&a {A}]
creation_rules:
  - path_regex: a
    age: [*a, "{A}"]
    pgp: null
    aws_profile: 12
    shamir_threshold: 2
    mac_only_encrypted: yes
    owner: ours
  - key_groups:
      - age: [*a]
        merge: [{{age: [*a]}}]
        kms: [{{arn: "arn:aws:kms:eu-west-1:111122223333:key/1", context: {{a: "b"}}}}]
destination_rules:
  - {{s3_bucket: b, recreation_rule: {{age: *a}}, omit_extensions: true}}
stores: {{yaml: {{indent: 2}}, json: {{indent: -1}}, dotenv: {{}}}}
"""


def problems(value: Any, part: dict[str, Any], place: str = "") -> Iterator[str]:
    """Yield where a value breaks a schema, of whose words those are known that ours has."""
    known = {"$schema", "$defs", "$ref", "title", "description", "type", "properties", "additionalProperties"}
    assert set(part) <= known | {"items", "enum", "minimum", "maximum"}, place
    if "$ref" in part:
        part = schema()["$defs"][part["$ref"].removeprefix("#/$defs/")]
    types = part.get("type", _type(value))
    allowed = {types} if isinstance(types, str) else {*types, *(["integer"] if "number" in types else [])}
    if _type(value) not in allowed:
        yield f"{place}: {_type(value)}"
    if "enum" in part and value not in part["enum"]:
        yield f"{place}: {value!r}"
    if "minimum" in part and isinstance(value, int) and not part["minimum"] <= value <= part["maximum"]:
        yield f"{place}: {value}"
    for name, member in value.items() if isinstance(value, dict) else ():
        found = part.get("properties", {}).get(name, part.get("additionalProperties"))
        if found is not None:
            yield from problems(member, found, f"{place}.{name}")
    for member in value if isinstance(value, list) else ():
        yield from problems(member, part.get("items", {}), f"{place}[]")


def _type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def loaded(text: str) -> Any:
    from leafseal.config.nodes import compose

    node = compose(text.encode())
    return node and node.to_python()


def test_it_names_its_dialect_and_describes_what_people_write() -> None:
    found = schema()
    assert found["$schema"] == DIALECT
    rule = found["$defs"]["creation_rule"]["properties"]
    assert all(one["description"] for one in [*rule.values(), *found["properties"].values()])


def test_it_accepts_what_the_reader_accepts(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for text in (WHOLE, "", "{}", "creation_rules: []", "creation_rules:"):
        path.write_text(text)
        load_config(path)
        assert list(problems(loaded(text), schema())) == []


@pytest.mark.parametrize("name", fields.names(fields.RULE))
def test_the_reader_looks_at_every_name_of_a_rule_as_the_schema_does(name: str, tmp_path: Path) -> None:
    path, text = tmp_path / "c.yaml", f"creation_rules: [{{{name}: {{a: 1}}}}]"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert any(location == f"creation_rules[0].{name}" for location, _ in caught.value.faults)
    assert [found.partition(":")[0] for found in problems(loaded(text), schema())] == [f".creation_rules[].{name}"]


@pytest.mark.parametrize("name", fields.names(fields.GROUP))
def test_the_reader_looks_at_every_name_of_a_group_as_the_schema_does(name: str, tmp_path: Path) -> None:
    path, text = tmp_path / "c.yaml", f"creation_rules: [{{key_groups: [{{{name}: text}}]}}]"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.faults[0][0] == f"creation_rules[0].key_groups[0].{name}"
    [found] = problems(loaded(text), schema())
    assert found.startswith(f".creation_rules[].key_groups[].{name}:")


@pytest.mark.parametrize(
    "text",
    [
        "creation_rules: text",
        "creation_rules: [text]",
        "creation_rules: [{age: [1]}]",
        "creation_rules: [{hckms: 'a,b'}]",
        "creation_rules: [{shamir_threshold: many}]",
        "creation_rules: [{mac_only_encrypted: perhaps}]",
        "creation_rules: [{key_groups: [{kms: [text]}]}]",
        "destination_rules: text",
        "stores: {json: {indent: -2}}",
        "stores: {yaml: {indent: 101}}",
    ],
)
def test_it_refuses_what_the_reader_refuses(text: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        load_config(path)
    assert list(problems(loaded(text), schema()))


def test_every_name_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([\w.]+)`", page))
    tables = (fields.TOP, fields.RULE, fields.GROUP, *fields.ENTRIES.values())
    assert {name for table in tables for name in fields.names(table)} <= documented
