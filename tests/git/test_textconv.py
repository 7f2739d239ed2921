"""What real Git shows of encrypted files through `leafseal git textconv`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from leafseal.cli.main import run
from leafseal.git.local_keys import LocalRing
from leafseal.keys.ring import FailedAttempt, WrappedKey
from leafseal.providers.vault import VaultKey
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..age.hosts import IDENTITY, RECIPIENT
from ..age.toy_plugin import install
from ..providers.gpg_home import gpg_home, needs_gpg

LEAFSEAL = f"{shlex.quote(sys.executable)} -m leafseal"
TEXTCONV = f'f() {{ {LEAFSEAL} git textconv -- "$1" || cat -- "$1"; }}; f'
LONG = 100  # seconds, on a busy machine


class Repository:
    """A repository in which Git shows encrypted files."""

    def __init__(self, folder: Path, identity: ThrowawayIdentity) -> None:
        self.folder = folder
        self.identity = identity
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "SOPS_AGE_KEY": identity.identity}
        (folder / "home").mkdir()
        self.git("init", "-q", "-b", "main")
        settings = {"user.name": "x", "user.email": "x@example.org", "diff.leafseal.textconv": TEXTCONV}
        for name, value in settings.items():
            self.git("config", name, value)
        (folder / ".git/info/attributes").write_text("* diff=leafseal\n")

    def git(self, *arguments: str, **environ: str) -> str:
        """Run Git and return what it prints."""
        return self.run(["git", "--no-pager", *arguments], environ)[0]

    def run(self, argv: list[str], environ: Mapping[str, str] = {}, data: bytes = b"") -> tuple[str, str]:
        done = subprocess.run(
            argv, cwd=self.folder, env={**self.environ, **environ}, input=data, capture_output=True, timeout=LONG
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode()

    def commit(self, name: str, text: str | bytes, *, recipient: str | None = None) -> None:
        """Commit a file, encrypted for `recipient` where one is given."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if recipient is not None:
            assert run(["encrypt", "-i", "--age", recipient, str(path)]) == 0
        self.git("add", "--", name)
        self.git("commit", "-qm", name)

    def textconv(self, name: str, **environ: str) -> tuple[str, str]:
        """Return what is printed in place of a file, and on stderr."""
        return self.run([sys.executable, "-m", "leafseal", "git", "textconv", "--", name], environ)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder, throwaway_identity())


def test_every_command_that_shows_files(repository: Repository) -> None:
    me = repository.identity.recipient
    repository.commit("s.yaml", "a: one\nb: same\n")  # a plain revision passes
    repository.commit("s.yaml", "a: one\nb: same\n", recipient=me)
    repository.commit("s.yaml", "a: two\nb: same\n", recipient=me)
    (repository.folder / "s.yaml").write_text("a: three\nb: same\n")
    assert run(["encrypt", "-i", "--age", me, str(repository.folder / "s.yaml")]) == 0

    log = repository.git("log", "-p", "--format=%%")
    assert [line for line in log.splitlines() if line[:2] in ("+a", "-a")] == ["-a: one", "+a: two", "+a: one"]
    assert "ENC[" not in log
    assert "-a: two\n+a: three\n b: same\n" in repository.git("diff")
    assert "+a: two\n" in repository.git("show", "HEAD")
    assert repository.git("show", "--textconv", "HEAD:s.yaml") == "a: two\nb: same\n"
    assert repository.git("cat-file", "--textconv", "HEAD~2:s.yaml") == "a: one\nb: same\n"
    assert "a: three" in repository.git("blame", "--textconv", "s.yaml")
    assert repository.git("grep", "--textconv", "-h", "three") == "a: three\n"
    assert "ENC[" in repository.git("format-patch", "--stdout", "-1")


def test_names_that_are_hard_to_pass_on(repository: Repository) -> None:
    name = os.fsdecode(b"-x '$(id)\n\xff.yaml")
    repository.commit(name, "a: one\n", recipient=repository.identity.recipient)
    assert "+a: one\n" in repository.git("show")


def test_what_is_not_encrypted_passes_to_the_byte(repository: Repository) -> None:
    for name, data in {
        "app.yaml": b"not: [yaml\r\n",
        "empty": b"",
        "picture.png": b"\x89PNG\xff\0",
        "manual.md": b"such as ENC[AES256_GCM,data:x]\n",
    }.items():
        (repository.folder / name).write_bytes(data)
        out, err = repository.textconv(name)
        assert (out.encode("utf-8", "surrogateescape"), err) == (data, "")


def test_the_content_tells_the_format_where_the_name_does_not(repository: Repository) -> None:
    me = repository.identity.recipient
    for name, text in {"a.env": "A=1\n", "a.ini": "[a]\nb = 1\n", "a.json": '{"a": 1}\n'}.items():
        repository.commit(name, text, recipient=me)
        os.rename(repository.folder / name, repository.folder / "moved.yaml")
        assert repository.textconv("moved.yaml")[0] == text
    repository.commit("picture", b"\0\xff", recipient=me)
    assert repository.textconv("picture")[0] == os.fsdecode(b"\0\xff")


