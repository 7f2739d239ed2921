"""What Huawei Cloud says and what its SDK raises, in our words: told apart by status, code and type, not by text."""

from __future__ import annotations

from typing import NamedTuple

import requests

from leafseal.display import visible
from leafseal.errors import ProviderError
from leafseal.providers import network
from leafseal.providers.huawei.sdk import SdkException, ServiceResponseException

_TRUST = "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names other authorities"
_PROJECT = "set HUAWEICLOUD_SDK_PROJECT_ID to the id of the key's project"

_FAILED = "the Huawei Cloud client failed with {error}"

PROJECT = "project"
"""Finding out the project of a region, which IAM is asked for; the other steps are `encrypt` and `decrypt`."""

_PERMISSIONS = {
    "encrypt": "kms:cmk:encryptData on the key",
    "decrypt": "kms:cmk:decryptData on the key",
    PROJECT: "iam:projects:listProjects, or HUAWEICLOUD_SDK_PROJECT_ID has to be set",
}
_HINTS = {
    "KMS.0205": "check that the key is in this region and project",
    "KMS.0209": "enable the key",
    "KMS.0210": "cancel the deletion of the key: until then it decrypts nothing",
    "400": "check that it was encrypted by this key, and that the key is symmetric",
    "401": "check the access key and its secret, and the clock of this machine",
    "404": "check that the key is in this region and project",
    "429": "the account's limit of requests is reached; try again in a while",
}


class Refusal(NamedTuple):
    """An answer that is none: the step it came in, its status, and what was said with it."""

    step: str
    status: int
    code: str = ""
    words: str = ""


def is_busy(outcome: object) -> bool:
    """Tell whether this is an answer after which a request is worth another try."""
    return isinstance(outcome, Refusal) and (outcome.status == 429 or outcome.status >= 500)


def refusal(error: SdkException, step: str) -> Refusal:
    """Return the answer that an exception is made of. Raises what else it was, where there was no answer."""
    told = error if isinstance(error, ServiceResponseException) else error.__context__
    if isinstance(told, ServiceResponseException):
        return Refusal(step, told.status_code, str(told.error_code or ""), str(told.error_msg or ""))
    if isinstance(told, requests.RequestException):
        raise told
    if step == PROJECT:
        raise ProviderError("Huawei Cloud IAM names no project for the region, or several", hint=_PROJECT)
    raise ProviderError(_FAILED.format(error=type(error).__name__))


def refusal_error(refused: Refusal, key: str, source: str | None, secrets: tuple[str, ...]) -> ProviderError:
    """Return the error to raise for a refusal. Words that repeat one of `secrets` are not passed on."""
    step, status, code, words = refused
    hint = _HINTS.get(code) or _HINTS.get(str(status))
    if status == 403:
        hint = f"these credentials need {_PERMISSIONS[step]}"
    elif step == PROJECT and status not in (401, 429):
        hint = _PROJECT
    said = f"Huawei Cloud {'IAM' if step == PROJECT else 'KMS'} answered {status}"
    if any(secret in text for secret in secrets for text in (code, words)):
        return ProviderError.of(key, said, source, hint)
    if code and code != str(status):
        said += f" {visible(code[:80])}"
    line = network.first_line(words)
    if line and line[0] not in "{[<":  # the SDK takes the whole body for words where it finds none
        said += f": {line}"
    return ProviderError.of(key, said, source, hint)


FAILURES: network.Failures = {
    requests.exceptions.SSLError: ("the certificate of the endpoint does not verify", _TRUST),
    requests.exceptions.ProxyError: ("the proxy cannot be reached", "HTTPS_PROXY names it"),
    requests.exceptions.Timeout: ("no answer from Huawei Cloud in time", None),
    requests.exceptions.ConnectionError: ("the endpoint cannot be reached, or the connection broke off", None),
    requests.exceptions.RequestException: ("the answer of the endpoint is not HTTP", None),
    OSError: ("the file of certificates cannot be used", "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names it"),
    Exception: (_FAILED, None),
}
"""What the SDK raises, and the library that it sends requests with."""
