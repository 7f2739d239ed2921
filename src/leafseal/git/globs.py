"""Patterns of creation rules as those of `.gitattributes`, where both can say the same.

A rule has a regular expression that occurs anywhere in a path; Git has globs, of whole paths or of last names. An
expression becomes alternatives of tokens, and each alternative a few globs. Where globs cannot say the same, as for a
repeated class or the boundary of a word, they match more, never less: whoever uses them asks the expression again. What
stays different: `.` in an expression is one character and no line break, and `?` one byte; and without case, `s` and
`k` are two letters outside ASCII too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from leafseal.rules.automaton import Assertion, Choice, Class, Node, Repeat
from leafseal.rules.automaton import Sequence as InSequence
from leafseal.rules.matching import PatternError
from leafseal.rules.subset import parse_subset

MOST = 40
"""How many globs a rule may become: more are nothing to read."""

_ALTERNATIVES = 200
_COPIES = 4

# Tokens: what a glob says of one name as it is written there, and these.
_ANY = "any"  # characters, slashes among them
_BEGIN, _END = "begin", "end"
_STAR, _ONE = "*", "?"
_NULLABLE = {_ANY, _STAR, _BEGIN, _END}
_SPECIAL = "*?[\\"
_FOLDED = {ord("s"): 0x17F, ord("k"): 0x212A}
_SLASH, _NEWLINE, _LAST = 0x2F, 0x0A, 0x10FFFF

Tokens = tuple[str, ...]


class NoGlobError(ValueError):
    """Globs cannot say what a pattern does. The text tells why."""


class EveryFileError(NoGlobError):
    """A pattern is for all files, which is none that anybody wants in `.gitattributes`."""


def globs_of(pattern: str) -> list[str]:
    """Return globs that match the paths in which a rule's pattern occurs, relative to the folder of the rule.

    They may match more paths, where globs cannot say what the pattern does. One without a slash is for last names in
    all folders; one that begins with a slash, for this folder alone. Raises `NoGlobError`.
    """
    if not pattern:
        raise EveryFileError("for every file")
    try:
        node = parse_subset(pattern)
    except PatternError as error:
        raise NoGlobError(str(error)) from None
    found: dict[str, None] = {}
    for inner in _alternatives(node):
        tokens = _anchored((_ANY, *inner, _ANY))
        if tokens is not None:
            found.update(dict.fromkeys(_globs(tokens)))
    globs = _shorter(found)
    if not {"*", "**", "**/*"}.isdisjoint(globs):
        raise EveryFileError("for every file")
    if len(globs) > MOST:
        raise NoGlobError(f"more than {MOST} globs")
    return globs


def below(folder: str, glob: str) -> str:
    """Return a glob for the same paths below a folder, as seen from the folder that this one is in."""
    if not folder:
        return glob
    start = literal(folder)
    if "/" not in glob:
        return f"{start}/**/{glob}"
    return f"{start}/{glob.removeprefix('/')}"


def literal(path: str) -> str:
    """Return a path as the glob that matches it alone."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in path)


# -- expressions to tokens


def _alternatives(node: Node) -> list[Tokens]:
    if isinstance(node, Class):
        return _class(node)
    if isinstance(node, Assertion):
        anchors: dict[Assertion, Tokens] = {Assertion.BEGIN: (_BEGIN,), Assertion.END: (_END,)}
        return [anchors.get(node, ())]
    if isinstance(node, Choice):
        return _bounded(itertools.chain.from_iterable(map(_alternatives, node.branches)))
    if isinstance(node, InSequence):
        return _product([_alternatives(member) for member in node.nodes])
    return _repeated(node)


def _product(parts: list[list[Tokens]]) -> list[Tokens]:
    found: list[Tokens] = [()]
    for part in parts:
        found = _bounded(one + other for one in found for other in part)
    return found


def _bounded(tokens: Iterable[Tokens]) -> list[Tokens]:
    found = list(dict.fromkeys(itertools.islice(tokens, _ALTERNATIVES + 1)))
    if len(found) > _ALTERNATIVES:
        raise NoGlobError("too many alternatives")
    return found


def _repeated(node: Repeat) -> list[Tokens]:
    least, most = node.at_least, node.at_most
    one = _alternatives(node.node)
    if most is not None and most <= _COPIES:
        return _bounded(itertools.chain.from_iterable(_product([one] * number) for number in range(least, most + 1)))
    return _product([*[one] * min(least, _COPIES), *_endless(node.node)])


