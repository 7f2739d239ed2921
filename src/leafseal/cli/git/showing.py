"""`leafseal git textconv`."""

from __future__ import annotations

from leafseal.git.textconv import shown_form
from leafseal.system import terminal
from leafseal.system.reading import read


def show(path: str) -> None:
    """Print what Git is to show of a file."""
    terminal.write_result(shown_form(path, read(path).data, terminal.warn))
