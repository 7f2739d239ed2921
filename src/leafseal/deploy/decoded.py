"""Secrets as they are edited: the values of `data` as the text that they encode, and back to base64 afterwards.

What is not changed comes back to the byte, so that its ciphertext stays. Values that are no text, or whose text an
editor may not keep, stay base64; a comment at the top of YAML names them.
"""

from __future__ import annotations

import base64

from leafseal.deploy.secrets import secret_values
from leafseal.document import Document, Edit, Leaf, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.places import place_of
from leafseal.document.scalars import Empty
from leafseal.errors import FormatError, LeafsealError
from leafseal.formats import parse

Place = tuple[int, Locator]


class _Value(NamedTuple):
    """A value that is shown decoded: the base64, how it is spelled in the file, and its text."""

    packed: str
    source: str
    text: str


class Decoded:
    """The plain text of a file with Secrets, as it is edited."""

    def __init__(self, plain: Document, read: ReadOptions = DEFAULT_READ) -> None:
        self._format, self._read = plain.format, read
        self._values: dict[Place, _Value] = {}
        self._left: dict[Place, str] = {}  # what is base64 in the text that is edited
        is_value = secret_values(plain, ("data",))
        leaves = [leaf for leaf in plain.leaves() if is_value(leaf) and isinstance(leaf.value, str) and leaf.value]
        for leaf in leaves:
            packed = str(leaf.value)
            place = leaf.document, leaf.locator
            if (text := _text_of(packed)) is None:
                self._left[place] = packed
            else:
                self._values[place] = _Value(packed, plain.text[leaf.start : leaf.end], text)
        body = self._shown(plain, leaves)
        left = [place_of(leaf) for leaf in leaves if (leaf.document, leaf.locator) in self._left]
        self._header = _header(left) if plain.format == "yaml" else b""
        self.text = self._header + body

    def _shown(self, plain: Document, leaves: list[Leaf]) -> bytes:
        """Return the text with values decoded. What would be read as anything else stays base64, and is noted."""
        while True:
            edits: list[Edit] = []
            for leaf in leaves:
                if (known := self._values.get((leaf.document, leaf.locator))) is not None:
                    try:
                        edits += plain.set_edits(leaf.locator, known.text, leaf.document)
                    except LeafsealError:  # such as one that an alias stands for
                        self._leave([(leaf.document, leaf.locator)])
            shown = plain.rewrite(edits)
            found = self._values_in(shown)
            wrong = [place for place, known in self._values.items() if found is None or found.get(place) != known.text]
            if not wrong:
                return shown
            self._leave(wrong)

    def _leave(self, places: list[Place]) -> None:
        self._left.update({place: self._values.pop(place).packed for place in places})

    def _values_in(self, text: bytes) -> dict[Place, object] | None:
        try:
            document = parse(text, self._format, self._read)
        except FormatError:
            return None
        return {(leaf.document, leaf.locator): leaf.value for leaf in document.leaves() if not leaf.is_comment}

    def restore(self, text: bytes) -> bytes:
        """Return the plain file that an edited text stands for. Raises `LeafsealError`, which names the value."""
        document = parse(text.removeprefix(self._header), self._format, self._read)
        is_value = secret_values(document, ("data",))
        values = [leaf for leaf in document.leaves() if is_value(leaf)]
        expected = {
            (leaf.document, leaf.locator): packed for leaf in values if (packed := self._packed(document, leaf))
        }
        for keeps_spelling in (True, False):
            edits: list[Edit] = []
            for leaf in values:
                if packed := expected.get((leaf.document, leaf.locator)):
                    edits += self._restored(document, leaf, packed, keeps_spelling)
            restored = document.rewrite(edits)
            found = self._values_in(restored)
            if found is not None and all(found.get(place) == packed for place, packed in expected.items()):
                return restored
        raise LeafsealError("the values of data cannot be written back as base64: write each on a line of its own")

    def _packed(self, document: Document, leaf: Leaf) -> str | None:
        """Return the base64 of an edited value; None for what has none."""
        value = leaf.value
        if value is None or value == "" or isinstance(value, Empty):
            return None
        known = self._values.get((leaf.document, leaf.locator))
        if known is not None and value == known.text:
            return known.packed
        if isinstance(value, str) and self._is_base64_here(leaf, value):
            return value
        if isinstance(value, bytes):
            data = value
        else:
            text = value if isinstance(value, str) else document.text[leaf.start : leaf.end]
            data = text.encode("utf-8", "surrogateescape")
        return base64.b64encode(data).decode()

    def _is_base64_here(self, leaf: Leaf, value: str) -> bool:
        left = self._left.get((leaf.document, leaf.locator))
        if left is not None and value != left:
            try:
                _bytes_of(value)
            except ValueError:
                raise LeafsealError(f"{place_of(leaf)}: is base64 in this file, and what was written is not") from None
        if left is not None:
            return True
        key = leaf.locator[-1]
        return any(locator[-1] == key and value == left for (_, locator), left in self._left.items())  # it was moved

    def _restored(self, document: Document, leaf: Leaf, packed: str, keeps_spelling: bool) -> list[Edit]:
        known = self._values.get((leaf.document, leaf.locator))
        if keeps_spelling and known is not None and packed == known.packed:
            return [Edit(leaf.start, leaf.end, known.source)]
        return [] if leaf.value == packed else document.set_edits(leaf.locator, packed, leaf.document)


def _header(places: list[str]) -> bytes:
    if not places:
        return b""
    return "".join(f"# {place} stays base64 here: it is no text\n" for place in places).encode("utf-8", "replace")


def _text_of(packed: str) -> str | None:
    """Return the text that a value encodes, None where it is none, or base64 that not every reader takes."""
    try:
        text = _bytes_of(packed).decode()
    except ValueError:
        return None
    return text if text and all(letter.isprintable() or letter in "\n\t" for letter in text) else None


def _bytes_of(packed: str) -> bytes:
    """Return what base64 encodes, which may be broken into lines. Raises `ValueError`."""
    joined = packed.replace("\n", "").replace("\r", "")
    data = base64.b64decode(joined, validate=True)
    if base64.b64encode(data).decode() != joined:
        raise ValueError("not the one spelling of its bytes")
    return data
