"""`leafseal compose`."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from leafseal.cli.shared import help_text, variables
from leafseal.cli.shared.declarations import (
    FILES,
    Choice,
    FileName,
    Option,
    Whole,
    argument,
    command,
    grouped,
    make_option,
    option,
)
from leafseal.cli.shared.errors import ErrorsShown, show_error, tell
from leafseal.cli.shared.options import INPUT_TYPE, REQUIRE_STRUCTURE, InputOptions
from leafseal.display import counted, first_of
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.errors import LeafsealError, UsageError, naming
from leafseal.run import compose as protocol
from leafseal.system import terminal

_YES, _NO = "true", "false"

_FILE = make_option(
    "--env-file",
    is_multiple=True,
    metavar="FILE",
    type=FileName(),
    help="Make variables of the values of this encrypted file.",
    section=FILES,
)
_SERVICE_PREFIX = make_option(
    "--service-prefix",
    is_flag=True,
    help="Put the name of the service before each name, as Compose before 5.2.0 does always.",
)
_OPTIONS = (_FILE, variables.CONFLICT, _SERVICE_PREFIX, *variables.VARIABLE_OPTIONS, INPUT_TYPE, REQUIRE_STRUCTURE)
"""What a Compose file can say below `options`."""


def _as_text(one: Option) -> Option:
    """Return an option as Compose writes it: with a value, also where it is a flag. We say ourselves what is wrong."""
    if one.is_flag:
        return one._replace(is_flag=False, metavar=_YES)
    return one._replace(type=None, metavar=help_text.value_of(one))


_texts = grouped("texts", dict, *map(_as_text, _OPTIONS))


@command("compose")
@argument("action", metavar="[up|down|metadata]")
@argument("service", default="", metavar="[SERVICE]")
@option("--project-name", metavar="NAME", help="What Compose calls the project; nothing depends on it.")
@_texts
def compose(action: str, service: str, project_name: str | None, texts: dict[str, Any]) -> int:
    """Give the services of Docker Compose the values of encrypted files.

    Docker Compose runs this command for a service with "provider: {type: leafseal}", and gives the variables to the
    services that depend on it. The values are in no file, and "docker compose config" does not show them. Compose
    reads messages in JSON from standard output.

    \b
    leafseal compose up --env-file=secrets.env --only=DB_PASSWORD secrets
    leafseal compose metadata
    """
    del project_name
    if action == "metadata":
        terminal.write_result(json.dumps(_metadata(), indent=2).encode() + b"\n")
        return 0
    if action in ("down", "stop"):  # nothing of ours is left anywhere
        return 0
    with terminal.collected() as lines:
        code, messages = _outcome(lambda: _up(action, service, texts))
    told = [protocol.message(protocol.INFO, f"{word}: {line}") for word, line in lines if word == terminal.WARNING]
    if code:
        wrong = [(word, line) for word, line in lines if word != terminal.WARNING]
        text = "\n".join(line if word in ("", terminal.ERROR) else f"{word}: {line}" for word, line in wrong)
        messages = [protocol.message(protocol.ERROR, _as_in_a_compose_file(text))]
    terminal.write_result(b"".join([*told, *messages]))
    return code


def _outcome(work: Callable[[], Sequence[bytes]]) -> tuple[int, Sequence[bytes]]:
    """Return an exit code and messages for Compose; what is wrong was shown on standard error."""
    try:
        return 0, work()
    except ErrorsShown as shown:
        return shown.code, ()
    except LeafsealError as error:
        tell(error)
        show_error(error)
        return error.exit_code, ()


def _up(action: str, service: str, texts: dict[str, Any]) -> Sequence[bytes]:
    """Return the messages that set all variables, after one that names them."""
    if action != "up":
        raise UsageError("Compose asks for nothing of that name", hint="use up, down or metadata")
    if not service:
        raise UsageError("no service is named", hint="put the name of the service last")
    given = {one.name: _read(one, texts[one.name]) for one in _OPTIONS}
    files: tuple[str, ...] = given["env_file"]
    if not files:
        raise UsageError("no file is given", hint="write env-file: FILE below options in the Compose file")
    protocol.refuse_of_project(os.environ)
    before = protocol.service_prefix(service) if given["service_prefix"] else ""
    own = {one.name: given[one.name] for one in variables.VARIABLE_OPTIONS}
    wanted = variables.VariableOptions(**{**own, "prefix": before + (own["prefix"] or "")})
    wanted.check()
    reading = InputOptions(input_type=given["input_type"], require_structure=given["require_structure"])
    opened = variables.open_files(files, reading, DEFAULT_LIMITS)
    found = variables.variables_of(opened, wanted, given["on_conflict"])
    with naming(files[0]) if len(opened) == 1 else contextlib.nullcontext():
        messages = list(protocol.assignments(found, before))
    told = f"{counted(len(found), 'variable')}: {first_of(list(found))}" if found else "no variables"
    return [protocol.message(protocol.INFO, told), *messages]


def _read(declared: Option, given: Any) -> Any:
    """Return the value of an option that Compose gave as a text, or as several. Raises `UsageError`."""
    if declared.is_multiple:
        return tuple(_read_one(declared, text) for text in given)
    return declared.value_without if given is None or given is False else _read_one(declared, given)


def _read_one(declared: Option, text: str) -> Any:
    choice = Choice((_YES, _NO)) if declared.is_flag else declared.type
    try:
        found = text if choice is None else choice.read(text)
    except ValueError:
        allowed = _allowed(choice)
        raise UsageError(f"{declared.names[0]} is not valid", hint=f"use {allowed}") from None
    return found == _YES if declared.is_flag else found


def _allowed(choice: object) -> str:
    return f"one of {', '.join(choice.texts)}" if isinstance(choice, Choice) else "a whole number, 0 or more"


_WRITTEN = re.compile(r'("[^"]*")|(?<=add )((?:--[a-z-]+ [^\s-]\S* ?)+)|--([a-z][a-z-]+)')


def _as_in_a_compose_file(text: str) -> str:
    """Return a message with options as a Compose file has them, `add allow: NAME`; commands in quotes stay."""

    def rewritten(match: re.Match[str]) -> str:
        commands, given, name = match.groups()
        if given is None:
            return commands or name
        words = given.split()
        value = words[1] if len(words) == 2 else f"[{', '.join(words[1::2])}]"
        return f"{words[0].removeprefix('--')}: {value}{' ' if given.endswith(' ') else ''}"

    return _WRITTEN.sub(rewritten, text)


def _metadata() -> dict[str, Any]:
    return {
        "description": "Give services the values of encrypted files",
        "up": {"parameters": [_parameter(one) for one in _OPTIONS]},
        "down": {"parameters": []},
    }


def _parameter(one: Option) -> dict[str, Any]:
    """Describe an option as Compose does; of what Compose is not told it passes nothing on."""
    kind = "boolean" if one.is_flag else "integer" if isinstance(one.type, Whole) else "string"
    found: dict[str, Any] = {
        "name": one.names[0].removeprefix("--"),
        "description": one.help,
        "required": one is _FILE,
        "type": kind,
    }
    if one.default is not None:
        found["default"] = one.default
    if isinstance(one.type, Choice):
        found["enum"] = ",".join(one.type.texts)
    return found
