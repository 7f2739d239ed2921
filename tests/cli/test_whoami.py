"""`leafseal whoami`: the user's own keys, and which files they open, without using any."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leafseal import age
from leafseal.age.scrypt import ScryptRecipient
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..age.test_ssh import line_of, private
from .conftest import Run

OTHER = throwaway_identity()
PLUGIN = "AGE-PLUGIN-YUBIKEY-1QY7HQVZQVPQYLTC37JQZ"
HELD = "age1yubikey1q0000000000000000000000000000000000000000000000000000000"


@pytest.fixture
def bare(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any key."""
    monkeypatch.delenv("SOPS_AGE_KEY")
    return work


def keys_txt() -> Path:
    path = Path(os.environ["XDG_CONFIG_HOME"], "sops", "age", "keys.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_what_to_send_to_whoever_adds_me(leafseal: Run, bare: Path) -> None:
    recipient = leafseal("keygen", "--append").err.split()[-1]
    assert leafseal("whoami") == (0, f"{recipient}\n  from {keys_txt()}\n".encode(), "")


def test_without_a_key_it_says_how_to_get_one(leafseal: Run, bare: Path) -> None:
    result = leafseal("whoami")
    assert (result.code, result.out) == (128, b"")
    assert result.err.splitlines() == [
        "leafseal: error: you have no private key",
        'leafseal: hint: create one with "leafseal keygen --append", '
        "and send its public key to whoever adds you to files",
    ]
    assert json.loads(leafseal("whoami", "--json").out)["keys"] == []


def test_a_file_that_cannot_be_used_is_named_by_what_is_wrong(leafseal: Run, bare: Path) -> None:
    keys_txt().write_text(f'"{OTHER.identity}"\n')
    result = leafseal("whoami")
    assert result.code == 128
    assert "keys.txt: line 1 has quotes around it" in result.err
    assert "delete the quotes" in result.err
    assert OTHER.identity not in result.err


def test_every_place_and_nothing_is_asked(
    leafseal: Run, work: Path, me: ThrowawayIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "home" / ".ssh").mkdir()
    (tmp_path / "home" / ".ssh" / "id_ed25519").write_bytes(private(key))
    keys_txt().write_bytes(age.encrypt(OTHER.identity.encode(), [ScryptRecipient("horse", 2)], armor=True))
    note = tmp_path / "started"
    monkeypatch.setenv("SOPS_AGE_KEY_CMD", f"{sys.executable} -c \"open('{note}', 'w')\"")
    result = leafseal("whoami", "--json")
    told = json.loads(result.out)
    assert (result.code, result.err, told["version"], told["troubles"]) == (0, "", 1, [])
    assert [(one["key"], one["source"], one["needs"]) for one in told["keys"]] == [
        (me.recipient, "variable", None),
        (None, "file", "passphrase"),
        (line_of(key), "ssh", None),
        (None, "command", "command"),
    ]
    assert not note.exists()
    text = leafseal("whoami").out.decode()
    assert f"  from {keys_txt()}, protected by a passphrase\n" in text
    assert "  from SOPS_AGE_KEY_CMD, a command that whoami does not run\n" in text
    assert me.identity not in text


def test_an_ssh_key_under_a_passphrase_tells_its_public_half(
    leafseal: Run, bare: Path, tmp_path: Path, sealed: Path
) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "home" / ".ssh").mkdir()
    (tmp_path / "home" / ".ssh" / "id_ed25519").write_bytes(private(key, b"horse"))
    plain = bare / "b.yaml"
    plain.write_text("a: 1\n")
    assert leafseal("encrypt", "-i", "--age", f"{line_of(key)} ann@laptop", plain).code == 0
    text = leafseal("whoami", "b.yaml", "app.yaml").out.decode()
    assert f"{line_of(key)}\n  from {tmp_path / 'home' / '.ssh' / 'id_ed25519'}, protected by a passphrase\n" in text
    assert "you can decrypt (1):\n  b.yaml: with ssh-ed25519" in text
    assert "you can't decrypt (1):\n  app.yaml: encrypted for age1" in text


def test_plugins_have_their_recipient_in_a_comment_and_are_not_started(leafseal: Run, bare: Path) -> None:
    from ..age.hosts import IDENTITY, RECIPIENT

    keys_txt().write_text(f"#    Recipient: {RECIPIENT}\n{IDENTITY}\n\n{IDENTITY}\n")
    told = json.loads(leafseal("whoami", "--json").out)["keys"]
    assert [one["key"] for one in told] == [RECIPIENT, None]
    assert {one["needs"] for one in told} == {f"age-plugin-{RECIPIENT.split('1')[1]}"}


def test_files_that_a_key_under_a_passphrase_may_open_are_not_known(leafseal: Run, bare: Path, sealed: Path) -> None:
    keys_txt().write_bytes(age.encrypt(OTHER.identity.encode(), [ScryptRecipient("horse", 2)], armor=True))
    assert b"it depends on a key" in leafseal("whoami", "app.yaml").out
    assert json.loads(leafseal("whoami", "--json", "app.yaml").out)["files"][0]["opens"] is None


def test_as_many_groups_as_are_needed(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "c.yaml").write_text("a: 1\n")
    mine, others = f"{{age: [{me.recipient}]}}", f"{{age: [{OTHER.recipient}]}}"
    for number, groups in enumerate(([mine, others, others], [mine, others, mine])):
        text = f"creation_rules:\n- key_groups: [{', '.join(groups)}]\n  shamir_threshold: 2\n"
        (work / ".sops.yaml").write_text(text)
        assert leafseal("encrypt", "-o", f"c{number}.yaml", "c.yaml").code == 0
        told = json.loads(leafseal("whoami", "--json", f"c{number}.yaml").out)["files"]
        assert [(one["opens"], one["own_keys"]) for one in told] == [(bool(number), [me.recipient])]


def test_a_threshold_means_nothing_where_there_is_one_group(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.yaml").write_text("a: 1\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.yaml").code == 0
    text = (work / "a.yaml").read_text()
    (work / "a.yaml").write_text(text.replace("sops:\n", "sops:\n    shamir_threshold: 2\n"))
    assert leafseal("decrypt", "a.yaml").out == b"a: 1\n"
    assert json.loads(leafseal("whoami", "--json", "a.yaml").out)["files"][0]["opens"] is True
    assert json.loads(leafseal("inspect", "--json", "a.yaml").out)["files"][0]["threshold"] == 1


def test_a_broken_file_is_an_error_beside_the_others(leafseal: Run, sealed: Path, work: Path) -> None:
    (work / "bad.yaml").write_text("a: [\n")
    result = leafseal("whoami", "bad.yaml", "app.yaml", "missing.yaml")
    assert result.code == 1
    assert "app.yaml: with age1" in result.out.decode()
    assert "bad.yaml" in result.err
    assert "missing.yaml: no such file" in result.err
