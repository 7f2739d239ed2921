"""What our commands add to the events of the core: which command it was, what it asked for, and what went wrong."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from leafseal.audit.event import EVERYTHING
from leafseal.audit.operation import ACTIONS, Operation, performing
from leafseal.cli.shared.declarations import Command, Declaration, Group
from leafseal.cli.shared.errors import listening
from leafseal.cli.shared.keys import current_ambient
from leafseal.errors import LeafsealError


def audited(name: str, declared: Declaration) -> Declaration:
    """Return a command of ours that says what it does while it runs; those that open nothing stay as they are."""
    if name not in ACTIONS:
        return declared
    if isinstance(declared, Group):
        members = {below: wrapped(name, ACTIONS[name], one) for below, one in declared.commands.items()}
        return declared._replace(commands=members)
    return wrapped(name, ACTIONS[name], declared)


def wrapped(name: str, action: str, declared: Command) -> Command:
    """Return a command of that name that says that it does this while it runs."""

    @functools.wraps(declared.function)
    def function(**values: Any) -> int | None:
        operation = Operation(f"leafseal {name}", action, _paths(name, values), values.get("reason"))

        def failed(error: LeafsealError) -> None:
            operation.failed(error, current_ambient())

        with performing(operation), listening(failed):
            try:
                return declared.function(**values)
            except LeafsealError as error:
                failed(error)
                raise

    return declared._replace(function=function)


def _paths(name: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the path that a command was given, or those of the only values that a program gets."""
    if name in ("exec", "exec-env"):
        from leafseal.cli.shared.variables import VariableOptions  # which they have loaded

        wanted = VariableOptions(**{field: values[field] for field in VariableOptions._fields})
        return wanted.paths() or EVERYTHING
    path = values.get("path") or values.get("extract")
    return (path,) if isinstance(path, str) else EVERYTHING
