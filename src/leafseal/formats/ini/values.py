"""The right-hand side of an INI line, and the keys on the left: how SOPS's reader takes them apart (sops-format §6.4).

Every rule here is that of the reader, odd ones too: what it makes of a line decides the MAC. A value is written the way
it is told to be, and only after it was read back and found the same.
"""

from __future__ import annotations

import re

from leafseal.document.frozen import NamedTuple
from leafseal.errors import EmitError, FormatError
from leafseal.formats.common import line_of

SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What the reader takes for white space; `str.strip` without it would take more."""

_MARKER = re.compile("[#;]")
_DELIMITER = re.compile("[=:]")
# Text that is its own value wherever it stands, as nearly all is.
_PLAIN = re.compile(r"(?![`'\"])[!-\"$-:<-~](?:[ !-\"$-:<-~]*[!-\"$-:<-~])?(?<!\\)")

# A whole line of the common kind: nothing quoted, continued or commented in it.
_COMMON_LINE = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9_.-]*+)[ \t]*+[=:][ \t]*+"
    r"([!$-&(-:<-\[\]-_a-~](?:[ -\"$-:<-~]*[!\"$-:<-\[\]-~])?)[ \t]*+\r?\n"
).match

AS_A_WHOLE = 'to encrypt the file as a whole, add "--input-type binary", and to decrypt it too'
"""A hint for INI that has no keys to speak of: lists over several lines, as in `tox.ini`, or repeated keys."""

LONG_QUOTE = '"""'
CONTINUED = "\\"


class Value(NamedTuple):
    """A value and where its text stands, quotes included."""

    text: str
    start: int
    end: int
    style: str  # its quote, `\\` for one of several lines without quotes, or nothing
    line_end: int  # behind the last line that the reader took for it
    comment: int | None  # where an inline comment starts, by its marker
    comment_end: int
    comment_counts: bool  # False where the reader skips what stands behind a quote


def read_line(text: str, start: int, line_end: int) -> tuple[str, Value]:
    """Return key and value of the line whose first visible character is at `start`."""
    match = _COMMON_LINE(text, start)
    if match is not None:
        name, value = match.groups()
        begin, end = match.span(2)
        return name, tuple.__new__(Value, (value, begin, end, "", match.end(), None, end, True))
    name, behind = read_key(text, start, line_end)
    return name, read_value(text, behind, line_end)


def read_key(text: str, start: int, line_end: int) -> tuple[str, int]:
    """Return the key of the line at `start`, its first visible character, and the place behind the delimiter."""
    line = text[start:line_end]
    quote = ""
    if line[0] == '"':
        quote = LONG_QUOTE if len(line) > 6 and line.startswith(LONG_QUOTE) else '"'
    elif line[0] == "`":
        quote = "`"
    closing = line.find(quote, len(quote)) if quote else 0
    if closing < 0:
        raise _not_closed_error(text, start, "key")
    delimiter = _DELIMITER.search(line, closing + len(quote))
    if delimiter is None:
        raise FormatError(
            "neither a key with = or :, nor a [section], nor a comment",
            line=line_of(text, start),
            hint=f"write key = value; a comment starts with ; or #; {AS_A_WHOLE}",
        )
    key = line[len(quote) : closing if quote else delimiter.start()].strip(SPACE)
    if not key:
        raise FormatError("an empty key", line=line_of(text, start), hint="write a key before the = or :")
    if key == "-":
        raise FormatError(
            "a key called - is numbered by SOPS, under a name that it cannot read back",
            line=line_of(text, start),
            hint="give the key a name of its own",
        )
    return key, start + delimiter.end()


def read_value(text: str, start: int, line_end: int) -> Value:
    """Return the value that begins behind the delimiter at `start`."""
    line = text[start:line_end].lstrip(SPACE)
    begin = line_end - len(line)
    if not line:
        blanks = text[start:line_end].rstrip("\r\n")
        return Value("", start + len(blanks), start + len(blanks), "", line_end, None, 0, True)
    if line.startswith(LONG_QUOTE):
        if len(line) == len(LONG_QUOTE):
            raise _not_closed_error(text, start)
        return _quoted(text, begin, line_end, LONG_QUOTE)
    if line[0] == "`":
        return _quoted(text, begin, line_end, "`")
    line = line.rstrip(SPACE)
    if line[-1] == CONTINUED:
        return _continued(text, begin, line_end, line[:-1])
    end = begin + len(line)
    comment = None
    marker = _MARKER.search(line)
    if marker is not None:
        comment = begin + marker.start()
        line = line[: marker.start()].rstrip(SPACE)
    style = line[:1] if _is_surrounded(line) else ""
    value = line[1:-1] if style else line
    return Value(value, begin, begin + len(line), style, line_end, comment, end, True)


