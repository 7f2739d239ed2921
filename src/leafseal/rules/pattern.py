"""Regular expressions of rules, with the meaning that every SOPS reader gives them: RE2, unanchored (sops-format §1.3).

`google-re2` does the matching and is imported when a rule has a pattern. Where it is not installed, patterns of a
common subset are matched by `leafseal.rules.subset`, in linear time too; all others are refused by name. A pattern
that is not valid is always an error: to take it for one that never matches would leave secrets in clear.
"""

from __future__ import annotations

import functools
from contextlib import suppress

from leafseal.display import visible
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.rules.matching import Matcher, PatternError, utf8

MAX_PATTERN_BYTES = 4096
MAX_GROUPS = 900


@functools.lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Matcher:
    """Return the matcher of a pattern. Raises `PatternError`, whose text says why, when there is none."""
    try:
        size = len(pattern.encode())
    except UnicodeEncodeError:
        raise PatternError("invalid regular expression: not UTF-8") from None
    if size > MAX_PATTERN_BYTES:
        raise PatternError(f"regular expression longer than {MAX_PATTERN_BYTES} bytes")
    _refuse_foreign(pattern)
    if r"\B" in pattern:
        # The C++ library finds it between the bytes of one character too; the Go library does not.
        with suppress(PatternError):
            return _without_re2(pattern)
    try:
        return _with_re2(pattern)
    except ImportError:
        return _without_re2(pattern)


def _without_re2(pattern: str) -> Matcher:
    from leafseal.rules.subset import compile_subset

    return compile_subset(pattern)


def _with_re2(pattern: str) -> Matcher:
    import re2

    if not hasattr(re2, "Options"):
        raise ImportError("another library of the same name")
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern.encode(), options).search
    except re2.error as exc:
        raise PatternError(f"invalid regular expression: {_reason(exc)}") from None
    return lambda text: search(utf8(text)) is not None


def _reason(exc: Exception) -> str:
    text = exc.args[0] if exc.args else "not RE2 syntax"
    return visible(text.decode(errors="replace") if isinstance(text, bytes) else str(text))


_UNICODE_GROUP_NAME = LazyPattern(r"\(\?P?<[^>]*[^>\x00-\x7f]")


def _refuse_foreign(pattern: str) -> None:
    """Refuse what the C++ library takes and the Go library, and so every SOPS reader, does not."""
    if _UNICODE_GROUP_NAME.search(pattern):
        raise PatternError("invalid regular expression: a group's name is not ASCII")
    if pattern.count("(") > MAX_GROUPS:
        raise PatternError(f"regular expression with more than {MAX_GROUPS} groups")
    position = pattern.find("\\")
    while position >= 0:
        escaped = pattern[position + 1 : position + 2]
        if escaped == "C":
            raise PatternError(r"invalid regular expression: invalid escape sequence: \C")
        end = pattern.find("\\E", position) if escaped == "Q" else position
        position = pattern.find("\\", end + 2) if end >= 0 else -1
