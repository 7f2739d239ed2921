"""`init` where a team has a configuration, `keygen --passphrase`, and identity files that are in the way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from leafseal.cli import init
from leafseal.system import terminal
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import PLAIN, Run, Terminal

ANN = throwaway_identity()
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: x\n"


@pytest.fixture
def joiner(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody without a key, where ann has written a configuration."""
    monkeypatch.delenv("SOPS_AGE_KEY")
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age:\n      - {ANN.recipient}  # ann\n")
    (work / "sub").mkdir()
    return work


def keys_txt() -> Path:
    return Path(os.environ["XDG_CONFIG_HOME"], "sops", "age", "keys.txt")


# -- init


@pytest.mark.parametrize("folder", [".", "sub"])
def test_a_joiner_gets_a_key_and_is_told_whom_to_ask(leafseal: Run, joiner: Path, folder: str) -> None:
    before = (joiner / ".sops.yaml").read_bytes()
    result = leafseal("init", folder)
    assert (result.code, result.out) == (0, b"")
    recipient = leafseal("whoami").out.decode().splitlines()[0]
    assert f"your public key, to share: {recipient}" in result.err
    assert f'ask ann ({ANN.recipient[:12]}…) to run "leafseal team add NAME {recipient}"' in result.err
    assert (joiner / ".sops.yaml").read_bytes() == before
    assert list((joiner / "sub").iterdir()) == []
    assert f"your public key: {recipient}" in leafseal("init", folder).err


@pytest.mark.parametrize(
    ("name", "owner"),
    [("Ann Example", "Ann Example"), ("x\n  - age: evil", None), ("age1" + "q" * 20, None), (None, None)],
)
def test_the_first_one_is_named_as_in_git_for_those_who_join(
    leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, owner: str | None
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    monkeypatch.setattr(init, "user_name", lambda folder: name)
    assert leafseal("init").code == 0
    mine = leafseal("whoami").out.decode().splitlines()[0]
    lines = (work / ".sops.yaml").read_text().splitlines()
    assert (f"      - {mine}  # {owner}" if owner else f"      - {mine}") in lines
    keys_txt().unlink()
    whom = f"ask {owner} ({mine[:12]}…)" if owner else f"ask the owner of {mine[:12]}…"
    assert whom in leafseal("init").err


def test_the_name_is_that_of_the_folder_s_repository(work: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], check=True)
    subprocess.run(["git", "config", "user.name", "Ann Example"], check=True)
    assert init.user_name(".") == "Ann Example"
    assert init.user_name("missing") is None


def test_a_secret_with_a_name_of_two_lines_is_left_out_of_the_rule(leafseal: Run, work: Path) -> None:
    (work / "a\nb.yaml").write_text(SECRET)
    (work / "c.yaml").write_text(SECRET)
    assert leafseal("init", "--kubernetes").code == 0
    assert leafseal("config", "check").code == 0
    assert "path_regex: '^(c\\.yaml)$'" in (work / ".sops.yaml").read_text()


def test_whoever_is_named_already_makes_no_second_key(
    leafseal: Run, joiner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY", ANN.identity)
    result = leafseal("init")
    assert result.code == 0
    assert "already names your key" in result.err
    assert "(from SOPS_AGE_KEY) in 1 of 1 rule" in result.err
    assert not keys_txt().exists()


def test_options_for_another_configuration_are_refused(leafseal: Run, joiner: Path) -> None:
    for options in (("--age", ANN.recipient), ("--kubernetes",), ("--encrypted-regex", "x")):
        assert leafseal("init", *options, "sub").code == 220
    assert not keys_txt().exists()
    assert list((joiner / "sub").iterdir()) == []


def test_a_broken_configuration_is_named_and_the_key_made(leafseal: Run, joiner: Path) -> None:
    (joiner / ".sops.yaml").write_text("creation_rules: [\n")
    result = leafseal("init")
    assert result.code == 0
    assert "warning: .sops.yaml" in result.err
    assert "ask whoever wrote the file" in result.err
    assert keys_txt().exists()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (ANN.identity, "this is the secret identity"),
        (ANN.recipient[:-1] + "x", "copy the recipient again"),
        ("ssh-dss AAAA", "use an ssh-ed25519 or ssh-rsa key"),
        ("arn:aws:kms:eu-west-1:111122223333:key/x", "give it as kms"),
    ],
)
def test_recipients_are_checked(leafseal: Run, work: Path, given: str, reason: str) -> None:
    result = leafseal("init", "--age", given)
    assert result.code == 1
    assert reason in result.err
    assert ANN.identity not in result.err
    assert not (work / ".sops.yaml").exists()


