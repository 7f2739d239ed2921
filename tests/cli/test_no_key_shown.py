"""Users give keys and tokens where names, addresses and words belong: no message repeats one, whoever it comes from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import leafseal
from leafseal.cli.main import run
from leafseal.errors import DataKeyError, FormatError, LeafsealError, naming
from leafseal.keys import Ambient
from leafseal.sops.main import run as run_sops
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
IDENTITY = ME.identity
SSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAAC4n4ryZebra\n-----END OPENSSH PRIVATE KEY-----\n"
SECRETS = {
    "an age identity": (IDENTITY, IDENTITY[20:40]),
    "in small letters": (IDENTITY.lower(), IDENTITY.lower()[20:40]),
    "an SSH key": (SSH, "C4n4ryZebra"),
    "a PGP key": (SSH.replace("OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"), "C4n4ryZebra"),
    "a token": ("hvs.C4n4ryZebra99999", "C4n4ryZebra"),
    "something in base64": ("c2VjcmV0/C4n4ryZebra+99==", "C4n4ryZebra"),
}
"""What is given, and the part that must not be seen again."""

FILES = ("SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD")
OTHERS = (
    "SOPS_AGE_KEY", "SOPS_AGE_RECIPIENTS", "SOPS_KMS_ARN", "SOPS_AZURE_KEYVAULT_URLS", "SOPS_VAULT_URIS",
    "SOPS_HUAWEICLOUD_KMS_IDS", "SOPS_KEYSERVICE", "SOPS_GPG_EXEC", "VAULT_TOKEN", "VAULT_ADDR",
    "LEAFSEAL_SERVICE_TIMEOUT",
)  # fmt: skip
OPTIONS = ("--age", "--kms", "--azure-kv", "--hc-vault-transit", "--hckms", "--keyservice")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("plain.yaml").write_bytes(b"a: x\n")
    Path("file.yaml").write_bytes(leafseal.encrypt(b"a: x\n", format="yaml", recipients=[ME.recipient]))
    return "file.yaml"


def shown(capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    return "".join(character for character in out + err if character not in "\n |")


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("variable", FILES + OTHERS)
def test_no_variable_is_repeated(
    file: str, variable: str, what: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    given, part = SECRETS[what]
    monkeypatch.setenv(variable, given)
    run(["decrypt", file])
    run(["encrypt", "plain.yaml"])
    run_sops(["-d", file])
    run_sops(["-e", "plain.yaml"])
    assert part not in shown(capfd)


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("option", OPTIONS)
def test_no_option_is_repeated(file: str, option: str, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    given, part = SECRETS[what]
    run(["encrypt", option, given, "plain.yaml"])
    run(["updatekeys", option, given, file])
    run_sops(["encrypt", option, given, "plain.yaml"])
    run_sops(["rotate", f"--add-{option[2:]}", given, file])
    assert part not in shown(capfd)


@pytest.mark.parametrize("what", [name for name in SECRETS if name != "something in base64"])
def test_a_key_in_any_place_is_hidden(file: str, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    given, part = SECRETS[what]
    for words in (
        [given],
        ["decrypt", given],
        ["decrypt", "--config", given, file],
        ["get", file, given],
        [f"--{given}"],
    ):
        assert run(words) != 0
        assert run_sops(words) != 0
    assert part not in shown(capfd)


def test_a_key_in_place_of_a_name_is_told(file: str) -> None:
    with pytest.raises(DataKeyError) as caught:
        leafseal.load(file, ambient=Ambient({"SOPS_AGE_KEY_FILE": IDENTITY}, os.getcwd()))
    assert "SOPS_AGE_KEY_FILE: contains a key, not the name of a file" in str(caught.value)
    (attempt,) = caught.value.attempts
    assert "put the key into SOPS_AGE_KEY" in str(getattr(attempt, "hint", ""))


def test_the_hint_on_where_the_key_belongs_helps(file: str) -> None:
    assert leafseal.load(file, ambient=Ambient({"SOPS_AGE_KEY": IDENTITY}, os.getcwd())) == {"a": "x"}
    both = {"SOPS_AGE_KEY": IDENTITY, "SOPS_AGE_KEY_FILE": IDENTITY}
    assert leafseal.load(file, ambient=Ambient(both, os.getcwd())) == {"a": "x"}


def test_a_name_that_leads_somewhere_is_shown(file: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "keys.txt")
    with pytest.raises(DataKeyError) as caught:
        leafseal.load(file, ambient=Ambient({"SOPS_AGE_KEY_FILE": missing}, tmp_path))
    assert f"SOPS_AGE_KEY_FILE ({missing}): no such file" in str(caught.value)


@pytest.mark.parametrize("name", ["My Private Keys/age.txt", "age-secret-key-prod.txt", "archvs.txt"])
def test_a_file_may_be_named_after_what_it_holds(file: str, name: str, tmp_path: Path) -> None:
    keys = tmp_path / name
    keys.parent.mkdir(exist_ok=True)
    keys.write_text(IDENTITY)
    assert leafseal.load(file, ambient=Ambient({"SOPS_AGE_KEY_FILE": str(keys)}, tmp_path)) == {"a": "x"}
    with pytest.raises(LeafsealError) as caught:
        leafseal.load(f"{keys}.missing")
    assert str(caught.value) == f"{keys}.missing: no such file"


def test_a_program_may_be_named_after_what_it_gives(file: str, tmp_path: Path) -> None:
    program = tmp_path / "age-secret-key-from-pass"
    program.write_text(f"#!/bin/sh\necho {IDENTITY}\n")
    program.chmod(0o700)
    assert leafseal.load(file, ambient=Ambient({"SOPS_AGE_KEY_CMD": str(program)}, tmp_path)) == {"a": "x"}


def test_no_file_is_made_that_is_named_like_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", IDENTITY)
    for words in (["keygen", "--append"], ["init"]):
        assert run(words) != 0
    assert not list(tmp_path.iterdir())
    assert "SOPS_AGE_KEY_FILE contains a key" in capfd.readouterr().err


def test_an_error_holds_no_key_in_any_attribute() -> None:
    with pytest.raises(FormatError) as caught, naming(f"/tmp/{IDENTITY}"):
        raise FormatError(f"not good: {IDENTITY}", hint=f"try {IDENTITY}")
    error: LeafsealError = caught.value
    assert IDENTITY not in repr((vars(error), error.args, str(error)))


CONFIGURATIONS = {
    "a comment": "# {0}\ncreation_rules:\n- age: {1}\n",
    "a name": "recipients: {{{0}: {1}}}\ncreation_rules:\n- age: {1}\n",
    "path_regex": "creation_rules:\n- path_regex: {0}\n  age: {1}\n- age: {1}\n",
    "a pattern that is wrong": "creation_rules:\n- path_regex: '({0}'\n  age: {1}\n- age: {1}\n",
    "encrypted_regex": "creation_rules:\n- encrypted_regex: {0}\n  age: {1}\n",
    "a key": "creation_rules:\n- {0}: 1\n  age: {1}\n",
    "a fingerprint": "creation_rules:\n- pgp: {0}\n  age: {1}\n",
    "a role": "creation_rules:\n- age: {1}\n  key_groups: [{{kms: [{{arn: 'arn:aws:kms:a:1:key/1', role: {0}}}]}}]\n",
    "an address": "creation_rules:\n- age: {1}\n  hc_vault_transit_uri: https://{0}/v1/transit/keys/x\n",
}


@pytest.mark.parametrize("where", CONFIGURATIONS)
def test_no_report_repeats_a_key_that_was_pasted_into_the_configuration(
    file: str, where: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path(".sops.yaml").write_text(CONFIGURATIONS[where].format(IDENTITY, ME.recipient))
    other = throwaway_identity().recipient
    for words in (
        ["team", "list"], ["team", "list", "--json"], ["team", "add", "-n", "--all-rules", "new", other],
        ["config", "check"], ["config", "check", "--json"], ["config", "explain", file, "new.yaml"],
        ["config", "explain", "--json", file], ["updatekeys", "--dry-run", file], ["encrypt", "plain.yaml"],
    ):  # fmt: skip
        run(words)
    assert IDENTITY[40:60] not in shown(capfd)


def test_a_text_that_begins_like_a_key_hides_no_line_after_it(file: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("plain.yaml").write_text("'-----BEGIN PRIVATE KEY-----': x\nafter: y\n")
    run(["encrypt", "-i", "--age", ME.recipient, "plain.yaml"])
    run(["inspect", "plain.yaml"])
    out, _ = capfd.readouterr()
    assert "    after\n" in out
