"""Names of keys for people: short, and enough to tell one from another."""

import pytest

from leafseal.keys.registry import make_key, parse_recipients
from leafseal.keys.short_names import listed, short_name, short_recipient

AGE = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFyF1rrwkoIWdcVMvoBnBlYIDjNFbyfXJhTGhXyPxZWz ann@example.com"
ARN = "arn:aws:kms:us-east-1:123456789012:key/abc"


@pytest.mark.parametrize(
    ("kind", "text", "short"),
    [
        ("age", AGE, "age1lzd99ukl…"),
        ("age", SSH, "ssh-ed25519 …hXyPxZWz"),
        ("pgp", "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4", "PGP 3D16CEE4A27381B4"),
        ("kms", ARN, ARN),
    ],
)
def test_short_names(kind: str, text: str, short: str) -> None:
    key = make_key(kind, {"recipient": text}) if text is SSH else parse_recipients(kind, text)[0]
    assert short_name(key) == short


def test_keys_of_services_are_counted() -> None:
    [age], [kms] = parse_recipients("age", AGE), parse_recipients("kms", ARN)
    assert listed([age]) == "age1lzd99ukl…"
    assert listed([kms, age, kms]) == "age1lzd99ukl… and 2 AWS KMS keys"
    many = [make_key("age", {"recipient": f"age1{number}{number:015}"}) for number in range(7)]
    assert listed([*many, kms]).endswith("…, 2 more and 1 AWS KMS key")


def test_recipients_of_a_plugin_are_told_apart() -> None:
    assert short_recipient("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t") == (
        "age1yubikey1qwt50d05…"
    )
    assert short_recipient(f"age1{'x' * 80}1{'q' * 58}") == f"age1{'x' * 36}…{'q' * 8}"
