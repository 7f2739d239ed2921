"""Connections to Huawei Cloud KMS: one for each region, used by all threads of a run.

The endpoint of a region is what `HUAWEICLOUD_SDK_REGION_KMS_…` names, else the user's file of regions, else the SDK.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from leafseal.display import visible
from leafseal.errors import ProviderError, system_text
from leafseal.keys import Ambient
from leafseal.keys.policy import check_use
from leafseal.providers import network
from leafseal.providers.http_sessions import AmbientSession
from leafseal.providers.huawei import credentials
from leafseal.providers.huawei.errors import FAILURES, PROJECT, Refusal, is_busy, refusal, refusal_error
from leafseal.providers.huawei.sdk import IamHelper, KmsRegion, SdkException, client, get_iam_endpoint_by_id, v2

_CALLS = {
    "encrypt": ("encrypt_data", v2.EncryptDataRequest, v2.EncryptDataRequestBody),
    "decrypt": ("decrypt_data", v2.DecryptDataRequest, v2.DecryptDataRequestBody),
}


class Connection:
    """The credentials for a region, and the client that uses them."""

    def __init__(self, region: str, ambient: Ambient, deadlines: network.Deadlines) -> None:
        self._region = region
        self._ambient = ambient
        self._deadlines = deadlines
        self._session = AmbientSession(ambient, deadlines)
        self._found: credentials.Found | None = None
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def source(self) -> str | None:
        """Where the credentials came from; None as long as none were found."""
        return None if self._found is None else self._found.source

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of the credentials no message may show."""
        own = () if self._found is None else (self._found.credentials.sk, self._found.credentials.security_token)
        return tuple(secret for secret in own if secret)

    def ask(self, operation: str, content: Mapping[str, str]) -> Mapping[str, Any] | Refusal:
        """Send a request, again after a pause where the service is busy. Raises what the SDK and requests raise."""
        return network.retry_while(lambda: self._try(operation, content), is_busy, self._deadlines.total)

    def _try(self, operation: str, content: Mapping[str, str]) -> Mapping[str, Any] | Refusal:
        step = PROJECT
        try:
            ready = self._ready()
            step = operation
            name, request, body = _CALLS[operation]
            answer = getattr(ready, name)(request(body=body(**content)))
        except SdkException as error:
            return refusal(error, step)
        if answer.status_code != 200:
            away = "it redirects to another server, which is not followed" if 300 <= answer.status_code < 400 else ""
            return Refusal(step, answer.status_code, words=away)
        return network.read_json(answer.content) or {}

    def _ready(self) -> Any:
        with self._lock:
            if self._client is None:
                endpoints = endpoints_of(self._region, self._ambient)
                self._found = self._found or self._credentials()
                who = self._found.credentials
                made = client(self._session, self._deadlines, who, self._region, endpoints)
                check_use("huawei.projects", who.project_id or "", self._ambient, "")
                self._client = made
            return self._client

    def _credentials(self) -> credentials.Found:
        found = credentials.find(self._ambient, self._session)
        own = found.credentials.iam_endpoint
        place = _checked(own, "the endpoint of IAM") if own else None
        found.credentials.with_iam_endpoint(place or get_iam_endpoint_by_id(self._region, IamHelper.DEFAULT_ENDPOINT))
        return found


def ask(operation: str, region: str, content: Mapping[str, str], ambient: Ambient, key: str) -> Mapping[str, Any]:
    """Have the service of a region encrypt or decrypt. Raises `ProviderError` for `key`, in bounded time."""
    limits = network.deadlines(ambient)
    connection = ambient.once((Connection, region), lambda: Connection(region, ambient, limits))
    try:
        outcome = network.with_deadline(limits.total, lambda: connection.ask(operation, content))
    except TimeoutError:
        error = ProviderError.of(key, f"no answer within {limits.total:g} seconds", connection.source)
    except Exception as caught:  # the SDK stumbles over answers that are not what it expects
        error = network.translate(caught, FAILURES, key, connection.source)
    else:
        if not isinstance(outcome, Refusal):
            return outcome
        sent = [content[name] for name in ("plain_text",) if name in content]
        error = refusal_error(outcome, key, connection.source, (*connection.secrets, *sent))
    raise error  # out here: what was caught may hold a request, and is to be forgotten


# -- where ----------------------------------------------------------------------------------------------------------


def endpoints_of(region: str, ambient: Ambient) -> list[str]:
    """Return the endpoints of a region, of which the SDK tries one after the other. Raises `ProviderError`."""
    variable = f"HUAWEICLOUD_SDK_REGION_KMS_{region.replace('-', '_').upper()}"
    if named := ambient.environ.get(variable):
        return [_checked(item.strip(), variable) for item in named.split(",")]
    path = Path(ambient.environ.get("HUAWEICLOUD_SDK_REGIONS_FILE") or ambient.home / ".huaweicloud" / "regions.yaml")
    if written := _written(path, region):
        return [_checked(item, str(path)) for item in written]
    if region in KmsRegion.static_fields:
        return [str(endpoint) for endpoint in KmsRegion.static_fields[region].endpoints]
    raise ProviderError(
        f"there is no region {visible(region)} in Huawei Cloud",
        hint=f"if it is newer than the installed library, {visible(variable)} names its endpoint",
    )


def _written(path: Path, region: str) -> list[str]:
    """Return what a file of regions says: a list for each service, of regions with an `id` and `endpoint(s)`."""
    try:
        content = yaml.safe_load(path.read_bytes())
        listed = [item for service, items in content.items() if service.upper() == "KMS" for item in items]
        found = [place for item in listed if item["id"] == region for place in _places(item)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ProviderError(f"{path}: {system_text(error)}") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise ProviderError(f"{path}: not a file of regions") from None
    return found


def _places(item: Mapping[str, Any]) -> list[str]:
    return [str(place) for place in [*(item.get("endpoints") or []), item.get("endpoint")] if place]


def _checked(endpoint: str, named_by: str) -> str:
    """Return an endpoint with its scheme. The way there is encrypted, except on this machine."""
    url = endpoint.rstrip("/") if "://" in endpoint else f"https://{endpoint.rstrip('/')}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.path or parts.query or "@" in parts.netloc:
        raise ProviderError(f"{named_by} does not name a host", hint="write it as https://HOST")
    if parts.scheme == "http" and not (host in ("localhost", "::1") or host.startswith("127.")):
        raise ProviderError(f"{named_by}: data keys do not travel without TLS", hint="write it with https://")
    return url
