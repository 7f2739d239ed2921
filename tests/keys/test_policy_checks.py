"""What the policy says of whom a file is encrypted for, and of accounts and roles: in the library and both faces."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from leafseal.cli.main import run as run_leafseal
from leafseal.errors import ProviderError, RefusedError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.groups import check_groups
from leafseal.keys.policy import LISTS, check_use, line_for
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.rekey import rewrap, rotate
from leafseal.providers.aws import AWSKMSKey
from leafseal.providers.azure import AzureKeyVaultKey
from leafseal.rules.selection import Selection
from leafseal.sops.main import run as run_sops
from leafseal.system import private, terminal
from leafseal.testing import throwaway_identity

from ..opening import open_sealed

ME, OTHER = throwaway_identity(), throwaway_identity()
[MINE], [THEIRS] = (parse_recipients("age", one.recipient) for one in (ME, OTHER))
PLAIN = b"password: hunter2\n"
ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def ambient(home: Path, policy: str = "") -> Ambient:
    path = home / ".config" / "leafseal" / "policy.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(policy)
    return Ambient({"SOPS_AGE_KEY": ME.identity}, home)


def listing(*keys: MasterKey | str) -> str:
    names = ", ".join(f'"{key}"' for key in keys)
    return f"[recipients]\nallow = [{names}]\n"


def encrypted(where: Ambient, *groups: list[MasterKey], threshold: int = 0) -> bytes:
    return encrypt(PLAIN, "yaml", groups, threshold, Selection(), where).data


# -- recipients


def test_without_a_list_everybody_will_do(tmp_path: Path) -> None:
    assert encrypted(ambient(tmp_path), [MINE, THEIRS])


def test_whom_a_list_names_and_nobody_else(tmp_path: Path) -> None:
    strict = ambient(tmp_path, listing(MINE))
    data = encrypted(strict, [MINE])
    for groups in ([[MINE, THEIRS]], [[THEIRS]], [[MINE], [THEIRS]]):
        with pytest.raises(RefusedError, match=f"the policy does not allow to encrypt for age {THEIRS}") as caught:
            encrypted(strict, *groups)
        assert (
            caught.value.hint
            == f'add "{THEIRS}" to recipients.allow in the policy; "leafseal policy show" names its file'
        )
        assert caught.value.exit_code == 220
    opened = open_sealed(data, "yaml", strict)
    for operation in (rotate, rewrap):
        assert operation(opened, [[MINE]], 0, strict)
        with pytest.raises(RefusedError):
            operation(opened, [[MINE, THEIRS]], 0, strict)


def test_reading_asks_no_policy(tmp_path: Path) -> None:
    data = encrypted(ambient(tmp_path), [MINE])
    assert open_sealed(data, "yaml", ambient(tmp_path, listing(THEIRS))).plaintext() == PLAIN


def test_a_key_without_its_version_stands_for_all_versions(tmp_path: Path) -> None:
    url = "https://shop.vault.azure.net/keys/sops"
    one, two, general = parse_recipients("azure_kv", f"{url}/1,{url}/2,{url}")
    assert isinstance(one, AzureKeyVaultKey)
    for listed, allowed in (((one,), [one]), ((general,), [one, two, general])):
        where = ambient(tmp_path, listing(*listed))
        for key in (one, two, general):
            if key in allowed:
                assert check_groups([[key]], 0, where) == 0
            else:
                with pytest.raises(RefusedError):
                    check_groups([[key]], 0, where)


def test_a_name_is_quoted_in_the_line() -> None:
    assert tomllib.loads(line_for("aws.roles", 'a", "*')) == {"aws": {"roles": ['a", "*']}}
    assert line_for("aws.roles", 'a"b\\c\x1b') == r'aws.roles = ["a\"b\\c\\x1b"]'


# -- how many groups must open


@pytest.mark.parametrize(
    ("count", "threshold", "fine"),
    [(1, 0, False), (1, 2, False), (2, 0, True), (2, 2, True), (3, 2, True), (3, 3, True)],
)
def test_as_many_groups_as_the_policy_wants(tmp_path: Path, count: int, threshold: int, fine: bool) -> None:
    where = ambient(tmp_path, "min_threshold = 2\n")
    groups = [[MINE]] * count
    if fine:
        assert encrypted(where, *groups, threshold=threshold)
    else:
        with pytest.raises(RefusedError, match="1 of 1 key groups could decrypt the file; the policy requires 2"):
            encrypted(where, *groups, threshold=threshold)


def test_a_threshold_that_is_too_low(tmp_path: Path) -> None:
    where = ambient(tmp_path, "min_threshold = 3\n")
    with pytest.raises(RefusedError, match="2 of 3 key groups could decrypt the file; the policy requires 3") as caught:
        encrypted(where, [MINE], [MINE], [MINE], threshold=2)
    assert "shamir_threshold" in str(caught.value.hint)


# -- what a file may use of a cloud


@pytest.mark.parametrize("place", LISTS)
def test_what_a_list_has_may_be_used_and_nothing_else(tmp_path: Path, place: str) -> None:
    one, other = ("https://a", "https://b") if LISTS[place].field in ("endpoints", "azure_vaults") else ("a", "b")
    kept = one + ":443" * (one != "a")
    check_use(place, other, ambient(tmp_path), "key")
    where = ambient(tmp_path, line_for(place, one))
    check_use(place, kept, where, "key")
    with pytest.raises(ProviderError, match=f"the policy does not allow the {LISTS[place].what} {other}") as caught:
        check_use(place, other, where, "key")
    assert caught.value.hint == f'add "{other}" to {place} in the policy; "leafseal policy show" names its file'
    assert caught.value.master_key == "key"
    assert len(LISTS[place].what.split()) < 4


ROLE = "arn:aws:iam::123456789012:role/deploy"
NOTHING_FOUND = "no AWS credentials found"


@pytest.mark.parametrize(
    ("policy", "key", "message"),
    [
        ('aws.accounts = ["1"]', AWSKMSKey(ARN), "the policy does not allow the AWS account 123456789012"),
        ("aws.roles = []", AWSKMSKey(ARN, ROLE), f"the policy does not allow the AWS role {ROLE}"),
        ("aws.profiles = []", AWSKMSKey(ARN, aws_profile="dev"), "the policy does not allow the AWS profile dev"),
        ('aws.accounts = ["123456789012"]', AWSKMSKey(ARN), NOTHING_FOUND),
        ("aws.roles = []\naws.profiles = []", AWSKMSKey(ARN), NOTHING_FOUND),
        ("aws.profiles = []", AWSKMSKey(ARN, aws_profile=None), NOTHING_FOUND),
        (f'aws.roles = ["{ROLE}"]', AWSKMSKey(ARN, ROLE), NOTHING_FOUND),
        ('aws.profiles = ["dev"]', AWSKMSKey(ARN, aws_profile="dev"), "there is no AWS profile dev"),
    ],
)
def test_keys_of_aws(tmp_path: Path, policy: str, key: AWSKMSKey, message: str) -> None:
    pytest.importorskip("botocore")
    base = ambient(tmp_path, policy)
    where = Ambient({"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, base.home)
    for act in (lambda: key.wrap(bytes(32), where), lambda: key.unwrap(b"eA==", where)):
        with pytest.raises(ProviderError) as caught:
            act()
        assert caught.value.message == message
        assert caught.value.master_key == str(key)


# -- both faces


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and a working tree in which a command is run without a terminal."""
    (tmp_path / "work" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    monkeypatch.setattr(terminal, "has_terminal", lambda: False)
    return tmp_path


FACES: list[Callable[[list[str]], int]] = [run_leafseal, run_sops]
BOTH = pytest.mark.parametrize("run", FACES, ids=["leafseal", "sops"])


@BOTH
def test_commands_that_wrap(home: Path, run: Callable[[list[str]], int], capfd: pytest.CaptureFixture[str]) -> None:
    path = Path("a.yaml")
    path.write_bytes(PLAIN)
    ambient(home, listing(MINE))
    assert run(["encrypt", "-i", "--age", f"{MINE},{THEIRS}", "a.yaml"]) != 0
    assert f"the policy does not allow to encrypt for age {THEIRS}" in capfd.readouterr().err
    assert path.read_bytes() == PLAIN
    assert run(["encrypt", "-i", "--age", str(MINE), "a.yaml"]) == 0
    before = path.read_bytes()
    Path(".sops.yaml").write_text(f"creation_rules: [{{age: '{MINE},{THEIRS}'}}]\n")
    for command in (["rotate", "-i", "--add-age", str(THEIRS)], ["updatekeys", "--yes"]):
        assert run([*command, "a.yaml"]) != 0
        assert "the policy does not allow to encrypt for age" in capfd.readouterr().err
        assert path.read_bytes() == before


@pytest.fixture
def editor(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that notes where its file is, and changes it."""
    path = home / "editor.sh"
    path.write_text(f'#!/bin/sh\necho "$1" >> {home}/seen\necho "more: 1" >> "$1"\n')
    path.chmod(0o755)
    monkeypatch.setenv("SOPS_EDITOR", str(path))
    return home / "seen"


@BOTH
def test_no_editor_opens_for_a_file_that_cannot_be_made(
    home: Path, editor: Path, run: Callable[[list[str]], int], capfd: pytest.CaptureFixture[str]
) -> None:
    ambient(home, listing(MINE))
    Path(".sops.yaml").write_text(f"creation_rules: [{{age: '{THEIRS}'}}]\n")
    assert run(["edit", "new.yaml"]) != 0
    assert "the policy does not allow to encrypt for age" in capfd.readouterr().err
    assert not editor.exists()
    assert sorted(os.listdir()) == [".git", ".sops.yaml"]


@BOTH
def test_no_plaintext_for_an_editor_on_a_disk(
    home: Path,
    editor: Path,
    run: Callable[[list[str]], int],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(private, "_memory_candidates", list)  # a system without a folder in memory
    data = encrypted(ambient(home), [MINE])
    Path("a.yaml").write_bytes(data)
    ambient(home, "no_disk_plaintext = true\n")
    assert run(["edit", "a.yaml"]) != 0
    assert "plaintext would be written to a disk, which the policy forbids" in capfd.readouterr().err
    assert not editor.exists()
    assert Path("a.yaml").read_bytes() == data
    ambient(home)
    assert run(["edit", "a.yaml"]) == 0
    assert editor.exists()
