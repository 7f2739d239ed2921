"""Keys of Azure Key Vault: what is asked, with whose credentials, and of which vaults."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from time import time
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import Ambient, Resolvable
from leafseal.keys.groups import DataKey, wrap_data_key
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.providers.azure import AzureKeyVaultKey
from leafseal.providers.azure.vaults import AUTHORITIES
from leafseal.rules.selection import Selection

from ..opening import open_sealed
from ..services.fixtures import Authority, Azure
from ..services.key_vault import SECRET, TENANT, TOKEN, Entra, KeyVault, encode, private_keys
from ..services.proxy import Proxy
from ..services.recorder import Reaction, Recorder, Request, json_answer
from .contract import DATA_KEY, ProviderContract

pytestmark = pytest.mark.skipif(
    find_spec("azure") is None or find_spec("azure.identity") is None, reason="azure-identity is not installed"
)

URL = "https://shop.vault.azure.net"


@pytest.fixture
def key(azure: Azure) -> AzureKeyVaultKey:
    [found] = AzureKeyVaultKey.parse(azure.vault.create("sops"))
    return found


@pytest.fixture
def ambient(azure: Azure, tmp_path: Path) -> Ambient:
    return Ambient(azure.environ(), tmp_path)


class TestContract(ProviderContract):
    @pytest.fixture
    def stranger(self, azure: Azure, tmp_path: Path) -> Ambient:
        return Ambient(azure.environ(AZURE_CLIENT_ID="somebody else"), tmp_path)


# -- what is asked


def test_requests_are_those_of_sops(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    wrapped = key.wrap(DATA_KEY, ambient)
    assert key.unwrap(wrapped, ambient) == DATA_KEY
    challenged, wrap, unwrap = azure.at_vault.requests
    path = f"/keys/sops/{key.version}"
    assert (challenged.method, challenged.body, challenged.headers.get("authorization")) == ("POST", b"", None)
    assert (wrap.method, wrap.path) == ("POST", f"{path}/encrypt?api-version=7.4")
    assert wrap.json() == {"alg": "RSA-OAEP-256", "value": encode(DATA_KEY)}
    assert (unwrap.method, unwrap.path) == ("POST", f"{path}/decrypt?api-version=7.4")
    assert unwrap.json() == {"alg": "RSA-OAEP-256", "value": wrapped.decode()}
    assert {request.headers["authorization"] for request in (wrap, unwrap)} == {f"Bearer {TOKEN}"}
    assert Entra.scopes(azure.at_entra.requests) == ["https://vault.azure.net/.default"]
    assert b"=" not in wrapped


def test_the_permission_to_get_is_not_needed(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    azure.vault.tokens[TOKEN] = {"encrypt", "decrypt"}
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY


def test_an_older_version_of_the_key_opens(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    wrapped = key.wrap(DATA_KEY, ambient)
    azure.vault.create("sops")
    assert key.unwrap(wrapped, ambient) == DATA_KEY


# -- versions


def test_a_key_without_a_version_gets_its_newest(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    assert isinstance(key, Resolvable)
    assert key.resolve(ambient) == key
    assert azure.at_vault.requests == []
    newer = azure.vault.create("sops")
    assert str(key.general) == f"{azure.vault.url}/keys/sops/"
    assert str(key.general.resolve(ambient)) == newer
    assert azure.at_vault.requests[-1].path == "/keys/sops/?api-version=7.4"


def test_the_version_stands_in_the_file(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    [group] = wrap_data_key(DataKey(DATA_KEY), [[key.general]], 0, ambient, "2026-11-22T17:48:26Z")
    assert [wrapped.master_key for wrapped in group] == [key]
    again = wrap_data_key(DataKey(DATA_KEY), [[key.general]], 0, ambient, "2027-01-01T00:00:00Z", previous=[group])
    assert again[0][0].created_at == "2026-11-22T17:48:26Z"


def test_a_file_that_names_no_version(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    wrapped = key.wrap(DATA_KEY, ambient)
    assert key.general.unwrap(wrapped, ambient) == DATA_KEY
    assert azure.at_vault.requests[-1].path == "/keys/sops/decrypt?api-version=7.4"


def test_who_may_not_get_has_to_name_the_version(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    azure.vault.tokens[TOKEN] = {"encrypt", "decrypt"}
    with pytest.raises(ProviderError, match="the vault answered 403 ForbiddenByPolicy") as caught:
        wrap_data_key(DataKey(DATA_KEY), [[key.general]], 0, ambient, "")
    assert "or the version of the key written after its name" in str(caught.value.hint)


@pytest.mark.parametrize(
    "kid",
    [
        None,
        5,
        "sops",
        f"{URL}/keys/other/{'0' * 32}",
        f"{URL}/keys/sops",
        f"{URL}/keys/sops/",
        f"{URL}/keys/sops/../x",
        f"https://other.vault.azure.net/keys/sops/{'0' * 32}",
    ],
)
def test_versions_that_are_none(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient, kid: object) -> None:
    key.wrap(DATA_KEY, ambient)
    told = kid.replace(URL, azure.vault.url) if isinstance(kid, str) else kid
    azure.at_vault.will(json_answer({"key": {"kid": told}}))
    with pytest.raises(ProviderError, match=r"answered for another key|did not say which version"):
        key.general.resolve(ambient)


# -- whose credentials


def certificate() -> bytes:
    """Return the private key and the certificate of a client."""
    private = private_keys()[0]
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, now - timedelta(1), now + timedelta(1))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = private.private_bytes(serialization.Encoding.PEM, *form)
    return pem + made.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_certificate_in_the_place_of_a_secret(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    (tmp_path / "client.pem").write_bytes(certificate())

    def give(request: Request) -> Reaction:
        [assertion] = parse_qs(request.body.decode()).get("client_assertion", ["none"])
        return Entra(azure.entra.url, {"client": assertion})(request)

    azure.at_entra.otherwise = give
    environ = azure.environ(AZURE_CLIENT_SECRET="", AZURE_CLIENT_CERTIFICATE_PATH=str(tmp_path / "client.pem"))
    ambient = Ambient(environ, tmp_path)
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    azure.vault.tokens.clear()
    with pytest.raises(ProviderError) as caught:
        key.wrap(DATA_KEY, Ambient(environ, tmp_path))
    assert caught.value.source == "AZURE_CLIENT_CERTIFICATE_PATH"


def test_a_workload_identity(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text("ey.of.the.pod")
    azure.entra.clients = {"client": "ey.of.the.pod"}
    environ = azure.environ(
        AZURE_CLIENT_SECRET="",
        AZURE_FEDERATED_TOKEN_FILE=str(tmp_path / "jwt"),
        AZURE_TOKEN_CREDENTIALS="WorkloadIdentityCredential",
    )
    ambient = Ambient(environ, tmp_path)
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    (tmp_path / "jwt").unlink()
    with pytest.raises(ProviderError, match="the file of the workload identity cannot be read"):
        key.wrap(DATA_KEY, Ambient(environ, tmp_path))


PROGRAM = """#!/bin/sh
echo "$@" >> {folder}/asked
test -z "$SOPS_AGE_KEY" || exit 3
cat {folder}/answer
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with programs that write down what they are asked, and answer what stands in `answer`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("az", "azd"):
        (folder / name).write_text(PROGRAM.format(folder=folder))
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("wanted", "answer", "asked"),
    [
        (
            "AzureCliCredential",
            {"accessToken": TOKEN, "expires_on": int(time()) + 3600},
            f"account get-access-token --output json --resource https://vault.azure.net --tenant {TENANT}",
        ),
        (
            "AzureDeveloperCliCredential",
            {"token": TOKEN, "expiresOn": "2026-11-22T17:48:26Z"},
            f"auth token --output json --no-prompt --scope https://vault.azure.net/.default --tenant-id {TENANT}",
        ),
    ],
    ids=["az", "azd"],
)
def test_programs_that_have_a_token(
    azure: Azure, key: AzureKeyVaultKey, programs: Path, wanted: str, answer: object, asked: str, tmp_path: Path
) -> None:
    (programs / "answer").write_text(json.dumps(answer))
    environ = azure.surroundings(
        AZURE_TOKEN_CREDENTIALS=wanted, PATH=f"{programs}:/usr/bin:/bin", SOPS_AGE_KEY="a canary for nobody"
    )
    ambient = Ambient(environ, tmp_path)
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert (programs / "asked").read_text() == f"{asked}\n"


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"accessToken": 5}', '{"accessToken": ""}'])
def test_programs_that_have_none(
    azure: Azure, key: AzureKeyVaultKey, programs: Path, answer: str, tmp_path: Path
) -> None:
    (programs / "answer").write_text(answer)
    environ = azure.surroundings(AZURE_TOKEN_CREDENTIALS="AzureCliCredential", PATH=f"{programs}:/usr/bin:/bin")
    with pytest.raises(ProviderError, match=r"^no Azure credentials found$"):
        key.wrap(DATA_KEY, Ambient(environ, tmp_path))


