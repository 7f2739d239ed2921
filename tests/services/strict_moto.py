"""A program: moto's server, as strict as AWS KMS where moto itself is kinder. `moto_kms` runs it, no test imports it.

moto encrypts and decrypts with keys that are disabled or about to be deleted, cannot decrypt with multi-Region keys,
takes a wrong key for a lack of permission, and leaves the algorithm out of its answers. The program prints its port,
and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms import models, responses, utils
from moto.server import ThreadedMotoServer

_make_key_id = utils.generate_key_id
_validate_key_id = responses.KmsResponse._validate_cmk_id
_encrypt, _decrypt = models.KmsBackend.encrypt, models.KmsBackend.decrypt
_answer = {"encrypt": responses.KmsResponse.encrypt, "decrypt": responses.KmsResponse.decrypt}


def make_key_id(multi_region: bool = False) -> str:
    """Return an id; that of a multi-Region key is as long as any other, as in AWS and as moto's blobs need it."""
    plain: str = _make_key_id(False)
    return "mrk-" + plain.replace("-", "") if multi_region else plain


def validate_key_id(self: Any, key_id: str) -> None:
    """Take every id that exists; moto's pattern knows only those with dashes."""
    if key_id not in self.kms_backend.keys:
        _validate_key_id(self, key_id)


def refuse_unusable(key: Any) -> None:
    """Raise what KMS says of a key that must not be used."""
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_spec != "SYMMETRIC_DEFAULT":  # which is the algorithm where none is named
        raise JsonRESTError("InvalidKeyUsageException", f"{key.arn} is not for SYMMETRIC_DEFAULT.")


def encrypt(self: Any, key_id: str, plaintext: bytes, encryption_context: Mapping[str, str]) -> Any:
    """Encrypt, with a key that may be used."""
    refuse_unusable(self.keys[self.any_id_to_key_id(key_id)])
    return _encrypt(self, key_id, plaintext, encryption_context)


def decrypt(self: Any, ciphertext_blob: bytes, encryption_context: Mapping[str, str], key_id: str | None = None) -> Any:
    """Decrypt, with a key that may be used and is the one that was named."""
    key = self.keys.get(ciphertext_blob[:36].decode("ascii", "replace"))
    if key is not None:
        refuse_unusable(key)
        if key_id and self.any_id_to_key_id(key_id) != key.id:
            words = "The key ID in the request does not identify a CMK that can perform this operation."
            raise JsonRESTError("IncorrectKeyException", words)
    return _decrypt(self, ciphertext_blob, encryption_context, key_id)


def with_algorithm(operation: str) -> Any:
    """Return the operation, with the algorithm in its answer."""

    def answer(self: Any) -> str:
        context = self._get_param("EncryptionContext", {})
        if not all(isinstance(value, str) and value for pair in context.items() for value in pair):
            raise JsonRESTError("ValidationException", "1 validation error detected: EncryptionContext")
        return json.dumps({**json.loads(_answer[operation](self)), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})

    return answer


models.generate_key_id = make_key_id
responses.KmsResponse._validate_cmk_id = validate_key_id  # type: ignore[method-assign]
models.KmsBackend.encrypt, models.KmsBackend.decrypt = encrypt, decrypt  # type: ignore[method-assign]
responses.KmsResponse.encrypt = with_algorithm("encrypt")  # type: ignore[method-assign]
responses.KmsResponse.decrypt = with_algorithm("decrypt")  # type: ignore[method-assign]

if __name__ == "__main__":
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
