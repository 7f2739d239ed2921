"""Set and remove keys and sections of an INI file in place, laid out like their neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leafseal.display import visible
from leafseal.document import Edit, Leaf, Locator, Member, Repeated
from leafseal.document.paths import format_path
from leafseal.errors import EmitError, PathError, RefusedError
from leafseal.formats.common import in_the_way_error, nothing_there_error, plain_text, repeated_of
from leafseal.formats.ini.emitter import header, key_lines
from leafseal.formats.ini.scan import METADATA_SECTION, HeaderPlace, Key, Scan
from leafseal.formats.ini.values import CONTINUED, SPACE, Value, write_key, write_value


def set_edits(text: str, scan: Scan, locator: Locator, value: object) -> list[Edit]:
    """Return the edits that store `value` under a section and a key, or a mapping as a whole section."""
    names = _names(locator)
    if len(names) == 1:
        return _set_section(text, scan, names[0], value)
    section, name = names
    source = plain_text(value, "INI")
    keys = [key for key in scan.keys if key.name == name and scan.sections[key.section].name == section]
    refuse_repeated(locator, len(keys) or len(_numbers(scan, section)))
    if keys:
        return [replaced(text, keys[0], source)]
    number = _last_section(scan, section)
    if number is None:
        return [_new_section(text, scan, section, key_lines([(name, source)]))]
    return [_added(text, scan, number, name, source)]


def unset_edits(text: str, scan: Scan, locator: Locator) -> list[Edit]:
    """Return the edits that remove a key, or a section with all that is in it."""
    names = _names(locator)
    if len(names) == 1:
        edits = [without(text, *_extent(text, scan, number)) for number in _numbers(scan, names[0])]
    else:
        section, name = names
        edits = [
            without(text, *lines_of(text, key))
            for key in scan.keys
            if key.name == name and scan.sections[key.section].name == section
        ]
    if not edits:
        raise nothing_there_error(locator)
    refuse_repeated(locator, len(edits))
    return edits


def removal(text: str, scan: Scan, leaf: Leaf) -> list[Edit]:
    """Return the edit that removes the lines of a key, by where its value is."""
    return [without(text, *lines_of(text, key)) for key in scan.keys if key.value.start == leaf.start]


def repeated(text: str, scan: Scan) -> Sequence[Repeated]:
    """Return the keys that one section has more than once."""
    named = [(key, scan.sections[key.section].name, lines_of(text, key)) for key in scan.keys]
    return repeated_of(
        (key.section, (section, key.name), Member(*lines, [without(text, *lines)]))
        for key, section, lines in named
        if section != METADATA_SECTION
    )


def refuse_repeated(locator: Locator, count: int) -> None:
    """Raise `RefusedError` where sections of one name leave open which of them is meant."""
    if count > 1:
        raise RefusedError(
            f"{format_path(locator)}: there are {count} sections [{visible(str(locator[0]))}] that this can mean",
            hint='make the change with "leafseal edit"',
        )


def _names(locator: Locator) -> list[str]:
    """Return section and key. Raises `PathError` for what leads elsewhere."""
    if not locator:
        raise PathError("a whole document cannot be set or removed, only what is in it")
    names = []
    for depth, part in enumerate(locator):
        if depth == 2:
            raise in_the_way_error(locator[:2], "a value without members")
        if not isinstance(part, str):
            raise in_the_way_error(locator[:depth], "a mapping")
        names.append(part)
    return names


def _numbers(scan: Scan, name: str) -> list[int]:
    """Return the sections of a name; the one without header counts where it has keys."""
    return [
        number
        for number, section in enumerate(scan.sections)
        if section.name == name and (number or any(key.section == 0 for key in scan.keys))
    ]


def _last_section(scan: Scan, name: str) -> int | None:
    return max((number for number, section in enumerate(scan.sections) if section.name == name), default=None)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_end(text: str, position: int) -> int:
    return text.find("\n", position) + 1 or len(text)


def without(text: str, start: int, end: int) -> Edit:
    """Return the edit that cuts whole lines; the last one, without a line break, takes the one before it along."""
    if start and not text.endswith("\n", 0, end):
        start -= 2 if text.endswith("\r\n", 0, start) else 1
    return Edit(start, end, "")


def replaced(text: str, key: Key, source: str) -> Edit:
    """Return the edit that puts another text in the place of a value."""
    value = key.value
    written = write_value(source, value.style)
    if value.start == value.end:
        before, behind = text[value.start - 2 : value.start], text[value.end : value.end + 1]
        # `k =` gets the blank that it has on the other side; `k = ; note` one before its note.
        written = " " * (before in (" =", " :")) + written + " " * (behind in ("#", ";"))
    return Edit(value.start, value.end if _has_note(text, value) else value.comment_end, written)


def _has_note(text: str, value: Value) -> bool:
    """Tell whether what stands behind a value is set off like a comment (` ; note`), or may be the end of a secret."""
    if value.comment is None:
        return True
    around = text[value.comment - 1], text[value.comment + 1 : value.comment + 2]
    return all(character in SPACE for character in around)


def lines_of(text: str, key: Key) -> tuple[int, int]:
    """Return the span of the lines of a key."""
    return text.rfind("\n", 0, key.start) + 1, _lines_end(text, key)


def _lines_end(text: str, key: Key) -> int:
    """Return where the last visible line of a key ends."""
    return _line_end(text, max(key.value.end, key.value.comment_end))


def _body_end(scan: Scan, number: int) -> int:
    """Return where a section's header and keys end, with the blank line that may belong to the last."""
    return max([scan.sections[number].end, *(key.value.line_end for key in scan.keys if key.section == number)])


