"""gpg-agent as who asks for the passphrase of an identity file, where there is no terminal (sops-format §4.6).

It is looked for where SOPS looks, asked under the same name, so that both know what the other was told, and never
started. What is spoken is the Assuan protocol: lines, of which the last of an answer begins with OK or ERR.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import stat
from collections.abc import Mapping
from time import monotonic
from types import TracebackType
from urllib.parse import quote_plus

from leafseal.keys import Ambient
from leafseal.system.directories import runtime_directory

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 120.0  # somebody may have to be fetched to the dialog
_LINE_BYTES = 4096
_NOT_GIVEN = frozenset({99, 198, 58})  # cancelled, closed, no data: the low 16 bits of GnuPG's error codes
_OPTIONS = {
    "DISPLAY": "display={}",
    "WAYLAND_DISPLAY": "putenv=WAYLAND_DISPLAY={}",
    "XAUTHORITY": "xauthority={}",
    "GPG_TTY": "ttyname={}",
    "TERM": "ttytype={}",
}


class AgentError(Exception):
    """gpg-agent cannot be reached, or cannot ask. Says nothing of what it answered."""


def cache_name(content: bytes) -> str:
    """Return the name under which gpg-agent keeps the passphrase of an identity file, of its content without armor."""
    return "SopsAge" + base64.b32encode(hashlib.sha256(content).digest()[:25]).decode("ascii")


def find_agent(ambient: Ambient) -> str | None:
    """Return the socket of a gpg-agent that belongs to us, None where there is none."""
    if not hasattr(socket, "AF_UNIX") or not hasattr(os, "geteuid"):  # Windows
        return None
    environ = ambient.environ
    if "GPG_AGENT_INFO" in environ:
        candidates = [environ["GPG_AGENT_INFO"].partition(":")[0]]
    else:
        candidates = [str(ambient.home / ".gnupg" / "S.gpg-agent")]
        if runtime := runtime_directory(environ):
            candidates.append(os.path.join(runtime, "gnupg", "S.gpg-agent"))
    return next((path for path in candidates if _is_ours(path)), None)


def _is_ours(path: str) -> bool:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return os.path.isabs(path) and stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid()


class Agent:
    """A connection to gpg-agent; a context manager. Raises `AgentError`."""

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._socket = socket.socket(socket.AF_UNIX)
        self._pending = b""
        self._deadline = monotonic() + _CONNECT_SECONDS
        try:
            self._socket.settimeout(_CONNECT_SECONDS)
            self._socket.connect(path)
            self._answer()
        except (OSError, AgentError):
            self._socket.close()
            raise AgentError("gpg-agent does not answer") from None

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, name: str, question: str, error: str) -> str | None:
        """Return the passphrase that it keeps under a name, or asks for; None when the user gives none."""
        for variable, option in _OPTIONS.items():
            value = self._environ.get(variable, "")
            if value and value.isprintable():
                self._command(f"OPTION {option.format(value)}")
        words = [quote_plus(word) or "X" for word in (name, error, "Passphrase", question)]
        answer = self._command(f"GET_PASSPHRASE {' '.join(words)}")
        try:
            return None if answer is None else bytes.fromhex(answer).decode("utf-8", "surrogateescape")
        except ValueError:
            raise AgentError("gpg-agent gave an answer that isn't valid") from None

    def forget(self, name: str) -> None:
        """Have it forget a passphrase."""
        self._command(f"CLEAR_PASSPHRASE {quote_plus(name)}")

    def _command(self, line: str) -> str | None:
        self._deadline = monotonic() + _ANSWER_SECONDS
        try:
            self._socket.sendall(f"{line}\n".encode("utf-8", "surrogateescape"))
        except OSError:
            raise AgentError("gpg-agent went away") from None
        return self._answer()

    def _answer(self) -> str | None:
        """Return what follows OK, None where the user gave no answer."""
        while True:
            word, _, rest = self._line().partition(" ")
            if word == "OK":
                return rest
            if word == "ERR":
                code = rest.partition(" ")[0]
                if code.isdigit() and int(code) & 0xFFFF in _NOT_GIVEN:
                    return None
                raise AgentError("gpg-agent cannot ask for the passphrase")
            if word == "INQUIRE":
                raise AgentError("gpg-agent wants to know something")

    def _line(self) -> str:
        try:
            while b"\n" not in self._pending:
                if len(self._pending) > _LINE_BYTES:
                    raise AgentError("gpg-agent gave an answer that isn't valid")
                # Lines that tell how it goes must not prolong the time for the answer.
                self._socket.settimeout(max(0.001, self._deadline - monotonic()))
                chunk = self._socket.recv(_LINE_BYTES)
                if not chunk:
                    raise AgentError("gpg-agent went away")
                self._pending += chunk
        except TimeoutError:
            raise AgentError("gpg-agent gave no answer in time") from None
        except OSError:
            raise AgentError("gpg-agent went away") from None
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("utf-8", "surrogateescape")
