"""What the functions of the library add to the events of the core: which one it was, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from leafseal.errors import LeafsealError
from leafseal.keys import Ambient
from leafseal.system.directories import is_watched

ACTIONS: Mapping[str, str] = {
    "load": "decrypt",
    "loads": "decrypt",
    "decrypt": "decrypt",
    "open_many": "decrypt",
    "SealedFile.open": "decrypt",
    "encrypt": "encrypt",
    "SealedFile.save": "encrypt",
}
"""The actions of events, by the functions that open or write files."""


@contextmanager
def audited(name: str, given: object) -> Iterator[None]:
    """Say that a function of `ACTIONS` runs, which was given these surroundings, or those of the process."""
    ambient = given if isinstance(given, Ambient) else Ambient.of_process()
    if not is_watched(ambient.environ, ambient.home_text):
        yield
        return
    from leafseal.audit.operation import Operation, performing  # most people have no audit log

    operation = Operation(f"leafseal.{name}", ACTIONS[name])
    with performing(operation):
        try:
            yield
        except LeafsealError as error:
            operation.failed(error, ambient)
            raise
