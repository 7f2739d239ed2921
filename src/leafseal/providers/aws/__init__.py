"""AWS KMS: master keys that never leave the service, used by whoever IAM lets."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from leafseal.errors import MetadataError, ProviderError, ProviderMissingError
from leafseal.keys import PART_SIZES, Ambient
from leafseal.providers.wrapped import decode

__all__ = ["AWSKMSKey"]

_ARN = re.compile(r"arn:aws[\w-]*:kms:([a-z0-9-]+):[0-9]+:(?:key|alias)/.+", re.ASCII)
_ROLE = "+arn:"
_FORM = "it is written as arn:aws:kms:REGION:ACCOUNT:key/ID"
_LONGEST_BLOB = 48 * 1024  # the metadata takes 64 KiB of base64

Context = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AWSKMSKey:
    """A symmetric key of AWS KMS, named by its ARN or that of an alias.

    It is written as `ARN`, `ARN+ROLE`, and with an encryption context and a profile as `ARN|name:value,…|PROFILE`. To
    wrap takes the permission kms:Encrypt, to unwrap kms:Decrypt. Credentials come from botocore's chain: variables,
    profiles, SSO, web identity, containers, instances; `aws_profile` chooses a profile, and `role` is assumed with
    what was found. The region is the ARN's.
    """

    kind: ClassVar[str] = "kms"
    needs_network: ClassVar[bool] = True

    arn: str
    role: str = ""
    context: Context = ()
    aws_profile: str | None = ""  # None: the entry has no such field

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Read an entry of the `kms` list. Raises `MetadataError`."""
        arn, context = _text(fields, "arn"), fields.get("context") or {}
        if not arn:
            raise MetadataError("arn: missing, or not a string")
        if not isinstance(context, Mapping) or not {type(text) for pair in context.items() for text in pair} <= {str}:
            raise MetadataError("context: not a mapping of text to text")
        return cls(arn, _text(fields, "role") or "", tuple(sorted(context.items())), _text(fields, "aws_profile"))

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Read a comma-separated list of keys. Raises `ProviderError`, which says which of them is wrong."""
        items: list[str] = []
        for piece in text.split(","):
            if items and items[-1].count("|") == 1 and not piece.strip().startswith("arn:"):
                items[-1] += f",{piece}"  # a further pair of its encryption context
            elif piece.strip():
                items.append(piece)
        return [cls._parse_one(item, f"key {number}") for number, item in enumerate(items, 1)]

    @classmethod
    def _parse_one(cls, item: str, label: str) -> Self:
        name, *more = item.split("|")
        arn, _, role = name.replace(" ", "").partition(_ROLE)
        if not _ARN.fullmatch(arn):
            raise ProviderError(f"kms: {label} is not the ARN of a key or an alias", hint=_FORM)
        pairs = [pair.strip().partition(":") for pair in more[0].split(",")] if more and more[0].strip() else []
        if len(more) > 2 or not all(name and value and ":" not in value for name, _, value in pairs):
            hint = "after the ARN it is |name:value,name:value and then |profile"
            raise ProviderError(f"kms: the encryption context of {label} does not parse", hint=hint)
        context = tuple(sorted({name: value for name, _, value in pairs}.items()))
        return cls(arn, f"arn:{role}" if role else "", context, more[1].strip() if more[1:] else "")

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Have the service encrypt a part; return it in base64. Raises `ProviderError`."""
        answer = self._ask("Encrypt", {"Plaintext": part}, ambient)
        blob = answer.get("CiphertextBlob")
        if not isinstance(blob, bytes) or not 0 < len(blob) <= _LONGEST_BLOB:
            raise self._error("the answer of AWS KMS contains no ciphertext")
        return base64.b64encode(blob)

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Have the service decrypt a part. Raises `ProviderError`, which says whose credentials were tried."""
        part = self._ask("Decrypt", {"CiphertextBlob": decode(wrapped, str(self))}, ambient).get("Plaintext")
        if not isinstance(part, bytes) or len(part) not in PART_SIZES:
            raise self._error("what AWS KMS decrypted is no part of a data key")
        return part

    def to_metadata(self) -> dict[str, object]:
        """Return the entry's fields; role and context only where there are any, as SOPS does."""
        fields: dict[str, object] = {"arn": self.arn}
        if self.aws_profile is not None:
            fields["aws_profile"] = self.aws_profile
        if self.context:
            fields["context"] = dict(self.context)
        if self.role:
            fields["role"] = self.role
        return fields

    def __str__(self) -> str:
        text = f"{self.arn}+{self.role}" if self.role else self.arn
        if self.context or self.aws_profile:
            text += "|" + ",".join(f"{name}:{value}" for name, value in self.context)
        return f"{text}|{self.aws_profile}" if self.aws_profile else text

    def _ask(self, operation: str, arguments: dict[str, object], ambient: Ambient) -> Mapping[str, Any]:
        """Ask the service for this key, and check that it answered for this key. Raises `ProviderError`."""
        from leafseal.keys import policy

        match = _ARN.fullmatch(self.arn)
        if match is None:
            raise self._error("this is not the ARN of a key or an alias", hint=_FORM)
        for place, name in (
            ("aws.accounts", self.arn.split(":")[4]),
            ("aws.roles", self.role),
            ("aws.profiles", self.aws_profile),
        ):
            if name:
                policy.check_use(place, name, ambient, str(self))
        try:
            from leafseal.providers.aws import connections
        except ImportError as error:
            raise ProviderMissingError(
                "AWS keys need a library that is not installed",
                master_key=str(self),
                hint="pip install 'leafseal[aws]'",
            ) from error
        arguments = {"KeyId": self.arn, **arguments}
        if self.context:
            arguments["EncryptionContext"] = dict(self.context)
        answer: Mapping[str, Any] = connections.ask(
            operation, arguments, ambient, str(self), region=match[1], profile=self.aws_profile or "", role=self.role
        )
        told = answer.get("KeyId")
        if not isinstance(told, str):
            raise self._error("the answer of AWS KMS does not say for which key it is")
        if not _is_answer_for(self.arn, told):
            raise self._error("AWS KMS answered for another key than the one that was asked")
        return answer

    def _error(self, message: str, hint: str | None = None) -> ProviderError:
        return ProviderError(message, master_key=str(self), hint=hint)


def _text(fields: Mapping[str, object], name: str) -> str | None:
    found = fields.get(name)
    if found is not None and not isinstance(found, str):
        raise MetadataError(f"{name}: missing, or not a string")
    return found


def _is_answer_for(asked: str, told: str) -> bool:
    """Tell whether the key that an answer names is the one that was asked.

    An alias is answered for with the ARN of its key, of which only the account is known; a multi-Region key with that
    of its replica in the region that was reached, which is the same key.
    """
    one, other = asked.split(":", 5), told.split(":", 5)
    if len(other) != 6:
        return False
    if one[5].startswith("alias/"):
        return one[:5] == other[:5] and other[5].startswith("key/")
    if one[5].startswith("key/mrk-"):
        del one[3], other[3]
    return one == other
