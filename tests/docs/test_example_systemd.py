"""The units in examples/systemd: systemd finds nothing wrong with them, and their commands run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .blocks import ROOT, blocks
from .layout import EXAMPLES, Layout, laid_out, sealed

UNITS = sorted((EXAMPLES / "systemd").glob("*.service"))
PAGE = ROOT / "docs" / "systemd.md"
SECRETS = ("correct", "letters-by-pigeon", "not-so-secret")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[tuple[Layout, ThrowawayIdentity]]:
    """A machine with all that the units need, and whose key is a credential there."""
    me = throwaway_identity()
    with laid_out(tmp_path) as layout:
        settings, programs = layout.add("/etc/bookshop"), layout.add("/opt/bookshop")
        layout.add("/run", in_memory=True)
        for name in ("config.yaml", "secrets.env"):
            (settings / name).write_bytes(sealed(name, me))
        shutil.copy(EXAMPLES / "app" / "render.yaml", settings)
        for name in ("worker.py", "reader.py"):
            shutil.copy(EXAMPLES / "app" / name, programs)
        yield layout, me


def settings_of(text: str) -> dict[str, list[str]]:
    """Return the settings of a unit, with what systemd fills in."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found[name].append(value.replace("%t", "/run").replace("%d", "/run/credentials"))
    return found


def start(layout: Layout, unit: Path, key: str) -> list[tuple[int, str, str]]:
    """Do what systemd does to start a service; return what came of each command."""
    settings = settings_of(unit.read_text())
    [credential] = settings["LoadCredential"] + settings["LoadCredentialEncrypted"]
    folder = layout.at("/run") / "credentials" / unit.name
    folder.mkdir(parents=True)
    file = folder / credential.partition(":")[0]
    file.write_text(key)
    file.chmod(0o400)
    for name in settings["RuntimeDirectory"]:
        (layout.at("/run") / name).mkdir(mode=0o700)
    done = []
    for command in (*settings["ExecStartPre"], *settings["ExecStart"]):
        done.append(layout.run(shlex.split(command), {"CREDENTIALS_DIRECTORY": str(folder)}))
        if done[-1][0]:
            break
    return done


def test_a_service_with_variables(machine: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, me = machine
    [(code, out, err)] = start(layout, EXAMPLES / "systemd" / "bookshop-worker.service", me.identity)
    assert (code, err) == (0, "")
    assert "SESSION_SECRET: 18 characters\nMAIL_PASSWORD: 17 characters\n" in out


def test_a_service_with_files(machine: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, me = machine
    done = start(layout, EXAMPLES / "systemd" / "bookshop.service", me.identity)
    assert done == [(0, "", ""), (0, "password: 28 bytes\nsigning.pem: 136 bytes\n", "")]
    files = layout.at("/run") / "bookshop" / "files"
    assert (files / "database" / "password").read_text() == "correct horse battery staple"
    assert (files / "database" / "password").stat().st_mode & 0o777 == 0o400


def test_files_of_a_service_that_has_no_key(machine: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, me = machine
    assert start(layout, EXAMPLES / "systemd" / "bookshop-files.service", me.identity) == [(0, "", "")]
    [program] = settings_of((EXAMPLES / "systemd" / "bookshop.service").read_text())["ExecStart"]
    assert layout.run(shlex.split(program), {}) == (0, "password: 28 bytes\nsigning.pem: 136 bytes\n", "")


def test_a_program_finds_the_credentials_of_its_unit(machine: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, me = machine
    folder = layout.at("/run") / "credentials"
    folder.mkdir()
    (folder / "leafseal.agekey").write_text(me.identity)
    words = shlex.split("leafseal exec -e /etc/bookshop/secrets.env -- sh -c 'ls $CREDENTIALS_DIRECTORY'")
    assert layout.run(words, {"CREDENTIALS_DIRECTORY": str(folder)}) == (0, "leafseal.agekey\n", "")


def test_a_python_program_reads_the_encrypted_file(machine: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, me = machine
    folder = layout.at("/run") / "credentials"
    folder.mkdir()
    (folder / "leafseal.agekey").write_text(me.identity)
    words = ["/usr/bin/python3", str(EXAMPLES / "app" / "app.py"), "/etc/bookshop/config.yaml"]
    code, out, err = layout.run(words, {"CREDENTIALS_DIRECTORY": str(folder)})
    assert (code, out, err) == (0, "bookshop: 4 workers, signing key of 136 characters\n", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_without_its_key_no_service_starts(machine: tuple[Layout, ThrowawayIdentity], unit: Path) -> None:
    layout, _ = machine
    [(code, out, err)] = start(layout, unit, throwaway_identity().identity)
    assert (code, out) == (128, "")
    assert re.search(r"from CREDENTIALS_DIRECTORY \(.*/leafseal\.agekey\)", err), err
    assert not [secret for secret in SECRETS if secret in err]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_finds_nothing_wrong(machine: tuple[Layout, ThrowawayIdentity], unit: Path) -> None:
    """It warns of settings that it does not know, and still ends with 0: nothing must be said."""
    layout, _ = machine
    assert _complaints(layout, unit.name, unit.read_text()) == (0, "")
    assert "LimitCORES" in _complaints(layout, unit.name, unit.read_text().replace("LimitCORE", "LimitCORES"))[1]


def _complaints(layout: Layout, name: str, text: str) -> tuple[int, str]:
    file = layout.folder / name
    file.write_text(layout.here(text))
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=120)
    if "ailed to initialize manager" in done.stderr:
        pytest.skip(f"systemd-analyze cannot run here: {done.stderr.strip()}")
    return done.returncode, done.stdout + done.stderr


_ENCRYPTED = """
mount -t tmpfs tmpfs /var/lib/systemd || exit 77
systemd-creds encrypt --with-key=host --name=leafseal.agekey "$1" "$2" || exit 77
systemd-creds decrypt --name=leafseal.agekey "$2" -
"""


@pytest.mark.skipif(shutil.which("systemd-creds") is None, reason="no systemd-creds")
def test_an_encrypted_credential(machine: tuple[Layout, ThrowawayIdentity]) -> None:
    """The machine's own key for credentials is made in memory, in a name space of the test."""
    layout, me = machine
    plain, encrypted = layout.folder / "bookshop.agekey", layout.folder / "encrypted"
    plain.write_text(f"{me.identity}\n")
    command = ["unshare", "--mount", "sh", "-c", _ENCRYPTED, "sh", str(plain), str(encrypted)]
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(f"not possible here: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    assert me.identity not in encrypted.read_text()
    [(code, _, err)] = start(layout, EXAMPLES / "systemd" / "bookshop-worker.service", done.stdout)
    assert (code, err) == (0, "")


def test_the_page_shows_the_units() -> None:
    shown = {block.remark.removeprefix("copy: "): block.text for block in blocks(PAGE) if "copy: " in block.remark}
    assert shown == {path.relative_to(ROOT).as_posix(): path.read_text() for path in UNITS}
