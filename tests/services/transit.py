"""The transit engine of Vault and OpenBao: a function for a `Recorder`, with their statuses and texts.

Ciphertexts are AES-GCM under keys of this process. A token has the verbs that its policy allows; with `create` it makes
a key that is missing, as the real engine does when it is asked to encrypt.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .recorder import Answer, Reaction, Request, json_answer

TOKEN = "s.a-canary-that-no-message-shows"
_DENIED = "1 error occurred:\n\t* permission denied\n\n"


class Refusal(Exception):
    """A status and the text of an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class Transit:
    """A server with engines at `mounts`; `logins` are what login paths accept, and the token that they give."""

    mounts: tuple[str, ...] = ("transit",)
    tokens: dict[str, set[str]] = field(default_factory=lambda: {TOKEN: {"encrypt", "decrypt"}})
    logins: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)
    keys: dict[str, list[bytes]] = field(default_factory=dict)
    namespace: str = ""
    sealed: bool = False
    oldest: int = 1

    def create(self, key: str, mount: str = "transit") -> None:
        """Make a key, or a new version of it."""
        self.keys.setdefault(f"{mount}/{key}", []).append(os.urandom(32))

    def __call__(self, request: Request) -> Reaction:
        """Answer a request."""
        try:
            return json_answer({"request_id": "x", "warnings": None, **self._answer(request)})
        except Refusal as refusal:
            return json_answer({"errors": [refusal.text]}, refusal.status)

    def _answer(self, request: Request) -> dict[str, Any]:
        if self.sealed:
            raise Refusal(503, "Vault is sealed")
        if request.method not in ("PUT", "POST"):
            raise Refusal(405, "unsupported operation")
        path, body = request.path.removeprefix("/v1/"), json.loads(request.body)
        if path in self.logins:
            wanted, token = self.logins[path]
            if body != wanted:
                raise Refusal(400, "invalid role or secret ID")
            return {"data": None, "auth": {"client_token": token}}
        verbs = self.tokens.get(request.headers.get("x-vault-token", ""))
        if verbs is None or request.headers.get("x-vault-namespace", "").strip("/") != self.namespace:
            raise Refusal(403, "permission denied")
        match = re.fullmatch(r"(.+)/(encrypt|decrypt)/([^/]+)", path)
        if match is None or match[1] not in self.mounts:
            raise Refusal(404, f'no handler for route "{path}". route entry not found.')
        if match[2] not in verbs:
            raise Refusal(403, _DENIED)
        name = f"{match[1]}/{match[3]}"
        return {"data": self._encrypt(name, body, verbs) if match[2] == "encrypt" else self._decrypt(name, body)}

    def _encrypt(self, name: str, body: Mapping[str, str], verbs: set[str]) -> dict[str, Any]:
        plain = base64.b64decode(body["plaintext"], validate=True)
        if name not in self.keys:
            if "create" not in verbs:
                raise Refusal(403, _DENIED)
            self.keys[name] = [os.urandom(32)]
        nonce, version = os.urandom(12), len(self.keys[name])
        sealed = nonce + AESGCM(self.keys[name][-1]).encrypt(nonce, plain, None)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}

    def _decrypt(self, name: str, body: Mapping[str, str]) -> dict[str, Any]:
        if name not in self.keys:
            raise Refusal(400, "encryption key not found")
        match = re.fullmatch(r"vault:v([0-9]+):(.+)", body["ciphertext"])
        if match is None:
            raise Refusal(400, "invalid ciphertext: no prefix")
        version = int(match[1])
        if version > len(self.keys[name]):
            raise Refusal(400, "invalid ciphertext: version is too new")
        if version < self.oldest:
            raise Refusal(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            raw = base64.b64decode(match[2], validate=True)
            plain = AESGCM(self.keys[name][version - 1]).decrypt(raw[:12], raw[12:], None)
        except InvalidTag:
            raise Refusal(400, "cipher: message authentication failed") from None
        except ValueError:
            raise Refusal(400, "invalid ciphertext: could not decode base64") from None
        return {"plaintext": base64.b64encode(plain).decode()}


def errors(status: int, *words: str) -> Answer:
    """Return an answer as Vault writes errors."""
    return json_answer({"errors": list(words)}, status)
