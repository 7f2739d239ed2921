"""What the post-renderer makes of the manifests of a chart."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
import yaml

from leafseal.deploy.helm.rendering import render
from leafseal.deploy.helm.stream import FILENAME, pieces, without_filename
from leafseal.errors import MissingFileError
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection

from ..opening import as_item
from ..operations.test_batch import CountingKey, network
from ..whole_files import AMBIENT, KEYS, seal

__all__ = ["network"]

PLAIN = b"# Source: a/plain.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: c   # x\ndata: {y: 'n'}\n"
SECRET = b"# about it\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  y: swordfish\n"
SEALED = encrypt(SECRET, "yaml", KEYS, 0, Selection(encrypted_regex="^(data|stringData)$"), AMBIENT).data
FILES: Mapping[str, Item] = {
    "s.yaml": as_item(
        "s.yaml", seal(b"db:\n  password: swordfish\n  port: 5432\n  rate: 1.50\nlist: [a]\n", "yaml"), "yaml"
    ),
    "key.pem": as_item("key.pem", seal(b"PEM\n", "binary"), "binary"),
    "raw": as_item("raw", seal(b"\xff\0", "binary"), "binary"),
    "two.yaml": as_item("two.yaml", seal(b"a: 1\n---\nb: 2\n", "yaml"), "yaml"),
    "plain.yaml": as_item("plain.yaml", b"a: b\n", "yaml"),
}


def read(name: str) -> Item:
    try:
        return FILES[name]
    except KeyError:
        raise MissingFileError("no such file", file=name) from None


def rendered(stream: bytes) -> bytes:
    data, errors = render(stream, KeyRing(AMBIENT), read)
    assert errors == []
    return data


def refused(stream: bytes) -> list[str]:
    data, errors = render(stream, KeyRing(AMBIENT), read)
    assert data == b""
    assert "swordfish" not in "".join(map(str, errors))
    return [str(error) for error in errors]


def manifest(body: str, kind: str = "Secret") -> bytes:
    return f"---\n# Source: a/x.yaml\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: x\n{body}".encode()


def text(value: bytes) -> str:
    return base64.b64encode(value).decode()


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\n",
        b"---\n",
        PLAIN,
        b"---\n" + PLAIN + b"---\n" + PLAIN,
        b"--- # c\r\n" + PLAIN + b"\n---",
        b"a: |\n  ---\n",
    ],
)
def test_what_has_nothing_to_decrypt_stays_to_the_byte(stream: bytes) -> None:
    assert rendered(stream) == stream
    assert b"".join(one.separator + one.lead + one.text for one in pieces(stream)) == stream


def test_an_encrypted_manifest_in_its_place() -> None:
    data = rendered(b"---\n" + PLAIN + b"---\n# Source: a/db.yaml\n" + SEALED + b"---\n" + PLAIN)
    before, own, after = data.split(b"---\n")[1:]
    assert (before, after) == (PLAIN, PLAIN)
    assert own.startswith(b"# Source: a/db.yaml\n# about it\n")
    assert yaml.safe_load(own)["data"] == {"y": text(b"swordfish")}
    assert b"sops" not in own


@pytest.mark.parametrize("labels", [b"", b"  annotations:\n    other: x\n"])
def test_what_helm_4_adds_is_no_change_and_is_given_back(labels: bytes) -> None:
    source = SECRET.replace(b"  name: db\n", b"  name: db\n" + labels)
    sealed = encrypt(source, "yaml", KEYS, 0, Selection(encrypted_regex="^(data|stringData)$"), AMBIENT).data
    added = b"    postrenderer.helm.sh/postrender-filename: 'shop/templates/db.yaml'\n"
    given = sealed.replace(b"  name: db\n" + labels, b"  name: db\n" + (labels or b"  annotations:\n") + added)
    assert without_filename(given) == (sealed, "shop/templates/db.yaml")
    found = yaml.safe_load(rendered(given))["metadata"]["annotations"]
    assert found[FILENAME[-1]] == "shop/templates/db.yaml"
    assert found.get("other") == ("x" if labels else None)


def test_references_become_values() -> None:
    ref = "ref+leafseal://s.yaml#/db/password"
    body = f"data:\n  a: {text(ref.encode())}\n  b: {ref}\n  c: ref+leafseal://raw\nstringData:\n  d: {ref}\n  e: ref+leafseal://key.pem\n"
    found = yaml.safe_load(rendered(manifest(body)))
    assert found["data"] == {
        **dict.fromkeys("abd", text(b"swordfish")),
        "c": text(b"\xff\0"),
        "e": text(b"PEM\n"),
    }
    body = f"spec:\n  args: ['{ref}', 'ref+leafseal://s.yaml#/list/0', 'ref+leafseal://s.yaml#/db/port']\n"
    assert yaml.safe_load(rendered(manifest(body, "Pod")))["spec"]["args"] == ["swordfish", "a", "5432"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("data:\n  a: x ref+leafseal://s.yaml#/db/password\n", "data.a: a reference must be the whole value"),
        ("data:\n  a: ref+leafseal://s.yaml#db\n", "data.a: a reference must have the form"),
        ("data:\n  a: ref+leafseal://#/a\n", "data.a: a reference must have the form"),
        ("data:\n  a: ref+leafseal:s.yaml#/a\n", "data.a: a reference must be the whole value"),
        ("data:\n  a: ref+leafseal://none.yaml#/a\n", "none.yaml: no such file"),
        ("data:\n  a: ref+leafseal://plain.yaml#/a\n", "plain.yaml: not encrypted, and a reference names it"),
        ("data:\n  a: ref+leafseal://s.yaml#/db/user\n", "s.yaml: db.user does not exist"),
        ("data:\n  a: ref+leafseal://s.yaml#/db\n", "s.yaml: /db is not a single value"),
        ("data:\n  a: ref+leafseal://key.pem#/a\n", "key.pem: this file has one value"),
        ("data:\n  a: ENC[AES256_GCM,data:aa,iv:aa,tag:aa,type:str]\n", "a/x.yaml: a value is still encrypted"),
        ("stringData:\n  a: ref+leafseal://raw\n", "the value of a reference is not UTF-8"),
    ],
)
def test_with_anything_wrong_nothing_is_printed(body: str, message: str) -> None:
    [error] = refused(b"---\n" + SEALED + manifest(body))
    assert message in error


def test_every_fault_is_named() -> None:
    torn = SEALED.replace(b"data:", b"data:AAAA", 1)
    errors = refused(b"---\n# Source: a/torn.yaml\n" + torn + manifest("data:\n  a: ref+leafseal://none#/a\n"))
    assert [error.partition(":")[0] for error in errors] == ["a/torn.yaml", "none"]


@pytest.mark.parametrize("filename", [b"", b"  annotations:\n    postrenderer.helm.sh/postrender-filename: a/x.yaml\n"])
def test_a_fault_of_yaml_is_named_once(filename: bytes) -> None:
    [error] = refused(manifest("data: [ref+leafseal://none\n").replace(b"  name: x\n", b"  name: x\n" + filename))
    assert error.startswith("a/x.yaml: line ")


def test_a_change_to_an_encrypted_manifest_is_noticed() -> None:
    [error] = refused(b"# Source: a/db.yaml\n" + SEALED.replace(b"name: db", b"name: other"))
    assert error.startswith("a/db.yaml: ")


def test_a_key_service_is_asked_once_for_each_data_key(network: dict[str, CountingKey]) -> None:
    chosen = Selection(encrypted_regex="^stringData$")
    sealed = encrypt(SECRET, "yaml", [[network["one"]]], 0, chosen, AMBIENT).data
    assert rendered(sealed + b"---\n" + sealed).count(b'"kind"') == 2
    assert network["one"].calls.count("unwrap") == 1
