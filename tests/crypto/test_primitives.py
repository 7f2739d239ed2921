"""Both ways to the primitives give what the standards say; what the short one lacks, the long one has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from leafseal.age.wrapping import derive_key
from leafseal.crypto import primitives
from leafseal.crypto.primitives import Primitives
from leafseal.testing import throwaway_identity

WAYS = [primitives.compiled, primitives.public]
Way = Callable[[], Primitives]

both_ways = pytest.mark.parametrize("way", WAYS)


@both_ways
def test_aes_gcm_is_that_of_nist(way: Way) -> None:  # test case 16 of the GCM specification
    cipher = way().aes_gcm(bytes.fromhex("feffe9928665731c6d6a8f9467308308") * 2)
    iv = bytes.fromhex("cafebabefacedbaddecaf888")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plaintext = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    sealed = cipher.encrypt(iv, plaintext, aad)
    assert sealed[-16:].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"
    assert cipher.decrypt(iv, sealed, aad) == plaintext
    with pytest.raises(InvalidTag):
        cipher.decrypt(iv, sealed, aad[1:])


@both_ways
def test_chacha20_poly1305_is_that_of_its_rfc(way: Way) -> None:  # RFC 8439, section 2.8.2
    cipher = way().chacha20_poly1305(bytes(range(0x80, 0xA0)))
    nonce = bytes.fromhex("070000004041424344454647")
    aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    plaintext = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    sealed = cipher.encrypt(nonce, plaintext, aad)
    assert sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"
    assert cipher.decrypt(nonce, sealed, aad) == plaintext
    with pytest.raises(InvalidTag):
        cipher.decrypt(nonce, sealed, None)


@both_ways
def test_x25519_is_that_of_its_rfc(way: Way) -> None:  # RFC 7748, section 6.1
    found = way()
    alice = found.x25519_public(bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
    bob = found.x25519_private(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    assert bob.public_key().public_bytes_raw().hex() == (
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    )
    assert bob.exchange(alice).hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


@both_ways
def test_a_point_of_low_order_is_refused(way: Way) -> None:
    found = way()
    with pytest.raises(ValueError, match="shared key"):
        found.generate_x25519().exchange(found.x25519_public(bytes(32)))


@both_ways
@pytest.mark.parametrize("size", [0, 31, 33])
def test_x25519_keys_have_one_length(way: Way, size: int) -> None:
    found = way()
    with pytest.raises(ValueError, match="32 bytes"):
        found.x25519_public(bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        found.x25519_private(bytes(size))


@both_ways
def test_ciphers_refuse_keys_of_a_wrong_length(way: Way) -> None:
    found = way()
    for cipher in (found.aes_gcm, found.chacha20_poly1305):
        with pytest.raises(ValueError, match="key"):
            cipher(bytes(31))


def test_both_ways_give_the_same() -> None:
    short, long = primitives.compiled(), primitives.public()
    assert short[:2] == long[:2]
    assert type(short.generate_x25519()) is type(long.generate_x25519())


def test_keys_are_new_each_time() -> None:
    scalars = {way().generate_x25519().private_bytes_raw() for way in WAYS for _ in range(3)}
    assert len(scalars) == 6


@pytest.mark.parametrize("name", ["aead", "x25519", "is_fips_enabled"])
def test_where_a_name_is_missing_the_public_ones_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delattr(openssl, name)
    with pytest.raises(AttributeError):
        primitives.compiled()
    assert primitives.find() == primitives.public()


def test_in_fips_mode_the_public_names_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openssl, "is_fips_enabled", lambda: True)
    assert primitives.find() == primitives.public()


_WITHOUT = """
import sys, types
from cryptography.hazmat.backends.openssl.backend import backend
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers import aead
sys.modules["cryptography.hazmat.bindings._rust"] = types.ModuleType("_rust")
import leafseal
from leafseal.crypto import primitives
assert primitives.x25519_private == x25519.X25519PrivateKey.from_private_bytes
data = leafseal.encrypt(b"a: secret\\n", format="yaml", recipients=[sys.argv[1]])
print(leafseal.loads(data, format="yaml")["a"])
"""


def test_files_are_sealed_and_opened_without_the_compiled_names(tmp_path: Path) -> None:
    me = throwaway_identity()
    environ = {**os.environ, "SOPS_AGE_KEY": me.identity, "HOME": str(tmp_path)}
    command = [sys.executable, "-P", "-c", _WITHOUT, me.recipient]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("secret\n", "")


@pytest.mark.parametrize(
    ("salt", "info", "derived"),
    [
        (bytes(range(13)), bytes(range(240, 250)), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"),
        (b"", b"", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"),
    ],
)
def test_hkdf_is_that_of_its_rfc(salt: bytes, info: bytes, derived: str) -> None:  # RFC 5869, cases 1 and 3
    assert derive_key(b"\x0b" * 22, salt, info).hex() == derived


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_hkdf_is_that_of_the_library(secret: bytes, salt: bytes, info: bytes) -> None:
    assert derive_key(secret, salt, info) == HKDF(SHA256(), 32, salt, info).derive(secret)
