"""The paths of a file's values, whose names are public: no key is needed to complete them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection

from leafseal.document import Locator
from leafseal.document.limits import Limits, ReadOptions
from leafseal.document.paths import format_path, path_resolver
from leafseal.errors import LeafsealError
from leafseal.formats import parse, recognize
from leafseal.system.reading import read

_LIMITS = Limits(file_bytes=1 << 20, depth=100, leaves=20_000)
_MOST = 1000  # more than somebody reads


def value_paths(file: str, begun: str) -> list[str]:
    """Return the paths in a file that begin with what is typed; none of a file that cannot be read, or is large."""
    path = os.path.expanduser(file)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return []
        data = read(path, _LIMITS).data
        document = parse(data, recognize(path, data), ReadOptions(_LIMITS, allow_duplicates=True), sealed=True)
        places = [leaf.locator for leaf in document.leaves() if not leaf.is_comment and not leaf.document]
    except (LeafsealError, OSError, ValueError, RecursionError):
        return []
    found: dict[str, None] = {}
    for place in places:
        text = format_path(place)
        # What does not print is written escaped, which leads nowhere; what begins with a dash is an option.
        if text.startswith(begun) and text[:1] != "-" and text.isprintable() and "\\" not in text:
            found[text] = None
    resolve, known = path_resolver(places), frozenset(places)
    return [text for text in list(found)[:_MOST] if _leads_there(text, resolve, known)]


def _leads_there(text: str, resolve: Callable[[str], Locator], places: Collection[Locator]) -> bool:
    try:
        return resolve(text) in places
    except LeafsealError:
        return False
