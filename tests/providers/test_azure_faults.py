"""What a vault, Entra and the network can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.providers.azure import AzureKeyVaultKey
from leafseal.providers.network import TIMEOUT_VARIABLE
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed
from ..services.fixtures import Azure
from ..services.key_vault import SECRET, TENANT, TOKEN, KeyVault, encode
from ..services.recorder import Answer, Cut, Drip, Hang, Reaction, Recorder, json_answer, redirect
from . import faults
from .contract import DATA_KEY
from .faults import ACTS, WRAPPED, Act, Denied, Refused, Secured, ServiceFaults, WireFaults, late, unwrap, wrap

pytestmark = pytest.mark.skipif(
    find_spec("azure") is None or find_spec("azure.identity") is None, reason="azure-identity is not installed"
)

SOURCE = "AZURE_CLIENT_SECRET"
WHO = f"(credentials: {SOURCE})"
PART = encode(DATA_KEY)
SECRETS = (PART, TOKEN, SECRET)


@pytest.fixture
def key(azure: Azure) -> AzureKeyVaultKey:
    return AzureKeyVaultKey.parse(azure.vault.create("sops"))[0]


@pytest.fixture
def ambient(azure: Azure, tmp_path: Path) -> Ambient:
    return Ambient(azure.environ(), tmp_path)


@pytest.fixture
def known(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> Ambient:
    """Somebody who has a token already, so that the next answer of the vault is the first."""
    key.wrap(DATA_KEY, ambient)
    azure.at_vault.requests.clear()
    return ambient


NEVER = (Hang, Drip)


def refusal(status: int, code: str = "", words: str = "", inner: str = "") -> Answer:
    return json_answer(
        {"error": {"code": code, "message": words, "innererror": {"code": inner} if inner else None}}, status
    )


def failure(act: Act, key: AzureKeyVaultKey, ambient: Ambient) -> ProviderError:
    return faults.failure(act, key, ambient, *SECRETS, forgets=False)


def _denied(act: Act, verb: str) -> Denied:
    words = f"The user, group or application does not have keys {verb} permission on key vault"
    said = f"the vault answered 403 ForbiddenByPolicy: {words}"
    return Denied(act, said, f"these credentials need keys/{verb} on the key")


class TestService(ServiceFaults):
    """The vault, and somebody who has a token for it already, so that the next answer is the first."""

    SOURCE = SOURCE
    SECRETS = SECRETS
    FORGETS = False
    REFUSED = "the vault answered 400 Odd\\x1b[1m"
    WITHHELD = REFUSED
    TOLD: ClassVar = {"base64url": PART}
    NO_PART = "what the vault decrypted is no part of a data key"
    ENDPOINT = "HTTPS_PROXY"
    NOWHERE = "http"
    UNREACHABLE = "the proxy cannot be reached"
    DENIED: ClassVar = {"wrap": _denied(wrap, "encrypt"), "unwrap": _denied(unwrap, "decrypt")}
    REFUSALS: ClassVar = {
        shown: Refused(answer, f"the vault answered {shown}", hint)
        for shown, answer, hint in [
            ("404 KeyNotFound: no such key", refusal(404, "KeyNotFound", "no such key."), "names of the vault"),
            ("400 BadParameter: incorrect", refusal(400, "BadParameter", "incorrect"), "this version of the key"),
            ("403 KeyDisabled: off", refusal(403, "Forbidden", "off", "KeyDisabled"), "enable this version"),
            ("403 ForbiddenByFirewall", refusal(403, "Forbidden", "", "ForbiddenByFirewall"), "network rules"),
            ("409 Conflict", refusal(409, "Conflict"), ""),
            ("413", Answer(413), ""),
            ("403", Answer(403, b"<html>"), "these credentials need"),
        ]
    }
    BUSY: ClassVar = {str(status): Answer(status, b"", {"Retry-After": "60"}) for status in (429, 500, 502, 503, 504)}
    BUSY_FOR_EVER = Refused(
        refusal(429, "Throttled", "Request was not processed."),
        "the vault answered 429 Throttled: Request was not processed",
        "limit of requests",
    )
    DAMAGED: ClassVar = {
        **ServiceFaults.DAMAGED,
        "half a group": b"e",
        "padded": b"eA==",
        "cut off": b"e A",
        "not of URLs": b"e+/A",
        "endless": b"A" * 70000,
    }
    DAMAGE = "empty, or not base64url"

    @pytest.fixture
    def ambient(self, known: Ambient) -> Ambient:
        return known

    @pytest.fixture
    def service(self, azure: Azure) -> Recorder:
        return azure.at_vault

    @pytest.fixture
    def environ(self, azure: Azure) -> dict[str, str]:
        return azure.environ()

    @pytest.fixture
    def secured(self, service: Recorder, environ: dict[str, str]) -> Secured:
        return Secured(service, environ, "SSL_CERT_FILE")

    def deny(self, service: Recorder, act: Act) -> None:
        assert isinstance(service.otherwise, KeyVault)
        service.otherwise.tokens[TOKEN].discard("encrypt" if act is wrap else "decrypt")

    def refusal(self, words: str) -> Answer:
        return refusal(400, "Odd\x1b[1m", words)

    def opening_to(self, key: AzureKeyVaultKey, data: bytes) -> Answer:
        return json_answer({"kid": str(key), "value": encode(data)})


class TestWire(WireFaults):
    """The same, but for answers that are late: there the first is waited for, which tells whose token is wanted."""

    SOURCE = SOURCE
    SECRETS = SECRETS
    FORGETS = False
    LATE = "no answer (within 2 seconds|in time)"
    BAD: ClassVar[dict[str, Any]] = {
        **WireFaults.BAD,
        "not JSON, though it says so": Answer(200, b"<html>", {"Content-Type": "application/json"}),
        "a bad request, though it says so": Answer(404, b"\xff\xfe", {"Content-Type": "application/json"}),
        "a challenge that is none": Answer(401, b"", {"WWW-Authenticate": "Bearer"}),
        "another challenge that is none": Answer(401, b"", {"WWW-Authenticate": "Basic realm=x"}),
        "no challenge": Answer(401),
    }

    @pytest.fixture
    def ambient(self, known: Ambient) -> Ambient:
        return known

    @pytest.fixture
    def there(self, azure: Azure) -> Recorder:
        return azure.at_vault

    @pytest.fixture
    def environ(self, azure: Azure) -> dict[str, str]:
        return azure.environ()

    def good(self, key: AzureKeyVaultKey, act: Act) -> Answer:
        return json_answer({"kid": str(key), "value": PART if act is unwrap else WRAPPED.decode()})


# -- before there is a token -----------------------------------------------------------------------------------------


@ACTS
@pytest.mark.parametrize(
    "reaction", {**TestWire.BROKEN, **TestWire.BAD}.values(), ids={**TestWire.BROKEN, **TestWire.BAD}
)
def test_the_first_answer_is_bad(
    azure: Azure, key: AzureKeyVaultKey, ambient: Ambient, act: Act, reaction: Reaction
) -> None:
    """Nobody is shown a token who has not said properly whose."""
    azure.at_vault.otherwise = lambda _: reaction
    failure(act, key, ambient)
    assert {request.headers.get("authorization") for request in azure.at_vault.requests} == {None}


@ACTS
@pytest.mark.parametrize("reaction", [Hang(), Drip(json_answer({"value": PART}), 0.1)], ids=["hang", "drip"])
def test_the_second_answer_never_comes(
    azure: Azure, key: AzureKeyVaultKey, known: Ambient, tmp_path: Path, act: Act, reaction: Reaction
) -> None:
    """Microsoft's client remembers what the vault wants, so that the request with the token is the next."""
    azure.at_vault.otherwise = lambda _: reaction
    failure(act, key, Ambient(azure.environ(**{TIMEOUT_VARIABLE: "2"}), tmp_path))


