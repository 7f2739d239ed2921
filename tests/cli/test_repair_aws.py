"""`leafseal repair`, on files that AWS KMS does not open as they are."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from leafseal.keys import Ambient
from leafseal.operations.open import read_metadata
from leafseal.providers.aws import AWSKMSKey

from ..operations.test_context_repair import CONTEXT, PLAIN, old_file
from ..services.moto_kms import AWS
from .conftest import Run


@pytest.fixture
def key(aws: AWS, work: Path, monkeypatch: pytest.MonkeyPatch) -> AWSKMSKey:
    """A key, and its user in this process."""
    for name, value in aws.environ().items():
        monkeypatch.setenv(name, value)
    return AWSKMSKey(aws.create_key(), context=CONTEXT)


@pytest.fixture
def old(work: Path, key: AWSKMSKey) -> Path:
    """A file of SOPS 3.2.0."""
    path = work / "old.yaml"
    path.write_bytes(old_file([[key]], Ambient.of_process(), "prod"))
    path.chmod(0o640)
    return path


def test_decrypt_names_the_repair_and_repair_is_for_good(leafseal: Run, old: Path, key: AWSKMSKey) -> None:
    before = old.read_bytes()
    result = leafseal("decrypt", old)
    assert result.code == 128
    assert "hint: if SOPS before 3.3.0 encrypted this file" in result.err
    assert 'fix it with "leafseal repair FILE"' in result.err
    result = leafseal("repair", "old.yaml")
    assert result.code == 222
    assert b"garbled AWS encryption context" in result.out
    assert old.read_bytes() == before
    result = leafseal("repair", "--yes", "old.yaml")
    assert (result.code, result.err) == (0, "leafseal: old.yaml: repaired\n")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert leafseal("decrypt", old) == (0, PLAIN, "")
    repaired = old.read_bytes()
    assert leafseal("repair", "--yes", "old.yaml") == (0, b"old.yaml: nothing to repair\n", "")
    assert old.read_bytes() == repaired
    assert list(old.parent.glob(".*leafseal")) == []


@pytest.mark.parametrize("command", ["decrypt", "verify", "rotate", "get"])
def test_no_other_command_repairs(leafseal: Run, old: Path, command: str) -> None:
    before = old.read_bytes()
    result = leafseal(command, old, *(["password"] if command == "get" else []))
    assert result.code == 128
    assert "leafseal repair FILE" in result.err
    assert old.read_bytes() == before


def test_all_files_are_repaired_or_none(leafseal: Run, old: Path, key: AWSKMSKey, aws: AWS, work: Path) -> None:
    before = old.read_bytes()
    other = work / "other.yaml"
    ambient, lost = Ambient.of_process(), AWSKMSKey(aws.create_key(), context=CONTEXT)
    other.write_bytes(old_file([[lost]], ambient, "shop"))
    aws.disable(lost.arn)
    result = leafseal("repair", "--yes", "old.yaml", "other.yaml")
    assert result.code == 128
    assert "other.yaml: kms" in result.err
    assert "the cause is another one" in result.err
    assert old.read_bytes() == before


def test_recipients_that_the_configuration_does_not_name_are_refused(leafseal: Run, old: Path, work: Path) -> None:
    before = old.read_bytes()
    (work / ".sops.yaml").write_text("creation_rules: [{kms: 'arn:aws:kms:us-east-1:123456789012:key/abc'}]\n")
    result = leafseal("repair", "--yes", "old.yaml")
    assert result.code == 220
    assert "--accept-recipients" in result.err
    assert old.read_bytes() == before
    assert leafseal("repair", "--yes", "--accept-recipients", "old.yaml").code == 0


def test_files_that_it_is_not_for(leafseal: Run, old: Path, sealed: Path, work: Path) -> None:
    assert leafseal("repair", sealed.name) == (0, f"{sealed.name}: nothing to repair\n".encode(), "")
    (work / "plain.yaml").write_bytes(PLAIN)
    assert leafseal("repair", "plain.yaml").code == 1
    assert leafseal("repair", "-").code == 8
    assert read_metadata(old.read_bytes(), "yaml")[1].may_have_context_bug