def _endless(node: Node) -> list[list[Tokens]]:
    """Return any number of the same, or of more than that."""
    if not _may_hold(node, _SLASH):
        return [[(_STAR,)]]
    is_slash = isinstance(node, Class) and set(node.ranges) == {(_SLASH, _SLASH)}
    return [[(), ("/",)]] if is_slash else [[(_ANY,)]]  # no path has two slashes


def _may_hold(node: Node, code: int) -> bool:
    """Tell whether a character can be in what a node matches."""
    if isinstance(node, Class):
        return node.holds(code)
    if isinstance(node, Assertion):
        return False
    return any(_may_hold(inner, code) for inner in (node[0] if isinstance(node, InSequence | Choice) else (node.node,)))


def _class(node: Class) -> list[Tokens]:
    missing = _complement(node)
    if missing <= {_NEWLINE}:
        return [(_ONE,), ("/",)]
    if _SLASH in missing <= {_SLASH, _NEWLINE}:
        return [(_ONE,)]
    codes = {code for low, high in node.ranges if high - low < 128 for code in range(low, high + 1)}
    codes -= {other for letter, other in _FOLDED.items() if letter in codes}
    if any(high - low >= 128 for low, high in node.ranges) or (len(codes) > 1 and max(codes) > 0x7F):
        return [(_STAR,), ("/",)] if node.holds(_SLASH) else [(_STAR,)]  # a character is up to four bytes there
    found: list[Tokens] = [("/",)] if _SLASH in codes else []
    if names := sorted(codes - {_SLASH}):
        found.append((literal(chr(names[0])) if len(names) == 1 else f"[{''.join(_in_brackets(names))}]",))
    return found


def _in_brackets(codes: list[int]) -> Iterator[str]:
    """Yield the characters of a bracket, and ranges of more than two."""
    for _, group in itertools.groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        run = [chr(code) for _, code in group]
        first, last = (f"\\{c}" if c in "]\\^!-[" else c for c in (run[0], run[-1]))
        yield f"{first}-{last}" if len(run) > 2 else first if len(run) == 1 else first + last


def _complement(node: Class) -> set[int]:
    """Return the few characters that a class does not have, `{-1}` where they are many."""
    missing: set[int] = set()
    start = 0
    for low, high in [*sorted(node.ranges), (_LAST + 1, _LAST + 1)]:
        if low - start > 4:
            return {-1}
        missing.update(range(start, low))
        start = max(start, high + 1)
    return missing


# -- tokens to globs


def _anchored(tokens: Tokens) -> Tokens | None:
    """Return tokens of a whole path without assertions; None where they contradict each other."""
    if _BEGIN in tokens:
        last = len(tokens) - 1 - tokens[::-1].index(_BEGIN)
        if not _NULLABLE.issuperset(tokens[:last]) or _END in tokens[:last]:
            return None
        tokens = tokens[last + 1 :]
    if _END in tokens:
        first = tokens.index(_END)
        if not _NULLABLE.issuperset(tokens[first:]):
            return None
        tokens = tokens[:first]
    merged: list[str] = []
    for token in tokens:
        if merged and {token, merged[-1]} <= {_ANY, _STAR}:
            merged[-1] = _ANY if _ANY in (token, merged[-1]) else _STAR
        elif not (merged and {token, merged[-1]} == {"/"}):
            merged.append(token)
        else:
            return None  # no path has two slashes
    if merged[:1] == ["/"] or merged[-1:] == ["/"] or not merged:
        return None
    return tuple(merged)


def _globs(tokens: Tokens) -> list[str]:
    found = [""]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        before = tokens[position - 1] if position else None
        after = tokens[position + 1] if position + 1 < len(tokens) else None
        if token != _ANY:
            written = [token]
        elif before is None:
            written = ["**/*"]
        elif after is None:
            written = ["**"] if before == "/" else ["*", "*/**"]
        elif before == "/":
            written = ["**/*"]
        elif after == "/":
            written = ["*/**/"]
            position += 1
        else:
            written = ["*", "*/**/*"]
        found = [glob + one for glob in found for one in written]
        position += 1
    return [_as_seen(glob) for glob in found]


def _as_seen(glob: str) -> str:
    last = glob.removeprefix("**/")
    if "/" in last:
        return glob
    return last if last != glob else f"/{glob}"


def _shorter(found: Iterable[str]) -> list[str]:
    """Leave out what other globs match too: `x/y` and `**/*/x/y` together are `**/x/y`."""
    globs = list(dict.fromkeys(found))
    for glob in list(globs):
        inner = glob.removeprefix("**/*/")
        for plain in (inner, f"/{inner}"):
            if inner != glob and plain in globs:
                both = f"**/{inner}" if "/" in inner else inner
                globs[globs.index(plain)] = both
                globs.remove(glob)
                break
    return list(dict.fromkeys(globs))
