"""Which values of encrypted files are kept out of what a program prints."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from leafseal.document.frozen import NamedTuple
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.operations.open import Opened
from leafseal.run.redact.forms import LEAST, forms, is_too_common

Locator = tuple[str | int, ...]


class Wanted(NamedTuple):
    """What to look for, and where the values are that cannot be looked for."""

    patterns: set[bytes]
    skipped: list[str]


def wanted_of(
    opened: Opened,
    handed: Mapping[str, bytes],
    name_of: Callable[[Locator], str],
    *,
    least: int = LEAST,
    public: Collection[bytes] = (),
    by_lines: bool = False,
) -> Wanted:
    """Return what to look for of a file: all its encrypted values, also those that the program does not get.

    It may read the file itself. `handed` are the variables that it gets, whose names `name_of` makes of the places of
    values: they can be spelled in another way. Not looked for is what is shorter than `least` bytes, a usual word,
    equal to a value of the file that is not encrypted, or `public`. With `by_lines`, values count as skipped too
    of which that is true of one line.
    """
    sealed = {id(item.leaf) for item in opened.leaves.sealed}
    clear = set(public)
    for leaf, value in opened.leaves.values:
        if id(leaf) not in sealed and not leaf.is_comment:
            clear.update(_spellings(value, handed.get(name_of(leaf.locator))))
    wanted = Wanted(set(), [])
    for item in opened.leaves.sealed:
        spelled = {item.data, *_spellings(item.value, handed.get(name_of(item.leaf.locator)))}
        spelled.discard(b"")
        kept = [text for text in spelled if not is_too_common(text, clear, least)]
        for text in kept:
            wanted.patterns.update(forms(text, least))
        is_shown = len(kept) < len(spelled) or (by_lines and any(_has_short_line(text, public, least) for text in kept))
        if is_shown and item.word != "comment":
            wanted.skipped.append(format_path(item.leaf.locator))
    return wanted


def _has_short_line(text: bytes, public: Collection[bytes], least: int) -> bool:
    """Tell whether a line cannot be looked for by itself. Brackets, as in JSON, tell nothing."""
    lines = text.replace(b"\r", b"\n").split(b"\n")
    return len(lines) > 1 and any(is_too_common(line, public, least) and _LETTERS.search(line) for line in lines)


_LETTERS = re.compile(rb"[0-9A-Za-z\x80-\xff]")


def _spellings(value: object, handed: bytes | None) -> Iterable[bytes]:
    """Return how a value is written: as SOPS does, and as the program gets it."""
    found = set() if handed is None else {handed}
    text = to_plain_text(value) if isinstance(value, Scalar) else value
    if isinstance(text, bytes):
        found.add(text)
    elif isinstance(text, str):
        found.add(text.encode("utf-8", "surrogateescape"))
    return found


def public_texts(environ: Mapping[str, str]) -> Sequence[bytes]:
    """Return the names that every log has: that of the machine, and those of the user."""
    names = [os.uname().nodename, *(environ.get(name, "") for name in ("USER", "LOGNAME", "HOSTNAME"))]
    names += [name.partition(".")[0] for name in names]
    try:
        import pwd

        names.append(pwd.getpwuid(os.geteuid()).pw_name)
    except (ImportError, KeyError):
        pass
    return [name.encode("utf-8", "surrogateescape") for name in names if name]
