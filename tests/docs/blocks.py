"""The fenced blocks of our Markdown, with what says what a test does with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_BLOCK = re.compile(
    r"^(?:<!-- (?P<remark>[^\n]*) -->\n)?(?P<fence>```+)(?P<language>[a-z]*)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line it begins in, and the remark in the HTML comment above it."""

    language: str
    text: str
    line: int
    remark: str

    @property
    def file(self) -> str | None:
        """The name of the file that a reader is to make of this block, from a remark `file: NAME`."""
        return self.remark.removeprefix("file: ") if self.remark.startswith("file: ") else None


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    source = page.read_text(encoding="utf-8")
    return [
        Block(match["language"], match["text"], source.count("\n", 0, match.start("fence")) + 1, match["remark"] or "")
        for match in _BLOCK.finditer(source)
    ]


def without_blocks(page: Path) -> str:
    """Return the text of a page without its blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", page.read_text(encoding="utf-8")))
