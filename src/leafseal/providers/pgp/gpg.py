"""Running `gpg`: which program, in which surroundings, with which options, and what it answers.

Believed are its exit status and its status lines (`[GNUPG:] …`, described in GnuPG's doc/DETAILS), which have a channel
of their own, and the fields of its listings. What it says to people follows their language and is not looked at.

Passphrases stay between the user, pinentry and gpg-agent. The agent is no child of ours: it asks on the terminal that
`GPG_TTY` names, whatever `--batch` and `--no-tty` say, which keep gpg itself from asking.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from leafseal.keys import Ambient
from leafseal.system import programs
from leafseal.system.directories import roaming
from leafseal.system.environment import helper_environment

PROGRAM_VARIABLE = "SOPS_GPG_EXEC"
TIMEOUT_VARIABLE = "LEAFSEAL_GPG_TIMEOUT"

_PASSPHRASE_SECONDS = 120.0
"""Seconds for what may have to wait for somebody to type a passphrase, or to fetch a smart card."""

_PROMPT = 30.0  # seconds for all that asks nobody
_LIMIT = 256 * 1024  # of what gpg writes: a listing of a key with many signatures, far above an answer
_PREFIX = b"[GNUPG:] "

_OPTIONS = (
    "--batch",
    "--no-tty",
    "--yes",
    "--quiet",
    "--no-auto-key-locate",
    "--no-auto-key-retrieve",
    # Keys are named by their fingerprints, which is all the trust there is. The user's trust database stays as it is.
    "--trust-model=always",
    "--no-auto-check-trustdb",
    # Its own standard error is all for the status lines.
    "--logger-file",
    os.devnull,
    "--status-fd",
    "2",
)


class GpgError(Exception):
    """What did not work, and what to try."""

    is_gpg_missing = False

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class GpgMissingError(GpgError):
    """There is no gpg."""

    is_gpg_missing = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the exit status, the output, which may be secret, and the status lines, cut in words."""

    status: int
    output: bytes = field(repr=False)
    lines: tuple[tuple[str, ...], ...]

    def has(self, keyword: str) -> bool:
        """Tell whether there is a status line of this name."""
        return any(line[0] == keyword for line in self.lines)

    def all(self, keyword: str) -> list[tuple[str, ...]]:
        """Return the arguments of each status line of this name."""
        return [line[1:] for line in self.lines if line[0] == keyword]

    def codes(self) -> list[int]:
        """Return the error codes in it, without the numbers of the components that they came from."""
        words = [line[1] for line in self.all("ERROR") + self.all("FAILURE") if len(line) > 1]
        return [int(word) & 0xFFFF for word in words if word.isascii() and word.isdigit()]


class Part(NamedTuple):
    """A primary key or one of its subkeys, as listings show it."""

    validity: str
    key_id: str
    expires: str
    capabilities: str  # in capitals those of the whole certificate
    holder: str  # of a secret key: "+", "#" where it is missing, or the number of a smart card
    fingerprint: str

    def is_named(self, fingerprint: str) -> bool:
        """Tell whether a fingerprint, or the last 16 digits of one, means this key."""
        return self.fingerprint.endswith(fingerprint.upper())


Certificate = tuple[Part, ...]


