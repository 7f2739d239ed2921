"""The manifests that Helm hands to a post-renderer: one stream, of which most documents stay to the byte."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leafseal.deploy.helm.references import BASE64_MARK, MARK
from leafseal.deploy.leftovers import has_tokens, spellings
from leafseal.document import apply_edits
from leafseal.document.frozen import NamedTuple
from leafseal.errors import FormatError, PathError
from leafseal.formats import parse

_SEPARATOR = re.compile(rb"^---[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)", re.MULTILINE)
_LEAD = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")
_SOURCE = re.compile(rb"^# Source: ([^\r\n]+)", re.MULTILINE)
_ENCRYPTED = re.compile(rb"^[\"']?sops[\"']?[ ]*:", re.MULTILINE)

FILENAME = ("metadata", "annotations", "postrenderer.helm.sh/postrender-filename")
"""What Helm 4 adds to each manifest and needs back: the name of the template."""

_FILENAME_MARK = FILENAME[-1].encode()
_FILENAME_LINE = re.compile(rb"^[ ]+" + re.escape(_FILENAME_MARK) + rb": ['\"]?([^'\"\r\n]+)", re.MULTILINE)


class Piece(NamedTuple):
    """A document of the stream: the line that begins it, comments and blank lines, and the text of the manifest."""

    separator: bytes
    lead: bytes
    text: bytes
    number: int

    @property
    def name(self) -> str:
        """What messages call it: the template that it comes from."""
        found = _SOURCE.search(self.lead) or _FILENAME_LINE.search(self.text)
        return found[1].decode("utf-8", "replace") if found else f"manifest {self.number}"

    @property
    def is_encrypted(self) -> bool:
        """Whether the text is that of an encrypted file, or was."""
        return has_tokens(self.text) or any(map(_ENCRYPTED.search, spellings(self.text)))

    @property
    def has_references(self) -> bool:
        """Whether there may be references in the text."""
        return MARK in self.text or BASE64_MARK in self.text


def pieces(stream: bytes) -> Iterator[Piece]:
    """Yield the documents of a stream. Their bytes together are the stream."""
    position, separator, number = 0, b"", 0
    for match in [*_SEPARATOR.finditer(stream), None]:
        end = len(stream) if match is None else match.start()
        body = stream[position:end]
        if body or separator:
            lead = _LEAD.match(body)
            length = lead.end() if lead is not None else 0
            number += bool(body[length:].strip())
            yield Piece(separator, body[:length], body[length:], number)
        if match is not None:
            position, separator = match.end(), match[0]


def without_filename(text: bytes) -> tuple[bytes, str | None]:
    """Return the text of a manifest as it was before Helm 4 added the name of the template, and that name."""
    if _FILENAME_MARK not in text:
        return text, None
    try:
        document = parse(text, "yaml")
    except FormatError:
        return text, None  # which is said where it is opened
    own = [leaf for leaf in document.leaves() if leaf.locator == FILENAME and not leaf.is_comment]
    if len(own) != 1 or not isinstance(own[0].value, str):
        return text, None
    among = [leaf for leaf in document.leaves() if leaf.locator[:2] == FILENAME[:2]]
    try:
        edits = document.unset_edits(FILENAME if len(among) > 1 else FILENAME[:2])
    except PathError:
        return text, None
    return apply_edits(document.text, edits).encode("utf-8", "surrogateescape"), own[0].value
