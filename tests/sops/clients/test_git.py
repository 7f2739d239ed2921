"""git shows what changed in sealed files, with sops as the converter of its diffs."""

from __future__ import annotations

import shutil

import pytest

from .desk import PLAIN, Desk

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git on PATH")

IDENTITY = (
    "-c user.name=a -c user.email=a@example.org -c init.defaultBranch=main -c commit.gpgsign=false "
    "-c core.autocrlf=false -c core.pager=cat"
)


def _git(desk: Desk, words: str, cwd: str = "") -> str:
    return desk.shell(f"git {IDENTITY} {words}", cwd=cwd, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null")


@pytest.fixture
def repository(desk: Desk) -> Desk:
    """A repository with a sealed file of each format, one commit, and a change in each of them."""
    _git(desk, "init -q .")
    _git(desk, 'config diff.sopsdiffer.textconv "sops decrypt"')
    desk.put(".gitattributes", "*.enc.* diff=sopsdiffer\n")
    for kind, text in PLAIN.items():
        desk.seal(f"apps/db/s.enc.{kind}", text)
    _git(desk, "add .")
    _git(desk, "commit -q -m first")
    for kind, text in PLAIN.items():
        desk.seal(f"apps/db/s.enc.{kind}", text.replace("s3cr3t", "changed"))
    return desk


def _changes(shown: str) -> tuple[list[str], list[str]]:
    lines = shown.splitlines()
    return [line for line in lines if line.startswith("-") and not line.startswith("---")], [
        line for line in lines if line.startswith("+") and not line.startswith("+++")
    ]


@pytest.mark.parametrize(("converter", "cwd"), [("sops decrypt", ""), ("sops -d", "apps"), ("sops decrypt", "apps/db")])
def test_diff(repository: Desk, converter: str, cwd: str) -> None:
    _git(repository, f'config diff.sopsdiffer.textconv "{converter}"')
    removed, added = _changes(_git(repository, "diff", cwd=cwd))
    assert len(removed) == len(added) == len(PLAIN)
    assert all("s3cr3t" in line for line in removed)
    assert all("changed" in line for line in added)


def test_log_and_show(repository: Desk) -> None:
    _git(repository, "commit -q -a -m second")
    removed, added = _changes(_git(repository, "show", cwd="apps"))
    assert len(removed) == len(added) == len(PLAIN)
    shown = _git(repository, "log -p --reverse -- apps")
    assert any("s3cr3t" in line for line in _changes(shown)[1])
    assert "ENC[" not in shown


def test_only_sealed_anew(repository: Desk) -> None:
    """A file whose values are what they were shows no change."""
    for kind, text in PLAIN.items():
        repository.seal(f"apps/db/s.enc.{kind}", text)
    assert _changes(_git(repository, "diff")) == ([], [])


def test_without_a_key(repository: Desk) -> None:
    """git shows nothing of a file that cannot be opened, and says why."""
    done = repository.start("git", "diff", SOPS_AGE_KEY_FILE="/dev/null", GIT_CONFIG_GLOBAL="/dev/null")
    assert done.code != 0
    assert "Failed to get the data key" in done.err
    assert "s3cr3t" not in done.text
