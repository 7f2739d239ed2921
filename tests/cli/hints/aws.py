"""Hints about keys of AWS KMS."""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import partial
from pathlib import Path
from typing import Any

from leafseal.keys import Ambient

from ...services.recorder import Answer, Cut, Reaction, Request, forward, json_answer
from .scenario import Act, Scenario, Stage

_Scenario = partial(Scenario, "providers.aws.errors", stage="at_aws", files={"a.yaml": "a: 1\n"})
_ENCRYPT = "encrypt -i --kms KEY a.yaml"
_NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
_CONFIG = "../home/.aws/config"
_ROLE = "arn:aws:iam::123456789012:role/ci"
_CREDENTIALS = {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "right"}
_MFA = f"""\
[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = right
[profile mfa]
role_arn = {_ROLE}
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
"""
_SSO = """\
[profile sso]
sso_start_url = https://shop.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = ci
"""


def _refusal(code: str, status: int = 400) -> Answer:
    return json_answer({"__type": code, "message": "Words of the service."}, status, "application/x-amz-json-1.1")


def _refused_with(code: str, times: int = 1, status: int = 400) -> Act:
    """Have the next requests refused."""
    return lambda at: at.before.will(*[_refusal(code, status)] * times)


def _denied(at: Stage) -> None:
    at.before.otherwise = lambda _: _refusal("AccessDeniedException")


def _granted(at: Stage) -> None:
    at.before.otherwise = forward(at.service.url)


def _refusing_unless(is_good: Any, refused: Answer) -> Act:
    """Have requests refused that are not as they should be."""

    def act(at: Stage) -> None:
        ask = forward(at.service.url)

        def answer(request: Request) -> Reaction:
            return ask(request) if is_good(request) else refused

        at.before.otherwise = answer

    return act


def _is_signed(request: Request) -> bool:
    """Tell whether a request is signed with the right secret, as Signature Version 4 wants it."""
    fields = dict(item.strip().split("=", 1) for item in request.headers["authorization"][17:].split(","))
    scope, names = fields["Credential"].partition("/")[2], fields["SignedHeaders"]
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    body = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, request.path, "", headers, names, body])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4right"
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(key.hex(), fields["Signature"])


def _gives_sessions(at: Stage) -> None:
    """Be "aws sts get-session-token"; to ask moto's takes seconds, for all that it loads."""
    at.names.update(ACCESS_KEY_ID="ASIAIOSFODNN7EXAMPLE", SECRET_ACCESS_KEY="right", SESSION_TOKEN="x")


def _signing_key(at: Stage) -> None:
    created = at.service.client().create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    at.names["SIGNING"] = created["KeyMetadata"]["Arn"]


def _enabled(at: Stage) -> Any:
    return at.service.client().enable_key(KeyId=at.names["ID"])


def _kept(at: Stage) -> None:
    at.service.client().cancel_key_deletion(KeyId=at.names["ID"])
    _enabled(at)


