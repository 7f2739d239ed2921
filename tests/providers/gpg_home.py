"""Key rings of GnuPG that live as long as a test does, under paths that are short enough for gpg-agent's sockets."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leafseal.keys import Ambient
from leafseal.testing import NOWHERE

GPG = shutil.which("gpg") if os.name != "nt" else None
needs_gpg = pytest.mark.skipif(GPG is None, reason="no `gpg` on PATH")

_PINENTRY = """\
#!/bin/sh
# Answers as gpg-agent wants it, notes what it is told, and knows the passphrase that the file beside it holds.
folder=$(dirname "$0")
echo "OK at your service"
while read -r line; do
    echo "$line" >>"$folder/pinentry.log"
    case "$line" in
        GETPIN*) if [ -f "$folder/passphrase" ]; then
                     echo "D $(cat "$folder/passphrase")"; echo OK
                 else
                     echo "ERR 83886179 Operation cancelled <Pinentry>"
                 fi ;;
        BYE*) echo OK; exit ;;
        *) echo OK ;;
    esac
done
"""


class GpgHome:
    """A folder with a key ring, its gpg-agent, and a pinentry that answers without a user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pinentry = folder / "pinentry"
        self.pinentry.write_text(_PINENTRY)
        self.pinentry.chmod(0o700)
        self.agent_settings = f"pinentry-program {self.pinentry}\ns2k-count 65536\nallow-loopback-pinentry\n"
        (folder / "gpg-agent.conf").write_text(self.agent_settings)
        self._start()

    def ambient(self, **environ: str) -> Ambient:
        """Return surroundings in which this is the key ring."""
        return Ambient({"PATH": os.environ.get("PATH", os.defpath), **self.environ, **environ}, NOWHERE)

    @property
    def environ(self) -> dict[str, str]:
        """The variable that names the key ring."""
        return {"GNUPGHOME": str(self.folder)}

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run gpg as a user would, and return what it prints."""
        assert GPG is not None
        argv = [GPG, "--homedir", str(self.folder), "--batch", "--quiet", "--yes", *arguments]
        done = subprocess.run(argv, input=data, capture_output=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stderr.decode(errors='replace')}"
        return done.stdout

    def make_key(
        self, name: str, *, passphrase: str = "", made: str = "", until: str = "0", subkey: str = "cv25519"
    ) -> str:
        """Make a key to sign, with a subkey to encrypt unless that is empty; return the fingerprint."""
        options = ["--pinentry-mode", "loopback", "--passphrase", passphrase]
        # The time stands still: on a busy machine the key would be younger than the moment its subkey is made at.
        options += ["--faked-system-time", f"{made}!"] if made else []
        self.gpg(*options, "--quick-gen-key", name, "ed25519", "sign", until)
        fingerprint = self.fingerprints(name)[0]
        if subkey:
            self.gpg(*options, "--quick-add-key", fingerprint, subkey, "encr", until)
        return fingerprint

    def fingerprints(self, name: str) -> list[str]:
        """Return the fingerprints of a key and its subkeys."""
        listing = self.gpg("--with-colons", "--list-keys", name).decode()
        return [line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")]

    def give_public_keys(self, other: GpgHome) -> None:
        """Put the public keys of this key ring into another."""
        other.gpg("--import", data=self.gpg("--export"))

    def know_passphrase(self, passphrase: str | None) -> None:
        """Have pinentry know a passphrase, or cancel; gpg-agent forgets what it knew."""
        file = self.folder / "passphrase"
        file.unlink(missing_ok=True)
        if passphrase is not None:
            file.write_text(passphrase)
        (self.folder / "pinentry.log").unlink(missing_ok=True)
        self.end("gpg-agent")
        self._start()

    def told(self) -> list[str]:
        """Return what pinentry has been told."""
        log = self.folder / "pinentry.log"
        return log.read_text().splitlines() if log.exists() else []

    def _start(self) -> None:
        """Start gpg-agent, which gpg would wait for no longer than five seconds, and return once it listens."""
        if program := shutil.which("gpg-agent"):
            command = [program, "--homedir", str(self.folder), "--quiet", "--daemon"]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self, part: str = "all") -> None:
        """End the programs that gpg left in the background."""
        subprocess.run(["gpgconf", "--homedir", str(self.folder), "--kill", part], capture_output=True, check=False)


@contextmanager
def gpg_home() -> Iterator[GpgHome]:
    """Make a key ring, and remove it with all that runs for it."""
    folder = Path(tempfile.mkdtemp(prefix="llgpg-", dir="/tmp" if os.path.isdir("/tmp") else None))
    home = GpgHome(folder)
    try:
        yield home
    finally:
        home.end()
        shutil.rmtree(folder, ignore_errors=True)
