"""Options and maps say which value becomes which file."""

from __future__ import annotations

import os

import pytest

from leafseal.errors import ConfigError, UsageError
from leafseal.run.render.entries import Entry, check_paths, fault_of_path, read_map, read_mode, read_owner, read_word
from leafseal.run.render.tree import Owner


@pytest.mark.parametrize(
    ("word", "entry"),
    [
        ("db/password=secrets.yaml:/db/password", Entry("db/password", "secrets.yaml", "/db/password")),
        ("a=s.yaml:a:b=c", Entry("a", "s.yaml", "a:b=c")),
        ("a=s.yaml", Entry("a", "s.yaml")),
        ("a=s.yaml:", Entry("a", "s.yaml")),
        ("tls/=s.yaml:/tls", Entry("tls/", "s.yaml", "/tls")),
        ("./=s.yaml", Entry("./", "s.yaml")),
    ],
)
def test_words(word: str, entry: Entry) -> None:
    assert read_word(word) == entry


@pytest.mark.parametrize("word", ["", "a", "=", "a=", "=s.yaml", "a=:x", "../a=s.yaml", "/a=s.yaml", "a//b=s.yaml"])
def test_what_is_no_word(word: str) -> None:
    with pytest.raises(UsageError):
        read_word(word)


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", "..data", "..data/a", "a/..b", "..2026_x", ".", "./a",
        "a/.", "a//b", "//", "a\0b", "x" * 256, "é" * 128,
    ],
)  # fmt: skip
def test_paths_that_lead_elsewhere(path: str) -> None:
    assert fault_of_path(path) is not None


@pytest.mark.parametrize("path", ["a", "a/b.c/d", ".env", ".a/.b", "a..b", "a/", "./", "x" * 255, "a b", "é"])
def test_paths_below_the_folder(path: str) -> None:
    assert fault_of_path(path) is None


MAP = b"""\
render:
  - {path: app/db.env, from: secrets.enc.yaml, pointer: /db, format: dotenv, mode: "0400", owner: "999:998"}
  - path: site.conf
    from: ../secrets.yaml
    template: site.conf.tmpl
    escape: json
    mode: 0440
    document: 1
"""


def test_a_map() -> None:
    first, second = read_map(MAP, "deploy/render.yaml")
    assert first == Entry(
        "app/db.env", "deploy/secrets.enc.yaml", "/db", None, "dotenv", None, None, 0o400, Owner(999, 998), "deploy"
    )
    assert second == Entry(
        "site.conf", "deploy/../secrets.yaml", "", 1, None, "deploy/site.conf.tmpl", "json", 0o440, None, "deploy"
    )
    assert read_map(MAP, "render.yaml")[0].source == "secrets.enc.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no file to be rendered"),
        ("render: []", "no file to be rendered"),
        ("render: {}", "a mapping where a list is expected"),
        ("render: [a]", "text where a mapping is expected"),
        ("other: 1", "unknown key"),
        ("render: [{path: a}]", "no encrypted file"),
        ("render: [{path: a, from: '-'}]", "no encrypted file"),
        ("render: [{from: s}]", "not a path below the folder"),
        ("render: [{path: ../a, from: s}]", "a name in it is . or begins with .."),
        ("render: [{path: a, from: s, mod: '0400'}]", "unknown key"),
        ("render: [{path: a, from: s, mode: '4755'}]", "4755 is not a mode"),
        ("render: [{path: a, from: s, mode: 256}]", "256 is not a mode"),
        ("render: [{path: a, from: s, mode: rw}]", "rw is not a mode"),
        ("render: [{path: a, from: s, owner: no-such-user}]", "unknown user no-such-user"),
        ("render: [{path: a, from: s, owner: '0:no-such-group'}]", "unknown group no-such-group"),
        ("render: [{path: a, from: s, format: toml}]", "not one of raw, dotenv"),
        ("render: [{path: a, from: s, escape: json}]", "escape is for templates alone"),
        ("render: [{path: a, from: s, template: t, escape: html}]", "not one of none, json"),
        ("render: [{path: a, from: s, template: t, format: raw}]", "a template is a file of its own"),
        ("render: [{path: a/, from: s, format: raw}]", "one file for each key has no format"),
        ("render: [{path: a, from: s, document: -1}]", "counted from 0"),
        ("render: [", "not valid YAML"),
        ("render: [{path: a, path: b, from: s}]", "appears twice"),
    ],
)
def test_what_is_wrong_with_a_map(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_map(text.encode(), "render.yaml")
    assert caught.value.file == "render.yaml"
    assert message in str(caught.value).replace("invalid YAML", "not valid YAML")


def test_all_faults_of_a_map_are_told() -> None:
    with pytest.raises(ConfigError) as caught:
        read_map(b"render: [{path: ../a, from: s}, {path: b, from: s, mode: x}]", "render.yaml")
    assert [place for place, _ in caught.value.faults] == ["render[0].path", "render[1].mode"]


def test_modes() -> None:
    assert [read_mode(text) for text in ("0400", "0o440", "0777")] == [0o400, 0o440, 0o777]
    for text in ("", "400", "4755", "04000", "1777", "u+r", "8", "0800", "256 "):
        with pytest.raises(UsageError):
            read_mode(text)


@pytest.mark.skipif(os.name == "nt", reason="no owners there")
def test_owners() -> None:
    assert read_owner("999:998") == Owner(999, 998)
    assert read_owner("999") == Owner(999, None)
    assert read_owner(":998") == Owner(None, 998)
    assert read_owner("root:root") == Owner(0, 0)
    for text in ("", ":", "-1", "4294967295", "99999999999", "no-such-user"):
        with pytest.raises(UsageError):
            read_owner(text)


def test_one_path_for_each_file() -> None:
    check_paths(["a", "b/c", "b/d"])
    with pytest.raises(UsageError, match="two files would be b/c"):
        check_paths(["b/c", "a", "b/c"])
    with pytest.raises(UsageError, match="a would be a file and a folder"):
        check_paths(["a/b", "a"])