def _extent(text: str, scan: Scan, number: int) -> tuple[int, int]:
    """Return the span of a section, from the comment above its header to its last key."""
    start = scan.sections[number].start
    for leaf in scan.leaves:
        if (
            isinstance(leaf.place, HeaderPlace)
            and leaf.place.start < start <= leaf.place.end <= scan.sections[number].end
        ):
            start = text.rfind("\n", 0, leaf.place.start) + 1
    return max(start, scan.sections[0].start), _body_end(scan, number)  # a byte order mark stays where it is


def _insertion(text: str, position: int, lines: list[str]) -> Edit:
    """Return the edit that puts lines at `position`, the start of a line or the end of the file."""
    newline = _newline(text)
    if position and not text.endswith(("\n", "\ufeff"), 0, position):
        return Edit(position, position, "".join(newline + line for line in lines))
    return Edit(position, position, "".join(line + newline for line in lines))


def _added(text: str, scan: Scan, number: int, name: str, source: str) -> Edit:
    """Return the edit that adds a key behind the last one of a section."""
    position = _body_end(scan, number)
    keys = [key for key in scan.keys if key.section == number]
    model = next((key for key in reversed(keys) if key.value.end > key.value.start), None)
    if model is None:
        apart = [""] if number == 0 and text[position:].strip() else []
        return _insertion(text, position, [*key_lines([(name, source)]), *apart])
    apart = [""] if _goes_on(text, keys[-1].value) else []
    return _insertion(text, position, [*apart, line_like(text, model, name, source)])


def _goes_on(text: str, value: Value) -> bool:
    """Tell whether a value, continued to the end of the file, would take what follows it along."""
    is_open = value.style == CONTINUED and text[value.end - 1] == CONTINUED
    return is_open and text.count("\n", value.end, value.line_end) < 2


def line_like(text: str, model: Key, name: str, source: str) -> str:
    """Return the line of a new key, indented and delimited like another."""
    indent = text[text.rfind("\n", 0, model.start) + 1 : model.start].lstrip("\ufeff")
    head = text[model.start : model.value.start].rstrip(SPACE)
    right = text[model.start + len(head) : model.value.start]
    written = write_key(name)
    left = head[:-1]
    blanks = len(left) - len(left.rstrip(SPACE))
    if blanks:
        written = written.ljust(max(len(left), len(written) + 1) if blanks > 1 else len(written) + 1)
    return f"{indent}{written}{head[-1]}{right}{write_value(source)}"


def _new_section(text: str, scan: Scan, name: str, lines: list[str]) -> Edit:
    """Return the edit that adds a section behind all others, the metadata excepted.

    Where the last one ends in comments the new one stands before it: comments before a header belong to that.
    """
    written = [header(name), *lines]
    number = _last_section(scan, METADATA_SECTION)
    if number is not None:
        return _insertion(text, scan.sections[number].start, [*written, ""])
    last = len(scan.sections) - 1
    if last and any(leaf.is_comment and leaf.start >= _body_end(scan, last) for leaf in scan.leaves[-1:]):
        position = _extent(text, scan, last)[0]
        line_before = text[:position].removesuffix("\n").rpartition("\n")[2]
        apart = [""] if line_before.strip("\ufeff" + SPACE) else []
        return _insertion(text, position, [*apart, *written, ""])
    return _insertion(text, len(text), ["", *written] if text.removeprefix("\ufeff") else written)


def _set_section(text: str, scan: Scan, name: str, value: object) -> list[Edit]:
    if not isinstance(value, Mapping):
        raise EmitError(f"{format_path((name,))}: a section is a mapping from keys to text")
    lines = key_lines([(str(key), plain_text(member, "INI")) for key, member in value.items()])
    numbers = _numbers(scan, name)
    refuse_repeated((name,), len(numbers))
    if not numbers:
        number = _last_section(scan, name)
        if number is not None:  # the section without header, and without keys
            apart = [""] if text[scan.sections[0].end :].strip() else []
            return [_insertion(text, scan.sections[0].end, [*lines, *apart])] if lines else []
        return [_new_section(text, scan, name, lines)]
    first = numbers[0]
    start, end = scan.sections[first].end, _body_end(scan, first)
    newline = _newline(text)
    body = "".join(line + newline for line in lines)
    if not text.endswith("\n", 0, end):
        body = (newline * (start > 0 and start == end) + body).removesuffix(newline)
    return [Edit(start, end, body)]
