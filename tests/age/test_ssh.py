"""SSH keys as recipients and identities."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from leafseal import age
from leafseal.age import HeaderError, KeyTextError, keys, ssh, ssh_keys
from leafseal.age.errors import PassphraseError
from leafseal.age.header import Stanza, to_base64

FILE_KEY = b"k" * 16


@cache
def rsa(bits: int = 2048, exponent: int = 65537) -> RSAPrivateKey:
    return generate_rsa(exponent, bits)


ED25519 = Ed25519PrivateKey.generate()
PAIRS = ["ed25519", "rsa"]


def key_of(name: str) -> ssh_keys.PrivateKey:
    return rsa() if name == "rsa" else ED25519


def line_of(key: ssh_keys.PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def private(key: object, passphrase: bytes | None = None, form: PrivateFormat = PrivateFormat.OpenSSH) -> bytes:
    how = (
        PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(1).build(passphrase)
        if passphrase is not None
        else NoEncryption()
    )
    return key.private_bytes(Encoding.PEM, form, how)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("name", PAIRS)
def test_wrap_and_unwrap(name: str) -> None:
    recipient, identity = age.parse_recipient(line_of(key_of(name))), ssh.identity_of(key_of(name))
    stanzas, labels = recipient.wrap(FILE_KEY)
    assert labels == frozenset()
    assert stanzas[0].type == f"ssh-{name}"
    assert identity.unwrap([Stanza("grease", (), b""), *stanzas]) == FILE_KEY
    other = ssh.identity_of(rsa(2056) if name == "rsa" else Ed25519PrivateKey.generate())
    assert other.unwrap(stanzas) is None
    assert ssh.identity_of(key_of("rsa" if name == "ed25519" else "ed25519")).unwrap(stanzas) is None
    assert isinstance(recipient, keys.Recipient)
    assert isinstance(identity, keys.Identity)


@pytest.mark.parametrize("end", ["", " someone@somewhere", "\tx y", "  ", "\n"])
def test_public_lines(end: str) -> None:
    assert ssh_keys.read_public(line_of(ED25519) + end) == ssh_keys.public_of(ED25519)


ED, RSA = line_of(ED25519).split()[1], line_of(rsa()).split()[1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ssh-ed25519", "damaged"),
        ("ssh-ed25519 AAAA", "damaged"),
        (f"ssh-ed25519 {ED[:-4]}", "damaged"),
        (f"ssh-ed25519 {RSA}", "damaged"),
        (f"ssh-rsa {ED}", "damaged"),
        (f"ssh-rsa {RSA}AAAA", "damaged"),
        (f"ssh-rsa {'A' * 9000}", "longer than any"),
        ("ssh-dss AAAA", "neither ssh-ed25519 nor ssh-rsa"),
        ("ssh-rsa-cert-v01@openssh.com AAAA", "neither ssh-ed25519 nor ssh-rsa"),
        ("ssh-ed25519\N{NO-BREAK SPACE}AAAA", "neither ssh-ed25519 nor ssh-rsa"),
    ],
)
def test_lines_that_are_no_recipient(line: str, why: str) -> None:
    with pytest.raises(KeyTextError, match=why):
        age.parse_recipient(line)


@pytest.mark.parametrize("bits", [1024, 4104])
def test_sizes_of_rsa_keys(bits: int) -> None:
    # What is refused is the public half, so that no private one has to be made.
    number = (1 << bits - 1) + 1
    modulus = b"\0" + number.to_bytes(bits // 8, "big")
    fields = (b"ssh-rsa", b"\x01\x00\x01", modulus)
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    with pytest.raises(KeyTextError, match=f"an RSA key of {bits} bits: from 2048 to 4096 can be used"):
        age.parse_recipient(f"ssh-rsa {base64.b64encode(blob).decode()}")


def test_an_exponent_out_of_proportion() -> None:
    modulus = rsa().public_key().public_numbers().n
    fields = (b"ssh-rsa", ((1 << 40) + 1).to_bytes(6, "big"), b"\0" + modulus.to_bytes(256, "big"))
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    with pytest.raises(KeyTextError, match="exponent"):
        age.parse_recipient(f"ssh-rsa {base64.b64encode(blob).decode()}")


def ed25519_line(point: bytes) -> str:
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in (b"ssh-ed25519", point))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


@pytest.mark.parametrize(
    ("y", "why"),
    [(1, "not on its curve"), (2, "not on its curve"), (2**255 - 20, "anybody can read"), (0, "anybody can read")],
)
def test_points_that_protect_nothing(y: int, why: str) -> None:
    with pytest.raises(KeyTextError, match=why):
        age.parse_recipient(ed25519_line(y.to_bytes(32, "little"))).wrap(FILE_KEY)


def test_the_point_is_that_of_the_private_key() -> None:
    for _ in range(20):
        key = Ed25519PrivateKey.generate()
        [stanza], _ = age.parse_recipient(line_of(key)).wrap(FILE_KEY)
        assert ssh.identity_of(key).unwrap([stanza]) == FILE_KEY


def test_malformed_stanzas() -> None:
    [stanza], _ = age.parse_recipient(line_of(ED25519)).wrap(FILE_KEY)
    mark, share = stanza.args
    for args, body, why in (
        ((mark,), stanza.body, "arguments"),
        ((mark, share, "x"), stanza.body, "arguments"),
        ((mark, share[:-1]), stanza.body, "canonical|length"),
        ((mark, to_base64(bytes(32))), stanza.body, "anybody"),
        ((mark, to_base64(b"\x09" + bytes(31))), stanza.body, "does not open with the key that it names"),
        (stanza.args, stanza.body[1:], "32 bytes"),
    ):
        with pytest.raises(HeaderError, match=why):
            ssh.identity_of(ED25519).unwrap([Stanza(stanza.type, args, body)])
    [stanza], _ = age.parse_recipient(line_of(rsa())).wrap(FILE_KEY)
    for args, body, why in (
        ((), stanza.body, "arguments"),
        (stanza.args, stanza.body[1:], "does not open"),
        (stanza.args, bytes(256), "does not open"),
        (stanza.args, rsa().public_key().encrypt(b"short", ssh._RSA_PADDING), "does not open"),
    ):
        with pytest.raises(HeaderError, match=why):
            ssh.identity_of(rsa()).unwrap([Stanza(stanza.type, args, body)])


@pytest.mark.parametrize("name", PAIRS)
def test_private_files(name: str) -> None:
    key = key_of(name)
    clear = private(key)
    public = ssh_keys.public_of(key)
    assert ssh_keys.public_of(ssh_keys.read_private(clear)) == ssh_keys.clear_half(clear) == public
    sealed = private(key, b"horse")
    assert ssh_keys.clear_half(sealed) == public
    with pytest.raises(PassphraseError, match="protected by a passphrase"):
        ssh_keys.read_private(sealed)
    with pytest.raises(PassphraseError, match="this passphrase"):
        ssh_keys.read_private(sealed, b"donkey")
    assert ssh_keys.public_of(ssh_keys.read_private(sealed, b"horse")) == public


def test_private_files_of_the_older_format() -> None:
    clear = private(rsa(), form=PrivateFormat.TraditionalOpenSSL)
    assert ssh_keys.public_of(ssh_keys.read_private(clear)) == ssh_keys.public_of(rsa())
    assert ssh_keys.clear_half(clear) is None
    clear = private(ED25519, form=PrivateFormat.PKCS8)
    assert ssh_keys.public_of(ssh_keys.read_private(clear)) == ssh_keys.public_of(ED25519)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"]
)
def test_files_that_are_no_private_key(data: bytes) -> None:
    with pytest.raises(KeyTextError, match="not a private SSH key"):
        ssh_keys.read_private(data)


def test_private_keys_of_other_types() -> None:
    with pytest.raises(KeyTextError, match="neither"):
        ssh_keys.read_private(private(generate_private_key(SECP256R1())))
    with pytest.raises(KeyTextError, match="neither"):
        ssh_keys.clear_half(private(generate_private_key(SECP256R1()), b"x"))


def test_containers_that_are_damaged() -> None:
    head, _, rest = private(ED25519, b"horse").partition(b"\n")
    body, _, end = rest.partition(b"-----END")
    content = base64.b64decode(body)
    two = content.replace(b"\0\0\0\x01" + b"\0\0\0\x33", b"\0\0\0\x02" + b"\0\0\0\x33")
    assert two != content
    for damaged in (content[:30], b"x" + content, content[:15] + b"\xff" * 4 + content[19:], content[:60], two):
        data = head + b"\n" + base64.b64encode(damaged) + b"\n-----END" + end
        with pytest.raises(KeyTextError):
            ssh_keys.clear_half(data)


def test_a_container_that_is_encrypted_in_a_way_of_its_own() -> None:
    head, _, rest = private(ED25519, b"horse").partition(b"\n")
    body, _, end = rest.partition(b"-----END")
    content = base64.b64decode(body).replace(b"aes256-ctr", b"aes256-xyz")
    data = head + b"\n" + base64.b64encode(content) + b"\n-----END" + end
    with pytest.raises(KeyTextError, match="of a kind that is not supported"):
        ssh_keys.read_private(data)


def test_wycheproof_rsa_oaep(third_party: Path) -> None:
    name = "rsa_oaep_2048_sha256_mgf1sha256_test.json"
    [group] = json.loads((third_party / "wycheproof" / name).read_text())["testGroups"]
    key = load_der_private_key(bytes.fromhex(group["privateKeyPkcs8"]), None)
    assert isinstance(key, RSAPrivateKey)
    for case in group["tests"]:
        text, label, sealed = (bytes.fromhex(case[field]) for field in ("msg", "label", "ct"))
        padding = OAEP(MGF1(SHA256()), SHA256(), label or None)
        if case["result"] == "valid":
            assert key.decrypt(sealed, padding) == text, case["tcId"]
        else:
            with pytest.raises(ValueError):  # noqa: PT011
                key.decrypt(sealed, padding)
    assert len(group["tests"]) == 37
