"""What is used of Huawei Cloud's SDK, which is imported here and nowhere else, and what is changed about it.

Its HTTP client reads `~/.netrc`, whose passwords would go out in the place of signatures, and answers of any length.
When it is imported it writes an identifier of the machine into the home directory, to send it along from then on.
"""

from __future__ import annotations

import logging
import sys
from types import ModuleType
from typing import Any

import requests

from leafseal import __version__
from leafseal.providers.http_sessions import AmbientSession
from leafseal.providers.network import Deadlines

__all__ = [
    "BasicCredentials",
    "FederalAccessor",
    "IamHelper",
    "KmsRegion",
    "SdkException",
    "ServiceResponseException",
    "StsAccessor",
    "client",
    "get_iam_endpoint_by_id",
    "v2",
]

_AGENT = f"leafseal/{__version__}"


def _keep_identifier_out() -> None:
    """Put in the place of the module that makes the identifier one that has none, unless it has been imported."""
    quiet = ModuleType("huaweicloudsdkcore.http.user_agent")
    quiet.user_agent_string = _AGENT  # type: ignore[attr-defined]
    sys.modules.setdefault(quiet.__name__, quiet)


_keep_identifier_out()

# ruff: noqa: E402  these come after what keeps their import from writing
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.auth.endpoint import get_iam_endpoint_by_id
from huaweicloudsdkcore.auth.internal import FederalAccessor, IamHelper, StsAccessor
from huaweicloudsdkcore.client import ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkkms import v2
from huaweicloudsdkkms.v2.region.kms_region import KmsRegion


class _Client(v2.KmsClient):  # type: ignore[misc,unused-ignore]
    """The SDK's client, which sends its requests in a session of ours."""

    def __init__(self, session: AmbientSession) -> None:
        super().__init__()
        self._given = session
        self._logger.setLevel(logging.CRITICAL)  # nobody listens, so its complaints would go to standard error

    def init_http_client(self) -> None:
        """Make the SDK's HTTP client, and change its session."""
        super().init_http_client()
        self._http_client._session = self._given

    def sync_response_handler(self, response: requests.Response, *_: object) -> requests.Response:
        """Return an answer as it came. The SDK would read it as JSON, XML or BSON, whichever it says it is."""
        return response


def client(session: AmbientSession, deadlines: Deadlines, credentials: Any, region: str, endpoints: list[str]) -> Any:
    """Return a client for a region. It asks IAM for the project, where the credentials name none."""
    config = HttpConfig(timeout=(deadlines.connect, deadlines.answer), user_agent=_AGENT)
    return (
        ClientBuilder(lambda: _Client(session))
        .with_http_config(config)
        .with_credentials(credentials)
        .with_region(Region(region, *endpoints))
        .build()
    )
