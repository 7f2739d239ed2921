"""Emission: what SOPS 3.13.2 writes, and that everything written reads back."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leafseal.document.scalars import Scalar, Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, Node, from_python
from leafseal.errors import EmitError
from leafseal.formats.yaml.emitter import (
    block_body,
    chomping,
    emit,
    emit_mapping_block,
    flow_json,
    is_literal_safe,
    is_simple_key,
    literal,
    quote_double,
    quote_single,
    scalar_text,
)

from .. import second_reader
from ..sops_typing import Moment, Reading, for_sops

DATA = Path(__file__).parents[1] / "data" / "yaml"
STRINGS = json.loads((DATA / "strings.json").read_text())
TREES = json.loads((DATA / "trees.json").read_text())
COMMENTS = json.loads((DATA / "comments.json").read_text())
BLOCKS = json.loads((DATA / "blocks.json").read_text())

needs_sops = pytest.mark.skipif(shutil.which("sops") is None, reason="no sops on PATH")
RECIPIENT = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"  # of a published test identity


def parse(data: bytes) -> list[Node]:
    """Read documents without their comments, by a reader that shares no code with what wrote them."""
    return [node(tree) for tree in second_reader.trees(data.decode())]


def node(tree: Any) -> Node:
    if isinstance(tree, second_reader.Pairs):
        return MappingNode([(key, node(member)) for key, member in tree])
    if isinstance(tree, Reading):
        value: Any = for_sops(tree)
        return Timestamp(value.text) if isinstance(value, Moment) else value
    return ListNode([node(member) for member in tree])


def value_of(document: str) -> Node:
    (root,) = parse(document.encode())
    assert isinstance(root, MappingNode)
    ((_, value),) = root.items
    return value


def tree_of(encoded: Any) -> Node:
    """Read the notation of `comments.json`."""
    if isinstance(encoded, dict) and "mapping" in encoded:
        items = encoded["mapping"]
        return MappingNode([Comment(item) if isinstance(item, str) else (item[0], tree_of(item[1])) for item in items])
    if isinstance(encoded, dict):
        members = encoded["list"]
        return ListNode(
            [Comment(m["comment"]) if isinstance(m, dict) and "comment" in m else tree_of(m) for m in members]
        )
    return encoded


TEXTS = st.text() | st.text(" \n\t:#-?,[]{}'\"&*!|>%@`~.=<\\ab01yné😀\r\x00\x85\u2028\ufeff", max_size=12)
TIMES = st.sampled_from(["2024-01-01T00:00:00Z", "2001-12-14T21:59:43.1-05:00"]).map(Timestamp)
BYTES = st.binary(max_size=200).map(lambda data: b"\xff" + data)
LEAVES = TEXTS | st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TIMES | BYTES
KEYS = TEXTS | st.sampled_from(["k" * 128, "k" * 129, "é" * 65, "<<", "y"])
COMMENT = st.text("#ab :é", max_size=5).map(Comment)


def trees(comments: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[MappingNode]:
    def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        pair, member = st.tuples(KEYS, inner), inner
        if comments is not None:
            pair, member = pair | comments, member | comments
        return st.builds(MappingNode, st.lists(pair, max_size=4)) | st.builds(ListNode, st.lists(member, max_size=4))

    nodes = st.recursive(LEAVES, containers, max_leaves=12)
    return containers(nodes).filter(lambda found: isinstance(found, MappingNode))


def without_comments(tree: Node) -> Node:
    if isinstance(tree, MappingNode):
        pairs = [item for item in tree.items if not isinstance(item, Comment)]
        return MappingNode([(key, without_comments(value)) for key, value in pairs])
    if isinstance(tree, ListNode):
        return ListNode([without_comments(member) for member in tree.items if not isinstance(member, Comment)])
    return tree


@pytest.mark.parametrize(("text", "written"), STRINGS["values"], ids=lambda text: repr(text)[:40])
def test_strings_are_written_as_sops_writes_them(text: str, written: str) -> None:
    assert emit([MappingNode([("k", text)])]).decode() == f"k: {written}\n"


@pytest.mark.parametrize(("key", "written"), STRINGS["keys"], ids=lambda text: repr(text)[:40])
def test_keys_are_written_as_sops_writes_them(key: str, written: str) -> None:
    assert emit([MappingNode([(key, 1)])]).decode() == written
    assert is_simple_key(key) is not written.startswith("? ")


@pytest.mark.parametrize(("tree", "indent", "written"), TREES, ids=lambda part: repr(part)[:40])
def test_trees_are_written_as_sops_writes_them(tree: Any, indent: int, written: str) -> None:
    assert emit([from_python(tree)], indent=indent).decode() == written  # type: ignore[list-item]


@pytest.mark.parametrize(("documents", "written"), COMMENTS, ids=lambda part: repr(part)[:40])
def test_comments_are_written_as_sops_writes_them(documents: list[Any], written: str) -> None:
    assert emit([tree_of(document) for document in documents]).decode() == written  # type: ignore[misc]


@pytest.mark.parametrize(("value", "written"), [
    (None, "null"), (True, "true"), (False, "false"), (-5, "-5"), (1.0, "1"), (1e6, "1e+06"), (-0.0, "-0"),
    (float("inf"), ".inf"), (float("-inf"), "-.inf"), (float("nan"), ".nan"), (1e-5, "1e-05"), (0.0001, "0.0001"),
    (Timestamp("2024-01-01T00:00:00Z"), "2024-01-01T00:00:00Z"), (b"\xff", "!!binary /w=="),
    (b"\xff" * 60, "!!binary |\n    " + "/" * 70 + "\n    //////////"),
])  # fmt: skip
def test_other_scalars(value: Scalar | None, written: str) -> None:
    assert scalar_text(value, indent=4) == written


def test_what_sops_would_lose_is_written_so_that_it_reads_back() -> None:
    assert scalar_text("\ta\nb", indent=4) == '"\\ta\\nb"'  # sops writes null
    assert emit([MappingNode([("l", ListNode([" a\nb"]))])]) == b"l:\n    - |2-\n       a\n      b\n"  # sops writes |4-
    assert scalar_text("a\u2028b", indent=4) == '"a\\Lb"'  # sops writes a line break and blanks


def test_comments_that_sops_would_lose_or_move_stay_in_their_container() -> None:
    inner = MappingNode([Comment("in"), ("k", 1)])
    tree = MappingNode(
        [("l", ListNode([Comment("on top"), inner, Comment("end")])), ("z", MappingNode([Comment("none")]))]
    )
    assert emit([tree]).decode() == "l:\n    #on top\n    #in\n    - k: 1\n    #end\nz: {\n    #none\n}\n"


def test_a_comment_of_several_lines_stays_a_comment() -> None:
    assert emit([MappingNode([Comment("a\nb\r\n#c"), ("k", 1)])]) == b"#a\n# b\n#c\nk: 1\n"


@pytest.mark.parametrize("text", ["\x00", "a\x1b", "\udcff", "\x7f"])
def test_a_comment_that_yaml_cannot_hold_is_an_error(text: str) -> None:
    with pytest.raises(EmitError, match=r"^a comment contains characters that YAML cannot contain$"):
        emit([MappingNode([Comment(text)])])


def test_a_key_that_is_not_utf8_is_binary() -> None:
    assert emit([MappingNode([("\udcff", 1)])]) == b"!!binary /w==: 1\n"
    assert emit([MappingNode([("\udcff" * 60, 1)])]).startswith(b"? !!binary |\n    ////")
    with pytest.raises(EmitError, match="surrogate"):
        emit([MappingNode([("\ud800", 1)])])


def test_indentation_is_clamped_as_sops_does() -> None:
    tree = [MappingNode([("a", MappingNode([("b", 1)]))])]
    for indent, columns in ((None, 4), (0, 4), (1, 2), (2, 2), (3, 3), (9, 9), (10, 2)):
        assert emit(tree, indent=indent).decode() == f"a:\n{' ' * columns}b: 1\n"
    with pytest.raises(EmitError):
        emit(tree, indent=-1)


@given(st.lists(trees(), min_size=1, max_size=3), st.sampled_from([None, 2, 3, 5]))
@settings(deadline=None)
def test_what_is_emitted_reads_back(documents: list[MappingNode], indent: int | None) -> None:
    assert parse(emit(documents, indent=indent)) == documents


@given(trees(COMMENT), st.sampled_from([None, 2, 3]))
@settings(deadline=None)
def test_comments_change_nothing_and_all_are_written(tree: MappingNode, indent: int | None) -> None:
    assert parse(emit([tree], indent=indent)) == [without_comments(tree)]


@given(TEXTS)
@example("a:b")
@example("x?y")
def test_a_string_reads_back_in_flow_context(text: str) -> None:
    written = scalar_text(text, indent=0, flow=True)
    assert value_of(f"k: {{a: {written}, b: [{written}]}}\n") == MappingNode([("a", text), ("b", ListNode([text]))])
    assert "\n" not in written


@given(TEXTS)
def test_each_style_reads_back(text: str) -> None:
    assert value_of(f"k: {quote_double(text)}\n") == text
    if text.isprintable() and not any(c in text for c in "\u2028\u2029\ufeff"):
        assert value_of(f"k: {quote_single(text)}\n") == text
    if is_literal_safe(text) and text:
        assert value_of(f"k:\n  l: {literal(text, 5, column=2)}\n") == MappingNode([("l", text)])


def test_double_quotes_leave_what_prints_raw() -> None:
    assert quote_double('é😀\u00a0"\\/\t\n\x85\u2028\x7f\ufeff') == '"é😀\u00a0\\"\\\\/\\t\\n\\N\\L\\x7F\\uFEFF"'
    assert quote_double("é😀", raw=False) == '"é\\U0001F600"'


@pytest.mark.parametrize(("text", "mark"), [("a", "-"), ("a\n", ""), ("a\n\n", "+"), ("\n", "+"), ("", "-")])
def test_chomping(text: str, mark: str) -> None:
    assert chomping(text) == mark


def test_block_body_keeps_empty_lines_empty() -> None:
    assert block_body("a\n\n  b\n", 2, newline="\r\n") == "  a\r\n\r\n    b"


@pytest.mark.parametrize(("mapping", "written"), BLOCKS, ids=["one", "groups", "mac_only"])
def test_the_metadata_block_is_written_as_sops_writes_it(mapping: dict[str, object], written: str) -> None:
    assert emit_mapping_block("sops", mapping, column=0) == written
    shifted = emit_mapping_block("sops", mapping, column=3, newline="\r\n")
    assert all(line.startswith("   ") for line in shifted.splitlines())
    assert value_of(shifted) == from_python(mapping)


@pytest.mark.parametrize("mapping", [mapping for mapping, _ in BLOCKS], ids=["one", "groups", "mac_only"])
def test_the_metadata_of_a_flow_mapping_is_one_line_of_json(mapping: dict[str, object]) -> None:
    line = flow_json(mapping)
    assert "\n" not in line
    assert json.loads(line) == mapping
    assert value_of(f'{{"sops": {line}}}') == from_python(mapping)


@given(TEXTS)
def test_flow_json_holds_any_text(text: str) -> None:
    line = flow_json({"k": text})
    assert json.loads(line) == {"k": text}
    assert value_of(f'{{"sops": {line}}}') == MappingNode([("k", text)])


def test_flow_json_writes_times_as_text_and_refuses_bytes() -> None:
    assert flow_json({"t": Timestamp("2024-01-01T00:00:00Z")}) == '{"t": "2024-01-01T00:00:00Z"}'
    with pytest.raises(EmitError):
        flow_json({"b": b"\xff"})


@pytest.mark.interop
@needs_sops
def test_a_real_sops_writes_the_same(tmp_path: Path) -> None:
    chance = random.Random(5)
    pieces = [
        "a",
        "b ",
        " ",
        "\n",
        ":",
        ": ",
        " #",
        "-",
        "?",
        "'",
        '"',
        "1",
        ".",
        "é",
        "😀",
        "\\",
        "{",
        ",",
        "yes",
        "\t",
    ]
    texts = ["".join(chance.choices(pieces, k=chance.randrange(6))) for _ in range(2000)]
    source = tmp_path / "plain.json"
    source.write_text(json.dumps({f"k{n}": text for n, text in enumerate(texts) if not text.startswith("\t")}))
    command = [
        "sops",
        "encrypt",
        "--age",
        RECIPIENT,
        "--encrypted-regex",
        "^never$",
        "--output-type",
        "yaml",
        str(source),
    ]
    written = subprocess.run(command, check=True, capture_output=True).stdout
    assert written.partition(b"\nsops:\n")[0] + b"\n" == emit([from_python(json.loads(source.read_text()))])  # type: ignore[list-item]