def test_several_recipients_may_be_in_one_option(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    assert leafseal("init", "--age", f"{me.recipient},{ANN.recipient}", "--age", me.recipient).code == 0
    assert (work / ".sops.yaml").read_text().count("- age1") == 2


def test_a_rule_by_names(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    assert leafseal("init", "--age", me.recipient, "--encrypted-regex", "pass'word: #|^token$").code == 0
    (work / "a.yaml").write_text("a: 1\ntoken: 2\n")
    assert leafseal("encrypt", "-i", "a.yaml").code == 0
    assert (work / "a.yaml").read_text().startswith("a: 1\ntoken: ENC[")
    (work / ".sops.yaml").unlink()
    assert leafseal("init", "--age", me.recipient, "--encrypted-regex", "(?<=x)").code == 8
    assert not (work / ".sops.yaml").exists()


def test_a_folder_that_is_not_there(leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    assert leafseal("init", "nowhere").code == 8
    assert not keys_txt().exists()


def test_an_identity_in_the_variable_is_one(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    assert f"your private key is in SOPS_AGE_KEY; your public key: {me.recipient}" in leafseal("init").err
    assert f"- {me.recipient}" in (work / ".sops.yaml").read_text()
    assert not keys_txt().exists()


# -- Kubernetes


def test_secrets_outside_of_the_usual_folders_get_a_rule(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "app+x").mkdir()
    (work / "app+x" / "secrets.yaml").write_text(SECRET)
    assert leafseal("init", "--age", me.recipient, "--kubernetes", "--values").code == 0
    assert leafseal("encrypt", "-i", "app+x/secrets.yaml") == (0, b"", "")
    assert (work / "app+x" / "secrets.yaml").read_text().startswith(SECRET.partition("x\n")[0])


def test_a_secret_that_is_encrypted_whole_is_warned_of(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "s.yaml").write_text(SECRET)
    assert "s.yaml is a Kubernetes Secret" in leafseal("init", "--age", me.recipient).err
    result = leafseal("encrypt", "-o", "t.yaml", "s.yaml")
    assert result.code == 0
    assert result.err.count("kubectl cannot read it") == 1
    assert leafseal("encrypt", "--encrypted-regex", "^(data|stringData)$", "-o", "u.yaml", "s.yaml").err == ""
    (work / "v.yaml").write_text("apiVersion: v1\nkind: Chart\n")
    assert leafseal("encrypt", "-o", "w.yaml", "v.yaml").err == ""


@pytest.mark.parametrize(
    ("name", "asked"),
    [("app.yaml", []), ("k8s/app.yaml", ["Kubernetes"]), ("chart/values.yaml", ["Helm"]), ("Chart.yaml", ["Helm"])],
)
def test_rules_are_offered_where_files_show_that_they_are_needed(
    leafseal: Run, work: Path, me: ThrowawayIdentity, screen: Terminal, name: str, asked: list[str]
) -> None:
    (work / name).parent.mkdir(exist_ok=True)
    (work / name).write_text("a: b\n")
    screen.answers = ["y"]
    assert leafseal("init", "--age", me.recipient).code == 0
    assert [word for word in ("Kubernetes", "Helm") if word in screen.shown] == asked
    assert (work / ".sops.yaml").read_text().count("- path_regex") == len(asked)


# -- keygen --passphrase


def typing(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    given = iter(answers)
    monkeypatch.setattr(terminal, "has_terminal", lambda: True)
    monkeypatch.setattr(terminal, "ask_secret", lambda question: next(given))


def test_a_key_under_a_passphrase_opens_what_is_encrypted_for_it(
    leafseal: Run, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    typing(monkeypatch, "horse", "horse", "horse")
    result = leafseal("keygen", "--passphrase", "--append")
    assert result.code == 0
    assert keys_txt().read_bytes().startswith(b"-----BEGIN AGE ENCRYPTED FILE-----")
    assert keys_txt().stat().st_mode & 0o777 == 0o600 or os.name == "nt"
    assert leafseal("encrypt", "-i", "--age", result.err.split()[-1], plain).code == 0
    assert leafseal("decrypt", plain) == (0, PLAIN, "")


@pytest.mark.parametrize(("answers", "reason"), [(("x", "y"), "differ"), (("",), "no passphrase was given")])
def test_what_is_typed_twice_must_be_the_same(
    leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], reason: str
) -> None:
    typing(monkeypatch, *answers)
    result = leafseal("keygen", "--passphrase", "-o", "k")
    assert (result.code, result.out) == (220, b"")
    assert reason in result.err
    assert not (work / "k").exists()


def test_nobody_is_asked_without_a_terminal(leafseal: Run, work: Path) -> None:
    result = leafseal("keygen", "--passphrase", "-o", "k")
    assert result.code == 220
    assert "cannot ask for a passphrase without a terminal" in result.err
    assert not (work / "k").exists()


def test_protected_and_open_keys_do_not_share_a_file(
    leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    assert leafseal("keygen", "--append").code == 0
    before = keys_txt().read_bytes()
    typing(monkeypatch, "horse", "horse", "horse")
    assert leafseal("keygen", "--append", "--passphrase").code == 220
    assert keys_txt().read_bytes() == before
    keys_txt().unlink()
    assert leafseal("keygen", "--append", "--passphrase").code == 0
    before = keys_txt().read_bytes()
    assert leafseal("keygen", "--append").code == 220
    result = leafseal("init")
    assert result.code == 0
    assert "your public key: age1" in result.err
    assert keys_txt().read_bytes() == before


# -- what is in the way


@pytest.mark.parametrize("arguments", [("init",), ("keygen", "--append")])
@pytest.mark.parametrize("content", [f'"{ANN.identity}"\n', f"\ufeff{ANN.identity}\n", f"{ANN.recipient}\n", "\0"])
def test_nothing_is_added_to_a_file_that_cannot_be_read(
    leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], content: str
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    keys_txt().parent.mkdir(parents=True)
    keys_txt().write_text(content, encoding="utf-8")
    result = leafseal(*arguments)
    assert result.code == 220
    assert "keys.txt: line 1" in result.err
    assert keys_txt().read_text(encoding="utf-8") == content
    assert not (work / ".sops.yaml").exists()


@pytest.mark.parametrize("arguments", [("init",), ("keygen", "--append")])
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_file_is_left_alone(
    leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], kind: str
) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    keys_txt().parent.mkdir(parents=True)
    if kind == "folder":
        keys_txt().mkdir()
    elif kind == "link":
        keys_txt().symlink_to("nowhere")
    elif hasattr(os, "mkfifo"):
        os.mkfifo(keys_txt())
    else:
        pytest.skip("no named pipes")
    result = leafseal(*arguments)
    assert result.code == 220
    assert result.err.startswith(f"leafseal: error: {keys_txt()}: is ")
    assert not (work / ".sops.yaml").exists()