@pytest.mark.parametrize("wanted", ["AzureCliCredential", "AzureDeveloperCliCredential"])
def test_a_checkout_brings_no_program(
    azure: Azure, key: AzureKeyVaultKey, programs: Path, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / "answer").write_text(json.dumps({"accessToken": TOKEN, "token": TOKEN}))
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for path in (str(programs), programs.name):
        environ = azure.surroundings(AZURE_TOKEN_CREDENTIALS=wanted, PATH=f"{path}:/usr/bin:/bin", HOME="/nowhere")
        with pytest.raises(ProviderError, match=r"^no Azure credentials found$"):
            key.wrap(DATA_KEY, Ambient(environ, tmp_path))
    assert not (programs / "asked").exists()


def test_nobody_has_any(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    for more in ({}, {"AZURE_CLIENT_ID": "client"}, {"AZURE_TOKEN_CREDENTIALS": "AzureCliCredential", "PATH": "/none"}):
        with pytest.raises(ProviderError, match=r"^no Azure credentials found$") as caught:
            key.wrap(DATA_KEY, Ambient(azure.surroundings(**more), tmp_path))
        assert "az login" in str(caught.value.hint)
    assert azure.at_entra.requests == []
    assert {request.headers.get("authorization") for request in azure.at_vault.requests} == {None}


def test_the_identity_of_a_machine(
    azure: Azure, key: AzureKeyVaultKey, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is to be had stands in the environment of the process, which is where the library looks for it."""
    recorder.otherwise = lambda _: json_answer(
        {"access_token": TOKEN, "expires_on": str(int(time()) + 3600), "resource": "x", "token_type": "Bearer"}
    )
    monkeypatch.setenv("IDENTITY_ENDPOINT", recorder.url)
    monkeypatch.setenv("IDENTITY_HEADER", "of the machine")
    for more in ({"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}, {"AZURE_TOKEN_CREDENTIALS": "prod"}):
        ambient = Ambient(azure.surroundings(**more, AZURE_CLIENT_ID="assigned"), tmp_path)
        assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert {request.headers["x-identity-header"] for request in recorder.requests} == {"of the machine"}
    assert "client_id=assigned" in recorder.requests[0].path
    azure.vault.tokens.clear()
    with pytest.raises(ProviderError) as caught:
        key.wrap(DATA_KEY, Ambient(azure.surroundings(AZURE_TOKEN_CREDENTIALS="prod"), tmp_path))
    assert caught.value.source == "the managed identity"


def test_a_choice_that_is_none(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    environ = azure.environ(AZURE_TOKEN_CREDENTIALS="AzurePowerShellCredential")
    with pytest.raises(ProviderError, match="AZURE_TOKEN_CREDENTIALS has an unknown value"):
        key.wrap(DATA_KEY, Ambient(environ, tmp_path))


def test_a_token_does_for_all_keys_of_a_run(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    other = AzureKeyVaultKey.parse(azure.vault.create("other"))[0]
    for one in (key, other, key):
        assert one.unwrap(one.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert len(Entra.scopes(azure.at_entra.requests)) == 1


# -- which vaults


def test_sovereign_clouds_have_authorities_of_their_own(azure: Azure, authority: Authority, tmp_path: Path) -> None:
    for domain, login in AUTHORITIES.items():
        host = f"shop.{domain}"
        with (
            Recorder(authority.server_context(host)) as at_vault,
            Recorder(authority.server_context(login)) as at_entra,
            Proxy({f"{host}:443": at_vault.port, f"{login}:443": at_entra.port}) as proxy,
        ):
            at_vault.otherwise = vault = KeyVault(f"https://{host}", f"https://{domain}")
            at_entra.otherwise = Entra(f"https://{login}")
            [key] = AzureKeyVaultKey.parse(vault.create("sops"))
            ambient = Ambient(azure.environ(HTTPS_PROXY=proxy.url), tmp_path)
            assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
            assert Entra.scopes(at_entra.requests) == [f"https://{domain}/.default"]


@pytest.fixture
def elsewhere(authority: Authority) -> Iterator[Recorder]:
    """A vault on this machine, under its own name."""
    with Recorder(authority.server_context()) as recorder:
        recorder.otherwise = KeyVault(recorder.url)
        yield recorder


def write_policy(home: Path, text: str) -> None:
    path = home / ".config" / "leafseal" / "policy.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_vault_that_is_not_microsofts_gets_nothing(azure: Azure, elsewhere: Recorder, tmp_path: Path) -> None:
    key = AzureKeyVaultKey(elsewhere.url, "sops")
    with pytest.raises(ProviderError, match="which isn't one of Microsoft's vaults") as caught:
        key.resolve(Ambient(azure.environ(), tmp_path))
    line = f'endpoints.allow = ["{elsewhere.url}"]'
    assert caught.value.hint == f"if that is your vault, write into your policy file: {line}"
    assert elsewhere.requests == []
    assert azure.at_entra.requests == []
    write_policy(tmp_path, line)
    vault = elsewhere.otherwise
    assert isinstance(vault, KeyVault)
    vault.create("sops")
    ambient = Ambient(azure.environ(), tmp_path)
    found = key.resolve(ambient)
    assert found.unwrap(found.wrap(DATA_KEY, ambient), ambient) == DATA_KEY


def test_vaults_that_the_policy_does_not_list(azure: Azure, elsewhere: Recorder, tmp_path: Path) -> None:
    [key] = AzureKeyVaultKey.parse(azure.vault.create("sops"))
    own, lists = AzureKeyVaultKey(elsewhere.url, "sops"), f'endpoints.allow = ["{elsewhere.url}"]\n'
    write_policy(tmp_path, lists + 'azure.vaults = ["https://other.vault.azure.net"]\n')
    for one, shown in ((key, f"{key.vault_url}:443"), (own, elsewhere.url)):
        with pytest.raises(ProviderError) as caught:
            one.wrap(DATA_KEY, Ambient(azure.environ(), tmp_path))
        assert caught.value.message == f"the policy does not allow the vault {shown}"
        assert (
            caught.value.hint == f'add "{shown}" to azure.vaults in the policy; "leafseal policy show" names its file'
        )
    assert azure.at_entra.requests == azure.at_vault.requests == elsewhere.requests == []
    write_policy(tmp_path, lists + f'azure.vaults = ["{key.vault_url}"]\n')
    ambient = Ambient(azure.environ(), tmp_path)
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY


@pytest.mark.parametrize(
    "resource", ["https://management.azure.com", "https://graph.microsoft.com", "http://vault.azure.net", "x", ""]
)
def test_no_vault_gets_a_token_for_something_else(
    azure: Azure, elsewhere: Recorder, tmp_path: Path, resource: str
) -> None:
    write_policy(tmp_path, f'[endpoints]\nallow = ["{elsewhere.url}"]\n')
    vault = elsewhere.otherwise
    assert isinstance(vault, KeyVault)
    for asked in (vault, azure.vault):
        asked.resource = resource
        [key] = AzureKeyVaultKey.parse(asked.create("sops"))
        with pytest.raises(ProviderError, match=r"whose token it wants|not for vaults|answered 401"):
            key.wrap(DATA_KEY, Ambient(azure.environ(), tmp_path))
    assert azure.at_entra.requests == []
    for recorder in (elsewhere, azure.at_vault):
        assert {request.body for request in recorder.requests} == {b""}


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.vault.azure.net",
        "https://shop.vault.azure.net:8443",
        "https://vault.azure.net",
        "https://a.b.vault.azure.net",
        "https://shop.vault.azure.net.example.org",
        "https://shopvault.azure.net",
        "https://evil.example.org#.vault.azure.net",
        "https://evil.example.org?.vault.azure.net",
        "https://evil.example.org\\.vault.azure.net",
        "https://evil.example.org/.vault.azure.net",
        "https://me:word@shop.vault.azure.net",
        "https://shop.vault.azure.net/more",
        "https://{x}.vault.azure.net",
        "https://shop .vault.azure.net",
        "https://",
        "nonsense",
        "https://[::1",
    ],
)
def test_crooked_addresses_get_nothing(azure: Azure, tmp_path: Path, url: str) -> None:
    for act in ("resolve", "unwrap"):
        key, ambient = AzureKeyVaultKey(url, "sops"), Ambient(azure.environ(), tmp_path)
        with pytest.raises(ProviderError, match=r"the address of its vault|isn't one of Microsoft's vaults"):
            key.resolve(ambient) if act == "resolve" else key.unwrap(b"eA", ambient)
    assert azure.proxy.asked == []


@pytest.mark.parametrize("spell", [lambda url: f"{url}/", lambda url: f"{url}:443", lambda url: url.replace("s", "S")])
def test_other_spellings_of_a_vault(
    azure: Azure, key: AzureKeyVaultKey, ambient: Ambient, spell: Callable[[str], str]
) -> None:
    url = spell(azure.vault.url).replace("httpS", "https")
    other = make_key("azure_kv", {**key.to_metadata(), "vault_url": url})
    assert other.unwrap(other.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert str(other).startswith(url)


@pytest.mark.parametrize(("name", "version"), [("a/b", ""), ("..", ""), ("{x}", ""), ("sops", "../x"), ("s?x", "1")])
def test_what_is_no_key_is_not_asked_for(azure: Azure, ambient: Ambient, name: str, version: str) -> None:
    with pytest.raises(ProviderError, match="this is not the identifier of a key"):
        AzureKeyVaultKey(URL, name, version).unwrap(b"eA", ambient)
    assert azure.proxy.asked == []


# -- how it is written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", []),
        (f"{URL}/keys/k/1", [f"{URL}/keys/k/1"]),
        (f" {URL}/keys/k , {URL}/keys/l/,", [f"{URL}/keys/k/", f"{URL}/keys/l/"]),
    ],
)
def test_parse(text: str, shown: list[str]) -> None:
    assert [str(key) for key in parse_recipients("azure_kv", text)] == shown


@pytest.mark.parametrize(
    "text", ["http://v/keys/k", "https://v/secrets/k", "https://v/keys/k/1/2", "v", "https://v/keys/"]
)
def test_what_does_not_parse(text: str) -> None:
    with pytest.raises(ProviderError, match="key 2 is not the identifier of a key"):
        parse_recipients("azure_kv", f"{URL}/keys/k,{text}")


@pytest.mark.parametrize(
    ("field", "value"), [("vault_url", None), ("vault_url", 5), ("name", ""), ("name", None), ("version", 5)]
)
def test_entries_that_lack_something(field: str, value: object) -> None:
    with pytest.raises(MetadataError, match=field):
        make_key("azure_kv", {"vault_url": URL, "name": "k", "version": "1", field: value})


def test_an_entry_without_a_version_reads() -> None:
    for entry in ({"vault_url": URL, "name": "k"}, {"vault_url": URL, "name": "k", "version": None}):
        assert str(make_key("azure_kv", entry)) == f"{URL}/keys/k/"


def test_a_whole_file(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    data = encrypt(b"k: v\n", "yaml", [[key.general]], 0, Selection(), ambient).data
    assert f"version: {key.version}\n".encode() in data
    assert open_sealed(data, "yaml", Ambient(azure.environ(), ambient.home)).plaintext() == b"k: v\n"
    assert SECRET.encode() not in data
    assert base64.b64encode(DATA_KEY) not in data
