"""Where credentials for Google Cloud come from: the variables that SOPS knows, then the application default ones.

1. `GOOGLE_CREDENTIALS`: the path of a file of credentials, or its content;
2. `GOOGLE_OAUTH_ACCESS_TOKEN`;
3. the file that `GOOGLE_APPLICATION_CREDENTIALS` names;
4. what `gcloud auth application-default login` wrote, in `CLOUDSDK_CONFIG` or `~/.config/gcloud`;
5. the metadata service of a machine or container of Google's, unless `NO_GCE_CHECK` is `true`.

google-auth has a chain of its own for 3 to 5, which looks at the process's environment; this one looks at `Ambient`.
Of the process these remain: `AWS_…` for federated identities of AWS, and where the metadata service is.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import google.auth.exceptions
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials as Token

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.credential_files import read_credentials
from leafseal.system.directories import roaming

SCOPES = ("https://www.googleapis.com/auth/cloudkms",)
_METADATA = "169.254.169.254"
_FLAVOR = {"Metadata-Flavor": "Google"}


class Found(NamedTuple):
    """Credentials of google-auth, and where they came from."""

    credentials: Any
    source: str


def find(ambient: Ambient, request: Request) -> Found:
    """Return the user's credentials, the first that there are. Raises `ProviderError`."""
    found = _given(ambient.environ) or _default(ambient, request)
    if found is None:
        raise ProviderError(
            "no Google credentials found",
            hint='"gcloud auth application-default login" makes some; GOOGLE_CREDENTIALS names a file of them',
        )
    project = ambient.environ.get("GOOGLE_CLOUD_QUOTA_PROJECT")
    if project and hasattr(found.credentials, "with_quota_project"):
        return found._replace(credentials=found.credentials.with_quota_project(project))
    return found


def _given(environ: Mapping[str, str]) -> Found | None:
    if given := environ.get("GOOGLE_CREDENTIALS"):
        content = read_credentials(Path(given), "GOOGLE_CREDENTIALS") if _is_file(given) else given.encode()
        return Found(_load(content, "GOOGLE_CREDENTIALS"), "GOOGLE_CREDENTIALS")
    if token := environ.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ProviderError("GOOGLE_OAUTH_ACCESS_TOKEN: not a token", source="GOOGLE_OAUTH_ACCESS_TOKEN")
        return Found(Token(token), "GOOGLE_OAUTH_ACCESS_TOKEN")
    return None


def _default(ambient: Ambient, request: Request) -> Found | None:
    environ = ambient.environ
    if named := environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        source = "GOOGLE_APPLICATION_CREDENTIALS"
        return Found(_load(read_credentials(Path(named), source), source), source)
    path = _gcloud_folder(ambient) / "application_default_credentials.json"
    if path.is_file():
        return Found(_load(read_credentials(path, str(path)), str(path)), str(path))
    if environ.get("NO_GCE_CHECK", "").lower() == "true" or not _has_metadata(environ, request):
        return None
    from google.auth.compute_engine import Credentials

    return Found(Credentials(scopes=list(SCOPES)), "the metadata service")


def _gcloud_folder(ambient: Ambient) -> Path:
    if named := ambient.environ.get("CLOUDSDK_CONFIG"):
        return Path(named)
    if sys.platform == "win32":
        return Path(roaming(ambient.environ, ambient.home), "gcloud")
    return ambient.home / ".config" / "gcloud"


def _has_metadata(environ: Mapping[str, str], request: Request) -> bool:
    """Tell whether this is a machine of Google's: its metadata service says so itself."""
    host = environ.get("GCE_METADATA_HOST") or _METADATA
    try:
        answer = request(f"http://{host}/", headers=_FLAVOR)
    except google.auth.exceptions.TransportError:
        return False
    return bool(answer.headers.get("metadata-flavor") == "Google")


def _is_file(text: str) -> bool:
    try:
        return os.path.exists(text)
    except ValueError:  # a zero byte
        return False


def _load(content: bytes, source: str) -> Any:
    """Make credentials of a file's content. Raises `ProviderError`, which tells nothing of it."""
    try:
        info = json.loads(content)
    except (ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise ProviderError(f"{source}: neither a file nor the JSON of one", source=source)
    make = _KINDS.get(str(info.get("type")))
    if make is None:
        known = ", ".join(_KINDS)
        raise ProviderError(f"{source}: credentials of an unknown type", source=source, hint=f"known are {known}")
    try:
        return make(info)
    except (google.auth.exceptions.GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
        raise ProviderError(f"{source}: incomplete or damaged credentials", source=source) from None


def _service_account(info: Mapping[str, Any]) -> Any:
    from google.oauth2.service_account import Credentials

    # It signs its own tokens, which saves a request for one.
    return Credentials.from_service_account_info(info, scopes=SCOPES).with_always_use_jwt_access(True)


def _user(info: Mapping[str, Any]) -> Any:
    return Token.from_authorized_user_info(info)


def _federated(info: Mapping[str, Any]) -> Any:
    place = info.get("credential_source") or {}
    if "executable" in place:
        raise ProviderError(
            "credentials that start a program are not used",
            hint="put a token into GOOGLE_OAUTH_ACCESS_TOKEN, and unset GOOGLE_CREDENTIALS",
        )
    if info.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
        from google.auth import aws

        return aws.Credentials.from_info(info, scopes=SCOPES)
    from google.auth import identity_pool

    return identity_pool.Credentials.from_info(info, scopes=SCOPES)


def _federated_user(info: Mapping[str, Any]) -> Any:
    from google.auth import external_account_authorized_user

    return external_account_authorized_user.Credentials.from_info(info)


def _impersonated(info: Mapping[str, Any]) -> Any:
    from google.auth import impersonated_credentials

    return impersonated_credentials.Credentials.from_impersonated_service_account_info(info, scopes=SCOPES)


_KINDS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "service_account": _service_account,
    "authorized_user": _user,
    "external_account": _federated,
    "external_account_authorized_user": _federated_user,
    "impersonated_service_account": _impersonated,
}
