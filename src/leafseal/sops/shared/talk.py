"""What is said on standard error: sops's log lines, and warnings of ours where somebody looks.

Programs that start sops take any byte on standard error for a failure. So only what sops itself would say is said
always; what we know better is said on a terminal, or with `--verbose`.
"""

from __future__ import annotations

import sys
from time import localtime, strftime

from leafseal.display import visible, without_keys
from leafseal.errors import WriteError, system_text
from leafseal.sops.shared.failures import Failure
from leafseal.system import terminal


def say(text: str) -> None:
    """Write lines to standard error."""
    if sys.stderr is not None:
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(f"{without_keys(text)}\n".encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()


def write_result(data: bytes) -> None:
    """Write a result to standard output. Raises `Failure`, in sops's words; a closed one takes nothing, as there."""
    if sys.stdout is None:
        return
    try:
        terminal.write_result(data)
    except WriteError as error:
        cause = error.__cause__
        if not isinstance(cause, OSError):
            raise
        raise Failure(f"write /dev/stdout: {system_text(cause)}") from error


def show(text: str) -> None:
    """Write help and the like to standard output: as in sops it is no failure if that takes nothing."""
    try:
        write_result(text.encode("utf-8", "surrogateescape"))
    except Failure:
        terminal.drop_output()


def log(name: str, level: str, message: str, **fields: str) -> None:
    """Write a log line as sops does without a terminal: `[CMD]<tab> time="…" level=warning msg="…"`."""
    offset = strftime("%z", localtime())
    time = strftime("%Y-%m-%dT%H:%M:%S", localtime()) + ("Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}")
    more = "".join(f" {field}={_quoted(text)}" for field, text in fields.items())
    say(f'[{name}]\t time="{time}" level={level} msg={_quoted(message)}{more}')


def _quoted(text: str) -> str:
    import json  # here because most runs have nothing to say
    import re

    if re.fullmatch(r"[A-Za-z0-9._/@^+-]+", text):
        return text

    return visible(json.dumps(text, ensure_ascii=False))


def warn(name: str, message: str, **fields: str) -> None:
    """Warn of what sops warns of too."""
    log(name, "warning", message, **fields)


def may_add_messages(verbose: bool) -> bool:
    """Tell whether what sops would not say may be said."""
    return verbose or (sys.stderr is not None and sys.stderr.isatty())
