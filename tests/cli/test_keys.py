import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from leafseal.system.directory import Folder
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import PLAIN, Run, Terminal, tokens


@pytest.fixture
def other() -> ThrowawayIdentity:
    return throwaway_identity()


def config(*recipients: ThrowawayIdentity) -> str:
    return f"creation_rules:\n  - age: {','.join(one.recipient for one in recipients)}\n"


def groups_of(*groups: ThrowawayIdentity, threshold: int = 0) -> str:
    text = "creation_rules:\n  - key_groups:\n" + "".join(f"      - age: [{one.recipient}]\n" for one in groups)
    return text + (f"    shamir_threshold: {threshold}\n" if threshold else "")


def opens(leafseal: Run, path: Path, *identities: ThrowawayIdentity) -> bool:
    before = os.environ["SOPS_AGE_KEY"]
    os.environ["SOPS_AGE_KEY"] = "\n".join(one.identity for one in identities)
    try:
        result = leafseal("decrypt", path)
    finally:
        os.environ["SOPS_AGE_KEY"] = before
    assert result.code in (0, 128)
    return result == (0, PLAIN, "")


# -- recipients that only the configuration names

MISSING = '.sops.yaml also names {}, who cannot decrypt this file; to add them, run "leafseal updatekeys app.yaml"'


