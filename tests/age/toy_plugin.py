"""A plugin for tests: it wraps a file key by XOR, which protects nothing.

`install` writes it as a program, followed by what it is to do. The program is this file: it must run on the standard
library alone, and from anywhere.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

OWN = "serve()"
"""What a plugin does that behaves."""


def install(folder: Path, behaviour: str = OWN, name: str = "toy") -> Path:
    """Put `age-plugin-NAME` into a folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / f"age-plugin-{name}"
    program.write_text(f"#!{sys.executable} -IS\n{Path(__file__).read_text()}\n\n{behaviour}\n")
    program.chmod(0o755)
    return program


def read() -> tuple[list[str], bytes]:
    head = sys.stdin.buffer.readline().decode()
    if not head:
        sys.exit(0)
    body = ""
    while True:
        line = sys.stdin.buffer.readline().decode().rstrip("\n")
        body += line
        if len(line) < 64:
            return head.split()[1:], base64.b64decode(body + "=" * (-len(body) % 4))


def send(*words: str, body: bytes = b"") -> tuple[list[str], bytes]:
    """Send a command and return its answer."""
    put(*words, body=body)
    return read()


def put(*words: str, body: bytes = b"") -> None:
    text = base64.b64encode(body).decode().rstrip("=")
    lines = [" ".join(("->", *words)), *(text[i : i + 64] for i in range(0, len(text) + 1, 64))]
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.buffer.flush()


def commands() -> list[tuple[list[str], bytes]]:
    """Return all that the client sends before it is the plugin's turn."""
    found = []
    while True:
        words, body = read()
        if words[0] == "done":
            return found
        found.append((words, body))


def toggled(body: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in body)


def owner(key: str) -> str:
    """Return what a recipient and its identity have in common."""
    return key.lower().rpartition("1")[2][:-6]


def serve(sent: list[tuple[list[str], bytes]] | None = None) -> None:
    """Do both sides as they should be done."""
    sent = commands() if sent is None else sent
    if sys.argv[1] == "--age-plugin=recipient-v1":
        keys = [words[1] for words, _ in sent if words[0].startswith("add-")]
        for words, body in sent:
            if words[0] == "wrap-file-key":
                for key in keys:
                    send("recipient-stanza", "0", "toy", owner(key), body=toggled(body))
    else:
        mine = [owner(words[1]) for words, _ in sent if words[0] == "add-identity"]
        for words, body in sent:
            if words[0] == "recipient-stanza" and words[2] == "toy" and words[3] in mine:
                send("file-key", words[1], body=toggled(body))
                break
    put("done")
