"""Vault transit keys, against an engine on the loopback interface."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from leafseal.errors import DataKeyError, MetadataError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.providers.vault import VaultKey
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed
from ..services.fixtures import Authority
from ..services.recorder import Answer, Cut, Drip, Hang, Reaction, Recorder, json_answer, redirect
from ..services.transit import TOKEN, Transit, errors
from .contract import ProviderContract

pytest.importorskip("httpx", reason="httpx is not installed")

PART = bytes(range(32))


@pytest.fixture
def transit(recorder: Recorder) -> Transit:
    engine = Transit()
    engine.create("shop")
    recorder.otherwise = engine
    return engine


@pytest.fixture
def key(recorder: Recorder, transit: Transit) -> VaultKey:
    return VaultKey(recorder.url, "transit", "shop")


def surroundings(home: Path, url: str, **variables: str) -> Ambient:
    environ = {"VAULT_ADDR": url, "VAULT_TOKEN": TOKEN, **variables}
    return Ambient({name: text for name, text in environ.items() if text}, home)


@pytest.fixture
def ambient(tmp_path: Path, recorder: Recorder) -> Ambient:
    return surroundings(tmp_path, recorder.url)


class TestContract(ProviderContract):
    @pytest.fixture
    def stranger(self, tmp_path: Path, recorder: Recorder) -> Ambient:
        return surroundings(tmp_path, recorder.url, VAULT_TOKEN="s.somebody-else")


# -- what is sent


def test_requests_are_those_of_sops(key: VaultKey, ambient: Ambient, recorder: Recorder) -> None:
    wrapped = key.wrap(PART, ambient)
    assert key.unwrap(wrapped, ambient) == PART
    wrap, unwrap = recorder.requests
    assert (wrap.method, wrap.path) == ("PUT", "/v1/transit/encrypt/shop")
    assert wrap.json() == {"plaintext": base64.b64encode(PART).decode()}
    assert (unwrap.method, unwrap.path) == ("PUT", "/v1/transit/decrypt/shop")
    assert unwrap.json() == {"ciphertext": wrapped.decode()}
    assert {request.headers["x-vault-token"] for request in recorder.requests} == {TOKEN}
    assert "x-vault-namespace" not in wrap.headers


def test_a_namespace_goes_along(tmp_path: Path, key: VaultKey, recorder: Recorder, transit: Transit) -> None:
    transit.namespace = "team"
    ambient = surroundings(tmp_path, recorder.url, VAULT_NAMESPACE="team")
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


def test_mounts_may_have_slashes(tmp_path: Path, recorder: Recorder, transit: Transit) -> None:
    transit.mounts = ("team/a/sops",)
    transit.create("k", "team/a/sops")
    [key] = parse_recipients("hc_vault", f"{recorder.url}/v1/team/a/sops/keys/k")
    ambient = surroundings(tmp_path, recorder.url)
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


def test_an_older_version_of_the_key_opens(key: VaultKey, ambient: Ambient, transit: Transit) -> None:
    wrapped = key.wrap(PART, ambient)
    transit.create("shop")
    assert wrapped.startswith(b"vault:v1:")
    assert key.wrap(PART, ambient).startswith(b"vault:v2:")
    assert key.unwrap(wrapped, ambient) == PART


# -- where tokens come from


def test_the_file_that_vault_login_writes(tmp_path: Path, key: VaultKey, recorder: Recorder) -> None:
    (tmp_path / ".vault-token").write_text(f"{TOKEN}\n")
    ambient = surroundings(tmp_path, recorder.url, VAULT_TOKEN="")
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


def test_a_login_by_approle_is_done_once(tmp_path: Path, key: VaultKey, recorder: Recorder, transit: Transit) -> None:
    transit.logins["auth/approle/login"] = ({"role_id": "r", "secret_id": "s"}, TOKEN)
    ambient = surroundings(tmp_path, recorder.url, VAULT_TOKEN="", VAULT_ROLE_ID="r", VAULT_SECRET_ID="s")
    for _ in range(2):
        assert key.unwrap(key.wrap(PART, ambient), ambient) == PART
    assert [request.path for request in recorder.requests].count("/v1/auth/approle/login") == 1


def test_a_login_with_a_service_account(tmp_path: Path, key: VaultKey, recorder: Recorder, transit: Transit) -> None:
    (tmp_path / "jwt").write_text("e.y.J\n")
    transit.logins["auth/k8s/login"] = ({"role": "shop", "jwt": "e.y.J"}, TOKEN)
    ambient = surroundings(
        tmp_path,
        recorder.url,
        VAULT_TOKEN="",
        VAULT_KUBERNETES_ROLE="shop",
        VAULT_KUBERNETES_MOUNT="k8s",
        VAULT_KUBERNETES_TOKEN_FILE=str(tmp_path / "jwt"),
    )
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


def test_a_login_that_is_refused(tmp_path: Path, key: VaultKey, recorder: Recorder, transit: Transit) -> None:
    transit.logins["auth/approle/login"] = ({"role_id": "r", "secret_id": "s"}, TOKEN)
    ambient = surroundings(tmp_path, recorder.url, VAULT_TOKEN="", VAULT_ROLE_ID="r", VAULT_SECRET_ID="canary")
    with pytest.raises(ProviderError, match="Vault answered 400: invalid role or secret ID") as caught:
        key.wrap(PART, ambient)
    assert "canary" not in str(caught.value)
    assert caught.value.hint == "check the role, its secret or token, and the mount of the login"
    transit.sealed = True
    with pytest.raises(ProviderError, match="the login failed: Vault answered 503") as caught:
        key.wrap(PART, ambient)
    assert "sealed" in str(caught.value.hint)


def test_no_token(tmp_path: Path, key: VaultKey, recorder: Recorder) -> None:
    with pytest.raises(ProviderError, match="there is no token for Vault") as caught:
        key.wrap(PART, surroundings(tmp_path, recorder.url, VAULT_TOKEN=""))
    assert "vault login" in str(caught.value.hint)
    assert recorder.requests == []


# -- which servers get one


def refused(key: VaultKey, ambient: Ambient, recorder: Recorder) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        key.unwrap(b"vault:v1:AAAA", ambient)
    assert recorder.requests == []
    return caught.value


def test_a_server_that_only_the_file_names_gets_nothing(tmp_path: Path, key: VaultKey, recorder: Recorder) -> None:
    for own in ("", "https://vault.example.org", "nonsense"):
        error = refused(key, surroundings(tmp_path, own), recorder)
        assert "which only the file names" in str(error)
        assert f'endpoints.allow = ["{recorder.url}"]' in str(error.hint)


def test_an_address_in_the_hint_runs_nothing_when_pasted(tmp_path: Path, recorder: Recorder) -> None:
    hostile = VaultKey("https://$(id)", "transit", "shop")
    hint = str(refused(hostile, surroundings(tmp_path, ""), recorder).hint)
    assert "set VAULT_ADDR='https://$(id):443', or" in hint


@pytest.mark.parametrize(
    "listed", ["all", "URL", "URL/", "https://other, URL"], ids=["all", "it", "with a slash", "one of two"]
)
def test_the_list_of_sops_lets_it(tmp_path: Path, key: VaultKey, recorder: Recorder, listed: str) -> None:
    ambient = surroundings(tmp_path, "", SOPS_HC_VAULT_ALLOWLIST=listed.replace("URL", recorder.url))
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


@pytest.mark.parametrize("listed", ["none", "https://other", "http://127.0.0.1"])
def test_the_list_of_sops_does_not(tmp_path: Path, key: VaultKey, recorder: Recorder, listed: str) -> None:
    ambient = surroundings(tmp_path, "", SOPS_HC_VAULT_ALLOWLIST=listed)
    assert f"Allowlist does not allow {recorder.url}" in str(refused(key, ambient, recorder))


def test_the_policy_lets_it(tmp_path: Path, key: VaultKey, recorder: Recorder) -> None:
    policy = tmp_path / ".config" / "leafseal" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text(f'[endpoints]\nallow = ["{recorder.url}"]\n')
    ambient = surroundings(tmp_path, "")
    assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


@pytest.mark.parametrize(
    ("address", "engine", "name"),
    [
        ("URL/up", "transit", "k"),
        ("http://user:word@HOST", "transit", "k"),
        ("ftp://x", "transit", "k"),
        ("nonsense", "transit", "k"),
        ("URL", "../sys", "k"),
        ("URL", "transit", ".."),
    ],
)
def test_crooked_keys_are_not_asked_for(
    tmp_path: Path, recorder: Recorder, address: str, engine: str, name: str
) -> None:
    address = address.replace("URL", recorder.url).replace("HOST", recorder.url.removeprefix("http://"))
    refused(VaultKey(address, engine, name), surroundings(tmp_path, recorder.url), recorder)


# -- TLS


def test_a_server_with_a_certificate(tmp_path: Path, authority: Authority) -> None:
    with Recorder(authority.server_context()) as recorder:
        engine = Transit()
        engine.create("shop")
        recorder.otherwise = engine
        key = VaultKey(recorder.url, "transit", "shop")
        ambient = surroundings(tmp_path, recorder.url, VAULT_CACERT=str(authority.path))
        assert key.unwrap(key.wrap(PART, ambient), ambient) == PART
        with pytest.raises(ProviderError, match="its certificate does not verify"):
            key.wrap(PART, surroundings(tmp_path, recorder.url))
        lax = surroundings(tmp_path, recorder.url, VAULT_SKIP_VERIFY="true")
        assert key.unwrap(key.wrap(PART, lax), lax) == PART


def test_a_server_known_by_another_name(tmp_path: Path, authority: Authority) -> None:
    with Recorder(authority.server_context("vault.internal")) as recorder:
        engine = Transit()
        engine.create("shop")
        recorder.otherwise = engine
        key = VaultKey(recorder.url, "transit", "shop")
        settings = {"VAULT_CACERT": str(authority.path)}
        with pytest.raises(ProviderError, match="its certificate does not verify"):
            key.wrap(PART, surroundings(tmp_path, recorder.url, **settings))
        ambient = surroundings(tmp_path, recorder.url, **settings, VAULT_TLS_SERVER_NAME="vault.internal")
        assert key.unwrap(key.wrap(PART, ambient), ambient) == PART


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CLIENT_CERT"])
def test_certificates_that_do_not_load(tmp_path: Path, variable: str) -> None:
    (tmp_path / "not.pem").write_text("not a certificate")
    key = VaultKey("https://127.0.0.1:1", "transit", "shop")
    for path in (tmp_path / "not.pem", tmp_path / "missing.pem"):
        with pytest.raises(ProviderError, match="VAULT_CACERT"):
            key.wrap(PART, surroundings(tmp_path, "https://127.0.0.1:1", **{variable: str(path)}))


# -- faults


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_busy_then_well(key: VaultKey, ambient: Ambient, recorder: Recorder, status: int) -> None:
    wrapped = key.wrap(PART, ambient)
    recorder.will(errors(status, "busy"))
    assert key.unwrap(wrapped, ambient) == PART
    assert len(recorder.requests) == 3


def test_busy_for_long(tmp_path: Path, key: VaultKey, recorder: Recorder) -> None:
    recorder.will(*[errors(503, "Vault is sealed")] * 5)
    with pytest.raises(ProviderError, match="Vault answered 503: Vault is sealed") as caught:
        key.wrap(PART, surroundings(tmp_path, recorder.url))
    assert len(recorder.requests) == 3
    assert "sealed" in str(caught.value.hint)


def test_denied(key: VaultKey, ambient: Ambient, recorder: Recorder, transit: Transit) -> None:
    wrapped = key.wrap(PART, ambient)
    transit.tokens[TOKEN].discard("decrypt")
    with pytest.raises(ProviderError, match="Vault answered 403: 1 error occurred") as caught:
        key.unwrap(wrapped, ambient)
    assert (
        caught.value.hint == 'the token needs a policy with path "transit/decrypt/shop" { capabilities = ["update"] }'
    )
    assert caught.value.source == "VAULT_TOKEN"
    assert len(recorder.requests) == 2


def test_a_key_that_is_not_there_is_not_made(recorder: Recorder, ambient: Ambient, transit: Transit) -> None:
    missing = VaultKey(recorder.url, "transit", "typo")
    with pytest.raises(ProviderError, match="Vault answered 403: 1 error occurred") as caught:
        missing.wrap(PART, ambient)
    assert str(caught.value.hint).endswith('capabilities = ["update"] }, and the key has to exist')
    transit.tokens[TOKEN].add("create")
    assert missing.unwrap(missing.wrap(PART, ambient), ambient) == PART


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda engine: engine.keys.pop("transit/shop"), "encryption key not found"),
        (lambda engine: setattr(engine, "oldest", 2), "disallowed by policy"),
        (lambda engine: engine.keys["transit/shop"].__setitem__(0, bytes(32)), "message authentication failed"),
        (lambda engine: setattr(engine, "mounts", ()), "no handler for route"),
    ],
    ids=["gone", "too old", "another key", "no engine"],
)
def test_a_key_that_does_not_open(
    key: VaultKey, ambient: Ambient, transit: Transit, change: object, words: str
) -> None:
    wrapped = key.wrap(PART, ambient)
    change(transit)  # type: ignore[operator]
    with pytest.raises(ProviderError, match=words):
        key.unwrap(wrapped, ambient)


BAD_ANSWERS: dict[str, Reaction] = {
    "hang": Hang(),
    "cut": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
    "reset": Cut(reset=True),
    "drip": Drip(json_answer({"data": {"plaintext": "x"}}), 0.5),
    "not HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
    "not JSON": Answer(200, b"<html>"),
    "a list": json_answer([]),
    "a key twice": Answer(200, b'{"data": {}, "data": {"plaintext": "AA=="}}'),
    "no data": json_answer({"data": None}),
    "a number": json_answer({"data": {"plaintext": 5}}),
    "not base64": json_answer({"data": {"plaintext": "%%%"}}),
    "too short": json_answer({"data": {"plaintext": base64.b64encode(bytes(31)).decode()}}),
    "too long": json_answer({"data": {"plaintext": base64.b64encode(bytes(64)).decode()}}),
    "endless": Answer(200, b" " * (2 << 20)),
    "nothing": Answer(204),
    "teapot": Answer(418),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_bad_answers(tmp_path: Path, key: VaultKey, recorder: Recorder, name: str) -> None:
    environ = {"LEAFSEAL_SERVICE_TIMEOUT": "2"} if name in ("hang", "drip") else {}
    recorder.will(*[BAD_ANSWERS[name]] * 3)
    with pytest.raises(ProviderError) as caught:
        key.unwrap(b"vault:v1:AAAA", surroundings(tmp_path, recorder.url, **environ))
    message = f"{caught.value} {caught.value.hint}"
    assert TOKEN not in message
    assert caught.value.master_key == str(key)


@pytest.mark.parametrize("answer", ["", "vault:", "vault:v1:", "vault:vx:AAAA", "x" * 70000])
def test_what_is_no_ciphertext_is_not_kept(key: VaultKey, ambient: Ambient, recorder: Recorder, answer: str) -> None:
    recorder.will(json_answer({"data": {"ciphertext": answer}}))
    with pytest.raises(ProviderError, match="contains no ciphertext"):
        key.wrap(PART, ambient)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(
    key: VaultKey, ambient: Ambient, recorder: Recorder, second_recorder: Recorder, status: int
) -> None:
    recorder.will(redirect(f"{second_recorder.url}/v1/transit/decrypt/shop", status))
    with pytest.raises(ProviderError, match="redirects to another server"):
        key.unwrap(b"vault:v1:AAAA", ambient)
    assert second_recorder.requests == []


def test_an_answer_that_repeats_what_was_sent_is_not_repeated(
    key: VaultKey, ambient: Ambient, recorder: Recorder
) -> None:
    sent = base64.b64encode(PART).decode()
    recorder.will(errors(400, f"cannot encrypt {sent}"))
    with pytest.raises(ProviderError) as caught:
        key.wrap(PART, ambient)
    assert sent not in str(caught.value)


def test_nobody_there(tmp_path: Path) -> None:
    key = VaultKey("http://127.0.0.1:1", "transit", "shop")
    with pytest.raises(ProviderError, match="it cannot be reached"):
        key.wrap(PART, surroundings(tmp_path, "http://127.0.0.1:1"))


@pytest.mark.parametrize("token", ["two words", "tök", "a\nb"])
def test_what_is_no_token_is_not_sent(tmp_path: Path, key: VaultKey, recorder: Recorder, token: str) -> None:
    with pytest.raises(ProviderError, match="VAULT_TOKEN: not a token"):
        key.wrap(PART, surroundings(tmp_path, recorder.url, VAULT_TOKEN=token))
    assert recorder.requests == []


# -- with a file


def test_the_next_key_of_the_group_opens(key: VaultKey, ambient: Ambient, transit: Transit, tmp_path: Path) -> None:
    me = throwaway_identity()
    both = [[key, *parse_recipients("age", me.recipient)]]
    data = encrypt(b"k: v\n", "yaml", both, 0, Selection(), ambient).data
    transit.sealed = True
    assert open_sealed(data, "yaml", me.ambient()).plaintext() == b"k: v\n"
    transit.sealed = False
    assert open_sealed(data, "yaml", surroundings(tmp_path, key.address)).plaintext() == b"k: v\n"
    transit.tokens.clear()
    with pytest.raises(DataKeyError):
        open_sealed(data, "yaml", surroundings(tmp_path, key.address))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://v:8200/v1/transit/keys/dev", ["https://v:8200/v1/transit/keys/dev"]),
        ("http://v/v1/a/b/keys/k,,https://w/v1/t/keys/l/", ["http://v/v1/a/b/keys/k", "https://w/v1/t/keys/l"]),
        ("", []),
    ],
)
def test_parse(text: str, shown: list[str]) -> None:
    assert [str(key) for key in parse_recipients("hc_vault", text)] == shown


@pytest.mark.parametrize(
    "text",
    ["v:8200/v1/t/keys/k", "https://v/up/v1/t/keys/k", "https://v/t/keys/k", "https://v", " https://", "ftp://x"],
)
def test_what_does_not_parse(text: str) -> None:
    with pytest.raises(ProviderError):
        parse_recipients("hc_vault", text)


@pytest.mark.parametrize("field", ["vault_address", "engine_path", "key_name"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_entries_that_lack_something(field: str, value: object) -> None:
    fields = {"vault_address": "https://v", "engine_path": "t", "key_name": "k", field: value}
    with pytest.raises(MetadataError, match=field):
        make_key("hc_vault", fields)


REAL = shutil.which("sops")


@pytest.mark.interop
@pytest.mark.skipif(REAL is None, reason="no sops on PATH")
class TestWithSops:
    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "VAULT_TOKEN": TOKEN}

    def test_both_ways(self, key: VaultKey, ambient: Ambient, environ: dict[str, str], tmp_path: Path) -> None:
        plain, theirs, ours = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
        plain.write_text("k: v\n")
        theirs.write_bytes(run([str(REAL), "encrypt", "--hc-vault-transit", str(key), str(plain)], environ))
        assert open_sealed(theirs.read_bytes(), "yaml", ambient).plaintext() == b"k: v\n"
        ours.write_bytes(encrypt(b"k: v\n", "yaml", [[key]], 0, Selection(), ambient).data)
        assert run([str(REAL), "decrypt", str(ours)], environ) == b"k: v\n"


def run(argv: list[str], environ: dict[str, str]) -> bytes:
    done = subprocess.run(argv, env=environ, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