@pytest.mark.parametrize("command", ["rotate -i app.yaml", "set app.yaml db.port 1", "unset app.yaml db.port"])
def test_a_write_tells_of_recipients_that_the_file_lacks(
    command: str, leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    (work / ".sops.yaml").write_text(config(me, other))
    result = leafseal(*shlex.split(command))
    assert result.code == 0
    assert MISSING.format(other.recipient[:12] + "…") in result.err
    assert other.recipient not in result.err
    assert leafseal("updatekeys", "--yes", "app.yaml").code == 0
    assert ".sops.yaml also" not in leafseal("rotate", "-i", "app.yaml").err


def test_encrypt_tells_it_of_files_that_it_skips(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    (work / ".sops.yaml").write_text(config(me, other))
    (work / "new.yaml").write_text("a: x\n")
    result = leafseal("encrypt", "-i", "app.yaml", "new.yaml")
    assert result.code == 0
    assert result.err.count(MISSING.format(other.recipient[:12] + "…")) == 1
    assert "new.yaml: .sops.yaml" not in result.err


def test_groups_tell_it(leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity) -> None:
    third, fourth = throwaway_identity(), throwaway_identity()
    (work / ".sops.yaml").write_text(config(me, third, fourth))
    result = leafseal("groups", "add", "-f", "app.yaml", "-i", "--age", third.recipient)
    assert result.code == 0
    assert MISSING.format(fourth.recipient[:12] + "…") in result.err


# -- rotate


def test_rotate_seals_everything_anew(leafseal: Run, sealed: Path) -> None:
    before = tokens(sealed)
    out = leafseal("rotate", sealed)
    assert out.code == 0
    assert tokens(sealed) == before
    assert leafseal("rotate", "-i", sealed) == (0, b"", "")
    after = tokens(sealed)
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    assert leafseal("decrypt", sealed).out == PLAIN


def test_rotate_adds_and_removes(leafseal: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity) -> None:
    assert leafseal("rotate", "-i", "--add-age", other.recipient, sealed) == (0, b"", "")
    assert opens(leafseal, sealed, other)
    assert opens(leafseal, sealed, me)
    result = leafseal("rotate", "-i", "--rm-age", other.recipient, sealed)
    assert result.code == 0
    assert "removed recipients could read db.password, db.port, list[0], list[1]: change these values" in result.err
    assert not opens(leafseal, sealed, other)
    assert opens(leafseal, sealed, me)


def test_rotate_refuses_what_cannot_be(
    leafseal: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    before = sealed.read_bytes()
    refused = leafseal("rotate", "-i", "--rm-age", other.recipient, sealed)
    assert refused.code == 8
    hint = re.search('with "leafseal (.*)"', refused.err)
    assert hint is not None
    assert me.recipient.encode() in leafseal(*shlex.split(hint[1])).out
    assert leafseal("rotate", "-i", "--rm-age", me.recipient, sealed).code == 220
    sealed.with_name("b.yaml").write_bytes(before)
    assert leafseal("rotate", sealed, sealed.with_name("b.yaml")).code == 8
    assert sealed.read_bytes() == before


def test_rotate_asks_about_recipients_that_only_the_file_names(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    assert leafseal("rotate", "-i", "--add-age", other.recipient, sealed).code == 0
    before = sealed.read_bytes()
    (work / ".sops.yaml").write_text(config(me))
    assert leafseal("rotate", "-i", sealed).code == 220
    assert sealed.read_bytes() == before
    assert leafseal("rotate", "-i", "--accept-recipients", sealed).code == 0
    assert leafseal("rotate", "-i", "--rm-age", other.recipient, sealed).code == 0


# -- updatekeys


def test_updatekeys_adds_without_a_new_data_key(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    (work / ".sops.yaml").write_text(config(me, other))
    before = tokens(sealed)
    result = leafseal("updatekeys", "--yes", sealed.name)
    assert (result.code, result.out) == (0, b"")
    assert f"leafseal:   +++ age {other.recipient}" in result.err.splitlines()
    assert tokens(sealed) == before
    assert opens(leafseal, sealed, other)
    again = leafseal("updatekeys", "--yes", sealed.name)
    assert again == (0, b"", "leafseal: app.yaml: up to date\n")


def test_updatekeys_seals_anew_when_somebody_goes(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    assert leafseal("rotate", "-i", "--add-age", other.recipient, sealed).code == 0
    (work / ".sops.yaml").write_text(config(me))
    before = tokens(sealed)
    dry = leafseal("updatekeys", "--dry-run", sealed)
    assert dry.code == 222
    assert f"--- age {other.recipient}" in dry.err
    assert tokens(sealed) == before
    result = leafseal("updatekeys", "-y", sealed)
    assert "removed recipients could read db.password" in result.err
    assert not set(tokens(sealed).values()) & set(before.values())
    assert not opens(leafseal, sealed, other)
    assert opens(leafseal, sealed, me)


def test_updatekeys_can_keep_the_data_key(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    assert leafseal("rotate", "-i", "--add-age", other.recipient, sealed).code == 0
    (work / ".sops.yaml").write_text(config(me))
    before = tokens(sealed)
    assert leafseal("updatekeys", "-y", "--keep-data-key", sealed).code == 0
    assert tokens(sealed) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 220), (None, 220)])
def test_updatekeys_asks(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity, screen: Terminal,
    answer: str | None, code: int,
) -> None:  # fmt: skip
    (work / ".sops.yaml").write_text(config(me, other))
    screen.answers = [] if answer is None else [answer]
    before = sealed.read_bytes()
    assert leafseal("updatekeys", sealed).code == code
    assert (sealed.read_bytes() == before) == (code != 0)


def test_updatekeys_without_a_configuration(leafseal: Run, sealed: Path, work: Path, other: ThrowawayIdentity) -> None:
    before = sealed.read_bytes()
    assert leafseal("updatekeys", "-y", sealed).code == 1
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - path_regex: other\n    age: {other.recipient}\n")
    assert leafseal("updatekeys", "-y", sealed).code == 1
    assert sealed.read_bytes() == before


def test_updatekeys_does_not_lower_a_threshold_unasked(
    leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    third = throwaway_identity()
    os.environ["SOPS_AGE_KEY"] = f"{me.identity}\n{other.identity}\n{third.identity}"
    (work / ".sops.yaml").write_text(groups_of(me, other, third, threshold=3))
    assert leafseal("encrypt", "-i", plain).code == 0
    (work / ".sops.yaml").write_text(groups_of(me, other, third, threshold=2))
    kept = leafseal("updatekeys", "-y", plain).err
    assert "keeps its threshold of 3, where .sops.yaml has 2; to lower it, add --lower-threshold" in kept
    assert "up to date" in kept
    (work / ".sops.yaml").write_text(groups_of(me, other))
    before = plain.read_bytes()
    refused = leafseal("updatekeys", "-y", plain)
    assert refused.code == 220
    assert "--lower-threshold" in refused.err
    assert plain.read_bytes() == before
    assert leafseal("updatekeys", "-y", "--lower-threshold", plain).code == 0
    assert opens(leafseal, plain, me, other)


# -- groups


def test_groups_are_added_and_removed(
    leafseal: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    before = tokens(sealed)
    assert leafseal("groups", "add", "-f", sealed, "-i", "--age", other.recipient, "--threshold", "2") == (0, b"", "")
    assert tokens(sealed) == before
    assert not opens(leafseal, sealed, me)
    assert opens(leafseal, sealed, me, other)
    os.environ["SOPS_AGE_KEY"] = f"{me.identity}\n{other.identity}"
    refused = leafseal("groups", "delete", "-f", sealed, "-i", "--group", "2")
    assert refused.code == 220
    assert "--lower-threshold" in refused.err
    assert leafseal("groups", "delete", "-f", sealed, "-i", "--lower-threshold", "--group", "2").code == 0
    assert opens(leafseal, sealed, me)
    assert not opens(leafseal, sealed, other)
    assert not set(tokens(sealed).values()) & set(before.values())


def test_groups_ask_about_recipients_that_the_configuration_does_not_name(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    """It is what the file is to become that counts: who comes is asked about, who goes is not."""
    (work / ".sops.yaml").write_text(config(me))
    before = sealed.read_bytes()
    words = ["add", "-f", sealed, "-i", "--age", other.recipient]
    refused = leafseal("groups", *words)
    assert refused.code == 220
    assert other.recipient in refused.err
    assert sealed.read_bytes() == before
    assert leafseal("groups", *words, "--accept-recipients").code == 0
    os.environ["SOPS_AGE_KEY"] = f"{me.identity}\n{other.identity}"
    assert leafseal("groups", "delete", "-f", sealed, "-i", "--lower-threshold", "--group", "2").code == 0


def test_groups_go_to_standard_output_without_i(leafseal: Run, sealed: Path, other: ThrowawayIdentity) -> None:
    before = sealed.read_bytes()
    result = leafseal("groups", "add", "-f", sealed, "--age", other.recipient)
    assert result.code == 0
    assert b"key_groups:" in result.out
    assert sealed.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["add"], 8),
        (["delete", "--group", "2"], 8),
        (["delete", "--group", "0"], 1),
        (["delete", "1"], 1),
        (["delete", "--group", "1"], 220),
    ],
)
def test_groups_that_cannot_be(leafseal: Run, sealed: Path, arguments: list[str], code: int) -> None:
    before = sealed.read_bytes()
    assert leafseal("groups", arguments[0], "-f", sealed, "-i", *arguments[1:]).code == code
    assert sealed.read_bytes() == before


@pytest.mark.parametrize("name", ["add", "delete"])
def test_help_of_groups_has_examples(leafseal: Run, name: str) -> None:
    result = leafseal("groups", name, "--help")
    assert result.code == 0
    assert f"leafseal groups {name} -f".encode() in result.out


# -- keygen


def identity_in(text: bytes) -> tuple[str, str]:
    created = rb"# created: [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z\n"
    match = re.fullmatch(created + rb"# public key: (age1[0-9a-z]+)\n(AGE-SECRET-KEY-1[0-9A-Z]+)\n", text)
    assert match is not None
    return match[1].decode(), match[2].decode()


def test_keygen_writes_as_age_does(leafseal: Run, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = leafseal("keygen")
    recipient, identity = identity_in(result.out)
    assert result.err == f"leafseal: public key: {recipient}\n"
    assert leafseal("encrypt", "-i", "--age", recipient, plain).code == 0
    monkeypatch.setenv("SOPS_AGE_KEY", identity)
    assert leafseal("decrypt", plain).out == PLAIN


def test_keygen_overwrites_nothing(leafseal: Run, work: Path) -> None:
    result = leafseal("keygen", "-o", "key.txt")
    assert (result.code, result.out) == (0, b"")
    before = (work / "key.txt").read_bytes()
    recipient, _ = identity_in(before)
    assert result.err == f"leafseal: public key: {recipient}\n"
    assert stat.S_IMODE((work / "key.txt").stat().st_mode) == 0o600
    assert leafseal("keygen", "-o", "key.txt").code == 220
    assert leafseal("keygen", "-o", "other.txt", "--append").code == 8
    assert (work / "key.txt").read_bytes() == before


def test_keygen_appends_where_identities_are_looked_for(
    leafseal: Run, plain: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    first, second = leafseal("keygen", "--append"), leafseal("keygen", "--append")
    path = Path(os.environ["XDG_CONFIG_HOME"], "sops", "age", "keys.txt")
    assert f"added to {path}" in first.err
    assert path.read_text().count("AGE-SECRET-KEY-1") == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for result in (first, second):
        plain.write_bytes(PLAIN)
        assert leafseal("encrypt", "-i", "--age", result.err.split()[-1], plain).code == 0
        assert leafseal("decrypt", plain).out == PLAIN


# -- init


def test_init_makes_what_encrypting_needs(
    leafseal: Run, plain: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    result = leafseal("init")
    assert (result.code, result.out) == (0, b"")
    assert "back up keys.txt now" in result.err
    assert leafseal("encrypt", "-i", plain) == (0, b"", "")
    assert leafseal("decrypt", plain) == (0, PLAIN, "")


def test_init_proposes_to_ignore_what_a_killed_write_leaves(leafseal: Run, work: Path) -> None:
    folder = work / "below"
    folder.mkdir()
    result = leafseal("init", str(folder))
    assert "add this line to .gitignore" in result.err
    (line,) = re.findall(r"plain text may stay in (\S+):", result.err)
    (work / ".gitignore").write_text(f"{line}\n")
    (folder / ".sops.yaml").unlink()
    assert ".gitignore" not in leafseal("init", str(folder)).err


def test_git_ignores_what_a_killed_write_leaves(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("no git")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(".*.leafseal\n")
    with Folder(str(tmp_path)) as folder:
        left, descriptor = folder.create_temporary("secrets.yaml")
        os.close(descriptor)
    status = subprocess.run(["git", "-C", tmp_path, "status", "--porcelain", "-uall"], capture_output=True, check=True)
    assert (tmp_path / left).exists()
    assert status.stdout == b"?? .gitignore\n"


def test_init_overwrites_nothing(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    assert leafseal("init", "--age", me.recipient, "--config-name", ".sops-style-config.yaml").code == 0
    before = (work / ".sops-style-config.yaml").read_bytes()
    assert leafseal("init", "--age", me.recipient).code == 220
    assert not (work / ".sops.yaml").exists()
    assert (work / ".sops-style-config.yaml").read_bytes() == before


def test_init_for_named_recipients_makes_no_identity(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    assert leafseal("init", "--age", me.recipient, "--kubernetes", "--values").code == 0
    text = (work / ".sops.yaml").read_text()
    assert text.count(me.recipient) == 3
    assert not Path(os.environ["XDG_CONFIG_HOME"]).exists()


def test_init_without_anybody(leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    assert leafseal("init", "--no-identity").code == 220
    assert not (work / ".sops.yaml").exists()


@pytest.mark.parametrize("arguments", [("init",), ("keygen", "--append")])
def test_no_identity_lands_in_a_checkout(
    leafseal: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    monkeypatch.delenv("SOPS_AGE_KEY_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", "conf")
    result = leafseal(*arguments)
    assert result.code == 8
    assert "XDG_CONFIG_HOME is not an absolute path" in result.err
    assert list((tmp_path / "sub").iterdir()) == []
