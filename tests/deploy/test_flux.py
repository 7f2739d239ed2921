"""The key for Flux, and what its controller does not decrypt."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from leafseal.deploy.flux import MOST_BYTES, limits
from leafseal.errors import NotEncryptedError
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Source
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..cli.conftest import Run, leafseal, me, work
from ..whole_files import AMBIENT, KEYS, seal

__all__ = ["leafseal", "me", "work"]

SECRET = b"apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: swordfish}\n"
RULE = Selection(encrypted_regex="^(data|stringData)$")

AGE = "AGE-SECRET-KEY-1"
SSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
PGP = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n"


def found(data: bytes, name: str = "db.yaml", format_name: str = "yaml") -> list[str]:
    return limits(Source(name, data, format_name))


# -- limits


def test_a_manifest_that_flux_decrypts() -> None:
    assert found(seal(SECRET, "yaml", RULE)) == []
    assert found(seal(SECRET + b"---\n" + SECRET, "yaml", RULE)) == []


def test_what_flux_must_read() -> None:
    told = found(seal(SECRET, "yaml"))
    assert [one.partition(" ")[0] for one in told] == ["apiVersion", "kind", "metadata.name"]
    assert "^(data|stringData)$" in told[0]


def test_files_that_are_no_manifests() -> None:
    assert found(seal(b"A=1\n", "dotenv"), "a.env", "dotenv") == [
        "it is no manifest: Flux decrypts it only if a secretGenerator of the kustomization names it"
    ]
    assert found(seal(SECRET, "yaml", RULE), "db.txt") == ["its name does not tell its format, by which Flux reads it"]


def test_a_file_that_is_too_large() -> None:
    big = SECRET.replace(b"swordfish", b"x" * MOST_BYTES)
    [told] = found(seal(big, "yaml", RULE))
    assert told.endswith(f"and Flux decrypts files of at most {MOST_BYTES}")


def test_an_object_that_is_left_alone() -> None:
    text = SECRET.replace(b"{name: db}", b"{name: db, annotations: {kustomize.toolkit.fluxcd.io/decrypt: disabled}}")
    [told] = found(seal(text, "yaml", RULE))
    assert told.startswith("the annotation kustomize.toolkit.fluxcd.io/decrypt")


def test_keys_that_flux_has_no_kind_for() -> None:
    [ours] = KEYS
    other = parse_recipients("age", throwaway_identity().recipient)
    ssh = parse_recipients("age", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c")
    for groups, threshold, told in [
        ([[*ssh]], 0, ["none of its keys is of a kind that Flux has"]),
        ([[*ssh, *ours]], 0, []),
        ([[*ssh], [*ours]], 2, ["2 key groups are needed, and Flux has kinds of keys for 1"]),
        ([[*ssh], [*ours], [*other]], 2, []),
    ]:
        sealed = encrypt(SECRET, "yaml", groups, threshold, RULE, AMBIENT).data
        assert found(sealed) == told


def test_a_plain_file_is_none() -> None:
    with pytest.raises(NotEncryptedError):
        found(SECRET)


# -- the key


def test_the_secret_has_the_key_as_it_is(leafseal: Run, work: Path) -> None:
    assert leafseal("keygen", "-o", "cluster.agekey").code == 0
    result = leafseal("flux", "key", "cluster.agekey")
    assert (result.code, result.err) == (0, "")
    secret = yaml.safe_load(result.out)
    text = (work / "cluster.agekey").read_bytes()
    assert secret["metadata"] == {"name": "sops-age", "namespace": "flux-system"}
    assert {name: base64.b64decode(value) for name, value in secret["data"].items()} == {"identity.agekey": text}
    named = leafseal("flux", "key", "cluster.agekey", "--name", "a", "--namespace", "b")
    assert yaml.safe_load(named.out)["metadata"] == {"name": "a", "namespace": "b"}


def test_a_pgp_key_has_its_own_name(leafseal: Run, work: Path) -> None:
    (work / "key.asc").write_text(PGP)
    assert list(yaml.safe_load(leafseal("flux", "key", "key.asc").out)["data"]) == ["identity.asc"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# nothing\n", "contains no private key"),
        ("AGE-PLUGIN-YUBIKEY-1AAAA\n", "is a key of a plugin of age"),
        (SSH, "is an SSH key"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n", "is protected by a passphrase"),
        ("age-encryption.org/v1\n", "is protected by a passphrase"),
        (f"{AGE}AAAA\n", "line 1 "),
    ],
)
def test_what_flux_cannot_use(text: str, said: str, leafseal: Run, work: Path) -> None:
    (work / "keys.txt").write_text(text)
    result = leafseal("flux", "key", "keys.txt")
    assert (result.code, result.out) == (1, b"")
    assert f"keys.txt: {said}" in result.err
    assert f"{AGE}AAAA" not in result.err