def _logs_in(at: Stage) -> None:
    """Be "aws sso login", and the service that gives credentials to who did."""
    from botocore.credentials import SSOProvider

    name = hashlib.sha1(b"https://shop.awsapps.com/start").hexdigest()
    folder = Path(SSOProvider._SSO_TOKEN_CACHE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text('{"accessToken": "x", "expiresAt": "2099-01-01T00:00:00Z"}')
    given = {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "right", "sessionToken": "x"}
    at.before.will(json_answer({"roleCredentials": {**given, "expiration": 4070908800000}}))


def _old_file(at: Stage) -> None:
    """Write a file of SOPS 3.2.0."""
    from leafseal.providers.aws import AWSKMSKey

    from ...operations.test_context_repair import CONTEXT, old_file

    key = AWSKMSKey(at.names["KEY"], context=CONTEXT)
    Path("old.yaml").write_bytes(old_file([[key]], Ambient.of_process(), "prod"))


_IDENTITY = (
    b"<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Incorrect token audience</Message></Error>"
    b"</ErrorResponse>"
)

SCENARIOS = [
    Scenario(
        "cli.shared.recipients",
        "add {}; in .sops.yaml, write context and aws_profile beside each arn of key_groups",
        "encrypt --age ME --encryption-context app:shop a.yaml",
        (
            "encrypt --kms KEY --encryption-context app:shop a.yaml",
            {".sops.yaml": "creation_rules: [{key_groups: [{kms: [{arn: 'KEY', context: {app: shop}}]}]}]\n"},
            "encrypt a.yaml",
        ),
        files={"a.yaml": "a: 1\n"},
        stage="at_aws",
    ),
    Scenario(
        "cli.shared.recipients",
        "write it as name:value,name:value",
        "encrypt --kms KEY --encryption-context shop a.yaml",
        ("encrypt --kms KEY --encryption-context app:shop,env:prod a.yaml",),
        files={"a.yaml": "a: 1\n"},
        stage="at_aws",
    ),
    _Scenario(
        "check that the key, or its alias, is in this account and region",
        "encrypt -i --kms ELSEWHERE a.yaml",
        (_ENCRYPT,),
    ),
    _Scenario(
        'enable the key: "aws kms enable-key"',
        "decrypt a.yaml",
        (_enabled, "decrypt a.yaml"),
        before=(_ENCRYPT, lambda at: at.service.disable(at.names["KEY"])),
    ),
    _Scenario(
        "cancel the deletion of the key: until then it decrypts nothing",
        "decrypt a.yaml",
        (_kept, "decrypt a.yaml"),
        before=(_ENCRYPT, lambda at: at.service.schedule_deletion(at.names["KEY"])),
    ),
    _Scenario(
        "check whether the encryption context or the encrypted data key was changed",
        "decrypt a.yaml",
        ("! sed -i 's/app: hop/app: shop/' a.yaml", "decrypt a.yaml"),
        before=(
            "encrypt -i --kms 'KEY|app:shop' a.yaml",
            "! sed -i 's/app: shop/app: hop/' a.yaml",
        ),
    ),
    _Scenario(
        "it was encrypted by another key than the one the file names",
        "decrypt a.yaml",
        ("! sed -i s,key/SECOND_ID,key/ID, a.yaml", "decrypt a.yaml"),
        before=(_ENCRYPT, "! sed -i s,key/ID,key/SECOND_ID, a.yaml"),
    ),
    _Scenario(
        "use a symmetric key for encryption and decryption",
        "encrypt -i --kms SIGNING a.yaml",
        (_ENCRYPT,),
        before=(_signing_key,),
    ),
    _Scenario(
        "try again in a while",
        _ENCRYPT,
        (_ENCRYPT,),
        before=(_refused_with("KMSInternalException", status=500),),
    ),
    _Scenario(
        "the account's limit of requests is reached; try again in a while",
        _ENCRYPT,
        (_ENCRYPT,),
        before=(_refused_with("ThrottlingException"),),
    ),
    _Scenario("try again", _ENCRYPT, (_ENCRYPT,), before=(lambda at: at.before.will(Cut(reset=True)),)),
    _Scenario(
        "check that IAM knows the identity provider, and that its token is for this audience",
        _ENCRYPT,
        ({"token": "right"}, _ENCRYPT),
        files={"a.yaml": "a: 1\n", "token": "wrong"},
        before=(
            _refusing_unless(
                lambda request: b"WebIdentityToken=wrong" not in request.body,
                Answer(400, _IDENTITY, {"Content-Type": "text/xml"}),
            ),
        ),
        environ={**_NOBODY, "AWS_WEB_IDENTITY_TOKEN_FILE": "token", "AWS_ROLE_ARN": _ROLE},
    ),
    _Scenario(
        'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret; "aws sts get-caller-identity" tells who you are',
        _ENCRYPT,
        ("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "export AWS_SECRET_ACCESS_KEY=right", _ENCRYPT),
        environ=_NOBODY,
    ),
    _Scenario(
        'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret; "aws sts get-caller-identity" tells who you are',
        _ENCRYPT,
        ("export AWS_PROFILE=base", _ENCRYPT),
        files={"a.yaml": "a: 1\n", _CONFIG: _MFA},
        environ=_NOBODY,
    ),
    _Scenario(
        "profiles are in ~/.aws/config and ~/.aws/credentials",
        _ENCRYPT,
        ({_CONFIG: _MFA}, _ENCRYPT),
        environ={**_NOBODY, "AWS_PROFILE": "base"},
    ),
    _Scenario(
        "run it by hand",
        _ENCRYPT,
        ("! ! sh ../credentials", {"../credentials": f"echo '{json.dumps(_CREDENTIALS)}'\n"}, _ENCRYPT),
        files={
            "a.yaml": "a: 1\n",
            "../credentials": "exit 1\n",
            _CONFIG: "[profile own]\ncredential_process = /bin/sh HERE/../credentials\n",
        },
        environ={**_NOBODY, "AWS_PROFILE": "own"},
    ),
    _Scenario(
        'log in with "aws sso login"',
        _ENCRYPT,
        (_logs_in, _ENCRYPT),
        files={"a.yaml": "a: 1\n", _CONFIG: _SSO},
        environ={**_NOBODY, "AWS_PROFILE": "sso"},
    ),
    _Scenario(
        "AWS_CA_BUNDLE names other authorities",
        _ENCRYPT,
        ("export AWS_CA_BUNDLE=CA", _ENCRYPT),
        environ={"AWS_ENDPOINT_URL": "SAFE_URL"},
    ),
    _Scenario(
        "HTTPS_PROXY names it",
        _ENCRYPT,
        ("export HTTPS_PROXY=PROXY", _ENCRYPT),
        environ={"AWS_ENDPOINT_URL": "SAFE_URL", "AWS_CA_BUNDLE": "CA", "HTTPS_PROXY": "http://127.0.0.1:1"},
    ),
    _Scenario(
        "check your AWS configuration",
        _ENCRYPT,
        ("export AWS_DEFAULTS_MODE=standard", _ENCRYPT),
        environ={"AWS_DEFAULTS_MODE": "usual"},
    ),
    _Scenario("these credentials need {}", _ENCRYPT, (_granted, _ENCRYPT), before=(_denied,)),
    _Scenario(
        "check the secret access key, and the clock of this machine",
        _ENCRYPT,
        ("export AWS_SECRET_ACCESS_KEY=right", _ENCRYPT),
        before=(_refusing_unless(_is_signed, _refusal("InvalidSignatureException", 403)),),
        environ={"AWS_SECRET_ACCESS_KEY": "wrong"},
    ),
    _Scenario(
        "check that the access key is right, and for this partition of AWS",
        _ENCRYPT,
        ("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", _ENCRYPT),
        before=(
            _refusing_unless(
                lambda request: "Credential=AKIAIOSFODNN7EXAMPLE/" in request.headers["authorization"],
                _refusal("UnrecognizedClientException"),
            ),
        ),
        environ={"AWS_ACCESS_KEY_ID": "AKIAOF2ANOTHER2EXAMP"},
    ),
    _Scenario(
        'log in again, such as with "aws sso login"',
        _ENCRYPT,
        ("export AWS_SESSION_TOKEN=new", _ENCRYPT),
        before=(
            _refusing_unless(
                lambda request: request.headers.get("x-amz-security-token") == "new", _refusal("ExpiredTokenException")
            ),
        ),
        environ={"AWS_SESSION_TOKEN": "old"},
    ),
    _Scenario(
        'get a session first, such as with "aws sts get-session-token", and put it into the environment',
        _ENCRYPT,
        (
            _gives_sessions,
            "export AWS_ACCESS_KEY_ID=ACCESS_KEY_ID",
            "export AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY",
            "export AWS_SESSION_TOKEN=SESSION_TOKEN",
            _ENCRYPT,
        ),
        files={"a.yaml": "a: 1\n", _CONFIG: _MFA},
        environ={**_NOBODY, "AWS_PROFILE": "mfa"},
    )._replace(module="providers.aws.session"),
    _Scenario(
        'if SOPS before 3.3.0 encrypted this file, fix it with "leafseal repair FILE"',
        "decrypt old.yaml",
        ("repair --yes old.yaml", "decrypt old.yaml"),
        before=(_old_file,),
    )._replace(module="operations.open"),
    _Scenario(
        "none of its possible encryption contexts decrypts it: the cause is another one",
        "repair --yes old.yaml",
        (_enabled, "repair --yes old.yaml"),
        before=(_old_file, lambda at: at.service.disable(at.names["KEY"])),
    )._replace(module="operations.context_repair"),
]
