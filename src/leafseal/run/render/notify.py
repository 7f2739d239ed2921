"""Telling a program by a signal that its files changed."""

from __future__ import annotations

import os
import re
import signal

from leafseal.display import visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import LeafsealError, UsageError, system_text

_MOST_BYTES = 64  # of a file with a process number


class Notice(NamedTuple):
    """A signal, and the process that gets it: a number, or the path of a file that has one."""

    number: int
    process: str

    def send(self) -> None:
        """Send the signal. Raises `LeafsealError`."""
        try:
            os.kill(self._process_number(), self.number)
        except ProcessLookupError:
            raise LeafsealError(f"no process {self.process} to send {_name(self.number)} to", hint=_HINT) from None
        except OSError as error:
            raise LeafsealError(
                f"cannot send {_name(self.number)} to process {self.process}: {system_text(error)}", hint=_HINT
            ) from error

    def _process_number(self) -> int:
        if "/" not in self.process:
            return int(self.process)
        try:
            # Nobody may ever write to a named pipe.
            descriptor = os.open(self.process, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                owner = os.fstat(descriptor).st_uid
                text = (file.read(_MOST_BYTES) or b"").decode("ascii", "replace").strip()
        except OSError as error:
            raise LeafsealError(
                f"no process number in {visible(self.process)}: {system_text(error)}", hint=_HINT
            ) from error
        if not _is_number(text):
            raise LeafsealError(f"no process number in {visible(self.process)}", hint=_HINT)
        if owner not in (0, os.geteuid()) and not _is_of(int(text), owner):
            raise LeafsealError(
                f"the process in {visible(self.process)} is not of the user who owns that file", hint=_HINT
            )
        return int(text)


def _is_of(process: int, user: int) -> bool:
    """Tell whether a process has rights of a user: with its number in a file, another one could be hit by root."""
    try:
        # Its folder belongs to root where nobody may trace it.
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
            users = next((line.split()[1:] for line in file if line.startswith("Uid:")), [])
    except FileNotFoundError:
        return True  # it is not there, which is said elsewhere
    except OSError:
        return False
    return str(user) in users


_HINT = "the files are there; start the program, or restart it if it runs"


def read_notice(text: str) -> Notice:
    """Read `HUP:1234` or `HUP:/run/nginx.pid`. Raises `UsageError`."""
    name, colon, process = text.partition(":")
    number = signal_number(name)
    # A number that is not above 0 would mean a group of processes, or all.
    if number is None or not colon or not ("/" in process or _is_number(process)):
        raise UsageError(
            f"--signal {visible(text)} is not a signal and a process",
            hint="write --signal HUP:PID, or HUP:/run/app.pid for a file with the number",
        )
    return Notice(number, process)


def _is_number(text: str) -> bool:
    return re.fullmatch("[1-9][0-9]{0,8}", text) is not None


def signal_number(name: str) -> int | None:
    """Return the number of `HUP`, `SIGHUP` or `1`, None for what is no signal."""
    known = {one.name: one.value for one in signal.Signals}
    name = name.upper()
    if name.isascii() and name.isdigit():
        return int(name) if int(name) in known.values() else None
    return known.get(name if name.startswith("SIG") else f"SIG{name}")


def _name(number: int) -> str:
    return signal.Signals(number).name
