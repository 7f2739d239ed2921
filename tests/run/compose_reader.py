"""What Docker Compose does with a provider, as pkg/compose/plugins.go has it: the command lines, and the reader.

It is as strict: anything on standard output that is no message makes it fail, and so does an exit code.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Start = Callable[[Sequence[str]], tuple[int, bytes]]
"""Starts the provider with these arguments, and returns its exit code and what it printed."""

Option = str | bool | int | Sequence[str | bool | int]


class ProviderFailedError(Exception):
    """What Compose shows, and ends `up` with."""


class Run(NamedTuple):
    """What came of a run."""

    informed: list[str]
    prefixed: dict[str, str]
    raw: dict[str, str]

    def environment_of_dependents(self, service: str, own: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a service that depends on this one."""
        return {**own, **{f"{service.upper()}_{name}": text for name, text in self.prefixed.items()}, **self.raw}


def run_provider(start: Start, options: Mapping[str, Option], service: str, command: str = "up") -> Run:
    """Do what `docker compose up` or `down` does for a service with a provider. Raises `ProviderFailedError`."""
    metadata = _metadata(start)
    parameters = metadata.get(command, {}).get("parameters") or []
    for parameter in parameters:
        if parameter.get("required") and parameter["name"] not in options:
            raise ProviderFailedError(f'required parameter "{parameter["name"]}" is missing')
    arguments = ["compose", "--project-name=shop", command]
    names = list(options)
    random.shuffle(names)  # Go's maps have no order
    for name in names:
        value = options[name]
        is_known = any(parameter["name"] == name for parameter in parameters)
        for one in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            if is_known or not metadata:
                arguments.append(f"--{name}={_text(one)}")
    code, printed = start([*arguments, service])
    return _read(code, printed)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _metadata(start: Start) -> dict[str, Any]:
    """Return what the provider says of its parameters, nothing where it says nothing that can be read."""
    code, printed = start(["compose", "metadata"])
    try:
        found = json.loads(printed) if code == 0 else {}
    except ValueError:
        return {}
    assert set(found) <= {"description", "up", "down", "stop"}
    for parameter in found["up"]["parameters"]:
        assert isinstance(parameter["name"], str)
        assert isinstance(parameter["description"], str)
        assert isinstance(parameter["required"], bool)
        assert all(isinstance(parameter.get(key, ""), str) for key in ("type", "default", "enum"))
    return found  # type: ignore[no-any-return]


def _read(code: int, printed: bytes) -> Run:
    found = Run([], {}, {})
    text = printed.decode("utf-8", "replace")
    place = 0
    decoder = json.JSONDecoder()
    while rest := text[place:].lstrip(" \t\r\n"):
        place = len(text) - len(rest)
        try:
            message, place = decoder.raw_decode(text, place)
        except ValueError as error:
            raise ProviderFailedError(f"invalid character: {error}") from None
        kind, told = message.get("type", ""), message.get("message", "")
        if set(message) != {"type", "message"} or not isinstance(told, str):
            raise ProviderFailedError("json: cannot unmarshal")
        if kind == "error":
            raise ProviderFailedError(told)
        if kind in ("setenv", "rawsetenv"):
            name, is_there, value = told.partition("=")
            if not is_there:
                raise ProviderFailedError(f"invalid response from plugin: {told}")
            (found.prefixed if kind == "setenv" else found.raw)[name] = value
        elif kind == "info":
            found.informed.append(told.rstrip("\n").partition("\n")[0])
        elif kind != "debug":
            raise ProviderFailedError(f"invalid response from plugin: {kind}")
    if code:
        raise ProviderFailedError(f"failed to create service provider: exit status {code}")
    return found
