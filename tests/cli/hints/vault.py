"""Hints about keys of Vault."""

from __future__ import annotations

from functools import partial

from .scenario import Act, Scenario, Stage

_Scenario = partial(Scenario, "providers.vault.requests", stage="at_vault", files={"a.yaml": "a: 1\n"})
_ENCRYPTED = "encrypt -i --hc-vault-transit KEY a.yaml"


def _sealed(is_sealed: bool) -> Act:
    def act(at: Stage) -> None:
        at.service.sealed = is_sealed

    return act


def _token_may(*verbs: str) -> Act:
    return lambda at: at.service.tokens.update({at.environ["VAULT_TOKEN"]: set(verbs)})


SCENARIOS = [
    _Scenario(
        "check that it was encrypted by this key, in this engine and namespace",
        "decrypt a.yaml",
        ("! sed -i 's/key_name: other/key_name: shop/' a.yaml", "decrypt a.yaml"),
        before=(_ENCRYPTED, "! sed -i 's/key_name: shop/key_name: other/' a.yaml"),
    ),
    _Scenario(
        "check engine, key and VAULT_NAMESPACE",
        "encrypt --hc-vault-transit URL/v1/transti/keys/shop a.yaml",
        ("encrypt --hc-vault-transit URL/v1/transit/keys/shop a.yaml",),
    ),
    _Scenario(
        "check whether this Vault is sealed, or in standby",
        "decrypt a.yaml",
        (_sealed(False), "decrypt a.yaml"),
        before=(_ENCRYPTED, _sealed(True)),
    ),
    _Scenario(
        "{}, and the key has to exist",
        _ENCRYPTED,
        (_token_may("encrypt"), _ENCRYPTED),
        before=(_token_may(),),
    ),
    _Scenario(
        'the token needs a policy with path "{}" { capabilities = ["update"] }',
        "decrypt a.yaml",
        (_token_may("decrypt"), "decrypt a.yaml"),
        before=(_ENCRYPTED, _token_may("encrypt")),
    ),
    _Scenario(
        "check the role, its secret or token, and the mount of the login",
        _ENCRYPTED,
        ("export VAULT_SECRET_ID=right", _ENCRYPTED),
        environ={"VAULT_TOKEN": "", "VAULT_ROLE_ID": "ci", "VAULT_SECRET_ID": "wrong"},
    ),
    _Scenario(
        "write the address that it redirects to into the key",
        "encrypt -i --hc-vault-transit OLD_URL/v1/transit/keys/shop a.yaml",
        ("export VAULT_ADDR=URL", _ENCRYPTED),
        environ={"VAULT_ADDR": "OLD_URL"},
    ),
]
