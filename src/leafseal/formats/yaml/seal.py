"""Edits that seal and open the leaves of a YAML file in place (splicing §4, §6).

Kinds of a spelling, the first letter of what is remembered: `C` replaces the content, `F` the span with the
properties, `A` and a number the flow collection so many levels above the leaf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from leafseal.document import Edit, Exposed, Leaf, Sealing
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar
from leafseal.document.tree import Comment, build
from leafseal.errors import FormatError, RefusedError
from leafseal.formats.yaml.containers import Place, Scan
from leafseal.formats.yaml.lines import BREAKS, COMMENT
from leafseal.formats.yaml.style import (
    ONE_LINE,
    TokenText,
    canonical_text,
    common_text,
    container_of,
    flow_text,
    source_is_canonical,
    token_text,
)

_ALIAS = LazyPattern(rf"\*[^\s,\[\]{{}}]+([ \t]+{COMMENT})?")
_ALIAS_LEVEL = LazyPattern(r"A(\d{1,3}):")

Tokens = Sequence[tuple[Leaf, str]]


def seal(text: str, scan: Scan, tokens: Tokens, kept: Sequence[Leaf] = ()) -> Sealing:
    """Return the edits that put tokens in the places of leaves, and the spellings to remember."""
    edits: list[Edit] = []
    spellings: list[tuple[str, str]] = []
    append, new = edits.append, tuple.__new__
    headers = _headers(tokens)
    for leaf, token in tokens:
        _, _, _, start, end, style, value, _, is_comment, _, place = leaf
        if style in ONE_LINE and place.__class__ is not Place:
            # Nearly all: no properties, and in many files no value that needs a closer look.
            flow, source = place.flow, text[start:end]
            quote = style if not flow else "'" if style == "" else '"'
            append(new(Edit, (start, end, quote + token + quote)))
            written = common_text(style, value, flow)
            if written != source and (written is not None or not source_is_canonical(leaf, text)):
                spellings.append((token, "C" + source))
        elif is_comment:
            if place not in headers:
                append(Edit(start, end, token))
        elif not (isinstance(place, Place) and place.is_copy):
            append(_seal_one(text, leaf, token, spellings, headers.get(start)))
    _refuse_open_end(text, scan.leaves, tokens, kept)
    if scan.keys_of_values:
        refuse_sealed_keys(scan, [*(leaf for leaf, _ in tokens), *kept])
    if scan.has_aliases:
        _refuse_clear_copies(scan.leaves, [*(leaf for leaf, _ in tokens), *kept])
        _seal_aliases(text, scan.leaves, tokens, edits, spellings)
    return Sealing(edits, spellings)


def _refuse_open_end(text: str, leaves: Sequence[Leaf], tokens: Tokens, kept: Sequence[Leaf]) -> None:
    """Refuse a clear block scalar that ends with the file and has no line break there: metadata would give it one."""
    last = next((leaf for leaf in reversed(leaves) if not leaf.is_comment), None)
    if last is None or last.style not in ("|", ">") or text[-1] in "\r\n" or text[last.end :].strip(" \t\r\n"):
        return
    if not any(brk in text[last.start :] for brk in "\r\n"):
        return  # nothing but its header, whose line break is no part of it
    header, _, _ = text[last.start : last.end].partition("\n")
    if "\n" in text[last.end :] and "+" not in header.partition("#")[0]:
        return  # blanks on a line of their own, which are nothing to it
    sealed = any(leaf.start == last.start for leaf, _ in tokens) or any(leaf.start == last.start for leaf in kept)
    if sealed or "-" in text[last.start : last.start + 3]:
        return
    raise RefusedError(
        f"{format_path(last.locator)}: the file ends in this block without a line break, which stays in plain text",
        hint="end the file with a line break, or write the block with |-",
    )


def _headers(tokens: Sequence[tuple[Leaf, object]]) -> dict[int, tuple[Leaf, str]]:
    """Return the comments on header lines whose block scalar is among the tokens too, by where that starts.

    The scalar's edit covers its header line, so it takes the comment along.
    """
    comments = {
        leaf.place: (leaf, str(text)) for leaf, text in tokens if leaf.is_comment and isinstance(leaf.place, int)
    }
    if comments:
        starts = {leaf.start for leaf, _ in tokens if not leaf.is_comment}
        comments = {start: comment for start, comment in comments.items() if start in starts}
    return comments


def _seal_one(
    text: str, leaf: Leaf, token: str, spellings: list[tuple[str, str]], header: tuple[Leaf, str] | None
) -> Edit:
    place = leaf.place
    written = token_text(leaf, token, text)
    is_cut = header is not None and not header[1]
    if header is not None:
        mark = header[0].start - 1
        start = _blanks_before(text, mark) if is_cut else mark
        written = written.replace(text[start : header[0].end], "" if is_cut else "#" + header[1], 1)
    if isinstance(place, Place) and (place.tag is not None or (_is_suspect(place) and not place.is_mixed)):
        # A tag that types its text would have readers type the token, and any other, like an anchor that no alias
        # names, may be the beginning of a password. An anchor in use does no harm.
        anchor = "" if place.is_loose or not place.anchor else f"&{place.anchor} "
        spellings.append((token, "F" + _without_comment(text, place.full_start, leaf.end, header)))
        return Edit(place.full_start, leaf.end, anchor + written)
    if is_cut or not source_is_canonical(leaf, text):
        spellings.append((token, "C" + _without_comment(text, leaf.start, leaf.end, header)))
    return Edit(leaf.start, leaf.end, written)


def _blanks_before(text: str, position: int) -> int:
    while text[position - 1] in " \t":
        position -= 1
    return position


def tails(text: str, leaves: Sequence[Leaf]) -> list[tuple[Leaf, Leaf]]:
    """Return the values that have a comment on their line, or on the header line of their block; and it."""
    if "#" not in text:
        return []
    return [
        (leaf, comment)
        for leaf, comment in pairwise(leaves)
        if comment.is_comment and not leaf.is_comment and _is_beside(text, leaf, comment)
    ]


def _is_beside(text: str, leaf: Leaf, comment: Leaf) -> bool:
    is_on_header = leaf.start < comment.start < leaf.end
    return is_on_header or text[leaf.end : comment.start].strip(" \t") == "#"


def exposed(text: str, scan: Scan) -> list[Exposed]:
    """Return the places of tags, anchors and names that no token takes along, although they may be part of a secret."""
    found = [*scan.odd_tags, *scan.odd_anchors.values()]
    if scan.has_properties:
        found += [leaf._replace(start=leaf.place.full_start) for leaf in scan.leaves if _has_bare_properties(leaf)]
    return [
        *(
            Exposed(
                leaf,
                "begins with ! or &, which YAML takes for a tag or an anchor",
                'put the value in quotes; if it is meant as a tag, write "" after it',
            )
            for leaf in found
        ),
        *(_bare_name(leaf) for leaf in scan.leaves if leaf.value is None and _is_bare_name(leaf, text)),
    ]


def _is_bare_name(leaf: Leaf, text: str) -> bool:
    """Tell whether a null stands for nothing, not even a colon behind its name, as in `{Tr0ub4dor}`."""
    if leaf.start < leaf.end or leaf.is_comment or not leaf.locator or isinstance(leaf.place, Place):
        return False
    container = container_of(leaf)
    at = leaf.start
    while container.flow and text[at - 1] in " \t\r\n":
        at -= 1
    return container.is_map and container.flow and text[at - 1] != ":"


def _bare_name(leaf: Leaf) -> Exposed:
    container = container_of(leaf)
    return Exposed(
        leaf._replace(locator=container.locator, path=container.path),
        "has braces or a question mark, and YAML takes what follows for a name",
        "put the value in quotes; if it is meant as a name, write a colon after it",
    )


def _has_bare_properties(leaf: Leaf) -> bool:
    place = leaf.place
    if not isinstance(place, Place) or place.is_copy or not _is_suspect(place):
        return False
    return place.is_mixed or (place.is_empty and leaf.value in (None, ""))


def _is_suspect(place: Place) -> bool:
    return place.has_local_tag or place.is_loose


def _without_comment(text: str, start: int, end: int, header: tuple[Leaf, str] | None) -> str:
    # A comment with a token of its own is cut; what is remembered of the header line ends with its `#`.
    if header is None or not header[1]:
        return text[start:end]
    return text[start : header[0].start] + text[header[0].end : end]


# -- aliases ---------------------------------------------------------------------------------------------------------


def is_copy(leaf: Leaf) -> bool:
    """Tell whether a leaf stands behind an alias."""
    return isinstance(leaf.place, Place) and leaf.place.is_copy


def _seal_aliases(
    text: str, leaves: Sequence[Leaf], tokens: Tokens, edits: list[Edit], spellings: list[tuple[str, str]]
) -> None:
    """Expand every alias behind which a leaf is sealed: a token is bound to one path, and an alias has two."""
    sealed = {(leaf.document, leaf.locator): token for leaf, token in tokens if is_copy(leaf)}
    ends = {leaf.start: leaf.end for leaf, _ in tokens if is_copy(leaf)}  # that of a comment which goes along
    for start, group in groupby(filter(is_copy, leaves), key=lambda leaf: leaf.start):
        copies = [(leaf, sealed.get((leaf.document, leaf.locator))) for leaf in group]
        first = next(((leaf, token) for leaf, token in copies if token is not None), None)
        if first is not None:
            leaf, token = first
            level = len(leaf.locator) - len(container_of(leaf).locator) - 1
            edits.append(Edit(start, ends[start], expansion(copies)))
            spellings.append((token, f"A{level}:{text[start : ends[start]]}"))


def expansion(copies: list[tuple[Leaf, str | None]]) -> str:
    """Return what an alias stands for, on one line, with tokens in it."""
    container = container_of(copies[0][0])
    base = len(container.locator) + 1
    values = [
        (
            leaf._replace(document=0, locator=("", *leaf.locator[base:])),
            leaf.value if token is None else TokenText(token),
        )
        for leaf, token in copies
    ]
    (_, root), *_ = build(values)[0].items
    return str(root) if isinstance(root, TokenText) and not container.flow else flow_text(root)


def refuse_sealed_keys(scan: Scan, sealed_leaves: Sequence[Leaf]) -> None:
    """Refuse a key that is an alias of a value that is sealed: it would be another key where the token stands."""
    sealed = {leaf.start for leaf in sealed_leaves if not leaf.is_comment}
    for leaf in scan.keys_of_values:
        if leaf.start in sealed:
            raise RefusedError(
                f"{format_path(leaf.locator)}: a key is an alias of a value that would be encrypted",
                hint="write the key out",
            )


def _refuse_clear_copies(leaves: Sequence[Leaf], sealed_leaves: Sequence[Leaf]) -> None:
    """Refuse an alias that would leave in clear what is sealed where its anchor stands."""
    sealed = {(leaf.document, leaf.locator) for leaf in sealed_leaves if not leaf.is_comment}
    for leaf in filter(is_copy, leaves):
        if (leaf.document, leaf.locator) not in sealed and (leaf.document, leaf.place.source) in sealed:
            raise RefusedError(
                f"{format_path(leaf.locator)}: an alias would leave in plain text what is encrypted at its anchor",
                hint="write the value out, or choose a rule that encrypts both places",
            )


# -- opening ---------------------------------------------------------------------------------------------------------


def open_(text: str, opened: Sequence[tuple[Leaf, Scalar | Comment]], spellings: Mapping[str, str]) -> list[Edit]:
    """Return the edits that put values where tokens stand, one for each, in order."""
    edits: list[Edit] = []
    append, new = edits.append, tuple.__new__
    headers = _headers(opened)
    comment_elements: Counter[int] | None = None
    restored = -1  # the end of a collection whose alias came back: nothing else in it is left
    for leaf, value in opened:
        _, _, _, start, end, style, token, _, is_comment, _, place = leaf
        if start < restored:
            append(Edit(restored, restored, ""))
        elif (
            style in ONE_LINE
            and place.__class__ is not Place
            and (written := common_text(style, value, place.flow)) is not None
            and token not in spellings
        ):
            append(new(Edit, (start, end, written)))
        elif is_comment:
            append(Edit(end, end, "") if place in headers else Edit(start, end, str(value)))
        elif isinstance(value, Comment):
            comment_elements = comment_elements or _comment_elements(opened)
            only = comment_elements[id(container_of(leaf))] == container_of(leaf).index
            append(_comment_line(text, leaf, value, alone=only and leaf.locator[-1] == 0))
        else:
            edit = _spelled(text, leaf, value, spellings.get(str(token), ""), headers.get(start))
            restored = max(restored, edit.end if edit.end > end else restored)
            append(edit)
    return edits


def _comment_elements(opened: Sequence[tuple[Leaf, Scalar | Comment]]) -> Counter[int]:
    """Count the elements that SOPS made of comments, by the list they are in."""
    return Counter(
        id(container_of(leaf)) for leaf, value in opened if value.__class__ is Comment and not leaf.is_comment
    )


def _spelled(text: str, leaf: Leaf, value: Scalar, spelling: str, header: tuple[Leaf, str] | None) -> Edit:
    """Return the edit for one value, as remembered or else in the nearest style that can hold it."""
    kind, source = spelling[:1], spelling[1:]
    place = leaf.place
    if kind == "C":
        return Edit(leaf.start, leaf.end, _with_comment(source, header))
    if kind == "F":
        start = place.full_start if isinstance(place, Place) else leaf.start
        return Edit(start, leaf.end, _with_comment(source, header))
    level = _ALIAS_LEVEL.match(spelling)
    if level is not None and _ALIAS.fullmatch(spelling, level.end()):
        return Edit(*_collection(leaf, int(level[1])), spelling[level.end() :])
    written = canonical_text(leaf, value, text)
    if header is not None:
        written = written.replace("#" + str(header[0].value), "#" + header[1], 1)
    return Edit(leaf.start, leaf.end, written)


def _with_comment(source: str, header: tuple[Leaf, str] | None) -> str:
    """Put the opened comment of a header line where it was cut out, behind the first `#`."""
    return source if header is None else source.replace("#", "#" + header[1], 1)


def _collection(leaf: Leaf, levels: int) -> tuple[int, int]:
    """Return the span of the flow collection so many levels above the leaf; of the leaf itself for none."""
    start, end = leaf.start, leaf.end
    container = container_of(leaf)
    for _ in range(levels):
        if not container.flow or container.parent is None:
            break
        start, end = container.start, container.end
        container = container.parent
    return start, end


def _comment_line(text: str, leaf: Leaf, comment: Comment, *, alone: bool) -> Edit:
    """Return the edit that makes a comment line of a list element that SOPS made of one.

    Where all elements are comments nothing would be left of the list; the first (`alone`) leaves it empty.
    """
    container = container_of(leaf)
    dash = None if container.flow or container.is_map else _dash_before(text, leaf.start)
    if dash is None:
        raise FormatError(f"{format_path(leaf.locator)}: a comment is in the place of a value")
    return Edit(dash, leaf.end, ("[] #" if alone else "#") + comment.text)


def _dash_before(text: str, position: int) -> int | None:
    """Return where the dash before a list's element stands; None where a comment, a tag or an anchor is between."""
    while text[position - 1] in f" \t{BREAKS}":
        position -= 1
    dash = position - 1
    while text[position - 1] in " \t-?:":  # lists around it that begin on this line
        position -= 1
    return dash if text[dash] == "-" and text[position - 1] in BREAKS else None
