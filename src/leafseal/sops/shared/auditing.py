"""What the commands of sops add to the events of the core: which command it was, what it asked for, what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from leafseal.audit.event import EVERYTHING
from leafseal.audit.operation import ACTIONS, Operation, performing
from leafseal.errors import LeafsealError
from leafseal.keys import Ambient
from leafseal.sops.syntax.grammar import Arguments

_MODES = ("encrypt", "decrypt", "rotate")
"""Options that are actions of the same name."""


def run(name: str, arguments: Arguments, work: Callable[[], int]) -> int:
    """Run a command of that name, which is empty where options name it, and report what goes wrong with its file."""
    action = ACTIONS.get(name.partition(" ")[0]) if name else _action_of(arguments)
    if action is None:
        return work()
    words = arguments.positionals
    path = words[1] if action in ("set", "unset") and words[1:] else arguments.text("extract")
    operation = Operation(f"sops {name}".strip(), action, (path,) if path else EVERYTHING)
    with performing(operation):
        try:
            return work()
        except LeafsealError as error:
            operation.failed(error, Ambient.of_process(), words[0] if words else "-")
            raise


def _action_of(arguments: Arguments) -> str:
    """Return the action that options such as `-d` name; without one the file is edited."""
    if arguments.text("set"):
        return "set"
    return next((mode for mode in _MODES if arguments.flag(mode)), "edit")
