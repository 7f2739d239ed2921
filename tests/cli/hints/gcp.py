"""Hints about keys of Google Cloud KMS."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from .scenario import Act, Scenario, Stage

_Scenario = partial(Scenario, stage="at_gcp", files={"a.yaml": "a: 1\n"})
_ENCRYPT = "encrypt -i --gcp-kms KEY a.yaml"
_BY_NAME = {"SOPS_GCP_KMS_ENDPOINT": "", "SOPS_GCP_KMS_CLIENT_TYPE": "rest", "HTTPS_PROXY": "PROXY"}
_NO_TOKEN = {"GOOGLE_OAUTH_ACCESS_TOKEN": ""}
_WROTE = "../home/.config/gcloud/application_default_credentials.json"
_PROGRAM = {"type": "external_account", "credential_source": {"executable": {"command": "x"}}}


def _user(token: str) -> str:
    info = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": token}
    return json.dumps(info)


def _answers(times: int, code: str) -> Act:
    def act(at: Stage) -> None:
        from ...services.cloud_kms import Status

        at.service.will(*[Status(code)] * times)

    return act


def _answers_damaged(at: Stage) -> None:
    from ...services.cloud_kms import changed

    at.service.will(changed(ciphertext_crc32c=5))


def _token_may(*verbs: str) -> Act:
    return lambda at: at.service.tokens.update({at.names["TOKEN"]: set(verbs)})


def _enabled(at: Stage) -> Any:
    return at.service.disabled.clear()


def _disabled(at: Stage) -> Any:
    return at.service.disabled.add(at.names["KEY"])


SCENARIOS = [
    _Scenario("providers.gcp", "try again", _ENCRYPT, (_ENCRYPT,), before=(_answers_damaged,)),
    _Scenario(
        "providers.gcp.credentials",
        "known are {}",
        _ENCRYPT,
        ({"key.json": _user("new")}, _ENCRYPT),
        files={"a.yaml": "a: 1\n", "key.json": '{"type": "user"}'},
        environ={**_BY_NAME, "GOOGLE_CREDENTIALS": "key.json"},
    ),
    *(
        _Scenario(
            "providers.gcp.credentials",
            "put a token into GOOGLE_OAUTH_ACCESS_TOKEN, and unset GOOGLE_CREDENTIALS",
            _ENCRYPT,
            ("export GOOGLE_OAUTH_ACCESS_TOKEN=TOKEN", *more, _ENCRYPT),
            files={"a.yaml": "a: 1\n", "key.json": json.dumps(_PROGRAM)},
            environ={**_NO_TOKEN, variable: "key.json"},
        )
        for variable, more in (
            ("GOOGLE_APPLICATION_CREDENTIALS", ()),
            ("GOOGLE_CREDENTIALS", ("export GOOGLE_CREDENTIALS=",)),
        )
    ),
    _Scenario(
        "providers.gcp.errors",
        "check that it was encrypted by this key, and that the key is symmetric",
        "decrypt a.yaml",
        ("! sed -i s,cryptoKeys/second,cryptoKeys/prod, a.yaml", "decrypt a.yaml"),
        before=(_ENCRYPT, "! sed -i s,cryptoKeys/prod,cryptoKeys/second, a.yaml"),
    ),
    _Scenario(
        "providers.gcp.errors",
        "check that the key is in this project, location and ring",
        "encrypt -i --gcp-kms MISSING a.yaml",
        (_ENCRYPT,),
    ),
    _Scenario(
        "providers.gcp.errors",
        "check that the version of the key is enabled, and not about to be destroyed",
        "decrypt a.yaml",
        (_enabled, "decrypt a.yaml"),
        before=(_ENCRYPT, _disabled),
    ),
    _Scenario(
        "providers.gcp.errors",
        "if they expired or were revoked, set {} to fresh ones",
        _ENCRYPT,
        ("export GOOGLE_OAUTH_ACCESS_TOKEN=TOKEN", _ENCRYPT),
        environ={"GOOGLE_OAUTH_ACCESS_TOKEN": "old"},
    ),
    _Scenario(
        "providers.gcp.errors",
        "if they expired or were revoked, set {} to fresh ones",
        _ENCRYPT,
        ({"new.json": _user("new")}, "export GOOGLE_CREDENTIALS=new.json", _ENCRYPT),
        files={"a.yaml": "a: 1\n", "old.json": _user("old")},
        environ={**_BY_NAME, "GOOGLE_CREDENTIALS": "old.json"},
    ),
    _Scenario(
        "providers.gcp.errors",
        "the project's limit of requests is reached; try again in a while",
        _ENCRYPT,
        (_ENCRYPT,),
        before=(_answers(3, "RESOURCE_EXHAUSTED"),),
    ),
    _Scenario(
        "providers.gcp.errors",
        "check SOPS_GCP_KMS_ENDPOINT, if it is set, and the network; or try again in a while",
        _ENCRYPT,
        ("export SOPS_GCP_KMS_ENDPOINT=URL", _ENCRYPT),
        environ={"SOPS_GCP_KMS_ENDPOINT": "127.0.0.1:1"},
    ),
    _Scenario(
        "providers.gcp.errors",
        "check that SOPS_GCP_KMS_ENDPOINT is the address of Cloud KMS",
        _ENCRYPT,
        ("export SOPS_GCP_KMS_ENDPOINT=URL", _ENCRYPT),
        environ={"SOPS_GCP_KMS_ENDPOINT": "WRONG_URL"},
    ),
    _Scenario(
        "providers.gcp.errors",
        'if they expired or were revoked, log in again with "gcloud auth application-default login"',
        _ENCRYPT,
        ({_WROTE: _user("new")}, _ENCRYPT),
        files={"a.yaml": "a: 1\n", _WROTE: _user("old")},
        environ={**_NO_TOKEN, **_BY_NAME},
    ),
    _Scenario(
        "providers.gcp.errors",
        "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names other authorities",
        _ENCRYPT,
        ("export SSL_CERT_FILE=CA", _ENCRYPT),
        environ={**_BY_NAME, "SSL_CERT_FILE": ""},
    ),
    _Scenario(
        "providers.gcp.errors",
        "HTTPS_PROXY names it",
        _ENCRYPT,
        ("export HTTPS_PROXY=PROXY", _ENCRYPT),
        environ={**_BY_NAME, "HTTPS_PROXY": "http://127.0.0.1:1"},
    ),
    _Scenario(
        "providers.gcp.errors",
        "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names it",
        _ENCRYPT,
        ("export SSL_CERT_FILE=CA", _ENCRYPT),
        environ={**_BY_NAME, "SSL_CERT_FILE": "/nowhere"},
    ),
    _Scenario(
        "providers.gcp.errors",
        "these credentials need {}",
        _ENCRYPT,
        (_token_may("Encrypt"), _ENCRYPT),
        before=(_token_may("Decrypt"),),
    ),
]
