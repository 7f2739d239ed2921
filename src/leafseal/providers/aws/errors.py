"""What botocore raises, in our words: told apart by type and by the service's code, never by its text."""

from __future__ import annotations

import base64

from botocore import exceptions, parsers
from botocore.exceptions import ClientError

from leafseal.display import visible
from leafseal.errors import ProviderError
from leafseal.providers import network

_SERVICES = {"Encrypt": "AWS KMS", "Decrypt": "AWS KMS", "GetRoleCredentials": "AWS SSO"}
_PERMISSIONS = {
    "Encrypt": "kms:Encrypt on this key",
    "Decrypt": "kms:Decrypt on this key",
    "AssumeRole": "sts:AssumeRole on the role, whose trust policy must name them",
    "AssumeRoleWithWebIdentity": "the trust policy of the role, for this token",
}

_DENIED = ("AccessDeniedException", "AccessDenied", "403", "ForbiddenException")
_SIGNATURES = (
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
)
_UNKNOWN = ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId")
_EXPIRED = ("ExpiredTokenException", "ExpiredToken", "UnauthorizedException", "RequestExpired")
_BUSY = (
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
)
_HINTS = {
    "NotFoundException": "check that the key, or its alias, is in this account and region",
    "DisabledException": 'enable the key: "aws kms enable-key"',
    "KMSInvalidStateException": "cancel the deletion of the key: until then it decrypts nothing",
    "InvalidCiphertextException": "check whether the encryption context or the encrypted data key was changed",
    "IncorrectKeyException": "it was encrypted by another key than the one the file names",
    "InvalidKeyUsageException": "use a symmetric key for encryption and decryption",
    "KMSInternalException": "try again in a while",
    "InvalidIdentityToken": "check that IAM knows the identity provider, and that its token is for this audience",
}


def as_error(error: Exception, key: str, source: str | None, sent: bytes | None = None) -> ProviderError:
    """Return the error to raise for one of botocore's, and for whatever its helpers let through.

    Only an answer of the service is kept as its cause: others hold requests, and those hold data keys and tokens. An
    answer that repeats what was `sent` is not.
    """
    if isinstance(error, ClientError):
        return _answer_error(error, key, source, sent)
    return network.translate(error, _FAILURES, key, source, **_shown(error))


def _answer_error(error: ClientError, key: str, source: str | None, sent: bytes | None) -> ProviderError:
    code, words = _code_and_words(error)
    operation, hint = error.operation_name, _HINTS.get(code)
    # The text of the former repeats the request's headers, of which one is a token.
    tells_secrets = code in _SIGNATURES or (sent and base64.b64encode(sent).decode() in repr(error.response))
    if code in _DENIED:
        hint = f"these credentials need {_PERMISSIONS.get(operation, operation)}"
    elif code in _SIGNATURES:
        hint = "check the secret access key, and the clock of this machine"
    elif code in _UNKNOWN:
        hint = "check that the access key is right, and for this partition of AWS"
    elif code in _EXPIRED:
        hint = 'log in again, such as with "aws sso login"'
    elif code in _BUSY:
        hint = "the account's limit of requests is reached; try again in a while"
    said = f"{_SERVICES.get(operation, 'AWS STS')} answered {code}"
    if words and not tells_secrets:
        said += f": {words}"
    found = ProviderError.of(key, said, source, hint)
    if not tells_secrets:
        found.__cause__ = error.with_traceback(None)  # its frames hold the request
    return found


def _code_and_words(error: ClientError) -> tuple[str, str]:
    """Return the service's code, and the first line of what it says, fit to be shown."""
    answer = error.response.get("Error", {})
    code, words = str(answer.get("Code") or "Unknown"), str(answer.get("Message") or "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code == "Unknown" and isinstance(status, int):
        code, words = f"HTTP status {status}", ""
    return visible(code[:80]), network.first_line(words)


def _shown(error: Exception) -> dict[str, str]:
    """Return what may be told of an error's details: names of profiles, files and endpoints."""
    details = getattr(error, "kwargs", {})
    return {name: visible(str(details.get(name, "")))[:200] for name in ("endpoint_url", "profile", "path", "provider")}


_WHO = 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret; "aws sts get-caller-identity" tells who you are'
_NO_SESSION = ("there is no valid SSO session", 'log in with "aws sso login"')
_LATE = ("no answer from {endpoint_url} in time", None)
_BROKEN = ("the connection to AWS broke off", "try again")
_NO_REGION = ("the ARN names no region of AWS", None)
_UNFIT = ("the ARN, the role or the context is none that AWS takes", None)

_FAILURES: network.Failures = {
    exceptions.NoCredentialsError: ("no AWS credentials found", _WHO),
    exceptions.PartialCredentialsError: ("the AWS credentials of {provider} are incomplete", _WHO),
    exceptions.ProfileNotFound: (
        "there is no AWS profile {profile}",
        "profiles are in ~/.aws/config and ~/.aws/credentials",
    ),
    exceptions.ConfigParseError: ("the AWS configuration {path} does not parse", None),
    exceptions.InfiniteLoopConfigError: ("the roles of AWS profiles go round in circles", None),
    exceptions.InvalidConfigError: ("the AWS configuration is incomplete or contradicts itself", None),
    exceptions.SSOError: _NO_SESSION,
    exceptions.TokenRetrievalError: _NO_SESSION,
    exceptions.LoginError: ("there is no valid login", 'log in with "aws login"'),
    exceptions.RefreshWithMFAUnsupportedError: ("the AWS credentials ran out, and take a code of an MFA device", None),
    exceptions.CredentialRetrievalError: ("{provider} of the AWS profile gave no credentials", "run it by hand"),
    exceptions.MetadataRetrievalError: ("the container's service for credentials gave none", None),
    exceptions.MissingDependencyException: ("these credentials take a library more", "pip install 'botocore[crt]'"),
    exceptions.InvalidRegionError: _NO_REGION,
    exceptions.EndpointResolutionError: _NO_REGION,
    exceptions.SSLError: ("the certificate of {endpoint_url} does not verify", "AWS_CA_BUNDLE names other authorities"),
    exceptions.ProxyConnectionError: ("the proxy cannot be reached", "HTTPS_PROXY names it"),
    exceptions.ConnectTimeoutError: _LATE,
    exceptions.ReadTimeoutError: _LATE,
    exceptions.EndpointConnectionError: ("cannot connect to {endpoint_url}", None),
    exceptions.HTTPClientError: _BROKEN,
    exceptions.ConnectionError: _BROKEN,
    ConnectionError: _BROKEN,  # which helpers of botocore let through
    parsers.ResponseParserError: ("the answer of AWS does not parse", None),
    exceptions.ParamValidationError: _UNFIT,
    exceptions.ValidationError: _UNFIT,
    Exception: ("the AWS client failed with {error}", "check your AWS configuration"),
}