def _is_surrounded(line: str) -> bool:
    return len(line) >= 2 and line[0] in "'\"" and line.find(line[0], 1) == len(line) - 1


def _not_closed_error(text: str, start: int, what: str = "value") -> FormatError:
    return FormatError(
        f"a quoted {what} that is not closed", line=line_of(text, start), hint="close the quotes that begin here"
    )


def _quoted(text: str, begin: int, line_end: int, quote: str) -> Value:
    opened = begin + len(quote)
    closing = text.rfind(quote, opened, line_end)
    single = closing >= 0
    while closing < 0:
        # The reader goes on at least once, and past a closing quote with a backslash at the end of its line.
        line, line_end = line_end, _line_end(text, line_end)
        if line == line_end:
            raise _not_closed_error(text, begin)
        closing = text.rfind(quote, line, line_end)
        if closing >= 0 and text[closing + len(quote) : line_end].rstrip(SPACE).endswith(CONTINUED):
            closing = -1
    behind = closing + len(quote)
    rest = text[behind:line_end].rstrip(SPACE)
    end = behind + len(rest)
    marker = _MARKER.search(rest)
    comment = None if marker is None else behind + marker.start()
    # What stands between quote and comment is skipped by the reader, and sealed with the value here.
    junk = rest if marker is None else rest[: marker.start()].rstrip(SPACE)
    return Value(text[opened:closing], begin, behind + len(junk), quote, line_end, comment, end, not single)


def _continued(text: str, begin: int, line_end: int, value: str) -> Value:
    end = begin + len(value) + 1
    parts = [value]
    more = CONTINUED
    while more.endswith(CONTINUED):
        line, line_end = line_end, _line_end(text, line_end)
        more = text[line:line_end].strip(SPACE)
        if more:
            end = line + len(text[line:line_end].rstrip(SPACE))
            parts.append(more.removesuffix(CONTINUED))
    return Value("".join(parts), begin, end, CONTINUED, line_end, None, 0, True)


def _line_end(text: str, start: int) -> int:
    found = text.find("\n", start)
    return len(text) if found < 0 else found + 1


def strip_marker(comment: str) -> str:
    """Return a comment without the marker of its first line."""
    if comment[:1] == ";":
        return comment.lstrip("; ")
    return comment.lstrip("# ") if comment[:1] == "#" else comment


# -- writing ---------------------------------------------------------------------------------------------------------


def write_value(value: str, style: str = "") -> str:
    """Return the right-hand side for a value: in the quotes of `style` where those can hold it, else in what can.

    Raises `EmitError` where nothing can.
    """
    if not style and _PLAIN.fullmatch(value):
        return value
    for quote in dict.fromkeys((style.replace(CONTINUED, ""), "", quote_of_sops(value), '"', "`", LONG_QUOTE, "'")):
        written = quote + value + quote
        if _reads_as(written, value):
            return written
    raise EmitError("INI cannot contain a value with such quotes, markers and line breaks in it")


def quote_of_sops(value: str) -> str:
    """Return the quotes that SOPS writes around a value."""
    if "\n" in value or "`" in value:
        return LONG_QUOTE
    if "#" in value or ";" in value:
        return "`"
    return '"' if value.strip(SPACE) != value else ""


def _reads_as(written: str, value: str) -> bool:
    line = written + "\n"
    try:
        read = read_value(line, 0, _line_end(line, 0))
    except FormatError:
        return False
    return read.text == value and (read.start, read.end) == (0, len(written)) and read.comment is None


def write_key(key: str) -> str:
    """Return a key, quoted like SOPS where it asks for it. Raises `EmitError` where nothing can hold it."""
    quotes = ("`", LONG_QUOTE, '"') if re.search('["=:]', key) else (LONG_QUOTE, '"') if "`" in key else ("", "`")
    for quote in quotes:
        written = quote + key + quote
        line = f"{written} = \n"
        if "\n" not in key and line[0] not in "#;[" + SPACE:
            try:
                if read_key(line, 0, len(line))[0] == key:
                    return written
            except FormatError:
                continue
    raise EmitError("INI cannot contain a key that is empty, -, or has such quotes, delimiters or line breaks in it")
