"""The format of a file whose name ends in nothing that SOPS knows: by more of the name, or by encrypted content."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from leafseal.formats import FORMATS, format_of, recognize

from ..whole_files import seal

PLAIN = {
    "yaml": b"a: 1\n",
    "json": b'{"a": 1}\n',
    "dotenv": b"A=1\n",
    "ini": b"[a]\nb = 1\n",
    "binary": b"\x00\xff",
}


@pytest.mark.parametrize(
    ("name", "format_name"),
    {
        ".env.local": "dotenv",
        "deploy/.env.production": "dotenv",
        ".ENV": "dotenv",
        "x.YAML": "yaml",
        "x.Yml": "yaml",
        "secrets.env.sops": "dotenv",
        "x.yaml.enc": "yaml",
        "x.json.bak.enc": "json",
        "x.ini.example": "ini",
        ".env.yaml": "yaml",
        ".env.enc": "dotenv",
        "C:\\dir\\.env.local": "dotenv",
        ".env.age": "binary",
        ".env.js": "binary",
        ".env.local~": "binary",
        ".env.d/key": "binary",
        "env.local": "binary",
        ".enc": "binary",
        "x.yaml.tmpl": "binary",
        "key.pem": "binary",
        "-": "binary",
    }.items(),
)
def test_more_of_a_name_tells_it(name: str, format_name: str) -> None:
    assert recognize(name) == format_name


@pytest.mark.parametrize("name", ["x.yaml", "x.env", "a.json", "a.ini"])
def test_a_name_that_sops_knows_is_taken_as_sops_takes_it(name: str) -> None:
    assert recognize(name, seal(PLAIN["binary"], "binary")) == format_of(name)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", ["-", "secrets", ".env.local", "x.YAML", "x.json.enc"])
def test_encrypted_content_tells_it(format_name: str, name: str) -> None:
    assert recognize(name, seal(PLAIN[format_name], format_name)) == format_name


@pytest.mark.parametrize("format_name", FORMATS)
def test_windows_line_ends_and_marks_do_not_hide_it(format_name: str) -> None:
    data = seal(PLAIN[format_name], format_name).replace(b"\n", b"\r\n")
    assert recognize("secrets", data) == format_name
    if format_name == "yaml":
        assert recognize("secrets", b"\xef\xbb\xbf" + data) == format_name


_TOKEN = "ENC[AES256_GCM,data:YQ==,iv:aa,tag:bb,type:str]"


@pytest.mark.parametrize(
    ("text", "format_name"),
    {
        f'{{"sops": {{}}, "data": "{_TOKEN}"}}': "binary",
        f'{{"data": "{_TOKEN}", "more": 1, "sops": {{}}}}': "json",
        f'{{"data": "{_TOKEN}"}}': "dotenv",  # no metadata: nothing tells it
        f'{{"data": "{_TOKEN}", "sops": ': "binary",  # cut off
        "[" * 100_000 + _TOKEN: "dotenv",
        '{"sops": ' + "[" * 100_000 + _TOKEN: "dotenv",
        f"- a\n- sops: {_TOKEN}\n": "dotenv",
        f'"sops":\n    mac: {_TOKEN}\n': "yaml",
        f"A={_TOKEN}\nsops_mac={_TOKEN}\n": "dotenv",
        "sops: the word\n": "dotenv",
    }.items(),
)
def test_what_tells_it(text: str, format_name: str) -> None:
    assert recognize(".env.x", text.encode()) == format_name


def test_each_format_can_be_told() -> None:
    signs: Mapping[str, bytes] = PLAIN
    assert set(signs) == set(FORMATS)
