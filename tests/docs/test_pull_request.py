"""The job of docs/git.md that resolves the conflict of a pull request, run in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import leafseal
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .blocks import ROOT, blocks

PAGE = ROOT / "docs" / "git.md"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def job() -> dict[str, Any]:
    [found] = [yaml.safe_load(one.text) for one in blocks(PAGE) if "workflow_dispatch" in one.text]
    return found["jobs"]["merge"]  # type: ignore[no-any-return]


class Checkout:
    """A clone of a repository in which two branches have changed encrypted files, on the one of the pull request."""

    def __init__(self, folder: Path, me: ThrowawayIdentity) -> None:
        self.me = me
        self.origin, self.folder = folder / "origin", folder / "clone"
        (folder / "bin").mkdir()
        (folder / "home").mkdir()
        program = folder / "bin" / "leafseal"
        paths = os.pathsep.join(entry for entry in sys.path if entry)
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" -P -m leafseal "$@"\n')
        program.chmod(0o755)
        people = {
            f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.environ = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder / "home"), **people}
        self.environ["SOPS_AGE_KEY"] = me.identity
        self.git("init", "-q", "--bare", "-b", "main", str(self.origin), at=folder)
        self.git("clone", "-q", str(self.origin), str(self.folder), at=folder)
        self.git("checkout", "-q", "-b", "main")

    def git(self, *arguments: str, at: Path | None = None) -> bytes:
        return self.run(["git", *arguments], at).stdout

    def run(self, argv: list[str], at: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            argv, cwd=at or self.folder, env=self.environ, capture_output=True, timeout=200, check=False
        )
        if argv[0] == "git":
            assert done.returncode == 0, done.stderr
        return done

    def commit(self, **values: str) -> None:
        for name, text in values.items():
            path = self.folder / f"{name}.yaml"
            if path.exists():
                self.environ["SOPS_EDITOR"] = f"{self.folder.parent}/edit"
                editor = self.folder.parent / "edit"
                editor.write_text(f"#!/bin/sh\nprintf '{text}' > \"$1\"\n")
                editor.chmod(0o755)
                assert self.run(["leafseal", "edit", path.name]).returncode == 0
            else:
                data = text.replace("\\n", "\n").encode()
                path.write_bytes(leafseal.encrypt(data, format="yaml", recipients=[self.me.recipient]))
        self.git("add", "-A")
        self.git("commit", "-qm", "change")


def test_the_job_merges_by_value_and_fails_where_somebody_must_decide(tmp_path: Path) -> None:
    [step] = [step for step in job()["steps"] if "env" in step]
    checkout = Checkout(tmp_path, throwaway_identity())
    checkout.commit(a="x: 1\\ny: 1\\n", b="x: 1\\n")
    checkout.git("push", "-q", "origin", "main")
    checkout.git("checkout", "-q", "-b", "change")
    checkout.commit(a="x: 1\\ny: 2\\n")
    checkout.git("push", "-q", "-u", "origin", "change")
    checkout.git("checkout", "-q", "main")
    checkout.commit(a="x: 2\\ny: 1\\n", b="x: 2\\n")
    checkout.git("push", "-q", "origin", "main")
    checkout.git("checkout", "-q", "change")

    done = checkout.run(["bash", "-e", "-c", step["run"]])
    assert done.returncode == 0, done.stderr
    checkout.git("fetch", "-q")
    assert checkout.git("log", "-1", "--format=%P", "origin/change").count(b" ") == 1
    assert checkout.run(["leafseal", "decrypt", "a.yaml"]).stdout == b"x: 2\ny: 2\n"
    assert checkout.run(["leafseal", "verify", "a.yaml", "b.yaml"]).returncode == 0
    assert checkout.run(["bash", "-e", "-c", step["run"]]).returncode == 0  # nothing to do

    for branch, text in (("main", "x: 3\\n"), ("change", "x: 4\\n")):
        checkout.git("checkout", "-q", branch)
        checkout.commit(b=text)
        checkout.git("push", "-q", "origin", branch)
    done = checkout.run(["bash", "-e", "-c", step["run"]])
    assert done.returncode == 1
    assert b"b.yaml: CONFLICT /x: changed on both sides (change, " in done.stderr
    assert checkout.git("log", "-1", "--format=%s", "origin/change") == b"change\n"


def test_the_job_installs_this_version() -> None:
    assert f"leafseal=={leafseal.__version__}" in str(job()["steps"])
