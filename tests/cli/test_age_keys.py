"""Age keys of all types on the command line: making them, sealing for them, and which plugins a command starts."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leafseal.testing import ThrowawayIdentity

from ..age.hosts import IDENTITY, RECIPIENT
from ..age.test_ssh import line_of, private
from ..age.toy_plugin import OWN, install
from .conftest import PLAIN, Run

# -- keygen


def parts(text: str) -> tuple[str, str]:
    """Return identity and recipient of a file of one identity."""
    created, public, identity = text.splitlines()
    assert created.startswith("# created: ")
    return identity, public.removeprefix("# public key: ")


def test_keygen_makes_post_quantum_identities(leafseal: Run, work: Path) -> None:
    result = leafseal("keygen", "--pq")
    identity, recipient = parts(result.out.decode())
    assert identity.startswith("AGE-SECRET-KEY-PQ-1")
    assert recipient.startswith("age1pq1")
    assert result.err == f"leafseal: public key: {recipient}\n"
    assert leafseal("keygen", "--pq", "-o", "new.agekey").code == 0
    assert stat.S_IMODE((work / "new.agekey").stat().st_mode) == 0o600
    assert parts((work / "new.agekey").read_text()) != (identity, recipient)
    assert leafseal("keygen", "--pq", "-o", "new.agekey").code == 220


def test_what_is_sealed_for_a_post_quantum_key_opens(leafseal: Run, work: Path, plain: Path, tmp_path: Path) -> None:
    assert leafseal("keygen", "--pq", "--append").code == 0
    keys = tmp_path / "home" / "config" / "sops" / "age" / "keys.txt"
    _, recipient = parts(keys.read_text())
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {recipient}\n")
    assert leafseal("encrypt", "-i", plain) == (0, b"", "")
    assert leafseal("decrypt", plain) == (0, PLAIN, "")
    keys.unlink()
    assert leafseal("decrypt", plain).code == 128


def test_init_names_a_post_quantum_key_that_is_there(leafseal: Run, work: Path, tmp_path: Path) -> None:
    assert leafseal("keygen", "--pq", "--append").code == 0
    _, recipient = parts((tmp_path / "home" / "config" / "sops" / "age" / "keys.txt").read_text())
    assert leafseal("init").code == 0
    assert recipient in (work / ".sops.yaml").read_text()


# -- SSH keys


def test_an_ssh_key(leafseal: Run, work: Path, plain: Path, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    assert leafseal("encrypt", "-i", "--age", f"{line_of(key)} me@here", plain) == (0, b"", "")
    result = leafseal("decrypt", plain)
    assert result.code == 128
    assert "id_ed25519" in result.err
    (tmp_path / "home" / ".ssh").mkdir()
    (tmp_path / "home" / ".ssh" / "id_ed25519").write_bytes(private(key))
    assert leafseal("decrypt", plain) == (0, PLAIN, "")


# -- plugins


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Path, me: ThrowawayIdentity) -> Path:
    """A plugin on PATH, and its identity besides ours; where it notes that it was started."""
    if os.name == "nt":
        pytest.skip("the plugin is a script with a first line")
    note = tmp_path / "started"
    install(tmp_path / "bin", f"open({str(note)!r}, 'a').write('x')\n{OWN}")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    monkeypatch.setenv("SOPS_AGE_KEY", f"{IDENTITY} {me.identity}")
    return note


REFUSED = "only the file names this recipient, for which the program age-plugin-toy would be started"


def test_an_option_names_a_plugin(leafseal: Run, plain: Path, plugin: Path) -> None:
    assert leafseal("encrypt", "-i", "--age", RECIPIENT, plain) == (0, b"", "")
    assert plugin.read_text() == "x"
    assert leafseal("decrypt", plain) == (0, PLAIN, "")
    assert plugin.read_text() == "xx"
    assert leafseal("set", plain, "db.port", "5433").code == 0


def test_a_configuration_names_a_plugin(
    leafseal: Run, work: Path, sealed: Path, plugin: Path, me: ThrowawayIdentity
) -> None:
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: [{me.recipient}, {RECIPIENT}]\n")
    assert leafseal("updatekeys", "--yes", sealed).code == 0
    assert plugin.read_text() == "x"
    assert leafseal("rotate", "-i", sealed).code == 0
    assert plugin.read_text() == "xx"
    assert leafseal("decrypt", sealed) == (0, PLAIN, "")


def test_a_file_alone_starts_no_plugin(
    leafseal: Run, work: Path, sealed: Path, plugin: Path, me: ThrowawayIdentity
) -> None:
    assert leafseal("rotate", "-i", "--add-age", RECIPIENT, sealed).code == 0
    before = sealed.read_bytes()
    plugin.unlink()
    commands = [
        ["rotate", "-i", sealed],
        ["groups", "add", "-f", sealed, "--age", me.recipient, "-i"],
    ]
    for command in commands:
        result = leafseal(*command)
        assert result.code == 1
        assert REFUSED in result.err
        assert "policy.toml" in result.err
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    assert REFUSED in leafseal("rotate", "-i", "--accept-recipients", sealed).err
    assert sealed.read_bytes() == before
    for command in (["decrypt", sealed], ["verify", sealed], ["inspect", sealed]):
        assert leafseal(*command).code == 0
    assert not plugin.exists()


@pytest.mark.parametrize("how", ["option", "configuration", "policy"])
def test_what_lets_a_plugin_be_started_again(
    leafseal: Run, work: Path, tmp_path: Path, sealed: Path, plugin: Path, me: ThrowawayIdentity, how: str
) -> None:
    assert leafseal("rotate", "-i", "--add-age", RECIPIENT, sealed).code == 0
    arguments = ["--add-age", RECIPIENT] if how == "option" else []
    if how == "configuration":
        (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient},{RECIPIENT}\n")
    if how == "policy":
        folder = tmp_path / "home" / "config" / "leafseal"
        folder.mkdir(parents=True)
        (folder / "policy.toml").write_text('[plugins]\nallow = ["toy"]\n')
    assert leafseal("rotate", "-i", *arguments, sealed) == (0, b"", "")
    assert plugin.read_text() == "xx"
    if how != "option":
        result = leafseal("groups", "add", "-f", sealed, "--age", me.recipient, "-i", "--accept-recipients")
        assert result.code == 0
    assert leafseal("decrypt", sealed) == (0, PLAIN, "")


def test_a_policy_that_is_wrong_stops_the_command(leafseal: Run, tmp_path: Path, sealed: Path, plugin: Path) -> None:
    assert leafseal("rotate", "-i", "--add-age", RECIPIENT, sealed).code == 0
    folder = tmp_path / "home" / "config" / "leafseal"
    folder.mkdir(parents=True)
    (folder / "policy.toml").write_text('[plugin]\nallow = ["toy"]\nmin_threshold = 0\n')
    result = leafseal("rotate", "-i", sealed)
    assert result.code == 1
    assert "policy.toml: plugin: unknown key: did you mean plugins?" in result.err
