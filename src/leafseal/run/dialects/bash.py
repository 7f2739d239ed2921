"""A `.env` file as bash reads it with `set -a; . FILE`, as far as that only sets variables.

Nothing is run: what bash would run, and what it alone can tell, is an error.
"""

from __future__ import annotations

import re

from leafseal.document.frozen import NamedTuple
from leafseal.run.dialects import Lookup, refuse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPACE = " \t"
_ENDS = " \t\n;"
_META = "|&()<>"
_OWN = re.compile(
    r"BASH.*|EUID|UID|PPID|SHELLOPTS|RANDOM|SRANDOM|SECONDS|EPOCH.*|LINENO|FUNCNAME|DIRSTACK|GROUPS|HISTCMD|OPTIND"
    r"|OPTERR|OPTARG|IFS|PIPESTATUS|PS4|COMP_.*|_|POSIXLY_CORRECT|IGNOREEOF|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|SHLVL|PWD"
    r"|OLDPWD|PATH|TERM"
)
"""Names whose values bash makes itself."""

_SETTABLE = frozenset({"HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE", "SHLVL", "PWD", "OLDPWD", "PATH", "TERM"})
"""Those of them that then have the value that a file sets."""

_IS_CODE = "bash would run this, and it is not a variable"
_IS_EXPANSION = "bash would expand this in a way that only bash can"
_IS_OWN = "bash gives this variable a value of its own"


def read(text: str, inherited: Lookup) -> dict[str, str]:
    """Return what the file sets. Raises `FormatError` for what is more than setting variables."""
    return _Reading(text, inherited).all()


class _Piece(NamedTuple):
    """A part of a value, and where what follows it begins."""

    text: str
    end: int


class _Reading:
    def __init__(self, text: str, inherited: Lookup) -> None:
        self._text = text
        self._inherited = inherited
        self._found: dict[str, str] = {}

    def all(self) -> dict[str, str]:
        position = 0
        while (position := self._over(position, _SPACE + "\n")) < len(self._text):
            if self._at(position) == "#":
                end = self._text.find("\n", position)
                position = len(self._text) if end < 0 else end
            else:
                position = self._statement(position)
        return self._found

    def _at(self, position: int) -> str:
        return self._text[position : position + 1]

    def _over(self, position: int, characters: str) -> int:
        while position < len(self._text):
            if self._text[position] in characters:
                position += 1
            elif self._text.startswith("\\\n", position):  # a line that goes on
                position += 2
            else:
                break
        return position

    def _statement(self, position: int) -> int:
        """Read assignments up to the end of a line or a `;`, after `export` or not."""
        is_export = re.compile(r"export[ \t]+").match(self._text, position)
        if is_export:
            position = is_export.end()
        while True:
            position = self._assignment(position, may_be_name=bool(is_export))
            position = self._over(position, _SPACE)
            following = self._at(position)
            if following in ("", "\n"):
                return position
            if following == ";":
                position = self._over(position + 1, _SPACE)
                if self._at(position) in (";", "&"):
                    refuse(self._text, position, _IS_CODE)
                return position
            if following == "#":
                end = self._text.find("\n", position)
                return len(self._text) if end < 0 else end

    def _assignment(self, start: int, *, may_be_name: bool) -> int:
        name = _NAME.match(self._text, start)
        if name is None or (self._at(name.end()) != "=" and not may_be_name):
            refuse(self._text, start, _IS_CODE)
        if self._at(name.end()) != "=":
            if self._at(name.end()) not in ("", *_ENDS):
                refuse(self._text, start, _IS_CODE)
            if (value := self._inherited(name[0])) is not None:
                self._found.setdefault(name[0], value)
            return name.end()
        if _OWN.fullmatch(name[0]) and name[0] not in _SETTABLE:
            refuse(self._text, start, _IS_OWN)
        value, end = self._word(name.end() + 1)
        self._found[name[0]] = value
        return end

    def _word(self, position: int) -> _Piece:
        """Read what stands behind a `=`, to its end."""
        found: list[str] = []
        is_start = True  # where a ~ is the home folder
        while (character := self._at(position)) and character not in _ENDS:
            if character in _META:
                refuse(self._text, position, _IS_CODE)
            if character == "~" and is_start:
                piece = self._home(position)
            elif character == "'":
                piece = self._single(position)
            elif character == '"':
                piece = self._double(position)
            elif character == "\\":
                following = self._at(position + 1)
                piece = _Piece("" if following == "\n" else following or "\\", position + 2)
            elif character in "$`":
                piece = self._expansion(position, is_quoted=False)
            else:
                piece = _Piece(character, position + 1)
            found.append(piece.text)
            is_start = character == ":"
            position = min(piece.end, len(self._text))
        return _Piece("".join(found), position)

    def _home(self, position: int) -> _Piece:
        if self._at(position + 1) not in ("", "/", ":", *_ENDS):
            refuse(self._text, position, _IS_EXPANSION)
        home = self._lookup("HOME")
        if home is None:
            refuse(self._text, position, _IS_EXPANSION)
        return _Piece(home, position + 1)

    def _single(self, position: int) -> _Piece:
        end = self._text.find("'", position + 1)
        if end < 0:
            refuse(self._text, position, "a quote is not closed")
        return _Piece(self._text[position + 1 : end], end + 1)

    def _double(self, start: int) -> _Piece:
        found: list[str] = []
        position = start + 1
        while character := self._at(position):
            if character == '"':
                return _Piece("".join(found), position + 1)
            if character == "\\":
                following = self._at(position + 1)
                found.append("" if following == "\n" else following if following in '$`"\\' else character + following)
                position += 2
            elif character in "$`":
                piece = self._expansion(position, is_quoted=True)
                found.append(piece.text)
                position = piece.end
            else:
                found.append(character)
                position += 1
        return refuse(self._text, start, "a quote is not closed")

    def _expansion(self, position: int, *, is_quoted: bool) -> _Piece:
        """Read `$NAME` or `${NAME}`; a `$` before something else stands for itself."""
        if self._at(position) == "`" or self._at(position + 1) == "(":
            refuse(self._text, position, _IS_CODE)
        following = self._at(position + 1)
        if following == "{":
            name = _NAME.match(self._text, position + 2)
            if name is None or self._at(name.end()) != "}":
                refuse(self._text, position, _IS_EXPANSION)
            end = name.end() + 1
        else:
            name = _NAME.match(self._text, position + 1)
            if name is None:
                if following and (following in "*@#?-$!0123456789[" or (following in "'\"" and not is_quoted)):
                    refuse(self._text, position, _IS_EXPANSION)
                return _Piece("$", position + 1)
            end = name.end()
        value = self._lookup(name[0])
        if value is None and _OWN.fullmatch(name[0]):
            refuse(self._text, position, _IS_OWN)
        return _Piece(value or "", end)

    def _lookup(self, name: str) -> str | None:
        found = self._found.get(name)
        return self._inherited(name) if found is None else found
