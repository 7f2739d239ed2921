"""Where tokens for Azure come from: the places of `DefaultAzureCredential`, in its order.

1. `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` with `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH`;
2. a workload identity: these two with `AZURE_FEDERATED_TOKEN_FILE`;
3. the managed identity of a machine or container, that of `AZURE_CLIENT_ID` if it is set; Windows' token cache;
4. `az login`, and then `azd auth login`.

`AZURE_TOKEN_CREDENTIALS` narrows them down as in Microsoft's libraries. The first two look at `Ambient`, the third at
the process; the programs are started here, since the library would show them our identities.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from time import time
from typing import Any, NamedTuple

import azure.identity
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.network import ATTEMPTS, Deadlines
from leafseal.system.environment import helper_environment
from leafseal.system.programs import ProgramError, output_of

_LONGEST = 1 << 20
_FROM_VARIABLES = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
_RETRIES = {"retry_total": ATTEMPTS - 1, "retry_connect": 0, "retry_read": 0, "retry_backoff_factor": 0.2}

Give = Callable[..., AccessToken]
"""Takes a scope and options, and returns a token; raises `CredentialUnavailableError` where there is none."""


class Place(NamedTuple):
    """Where a token may come from."""

    source: str
    give: Give


class Chain:
    """A credential that asks one place after the other. The first that has a token is asked from then on."""

    def __init__(self, places: list[Place]) -> None:
        self._places = places
        self.source: str | None = None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, as credentials of Azure do. Raises `ProviderError`."""
        for place in self._places:
            try:
                token = place.give(*scopes, **options)
            except azure.identity.CredentialUnavailableError:
                continue
            except ClientAuthenticationError:
                raise _refused_error(place.source) from None  # what was caught holds what was sent
            self._places, self.source = [place], place.source
            return token
        raise ProviderError(
            "no Azure credentials found",
            hint='"az login" makes some; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
        )


def _refused_error(source: str) -> ProviderError:
    hint = "check tenant, client and secret; if the vault's tenant is another, set AZURE_ADDITIONALLY_ALLOWED_TENANTS"
    return ProviderError("there was no token from Microsoft Entra", source=source, hint=hint)


def find(ambient: Ambient, authority: str, session: Any, deadlines: Deadlines) -> Chain:
    """Return the user's credentials, for tokens of an authority. Raises `ProviderError`."""
    environ = ambient.environ
    allowed = [tenant for tenant in environ.get("AZURE_ADDITIONALLY_ALLOWED_TENANTS", "").split(";") if tenant]
    settings = {
        "authority": authority,
        "additionally_allowed_tenants": allowed,
        "disable_instance_discovery": True,  # which authority is asked is our table's word, or the user's
        "transport": RequestsTransport(session=session, session_owner=False, use_env_settings=False),
    }
    wanted = _wanted(environ)
    places: list[Place] = []
    if "environment" in wanted:
        places += _principal(environ, {**settings, **_RETRIES})
    if "workloadidentity" in wanted:
        places += _workload(environ, {**settings, **_RETRIES})
    if wanted & {"managedidentity", "cache"}:
        places.append(_machine(environ, settings, wanted))
    if "azurecli" in wanted:
        places.append(Place("az login", _az(ambient, deadlines)))
    if "azuredevelopercli" in wanted:
        places.append(Place("azd auth login", _azd(ambient, deadlines)))
    return Chain(places)


_PROD = frozenset({"environment", "workloadidentity", "managedidentity"})
_DEV = frozenset({"cache", "azurecli", "azuredevelopercli"})


def _wanted(environ: Mapping[str, str]) -> frozenset[str]:
    text = environ.get("AZURE_TOKEN_CREDENTIALS", "").strip().lower()
    one = text.removesuffix("credential")
    if one in (_PROD | _DEV) - {"cache"}:
        return frozenset({one})
    found = {"": _PROD | _DEV, "prod": _PROD, "dev": _DEV}.get(text)
    if found is None:
        raise ProviderError(
            "AZURE_TOKEN_CREDENTIALS has an unknown value",
            hint="use dev, prod, EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential, "
            "AzureCliCredential or AzureDeveloperCliCredential",
        )
    return found


