"""`kubectl leafseal edit`, `new` and `fetch`: what is ours, with our options."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import cast

from leafseal.cli.shared import plain_parser
from leafseal.cli.shared.declarations import Command, Group
from leafseal.deploy.kubectl import usage
from leafseal.system.directories import home, is_watched

_ACTIONS = {"edit": "edit", "new": "encrypt", "fetch": "encrypt"}
"""What each is in an audit log."""


def load(name: str) -> Command:
    """Return the declaration of a command; the modules of the others are not imported."""
    declared = cast(Command, getattr(importlib.import_module(f"leafseal.cli.kubectl.{name}"), name))
    if not is_watched(os.environ, home()):
        return declared
    from leafseal.cli.shared.auditing import wrapped  # most people have no audit log

    return wrapped(f"kubectl {name}", _ACTIONS[name], declared)


def group() -> Group:
    """Return the declaration of all of them."""
    return Group("kubectl leafseal", "Use encrypted manifests with kubectl.", {name: load(name) for name in usage.OWN})


def run(name: str, words: Sequence[str]) -> int:
    """Run a command line, and return its exit code. Raises `LeafsealError`."""
    command = load(name)
    values = plain_parser.read(command, words)
    if values is not None:
        return command.function(**values) or 0
    from leafseal.cli.shared import click_commands  # help, and what is not usual

    return click_commands.run_below(group(), [name, *words]) or 0
