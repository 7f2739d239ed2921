"""KMS and Huawei Cloud IAM, and the services that give credentials to machines and pods: a function for a `Recorder`.

Signatures are verified as the service describes them. Ciphertexts are AES-GCM under keys of this process and, as the
real ones, tell which key they are for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .recorder import Answer, Reaction, Request, json_answer

REGION = "tr-west-1"
PROJECT = "05e6f3d2a1b94c8c8d0f0a7be3f1c2d4"
AK, SK = "HPUAEXAMPLE0ACCESS0K", "a-canary-that-no-message-shows"
ENDPOINT = "HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1"
_CIPHERTEXT = re.compile(r"[0-9a-zA-Z+/=]{128,5648}")


class Refusal(Exception):
    """A status, and the code and the text of an error."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@dataclass
class User:
    """Somebody with an access key: the secret, a token if the key is temporary, and what they may do."""

    secret: str = SK
    token: str = ""
    may: set[str] = field(default_factory=lambda: {"encrypt-data", "decrypt-data", "projects"})


@dataclass
class HuaweiKMS:
    """The services. Requests that are not for KMS or IAM are answered as a machine's metadata service would."""

    users: dict[str, User] = field(default_factory=lambda: {AK: User()})
    projects: dict[str, list[str]] = field(default_factory=lambda: {REGION: [PROJECT]})
    keys: dict[str, bytes] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    going: set[str] = field(default_factory=set)
    agency: str = ""  # the access key that machines and pods get
    identities: dict[str, str] = field(default_factory=dict)  # tokens of an identity provider, and access keys for them

    def create(self) -> str:
        """Make a key, and return its id."""
        name = str(uuid4())
        self.keys[name] = os.urandom(32)
        return name

    def environ(self, url: str, **more: str) -> dict[str, str]:
        """Return the variables of somebody with the access key, for whom the service is at `url`."""
        return {
            "HUAWEICLOUD_SDK_AK": AK,
            "HUAWEICLOUD_SDK_SK": SK,
            "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT,
            **self.surroundings(url),
            **more,
        }

    def surroundings(self, url: str, **more: str) -> dict[str, str]:
        """Return the same without credentials."""
        return {ENDPOINT: url, "HUAWEICLOUD_SDK_IAM_ENDPOINT": url, "LEAFSEAL_HUAWEICLOUD_METADATA": "off", **more}

    def __call__(self, request: Request) -> Reaction:
        """Answer a request."""
        try:
            return self._answer(request)
        except Refusal as refusal:
            told = {"error_code": refusal.code, "error_msg": refusal.text}
            return json_answer({"error": told} if refusal.code.startswith("KMS") else told, refusal.status)

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if path in _GIVING:
            return getattr(self, _GIVING[path])(request)  # type: ignore[no-any-return]
        user = self._user(request)
        if path == "/v3/projects":
            self._allow(user, "projects")
            wanted = dict(parse_qsl(urlsplit(request.path).query)).get("name", "")
            return json_answer({"projects": [{"id": each, "name": wanted} for each in self.projects.get(wanted, [])]})
        match = re.fullmatch(r"/v1\.0/([^/]+)/kms/(encrypt-data|decrypt-data)", path)
        if match is None or request.method != "POST":
            raise Refusal(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
        self._allow(user, match[2])
        if [match[1]] not in self.projects.values():
            raise Refusal(403, "KMS.0303", "No permission for this project.")
        body = request.json()
        if body.get("encryption_algorithm", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
            raise Refusal(400, "KMS.0308", "Invalid parameter.")
        return json_answer(self._encrypt(body) if match[2] == "encrypt-data" else self._decrypt(body))

    def _key(self, name: str) -> bytes:
        if name not in self.keys:
            raise Refusal(400, "KMS.0205", "Invalid key ID.")
        if name in self.disabled:
            raise Refusal(400, "KMS.0209", "The key has been disabled.")
        if name in self.going:
            raise Refusal(400, "KMS.0210", "The key is in Scheduled deletion state and cannot be used.")
        return self.keys[name]

    def _encrypt(self, body: Mapping[str, str]) -> dict[str, str]:
        name, nonce = body["key_id"], os.urandom(12)
        sealed = AESGCM(self._key(name)).encrypt(nonce, body["plain_text"].encode(), name.encode())
        return {"key_id": name, "cipher_text": base64.b64encode(name.encode() + nonce + sealed).decode()}

    def _decrypt(self, body: Mapping[str, str]) -> dict[str, str]:
        damaged = Refusal(400, "KMS.0308", "Invalid parameter.")
        if not _CIPHERTEXT.fullmatch(body["cipher_text"]):
            raise damaged
        try:
            blob = base64.b64decode(body["cipher_text"], validate=True)
            name = blob[:36].decode("ascii")
            plain = AESGCM(self._key(name)).decrypt(blob[36:48], blob[48:], name.encode())
        except (InvalidTag, ValueError):
            raise damaged from None
        return {"key_id": name, "plain_text": plain.decode(), "plain_text_base64": base64.b64encode(plain).decode()}

    # -- who asks

    def _user(self, request: Request) -> User:
        """Return who signed a request."""
        found = re.fullmatch(
            r"SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        user = self.users.get(found[1]) if found else None
        if found is None or user is None:
            raise Refusal(401, "APIGW.0301", "Incorrect IAM authentication information: AK does not exist")
        signature = _signature(request, found[2], user.secret)
        if not hmac.compare_digest(signature, found[3]) or request.headers.get("x-security-token", "") != user.token:
            raise Refusal(401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail")
        return user

    def _allow(self, user: User, what: str) -> None:
        if what not in user.may:
            raise Refusal(
                403, "KMS.0303" if what.endswith("data") else "IAM.0002", "You are not authorized to do this."
            )

    # -- who gives credentials

    def _metadata_token(self, request: Request) -> Answer:
        return Answer(200, b"token-of-the-machine") if self.agency and request.method == "PUT" else Answer(404)

    def _metadata_credentials(self, request: Request) -> Answer:
        if not self.agency or request.headers.get("x-metadata-token") != "token-of-the-machine":
            return Answer(401)
        return self._credentials(self.agency)

    def _pod(self, request: Request) -> Answer:
        return self._credentials(self.identities.get(request.headers.get("authorization", "")))

    def _unscoped_token(self, request: Request) -> Answer:
        token = request.json()["auth"]["id_token"]["id"]
        if token not in self.identities or request.headers.get("x-idp-id") != "github":
            raise Refusal(401, "IAM.0011", "The token is not one of this identity provider.")
        return Answer(201, b"{}", {"X-Subject-Token": token})

    def _security_token(self, request: Request) -> Answer:
        return self._credentials(self.identities.get(request.json()["auth"]["identity"]["token"]["id"]))

    def _credentials(self, access: str | None) -> Answer:
        user = self.users.get(access or "")
        if user is None:
            return Answer(403)
        told = {"access": access, "secret": user.secret, "securitytoken": user.token}
        return json_answer({"credential": {**told, "expires_at": "2099-01-01T00:00:00.000000Z"}})


_GIVING = {
    "/meta-data/latest/api/token": "_metadata_token",
    "/openstack/latest/securitykey": "_metadata_credentials",
    "/pod": "_pod",
    "/v3.0/OS-AUTH/id-token/tokens": "_unscoped_token",
    "/v3.0/OS-CREDENTIAL/securitytokens": "_security_token",
}


def _signature(request: Request, names: str, secret: str) -> str:
    """Return the signature that a request must have."""
    parts = urlsplit(request.path)
    path = quote(parts.path, safe="/~") + ("" if parts.path.endswith("/") else "/")
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(parse_qsl(parts.query)))
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    body = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, path, query, headers, names, body])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"SDK-HMAC-SHA256\n{request.headers['x-sdk-date']}\n{digest}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def changed(service: HuaweiKMS, **fields: Any) -> Any:
    """Return a handler whose answers are the service's with other fields; None leaves a field out."""

    def answer(request: Request) -> Answer:
        found = service(request)
        assert isinstance(found, Answer)
        content = {**json.loads(found.body), **fields}
        return json_answer({name: value for name, value in content.items() if value is not None}, found.status)

    return answer