class Gpg:
    """gpg in the surroundings of one `Ambient`, and what this run has learnt of it."""

    @classmethod
    def of(cls, ambient: Ambient) -> Gpg:
        """Return the one that belongs to `ambient`."""
        return ambient.once(cls, lambda: cls(ambient))

    def __init__(self, ambient: Ambient) -> None:
        self._program = ambient.environ.get(PROGRAM_VARIABLE) or "gpg"
        self.is_chosen = self._program != "gpg"
        self.asks_nobody = ambient.is_unattended
        self._timeout = ambient.environ.get(TIMEOUT_VARIABLE) or str(_PASSPHRASE_SECONDS)
        self._environ = _environment(ambient)
        self._hung: programs.ProgramTimeoutError | None = None
        self.home, self.source = _home(ambient)
        self.lock = threading.Lock()  # pinentry is one, and so is the user
        self.refused: dict[str, GpgError] = {}  # why keys were not unlocked, by fingerprint
        self.recipients: dict[str, str] = {}

    def ask(self, *arguments: str, data: bytes = b"") -> Answer:
        """Have something done for which somebody may have to type a passphrase. Raises `GpgError`."""
        return self._run(arguments, data, self._seconds())

    def run(self, *arguments: str, data: bytes = b"") -> Answer:
        """Have something done that needs nobody. Raises `GpgError`."""
        return self._run(arguments, data, min(_PROMPT, self._seconds()))

    def certificates(self, name: str, *, secret: bool = False) -> tuple[Answer, list[Certificate]]:
        """Return the keys of the key ring that `name` means, all of them for none; those with a secret part only."""
        names = ("--", name) if name else ()
        answer = self.run("--with-colons", "--list-secret-keys" if secret else "--list-keys", *names)
        return answer, read_listing(answer.output.decode("utf-8", "replace"))

    def _run(self, arguments: Sequence[str], data: bytes, seconds: float) -> Answer:
        self._check_home()
        if self._hung:
            raise _as_gpg_error(self._hung, self.is_chosen)  # as it would again, for every file of a run
        argv = [self._program, *_OPTIONS, *arguments]
        try:
            done = programs.exchange(argv, self._environ, data=data, seconds=seconds, limit=_LIMIT)
        except programs.ProgramError as error:
            if isinstance(error, programs.ProgramTimeoutError):
                self._hung = programs.ProgramTimeoutError(*error.args)  # a new one: that one's frames hold the data
            raise _as_gpg_error(error, self.is_chosen) from None
        return Answer(done.status, done.stdout, _status_lines(done.stderr))

    def _check_home(self) -> None:
        """Refuse where there is no key ring: gpg would make an empty one, although all it was asked for is to read."""
        if not self.is_chosen and os.name != "nt" and not self.home.is_dir():
            hint = "import a key with gpg --import, or name the folder of the key ring in GNUPGHOME"
            raise GpgError(f"there is no key ring: {self.source} is not there", hint)

    def _seconds(self) -> float:
        try:
            seconds = float(self._timeout)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 3600:
            raise GpgError(f"{TIMEOUT_VARIABLE} is not a number of seconds up to 3600")
        return seconds


def _home(ambient: Ambient) -> tuple[Path, str]:
    """Return the folder of the key ring, and how messages call it."""
    named = ambient.environ.get("GNUPGHOME")
    if named:
        return Path(named), f"GNUPGHOME ({named})"
    if os.name == "nt":
        folder = Path(roaming(ambient.environ, ambient.home), "gnupg")
    else:
        folder = ambient.home / ".gnupg"
    return folder, str(folder)


def _environment(ambient: Ambient) -> dict[str, str]:
    environ = helper_environment(ambient.environ)
    environ.setdefault("HOME", str(ambient.home))
    if terminal := _terminal():
        environ.setdefault("GPG_TTY", terminal)
    return environ


def _terminal() -> str | None:
    """Return the terminal that we stand on: gpg finds it by its standard input, which is a pipe here."""
    for number in (0, 1, 2):
        try:
            return os.ttyname(number)
        except (AttributeError, OSError):
            continue
    return None


def _as_gpg_error(error: programs.ProgramError, is_chosen: bool) -> GpgError:
    if isinstance(error, programs.ProgramMissingError):
        if is_chosen:
            hint = f"{PROGRAM_VARIABLE} contains a name or a path, without arguments"
            return GpgMissingError(f"gpg was not found: {PROGRAM_VARIABLE} names no program", hint)
        hint = f"install GnuPG, or name its program in {PROGRAM_VARIABLE}"
        return GpgMissingError("gpg was not found on PATH", hint)
    if isinstance(error, programs.ProgramTimeoutError):
        return GpgError(
            f"gpg: {error}", f"answer its pinentry if one waits; {TIMEOUT_VARIABLE} sets how long gpg may take"
        )
    return GpgError(f"gpg: {error}", f"check that {PROGRAM_VARIABLE} is GnuPG's program" if is_chosen else None)


def _status_lines(text: bytes) -> tuple[tuple[str, ...], ...]:
    lines = (line.removeprefix(_PREFIX) for line in text.splitlines() if line.startswith(_PREFIX))
    words = (tuple(line.decode("utf-8", "replace").split()) for line in lines)
    return tuple(line for line in words if line)


def read_listing(text: str) -> list[Certificate]:
    """Read the output of `--with-colons`."""
    certificates: list[list[Part]] = []
    for line in text.splitlines():
        fields = line.split(":") + [""] * 15
        if fields[0] in ("pub", "sec"):
            certificates.append([])
        if not certificates:
            continue
        if fields[0] in ("pub", "sec", "sub", "ssb"):
            part = Part(fields[1], fields[4], fields[6], fields[11], fields[14], "")
            certificates[-1].append(part)
        elif fields[0] == "fpr" and certificates[-1] and not certificates[-1][-1].fingerprint:
            certificates[-1][-1] = certificates[-1][-1]._replace(fingerprint=fields[9].upper())
    return [tuple(parts) for parts in certificates]
