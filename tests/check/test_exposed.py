"""Private keys, markers and other encryption, in bytes of any kind."""

from __future__ import annotations

import base64
import random

import pytest

from leafseal.age import encrypt
from leafseal.age.keys import parse_recipient
from leafseal.check.exposed import (
    begins_encrypted,
    conflict_markers,
    is_encrypted_otherwise,
    is_lfs_pointer,
    line_at,
    private_keys,
)
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
KEY = ME.identity
AGE_FILE = encrypt(b"x", [parse_recipient(ME.recipient)])
AGE_ARMOR = encrypt(b"x", [parse_recipient(ME.recipient)], armor=True)
BODY = base64.encodebytes(random.Random(1).randbytes(300)).decode()
OPEN_SSH = base64.encodebytes(b"openssh-key-v1\0\0\0\0\4none\0\0\0\4none" + bytes(200)).decode()
LOCKED_SSH = base64.encodebytes(b"openssh-key-v1\0\0\0\0\x0aaes256-ctr" + bytes(200)).decode()


def pem(kind: str, body: str = BODY) -> str:
    return f"-----BEGIN {kind}-----\n{body}-----END {kind}-----\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"# mine\n{KEY}\n", "an age identity"),
        (f"key: {KEY}", "an age identity"),
        (f'{{"key":"{KEY}"}}', "an age identity"),
        (pem("PRIVATE KEY"), "a private key"),
        (pem("RSA PRIVATE KEY"), "a private key (RSA)"),
        (pem("OPENSSH PRIVATE KEY", OPEN_SSH), "a private key (OPENSSH)"),
        (pem("PGP PRIVATE KEY BLOCK", f"\n{BODY}"), "a PGP private key"),
        ("key: |\n" + "".join(f"    {line}\n" for line in pem("EC PRIVATE KEY").splitlines()), "a private key (EC)"),
        (pem("PRIVATE KEY").replace("\n", "\\n"), "a private key"),
        (pem("PRIVATE KEY").replace("\n", "\r\n"), "a private key"),
    ],
)
def test_keys_that_anybody_can_use(text: str, what: str) -> None:
    data = b"\n\n" + text.encode()
    [(offset, found)] = private_keys(data)
    assert found == what
    assert line_at(data, offset) == 3 + text[: text.find("AGE-SECRET" if "age" in what else "-----BEGIN")].count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
        "AGE-SECRET-KEY-1...",
        f"{KEY[:-1]}{'Q' if KEY[-1] != 'Q' else 'P'}",
        KEY[:40],
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
        "it begins with -----BEGIN RSA PRIVATE KEY----- and ends later",
        pem("PUBLIC KEY"),
        pem("ENCRYPTED PRIVATE KEY"),
        pem("RSA PRIVATE KEY", f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{BODY}"),
        pem("OPENSSH PRIVATE KEY", LOCKED_SSH),
    ],
)
def test_placeholders_and_keys_under_a_passphrase(text: str) -> None:
    assert list(private_keys(text.encode())) == []


def test_every_key_is_found() -> None:
    assert len(list(private_keys(f"{KEY}\n{pem('PRIVATE KEY')}{KEY}\n".encode()))) == 3


def test_many_that_look_like_keys_are_no_reason_to_stop_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.check.exposed._MOST_TRIES", 3)
    fake = b"AGE-SECRET-KEY-1" + b"Q" * 58 + b"\n"
    assert len(list(private_keys(fake * 3))) == 0
    assert len(list(private_keys(fake * 3 + KEY.encode()))) == 1
    assert len(list(private_keys(b"-----BEGIN PRIVATE KEY-----\n" * 50))) == 1


def test_of_very_many_the_first_are_enough() -> None:
    assert len(list(private_keys(f"{KEY}\n".encode() * 500))) == 100


def test_markers_of_conflicts() -> None:
    text = b"a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n"
    assert conflict_markers(text) == 5
    assert conflict_markers(text.replace(b"\n", b"\r\n")) == 6
    assert conflict_markers(text.replace(b"<" * 7, b"<" * 20).replace(b">" * 7, b">" * 20)) == 5
    assert conflict_markers(b"a <<<<<<< b\n >>>>>>> c\n") is None
    assert conflict_markers(b"<<<<<<< only\n") is None
    assert conflict_markers(b"heading\n=======\n") is None


def test_pointers_of_git_lfs() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"
    assert is_lfs_pointer(pointer)
    assert not is_lfs_pointer(pointer + b"password: x\n" * 100)
    assert not is_lfs_pointer(b"version 1\n")


@pytest.mark.parametrize(
    "data",
    [
        AGE_ARMOR,
        b"\r\n" + AGE_ARMOR.replace(b"\n", b"\r\n"),
        b"-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nhQEMA/x=\n=abcd\n-----END PGP MESSAGE-----\n",
        b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA/x=\r\n-----END PGP MESSAGE-----\r\n" * 2,
        b"$ANSIBLE_VAULT;1.1;AES256\n6162\n63\n",
    ],
    ids=["age", "age and other line ends", "PGP", "PGP twice", "Ansible Vault"],
)
def test_other_encryption(data: bytes) -> None:
    assert is_encrypted_otherwise(data)
    assert is_encrypted_otherwise(data + b"\n \n")
    assert begins_encrypted(data + b"password: x\n")
    for other in (data + b"password: x\n", data.replace(b"\n", b"\npassword: x\n", 2), data[: len(data) // 2] + b"!"):
        assert not is_encrypted_otherwise(other)


@pytest.mark.parametrize(
    "data",
    [
        AGE_FILE,
        b"\0GITCRYPT\0x\n",
        b"\x85\1\x8c\3x",
        b"\x84\x5e\3x",
        b"\xc1\xc0\x4c\3x",
        b"\x8c\x0d\4\x09",
        b"\xc3\x2e\6x",
    ],
    ids=["age", "git-crypt", "PGP", "short PGP", "new PGP", "PGP passphrase", "new PGP passphrase"],
)
def test_other_encryption_without_armor(data: bytes) -> None:
    assert is_encrypted_otherwise(data)
    assert not is_encrypted_otherwise(b" " + data)


@pytest.mark.parametrize("data", [b"age-encryption.org/v1\npassword: x\n", b"\xc3\x84 \3", b"\x85\n", b"plain"])
def test_text_that_is_not_encrypted(data: bytes) -> None:
    assert not is_encrypted_otherwise(data)


@pytest.mark.parametrize(
    "piece",
    [
        b"AGE-SECRET-KEY-", b"AGE-SECRET-KEY-1QQQQ", b"-----BEGIN ", b"-----BEGIN A A ", b"-----BEGIN PRIVATE KEY-----",
        b"<<<<<<<", b"<<<<<<< \n>>>>>>>", b"<<<<<<< x", b">>>>>>>", b"\n>>>>>>> \t",
        b"-----BEGIN PGP MESSAGE-----\n", b"-----BEGIN PGP MESSAGE-----\nComment: \n", b"$ANSIBLE_VAULT;1\n",
    ],
    ids=str,
)  # fmt: skip
def test_time_grows_with_the_size_alone(piece: bytes) -> None:
    """With a pattern that goes back, a megabyte of any of these would take hours: the limit of a test is the proof."""
    data = piece * (1_000_000 // len(piece))
    list(private_keys(data))
    conflict_markers(data)
    is_encrypted_otherwise(data)
    is_encrypted_otherwise(b"-----BEGIN PGP MESSAGE-----\n" + data)
