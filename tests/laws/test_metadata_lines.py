"""Metadata that another program laid out: a change moves its lines `lastmodified` and `mac`, and no others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from leafseal.operations.edit import Draft
from leafseal.operations.rekey import rewrap, rotate
from leafseal.operations.reseal import reseal

from ..opening import set_leaf, unset_leaf
from ..whole_files import AMBIENT, KEYS, ME, WITHOUT_STRUCTURE, open_, seal

PLAIN = {
    "yaml": b"db:\n  password: hunter2\n  user: me\n",
    "json": b'{\n  "db": {\n    "password": "hunter2",\n    "user": "me"\n  }\n}\n',
    "ini": b"[db]\npassword = hunter2\nuser = me\n",
    "dotenv": b"password=hunter2\nuser=me\n",
}
PLACES = {"yaml": ("db", "password"), "json": ("db", "password"), "ini": ("db", "password"), "dotenv": ("password",)}


def parts(format_name: str) -> tuple[str, dict[str, str]]:
    """Return the values of a sealed file, and the texts in its metadata."""
    sealed = seal(PLAIN[format_name], format_name)
    opened = open_(sealed, format_name)
    mapping = opened.metadata
    enc = next(mapping.wrapped_keys()).enc
    body = opened.document.rewrite([], None).decode()
    assert "ENC[" in body
    return body, {"enc": enc, "mac": mapping.mac, "time": mapping.lastmodified, "recipient": ME.recipient}


def yaml_of_sops_3_6(body: str, said: dict[str, str]) -> str:
    enc = said["enc"].replace("\n", "\n            ").rstrip(" ")
    return (
        f"{body}sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n    age:\n"
        f"    -   recipient: {said['recipient']}\n        enc: |\n            {enc}"
        f"    lastmodified: '{said['time']}'\n    mac: {said['mac']}\n    pgp: []\n"
        "    unencrypted_suffix: _unencrypted\n    version: 3.6.0\n"
    )


def yaml_by_hand(body: str, said: dict[str, str]) -> str:
    enc = json.dumps(said["enc"])
    return (
        f"{body}\n# the keys\n'sops': # of the team\n  version: '3.7.1'\n\n  # mine\n  age: [{{enc: {enc},\n"
        f"      recipient: {said['recipient']}}}]\n  kms: null\n  pgp:\n  future: {{b: 0x1F, a: [~, 1.50]}}\n"
        f'  mac:   {said["mac"]}   # of all\n  LastModified: "{said["time"]}" # then\n'
        "  shamir_threshold: '0'\n  unencrypted_suffix: '_unencrypted' # the end\n"
    )


def yaml_in_flow(body: str, said: dict[str, str]) -> str:
    enc = json.dumps(said["enc"])
    return (
        f"{body}sops: {{version: 3.7.1, kms: [], age: [{{recipient: {said['recipient']}, enc: {enc}}}],\n"
        f"  mac: '{said['mac']}',\n  lastmodified: '{said['time']}',\n  unencrypted_suffix: _unencrypted}}\n"
    )


def json_of_sops_3_6(body: str, said: dict[str, str], *, unit: str = "\t") -> str:
    block = {
        "kms": None,
        "gcp_kms": None,
        "age": [{"recipient": said["recipient"], "enc": said["enc"]}],
        "lastmodified": said["time"],
        "mac": said["mac"],
        "pgp": None,
        "unencrypted_suffix": "_unencrypted",
        "version": "3.6.0",
    }
    return json.dumps({**json.loads(body), "sops": block}, indent=unit) + "\n"


def json_by_hand(body: str, said: dict[str, str]) -> str:
    return (
        f'{body.rstrip().removesuffix("}").rstrip()},\n  "sops": {{ "version":"3.7.1" , "kms": [ ],\n'
        f'"age":[ {{"enc": {json.dumps(said["enc"])}, "recipient": "{said["recipient"]}"}} ],\n'
        f'    "mac" :"{said["mac"]}",\n    "lastmodified": "{said["time"]}",\n'
        '    "future": {"b": 1.50, "a": [null, 10000000000000000000000]},\n'
        '    "unencrypted_suffix": "\\u005funencrypted"\n  }\n}\n'
    )


def flat(body: str, said: dict[str, str], line: str) -> str:
    enc = said["enc"].replace("\n", "\\n")
    pairs = {
        "version": "3.6.0",
        "age__list_0__map_recipient": said["recipient"],
        "age__list_0__map_enc": enc,
        "mac": said["mac"],
        "lastmodified": said["time"],
        "unencrypted_suffix": "_unencrypted",
        "future": "1",
        "shamir_threshold": "0",
    }
    return body + "".join(line.format(*pair) for pair in pairs.items())


def ini_by_hand(body: str, said: dict[str, str]) -> str:
    return flat(f"{body}[sops] ; here\n; the keys\n", said, "{}= {}\n").replace("mac=", "\n# all\n  mac :")


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


LAYOUTS: list[tuple[str, Callable[[str, dict[str, str]], str]]] = [
    ("yaml", yaml_of_sops_3_6),
    ("yaml", yaml_by_hand),
    ("yaml", yaml_in_flow),
    ("yaml", lambda body, said: yaml_of_sops_3_6(body, said).replace("\n", "\r\n")),
    ("yaml", lambda body, said: yaml_of_sops_3_6(body, said).rstrip("\n")),
    ("yaml", lambda body, said: crlf(body) + yaml_of_sops_3_6("", said)),
    ("yaml", lambda body, said: body + crlf(yaml_of_sops_3_6("", said))),
    ("yaml", lambda body, said: crlf(body) + yaml_of_sops_3_6("", said).removesuffix("\n")),
    ("json", json_of_sops_3_6),
    ("json", lambda body, said: json_of_sops_3_6(body, said, unit="   ").replace("\n", "\r\n")),
    ("json", json_by_hand),
    ("ini", lambda body, said: flat(f"{body}\n[sops]\n", said, "{} = {}\n")),
    ("ini", lambda body, said: flat(f"{body}\n[sops]\n", said, "{}={}\n").removesuffix("\n").replace("\n", "\r\n")),
    ("ini", ini_by_hand),
    ("ini", lambda body, said: flat(crlf(body) + "\n[sops]\n", said, "{} = {}\n")),
    ("ini", lambda body, said: flat(crlf(body)[:-2] + "\n\n[sops]\n", said, "{} = {}\n").removesuffix("\n")),
    ("ini", lambda body, said: body + crlf(flat("\n[sops]\n", said, "{} = {}\n"))),
    ("dotenv", lambda body, said: flat(body, said, "sops_{}={}\n")),
    ("dotenv", lambda body, said: flat(body, said, "sops_{}={}\n").removesuffix("\n")),
]


def block(data: bytes) -> str:
    """Return the metadata of a file with all tokens and times alike, and times without quotes."""
    text = re.sub(r"ENC\[[^]]*\]", "ENC[]", data.decode())
    text = re.sub(r"(['\"]?)\d{4}-\d\d-\d\dT[0-9:]+Z\1", "TIME", text)
    return text[text.index("sops") - 2 :]


each_layout = pytest.mark.parametrize(("format_name", "lay_out"), LAYOUTS)


@each_layout
def test_a_change_leaves_the_lines_of_the_metadata(format_name: str, lay_out: Callable[..., str]) -> None:
    old = lay_out(*parts(format_name)).encode()
    opened = open_(old, format_name, WITHOUT_STRUCTURE)
    for product in (
        set_leaf(opened, PLACES[format_name], "other"),
        set_leaf(opened, (*PLACES[format_name][:-1], "new"), "other"),
        unset_leaf(opened, PLACES[format_name]),
    ):
        assert block(product.data) == block(old)
        product.check(product.data)


SPELLED = {"yaml": b"0x1F", "json": b"5e0", "ini": b"one\\\n  two"}


@each_layout
def test_a_spelling_adds_its_own_lines_for_as_long_as_it_is_there(
    format_name: str, lay_out: Callable[..., str]
) -> None:
    if format_name not in SPELLED:
        return  # dotenv has no spellings
    old = lay_out(*parts(format_name)).encode()
    opened = open_(old, format_name, WITHOUT_STRUCTURE)
    plain = re.sub(rb"\"?hunter2\"?", lambda _: SPELLED[format_name], opened.plaintext())
    product = reseal(opened, Draft.of(opened, plain))
    product.check(product.data)
    if lay_out is not yaml_in_flow:
        lines = [line.removesuffix(",") for line in block(product.data).splitlines()]
        rest = iter(lines)
        assert all(line.removesuffix(",") in rest for line in block(old).splitlines())
        assert len(lines) > len(block(old).splitlines())
    again = set_leaf(product.open(), PLACES[format_name], "hunter2")
    assert block(again.data) == block(old)


def said_of_other_things(data: bytes) -> list[str]:
    """Return the fields of the metadata that say nothing of keys, spelled as they are."""
    kms = r"(?<![\w+/\\=-])\w{0,9}kms(?=[\"':=\s_])[^,\n]*"  # the name of a field, and no part of a wrapped key
    pattern = rf"version[^,\n]*|{kms}|unencrypted_suffix[^,}}\n]*|future.*|# mine"
    return [found.strip() for found in re.findall(pattern, block(data))]


@each_layout
def test_new_keys_leave_what_is_said_of_other_things(format_name: str, lay_out: Callable[..., str]) -> None:
    old = lay_out(*parts(format_name)).encode()
    opened = open_(old, format_name, WITHOUT_STRUCTURE)
    for product in (rotate(opened, KEYS, 0, AMBIENT), rewrap(opened, KEYS * 2, 0, AMBIENT)):
        product.check(product.data)
        assert said_of_other_things(product.data) == said_of_other_things(old)


@each_layout
def test_without_its_metadata_the_file_is_what_it_was(format_name: str, lay_out: Callable[..., str]) -> None:
    opened = open_(lay_out(*parts(format_name)).encode(), format_name, WITHOUT_STRUCTURE)
    again = set_leaf(opened, PLACES[format_name], "other").open()
    assert set_leaf(again, PLACES[format_name], "hunter2").open().plaintext() == opened.plaintext()


def test_a_block_that_cannot_be_changed_in_place_is_written_whole() -> None:
    """Here the last line break, which the file does not have, would belong to a value."""
    body, said = parts("yaml")
    enc = "\n      ".join(said["enc"].splitlines())
    old = (
        f"{body}sops:\n  mac: {said['mac']}\n  lastmodified: '{said['time']}'\n  version: 3.7.1\n"
        f"  age:\n  - recipient: {said['recipient']}\n    enc: |\n      {enc}"
    ).encode()
    product = set_leaf(open_(old, "yaml", WITHOUT_STRUCTURE), ("db", "user"), "you")
    product.check(product.data)
    assert not product.data.endswith(b"\n")
    assert [key.enc.strip() for key in product.open().metadata.wrapped_keys()] == [said["enc"].strip()]


def test_every_document_keeps_its_own_block() -> None:
    body, said = parts("yaml")
    block = yaml_of_sops_3_6("", said)
    other = block.replace("    kms:", "    # here\n    kms:")
    old = f'{body}{block}---\nmore: ""\n{other}'.encode()
    data = set_leaf(open_(old, "yaml", WITHOUT_STRUCTURE), ("db", "user"), "you").data
    opened = open_(data, "yaml")
    assert re.sub(rb"ENC\[[^]]*\]|[\"'].*Z[\"']", b"", data) == re.sub(rb"ENC\[[^]]*\]|[\"'].*Z[\"']", b"", old)
    assert data.count(opened.metadata.mac.encode()) == 2
