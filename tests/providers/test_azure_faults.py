"""What a vault, Entra and the network can do wrong: the time it takes, and what is said of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

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
from ..services.key_vault import SECRET, TENANT, TOKEN, encode
from ..services.recorder import Answer, Cut, Drip, Hang, Reaction, Recorder, json_answer, redirect
from .contract import DATA_KEY

pytestmark = pytest.mark.skipif(
    find_spec("azure") is None or find_spec("azure.identity") is None, reason="azure-identity is not installed"
)

WHO = "(credentials: AZURE_CLIENT_SECRET)"
PART = encode(DATA_KEY)

SECONDS = 20.0
"""What no failure takes, on the busiest machine: less than the thirty that nobody has to wait."""

Act = Callable[[AzureKeyVaultKey, Ambient], bytes]


def wrap(key: AzureKeyVaultKey, ambient: Ambient) -> bytes:
    return key.wrap(DATA_KEY, ambient)


def unwrap(key: AzureKeyVaultKey, ambient: Ambient) -> bytes:
    return key.unwrap(b"eHh4", ambient)


ACTS = pytest.mark.parametrize("act", [wrap, unwrap])


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


def waiting_for(reaction: Reaction, azure: Azure, home: Path) -> Ambient:
    """Return somebody who gives up soon where no answer comes; a good one may be late on a busy machine."""
    return Ambient(azure.environ(**({TIMEOUT_VARIABLE: "2"} if isinstance(reaction, NEVER) else {})), home)


def failure(act: Act, key: AzureKeyVaultKey, ambient: Ambient) -> ProviderError:
    """Return the error, which came in time, names the key, and tells no secret."""
    start = monotonic()
    with pytest.raises(ProviderError) as caught:
        act(key, ambient)
    assert monotonic() - start < SECONDS
    error = caught.value
    assert error.master_key == str(key)
    assert error.__cause__ is None
    for secret in (PART, DATA_KEY.hex(), TOKEN, SECRET):
        assert secret not in f"{error} {error.args} {error.hint}"
    assert error.message.isprintable()
    return error


def refusal(status: int, code: str = "", words: str = "", inner: str = "") -> Answer:
    return json_answer(
        {"error": {"code": code, "message": words, "innererror": {"code": inner} if inner else None}}, status
    )


# -- what the vault says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("act", "verb"), [(wrap, "encrypt"), (unwrap, "decrypt")], ids=["wrap", "unwrap"])
def test_a_permission_that_is_missing(azure: Azure, key: AzureKeyVaultKey, known: Ambient, act: Act, verb: str) -> None:
    azure.vault.tokens[TOKEN].discard(verb)
    error = failure(act, key, known)
    words = f"The user, group or application does not have keys {verb} permission on key vault"
    assert error.message == f"the vault answered 403 ForbiddenByPolicy: {words} {WHO}"
    assert str(error.hint).startswith(f"these credentials need keys/{verb} on the key")
    assert error.source == "AZURE_CLIENT_SECRET"
    assert len(azure.at_vault.requests) == 1


@ACTS
@pytest.mark.parametrize(
    ("answer", "shown", "hint"),
    [
        (refusal(404, "KeyNotFound", "no such key."), "404 KeyNotFound: no such key", "names of the vault"),
        (refusal(400, "BadParameter", "incorrect"), "400 BadParameter: incorrect", "this version of the key"),
        (refusal(403, "Forbidden", "off", "KeyDisabled"), "403 KeyDisabled: off", "enable this version"),
        (refusal(403, "Forbidden", "", "ForbiddenByFirewall"), "403 ForbiddenByFirewall", "firewall"),
        (refusal(409, "Conflict"), "409 Conflict", ""),
        (Answer(413), "413", ""),
        (Answer(403, b"<html>"), "403", "these credentials need"),
    ],
)
def test_refusals_are_final(
    azure: Azure, key: AzureKeyVaultKey, known: Ambient, act: Act, answer: Answer, shown: str, hint: str
) -> None:
    azure.at_vault.will(answer)
    error = failure(act, key, known)
    assert error.message == f"the vault answered {shown} {WHO}"
    assert hint in str(error.hint or "")
    assert len(azure.at_vault.requests) == 1


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


def test_words_are_made_fit_to_be_shown(azure: Azure, key: AzureKeyVaultKey, known: Ambient) -> None:
    azure.at_vault.will(refusal(404, "Odd\x1b[1m", "red \x1b[31m" + "x" * 500))
    message = failure(unwrap, key, known).message
    assert message.startswith("the vault answered 404 Odd\\x1b[1m: red \\x1b[31mxxx")
    assert len(message) < 400


def test_what_a_vault_repeats_is_not_told(azure: Azure, key: AzureKeyVaultKey, known: Ambient) -> None:
    azure.at_vault.will(refusal(400, "BadParameter", f"you sent {PART}"))
    assert failure(wrap, key, known).message == f"the vault answered 400 BadParameter {WHO}"


# -- overload --------------------------------------------------------------------------------------------------------


@ACTS
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_and_then_well(azure: Azure, key: AzureKeyVaultKey, known: Ambient, act: Act, status: int) -> None:
    wrapped = key.wrap(DATA_KEY, known)
    azure.at_vault.requests.clear()
    azure.at_vault.will(Answer(status, b"", {"Retry-After": "60"}))
    assert key.unwrap(wrapped, known) == DATA_KEY if act is unwrap else act(key, known)
    assert len(azure.at_vault.requests) == 2


def test_busy_at_the_first_request(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    azure.at_vault.will(Answer(503))
    assert key.wrap(DATA_KEY, ambient)
    assert [bool(request.body) for request in azure.at_vault.requests] == [False, False, True]


def test_busy_for_ever(azure: Azure, key: AzureKeyVaultKey, known: Ambient) -> None:
    azure.at_vault.otherwise = lambda _: refusal(429, "Throttled", "Request was not processed.")
    error = failure(unwrap, key, known)
    assert error.message == f"the vault answered 429 Throttled: Request was not processed {WHO}"
    assert len(azure.at_vault.requests) == 3


# -- answers that are not what they should be ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 16, 31, 34, 4096])
def test_data_keys_of_a_wrong_length(azure: Azure, key: AzureKeyVaultKey, known: Ambient, size: int) -> None:
    azure.at_vault.will(json_answer({"kid": str(key), "value": encode(bytes(size))}))
    assert failure(unwrap, key, known).message == "what the vault decrypted is no part of a data key"


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


BAD_ANSWERS: dict[str, Reaction] = {
    "hang": Hang(),
    "cut": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
    "closed": Cut(),
    "reset": Cut(reset=True),
    "drip": Drip(json_answer({"value": PART}), 0.1),
    "not HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
    "not JSON": Answer(200, b"<html>", {"Content-Type": "application/json"}),
    "not JSON at all": Answer(404, b"\xff\xfe", {"Content-Type": "application/json"}),
    "a list": json_answer([]),
    "a key twice": Answer(200, b'{"kid": "", "kid": ""}'),
    "nothing": Answer(204),
    "teapot": Answer(418, b"\xff"),
    "an odd error": json_answer({"error": "x"}, 400),
    "an odder error": json_answer({"error": {"code": 5, "message": [], "innererror": 5}}, 400),
    "endless": Answer(200, b" " * (2 << 20)),
    "a challenge that is none": Answer(401, b"", {"WWW-Authenticate": "Bearer"}),
    "another challenge that is none": Answer(401, b"", {"WWW-Authenticate": "Basic realm=x"}),
    "no challenge": Answer(401),
}


@ACTS
@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_bad_answers(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path, act: Act, name: str) -> None:
    ambient = waiting_for(BAD_ANSWERS[name], azure, tmp_path)
    azure.at_vault.otherwise = lambda _: BAD_ANSWERS[name]
    failure(act, key, ambient)
    assert {request.headers.get("authorization") for request in azure.at_vault.requests} == {None}
    azure.at_vault.otherwise = azure.vault
    assert key.wrap(DATA_KEY, Ambient(azure.environ(), tmp_path))
    azure.at_vault.otherwise = lambda _: BAD_ANSWERS[name]
    failure(act, key, waiting_for(BAD_ANSWERS[name], azure, tmp_path))


@ACTS
@pytest.mark.parametrize("value", [None, 5, "", "%", "A", "x" * 70000])
def test_values_that_are_none(azure: Azure, key: AzureKeyVaultKey, known: Ambient, act: Act, value: object) -> None:
    azure.at_vault.will(json_answer({"kid": str(key), "value": value}))
    assert "holds no ciphertext" in failure(act, key, known).message or act is unwrap


@pytest.mark.parametrize("wrapped", [b"", b"\n", b"e", b"eA==", b"e A", b"e+/A", b"\xff", b"A" * 70000])
def test_a_wrapped_key_that_is_damaged_is_not_sent(
    azure: Azure, key: AzureKeyVaultKey, ambient: Ambient, wrapped: bytes
) -> None:
    with pytest.raises(ProviderError, match="empty, or not base64url"):
        key.unwrap(wrapped, ambient)
    assert azure.proxy.asked == []


@ACTS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("when", ["first", "later"])
def test_a_redirect_is_not_followed(
    azure: Azure, key: AzureKeyVaultKey, second_recorder: Recorder, tmp_path: Path, act: Act, status: int, when: str
) -> None:
    ambient = Ambient(azure.environ(), tmp_path)
    if when == "later":
        key.wrap(DATA_KEY, ambient)
    azure.at_vault.will(redirect(second_recorder.url, status))
    assert "it redirects to another server, which is not followed" in failure(act, key, ambient).message
    assert second_recorder.requests == []


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
    failure(wrap, key, waiting_for(ENTRA[name], azure, tmp_path))
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


def test_certificates_are_verified(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    ambient = Ambient(azure.environ(SSL_CERT_FILE=""), tmp_path)
    assert "does not verify" in failure(wrap, key, ambient).message
    assert azure.at_vault.requests == []


def test_certificates_that_are_not_there(azure: Azure, key: AzureKeyVaultKey, tmp_path: Path) -> None:
    ambient = Ambient(azure.environ(SSL_CERT_FILE=str(tmp_path / "none.pem")), tmp_path)
    assert "the file of certificates cannot be used" in failure(wrap, key, ambient).message


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


def test_all_or_nothing(azure: Azure, key: AzureKeyVaultKey, ambient: Ambient) -> None:
    azure.vault.tokens[TOKEN].discard("encrypt")
    with pytest.raises(ProviderError, match=f"cannot wrap the data key for azure_kv {key}: the vault answered 403"):
        encrypt(PLAIN, "yaml", [[key]], 0, Selection(), ambient)


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, timeout=60)
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
