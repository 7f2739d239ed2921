"""Play a history of many files in a real repository, through every command of Git that merges."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

DRIVER = "leafseal merge --git --size=%L --path=%P --base-name=%S --our-name=%X --their-name=%Y %O %A %B"


class Versions(NamedTuple):
    """The encrypted bytes of one file: where the branches part, and at the end of both."""

    base: bytes
    ours: bytes
    theirs: bytes


@dataclass(slots=True)
class Repository:
    """A repository whose files are merged by leafseal."""

    folder: Path
    environ: Mapping[str, str]
    told: str = field(default="", init=False)

    @classmethod
    def create(cls, folder: Path, identity: str) -> Repository:
        """Create an empty repository with the merge driver set."""
        program = str(Path(sys.executable).parent)
        environ = {
            **os.environ,
            "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
            "SOPS_AGE_KEY": identity,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
            **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _SOMEBODY.items()},
        }
        folder.mkdir()
        repository = cls(folder, environ)
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.git("config", "merge.leafseal.name", "values of encrypted files")
        repository.git("config", "merge.leafseal.driver", DRIVER)
        (folder / ".git" / "info" / "attributes").write_text("* merge=leafseal\n")
        return repository

    def git(self, *arguments: str, fails: bool = False, data: bytes | None = None) -> bytes:
        """Run Git, and return what it prints. What it says of conflicts is in `told`."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environ, input=data, capture_output=True, check=False
        )
        self.told = done.stderr.decode("utf-8", "replace") + done.stdout.decode("utf-8", "replace")
        if not fails:
            assert done.returncode == 0, f"git {' '.join(arguments)}: {self.told}"
        self.code = done.returncode
        return done.stdout

    code: int = field(default=0, init=False)

    def commit(self, files: Mapping[str, bytes], message: str) -> None:
        """Write files and commit them all."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files into the working tree."""
        for name, data in files.items():
            (self.folder / name).write_bytes(data)

    def unmerged(self) -> set[str]:
        """Return the files with conflicts."""
        lines = self.git("ls-files", "--unmerged", "-z").decode().split("\0")
        return {line.split("\t")[1] for line in lines if line}


_SOMEBODY = {"NAME": "Ann", "EMAIL": "ann@example.org", "DATE": "2026-11-29T12:00:00Z"}


def _branches(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Commit the base, theirs on `side`, and ours on `main`."""
    repository.commit({name: versions.base for name, versions in files.items()}, "base")
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({name: versions.theirs for name, versions in files.items()}, "theirs")
    repository.git("checkout", "--quiet", "main")
    repository.commit({name: versions.ours for name, versions in files.items()}, "ours")


def merge(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Merge the one branch into the other."""
    _branches(repository, files)
    repository.git("merge", "--quiet", "--no-edit", "side", fails=True)


def rebase(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Rebase the side, of which Git says that it is theirs."""
    _branches(repository, files)
    repository.git("checkout", "--quiet", "side")
    repository.git("rebase", "--quiet", "main", fails=True)


def cherry_pick(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Pick the commit of the side."""
    _branches(repository, files)
    repository.git("cherry-pick", "--allow-empty", "--keep-redundant-commits", "side", fails=True)


def revert(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Take a commit back: what was before it is theirs."""
    for message, index in (("before", 2), ("change", 0), ("ours", 1)):
        repository.commit({name: versions[index] for name, versions in files.items()}, message)
    repository.git("revert", "--no-edit", "HEAD~1", fails=True)


def stash_pop(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Take changes from the stash when a commit came between."""
    repository.commit({name: versions.base for name, versions in files.items()}, "base")
    repository.write({name: versions.theirs for name, versions in files.items()})
    repository.git("stash", "--quiet")
    repository.commit({name: versions.ours for name, versions in files.items()}, "ours")
    repository.git("stash", "pop", "--quiet", fails=True)


def apply_mail(repository: Repository, files: Mapping[str, Versions]) -> None:
    """Apply a patch that was sent, which falls back to a merge."""
    _branches(repository, files)
    patch = repository.git("format-patch", "--binary", "--full-index", "--stdout", "main..side")
    repository.git("am", "--3way", "--keep-cr", "--quiet", fails=True, data=patch)


class Crossing(NamedTuple):
    """The encrypted bytes of one file in a history where two branches merged each other before."""

    base: bytes
    first: bytes
    second: bytes
    ours: bytes
    theirs: bytes


def merge_crossing(repository: Repository, files: Mapping[str, Crossing]) -> None:
    """Merge two branches that have two common ancestors, which Git merges first."""
    start, first, second, ours, theirs = (
        _tree(repository, {name: crossing[index] for name, crossing in files.items()}) for index in range(5)
    )
    root = _committed(repository, start)
    one, two = _committed(repository, first, root), _committed(repository, second, root)
    repository.git("reset", "--quiet", "--hard", _committed(repository, ours, one, two))
    repository.git("merge", "--quiet", "--no-edit", _committed(repository, theirs, two, one), fails=True)


def _tree(repository: Repository, files: Mapping[str, bytes]) -> str:
    repository.write(files)
    repository.git("add", "--all")
    return repository.git("write-tree").decode().strip()


def _committed(repository: Repository, tree: str, *parents: str) -> str:
    options = [option for parent in parents for option in ("-p", parent)]
    return repository.git("commit-tree", tree, *options, "-m", "step").decode().strip()


COMMANDS: tuple[Callable[[Repository, Mapping[str, Versions]], None], ...] = (
    merge, rebase, cherry_pick, revert, stash_pop, apply_mail,
)  # fmt: skip
