"""The URLs of encrypted value files: `leafseal:` is ours, and those of helm-secrets are read as it reads them.

    leafseal:PATH  leafseal:?PATH  leafseal:plain-ok!PATH  leafseal://PATH
    secrets://PATH  secrets+age-import://KEY?PATH  secrets+gpg-import://KEY?PATH  secrets+literal://TEXT

After `leafseal:` and the protocols of helm-secrets a path is as it is written. After `leafseal://` it is that of a URL:
`%20` is a blank. `?` before it means that the file may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import RefusedError, UsageError

PLAIN_OK = "plain-ok!"


class Request(NamedTuple):
    """What a URL asks for."""

    path: str
    literal: bytes | None = None
    """The encrypted text itself, where no file is named."""

    is_optional: bool = False
    allows_plain: bool = False
    is_of_helm_secrets: bool = False
    key_file: str | None = None
    """The file with the private key of age, where the URL names one."""

    gpg_key_file: str | None = None
    """The file with a private PGP key, where the URL names one."""


def read(url: str, environ: Mapping[str, str]) -> Request:
    """Read a URL. Raises `UsageError`, and `RefusedError` for what helm-secrets can and we cannot."""
    protocol, colon, rest = url.partition(":")
    if not colon or not (protocol == "leafseal" or protocol == "secrets" or protocol.startswith("secrets+")):
        raise UsageError("this is not a URL of leafseal", hint="write leafseal:PATH, such as leafseal:secrets.enc.yaml")
    if protocol == "leafseal":
        return _of_leafseal(rest)
    rest = rest.removeprefix("//")
    if protocol in _HINTS:
        raise RefusedError(f"{protocol}:// is not supported", hint=_HINTS[protocol])
    if protocol == "secrets+literal":
        return Request("", _without_backend(rest).encode("utf-8", "surrogateescape"), is_of_helm_secrets=True)
    if protocol not in ("secrets", *_IMPORTS):
        raise UsageError(f"{visible(protocol)}:// is not a protocol of helm-secrets")
    is_optional = rest.startswith("?") or environ.get("HELM_SECRETS_IGNORE_MISSING_VALUES") == "true"
    path = _without_backend(rest.removeprefix("?"))
    if protocol == "secrets":
        return _named(Request(path, None, is_optional, allows_plain=True, is_of_helm_secrets=True))
    key, mark, path = path.partition("?")
    if not mark:
        raise UsageError("no file is named", hint=f"write {protocol}://KEYFILE?FILE")
    prefix = environ.get("HELM_SECRETS_KEY_LOCATION_PREFIX", "")
    variable, hint = _IMPORTS[protocol]
    if environ.get(variable, "true") != "true":
        raise RefusedError(f"{variable} forbids {protocol}://", hint=hint)
    if not key.startswith(prefix) or (prefix and ".." in key.split("/")):
        raise RefusedError("HELM_SECRETS_KEY_LOCATION_PREFIX forbids this key file", hint=hint, file=key)
    request = Request(path, None, is_optional, allows_plain=True, is_of_helm_secrets=True)
    return _named(
        request._replace(gpg_key_file=key) if protocol == "secrets+gpg-import" else request._replace(key_file=key)
    )


_AGE_HINT = "set SOPS_AGE_KEY_FILE for Helm, and name the file as secrets://FILE"
_GPG_HINT = "set GNUPGHOME for Helm, and name the file as secrets://FILE"
_IMPORTS = {
    "secrets+age-import": ("HELM_SECRETS_ALLOW_AGE_IMPORT", _AGE_HINT),
    "secrets+gpg-import": ("HELM_SECRETS_ALLOW_GPG_IMPORT", _GPG_HINT),
}
_HINTS = {
    "secrets+gpg-import-kubernetes": "mount the Secret, and write secrets+gpg-import://KEYFILE?FILE",
    "secrets+age-import-kubernetes": "mount the Secret, and write secrets+age-import://KEYFILE?FILE",
}


def _of_leafseal(rest: str) -> Request:
    is_url = rest.startswith("//")
    rest = rest.removeprefix("//")
    allows_plain = rest.startswith(PLAIN_OK)
    rest = rest.removeprefix(PLAIN_OK)
    is_optional = rest.startswith("?")
    path = rest.removeprefix("?")
    if is_url and "%" in path:
        from urllib.parse import unquote_to_bytes

        path = unquote_to_bytes(path).decode("utf-8", "surrogateescape")
    return _named(Request(path, None, is_optional, allows_plain))


def _named(request: Request) -> Request:
    if not request.path:
        raise UsageError("no file is named", hint="write leafseal:PATH, such as leafseal:secrets.enc.yaml")
    if "://" in request.path:
        raise RefusedError("a file at another URL is not supported", hint="download it, and name the file")
    return request


def _without_backend(text: str) -> str:
    """Return what follows `sops!`. Raises `RefusedError` for another backend of helm-secrets."""
    backend, mark, rest = text.partition("!")
    if not mark:
        return text
    if backend != "sops":
        raise RefusedError(
            f"the backend {visible(backend)} of helm-secrets is not supported", hint="use the backend sops"
        )
    return rest
