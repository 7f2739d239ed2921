"""The post-renderer of Helm: it reads manifests, and prints them decrypted."""

from __future__ import annotations

import os
from contextlib import suppress

from leafseal.cli.shared.errors import in_one_line
from leafseal.cli.shared.failing import shown
from leafseal.cli.shared.keys import current_ambient
from leafseal.deploy.helm.paths import Allowed, read_allowed
from leafseal.deploy.helm.rendering import render
from leafseal.deploy.opening import as_item
from leafseal.display import escape_line
from leafseal.errors import LeafsealError
from leafseal.keys.ring import KeyRing
from leafseal.system import terminal
from leafseal.system.reading import read

ERROR_FILE = "LEAFSEAL_ERROR_FILE"


def run() -> int:
    """Print the manifests of standard input, all of them or none. Every fault ends in exit code 1."""
    try:
        allowed = Allowed.of(os.environ)
        data, errors = render(
            read("-").data, KeyRing(current_ambient()), lambda name: as_item(name, read_allowed(name, allowed))
        )
    except LeafsealError as error:
        data, errors = b"", [error]
    if errors:
        end = shown(errors)
        _tell(errors)
        raise end
    terminal.write_result(data)
    return 0


def _tell(errors: list[LeafsealError]) -> None:
    """Tell errors on the terminal and in a file: Helm 4 does not pass on what a post-renderer says."""
    if os.environ.get("HELM_PLUGIN_NAME") == "leafseal-post-renderer":
        for error in errors:
            terminal.say_at_terminal(f"error: {in_one_line(error)}")
    if path := os.environ.get(ERROR_FILE):
        from leafseal.system import files

        with suppress(LeafsealError):  # what is wrong is said elsewhere too
            text = "".join(f"{escape_line(in_one_line(error))}\n" for error in errors)
            files.replace(path, text.encode(), verify=lambda _: None)
