"""What is wrong with a text that is not YAML, and what to do: the parser's words are for people who write parsers."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError

from leafseal.document.frozen import NamedTuple
from leafseal.errors import FormatError


class _Fault(NamedTuple):
    problem: str
    at: str
    """What stands at the place of the fault."""

    message: str
    hint: str
    is_where_it_began: bool = False
    """Whether the place to name is not where the parser gave up, but the quotes or the bracket that it was in."""


_QUOTES = "put the value in quotes; write ' as '' in them"

_FAULTS = (
    _Fault("tab character|cannot start any token", r"[ \t]*\t", "a tab indents this line",
           "indent with spaces, not tabs"),
    _Fault("cannot start any token", r"[@`%]", "a value begins with @, ` or %", _QUOTES),
    _Fault("alphabetic or numeric|expected '>'", "", "a value begins with *, & or !", _QUOTES),
    _Fault("unknown escape|hexdecimal", "", r"a backslash in double quotes that begins no escape such as \n",
           r"write \\ for a backslash, or use single quotes"),
    _Fault("end of stream", "", "quotes that are not closed", "close the quotes that begin here", True),
    _Fault("document indicator", "", "quotes that are not closed before --- or ...", "close the quotes that begin here",
           True),
    _Fault(r"expected ',' or", "", "a bracket or brace that is not closed",
           "close it with ] or }; if the value is text, put it in quotes", True),
    _Fault("mapping values are not allowed", "", "a second colon on this line, or a wrong indentation",
           "put a value with a colon and a blank in quotes; else check the indentation of this line"),
    _Fault("could not find expected ':'", "", "a line that is neither key: value nor part of a text",
           "write key: value; put a text of several lines in quotes, or indent it under key: |"),
    _Fault("block sequence entries", "", "a list begins on the line of its key",
           "begin the list on the next line; if the value is text, put it in quotes"),
    _Fault("expected node content", r"[\]},]", "a value begins with ], } or a comma", _QUOTES),
    _Fault("comment or line break", "", "text on the line of | or >",
           "begin the text on the next line; or put it in quotes"),
    _Fault("mapping keys are not allowed", "", "a value begins with a question mark", _QUOTES),
    _Fault("expected key", "", "text after quotes or a bracket, or a wrong indentation",
           "close quotes at the end of the value, and write ' as '' in single quotes; else check the indentation"),
    _Fault("directive", "", "a line begins with %", _QUOTES),
)  # fmt: skip
"""By the parser's words and the text there; the first that fits is told."""


def syntax_error(text: str, error: MarkedYAMLError) -> FormatError:
    """Return the error for a text that is not YAML, with the place and without the text."""
    mark, problem = error.problem_mark or error.context_mark, error.problem or error.context or "not YAML"
    there = text[mark.index :] if mark else ""
    for fault in _FAULTS:
        if re.search(fault.problem, problem) and re.match(fault.at, there):
            place = error.context_mark or mark if fault.is_where_it_began else mark
            # The parser's own words follow: they are what people search for, and programs in what sops says.
            return _error_at(place, f"{fault.message} ({_without_quotes(problem)})", fault.hint)
    return _error_at(mark, _without_quotes(problem))


def _error_at(mark: object, message: str, hint: str | None = None) -> FormatError:
    line, column = (getattr(mark, name, None) for name in ("line", "column"))
    return FormatError(
        f"not valid YAML: {message}",
        line=None if line is None else line + 1,
        column=None if column is None else column + 1,
        hint=hint,
    )


def _without_quotes(problem: str) -> str:
    # libyaml quotes anchors and tags in its messages; those are names, but what stands in quotes could be anything.
    return re.sub(r"'([^']*)'", lambda match: match[0] if len(match[1]) == 1 else "…", problem)
