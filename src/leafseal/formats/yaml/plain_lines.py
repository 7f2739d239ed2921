"""The first lines of a YAML file, as far as each is a key, a value or both on one line: read without a parser.

Most lines of most encrypted files are of that kind, and libyaml's events cost several times what is made of them. What
is read here is what the scanner makes of the events for the same lines; tests compare the two. At the first line of
another kind, with a comment, a tag, an anchor, a block or an escape, and at the metadata, the parser goes on from the
last key at the margin before it.
"""

from __future__ import annotations

from leafseal.document import Leaf
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import Limits
from leafseal.errors import FormatError
from leafseal.formats.yaml.containers import Container, Scan
from leafseal.formats.yaml.scalars import ALWAYS_TEXT, WORDS, resolve

_KEY = r"[A-Za-z_/][A-Za-z0-9_./-]{0,200}+"
# Printable ASCII without `#`; a colon only where more text follows at once, a blank only within the text.
_PLAIN = r'(?:[A-Za-z0-9_/.+$(]|-(?=[A-Za-z0-9.]))(?:[!"$-9;-~]++|:(?=[!-~])| ++(?=[!"$-9;-~]))*+'
_VALUE = rf"""{_PLAIN}|'[ !"$-&(-~]*+'|"[ !$-\[\]-~]*+\""""
_LINE = LazyPattern(rf"( *+)(- )?(?:({_KEY}):(?: ++({_VALUE}))?|({_VALUE})) *+\n++")


def read(text: str, found: Scan, limits: Limits) -> tuple[Container, int] | None:
    """Read the lines into `found`; return the root, which stays open, and where the parser is to go on.

    None, and nothing is found, where not even the first key of the file is in such lines.
    """
    leaves, append, new, line = found.leaves, found.leaves.append, tuple.__new__, _LINE.match
    longest, most, deepest = limits.scalar_bytes, limits.leaves, limits.depth
    container = root = Container(True, False, 0, (), (), None, 0)
    root_key = ""
    depth, count, read_to, at = 1, 0, 0, 0
    while depth <= deepest and len(leaves) <= most and (match := line(text, at)) is not None:
        blanks, dash, key, of_key, of_dash = match.groups()
        column = len(blanks)
        if container.key is not None:
            if column < container.column or (column == container.column and not dash):
                break  # the key has no value
            container, depth = container.child(not dash, False, column, at + column, len(leaves)), depth + 1
        elif container.column != column or container.is_map is (dash is not None):
            while container.parent is not None and (
                container.column > column or (container.column == column and not (container.is_map or dash))
            ):
                container, depth = container.close(container.end, len(leaves)) or root, depth - 1
            if container.column != column or container.is_map is (dash is not None):
                break
        if container is root and key is not None:
            count, read_to, root_key = len(leaves), at, key
            if key == "sops":
                break
        if dash and key is not None:
            column += len(dash)
            container, depth = container.child(True, False, column, at + column, len(leaves)), depth + 1
        if key is None:
            if dash is None:
                break  # the text before goes on
            raw, start, path = of_dash, match.start(5), container.path
            locator = container.locator + (container.index,)
            container.index += 1
        elif key in container.keys:
            count = 0
            break
        elif key in WORDS:
            break
        else:
            container.keys.add(key)
            if of_key is None:
                container.key = key
                at = match.end()
                continue
            raw, start, path = of_key, match.start(4), container.path + (key,)
            locator = path if container.locator is container.path else container.locator + (key,)
        end = start + len(raw)
        at = match.end()
        style, value = "", raw
        first = raw[0]
        if first == "'" or first == '"':
            style, value = first, raw[1:-1]
        elif first not in ALWAYS_TEXT:
            try:
                value = resolve(raw)
            except FormatError:
                break
        if end - start > longest:
            break
        append(new(Leaf, (0, locator, path, start, end, style, value, (), False, (), container)))
        container.end = end
    del leaves[count:]
    if not count:
        return None
    root.keys.discard(root_key)
    root.key, root.end = None, leaves[-1].end
    return root, read_to
