"""What is wrong with the text of an identity file, as people spoil it: never its content."""

from __future__ import annotations

from typing import NamedTuple

_MARK = "AGE-SECRET-KEY-"


class Flaw(NamedTuple):
    """What a text is in place of an identity, and what to do."""

    reason: str
    hint: str


_LOST = Flaw("has lost its line breaks", "write each comment and each identity on a line of its own")


def flaw_of_line(line: str) -> Flaw | None:
    """Return what is wrong with a line that is no identity; None where that is not known."""
    if "\0" in line or line.startswith("\ufffd\ufffd"):
        return Flaw("is UTF-16", "save the file as UTF-8, which in PowerShell is: Out-File -Encoding ascii")
    if line.startswith("\ufeff"):
        return Flaw("begins with a byte order mark (BOM)", "save the file as UTF-8 without BOM")
    if line.startswith(("age1", "ssh-")):
        return Flaw("is a public key", f"put the private key there; it begins with {_MARK}")
    if "PRIVATE KEY" in line:
        return Flaw("is a private key in PEM", "name the file of an SSH key in SOPS_AGE_SSH_PRIVATE_KEY_FILE")
    if line[:1] in ("'", '"', "`"):
        return Flaw("has quotes around it", "delete the quotes")
    if _MARK not in line:
        return None
    if line.strip() != line:
        return Flaw("has blanks around it", "delete the blanks before and after the identity")
    return _LOST if not line.startswith(_MARK) or line.count(_MARK) > 1 or " " in line else None


def flaw_of_comments(text: str) -> Flaw | None:
    """Return what is wrong with a text without identities, where a comment holds one."""
    return Flaw("has an identity in a comment only", _LOST.hint) if _MARK in text else None
