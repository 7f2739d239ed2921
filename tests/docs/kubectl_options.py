"""The options of `kubectl leafseal`, which its pages name beside those of kubectl."""

from __future__ import annotations

from leafseal.cli.kubectl.own import load
from leafseal.deploy.kubectl.usage import OWN
from leafseal.deploy.kubectl.words import CLIENT_SIDE, PLAIN_OK


def kubectl_options() -> set[str]:
    """Return every long option."""
    own = {name for command in map(load, OWN) for one in command.options for name in one.names}
    return {CLIENT_SIDE, PLAIN_OK} | {name for name in own if name.startswith("--")}
