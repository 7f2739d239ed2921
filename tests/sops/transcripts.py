"""Transcripts of the sops command line: what was there, what was run, what came of it.

A case is a table `[[case]]` in `cases/*.toml`:

    name = "in place"                        what it shows
    covers = ["encrypt --in-place"]          commands and options, as `sops.commands` names them; "" is `sops FILE`
    files = { "a.yaml" = "k: v\\n" }          files before
    sealed = { "b.yaml" = "k: v\\n" }         the same, each sealed for $ME
    links = { "c.yaml" = "a.yaml" }          symbolic links before
    before = [["encrypt", "-i", "a.yaml"]]   command lines run before, which must succeed
    run = ["decrypt", "b.yaml"]              the command line
    stdin = ""                               what it reads; without, nothing
    env = { SOPS_AGE_RECIPIENTS = "$ME" }    more environment
    code = 0                                 its exit code
    stdout = "k: v\\n"                        standard output, whole; or stdout_has = ["…"], or stdout_matches = "regex"
    stderr = ""                              the same three; on success it must be empty unless something is said
    after = { "a.yaml" = "k: v\\n" }          files after, whole; or after_has = { "a.yaml" = ["…"] }
    opens = { "b.yaml" = "k: v\\n" }          what sealed files open to; no text given as clear may be readable in them
    same = ["b.yaml"]                        files that are what they were
    absent = ["d.yaml"]                      files that must not be there
    differs = "why"                          sops itself does something else, and why; the case is not run against it

`$ME` and `$OTHER` are age recipients, the first one with its identity at hand; `$ME_IDENTITY` and `$OTHER_IDENTITY`
are theirs; `$DIR` is the folder that everything happens in, `$HOME` another one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from leafseal.document.limits import ReadOptions
from leafseal.formats import format_of
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..forks import Forks
from ..opening import open_sealed

CASES = Path(__file__).with_name("cases")
SECONDS = 120


@dataclass(frozen=True)
class Case:
    """One transcript."""

    source: str
    name: str
    run: list[str]
    covers: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    before: list[list[str]] = field(default_factory=list)
    stdin: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    code: int = 0
    stdout: str | None = None
    stdout_has: list[str] = field(default_factory=list)
    stdout_matches: str | None = None
    stderr: str | None = None
    stderr_has: list[str] = field(default_factory=list)
    stderr_matches: str | None = None
    after: dict[str, str] = field(default_factory=dict)
    after_has: dict[str, list[str]] = field(default_factory=dict)
    opens: dict[str, str] = field(default_factory=dict)
    same: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    differs: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.name}"


def load() -> list[Case]:
    """Read all cases."""
    return [
        Case(source=path.stem, **_checked(path, table))
        for path in sorted(CASES.glob("*.toml"))
        for table in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]


def _checked(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    strays = set(table) - {known.name for known in fields(Case)}
    assert not strays, f"{path.name}: {table.get('name')}: unknown: {strays}"
    return table


@dataclass
class Stage:
    """A folder with the files of a case, and who plays in it."""

    folder: Path
    home: Path
    program: list[str]
    me: ThrowawayIdentity
    other: ThrowawayIdentity
    forks: Forks | None = None

    @classmethod
    def make(cls, base: Path, program: list[str], forks: Forks | None = None) -> Stage:
        """Make an empty folder and a home with an identity. With `forks` the program is not started for each case."""
        folder, home = base / "work", base / "home"
        folder.mkdir()
        home.mkdir()
        return cls(folder, home, program, ME, OTHER, forks)

    def play(self, case: Case) -> None:
        """Run a case and compare."""
        self._set(case)
        for line in case.before:
            done = self._run(line, case)
            assert done.returncode == 0, f"before: {line}: {done.stderr.decode()}"
        was = {name: self._bytes(name) for name in case.same}
        done = self._run(case.run, case)
        out, err = _text(done.stdout), _text(done.stderr)
        assert done.returncode == case.code, f"exit code {done.returncode}: {err}"
        self._compare("stdout", out, case.stdout, case.stdout_has, case.stdout_matches)
        unsaid = case.stderr is None and not case.stderr_has and case.stderr_matches is None
        expected = "" if unsaid and case.code == 0 else case.stderr
        self._compare("stderr", err, expected, case.stderr_has, case.stderr_matches)
        self._look(case, was)

    def _set(self, case: Case) -> None:
        for name, text in case.files.items():
            self._path(name).write_bytes(_bytes(self.filled(text)))
        for name, text in case.sealed.items():
            self._path(name).write_bytes(self.seal(name, self.filled(text)))
        for name, target in case.links.items():
            self._path(name).symlink_to(self.filled(target))

    def seal(self, name: str, text: str) -> bytes:
        """Return a text sealed for the one whose identity is at hand."""
        groups = [parse_recipients("age", self.me.recipient)]
        data = _bytes(text)
        return encrypt(data, format_of(name), groups, 0, Selection(), self.me.ambient()).data

    def _look(self, case: Case, was: dict[str, bytes]) -> None:
        for name, text in case.after.items():
            assert _text(self._bytes(name)) == self.filled(text), name
        for name, texts in case.after_has.items():
            for text in texts:
                assert self.filled(text) in _text(self._bytes(name)), name
        for name, text in case.opens.items():
            opened = open_sealed(self._bytes(name), format_of(name), self.me.ambient(), ReadOptions(any_types=True))
            assert _text(opened.plaintext()) == self.filled(text), name
        for name, data in was.items():
            assert self._bytes(name) == data, f"{name} changed"
        for name in case.absent:
            assert not os.path.lexists(self.folder / name), name
        strays = [path.name for path in self.folder.rglob("*") if path.name.endswith(".leafseal")]
        assert not strays

    def _compare(self, what: str, text: str, whole: str | None, parts: list[str], pattern: str | None) -> None:
        if whole is not None:
            assert text == self.filled(whole), what
        for part in parts:
            assert self.filled(part) in text, f"{what}: {text}"
        if pattern is not None:
            assert re.fullmatch(self.filled(pattern), text, re.DOTALL), f"{what}: {text}"

    def _run(self, line: list[str], case: Case) -> subprocess.CompletedProcess[bytes]:
        words = [*self.program, *(self.filled(word) for word in line)]
        environ = self.environ({name: self.filled(text) for name, text in case.env.items()})
        stdin = None if case.stdin is None else _bytes(self.filled(case.stdin))
        if self.forks:
            return self.forks.run(words, folder=self.folder, environ=environ, stdin=stdin, seconds=SECONDS)
        return subprocess.run(
            words,
            cwd=self.folder,
            env=environ,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            start_new_session=True,  # without a terminal, also where the tests have one
            timeout=SECONDS,
            check=False,
        )

    def enter(self, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
        """Have this process work in the folder, with that environment."""
        monkeypatch.chdir(self.folder)
        for name, text in self.environ(more).items():
            monkeypatch.setenv(name, text)

    def start(self, *words: str, environ: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command line, with pipes to hear it by and nothing to read, unless the options say otherwise."""
        piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*self.program, *words], cwd=self.folder, env=self.environ(environ or {}), **piped)

    def environ(self, more: dict[str, str]) -> dict[str, str]:
        """Return a small environment with the identity at hand."""
        keys = self.home / "keys.txt"
        keys.write_text(f"{self.me.identity}\n")
        keys.chmod(0o600)
        basic = {"PATH": os.environ["PATH"], "HOME": str(self.home), "SOPS_AGE_KEY_FILE": str(keys), "LANG": "C.UTF-8"}
        return {**basic, "SOPS_DISABLE_VERSION_CHECK": "1", **more}

    def filled(self, text: str) -> str:
        """Return a text with what its names stand for."""
        for name, value in (
            ("$ME_IDENTITY", self.me.identity),
            ("$OTHER_IDENTITY", self.other.identity),
            ("$ME", self.me.recipient),
            ("$OTHER", self.other.recipient),
            ("$DIR", str(self.folder)),
            ("$HOME", str(self.home)),
        ):
            text = text.replace(name, value)
        return text

    def _path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _bytes(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def link_to_us(folder: Path) -> Path:
    """Make a link named sops that starts this checkout's program."""
    link = folder / "sops"
    installed = Path(sys.executable).with_name("leafseal")
    assert installed.exists(), f"{installed} is missing: install the checkout"
    link.symlink_to(installed)
    return link


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


ME, OTHER = throwaway_identity(), throwaway_identity()
