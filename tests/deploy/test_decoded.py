"""Secrets as they are edited: data is text in the editor, and base64 in the file, to the byte where nothing changed."""

from __future__ import annotations

import base64
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leafseal.deploy.decoded import Decoded
from leafseal.errors import LeafsealError
from leafseal.formats import parse

MANIFEST = b"""\
# of the shop
apiVersion: v1
kind: Secret
metadata: {name: db}
data:
    user: c2hvcC11c2Vy   # the user
    "pass": 'c3dvcmRmaXNo'
    lines: |
        bGluZSAxCmxp
        bmUgMgo=
    cert: AAECAwQ=
    odd: QUJ=
    empty: ""
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm}
data: {user: c2hvcC11c2Vy}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: "Yg=="}}
"""


def test_data_is_shown_as_text_and_comes_back_to_the_byte() -> None:
    view = Decoded(parse(MANIFEST, "yaml"))
    header, _, rest = view.text.partition(b"# of the shop")
    assert header == (
        b"# data.cert stays base64 here: it is no text\n"
        b"# data.odd stays base64 here: it is no text\n"
    )  # fmt: skip
    shown = list(yaml.safe_load_all(rest))
    assert shown[0]["data"] == {
        "user": "shop-user", "pass": "swordfish", "lines": "line 1\nline 2\n", "cert": "AAECAwQ=", "odd": "QUJ=",
        "empty": "",
    }  # fmt: skip
    assert shown[1]["data"] == {"user": "c2hvcC11c2Vy"}
    assert shown[2]["items"][0]["data"] == {"a": "b"}
    assert b"# the user" in rest
    assert view.restore(view.text) == MANIFEST
    assert view.restore(view.text.replace(header, b"")) == MANIFEST


def _changed(old: bytes, new: bytes, plain: bytes = MANIFEST) -> bytes:
    view = Decoded(parse(plain, "yaml"))
    assert old in view.text
    return view.restore(view.text.replace(old, new))


def test_what_is_changed_is_base64_again() -> None:
    restored = _changed(b"shop-user", b"shop-admin")
    assert restored == MANIFEST.replace(b"c2hvcC11c2Vy   #", b"c2hvcC1hZG1pbg==   #")
    restored = _changed(b'    "pass":', b'    port: 5432\n    on: yes\n    "pass":')
    assert yaml.safe_load(restored.partition(b"---")[0])["data"]["port"] == base64.b64encode(b"5432").decode()
    restored = _changed(b'    empty: ""\n', b"")
    assert restored == MANIFEST.replace(b'    empty: ""\n', b"")


def test_what_is_base64_stays_so() -> None:
    assert b"cert: BQY=" in _changed(b"cert: AAECAwQ=", b"cert: BQY=")
    with pytest.raises(LeafsealError, match=r"^data\.cert: is base64 in this file"):
        _changed(b"cert: AAECAwQ=", b"cert: not base64")
    moved = _changed(b"# of the shop", b"apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\n# of the shop")
    assert b"cert: AAECAwQ=" in moved


def test_json_is_edited_too() -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA==", "b": "AAE="}}, indent=2).encode()
    view = Decoded(parse(text, "json"))
    assert json.loads(view.text)["data"] == {"a": "x", "b": "AAE="}
    assert view.restore(view.text) == text
    assert json.loads(view.restore(view.text.replace(b'"x"', b'"y"')))["data"] == {"a": "eQ==", "b": "AAE="}


@given(st.dictionaries(st.from_regex(r"[-._a-zA-Z0-9]{1,8}", fullmatch=True), st.binary(max_size=40), max_size=5))
def test_any_data_comes_back_to_the_byte(values: dict[str, bytes]) -> None:
    data = {key: base64.b64encode(value).decode() for key, value in values.items()}
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": data}).encode()
    view = Decoded(parse(text, "yaml"))
    assert view.restore(view.text) == text
