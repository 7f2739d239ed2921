"""Where credentials for Huawei Cloud come from: the places that its SDK knows, in the SDK's order.

1. `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, with `HUAWEICLOUD_SDK_SECURITY_TOKEN` if they are temporary, or
   `HUAWEICLOUD_SDK_IDP_ID` and `HUAWEICLOUD_SDK_ID_TOKEN_FILE` for a federated identity;
2. the same in the section `basic` of `~/.huaweicloud/credentials`, or the file that `HUAWEICLOUD_SDK_CREDENTIALS_FILE`
   names, as `ak`, `sk`, `security_token`, `idp_id`, `id_token_file`;
3. the agency of the machine, from its metadata service, unless `LEAFSEAL_HUAWEICLOUD_METADATA` is `off`;
4. the identity of the pod: `HC_CONTAINER_CREDENTIALS_FULL_URI` and `HC_CONTAINER_AUTHORIZATION_TOKEN_FILE`.

The SDK has a chain of its own, which looks at the process's environment, and asks the last two without our limits.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import requests

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.credential_files import read_credentials
from leafseal.providers.http_sessions import AmbientSession
from leafseal.providers.huawei.sdk import BasicCredentials, FederalAccessor, StsAccessor
from leafseal.system.directories import leads_somewhere

METADATA_VARIABLE = "LEAFSEAL_HUAWEICLOUD_METADATA"
_METADATA = "http://169.254.169.254"
_OLD_METADATA = (404, 405, 503)  # of its first version, which gives credentials without a token
_SECONDS = (3.0, 3.0)
_FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
_VARIABLES = {
    name: f"HUAWEICLOUD_SDK_{name.upper()}"
    for name in ("ak", "sk", "security_token", "idp_id", "id_token_file", "project_id", "iam_endpoint")
}


class Found(NamedTuple):
    """Credentials of the SDK, and where they came from."""

    credentials: Any
    source: str


def find(ambient: Ambient, session: AmbientSession) -> Found:
    """Return the user's credentials, the first that there are. Raises `ProviderError`."""
    given = {name: ambient.environ.get(variable, "") for name, variable in _VARIABLES.items()}
    named = ambient.environ.get(_FILE_VARIABLE)
    path = Path(named or ambient.home / ".huaweicloud" / "credentials")
    source = _source(str(path), _FILE_VARIABLE) if named else str(path)
    written = _read(path, source)
    defaults = {name: given[name] for name in ("project_id", "iam_endpoint")}
    return (
        _from_values(given, "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_ID_TOKEN_FILE")
        or _from_values({**defaults, **written}, source, source)
        or _of_machine(ambient, session, defaults)
        or _of_pod(ambient, session, defaults)
        or _nothing()
    )


def _from_values(values: Mapping[str, str], key_source: str, token_source: str) -> Found | None:
    """Return the credentials that these values make, if they do."""
    credentials = _empty(values)
    if values.get("idp_id") and values.get("id_token_file"):
        # Which the SDK reads when it asks, with words of its own.
        read_credentials(
            Path(values["id_token_file"]), _source(values["id_token_file"], f"id_token_file of {token_source}")
        )
        credentials.with_idp_id(values["idp_id"]).with_id_token_file(values["id_token_file"])
        credentials.sts_accessor = FederalAccessor()
        return Found(credentials, f"a federated identity, from {token_source}")
    if values.get("ak") and values.get("sk"):
        credentials.with_ak(values["ak"]).with_sk(values["sk"])
        credentials.with_security_token(values.get("security_token") or None)
        return Found(credentials, key_source)
    return None


def _empty(values: Mapping[str, str]) -> Any:
    """Return credentials that name a project, and where IAM is, but nobody."""
    credentials = BasicCredentials().with_project_id(values.get("project_id") or None)
    return credentials.with_iam_endpoint(values.get("iam_endpoint") or None)


def _source(path: str, named_by: str) -> str:
    """Return how messages name a file: by its path, or by who named it where that may be no path but a secret."""
    return path if leads_somewhere(path) else named_by


def _read(path: Path, source: str) -> dict[str, str]:
    """Return what a file of credentials holds for services of a region. Raises `ProviderError`."""
    if not path.exists():
        return {}
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(read_credentials(path, source).decode())
    except (configparser.Error, ValueError):
        raise ProviderError(f"{source}: not a file of credentials", source=source) from None
    return {name: value for name, value in parser["basic"].items() if value} if "basic" in parser else {}


def _of_machine(ambient: Ambient, session: AmbientSession, defaults: Mapping[str, str]) -> Found | None:
    address = ambient.environ.get(METADATA_VARIABLE) or _METADATA
    if address == "off":
        return None
    return _first(_Machine(session, address.rstrip("/")), defaults, "the agency of this machine")


def _of_pod(ambient: Ambient, session: AmbientSession, defaults: Mapping[str, str]) -> Found | None:
    address = ambient.environ.get("HC_CONTAINER_CREDENTIALS_FULL_URI")
    token = ambient.environ.get("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if not address or not token:
        return None
    return _first(_Pod(session, address, token), defaults, "the identity of this pod")


def _first(accessor: StsAccessor, defaults: Mapping[str, str], source: str) -> Found | None:
    """Return the credentials that an accessor gives, None if it gives none."""
    credentials = _empty(defaults)
    credentials.sts_accessor = accessor
    try:
        credentials.process_sts(None)
    except (requests.RequestException, OSError, ValueError, TypeError, AttributeError):  # the SDK reads what comes
        return None
    return Found(credentials, source)


class _Machine(StsAccessor):  # type: ignore[misc,unused-ignore]
    """The metadata service: it gives a token, and for the token credentials."""

    def __init__(self, session: AmbientSession, address: str) -> None:
        self._session = session
        self._address = address

    def get_credential(self, *_: object, **__: object) -> Any:
        """Return credentials of the agency. Raises what requests and reading raise."""
        lifetime = {"X-Metadata-Token-Ttl-Seconds": "21600"}
        url = f"{self._address}/meta-data/latest/api/token"
        token = self._session.request("PUT", url, headers=lifetime, timeout=_SECONDS)
        headers = {} if token.status_code in _OLD_METADATA else {"X-Metadata-Token": _text(token)}
        url = f"{self._address}/openstack/latest/securitykey"
        return self._process_credential(_text(self._session.request("GET", url, headers=headers, timeout=_SECONDS)))


class _Pod(StsAccessor):  # type: ignore[misc,unused-ignore]
    """The service that gives credentials to pods, for the token of their service account."""

    def __init__(self, session: AmbientSession, address: str, token: str) -> None:
        self._session = session
        self._address = address
        self._token = token

    def get_credential(self, *_: object, **__: object) -> Any:
        """Return credentials of the service account. Raises what requests, the file and reading raise."""
        headers = {"Authorization": Path(self._token).read_text("ascii").strip()}
        answer = self._session.request("POST", self._address, headers=headers, json={}, timeout=_SECONDS)
        return self._process_credential(_text(answer))


def _text(answer: requests.Response) -> str:
    if answer.status_code != 200:
        raise ValueError("no credentials")
    return str(answer.text)


def _nothing() -> Found:
    raise ProviderError(
        "no Huawei Cloud credentials found",
        hint="set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write them into ~/.huaweicloud/credentials",
    )
