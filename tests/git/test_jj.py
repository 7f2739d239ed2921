"""A real jj, whose conflicts in encrypted files leafseal merges: the one on PATH, or that `LEAFSEAL_TEST_JJ` names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .. import isolation
from ..opening import open_sealed

JJ = isolation.CALLER.get("LEAFSEAL_TEST_JJ") or shutil.which("jj")
pytestmark = pytest.mark.skipif(not JJ, reason="jj is not on PATH, nor named by LEAFSEAL_TEST_JJ")


class Working:
    """A repository of jj, beside one of Git, with one encrypted file."""

    def __init__(self, folder: Path) -> None:
        self.me: ThrowawayIdentity = throwaway_identity()
        self.folder = folder / "work"
        self.folder.mkdir()
        settings = folder / "jj.toml"
        self.environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "SOPS_AGE_KEY": self.me.identity,
            "JJ_CONFIG": str(settings),
        }
        tool = self.run("leafseal", "git", "jj").stdout
        settings.write_text(f'[user]\nname = "Ann"\nemail = "ann@example.org"\n\n{tool}')
        self.run(str(JJ), "git", "init", "--colocate")
        self.me.write(self.folder / "app.yaml", "db:\n  password: one\n  host: a\n")
        self.run(str(JJ), "commit", "-m", "base")

    def run(self, *words: str, data: str = "", fails: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a program, which fails or not."""
        done = subprocess.run(
            words, cwd=self.folder, env=self.environ, input=data, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done

    def branch(self, name: str, path: str, value: str) -> None:
        """Change a value in a commit of its own on the first one."""
        self.run(str(JJ), "new", 'description("base")')
        self.run("leafseal", "set", "--value-stdin", "--string", "app.yaml", path, data=value)
        self.run(str(JJ), "commit", "-m", name)

    def text(self) -> str:
        """Return the plain text of the file."""
        return open_sealed((self.folder / "app.yaml").read_bytes(), "yaml", self.me.ambient()).plaintext().decode()


@pytest.fixture
def working(tmp_path: Path) -> Working:
    return Working(tmp_path)


def test_changes_of_different_values_are_merged(working: Working) -> None:
    working.branch("left", "db.password", "two")
    working.branch("right", "db.host", "b")
    working.run(str(JJ), "new", 'description("left")', 'description("right")')
    assert "conflict" in working.run(str(JJ), "status").stdout
    working.run(str(JJ), "resolve", "--tool", "leafseal", "app.yaml")
    assert "conflict" not in working.run(str(JJ), "status").stdout
    assert working.text() == "db:\n  password: two\n  host: b\n"


def test_a_conflict_stays_one_until_it_is_decided(working: Working) -> None:
    working.branch("left", "db.password", "two")
    working.branch("right", "db.password", "three")
    working.run(str(JJ), "new", 'description("left")', 'description("right")')
    told = working.run(str(JJ), "resolve", "--tool", "leafseal", "app.yaml", fails=True).stderr
    assert "CONFLICT /db/password: changed on both sides" in told
    assert "conflict" in working.run(str(JJ), "status").stdout
    working.run("leafseal", "resolve", "app.yaml", "--theirs", "/db/password")
    assert "conflict" not in working.run(str(JJ), "status").stdout
    assert working.text() == "db:\n  password: three\n  host: a\n"
