"""New Secrets, of literals, files and clusters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from leafseal.deploy.kubectl import new_secret
from leafseal.errors import LeafsealError, UsageError

from .fake_kubectl import SECRET


def _read(name: str) -> bytes:
    return Path(name).read_bytes()


def test_values_of_literals_and_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text\n")
    (tmp_path / "b c.txt").write_bytes(b"no key name")
    (tmp_path / "d.bin").write_bytes(b"\0\xff")
    found = new_secret.values_of(["x=y=z", "empty="], [f"k={tmp_path}/a.txt", str(tmp_path)], [], _read)
    assert found == {"x": b"y=z", "empty": b"", "k": b"text\n", "a.txt": b"text\n", "d.bin": b"\0\xff"}


def test_values_of_env_files(tmp_path: Path) -> None:
    file = tmp_path / "a.env"
    file.write_bytes(b'\xef\xbb\xbf# comment\n\n  A=1\nB="quoted" \r\nC==\n')
    assert new_secret.values_of([], [], [str(file)], _read) == {"A": b"1", "B": b'"quoted" ', "C": b"="}


@pytest.mark.parametrize(
    ("literals", "files", "env_files"),
    [
        (["swordfish"], [], []), (["=swordfish"], [], []), (["a b=swordfish"], [], []), (["a=1", "a=2"], [], []),
        ([], ["=x"], []), ([], ["k="], []), (["a=1"], [], ["x.env"]),
    ],
)  # fmt: skip
def test_wrong_values_are_not_repeated(literals: list[str], files: list[str], env_files: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        new_secret.values_of(literals, files, env_files, lambda _: b"")
    assert "swordfish" not in str(caught.value)


def test_a_line_without_a_value_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "a.env"
    file.write_bytes(b"A=1\nswordfish\n")
    with pytest.raises(LeafsealError, match=r"a\.env: line 2 is not KEY=VALUE$"):
        new_secret.values_of([], [], [str(file)], _read)


def test_a_secret_has_text_as_text() -> None:
    manifest = new_secret.secret("db", "shop", "Opaque", {"a": b"b\n", "c": b"\xff", "d": b"\x1b[0m", "e": b"1e3"})
    text = new_secret.to_yaml(manifest)
    assert yaml.safe_load(text) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db", "namespace": "shop"},
        "type": "Opaque",
        "stringData": {"a": "b\n", "e": "1e3"},
        "data": {"c": "/w==", "d": "G1swbQ=="},
    }
    assert b'e: "1e3"' in text


@pytest.mark.parametrize("name", ["", "Db", "a_b", "a/b", "-a", "a" * 254, "a b", "a\n"])
def test_names_that_no_object_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="not a valid name"):
        new_secret.secret(name, "", "Opaque", {"a": b"b"})


def test_a_certificate_needs_its_own_key() -> None:
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    authority = trustme.CA()
    one, other = authority.issue_cert("a.example.org"), authority.issue_cert("b.example.org")
    pem, key = one.cert_chain_pems[0].bytes(), one.private_key_pem.bytes()
    assert new_secret.tls(pem, key, ("a.crt", "a.key")) == {"tls.crt": pem, "tls.key": key}
    for wrong, what in (
        ((pem, other.private_key_pem.bytes()), "a.key: the private key is not that of a.crt"),
        ((b"x", key), "a.crt: is not a certificate"),
        ((pem, b"x"), "a.key: is not a private key"),
    ):
        with pytest.raises(LeafsealError) as caught:
            new_secret.tls(*wrong, ("a.crt", "a.key"))
        assert str(caught.value).startswith(what)


def test_a_registry_has_the_account_that_docker_reads() -> None:
    [(key, value)] = new_secret.docker_registry("https://r.example.org", "me", "pass", "").items()
    assert key == ".dockerconfigjson"
    account = {"username": "me", "password": "pass", "auth": "bWU6cGFzcw=="}
    assert json.loads(value) == {"auths": {"https://r.example.org": account}}


def test_of_a_secret_in_the_cluster_stays_what_is_the_users() -> None:
    assert new_secret.of_cluster(SECRET) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db", "namespace": "shop", "labels": {"app": "db"}},
        "type": "Opaque",
        "stringData": {"password": "swordfish"},
        "data": {"cert": "AAECAw=="},
    }
    for wrong in ({"kind": "SecretList", "items": []}, {"kind": "Secret"}):
        with pytest.raises(LeafsealError):
            new_secret.of_cluster(wrong)
