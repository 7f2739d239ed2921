"""Hints about keys of Azure Key Vault."""

from __future__ import annotations

from functools import partial

from ...services.recorder import json_answer
from .scenario import Act, Scenario, Stage

_Scenario = partial(Scenario, "providers.azure.errors", stage="at_azure", files={"a.yaml": "a: 1\n"})
_ENCRYPT = "encrypt -i --azure-kv KEY a.yaml"
_BUSY = json_answer({"error": {"code": "Throttled", "message": "Request was not processed."}}, 429)
_TENANTS = "check tenant, client and secret; if the vault's tenant is another, set AZURE_ADDITIONALLY_ALLOWED_TENANTS"
_OTHER_TENANT = "11111111-2222-3333-4444-555555555555"


def _token_may(*verbs: str) -> Act:
    def act(at: Stage) -> None:
        at.service.vault.tokens[at.service.entra.token] = set(verbs)

    return act


def _tokens(*tokens: str) -> Act:
    """Have the vault take tokens."""

    def act(at: Stage) -> None:
        at.service.vault.tokens = {token: {"encrypt"} for token in tokens}

    return act


def _in_another_tenant(at: Stage) -> None:
    at.service.vault.tenant = _OTHER_TENANT
    at.service.entra.tenants.add(_OTHER_TENANT)


def _refusing(code: str) -> Act:
    def act(at: Stage) -> None:
        error = {"code": "Forbidden", "message": "", "innererror": {"code": code}}
        at.before.otherwise = lambda request: (
            json_answer({"error": error}, 403) if request.body else at.service.vault(request)
        )

    return act


def _as_before(at: Stage) -> None:
    at.before.otherwise = at.service.vault


SCENARIOS = [
    _Scenario(
        _TENANTS,
        _ENCRYPT,
        ("export AZURE_CLIENT_SECRET=SECRET", _ENCRYPT),
        environ={"AZURE_CLIENT_SECRET": "wrong"},
    )._replace(module="providers.azure.credentials"),
    _Scenario(
        '"az login" makes some; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
        _ENCRYPT,
        (
            "export AZURE_TENANT_ID=TENANT",
            "export AZURE_CLIENT_ID=client",
            "export AZURE_CLIENT_SECRET=SECRET",
            _ENCRYPT,
        ),
        environ={"AZURE_TENANT_ID": "", "AZURE_CLIENT_ID": "", "AZURE_CLIENT_SECRET": ""},
    )._replace(module="providers.azure.credentials"),
    _Scenario(
        "check that it was encrypted by this version of the key, and that the key is an RSA key for encryption",
        "decrypt a.yaml",
        ("! sed -i s/SECOND_VERSION/VERSION/ a.yaml", "decrypt a.yaml"),
        before=(_ENCRYPT, "! sed -i s/VERSION/SECOND_VERSION/ a.yaml"),
    ),
    _Scenario(
        "check that the vault is in the tenant of these credentials",
        _ENCRYPT,
        ("export AZURE_CLIENT_ID=ours", "export AZURE_CLIENT_SECRET=x", _token_may("encrypt"), _ENCRYPT),
        before=(lambda at: at.service.entra.clients.update(ours="x"), _tokens("of another tenant")),
    ),
    _Scenario(
        "check the names of the vault and the key, and the version",
        "encrypt -i --azure-kv URL/keys/spos/VERSION a.yaml",
        (_ENCRYPT,),
    ),
    _Scenario(
        "the limit of requests is reached; try again in a while",
        _ENCRYPT,
        (_as_before, _ENCRYPT),
        before=(lambda at: setattr(at.before, "otherwise", lambda _: _BUSY),),
    ),
    _Scenario(
        "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names other authorities",
        _ENCRYPT,
        ("export SSL_CERT_FILE=CA", _ENCRYPT),
        environ={"SSL_CERT_FILE": ""},
    ),
    _Scenario(
        "HTTPS_PROXY names it",
        _ENCRYPT,
        ("export HTTPS_PROXY=PROXY", _ENCRYPT),
        environ={"HTTPS_PROXY": "http://127.0.0.1:1"},
    ),
    _Scenario(
        "check its name, and the network",
        "encrypt -i --azure-kv https://127.0.0.1:1/keys/sops/VERSION a.yaml",
        (_ENCRYPT,),
        files={
            "a.yaml": "a: 1\n",
            "../home/config/leafseal/policy.toml": 'endpoints.allow = ["https://127.0.0.1:1"]\n',
        },
    ),
    _Scenario(
        _TENANTS,
        _ENCRYPT,
        (f"export AZURE_ADDITIONALLY_ALLOWED_TENANTS={_OTHER_TENANT}", _ENCRYPT),
        before=(_in_another_tenant,),
    )._replace(module="providers.azure.credentials"),
    _Scenario(
        "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names it",
        _ENCRYPT,
        ("export SSL_CERT_FILE=CA", _ENCRYPT),
        environ={"SSL_CERT_FILE": "/nowhere"},
    ),
    _Scenario(
        "these credentials need {}",
        _ENCRYPT,
        (_token_may("encrypt"), _ENCRYPT),
        before=(_token_may("decrypt"),),
    ),
    _Scenario(
        "enable this version of the key",
        "decrypt a.yaml",
        (lambda at: at.service.vault.disabled.clear(), "decrypt a.yaml"),
        before=(_ENCRYPT, lambda at: at.service.vault.disabled.add(at.names["VERSION"])),
    ),
    *(
        _Scenario(hint, _ENCRYPT, (_as_before, _ENCRYPT), before=(_refusing(code),))
        for code, hint in (
            ("KeyNotYetValid", "this version of the key is not to be used yet"),
            ("KeyExpired", "this version of the key has expired"),
            ("ForbiddenByFirewall", "the network rules of the vault block this machine"),
            ("ForbiddenByConnection", "the vault lets nobody in but by its private endpoint"),
        )
    ),
]
