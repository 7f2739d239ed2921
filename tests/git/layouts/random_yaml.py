"""Random YAML with comments everywhere, as a model that two sides can edit; every name and every comment is another."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple


@dataclass
class Member:
    """A member of a mapping or list, with its comments and the blank lines above it."""

    name: str | None  # None in a list
    value: str | Block
    above: list[str] = field(default_factory=list)
    blank: int = 0
    beside: str = ""
    deeper: list[str] = field(default_factory=list)

    def comments(self) -> Iterator[str]:
        """Yield the comments above, beside and in it."""
        yield from (*self.above, *self.deeper, *([self.beside] if self.beside else []))
        if isinstance(self.value, Block):
            for member in self.value.members:
                yield from member.comments()

    def is_in(self, text: str) -> bool:
        """Tell whether a text has it, by its name or its value."""
        if self.name is not None:
            return f"{self.name}:" in text
        if isinstance(self.value, Block):
            return bool(self.value.members) and all(member.is_in(text) for member in self.value.members)
        return "v" in self.value and self.value.split("\n")[1 if "\n" in self.value else 0].strip("\"'") in text


@dataclass
class Block:
    """A mapping or list, over lines or in brackets."""

    is_list: bool
    members: list[Member]
    flow: bool = False


class Layout(NamedTuple):
    """How a file is laid out."""

    indent: int = 2
    list_indent: int = 2
    newline: str = "\n"
    has_last_break: bool = True


class Three(NamedTuple):
    """Three texts, and what theirs added."""

    base: str
    ours: str
    theirs: str
    added: list[Member]


def three(random: Random) -> Three:
    """Return a random file that two sides edited."""
    writer = _Writer(random)
    base = Block(False, [writer.member("b") for _ in range(random.choice([1, 2, 3, 4, 6]))])
    ours, theirs = deepcopy(base), deepcopy(base)
    for _ in range(random.choice([1, 2, 3, 4])):
        writer.edit(ours, "o")
    added = [one for _ in range(random.choice([1, 2, 3, 4])) for one in writer.edit(theirs, "t")]
    indent = random.choice([2, 2, 4])
    layout = Layout(
        indent,
        random.choice([0, 2, indent]),
        random.choice(["\n"] * 9 + ["\r\n"]),
        random.random() < 0.9,
    )
    # Where every line of ours differs, lines merge nothing.
    own = layout._replace(indent=6 - indent, list_indent=2) if random.random() < 0.3 else layout
    return Three(render(base, layout), render(ours, own), render(theirs, layout), added)


class _Writer:
    """Makes members, each with a name that no other has."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0

    def text(self, side: str, kind: str) -> str:
        self.count += 1
        return f"{side}{self.count}{kind}"

    def member(self, side: str, depth: int = 0, *, is_element: bool = False, flow: bool = False) -> Member:
        random = self.random
        name = None if is_element else self.text(side, "k")
        if flow:
            values = str(random.randrange(99)), self.text(side, "v"), f"'{self.text(side, 'v')}'"
            return Member(name, random.choice(values))
        found = Member(name, self.value(side, depth), blank=random.choice([0, 0, 0, 1, 2]))
        if random.random() < 0.4:
            found.above = [self.text(side, "c") for _ in range(random.choice([1, 1, 2]))]
        if random.random() < 0.25:
            found.beside = self.text(side, "c")
        if random.random() < 0.07:
            found.deeper = [self.text(side, "c")]
        return found

    def named(self, side: str, depth: int) -> Member:
        found = self.member(side, depth + 1, is_element=True)
        members = [self.member(side, depth + 2) for _ in range(self.random.choice([0, 1, 2]))]
        found.value = Block(False, [Member("name", self.text(side, "n")), *members])
        return found

    def value(self, side: str, depth: int) -> str | Block:
        random = self.random
        chance = random.random()
        if depth > 2 or chance < 0.55:
            return self.scalar(side)
        flow = random.random() < 0.25
        count = random.choice([0, 1, 1, 2, 3])
        if chance < 0.8:
            return Block(False, [self.member(side, depth + 1, flow=flow) for _ in range(count)], flow)
        if random.random() < 0.4 and not flow:
            return Block(True, [self.named(side, depth) for _ in range(count)])
        return Block(True, [self.member(side, depth + 1, is_element=True, flow=flow) for _ in range(count)], flow)

    def scalar(self, side: str) -> str:
        value = self.text(side, "v")
        kinds = [
            f"|\n{value}\n\n# no comment\n",
            f"|+\n{value}\n\n",
            f">-\n{value}\nmore\n",
            f'"{value}"',
            f'"{value}"',
        ]
        return self.random.choice([*kinds, *[value] * 8, *map(str, range(5))])

    def edit(self, root: Block, side: str) -> Iterator[Member]:
        """Change a file in one place; yield what was added, if something was."""
        random = self.random
        block = random.choice(list(_blocks(root)))
        chance = random.random()
        if chance < 0.4:
            is_named = block.is_list and bool(block.members) and all(map(_is_named, block.members))
            new = self.named(side, 1) if is_named else self.member(side, 2, is_element=block.is_list, flow=block.flow)
            block.members.insert(random.randrange(len(block.members) + 1), new)
            yield new
        elif block.members:
            member = random.choice(block.members)
            if chance < 0.6 and (block is not root or len(block.members) > 1):
                block.members.remove(member)
            elif chance < 0.9 and not isinstance(member.value, Block) and member.name != "name":
                member.value = str(random.randrange(1000)) if block.flow else self.scalar(side)
            elif not block.flow:
                member.above = [*member.above, self.text(side, "c")]


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for member in block.members:
        if isinstance(member.value, Block):
            yield from _blocks(member.value)


