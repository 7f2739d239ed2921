"""Path expressions: where in a document something stands, as people write it.

Three spellings: `["db"]["password"][0]` as SOPS has it (sops-cli §5.1), `/db/password/0` as a JSON pointer, and
`db.password[0]`. What a dot means depends on the names that a document has, so `resolve_path` asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.errors import PathError

# Texts, not compiled patterns: this module is imported for its messages by everything.
_BRACKET = r"""(?s)\[(?:(["'])(?P<name>(?:(?!["']\]).)*)["']|(?P<index>[0-9]{1,18}))\](?=[\[.]|\Z)"""
_NAME = r"[^.\[\]]+"
_PLAIN_NAME = r"[^./\[\]\"'\\\s][^.\[\]\"'\\]*"
_INDEX = r"0|[1-9][0-9]{0,17}"

_HINT = """write ["db"]["password"][0], /db/password/0 or db.password[0]"""


def resolve_path(text: str, locators: Iterable[Locator]) -> Locator:
    """Read a path expression with the places that a document has; what it names need not be there.

    A name with dots in it that exists is taken whole. Raises `PathError` where two readings are possible.
    """
    return _resolved(text, _children(locators))


def path_resolver(locators: Iterable[Locator]) -> Callable[[str], Locator]:
    """Return what reads path expressions as `resolve_path` does, for many of them: the places are gone through once."""
    children = _children(locators)
    return lambda text: _resolved(text, children)


def _resolved(text: str, children: dict[Locator, set[str | int]]) -> Locator:
    if text.startswith("/"):
        return _as_locator(_pointer(text), children)
    if text.startswith("[") and (locator := _as_sops(text)) is not None:
        return locator
    plain = _dotted(text)
    readings = sorted(set(_readings(text, (), children)), key=lambda reading: len(reading[1]))
    if not readings or not readings[0][0]:
        return plain
    # Where something stands, what would have to be created is no rival.
    candidates = {found for found, rest in readings if not rest} or {
        _continued(found, _dotted(rest), children) for found, rest in readings
    }
    if len(candidates) > 1:
        first, second = sorted(map(format_path, candidates))[:2]
        raise PathError(f"{visible(text)} can be {first} or {second}", hint='name it in full, as ["a.b"]["c"]')
    return candidates.pop()


def format_path(locator: Locator) -> str:
    """Return a locator as messages show it: `db.password[0]`, `["a.b"].c`, control characters escaped."""
    parts: list[str] = []
    for step in locator:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif re.fullmatch(_PLAIN_NAME, step):
            parts.append(f".{visible(step)}" if parts else visible(step))
        else:
            quote = "'" if '"' in step else '"'
            parts.append(f"[{quote}{visible(step)}{quote}]")
    return "".join(parts)


def _as_sops(text: str) -> Locator | None:
    """Read the spelling of SOPS, which splits at each `[` and looks at quotes no further; None where it cannot."""
    steps: list[str | int] = []
    for piece in text.split("["):
        if not piece:
            continue
        inner = piece[:-1]
        if not piece.endswith("]"):
            return None
        if len(inner) >= 2 and inner[0] in "\"'" and inner[-1] in "\"'":
            steps.append(inner[1:-1])
        elif re.fullmatch(r"\+?[0-9]{1,18}", inner, re.ASCII):
            steps.append(int(inner))
        elif re.fullmatch(r"-[0-9]+", inner, re.ASCII):
            raise PathError("a list position cannot be negative")
        else:
            return None
    return tuple(steps)


def _pointer(text: str) -> list[str]:
    if re.search(r"~(?![01])", text):
        raise PathError("in a JSON pointer ~ is followed by 0 or 1", hint="write ~0 for ~ and ~1 for /")
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _dotted(text: str) -> Locator:
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        if text[position] == "[":
            match = re.match(_BRACKET, text[position:])
        else:
            # A dot stands between two names, and behind a bracket.
            position += text[position] == "." and bool(steps)
            match = re.match(_NAME, text[position:])
        if match is None:
            raise PathError(f"{visible(text)} is not a path: column {position + 1} is not valid", hint=_HINT)
        steps.append(_step(match))
        position += match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> str | int:
    groups = match.groupdict()
    if groups.get("index"):
        return int(groups["index"])
    name = groups.get("name")
    return match[0] if name is None else name


def _children(locators: Iterable[Locator]) -> dict[Locator, set[str | int]]:
    """Return what stands in each container."""
    children: dict[Locator, set[str | int]] = {}
    for locator in locators:
        for depth in range(len(locator), 0, -1):
            siblings = children.setdefault(locator[: depth - 1], set())
            if locator[depth - 1] in siblings:
                break
            siblings.add(locator[depth - 1])
    return children


def _as_locator(parts: list[str], children: dict[Locator, set[str | int]]) -> Locator:
    found: Locator = ()
    for part in parts:
        siblings = children.get(found, set())
        is_index = re.fullmatch(_INDEX, part) and part not in siblings
        is_index = is_index and (not siblings or any(isinstance(name, int) for name in siblings))
        found = (*found, int(part) if is_index else part)
    return found


def _continued(found: Locator, rest: Locator, children: dict[Locator, set[str | int]]) -> Locator:
    """Join what exists and what does not; a number that continues a list is a position."""
    first = rest[0]
    in_list = any(isinstance(name, int) for name in children.get(found, ()))
    if in_list and isinstance(first, str) and re.fullmatch(_INDEX, first):
        first = int(first)
    return (*found, first, *rest[1:])


def _readings(text: str, found: Locator, children: dict[Locator, set[str | int]]) -> Iterator[tuple[Locator, str]]:
    """Return the ways to follow `text` as far as things exist, each with the text that is left."""
    further = False
    siblings = children.get(found, ())
    for name, end in _beginnings(text, first=not found):
        if name in siblings:
            further = True
            yield from _readings(text[end:], (*found, name), children)
    if not further:
        yield found, text[1:] if found and text.startswith(".") else text


def _beginnings(text: str, *, first: bool) -> Iterator[tuple[str | int, int]]:
    """Yield the names that `text` may begin with, and where each ends: before a dot, a bracket or the end."""
    start = 0 if first else 1  # the dot before all other names
    for end in (position for position in range(len(text) + 1) if text[position : position + 1] in ("", ".", "[")):
        if end >= start and (first or text.startswith(".")):
            yield from _names(text[start:end], end)
        if text.startswith("[") and text[:end].endswith("]"):
            inner = text[1 : end - 1]
            if len(inner) >= 2 and inner[0] == inner[-1] and inner[0] in "\"'":
                yield inner[1:-1], end
            elif re.fullmatch(_INDEX, inner):
                yield int(inner), end


def _names(text: str, end: int) -> Iterator[tuple[str | int, int]]:
    yield text, end
    if re.fullmatch(_INDEX, text):
        yield int(text), end