def test_without_a_key_git_shows_the_file_as_it_is(repository: Repository) -> None:
    repository.commit("s.yaml", "a: one\n", recipient=throwaway_identity().recipient)
    assert "+a: ENC[" in repository.git("log", "-p")
    data = (repository.folder / "s.yaml").read_text()
    assert repository.textconv("s.yaml") == (data, "")
    # Half of a merge is no file of ours, and not the place to say so.
    (repository.folder / "s.yaml").write_text(f"<<<<<<< ours\n{data}=======\n{data}>>>>>>> theirs\n")
    assert repository.textconv("s.yaml")[0].startswith("<<<<<<< ours\na: ENC[")


def test_nothing_of_a_changed_file_is_shown(repository: Repository) -> None:
    repository.commit("s.yaml", "a: one\nb: two\n", recipient=repository.identity.recipient)
    path = repository.folder / "s.yaml"
    _, rest = path.read_text().split("\n", 1)
    path.write_text(rest)
    out, err = repository.textconv("s.yaml")
    assert out == rest
    assert err.startswith("leafseal: warning: s.yaml: shown as it is: the integrity check (MAC) failed")
    assert err.count("\n") == 1


def test_no_configuration_is_read(repository: Repository) -> None:
    repository.commit("s.yaml", "a: one\n", recipient=repository.identity.recipient)
    (repository.folder / ".sops.yaml").write_text("{broken")
    assert repository.textconv("s.yaml") == ("a: one\n", "")


def test_a_key_under_a_passphrase_counts_as_none(repository: Repository) -> None:
    repository.commit("s.yaml", "a: one\n", recipient=repository.identity.recipient)
    (repository.folder / "keys.txt").write_text("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n")
    environ = {"SOPS_AGE_KEY": "", "SOPS_AGE_KEY_FILE": "keys.txt", "GPG_AGENT_INFO": "/nowhere"}
    out, err = repository.textconv("s.yaml", **environ)
    assert out.startswith("a: ENC[")
    assert err == ""


def test_no_plugin_is_started(repository: Repository, tmp_path: Path) -> None:
    note = tmp_path / "started"
    program = install(tmp_path / "bin", f"Path({str(note)!r}).write_text('x'); serve()")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    name = repository.folder / "s.yaml"
    name.write_text("a: one\n")
    command = [sys.executable, "-m", "leafseal", "encrypt", "-i", "--age", RECIPIENT, "s.yaml"]
    repository.run(command, {"PATH": path})
    note.unlink()
    environ = {"PATH": path, "SOPS_AGE_KEY": IDENTITY}
    assert repository.run([*command[:3], "decrypt", "s.yaml"], environ)[0] == "a: one\n"
    note.unlink()
    assert repository.textconv("s.yaml", **environ)[0].startswith("a: ENC[")
    assert not note.exists()


def test_no_service_is_asked() -> None:
    key = VaultKey("http://127.0.0.1:1", "transit", "k")
    outcome = LocalRing.of_process().unwrap(WrappedKey(key, "vault:v1:x"))
    assert isinstance(outcome, FailedAttempt)
    assert outcome.reason == "services are not asked here"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("variable", ["SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD"])
def test_a_key_that_does_not_come_is_not_waited_for(repository: Repository, variable: str) -> None:
    repository.commit("s.yaml", "a: one\n", recipient=repository.identity.recipient)
    os.mkfifo(repository.folder / "pipe")
    value = {"SOPS_AGE_KEY_FILE": "pipe", "SOPS_AGE_KEY_CMD": "sleep 1000"}[variable]
    code = (
        "import sys; from leafseal.git.textconv import shown_form;"
        "data = open('s.yaml', 'rb').read(); print(shown_form('s.yaml', data, sys.exit, 1) == data)"
    )
    environ = {"SOPS_AGE_KEY": "", variable: value}
    assert repository.run([sys.executable, "-c", code], environ) == ("True\n", "")


@needs_gpg
def test_gpg_is_asked_and_asks_nobody(repository: Repository) -> None:
    with gpg_home() as home:
        fingerprint = home.make_key("me", passphrase="secret")
        (repository.folder / "s.yaml").write_text("a: one\n")
        argv = [sys.executable, "-m", "leafseal"]
        repository.run([*argv, "encrypt", "-i", "--pgp", fingerprint, "s.yaml"], home.environ)
        home.know_passphrase("secret")
        assert repository.textconv("s.yaml", **home.environ)[0].startswith("a: ENC[")
        assert not [line for line in home.told() if line.startswith("GETPIN")]
        # Once somebody has unlocked the key, there is no question left to ask.
        assert repository.run([*argv, "decrypt", "s.yaml"], home.environ)[0] == "a: one\n"
        assert repository.textconv("s.yaml", **home.environ)[0] == "a: one\n"
