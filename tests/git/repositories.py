"""Real repositories with encrypted files in them, and Git that merges them with our driver."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.opening import open_sealed, reseal_text

from leafseal.document.values import values_of
from leafseal.formats import parse, recognize
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
from leafseal.metadata import unresolved
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.testing import ThrowawayIdentity

PROGRAM = f'"{sys.executable}" -m leafseal'
DEFAULT = Selection()
DRIVER = "merge --git --size=%L --path=%P --base-name=%S --our-name=%X --their-name=%Y %O %A %B"


class Repository:
    """A repository whose files are encrypted for one identity."""

    def __init__(self, folder: Path, me: ThrowawayIdentity, *words: str, marker_size: int | None = None) -> None:
        self.folder = folder
        self.me = me
        self.ambient: Ambient = me.ambient()
        self.said = ""
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *words)
        self.git("config", "merge.leafseal.name", "values of encrypted files")
        self.git("config", "merge.leafseal.driver", f"{PROGRAM} {DRIVER}")
        size = f" conflict-marker-size={marker_size}" if marker_size else ""
        (folder / ".gitattributes").write_text(f"* merge=leafseal{size}\n")

    @property
    def environ(self) -> Mapping[str, str]:
        """What Git and the driver get to see."""
        own = {name: os.environ[name] for name in ("PATH", "TMPDIR", "PYTHONPATH") if name in os.environ}
        who = {f"GIT_{role}_{what}": "me@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(self.folder / ".git")}
        return {**own, **who, **quiet, "LC_ALL": "C", "SOPS_AGE_KEY": self.me.identity}

    def git(self, *words: str, code: int | None = 0, environ: Mapping[str, str] | None = None) -> str:
        """Run Git; it must exit with `code`, if one is given. What it and the driver say is kept in `said`."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.said = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
        assert code is None or done.returncode == code, self.said
        return done.stdout.decode("utf-8", "surrogateescape")

    def seal(
        self,
        name: str,
        plain: str,
        recipients: Sequence[str] = (),
        selection: Selection = DEFAULT,
        threshold: int = 0,
    ) -> None:
        """Write a file that is encrypted anew, each of the recipients beside our own."""
        keys = [parse_recipients("age", ",".join([self.me.recipient, *recipients]))]
        product = encrypt(plain.encode(), recognize(name), keys, threshold, selection, self.ambient, allow_nothing=True)
        (self.folder / name).write_bytes(product.data)

    def open(self, name: str) -> Opened:
        """Open a file and verify all of it."""
        return open_sealed((self.folder / name).read_bytes(), recognize(name), self.ambient)

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replace pieces of a file's plain text; what does not change keeps its ciphertext."""
        opened = self.open(name)
        plain = opened.plaintext().decode()
        for old, new in changes:
            assert old in plain
            plain = plain.replace(old, new)
        (self.folder / name).write_bytes(reseal_text(opened, plain.encode()).data)

    def text(self, name: str) -> str:
        """Return the plain text of a file."""
        return self.open(name).plaintext().decode()

    def values(self, name: str) -> list[object]:
        """Return the values of a file."""
        return values_of(parse(self.open(name).plaintext(), recognize(name)))

    def unresolved(self, name: str) -> list[str]:
        """Return the places that a merge left undecided in a file."""
        return list(unresolved.read(self.open(name).metadata).places)

    def commit(self, message: str = "change") -> str:
        """Commit everything and return the name of the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def unmerged(self) -> list[str]:
        """Return the names of files with a conflict."""
        return sorted(set(self.git("diff", "--name-only", "--diff-filter=U").split()))

    def branches(self, name: str, ours: Sequence[tuple[str, str]], theirs: Sequence[tuple[str, str]]) -> None:
        """Commit what is there, change it on a branch `side` and on `main`, and stand on `main`."""
        self.commit("base")
        self.git("switch", "-q", "-C", "side")
        self.edit(name, *theirs)
        self.commit("side")
        self.git("switch", "-q", "main")
        self.edit(name, *ours)
        self.commit("main")
