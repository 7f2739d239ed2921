"""References to values of encrypted files in manifests: `ref+leafseal://FILE#/json/pointer`.

A chart is rendered with references in place of values, and so is what Helm stores of a release.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from leafseal.deploy.manifests import Manifest, title
from leafseal.deploy.secrets import is_secret
from leafseal.document import Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.paths import format_path
from leafseal.errors import LeafsealError

PREFIX = "ref+leafseal://"
MARK = b"ref+leafseal:"
BASE64_MARK = base64.b64encode(PREFIX.encode())


class Reference(NamedTuple):
    """A value of an encrypted file; without a pointer the whole file."""

    file: str
    pointer: str


def read(text: str) -> Reference:
    """Read a reference. Raises `LeafsealError`."""
    file, mark, pointer = text.removeprefix(PREFIX).partition("#")
    if not file or (mark and not pointer.startswith("/")):
        raise LeafsealError("a reference must have the form ref+leafseal://FILE#/path/of/value")
    return Reference(file, pointer)


def references(manifest: Manifest) -> list[Reference]:
    """Return the references in a manifest. Raises `LeafsealError` for text that only contains one."""
    found: list[Reference] = []

    def note(reference: Reference) -> bytes:
        found.append(reference)
        return b""

    resolved(manifest, note)
    return found


def resolved(manifest: Manifest, value_of: Callable[[Reference], bytes]) -> Manifest:
    """Return a manifest with values in place of references.

    They become text; in the `data` of a Secret base64 of their bytes, also where the reference itself is in base64.
    """
    is_in_data = is_secret(manifest)

    def resolve(text: str, place: Locator) -> str:
        in_data = is_in_data and len(place) == 2 and place[0] == "data"
        if in_data and (plain := _decoded(text)) is not None:
            text = plain
        if not text.startswith(PREFIX):
            if MARK.decode() in text:
                raise LeafsealError("a reference must be the whole value")
            return text
        data = value_of(read(text))
        if in_data:
            return base64.b64encode(data).decode()
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise LeafsealError("the value of a reference is not UTF-8; use it in data of a Secret") from None

    found = _walked(manifest, (), lambda text, place: _placed(resolve, text, place, manifest))
    assert isinstance(found, dict)
    return found


def _placed(resolve: Callable[[str, Locator], str], text: str, place: Locator, manifest: Manifest) -> str:
    try:
        return resolve(text, place)
    except LeafsealError as error:
        if error.file is not None:
            raise  # it is about a file that a reference names
        raise LeafsealError(f"{title(manifest)}: {format_path(place)}: {error.message}", hint=error.hint) from None


def _walked(node: object, place: Locator, change: Callable[[str, Locator], str]) -> object:
    if isinstance(node, dict):
        return {key: _walked(member, (*place, key), change) for key, member in node.items()}
    if isinstance(node, list):
        return [_walked(member, (*place, number), change) for number, member in enumerate(node)]
    return change(node, place) if isinstance(node, str) else node


def _decoded(text: str) -> str | None:
    if not text.startswith(BASE64_MARK.decode()):
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
