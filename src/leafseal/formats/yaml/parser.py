"""The parser behind everything that reads YAML here: libyaml's, or PyYAML's own where the extension is missing.

Both give the same events with the same marks for what both accept; the second is some twenty times slower.
"""

from __future__ import annotations

from typing import Any

from leafseal.errors import FormatError

try:
    from yaml._yaml import CParser as Parser
except ImportError:  # no wheel for this platform, and built without libyaml
    from yaml.parser import Parser as _Parser
    from yaml.reader import Reader as _Reader
    from yaml.scanner import Scanner as _Scanner

    class Parser(_Reader, _Scanner, _Parser):  # type: ignore[no-redef,misc]
        """PyYAML's reader, scanner and parser as one object, as its loaders put them together."""

        def __init__(self, text: str) -> None:
            _Reader.__init__(self, text)
            _Scanner.__init__(self)
            _Parser.__init__(self)


def parser_for(text: str) -> Any:
    """Return a parser of `text`; its `get_event` returns one event after another."""
    return Parser(text)


def error_at(event: Any, message: str, hint: str | None = None) -> FormatError:
    """Return the error for what stands where an event begins."""
    mark = event.start_mark
    return FormatError(message, line=mark.line + 1, column=mark.column + 1, hint=hint)
