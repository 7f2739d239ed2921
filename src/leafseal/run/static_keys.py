"""Keys of clouds in an environment that stay valid until somebody deletes them, where a job could have none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

Read = Callable[[str], bytes | None]
"""Returns the content of a file, None if it cannot be read."""


def static_keys(environ: Mapping[str, str], read: Read) -> Iterator[tuple[str, str]]:
    """Yield the variables with such keys, and whose keys they are. A key with a session token ends by itself."""
    if environ.get("AWS_SECRET_ACCESS_KEY") and not _any(environ, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        yield "AWS_SECRET_ACCESS_KEY", "AWS"
    for name in ("GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS", "GCP_SA_KEY"):
        if (text := environ.get(name)) and _is_account_key(text, read):
            yield name, "Google Cloud"
    for name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"):
        if environ.get(name):
            yield name, "Azure"
    if environ.get("AZURE_CREDENTIALS") and "clientSecret" in environ["AZURE_CREDENTIALS"]:
        yield "AZURE_CREDENTIALS", "Azure"
    if environ.get("HUAWEICLOUD_SDK_SK") and not environ.get("HUAWEICLOUD_SDK_SECURITY_TOKEN"):
        yield "HUAWEICLOUD_SDK_SK", "Huawei Cloud"


def _any(environ: Mapping[str, str], *names: str) -> bool:
    return any(environ.get(name) for name in names)


def _is_account_key(text: str, read: Read) -> bool:
    """Tell whether a text, or the file that it names, is the key of a service account of Google's."""
    content = text if text.lstrip().startswith("{") else read(text)
    try:
        info = json.loads(content or b"")
    except (ValueError, RecursionError):
        return False
    return isinstance(info, dict) and "private_key" in info
