"""Names that a mapping has more than once: where they stand, and what removing one leaves."""

from __future__ import annotations

import pytest

from leafseal.document import Locator
from leafseal.document.limits import DEFAULT_READ
from leafseal.errors import MetadataError
from leafseal.formats import FORMATS, parse
from leafseal.formats.yaml.nodes import YAMLNode

READ = DEFAULT_READ._replace(allow_duplicates=True)

CASES: list[tuple[str, str, int, Locator, list[str]]] = [
    ("yaml", "a: 1\nb: 2\na: 3\n", 0, ("a",), ["b: 2\na: 3\n", "a: 1\nb: 2\n"]),
    ("yaml", "m:\n  x: {y: 1}\n  x: 2\n", 0, ("m", "x"), ["m:\n  x: 2\n", "m:\n  x: {y: 1}\n"]),
    ("yaml", "l:\n  - {k: 1, k: 2}\n", 0, ("l", 0, "k"), ["l:\n  - {k: 2}\n", "l:\n  - {k: 1}\n"]),
    ("yaml", "a: 1\n---\nb: 1\nb: 2\n", 1, ("b",), ["a: 1\n---\nb: 2\n", "a: 1\n---\nb: 1\n"]),
    ("yaml", '\ufeffa: 1\n"a": 2\n', 0, ("a",), ['\ufeff"a": 2\n', "\ufeffa: 1\n"]),
    ("json", '{"a": 1, "b": {"x": 1, "x": 2}}', 0, ("b", "x"), ['{"a": 1, "b": {"x": 2}}', '{"a": 1, "b": {"x": 1}}']),
    ("json", '{"a": {"x": 1}, "a": 2}', 0, ("a",), ['{"a": 2}', '{"a": {"x": 1}}']),
    ("dotenv", "A=1\n# c\nA=2", 0, ("A",), ["# c\nA=2", "A=1\n# c"]),
    ("ini", "[s]\na=1\nb=2\na=3\n", 0, ("s", "a"), ["[s]\nb=2\na=3\n", "[s]\na=1\nb=2\n"]),
]


@pytest.mark.parametrize(("format_name", "text", "document", "locator", "after"), CASES)
def test_each_of_them_can_be_removed(
    format_name: str, text: str, document: int, locator: Locator, after: list[str]
) -> None:
    found = parse(text.encode(), format_name, READ)
    [repeated] = found.repeated()
    assert (repeated.document, repeated.locator) == (document, locator)
    assert [found.rewrite(member.removal).decode() for member in repeated.members] == after
    values = [leaf for leaf in found.leaves() if not leaf.is_comment]
    for member in repeated.members:
        assert any(member.start <= leaf.start < member.end for leaf in values)


@pytest.mark.parametrize(
    ("format_name", "text"),
    [
        ("yaml", "a: {x: 1}\nb: {x: 1}\nl: [{x: 1}, {x: 1}]\n---\na: 1\n"),
        ("json", '{"a": {"x": 1}, "b": {"x": 1}, "l": [{"x": 1}, {"x": 1}]}'),
        ("ini", "[s]\na=1\n[t]\na=1\n[s]\na=1\n"),
        ("dotenv", "A=1\na=1\n#A\n#A\n"),
        ("binary", "A=1\nA=1\n"),
    ],
)
def test_equal_names_in_other_mappings_are_none(format_name: str, text: str) -> None:
    assert list(parse(text.encode(), format_name, READ).repeated()) == []


BLOCKS = {
    "yaml": "a: 1\nsops: {mac: x}\nsops: {mac: y}\n",
    "json": '{"a": 1, "sops": {"mac": "x"}, "sops": {"mac": "y"}}',
    "ini": "[s]\na=1\n[sops]\nmac=x\n[sops]\nmac=y\n",
    "dotenv": "a=1\nsops_mac=x\nsops_mac=y\n",
    "binary": '{"data": "1", "sops": {"mac": "x"}, "sops": {"mac": "y"}}',
}


@pytest.mark.parametrize("format_name", FORMATS)
def test_two_metadata_blocks_are_no_repeated_name(format_name: str) -> None:
    document = parse(BLOCKS[format_name].encode(), format_name, READ, sealed=True)
    assert list(document.repeated()) == []
    with pytest.raises(MetadataError, match="found a duplicate sops entry"):
        document.metadata()


def test_a_name_repeated_many_times_takes_no_square_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [0]
    members = YAMLNode.members.fget

    def counting(node: YAMLNode) -> list[tuple[YAMLNode, YAMLNode]]:
        found = members(node)
        listed[0] += len(found)
        return found

    monkeypatch.setattr(YAMLNode, "members", property(counting))
    document = parse(b"a: 1\nb: {c: 1, c: 1}\n" * 200, "yaml", READ)
    assert document.repeated()
    assert listed[0] <= 200 * 10
