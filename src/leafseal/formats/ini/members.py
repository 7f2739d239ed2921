"""The sections and keys of an INI file as members of mappings, and edits that change many of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from leafseal.document import Edit, Locator
from leafseal.document.members import Addition, Lines, Name
from leafseal.document.paths import format_path
from leafseal.errors import EmitError
from leafseal.formats.common import nothing_there_error, plain_text
from leafseal.formats.ini.edit import line_like, lines_of, refuse_repeated, replaced, without
from leafseal.formats.ini.emitter import header, key_lines
from leafseal.formats.ini.scan import Key, Scan
from leafseal.formats.own_lines import before, behind, in_runs, insertions


class INIMembers:
    """The `Members` of an INI file."""

    def __init__(self, text: str, found: Scan) -> None:
        self._text = text
        self._sections = found.sections
        self._keys: list[list[Key]] = [[] for _ in found.sections]
        for key in found.keys:
            self._keys[key.section].append(key)
        self._numbers: dict[str, list[int]] = {}
        for number, section in enumerate(found.sections):
            if number or self._keys[0] or all(other.name != section.name for other in found.sections[1:]):
                self._numbers.setdefault(section.name, []).append(number)
        self._indexes: dict[int, dict[str, int]] = {}

    # -- where members are

    def lines(self, locator: Locator, document: int = 0) -> Lines | None:
        """Return the lines of a section or a key; None where there are several sections that it could be in."""
        numbers = self._numbers.get(str(locator[0]), [])
        if len(numbers) != 1:
            return None
        if len(locator) == 1:
            return self._section_lines(numbers[0]) if numbers[0] else None
        index = self._index(numbers[0]).get(str(locator[1]))
        return None if index is None else self._key_lines(numbers[0], index)

    def _section_lines(self, number: int) -> Lines:
        section, last = self._sections[number], number + 1 == len(self._sections)
        end = self._body_end(number)
        above = self._body_end(number - 1) if number else section.start
        return Lines(above, section.start, end, end, len(self._text) if last else self._sections[number + 1].start, 0)

    def _key_lines(self, number: int, index: int) -> Lines:
        keys = self._keys[number]
        start, end = lines_of(self._text, keys[index])
        above = lines_of(self._text, keys[index - 1])[1] if index else self._sections[number].end
        below = end
        if index + 1 < len(keys):
            below = lines_of(self._text, keys[index + 1])[0]
        elif number + 1 == len(self._sections):
            below = len(self._text)
        return Lines(above, start, end, end, below, 0)

    def _body_end(self, number: int) -> int:
        keys = self._keys[number]
        return max(self._sections[number].end, keys[-1].value.line_end) if keys else self._sections[number].end

    def _index(self, number: int) -> dict[str, int]:
        if number not in self._indexes:
            keys = self._keys[number]
            self._indexes[number] = {key.name: index for index, key in reversed(list(enumerate(keys)))}
        return self._indexes[number]

    # -- changes

    def replace(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edit that replaces a value."""
        number = self._number(locator[:1])
        index = self._index(number).get(str(locator[1])) if len(locator) == 2 else None
        if index is None:
            raise nothing_there_error(locator)
        return [replaced(self._text, self._keys[number][index], plain_text(value, "INI"))]

    def change(
        self, locator: Locator, removed: Collection[Name], added: Sequence[Addition], document: int = 0
    ) -> list[Edit]:
        """Return the edits that take sections out of the file, or keys out of a section, and put others in."""
        if locator:
            return self._change_keys(self._number(locator), removed, added)
        gone = (self._section_lines(self._number((name,))) for name in removed)
        edits = [without(self._text, lines.start, lines.end) for lines in gone]
        placed = []
        for one, written in in_runs(added, self._new_section):
            section = self._section_lines(0 if one.after is None else self._number((one.after,)))
            placed.append(behind(self._text, section, one, written))
        return [*edits, *insertions(self._text, placed)]

    def _number(self, locator: Locator) -> int:
        numbers = self._numbers.get(str(locator[0]), [])
        if not numbers:
            raise nothing_there_error(locator)
        refuse_repeated(locator, len(numbers))
        return numbers[0]

    def _change_keys(self, number: int, removed: Collection[Name], added: Sequence[Addition]) -> list[Edit]:
        keys, index = self._keys[number], self._index(number)
        edits = [without(self._text, *lines_of(self._text, keys[index[str(name)]])) for name in removed]
        model = next((key for key in reversed(keys) if key.value.end > key.value.start), None)
        runs = in_runs(added, lambda one: _new_key(self._text, model, one))
        return [*edits, *insertions(self._text, (self._placed_key(number, one, written) for one, written in runs))]

    def _placed_key(self, number: int, one: Addition, written: str) -> tuple[int, str]:
        if one.after is not None:
            return behind(self._text, self._key_lines(number, self._index(number)[str(one.after)]), one, written)
        if not self._keys[number]:
            return self._sections[number].end, written
        return before(self._text, self._key_lines(number, 0), one, written)

    def _new_section(self, one: Addition) -> str:
        if one.lines is not None:
            return one.lines
        if not isinstance(one.value, Mapping):
            raise EmitError(f"{format_path((one.name,))}: a section is a mapping from keys to text")
        pairs = [(str(key), plain_text(member, "INI")) for key, member in one.value.items()]
        apart = [""] if self._text.removeprefix("\ufeff") else []
        return "".join(line + "\n" for line in [*apart, header(str(one.name)), *key_lines(pairs)])


def _new_key(text: str, model: Key | None, one: Addition) -> str:
    if one.lines is not None:
        return one.lines
    name, source = str(one.name), plain_text(one.value, "INI")
    line = line_like(text, model, name, source) if model is not None else key_lines([(name, source)])[0]
    return line + "\n"
