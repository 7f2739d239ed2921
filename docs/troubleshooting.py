"""Writes the messages of leafseal that have a hint into docs/troubleshooting.md, between marks, from the source.

make reference                           write it
python docs/troubleshooting.py --check   exit with 1 if it is not up to date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of whose tests one finds the hints
from messages import FILLED, Message, messages

from leafseal.cli.shared.reports import CODES

PAGE = Path(__file__).resolve().with_suffix(".md")

_MARKED = re.compile(r"(<!-- messages: ([\w.* -]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def filled(page: str) -> str:
    """Return the page with the messages between its marks written again.

    A mark has codes of errors, and names of packages below `leafseal` where only messages of those are meant. What no
    other mark has of a code goes where the code stands alone.
    """
    found = messages()
    marks = [match[2].split() for match in _MARKED.finditer(page)]

    def part(match: re.Match[str]) -> str:
        names = match[2].split()
        own = [one for one in found if _belongs(one, names, marks)]
        return f"{match[1]}\n" + "".join(f"{line}\n" for line in lines(own)) + f"\n{match[3]}"

    return _MARKED.sub(part, page)


def _belongs(message: Message, names: Sequence[str], marks: Sequence[Sequence[str]]) -> bool:
    if message.code not in names:
        return False
    if any(name not in CODES.values() for name in names):
        return _is_in(message, names)
    return not any(message.code in other and _is_in(message, other) for other in marks)


def _is_in(message: Message, names: Sequence[str]) -> bool:
    return any(f"{message.module}.".startswith(f"{name}.") for name in names)


def lines(found: Sequence[Message]) -> Iterator[str]:
    """Yield a list of messages by the alphabet, those with the same cures together."""
    by_cures: dict[tuple[str, ...], dict[str, None]] = {}
    for one in found:
        by_cures.setdefault(one.cures, {}).update(dict.fromkeys(one.texts))
    items = [(sorted(texts, key=_key), cures) for cures, texts in by_cures.items()]
    for texts, cures in sorted(items, key=lambda item: _key(item[0][0])):
        yield f"- {', '.join(map(_as_code, texts))}: {' Or: '.join(map(_sentence, cures))}"


def _key(text: str) -> str:
    return re.sub(r"^\W+", "", text.replace(FILLED, "")).lower()


def _as_code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _sentence(cure: str) -> str:
    """Return a hint as a sentence of a page: commands as code."""
    cure = re.sub(r"^pip install [^ ]+$", r"`\g<0>`", cure)
    cure = re.sub(r'"((?:leafseal|git|gpg|aws|az|gcloud|age|sops|chmod|ssh)\b[^"]*)"', r"`\1`", cure)
    cure = re.sub(
        r"(?<![`\w-])(--[a-z][\w-]*(?:=\w+)?|ENC\[…\]|https?://[^\s,;]*|arn:[\w:/-]+)(?![^`]*`)", r"`\1`", cure
    )
    return cure if cure.endswith("…") else cure.rstrip(".") + "."


def main() -> int:
    """Write the page, or check it."""
    old = PAGE.read_text(encoding="utf-8")
    new = filled(old)
    if "--check" in sys.argv[1:]:
        if new != old:
            print(f'{PAGE.name} is not up to date; run "make reference"', file=sys.stderr)
        return int(new != old)
    if new != old:
        PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
