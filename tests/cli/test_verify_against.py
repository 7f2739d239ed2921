"""`leafseal verify --against`: what changed since a trusted revision, and is no value."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run
from .test_check import add, config, repository
from .test_every_file import git

__all__ = ["repository"]

OTHER = throwaway_identity()


def report(leafseal: Run, *options: str, code: int = 222) -> dict[str, Any]:
    result = leafseal("verify", "--json", "--against", "HEAD", *options)
    assert result.code == code, result.err
    told: dict[str, Any] = json.loads(result.out)
    assert b"hunter2" not in result.out
    return told


def test_nothing_changed(leafseal: Run, repository: Path) -> None:
    assert leafseal("set", "secrets/db.yaml", "db.password", "another").code == 0
    assert leafseal("rotate", "-i", "secrets/db.yaml").code == 0
    told = report(leafseal, "--all", code=0)
    assert [one["since"]["state"] for one in told["files"]] == ["unchanged"]
    assert told["others"] == []
    result = leafseal("verify", "--all", "--against", "HEAD")
    assert (result.code, b"since" in result.out) == (0, False)


def test_recipients(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    config(repository, f"{{path_regex: ^secrets/, age: '{me.recipient},{OTHER.recipient}'}}")
    assert leafseal("updatekeys", "-y", "secrets/db.yaml").code == 0
    told = report(leafseal, "--all")
    [since] = [one["since"] for one in told["files"]]
    assert [key["key"] for key in since["recipients_added"]] == [OTHER.recipient]
    assert since["recipients_removed"] == []
    assert told["others"] == [{"file": ".sops.yaml", "state": "changed"}]
    lines = leafseal("verify", "--all", "--against", "HEAD").out.decode().splitlines()
    assert f"  since HEAD: recipient added: age {OTHER.recipient}" in lines
    assert ".sops.yaml: was changed since HEAD" in lines


def test_rules_and_what_is_encrypted(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    config(repository, f"{{path_regex: ^secrets/, age: {me.recipient}, encrypted_regex: ^password$}}")
    add(repository, "secrets/db.yaml", "db:\n    password: hunter2\n    port: 5432\n    host: x\n")
    assert leafseal("encrypt", "-i", "secrets/db.yaml").code == 0
    [since] = [one["since"] for one in report(leafseal, "secrets/db.yaml")["files"]]
    assert (since["rule_a"], since["rule_b"]) == (
        "everything except under key names that end in _unencrypted",
        "only values under key names that match ^password$",
    )
    assert sorted((one["change"], one["path"]) for one in since["moves"]) == [
        ("added", "/db/host"),
        ("decrypted", "/db/port"),
    ]
    out = leafseal("verify", "secrets/db.yaml", "--against", "HEAD").out.decode()
    assert "since HEAD: values decrypted: /db/port" in out


def test_thresholds(leafseal: Run, repository: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = me, throwaway_identity(), throwaway_identity()
    monkeypatch.setenv("SOPS_AGE_KEY", "\n".join(one.identity for one in everybody))
    keys = ", ".join(f"{{age: [{one.recipient}]}}" for one in everybody)
    for threshold in (3, 2):
        config(repository, f"{{path_regex: ^secrets/, key_groups: [{keys}], shamir_threshold: {threshold}}}")
        add(repository, "secrets/g.yaml", "a: hunter2\n")
        assert leafseal("encrypt", "-i", "secrets/g.yaml").code == 0
        if threshold == 3:
            git(repository, "add", ".")
            git(repository, "commit", "-qm", "groups")
    [since] = [one["since"] for one in report(leafseal, "secrets/g.yaml")["files"]]
    assert (since["threshold_a"], since["threshold_b"]) == (3, 2)
    out = leafseal("verify", "secrets/g.yaml", "--against", "HEAD").out.decode()
    assert "since HEAD: threshold: 3 of 3 groups -> 2 of 3 groups" in out


def test_files_that_are_new_deleted_or_no_longer_encrypted(leafseal: Run, repository: Path) -> None:
    for name in ("secrets/gone.yaml", "secrets/plain.yaml", "secrets/new.yaml"):
        add(repository, name, "a: hunter2\n")
        assert leafseal("encrypt", "-i", name).code == 0
    git(repository, "add", "secrets/gone.yaml", "secrets/plain.yaml")
    git(repository, "commit", "-qm", "two")
    git(repository, "add", "secrets/new.yaml")
    (repository / "secrets/gone.yaml").unlink()
    add(repository, "secrets/plain.yaml", "a: hunter2\n")
    told = report(leafseal, "--all")
    assert {one["file"]: one["since"]["state"] for one in told["files"]} == {
        "secrets/db.yaml": "unchanged", "secrets/new.yaml": "new",
    }  # fmt: skip
    assert told["others"] == [
        {"file": "secrets/gone.yaml", "state": "deleted"},
        {"file": "secrets/plain.yaml", "state": "decrypted"},
    ]
    out = leafseal("verify", "--all", "--against", "HEAD").out.decode()
    assert "secrets/plain.yaml: was encrypted in HEAD, and is not encrypted now\n" in out
    assert "  since HEAD: there was no such encrypted file\n" in out


def test_drivers(leafseal: Run, repository: Path) -> None:
    add(repository, ".gitattributes", "secrets/** merge=union -diff\n")
    [since] = [one["since"] for one in report(leafseal, "--all")["files"]]
    assert since["attributes"] == [
        {"attribute": "diff", "before": "unspecified", "after": "unset"},
        {"attribute": "merge", "before": "unspecified", "after": "union"},
    ]
    out = leafseal("verify", "--all", "--against", "HEAD").out.decode()
    assert "  since HEAD: .gitattributes: merge: unspecified -> union\n" in out


@pytest.mark.parametrize("name", [b"a b.yaml", b"caf\xe9\n.yaml"])
def test_strange_names(leafseal: Run, repository: Path, name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    text = os.fsdecode(b"secrets/" + name)
    os.rename(repository / "secrets/db.yaml", repository / text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "two")
    monkeypatch.chdir(repository / "secrets")
    [one] = report(leafseal, os.fsdecode(name), code=0)["files"]
    assert one["since"]["state"] == "unchanged"


def test_what_is_no_revision_or_no_repository(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    result = leafseal("verify", "secrets/db.yaml", "--against", "--output=x")
    assert (result.code, "is not a revision" in result.err) == (1, True)
    assert leafseal("verify", "secrets/db.yaml", "--against", "none").code == 1
    outside = tmp_path / "outside.yaml"
    outside.write_bytes((repository / "secrets/db.yaml").read_bytes())
    result = leafseal("verify", str(outside), "--against", "HEAD")
    assert (result.code, "is not in this repository" in result.err) == (8, True)