def _is_named(member: Member) -> bool:
    value = member.value
    return isinstance(value, Block) and bool(value.members) and value.members[0].name == "name"


def render(root: Block, layout: Layout) -> str:
    """Return a model as text."""
    text = "".join(_lines(root, 0, layout)) if root.members else "{}\n"
    if not layout.has_last_break and not text.endswith("\n\n"):
        text = text.removesuffix("\n")
    return text.replace("\n", layout.newline)


def _lines(block: Block, column: int, layout: Layout, *, is_behind_dash: bool = False) -> list[str]:
    lines: list[str] = []
    margin = " " * column
    for number, member in enumerate(block.members):
        if number or not is_behind_dash:
            lines += ["\n"] * member.blank + [f"{margin}# {comment}\n" for comment in member.above]
        lines += _member(member, margin + ("-" if block.is_list else f"{member.name}:"), column, block, layout)
        lines += [f"{margin} # {comment}\n" for comment in member.deeper]
    return lines


def _member(member: Member, head: str, column: int, block: Block, layout: Layout) -> list[str]:
    value, side = member.value, f" # {member.beside}" if member.beside else ""
    if isinstance(value, Block):
        if not value.members or value.flow:
            return [f"{head} {_flow(value)}{side}\n"]
        if block.is_list and not value.is_list and not side:
            first, *rest = _lines(value, column + 2, layout, is_behind_dash=True)
            return [f"{head} {first[column + 2 :]}", *rest]
        step = layout.indent if not value.is_list else 2 if block.is_list else layout.list_indent
        return [f"{head}{side}\n", *_lines(value, column + step, layout)]
    first, *rest = value.removesuffix("\n").split("\n")
    return [f"{head} {first}{side}\n", *((" " * (column + 2) + line if line else "") + "\n" for line in rest)]


def _flow(value: str | Block) -> str:
    if isinstance(value, str):
        return value
    members = (_flow(one.value) if value.is_list else f"{one.name}: {_flow(one.value)}" for one in value.members)
    return ("[{}]" if value.is_list else "{{{}}}").format(", ".join(members))
