"""The hooks for pre-commit: their manifest, and once the framework itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from leafseal.cli.shared.commands import load
from leafseal.cli.shared.declarations import Command
from leafseal.testing import throwaway_identity

from ..docs.blocks import ROOT

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))}

# Fields and values of a hook, as pre-commit 4 reads them.
FIELDS = {
    "id": str, "name": str, "entry": str, "language": str, "description": str, "files": str, "exclude": str,
    "types": list, "types_or": list, "exclude_types": list, "additional_dependencies": list, "args": list,
    "always_run": bool, "fail_fast": bool, "pass_filenames": bool, "require_serial": bool, "verbose": bool,
    "language_version": str, "log_file": str, "minimum_pre_commit_version": str, "stages": list,
}  # fmt: skip
STAGES = {
    "commit-msg", "manual", "post-checkout", "post-commit", "post-merge", "post-rewrite", "pre-commit",
    "pre-merge-commit", "pre-push", "pre-rebase", "prepare-commit-msg",
}  # fmt: skip


def test_the_manifest_is_one() -> None:
    assert list(HOOKS) == ["leafseal-check", "leafseal-verify"]
    for hook in HOOKS.values():
        assert {"id", "name", "entry", "language"} <= set(hook) <= set(FIELDS)
        assert all(isinstance(value, FIELDS[field]) for field, value in hook.items())
        assert hook["language"] == "python"
        assert set(hook.get("stages", [])) <= STAGES


@pytest.mark.parametrize("hook", HOOKS)
def test_entries_are_commands_of_ours(hook: str) -> None:
    program, name, *options = HOOKS[hook]["entry"].split()
    command = load(name)
    assert (program, isinstance(command, Command)) == ("leafseal", True)
    assert isinstance(command, Command)
    assert set(options) <= {text for option in command.options for text in option.names}


def test_the_page_names_them() -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    assert all(f"- id: {hook}" in page for hook in HOOKS)


def find_framework() -> str | None:
    from .. import isolation

    return isolation.CALLER.get("LEAFSEAL_PRE_COMMIT") or shutil.which("pre-commit")


@pytest.mark.skipif(not find_framework(), reason="pre-commit is not installed, nor named by LEAFSEAL_PRE_COMMIT")
def test_the_framework_runs_them(tmp_path: Path) -> None:
    """As a hook of the repository itself, with this leafseal: installing it anew would need a network."""
    framework = find_framework()
    assert framework is not None
    me = throwaway_identity()
    work = tmp_path / "work"
    home = tmp_path / "home"
    home.mkdir()
    environ = {
        **os.environ,
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SOPS_AGE_KEY": me.identity,
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=work, env=environ, capture_output=True, text=True, check=False)

    def git(*words: str) -> None:
        done = run("git", "-c", "user.name=a", "-c", "user.email=a@b", *words)
        assert done.returncode == 0, done.stderr

    work.mkdir()
    git("init", "-q")
    hooks = [{**hook, "language": "system"} for hook in HOOKS.values()]
    (work / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - path_regex: ^secrets/\n    age: {me.recipient}\n")
    (work / "secrets").mkdir()
    (work / "secrets" / "a b.yaml").write_text("password: hunter2-and-more\n")
    git("add", ".")
    refused = run(framework, "run", "--color=never")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "secrets/a b.yaml:1: error: plain-file" in refused.stdout
    assert "hunter2" not in refused.stdout + refused.stderr
    assert run("leafseal", "encrypt", "-i", "secrets/a b.yaml").returncode == 0
    git("add", ".")
    for options in ((), ("--all-files",), ("--hook-stage", "manual", "leafseal-verify")):
        done = run(framework, "run", "--color=never", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Passed" in done.stdout