@ACTS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_first_request_is_not_followed(
    azure: Azure, key: AzureKeyVaultKey, ambient: Ambient, second_recorder: Recorder, act: Act, status: int
) -> None:
    azure.at_vault.will(redirect(second_recorder.url, status))
    assert "it redirects to another server, which is not followed" in failure(act, key, ambient).message
    assert second_recorder.requests == []


def test_for_a_damaged_key_nobody_is_asked(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    failure(lambda key, ambient: key.unwrap(b"", ambient), key, ambient)
    assert azure.proxy.asked == []


# -- what the vault says ---------------------------------------------------------------------------------------------


def test_keys_that_cannot_be_used(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    wrapped = key.wrap(DATA_KEY, ambient)
    other = AzureKeyVaultKey.parse(azure.vault.create("other"))[0]
    with pytest.raises(ProviderError, match="400 BadParameter"):
        other.unwrap(wrapped, ambient)
    gone = AzureKeyVaultKey(key.vault_url, "gone", key.version)
    with pytest.raises(ProviderError, match="404 KeyNotFound"):
        gone.unwrap(wrapped, ambient)
    azure.vault.disabled.add(key.version)
    for act in (wrap, unwrap):
        assert "403 KeyDisabled" in failure(act, key, ambient).message


# -- overload --------------------------------------------------------------------------------------------------------


def test_busy_at_the_first_request(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    azure.at_vault.will(Answer(503))
    assert key.wrap(DATA_KEY, ambient)
    assert [bool(request.body) for request in azure.at_vault.requests] == [False, False, True]


# -- answers that are not what they should be ------------------------------------------------------------------------


@ACTS
@pytest.mark.parametrize(
    ("kid", "message"),
    [
        (None, "answered for another key"),
        (5, "answered for another key"),
        ("https://other.vault.azure.net/keys/sops/VERSION", "answered for another key"),
        ("URL/keys/other/VERSION", "answered for another key"),
        ("URL/keys/sops/" + "0" * 32, "answered for another version"),
        ("URL/keys/sops", "did not say which version"),
        ("https://[/keys/sops/1", "answered for another key"),
    ],
)
def test_answers_for_another_key(
    azure: Azure, key: AzureKeyVaultKey, known: Ambient, act: Act, kid: object, message: str
) -> None:
    told = kid.replace("URL", key.vault_url).replace("VERSION", key.version) if isinstance(kid, str) else kid
    azure.at_vault.will(json_answer({"kid": told, "value": PART}))
    assert message in failure(act, key, known).message


@ACTS
@pytest.mark.parametrize("value", [None, 5, "", "%", "A", "x" * 70000])
def test_values_that_are_none(azure: Azure, key: AzureKeyVaultKey, known: Ambient, act: Act, value: object) -> None:
    azure.at_vault.will(json_answer({"kid": str(key), "value": value}))
    assert "contains no ciphertext" in failure(act, key, known).message or act is unwrap


# -- tokens ----------------------------------------------------------------------------------------------------------


def test_a_secret_that_is_wrong(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    ambient = Ambient(azure.environ(AZURE_CLIENT_SECRET="the canary that Entra repeats"), tmp_path)
    error = failure(wrap, key, ambient)
    assert error.message == "there was no token from Microsoft Entra (credentials: AZURE_CLIENT_SECRET)"
    assert "canary" not in f"{error} {error.hint}"
    assert error.source == "AZURE_CLIENT_SECRET"


def test_a_vault_of_another_tenant(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    azure.vault.tenant = "11111111-2222-3333-4444-555555555555"
    assert "there was no token from Microsoft Entra" in failure(wrap, key, Ambient(azure.environ(), tmp_path)).message
    assert azure.at_entra.requests == []


def test_a_token_that_the_vault_does_not_take(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    azure.vault.tokens.clear()
    error = failure(wrap, key, ambient)
    assert error.message == f"the vault answered 401 Unauthorized: AKV10032: Invalid issuer {WHO}"
    assert "tenant" in str(error.hint)


ENTRA: dict[str, Reaction] = {
    "hang": Hang(),
    "closed": Cut(),
    "reset": Cut(reset=True),
    "drip": Drip(json_answer({}), 0.2),
    "not HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
    "not JSON": Answer(200, b"<html>"),
    "a list": json_answer([]),
    "nothing": Answer(204),
    "denied": json_answer({"error": "unauthorized_client", "error_description": f"AADSTS: {SECRET}"}, 400),
    "broken": Answer(500),
    "endless": Answer(200, b" " * (2 << 20)),
}


@pytest.mark.parametrize("name", ENTRA)
@pytest.mark.parametrize("when", ["first", "token"])
def test_entra_answers_badly(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path, name: str, when: str) -> None:
    azure.at_entra.otherwise = lambda request: (
        azure.entra(request) if when == "token" and request.method == "GET" else ENTRA[name]
    )
    if name in ("hang", "drip"):
        late(azure.environ(), tmp_path, azure.at_entra, lambda ambient: failure(wrap, key, ambient))
    else:
        failure(wrap, key, Ambient(azure.environ(), tmp_path))
    assert {request.body for request in azure.at_vault.requests} == {b""}


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_secret_does_not_follow_a_redirect(
    azure: Azure, key: AzureKeyVaultKey, second_recorder: Recorder, tmp_path: Path, status: int
) -> None:
    azure.at_entra.otherwise = lambda request: (
        azure.entra(request) if request.method == "GET" else redirect(second_recorder.url, status)
    )
    failure(wrap, key, Ambient(azure.environ(), tmp_path))
    assert second_recorder.requests == []


@pytest.mark.parametrize(
    "variables",
    [
        {"AZURE_TENANT_ID": "not a tenant"},
        {"AZURE_AUTHORITY_HOST": "http://login.example.org"},
        {"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": "/none.pem"},
        {"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": __file__},
    ],
)
def test_credentials_that_cannot_be(
    azure: Azure, key: AzureKeyVaultKey, tmp_path: Path, variables: dict[str, str]
) -> None:
    assert (
        "the Azure credentials cannot be used"
        in failure(wrap, key, Ambient(azure.environ(**variables), tmp_path)).message
    )
    assert azure.at_entra.requests == []


def test_an_authority_of_the_users_own(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    with Recorder(azure.authority.server_context()) as recorder:
        recorder.otherwise = type(azure.entra)(recorder.url)
        ambient = Ambient(azure.environ(AZURE_AUTHORITY_HOST=recorder.url), tmp_path)
        assert key.wrap(DATA_KEY, ambient)
        assert [request.path.split("/")[1] for request in recorder.requests] == [TENANT] * 2
    assert azure.at_entra.requests == []


# -- the network -----------------------------------------------------------------------------------------------------


def test_a_vault_that_is_not_there(azure: Azure, tmp_path: Path) -> None:
    key = AzureKeyVaultKey("https://nobody.vault.azure.net", "sops", "1")
    assert "the proxy cannot be reached" in failure(wrap, key, Ambient(azure.environ(), tmp_path)).message
    ambient = Ambient(azure.environ(HTTPS_PROXY="http://127.0.0.1:1"), tmp_path)
    assert "the proxy cannot be reached" in failure(wrap, key, ambient).message


# -- whole files -----------------------------------------------------------------------------------------------------


PLAIN = b"password: hunter2\n"


def test_the_next_key_of_the_group_opens(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    me = throwaway_identity()
    second = AzureKeyVaultKey.parse(azure.vault.create("second"))[0]
    keys = [key, second, *parse_recipients("age", me.recipient)]
    environ = azure.environ()
    data = encrypt(PLAIN, "yaml", [keys], 0, Selection(), Ambient(environ, tmp_path)).data
    azure.vault.disabled.add(key.version)
    assert open_sealed(data, "yaml", Ambient(environ, tmp_path)).plaintext() == PLAIN
    azure.vault.disabled.add(second.version)
    with pytest.raises(DataKeyError) as caught:
        open_sealed(data, "yaml", Ambient(environ, tmp_path))
    assert len(caught.value.attempts) == 3
    assert open_sealed(data, "yaml", me.ambient()).plaintext() == PLAIN


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_libraries_are_imported_when_a_key_is_used() -> None:
    code = "import sys; from leafseal.keys.registry import parse_recipients\n"
    code += "parse_recipients('azure_kv', 'https://v.vault.azure.net/keys/k')\n"
    assert run(f"{code}print([name for name in ('azure', 'msal', 'requests') if name in sys.modules])") == "[]"


@pytest.mark.parametrize("missing", ["azure.core", "azure.identity", "azure.keyvault.keys"])
def test_a_library_that_is_missing(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from leafseal.errors import ProviderMissingError\nfrom leafseal.keys import Ambient\n"
        "from leafseal.providers.azure import AzureKeyVaultKey\n"
        "key = AzureKeyVaultKey('https://v.vault.azure.net', 'k', '1')\n"
        "try: key.wrap(bytes(32), Ambient.of_process())\n"
        "except ProviderMissingError as error: print(error.hint, error.master_key == str(key))"
    )
    assert run(code) == "pip install 'leafseal[azure]' True"
