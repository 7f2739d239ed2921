"""How members of an object or a list stand in the text: their margins, and what separates them."""

from __future__ import annotations

from leafseal.document import Edit
from leafseal.formats.json.scan import Container


def margin_of(text: str, start: int) -> str | None:
    """Return the blanks before what stands at `start`, None where it is not the first on its line."""
    line = text.rfind("\n", 0, start) + 1
    margin = text[line:start]
    return margin if line and not margin.strip(" \t") else None


def unit_in(text: str, root: Container, margin: str) -> str:
    """Return what one level of the file is indented by, where members of the root have `margin` before them."""
    return margin.removeprefix(margin_of(text, root.start) or "")


def separator(text: str, container: Container) -> str:
    """Return the comma and the blanks to put between the last member of `container` and a new one."""
    last = container.members[-1]
    margin = margin_of(text, last.key)
    if margin is not None:
        newline = "\r\n" if text.endswith("\r\n", 0, last.key - len(margin)) else "\n"
        return f",{newline}{margin}"
    is_tight = len(container.members) > 1 and text[last.key - 1] == ","
    return "," if is_tight else ", "


def removal(container: Container, index: int) -> Edit:
    """Return the edit that cuts a member out, with one comma where there are others."""
    member = container.members[index]
    if index + 1 < len(container.members):
        return Edit(member.key, container.members[index + 1].key, "")
    if index:
        return Edit(container.members[index - 1].end, member.end, "")
    return Edit(container.start + 1, member.end, "")
