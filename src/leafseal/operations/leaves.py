"""Open every sealed leaf of a document, and collect what the MAC covers (sops-format §1.6, §2).

Strict where SOPS is not: a comment that looks sealed must verify, a token must be whole, a type must fit its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from leafseal.crypto.token import Sealer, TokenError, is_token, looks_sealed
from leafseal.document import Document, Leaf, Path, aad_of
from leafseal.document.frozen import NamedTuple
from leafseal.document.paths import format_path
from leafseal.document.scalars import Empty, Scalar, from_bytes, to_bytes
from leafseal.document.tree import Comment
from leafseal.errors import IntegrityError
from leafseal.formats import FORMATS
from leafseal.rules.selection import Selection

_COMMENT_END = ",type:comment]"  # what has this and not the beginning of a token is a damaged one
_NEIGHBOURS = 40  # leaves on either side whose containers a comment may belong to
MAX_CANDIDATES = 64  # containers that a comment is tried under
_FREE_TRIES = 4  # for every comment; files that no one damaged take as many
MAX_MORE_TRIES = 100_000  # of a file, for all its comments together
_TRY_BYTES = 1024  # of a comment, which cost about as much as a try does anyway


class OpenedLeaf(NamedTuple):
    """A leaf that had a token: what was in it, and under which AAD and type it verified."""

    leaf: Leaf
    value: Scalar | Comment
    data: bytes
    word: str
    aad: str


class OpenedLeaves:
    """All leaves with their values, those that had tokens, and the byte forms under the MAC."""

    __slots__ = ("damaged", "hashed", "sealed", "unauthenticated", "unsealed_comments", "values")

    def __init__(self) -> None:
        self.values: list[tuple[Leaf, Scalar | Empty | Comment | None]] = []
        self.sealed: list[OpenedLeaf] = []
        self.hashed: list[bytes] = []
        self.unsealed_comments = 0  # comments that the rule would seal and that are clear
        self.unauthenticated: list[Leaf] = []  # what the format protects in no way: empty and null
        self.damaged: list[Leaf] = []  # what does not verify, and was spared


Spare = Callable[[Leaf, IntegrityError], bool]
"""Tells whether a leaf that does not verify is left as it is, and the error forgotten."""


def open_leaves(
    document: Document, selection: Selection, sealer: Sealer, spare: Spare = lambda _leaf, _error: False
) -> OpenedLeaves:
    """Open all leaves that `selection` selects. Raises `IntegrityError` at the first that does not verify.

    One that `spare` spares stays what it is, a token or a clear value; the MAC is to cover the others.
    """
    found = OpenedLeaves()
    values, opened, hashed = found.values.append, found.sealed.append, found.hashed.append
    selects, open_bytes, new = selection.selects, sealer.open_bytes, tuple.__new__
    hash_clear = not selection.mac_only_encrypted
    leaves = document.leaves()
    tries = _Tries()
    for position, leaf in enumerate(leaves):
        token: Any = leaf[6]
        if leaf[8]:
            values((leaf, _open_comment(leaves, position, selection, sealer, found, spare, tries)))
        elif token is None or token.__class__ is Empty or token == "":
            if token.__class__ is not Empty or leaf.end > leaf.start:  # some stand for what is not written at all
                found.unauthenticated.append(leaf)
            values((leaf, token))
        elif selects(leaf):
            if token.__class__ is not str:
                _leave(leaf, _not_encrypted_error(leaf), found, spare)
                continue
            aad = ":".join(leaf[2]) + ":"
            try:
                data, word = open_bytes(token, aad)
                # Nearly all are text: decoded here, without a call.
                value = data.decode() if word == "str" else _typed(word, data)
            except TokenError as error:
                _leave(leaf, _refusal(leaf, token, error), found, spare)
                continue
            except UnicodeDecodeError:
                value = data
            if word == "comment":
                if not _may_be_comment(document, leaf):
                    _leave(leaf, _comment_error(leaf), found, spare)
                    continue
                value = Comment(value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value))
            else:
                hashed(data)
            values((leaf, value))
            opened(new(OpenedLeaf, (leaf, value, data, word, aad)))
        else:
            values((leaf, token))
            if hash_clear:
                hashed(to_bytes(token))
    return found


def _leave(leaf: Leaf, error: IntegrityError, found: OpenedLeaves, spare: Spare) -> None:
    """Keep a leaf as it is where that is wanted. Raises the error of all others."""
    if not spare(leaf, error):
        raise error from None
    found.damaged.append(leaf)
    found.values.append((leaf, Comment(str(leaf.value)) if leaf.is_comment else leaf.value))


def _typed(word: str, data: bytes) -> Scalar:
    try:
        return from_bytes("str" if word in ("comment", "bytes") else word, data)
    except ValueError:
        raise TokenError("has a type that does not match its value") from None


def _has_byte_order_mark(leaf: Leaf) -> bool:
    return bool(leaf.path) and leaf.path[0].startswith("\ufeff")


def _mark_error(leaf: Leaf) -> IntegrityError:
    return IntegrityError(
        "the file begins with a byte order mark (BOM), which was added after it was encrypted",
        path=leaf.path,
        hint="save the file as UTF-8 without a byte order mark, or restore it from Git",
    )


def _not_encrypted_error(leaf: Leaf) -> IntegrityError:
    if _has_byte_order_mark(leaf):
        return _mark_error(leaf)
    return error_at(leaf, "not encrypted, although the file's rule encrypts it", _CLEAR_HINT)


def error_at(leaf: Leaf, message: str, hint: str) -> IntegrityError:
    """Return the error for a value or comment, which names its place."""
    return IntegrityError(
        f"{format_path(leaf.locator)}: {message}",
        path=leaf.path,
        locator=leaf.locator,
        document=leaf.document,
        hint=hint,
    )


_CLEAR_HINT = (
    'see who changed it with "git log -p"; then restore the file, or encrypt the value with '
    '"leafseal repair --yes --encrypt FILE"'
)


def _refusal(leaf: Leaf, token: str, error: TokenError) -> IntegrityError:
    if not looks_sealed(token):
        return _not_encrypted_error(leaf)
    if _has_byte_order_mark(leaf):
        return _mark_error(leaf)
    return error_at(leaf, f"this value {error}", _PLACE_HINT)


def _may_be_comment(document: Document, leaf: Leaf) -> bool:
    # SOPS stores the sealed comments of lists as elements of type comment; anywhere else that type is forged.
    is_member = bool(leaf.locator) and isinstance(leaf.locator[-1], int)
    return is_member and FORMATS[document.format].has_list_comments


def _comment_error(leaf: Leaf) -> IntegrityError:
    return error_at(leaf, "a comment is in the place of a value", _PLACE_HINT)


_PLACE_HINT = (
    'restore the file from Git; or remove the value with "leafseal repair FILE", then add it with "leafseal set"'
)


class _Tries:
    """How much more may be tried in a file: without a bound, comments that open nowhere keep a command busy."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_MORE_TRIES

    def may_try(self, text: str, number: int) -> bool:
        """Tell whether a comment is tried for the `number`-th time, from 0."""
        if number >= MAX_CANDIDATES:
            return False
        if number >= _FREE_TRIES:
            self._left -= 1 + len(text) // _TRY_BYTES
        return self._left > 0


