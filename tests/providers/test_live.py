"""The contract, against real services: for each whose key is named by a variable, with the credentials of the caller.

LEAFSEAL_TEST_VAULT=https://vault.example.org/v1/transit/keys/k VAULT_TOKEN=… pytest tests/providers/test_live.py
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from leafseal.keys import Ambient, MasterKey
from leafseal.keys.registry import parse_recipients

from ..isolation import CALLER as ENVIRON
from ..isolation import CALLERS_HOME as HOME
from .contract import ProviderContract

VARIABLES = {
    "azure_kv": "LEAFSEAL_TEST_AZURE_KV",
    "gcp_kms": "LEAFSEAL_TEST_GCP_KMS",
    "hc_vault": "LEAFSEAL_TEST_VAULT",
    "hckms": "LEAFSEAL_TEST_HCKMS",
    "kms": "LEAFSEAL_TEST_KMS",
}
"""Kinds, and the variable that holds a key as `--kms` and the like take it."""

STRANGERS = {
    "azure_kv": {
        "AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000000",
        "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000000",
        "AZURE_CLIENT_SECRET": "nobody's",
    },
    "gcp_kms": {"GOOGLE_CREDENTIALS": "", "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.nobody's"},
    "hc_vault": {"VAULT_TOKEN": "s.nobody's", "VAULT_ROLE_ID": "", "VAULT_KUBERNETES_ROLE": ""},
    "hckms": {
        "HUAWEICLOUD_SDK_AK": "NOBODY",
        "HUAWEICLOUD_SDK_SK": "nobody's",
        "HUAWEICLOUD_SDK_PROJECT_ID": "00000000000000000000000000000000",
    },
    "kms": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "nobody's", "AWS_SESSION_TOKEN": ""},
}
"""Kinds, and variables with which nobody gets in."""

LIVE = [kind for kind, variable in VARIABLES.items() if ENVIRON.get(variable)]

if not LIVE:
    pytest.skip(f"none of {', '.join(VARIABLES.values())} names a key", allow_module_level=True)


@pytest.fixture(params=LIVE)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def surroundings(kind: str, **more: str) -> Ambient:
    environ = {**ENVIRON, **more}
    if kind == "hc_vault":
        parts = urlsplit(environ[VARIABLES[kind]])
        environ["VAULT_ADDR"] = f"{parts.scheme}://{parts.netloc}"
    return Ambient(environ, HOME)


class TestContract(ProviderContract):
    @pytest.fixture
    def key(self, kind: str) -> MasterKey:
        [found] = parse_recipients(kind, ENVIRON[VARIABLES[kind]])
        return found

    @pytest.fixture
    def ambient(self, kind: str) -> Ambient:
        return surroundings(kind)

    @pytest.fixture
    def stranger(self, kind: str) -> Ambient:
        return surroundings(kind, **STRANGERS[kind])
