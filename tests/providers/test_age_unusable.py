"""Identity files that people spoiled are named by what is wrong with them, never by their content."""

from pathlib import Path

import pytest

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.age import AgeKey
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
WRAPPED = AgeKey(ME.recipient).wrap(bytes(32), Ambient({}, "/nowhere"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"\ufeff{ME.identity}\n".encode(), "line 1 begins with a byte order mark"),
        (f"{ME.identity}\r\n".encode("utf-16"), "line 1 is UTF-16"),
        (f"# mine\n{ME.recipient}\n".encode(), "line 2 is a public key"),
        (f'"{ME.identity}"'.encode(), "line 1 has quotes around it"),
        (f"{ME.identity} \n".encode(), "line 1 has blanks around it"),
        (f"{ME.identity}{ME.identity}\n".encode(), "line 1 has lost its line breaks"),
        (f"created: x {ME.identity}\n".encode(), "line 1 has lost its line breaks"),
        (f"# created: x {ME.identity}\n".encode(), "has an identity in a comment only"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nxyz\n", "line 1 is a private key in PEM"),
        (b"hunter2\n", "line 1 is not an age identity"),
    ],
    ids=["bom", "utf-16", "public", "quotes", "blanks", "two", "line", "comment", "pem", "other"],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: bytes, reason: str) -> None:
    path = tmp_path / "keys.txt"
    path.write_bytes(text)
    with pytest.raises(ProviderError) as caught:
        AgeKey(ME.recipient).unwrap(WRAPPED, Ambient({"SOPS_AGE_KEY_FILE": str(path)}, tmp_path))
    message = f"{caught.value} {caught.value.hint}"
    assert f"SOPS_AGE_KEY_FILE ({path}): {reason}" in message
    assert ME.identity[-20:] not in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("value", "reason"), [("'keys.txt'", "has quotes around the name"), ("~/keys.txt", "begins with ~")]
)
def test_what_is_wrong_with_the_name_of_a_file_is_named(tmp_path: Path, value: str, reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        AgeKey(ME.recipient).unwrap(WRAPPED, Ambient({"SOPS_AGE_KEY_FILE": value}, tmp_path))