def _open_comment(
    leaves: Sequence[Leaf],
    position: int,
    selection: Selection,
    sealer: Sealer,
    found: OpenedLeaves,
    spare: Spare,
    tries: _Tries,
) -> Comment:
    leaf = leaves[position]
    text = str(leaf.value)
    if not text or not selection.selects(leaf):
        return Comment(text)
    if not (looks_sealed(text) or _COMMENT_END in text):
        found.unsealed_comments += 1
        return Comment(text)
    if is_token(text):
        opened = _tried(leaves, position, sealer, text, tries)
        if opened is not None:
            found.sealed.append(opened)
            return Comment(str(opened.value))
    error = IntegrityError(
        f"a comment in {format_path(leaf.locator) or 'the top level'} was changed or moved after it was encrypted",
        path=leaf.path,
        hint="delete the comment, or write it again without the ENC[…] text",
    )
    if not spare(leaf, error):
        raise error
    found.damaged.append(leaf)
    return Comment(text)


def _tried(leaves: Sequence[Leaf], position: int, sealer: Sealer, text: str, tries: _Tries) -> OpenedLeaf | None:
    """Return a comment as it opens under one of the containers that it may belong to; None where it does not."""
    tried: set[str] = set()
    for path in _candidates(leaves, position):
        aad = aad_of(path)
        if aad in tried:
            continue
        if not tries.may_try(text, len(tried)):
            return None
        tried.add(aad)
        try:
            data, word = sealer.open_bytes(text, aad)
        except TokenError:
            continue
        if word == "comment":
            return OpenedLeaf(leaves[position], Comment(data.decode("utf-8", "surrogateescape")), data, word, aad)
    return None


def _candidates(leaves: Sequence[Leaf], position: int) -> Iterator[Path]:
    """Yield the containers that a comment may belong to, likeliest first."""
    leaf = leaves[position]
    yield leaf.path
    yield from leaf.candidates
    for distance in range(_NEIGHBOURS):
        for place in (position + distance, position - distance - 1):
            if 0 <= place < len(leaves):
                path = leaves[place].path
                for length in range(len(path), -1, -1):
                    yield path[:length]
