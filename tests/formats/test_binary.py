"""Files of any bytes, and the JSON files that they are when they are sealed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leafseal.document import Edit
from leafseal.document.limits import Limits
from leafseal.document.scalars import to_bytes
from leafseal.document.tree import Comment, MappingNode
from leafseal.errors import EmitError, FormatError, NotEncryptedError, PathError
from leafseal.formats.binary import emit, parse

from .fake_sealing import METADATA, open_, seal

VECTORS = Path(__file__).parents[1] / "vectors" / "sops-3.13.2"
FOLDERS = sorted([*VECTORS.glob("*-bin--*"), *VECTORS.glob("*-txt--*")])


@settings(deadline=None)
@given(st.binary())
@example(b"")
@example(b'{"data": "x", "sops": {}}')
@example(b"\0\xff\r\n")
@example("é".encode())
def test_bytes_come_back(data: bytes) -> None:
    document = parse(data)
    (leaf,) = document.leaves()
    assert (leaf.locator, leaf.path) == (("data",), ("data",))
    assert to_bytes(leaf.value) == data  # type: ignore[arg-type]
    assert document.metadata() is None
    assert document.rewrite([]) == document.rewrite([], None) == data
    sealed = seal(document)
    read = json.loads(sealed.data)
    assert read == {"data": next(iter(sealed.held), ""), "sops": METADATA}
    assert parse(sealed.data, sealed=True).metadata() == METADATA
    assert open_(sealed, "binary") == data
    assert sealed.spellings == {}


def test_the_value_of_utf8_is_text() -> None:
    assert parse("é".encode()).leaves()[0].value == "é"
    assert parse(b"\xe9").leaves()[0].value == b"\xe9"


@pytest.mark.parametrize(("indent", "margin"), [(None, "\t"), (-1, "\t"), (2, "  "), (0, "")])
def test_layout(indent: int | None, margin: str) -> None:
    document = parse(b"x")
    data = document.rewrite([Edit(0, 1, "ENC[x]")], METADATA, indent).decode()
    assert data.startswith(f'{{\n{margin}"data": "ENC[x]",\n{margin}"sops": {{\n{margin * 2}"age"')
    assert data.endswith("\n}\n")
    assert parse(data.encode(), sealed=True).block_indent == (-1 if margin == "\t" else len(margin))
    assert parse(b'{"data": "x"}', sealed=True).block_indent is None


def test_a_token_is_found_and_replaced_inside_its_quotes() -> None:
    document = parse(seal(parse(b"secret")).data, sealed=True)
    (leaf,) = document.leaves()
    assert document.text[leaf.start : leaf.end] == leaf.value
    changed = document.rewrite([Edit(leaf.start, leaf.end, "ENC[other]")], {"mac": "ENC[m]"})
    assert json.loads(changed) == {"data": "ENC[other]", "sops": {"mac": "ENC[m]"}}
    assert document.context(leaf) == parse(b"secret").context(leaf)


def test_any_json_file_of_sops_can_be_read() -> None:
    document = parse(b'{"a": {"b": 1}, "data": "x\\u0001y", "sops": {"mac": "m"}}', sealed=True)
    assert [leaf.path for leaf in document.leaves()] == [("a", "b"), ("data",)]
    a, data = document.leaves()
    edits = document.open_edits([(a, 2), (data, b"\xff")], {})
    assert document.rewrite(edits, None) == b"\xff"
    assert document.rewrite([], None) == b"x\x01y"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "x", "sops": {}}', "error emitting binary store: no binary data found in tree"),
        ('{"data": 1, "sops": {}}', "error emitting binary store: 'data' key in tree does not have a string value"),
        ('{"data": {"x": "y"}}', "error emitting binary store: no binary data found in tree"),
    ],
)
def test_a_file_without_data(text: str, message: str) -> None:
    with pytest.raises(EmitError) as caught:
        parse(text.encode(), sealed=True).rewrite([], None)
    assert str(caught.value) == message
    assert "use --output-type to select the correct output type" in (caught.value.hint or "")


def test_a_token_of_another_type_has_no_bytes() -> None:
    document = parse(b'{"data": "ENC[x]"}', sealed=True)
    with pytest.raises(EmitError, match="does not have a string value"):
        document.open_edits([(document.leaves()[0], 1)], {})


def test_a_sealed_file_is_json() -> None:
    with pytest.raises(NotEncryptedError, match="not an encrypted binary file"):
        parse(b"\x00binary", sealed=True)
    with pytest.raises(FormatError, match="not JSON"):
        parse(b'{"data": "ENC[AES256_GCM,data', sealed=True)


def test_the_one_value_may_be_as_large_as_the_file() -> None:
    data = seal(parse(b"x" * 100)).data
    assert parse(data, Limits(scalar_bytes=10), sealed=True).leaves()


def test_set_and_unset() -> None:
    document = parse(b"old")
    assert document.rewrite(document.set_edits(("data",), b"\xffnew")) == b"\xffnew"
    with pytest.raises(EmitError, match="text or bytes"):
        document.set_edits(("data",), 1)
    for locator in [(), ("other",), ("data", "x")]:
        with pytest.raises(PathError):
            document.set_edits(locator, "x")
        with pytest.raises(PathError):
            document.unset_edits(locator)
    with pytest.raises(PathError, match="only set"):
        document.unset_edits(("data",))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_file_that_sops_wrote_is_written_the_same(folder: Path) -> None:
    (path,) = folder.glob("encrypted.*")
    data = path.read_bytes()
    document = parse(data, sealed=True)
    assert document.block_indent == -1
    assert document.rewrite([], document.metadata()) == data
    plain = parse(next(folder.glob("plain.*")).read_bytes())
    (leaf,) = document.leaves()
    assert plain.rewrite([Edit(0, len(plain.text), str(leaf.value))], document.metadata()) == data


def test_emission() -> None:
    assert emit([MappingNode([Comment("x"), ("a", 1), ("data", b"\xff")])]) == b"\xff"
    assert emit([MappingNode([("data", "é")])]) == "é".encode()
    for documents in ([], [MappingNode()], [MappingNode([("data", 1)])], [MappingNode(), MappingNode()]):
        with pytest.raises(EmitError, match="error emitting binary store"):
            emit(documents)


def test_a_file_may_be_longer_than_any_value() -> None:
    document = parse(b"x")
    token = f"ENC[AES256_GCM,data:{'A' * Limits().scalar_bytes},iv:aXY=,tag:dGFn,type:str]"
    edits, _ = document.seal_edits([(document.leaves()[0], token)])
    assert parse(document.rewrite(edits, METADATA), sealed=True).leaves()[0].value == token