def _principal(environ: Mapping[str, str], settings: Mapping[str, Any]) -> list[Place]:
    tenant, client = (environ.get(name, "") for name in _FROM_VARIABLES)
    if not (tenant and client):
        return []
    if secret := environ.get("AZURE_CLIENT_SECRET"):
        credential = _credential(
            azure.identity.ClientSecretCredential, "AZURE_CLIENT_SECRET", tenant, client, secret, **settings
        )
        return [Place("AZURE_CLIENT_SECRET", credential.get_token)]
    if path := environ.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        credential = _credential(
            azure.identity.CertificateCredential,
            "AZURE_CLIENT_CERTIFICATE_PATH",
            tenant,
            client,
            path,
            password=environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
            send_certificate_chain=environ.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "").lower() in ("1", "true"),
            **settings,
        )
        return [Place("AZURE_CLIENT_CERTIFICATE_PATH", credential.get_token)]
    return []


def _workload(environ: Mapping[str, str], settings: Mapping[str, Any]) -> list[Place]:
    tenant, client = (environ.get(name, "") for name in _FROM_VARIABLES)
    path = environ.get("AZURE_FEDERATED_TOKEN_FILE")
    if not (tenant and client and path):
        return []
    source = "AZURE_FEDERATED_TOKEN_FILE"
    kind = azure.identity.WorkloadIdentityCredential
    credential = _credential(kind, source, tenant_id=tenant, client_id=client, token_file_path=path, **settings)

    def give(*scopes: str, **options: Any) -> AccessToken:
        try:
            return credential.get_token(*scopes, **options)
        except OSError:
            raise ProviderError("the file of the workload identity cannot be read", source=source) from None

    return [Place(source, give)]


def _credential(kind: Any, source: str, *arguments: Any, **settings: Any) -> Any:
    try:
        return kind(*arguments, **settings)
    except (ValueError, TypeError, OSError):  # their words repeat paths and content
        raise ProviderError("the Azure credentials cannot be used", source=source) from None


def _machine(environ: Mapping[str, str], settings: Mapping[str, Any], wanted: frozenset[str]) -> Place:
    credential = azure.identity.DefaultAzureCredential(
        managed_identity_client_id=environ.get("AZURE_CLIENT_ID") or None,
        shared_cache_tenant_id=environ.get("AZURE_TENANT_ID") or None,
        shared_cache_username=environ.get("AZURE_USERNAME") or None,
        exclude_environment_credential=True,
        exclude_workload_identity_credential=True,
        exclude_managed_identity_credential="managedidentity" not in wanted,
        exclude_shared_token_cache_credential="cache" not in wanted,
        exclude_visual_studio_code_credential=True,
        exclude_cli_credential=True,
        exclude_powershell_credential=True,
        exclude_developer_cli_credential=True,
        exclude_interactive_browser_credential=True,
        **settings,
    )

    def give(*scopes: str, **options: Any) -> AccessToken:
        try:
            return credential.get_token(*scopes, **options)
        except ClientAuthenticationError:  # it says so of places that have nothing, too
            raise azure.identity.CredentialUnavailableError(message="none") from None

    return Place("the managed identity", give)


def _az(ambient: Ambient, deadlines: Deadlines) -> Give:
    def give(scope: str, *, tenant_id: str | None = None, **_: Any) -> AccessToken:
        command = ["az", "account", "get-access-token", "--output", "json"]
        command += ["--resource", scope.removesuffix("/.default")]
        answer = _answer([*command, *(["--tenant", tenant_id] if tenant_id else [])], ambient, deadlines)
        return _token(answer.get("accessToken"), answer.get("expires_on"))

    return give


def _azd(ambient: Ambient, deadlines: Deadlines) -> Give:
    def give(scope: str, *, tenant_id: str | None = None, **_: Any) -> AccessToken:
        command = ["azd", "auth", "token", "--output", "json", "--no-prompt", "--scope", scope]
        answer = _answer([*command, *(["--tenant-id", tenant_id] if tenant_id else [])], ambient, deadlines)
        return _token(answer.get("token"), None)

    return give


def _answer(command: list[str], ambient: Ambient, deadlines: Deadlines) -> Mapping[str, Any]:
    try:
        output = output_of(command, helper_environment(ambient.environ), seconds=deadlines.total, limit=_LONGEST)
        found = json.loads(output)
    except (ProgramError, ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _token(text: object, expires: object) -> AccessToken:
    if not isinstance(text, str) or not text:
        raise azure.identity.CredentialUnavailableError(message="none")
    # Without a time that can be understood it is good for this run, and asked for again in the next.
    return AccessToken(text, expires if isinstance(expires, int) else int(time()) + 600)
