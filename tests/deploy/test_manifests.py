"""Manifests: the objects of a file, Secrets with their values as data, and YAML that every reader reads alike."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leafseal.deploy.emitter import emit
from leafseal.deploy.manifests import manifests, title
from leafseal.deploy.opening import File, open_files
from leafseal.deploy.secrets import fault_of_key, with_data
from leafseal.errors import EmitError, LeafsealError
from leafseal.keys.ring import KeyRing

from ..opening import as_item
from ..whole_files import AMBIENT, seal


def _file(text: bytes, format_name: str = "yaml") -> File:
    [file], errors = open_files([as_item(f"x.{format_name}", text, format_name)], KeyRing(AMBIENT))
    assert not errors
    return file


def _secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, **fields}


STREAM = b"""\
# only a comment
---
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
{}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
- apiVersion: v1
  kind: SecretList
  items:
  - metadata: {name: c}
    stringData: {when: 2024-01-02, y: n, zip: "08"}
"""


@pytest.mark.parametrize("encrypted", [False, True])
def test_documents_and_lists_are_objects(encrypted: bool) -> None:
    found = manifests(_file(seal(STREAM, "yaml") if encrypted else STREAM))
    assert [title(one) for one in found] == ["Namespace a", "ConfigMap b", "Secret c"]
    assert found[2]["stringData"] == {"when": "2024-01-02", "y": "n", "zip": "08"}
    assert found[2]["apiVersion"] == "v1"


def test_json_is_read_as_json() -> None:
    text = json.dumps(_secret(stringData={"a": "b"})).encode()
    assert manifests(_file(seal(text, "json"), "json")) == [_secret(stringData={"a": "b"})]


@pytest.mark.parametrize("text", [b"a: 1\n", b"kind: Secret\n", b"apiVersion: v1\nkind: [a]\n"])
def test_what_is_no_object_is_said(text: bytes) -> None:
    with pytest.raises(LeafsealError, match=r"^x\.yaml: not an object of Kubernetes"):
        manifests(_file(text))


def test_string_data_becomes_data() -> None:
    found = with_data(_secret(type="Opaque", data={"a": "Zmlyc3Q=", "b": "b2xk"}, stringData={"b": "new", "c": ""}))
    assert found == _secret(type="Opaque", data={"a": "Zmlyc3Q=", "b": "bmV3", "c": ""})
    assert list(found) == ["apiVersion", "kind", "metadata", "type", "data"]
    assert with_data(_secret(stringData=None)) == _secret()
    other = {"apiVersion": "example.org/v1", "kind": "Secret", "stringData": {"a": 1}}
    assert with_data(other) is other


def test_data_in_lines_is_joined() -> None:
    assert with_data(_secret(data={"a": "Zmly\nc3Q=\n"}))["data"] == {"a": "Zmlyc3Q="}


def test_text_that_is_not_utf_8_is_data() -> None:
    assert with_data(_secret(stringData={"a": b"\xff"}))["data"] == {"a": "/w=="}


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"stringData": {"port": 5432}}, "stringData.port: is a number"),
        ({"stringData": {"on": True}}, "stringData.on: is true or false"),
        ({"stringData": {"a": {"b": "c"}}}, "stringData.a: is a mapping or list"),
        ({"stringData": ["a"]}, "stringData must be a mapping"),
        ({"data": {"a": "not base64"}}, "data.a: is not base64"),
        ({"data": {"a": "QQ"}}, "data.a: is not base64"),
        ({"stringData": {"a b": "x"}}, "the key name 'a b' is not valid"),
        ({"stringData": {"a/b": "x"}}, "the key name 'a/b' is not valid"),
        ({"stringData": {"..": "x"}}, "folder's name"),
        ({"stringData": {"a" * 254: "x"}}, "longer than 253"),
        ({"stringData": {"a": "x" * (1 << 20), "b": "y"}}, "its values have 1048577 bytes; a Secret can have 1048576"),
        ({"type": "kubernetes.io/tls", "stringData": {"tls.crt": "x"}}, "needs the key tls.key"),
        ({"type": "kubernetes.io/dockerconfigjson"}, "needs the key .dockerconfigjson"),
    ],
)
def test_what_the_server_would_refuse_is_said_before(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(LeafsealError) as caught:
        with_data(_secret(**fields))
    assert str(caught.value).startswith("Secret db: ")
    assert what in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_a_secret_of_exactly_one_mebibyte_passes() -> None:
    with_data(_secret(stringData={"a": "x" * (1 << 20)}))


@pytest.mark.parametrize("key", ["a", ".dockerconfigjson", "tls.crt", "A_b-1", ".a"])
def test_usual_key_names(key: str) -> None:
    assert fault_of_key(key) is None


# What Kubernetes' reader takes for true, false or a number where it is not quoted.
TRAPS = [
    *[
        "y",
        "n",
        "Y",
        "N",
        "yes",
        "no",
        "on",
        "off",
        "1e3",
        "1E3",
        "08",
        "0o17",
        "0.1e1",
        "1_000",
        "0x1f",
        "12:30:45",
        "null",
        "~",
        "<<",
        "=",
        "2024-01-02",
        "---",
        "...",
    ],
    *("", "- a", "# a", "a: b", "'", '"', "\\", "%a", "@a", "\t", "a\nb", "\x01", "\x7f"),
    *("\u0085", "\u2028", "\ufeff", "\U0001f600"),
]


def test_every_string_and_key_is_quoted() -> None:
    document = {f"k{trap}": trap for trap in TRAPS} | {trap: [trap, {trap: trap}, [trap]] for trap in TRAPS}
    text = emit([document])
    assert text.isascii() or b"\xef\xbb\xbf" not in text
    assert yaml.safe_load(text) == document
    for line in text.decode().splitlines():
        assert line.lstrip(" -").startswith('"'), line


def test_a_stream_of_documents() -> None:
    assert emit([{"a": 1}, {"b": [{}, [], {"c": None, "d": [True, 1.5]}]}]) == (
        b'"a": 1\n---\n"b":\n  - {}\n  - []\n  - "c": null\n    "d":\n      - true\n      - 1.5\n'
    )


@pytest.mark.parametrize("value", [float("inf"), float("nan"), b"\xff", "\udcff", {"k" * 1100: 1}])
def test_what_json_cannot_contain_is_refused(value: object) -> None:
    with pytest.raises(EmitError):
        emit([{"a": value}])


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(_TEXT, _VALUES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_is_written_is_read_again(documents: list[dict[str, Any]]) -> None:
    assert list(yaml.safe_load_all(emit(documents))) == documents


def test_base64_is_that_of_kubernetes() -> None:
    text = "".join(map(chr, range(256)))
    assert with_data(_secret(stringData={"a": text}))["data"]["a"] == base64.b64encode(text.encode()).decode()
