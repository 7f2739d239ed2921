"""A place to start `sops` from as other programs do: a folder, a home with an identity, and a PATH that leads to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal.formats import format_of

from ...isolation import CALLER
from ...opening import open_sealed
from ..transcripts import SECONDS, Stage

CLIENTS = CALLER.get("LEAFSEAL_CLIENTS")
"""The folder with other people's programs, each in a folder named like its repository."""


def checkout(name: str) -> Path:
    """Return the folder of somebody else's program, or skip the test."""
    path = Path(CLIENTS or "") / name
    if not CLIENTS or not path.is_dir():
        pytest.skip(f"no {name}: set LEAFSEAL_CLIENTS")
    return path


class Done(NamedTuple):
    """What came of a command line."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode("utf-8", "surrogateescape")


class Desk(NamedTuple):
    """Where a client works. `is_real` tells that sops itself is started, to show that a replay is right.

    Our program is forked where a test says what a client says to it, and started by a client or a shell that runs.
    """

    stage: Stage
    bin: Path
    is_real: bool = False

    @property
    def folder(self) -> Path:
        """The folder with the client's files."""
        return self.stage.folder

    def environ(self, more: Mapping[str, object]) -> dict[str, str]:
        """Return the environment of a client."""
        basic = self.stage.environ({name: str(value) for name, value in more.items()})
        return basic | {"PATH": f"{self.bin}{os.pathsep}{basic['PATH']}", "TMPDIR": str(self.stage.home)}

    def start(self, *words: object, stdin: bytes | str | int = b"", cwd: str | Path = "", **env: object) -> Done:
        """Start a program and return what came of it. A number as `stdin` is a file descriptor."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        line, folder, environ = [str(word) for word in words], self.folder / cwd, self.environ(env)
        if words[0] == "sops" and self.stage.forks and not isinstance(given, int):
            done = self.stage.forks.run(line, folder=folder, environ=environ, stdin=given, seconds=SECONDS)
        else:
            done = subprocess.run(
                line,
                cwd=folder,
                env=environ,
                input=None if isinstance(given, int) else given,
                stdin=given if isinstance(given, int) else None,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        return Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "surrogateescape"))

    def sops(self, *words: object, stdin: bytes | str | int = b"", cwd: str | Path = "", **env: object) -> str:
        """Start sops, which must succeed without a word on standard error, and return its standard output."""
        done = self.start("sops", *words, stdin=stdin, cwd=cwd, **env)
        assert (done.code, done.err) == (0, ""), words
        return done.text

    def fails(self, *words: object, stdin: bytes | str = b"", cwd: str | Path = "", **env: object) -> Done:
        """Start sops, which must fail and write no result."""
        done = self.start("sops", *words, stdin=stdin, cwd=cwd, **env)
        assert done.code, words
        assert done.out == b"", words
        assert done.err, words
        return done

    def shell(self, script: str, cwd: str | Path = "", **env: object) -> str:
        """Run a shell script, which must succeed without a word on standard error."""
        done = self.start("sh", "-c", script, cwd=cwd, **env)
        assert (done.code, done.err) == (0, ""), script
        return done.text

    def put(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def rules(self, folder: str = "") -> Path:
        """Write a configuration by which new files are for the one whose identity is at hand."""
        return self.put(f"{folder}/.sops.yaml".lstrip("/"), f"creation_rules:\n  - age: {self.stage.me.recipient}\n")

    def seal(self, name: str, text: str, kind: str = "") -> Path:
        """Write a sealed file; its format is that of `kind`, a name, where it has another of its own."""
        data = self.stage.seal(kind or name, text)
        path = self.put(name, "")
        path.write_bytes(data)
        return path

    def opened(self, name: str | Path, kind: str = "") -> str:
        """Return what a sealed file opens to."""
        data = (self.folder / name).read_bytes()
        opened = open_sealed(data, format_of(kind or str(name)), self.stage.me.ambient())
        return opened.plaintext().decode()

    def script(self, name: str, text: str) -> Path:
        """Write a shell script, beside the client's files."""
        path = self.stage.home / name
        path.write_text(f"#!/bin/sh\nset -eu\n{text}\n")
        path.chmod(0o755)
        return path

    def strays(self) -> list[str]:
        """Return the names of files that a program left behind in the folder for temporary files, or ours anywhere."""
        left = [path.name for path in self.folder.rglob("*.leafseal")]
        return left + [path.name for path in self.stage.home.iterdir() if path.name.startswith((".sops", "leafseal"))]


PLAIN = {
    "yaml": '# database\ndb:\n    password: s3cr3t\n    port: 5432\nempty: ""\n',
    "json": '{\n\t"db": {\n\t\t"password": "s3cr3t",\n\t\t"port": 5432\n\t},\n\t"empty": ""\n}\n',
    "env": "# database\nDB_PASSWORD=s3cr3t\nDB_PORT=5432\n",
    "ini": "[db]\npassword = s3cr3t\nport     = 5432\n",
    "txt": "s3cr3t\n",
}
"""A file of each format, by its ending, laid out as sops writes it."""

TYPES = {"yaml": "yaml", "json": "json", "env": "dotenv", "ini": "ini", "txt": "binary"}
"""The name of each format, by the endings of files."""
