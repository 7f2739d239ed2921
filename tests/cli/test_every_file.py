"""`--all`: which files are meant, and what is said of many."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run


def git(folder: Path, *arguments: str) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_GLOBAL": os.devnull}
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", *arguments]
    subprocess.run(words, cwd=folder, env=environ, check=True, capture_output=True)


@pytest.fixture
def repository(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    """A working tree: three tracked encrypted files, an untracked and an ignored one, plain ones, and a link."""
    (work / ".git").rmdir()
    git(work, "init", "-q")
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    (work / "deploy" / "prod").mkdir(parents=True)
    (work / ".gitignore").write_text("ignored.yaml\n")
    for name in ("a.yaml", "deploy/b.env", "deploy/prod/c d.json", "new.yaml", "ignored.yaml"):
        path = work / name
        path.write_text({"env": "A=x\n", "json": '{\n\t"a": "x"\n}\n'}.get(name.rpartition(".")[2], "a: x\n"))
        assert leafseal("encrypt", "-i", name).code == 0
    (work / "plain.yaml").write_text("a: x\n")
    (work / "notes.md").write_text("sops: ENC[AES256_GCM, and so on\n")
    (work / "link.yaml").symlink_to("a.yaml")
    git(work, "add", "a.yaml", "deploy", "plain.yaml", "notes.md", "link.yaml", ".gitignore", ".sops.yaml")
    return work


def names(leafseal: Run, *options: str) -> list[str]:
    result = leafseal("inspect", "--json", "--all", *options)
    assert result.code == 0, result.err
    return [about["file"] for about in json.loads(result.out)["files"]]


TRACKED = ["a.yaml", "deploy/b.env", "deploy/prod/c d.json"]


def test_all_are_the_encrypted_files_that_git_tracks(leafseal: Run, repository: Path) -> None:
    assert names(leafseal) == TRACKED
    assert names(leafseal, "--untracked") == [*TRACKED, "new.yaml"]


def test_all_is_counted_from_the_configuration(
    leafseal: Run, repository: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "deploy")
    assert names(leafseal) == ["../a.yaml", "b.env", "prod/c d.json"]
    (repository / "deploy" / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    assert names(leafseal) == ["b.env", "prod/c d.json"]


def test_a_submodule_is_left_alone(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "z.yaml").write_bytes((repository / "a.yaml").read_bytes())
    git(other, "add", ".")
    git(other, "commit", "-qm", "one")
    git(repository, "submodule", "add", "-q", str(other), "sub")
    assert names(leafseal) == TRACKED


def test_without_git_all_files_below_are_meant(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    subprocess.run(["rm", "-rf", str(repository / ".git")], check=True)
    nested = repository / "nested"
    (nested / ".git").mkdir(parents=True)
    (nested / "z.yaml").write_bytes((repository / "a.yaml").read_bytes())
    assert sorted(names(leafseal)) == sorted([*TRACKED, "new.yaml", "ignored.yaml"])


def test_what_the_repository_has_git_start_is_not_started(leafseal: Run, repository: Path) -> None:
    program = repository / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {repository}/PWNED\n")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    assert names(leafseal, "--untracked") == [*TRACKED, "new.yaml"]
    assert not (repository / "PWNED").exists()


@pytest.fixture
def fetching(repository: Path) -> Path:
    """The repository, one of whose objects is missing, and has to be fetched by a program of its configuration."""
    program = repository / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {repository}/PWNED\n")
    program.chmod(0o755)
    git(repository, "commit", "-qm", "one")
    blob = subprocess.check_output(["git", "rev-parse", "HEAD:.gitignore"], cwd=repository, text=True).strip()
    git(repository, "update-index", "--skip-worktree", ".gitignore")
    (repository / ".gitignore").unlink()
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for name, value in (
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", str(repository)),
        ("remote.origin.uploadpack", str(program)),
    ):
        git(repository, "config", name, value)
    return repository


def test_what_would_fetch_missing_objects_is_not_started(leafseal: Run, fetching: Path) -> None:
    assert names(leafseal, "--untracked") == [*TRACKED, "ignored.yaml", "new.yaml"]
    assert not (fetching / "PWNED").exists()


def test_a_folder_of_the_checkout_that_is_a_bare_repository_is_not_asked(
    leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = repository / "deploy"
    git(bare, "init", "-q", "--bare", ".")
    git(bare, "config", "core.bare", "false")
    git(bare, "config", "core.worktree", str(repository))
    (bare / ".sops.yaml").write_bytes((repository / ".sops.yaml").read_bytes())
    monkeypatch.chdir(bare)
    refused = leafseal("inspect", "--all")
    assert (refused.code, "name the files in place of --all" in refused.err) == (8, True)
    assert leafseal("inspect", "b.env").code == 0


@pytest.mark.parametrize("command", ["inspect", "verify", "updatekeys", "rotate"])
def test_which_files_must_be_said_one_way(leafseal: Run, repository: Path, command: str) -> None:
    options = ["-i"] if command == "rotate" else []
    neither = leafseal(command, *options)
    assert (neither.code, "name a FILE, or add --all for all that Git tracks" in neither.err) == (8, True)
    both = leafseal(command, "--all", *options, "a.yaml")
    assert (both.code, "name files, or add --all, but not both" in both.err) == (8, True)
    alone = leafseal(command, "--untracked", *options, "a.yaml")
    assert (alone.code, "--untracked works with --all only" in alone.err) == (8, True)


def test_verify_sums_up(leafseal: Run, repository: Path) -> None:
    assert leafseal("verify", "--all").err == "leafseal: 3 files verified\n"
    (repository / "a.yaml").write_text((repository / "a.yaml").read_text().replace("a: ENC", "b: ENC", 1))
    broken = leafseal("verify", "--all")
    assert broken.code == 25
    assert broken.err.endswith("leafseal: 2 files verified, 1 failed\n")
    assert broken.out.count(b": OK") == 2


def test_rotate_takes_them_all_or_none(leafseal: Run, repository: Path) -> None:
    before = {name: (repository / name).read_bytes() for name in TRACKED}
    refused = leafseal("rotate", "--all")
    assert (refused.code, "add -i to replace each file" in refused.err) == (8, True)
    assert leafseal("rotate", "-i", "--all").err == "leafseal: 3 files rotated\n"
    after = {name: (repository / name).read_bytes() for name in TRACKED}
    assert all(after[name] != before[name] for name in TRACKED)
    (repository / "deploy" / "b.env").write_bytes(after["deploy/b.env"].replace(b"A=ENC", b"B=ENC"))
    assert leafseal("rotate", "-i", "--all").code == 25
    assert (repository / "a.yaml").read_bytes() == after["a.yaml"]


def test_updatekeys_groups_what_is_alike(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity().recipient
    assert leafseal("updatekeys", "--all", "--dry-run").err == "leafseal: 3 files: 0 to change, 3 up to date\n"
    rules = {"c d": me.recipient, "yaml|env": f"{me.recipient},{other}"}
    lines = [f"  - path_regex: {pattern}\n    age: {recipients}\n" for pattern, recipients in rules.items()]
    (repository / ".sops.yaml").write_text("".join(["creation_rules:\n", *lines]))
    dry = leafseal("updatekeys", "--all", "--dry-run")
    assert (dry.code, dry.out) == (222, b"")
    assert dry.err.splitlines() == [
        "leafseal: 2 files: a.yaml, deploy/b.env:",
        "leafseal:   group 1",
        f"leafseal:       age {me.recipient}",
        f"leafseal:   +++ age {other}",
        "leafseal: 3 files: 2 to change, 1 up to date",
    ]
    told = json.loads(leafseal("updatekeys", "--all", "--dry-run", "--json").out)["files"]
    assert [(about["file"], about["state"]) for about in told] == list(
        zip(TRACKED, ["pending", "pending", "up-to-date"], strict=True)
    )
    done = leafseal("updatekeys", "--all", "-y")
    assert (done.code, done.err.splitlines()[-1]) == (0, "leafseal: 2 files changed")
    assert leafseal("inspect", "--all").err == "leafseal: 3 encrypted files\n"
    assert leafseal("updatekeys", "--all", "--dry-run").code == 0


def test_updatekeys_leaves_files_without_a_rule(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    (repository / ".sops.yaml").write_text(f"creation_rules:\n  - path_regex: a.yaml$\n    age: {me.recipient}\n")
    result = leafseal("updatekeys", "--all")
    assert result.code == 0
    assert ".sops.yaml has no rule for deploy/b.env, deploy/prod/c d.json: left as they are" in result.err


def test_updatekeys_of_all_files_fails_without_rules(leafseal: Run, repository: Path) -> None:
    for text in ("creation_rulez: []\n", "creation_rules: []\n"):
        (repository / ".sops.yaml").write_text(text)
        result = leafseal("updatekeys", "--all", "--dry-run")
        assert (result.code, result.out) == (1, b"")
        assert ".sops.yaml has no creation rules" in result.err
        assert "hint: add creation_rules to" in result.err


@pytest.mark.parametrize("command", ["updatekeys --dry-run", "rotate -i", "config explain"])
def test_what_is_wrong_with_a_configuration_is_told_once(leafseal: Run, repository: Path, command: str) -> None:
    (repository / ".sops.yaml").write_text("creation_rules:\n  - age: age1xyz\n    path_regex: '('\n")
    result = leafseal(*command.split(), *TRACKED)
    assert (result.code, result.err.count("2 faults")) == (1, 1)


def test_json_is_for_dry_runs(leafseal: Run, repository: Path) -> None:
    result = leafseal("updatekeys", "--json", "a.yaml")
    assert (result.code, "add --dry-run" in result.err) == (8, True)


def test_a_folder_without_encrypted_files(leafseal: Run, work: Path) -> None:
    git(work, "init", "-q")
    said = "Git tracks no encrypted files below .: git add them first, or add --untracked"
    result = leafseal("verify", "--all")
    assert (result.code, result.err) == (0, f"leafseal: {said}\n")


def test_where_git_lists_nothing_the_files_can_be_named(leafseal: Run, repository: Path) -> None:
    (repository / ".git" / "HEAD").write_text("nonsense\n")
    result = leafseal("verify", "--all")
    assert result.code == 8
    assert "Git cannot list its files: exit status 128" in result.err
    assert "or name the files in place of --all" in result.err
    assert leafseal("verify", "a.yaml").code == 0
