"""URLs of encrypted value files, and the files that they may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.deploy.helm.paths import Allowed, read_allowed
from leafseal.deploy.helm.urls import Request, read
from leafseal.errors import InputError, LeafsealError, MissingFileError, RefusedError

FROM_SECRETS = {"allows_plain": True, "is_of_helm_secrets": True}


@pytest.mark.parametrize(
    ("url", "request_"),
    [
        ("leafseal:a b%,20.yaml", Request("a b%,20.yaml")),
        ("leafseal:a%20b.yaml", Request("a%20b.yaml")),
        ("leafseal://a%20b%25.yaml", Request("a b%.yaml")),
        ("leafseal:///abs/s.yaml", Request("/abs/s.yaml")),
        ("leafseal:/abs/s.yaml", Request("/abs/s.yaml")),
        ("leafseal:?s.yaml", Request("s.yaml", is_optional=True)),
        ("leafseal:plain-ok!?s.yaml", Request("s.yaml", is_optional=True, allows_plain=True)),
        ("secrets://a%20/s.yaml", Request("a%20/s.yaml", **FROM_SECRETS)),
        ("secrets://?sops!s.yaml", Request("s.yaml", is_optional=True, **FROM_SECRETS)),
        ("secrets+age-import:///k/a.txt?s.yaml", Request("s.yaml", key_file="/k/a.txt", **FROM_SECRETS)),
        ("secrets+age-import://?/k/a.txt?s", Request("s", is_optional=True, key_file="/k/a.txt", **FROM_SECRETS)),
        ("secrets+gpg-import:///k/a.asc?s.yaml", Request("s.yaml", gpg_key_file="/k/a.asc", **FROM_SECRETS)),
        ('secrets+literal://sops!{"a": 1}', Request("", b'{"a": 1}', is_of_helm_secrets=True)),
    ],
)
def test_a_url(url: str, request_: Request) -> None:
    assert read(url, {}) == request_


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s.yaml", "not a URL"),
        ("https://host/s.yaml", "not a URL"),
        ("leafseal:", "no file is named"),
        ("leafseal://?", "no file is named"),
        ("secrets://https://host/s.yaml", "another URL"),
        ("secrets://vals!s.yaml", "backend vals"),
        ("secrets+age-import:///k/a.txt", "no file is named"),
        ("secrets+gpg-import-kubernetes://ns/n#k?s.yaml", "not supported"),
        ("secrets+age-import-kubernetes://ns/n#k?s.yaml", "not supported"),
        ("secrets+new://s.yaml", "not a protocol"),
    ],
)
def test_what_is_refused(url: str, message: str) -> None:
    with pytest.raises(LeafsealError, match=message) as caught:
        read(url, {})
    assert caught.value.hint or "not a protocol" in message


def test_variables_of_helm_secrets() -> None:
    assert read("secrets://s", {"HELM_SECRETS_IGNORE_MISSING_VALUES": "true"}).is_optional
    inside = {"HELM_SECRETS_KEY_LOCATION_PREFIX": "/keys/"}
    assert read("secrets+age-import:///keys/a?s", inside).key_file == "/keys/a"
    for environ, key in ((inside, "/other/a"), (inside, "/keys/../a"), ({"HELM_SECRETS_ALLOW_AGE_IMPORT": "no"}, "/k")):
        with pytest.raises(RefusedError, match="forbids"):
            read(f"secrets+age-import://{key}?s", environ)


NOTHING, EVERYTHING = Allowed(), Allowed(frozenset({"absolute", "parents", "links"}))


@pytest.fixture
def chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "chart"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "s.yaml").write_text("inside")
    (tmp_path / "out.yaml").write_text("outside")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", ["sub/s.yaml", "./sub/s.yaml", "sub//s.yaml"])
def test_a_file_in_the_folder(chart: Path, name: str) -> None:
    assert read_allowed(name, NOTHING).data == b"inside"


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right for links")
def test_a_link_within_the_folder(chart: Path) -> None:
    (chart / "file").symlink_to("sub/s.yaml")
    (chart / "folder").symlink_to("sub")
    assert [read_allowed(name, NOTHING).data for name in ("file", "folder/s.yaml")] == [b"inside", b"inside"]


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right for links")
@pytest.mark.parametrize("name", ["OUT", "../out.yaml", "sub/../../out.yaml", "link", "up/out.yaml", "sub/../link"])
def test_a_file_elsewhere(chart: Path, name: str) -> None:
    (chart / "link").symlink_to("../out.yaml")
    (chart / "up").symlink_to("..")
    name = name.replace("OUT", str(chart.parent / "out.yaml"))
    with pytest.raises(RefusedError, match="not allowed"):
        read_allowed(name, NOTHING)
    assert read_allowed(name, EVERYTHING).data == b"outside"


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right for links")
def test_links_outside_are_another_matter_than_paths(chart: Path) -> None:
    (chart.parent / "link").symlink_to("out.yaml")
    with pytest.raises(RefusedError, match="a link is not allowed"):
        read_allowed("../link", Allowed(frozenset({"parents"})))
    assert read_allowed("../out.yaml", Allowed(frozenset({"parents"}))).data == b"outside"


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right for links")
def test_a_link_that_is_put_there_meanwhile(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def swapped(path: str, *words: object, **named: object) -> int:
        if path == "s.yaml":
            (chart / "sub" / "s.yaml").unlink()
            (chart / "sub" / "s.yaml").symlink_to("../../out.yaml")
        return opened(path, *words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swapped)
    monkeypatch.setattr(os, "supports_dir_fd", {swapped})
    with pytest.raises(InputError, match="cannot read"):
        read_allowed("sub/s.yaml", NOTHING)


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right for links")
def test_a_folder_that_becomes_a_link_meanwhile(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.path.realpath

    def swapped(path: str, *words: object, **named: object) -> str:
        found = str(real(path, *words, **named))  # type: ignore[arg-type]
        if path == "sub":  # a folder while it was looked at
            (chart / "sub").rename(chart / "was")
            (chart / "sub").symlink_to("../out.yaml")
        return found

    monkeypatch.setattr(os.path, "realpath", swapped)
    with pytest.raises(RefusedError, match="outside of the folder"):
        read_allowed("sub", NOTHING)


@pytest.mark.parametrize("allowed", [NOTHING, EVERYTHING])
def test_a_name_that_no_file_has(chart: Path, allowed: Allowed) -> None:
    with pytest.raises(InputError, match="no file can have this name"):
        read_allowed("a\0b", allowed)


def test_what_is_no_file(chart: Path) -> None:
    with pytest.raises(MissingFileError):
        read_allowed("none.yaml", NOTHING)
    with pytest.raises(InputError, match="folder"):
        read_allowed("sub", NOTHING)


def test_what_the_environment_allows() -> None:
    assert Allowed.of({"LEAFSEAL_HELM_ALLOW": "links, absolute,"}).words == {"links", "absolute"}
    assert Allowed.of({}) == NOTHING
    with pytest.raises(LeafsealError, match="unknown word all"):
        Allowed.of({"LEAFSEAL_HELM_ALLOW": "all"})
    assert Allowed.of_helm_secrets({}) == EVERYTHING
    assert Allowed.of_helm_secrets({"HELM_SECRETS_VALUES_ALLOW_SYMLINKS": "false"}).words == {"absolute", "parents"}
