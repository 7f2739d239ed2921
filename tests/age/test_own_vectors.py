"""Files that other implementations made for keys of the types that the vectors of C2SP/CCTV lack."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

from leafseal import age
from leafseal.age import ssh, ssh_keys
from leafseal.age.plugin import PluginIdentity, PluginRecipient
from leafseal.age.scrypt import ScryptIdentity

from .hosts import host_with
from .tag_opener import TagIdentity
from .toy_plugin import install

FOLDER = Path(__file__).parent / "vectors"


def vector(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def names(prefix: str) -> list[str]:
    return sorted(path.stem for path in FOLDER.glob(f"{prefix}*.json"))


def check(case: dict[str, str], identity: age.Identity) -> None:
    """Open the file, and one that we make for the same key."""
    text = bytes.fromhex(case["plaintext"])
    assert age.decrypt(case["file"].encode(), [identity]) == text
    ours = age.encrypt(text, [age.parse_recipient(case["recipient"])], armor=True)
    assert age.decrypt(ours, [identity]) == text


@pytest.mark.parametrize("name", names("ssh-"))
def test_ssh(name: str) -> None:
    case = vector(name)
    data, passphrase = case["private_key"].encode(), case["passphrase"].encode() or None
    key = ssh_keys.read_private(data, passphrase)
    check(case, ssh.identity_of(key))
    public = ssh_keys.read_public(case["recipient"])
    assert ssh_keys.public_of(key) == public
    assert ssh_keys.clear_half(data) == (None if name.endswith("-pem") else public)


def test_post_quantum() -> None:
    case = vector("post-quantum")
    identity = age.parse_identity(case["identity"])
    check(case, identity)
    assert str(identity.recipient) == case["recipient"]  # type: ignore[attr-defined]
    assert identity.to_text() == case["identity"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", names("tag"))
def test_tag(name: str) -> None:
    case = vector(name)
    point = derive_private_key(int(case["p256_scalar"], 16), SECP256R1())
    seed = case.get("ml_kem_seed")
    check(case, TagIdentity(point, MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(seed)) if seed else None))
    assert str(age.parse_recipient(case["recipient"])) == case["recipient"]


@pytest.mark.parametrize("name", names("identity-file"))
def test_identity_files(name: str) -> None:
    case = vector(name)
    text = age.decrypt(base64.b64decode(case["identity_file"]), [ScryptIdentity(case["passphrase"])])
    check(case, age.parse_identity(text.decode().splitlines()[-1]))


def test_plugin(tmp_path: Path) -> None:
    case, host = vector("plugin"), host_with(install(tmp_path))
    identity, recipient = age.parse_identity(case["identity"]), age.parse_recipient(case["recipient"])
    assert isinstance(identity, PluginIdentity)
    assert isinstance(recipient, PluginRecipient)
    text = bytes.fromhex(case["plaintext"])
    assert age.decrypt(case["file"].encode(), [identity.on(host)]) == text
    ours = age.encrypt(text, [PluginRecipient(recipient.name, recipient.text, host)])
    assert age.decrypt(ours, [identity.on(host)]) == text
