"""What to do about a text that is no age recipient. No hint repeats the text: it may be a secret."""

from __future__ import annotations

import re

_SEVERAL = r"(?:\bage1|\bssh-|\becdsa-)\S*"


def recipient_hint(text: str) -> str:
    """Return what to do about what was given as one recipient."""
    folded = text.upper()
    if "AGE-SECRET-KEY-" in folded or folded.startswith("AGE-"):
        return "this is the secret identity; give its recipient, which begins with age1"
    if "PRIVATE KEY" in folded:
        return "this is a private key; give the public one, which is in the file with .pub at the end of its name"
    if "#" in text and re.search(_SEVERAL, text):  # what a shell or YAML would have taken away outside of quotes
        return "delete the comment: in quotes and in text of several lines # does not begin one"
    if len(re.findall(_SEVERAL, text)) > 1:
        return "separate recipients with commas, or write them as a list in .sops.yaml, each on a line of its own"
    if text.startswith(("ecdsa-", "sk-ssh-", "sk-ecdsa-", "ssh-dss")):
        return 'use an ssh-ed25519 or ssh-rsa key, or create an age key with "leafseal keygen"'
    return _other_kind_hint(text, folded) or _slip_hint(text)


def _other_kind_hint(text: str, folded: str) -> str | None:
    """Return what to do about a key of another kind."""
    if text.startswith("arn:"):
        return "this is an AWS KMS key: give it as kms"
    if re.match(r"projects/.+/cryptoKeys/", text):
        return "this is a Google Cloud KMS key: give it as gcp_kms"
    if re.match(r"https://[^/]+\.vault\.", text):
        return "this is an Azure Key Vault key: give it as azure_keyvault"
    if re.fullmatch(r"(0X)?[0-9A-F ]{16,60}", folded):
        return "this is a PGP fingerprint: give it as pgp"
    return None


def _slip_hint(text: str) -> str:
    if text[0] in "\"'":
        return "delete the quotes around the recipient"
    if text.startswith(("~", "/", "./", "../", "file:")) or text.endswith((".pub", ".txt")):
        return "this is a path; give what the file contains, which begins with age1 or ssh-"
    if text.startswith("AGE1"):
        return "write the recipient in small letters"
    if re.search(r"\sage1\S", text):
        return "delete what is before age1"
    if text.startswith(("age1", "ssh-")):
        return "copy the recipient again, in full and on one line"
    return "a recipient begins with age1 or ssh-"
