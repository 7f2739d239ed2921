"""Which of the user's own keys opens what, without using any of them."""

from __future__ import annotations

import pytest

from leafseal.keys import MasterKey
from leafseal.keys.own import OwnKey, opens_any
from leafseal.keys.registry import parse_recipients
from leafseal.testing import throwaway_identity

MINE, OTHER = throwaway_identity().recipient, throwaway_identity().recipient
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMw9EtmSn66+08vlnMu1lv5+dnePxas4n6u73BkPrTLU"
PGP = "1E16499CC334FD039E086B71458CA1C978B6B0D1"


def key(kind: str, text: str) -> MasterKey:
    [found] = parse_recipients(kind, text)
    return found


@pytest.mark.parametrize(
    ("own", "kind", "named", "opens"),
    [
        (OwnKey("age", MINE, "file", "f"), "age", MINE, True),
        (OwnKey("age", MINE, "file", "f"), "age", OTHER, False),
        (OwnKey("age", MINE, "file", "f"), "pgp", PGP, False),
        (OwnKey("age", SSH, "ssh", "f"), "age", f"{SSH} ann@laptop", True),
        (OwnKey("pgp", PGP, "gpg", "ring"), "pgp", PGP[-16:].lower(), True),
        (OwnKey("pgp", PGP, "gpg", "ring"), "pgp", f"{PGP}!", True),
        (OwnKey("pgp", PGP, "gpg", "ring"), "pgp", PGP[-8:], False),
        (OwnKey("pgp", PGP, "gpg", "ring", "", ("A" * 40,)), "pgp", "A" * 40, True),
        (OwnKey("age", None, "file", "f", "passphrase"), "age", OTHER, None),
        (OwnKey("age", None, "file", "f", "passphrase"), "age", SSH, False),
        (OwnKey("age", None, "command", "SOPS_AGE_SSH_PRIVATE_KEY_CMD", "command"), "age", SSH, None),
        (OwnKey("age", None, "command", "SOPS_AGE_SSH_PRIVATE_KEY_CMD", "command"), "age", OTHER, False),
        (OwnKey("age", None, "file", "f", "age-plugin-yubikey"), "age", OTHER, False),
    ],
)
def test_one_key(own: OwnKey, kind: str, named: str, opens: bool | None) -> None:
    assert own.opens(key(kind, named)) is opens


def test_of_several_one_is_enough_and_services_are_not_asked() -> None:
    mine, locked = OwnKey("age", MINE, "file", "f"), OwnKey("age", None, "file", "g", "passphrase")
    service = key("kms", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
    assert opens_any([locked, mine], [service, key("age", MINE)]) is True
    assert opens_any([locked], [key("age", OTHER)]) is None
    assert opens_any([mine], [service]) is None
    assert opens_any([mine], [key("age", OTHER)]) is False
    assert opens_any([], []) is False
