"""The members of all objects and arrays of a JSON file, from one scan, and edits that change many of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leafseal.document import Edit, Locator
from leafseal.document.members import Addition, Lines, Name
from leafseal.document.tree import from_python
from leafseal.errors import PathError
from leafseal.formats.common import nothing_there_error
from leafseal.formats.json.edit import UNLIMITED, written
from leafseal.formats.json.emitter import scalar_text
from leafseal.formats.json.layout import separator
from leafseal.formats.json.scan import Container, scan


class JSONMembers:
    """The `Members` of a JSON file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._containers = scan(text, UNLIMITED, allow_duplicates=True, all_containers=True).containers
        self._indexes: dict[Locator, dict[Name, int]] = {}

    def lines(self, locator: Locator, document: int = 0) -> Lines | None:
        """Return None: there are no comments, and commas are between members."""
        return None

    def replace(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edit that replaces a value."""
        container = self._containers.get(locator[:-1]) if locator else None
        index = self._index(locator[:-1]).get(locator[-1]) if container is not None else None
        if container is None or index is None:
            raise nothing_there_error(locator)
        member = container.members[index]
        return [Edit(member.start, member.end, written(self._text, self._containers, member.key, from_python(value)))]

    def change(
        self, locator: Locator, removed: Collection[Name], added: Sequence[Addition], document: int = 0
    ) -> list[Edit]:
        """Return the edits that take members out of an object or array, and put others in."""
        container = self._containers.get(locator)
        if container is None or not container.members:
            if not locator or container is not None:
                return [self._whole(container or self._containers[()], added)]
            return self._filled(locator, added)
        index = self._index(locator)
        gone = {index[name] for name in removed}
        stays = [number for number in range(len(container.members)) if number not in gone]
        if not stays:
            return [self._whole(container, added)]
        comma = separator(self._text, container)
        behind: dict[int, str] = {}
        head = ""
        for one in added:
            if one.after is None:
                head += self._source(container.members[0].key, one) + comma
            else:
                number = index[one.after]
                behind[number] = behind.get(number, "") + comma + self._source(container.members[number].key, one)
        return _spliced(container, stays, head, behind)

    def _index(self, locator: Locator) -> dict[Name, int]:
        if locator not in self._indexes:
            members = self._containers[locator].members
            self._indexes[locator] = {member.name: number for number, member in reversed(list(enumerate(members)))}
        return self._indexes[locator]

    def _source(self, key: int, one: Addition) -> str:
        name = f"{scalar_text(one.name)}: " if isinstance(one.name, str) else ""
        if one.spelling is not None:
            return name + one.spelling
        return name + written(self._text, self._containers, key, from_python(one.value))

    def _filled(self, locator: Locator, added: Sequence[Addition]) -> list[Edit]:
        """Return the edit that puts members into an object or array that has none."""
        if any(one.after is not None for one in added):
            raise PathError("there is nothing that a member could come after")
        is_list = all(isinstance(one.name, int) for one in added)
        whole: object = [one.value for one in added] if is_list else {one.name: one.value for one in added}
        return self.replace(locator, whole)

    def _whole(self, container: Container, added: Sequence[Addition]) -> Edit:
        """Return the edit that replaces all members."""
        if not added:
            return Edit(container.start, container.end, "{}" if container.is_object else "[]")
        key = container.members[0].key if container.members else container.start
        sources = [self._source(key, one) for one in added]
        if not container.members:
            return Edit(container.start + 1, container.end - 1, ", ".join(sources))
        comma = separator(self._text, container)
        return Edit(key, container.members[-1].end, comma.join(sources))


def _spliced(container: Container, stays: Sequence[int], head: str, behind: dict[int, str]) -> list[Edit]:
    """Return the edits that leave the members `stays`, with text before the first of them and behind others."""
    members = container.members
    edits = []
    first = members[stays[0]]
    if stays[0] or head:
        edits.append(Edit(members[0].key, first.key, head))
    for number, following in zip(stays, [*stays[1:], len(members)], strict=True):
        if following > number + 1:
            edits.append(Edit(members[number].end, members[following - 1].end, behind.get(number, "")))
        elif number in behind:
            edits.append(Edit(members[number].end, members[number].end, behind[number]))
    return edits
