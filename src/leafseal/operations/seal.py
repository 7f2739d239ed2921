"""Seal the leaves of a document under one data key, and add the metadata that goes with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leafseal.crypto import mac
from leafseal.crypto.spelling import seal_spellings
from leafseal.crypto.structure import seal_block
from leafseal.crypto.token import Sealer
from leafseal.document import Document, Edit, Leaf, Locator, aad_of
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.errors import ConfigError, FormatError, NothingSealedError, RefusedError
from leafseal.formats import FORMATS, parse
from leafseal.keys.groups import DataKey
from leafseal.metadata import Metadata
from leafseal.metadata.least_change import mapping_over
from leafseal.operations import hand_edits, structure
from leafseal.operations.clear_text import AS_FORMAT, NO_TAILS, Comments, ends_with_tails, refuse_exposed
from leafseal.operations.foreseen import Foreseen, is_within
from leafseal.operations.memory import Key, Memory
from leafseal.rules.selection import Selection
from leafseal.system.clock import now

if TYPE_CHECKING:
    from typing import Protocol

    class KeepMAC(Protocol):
        """A MAC and a digest of the structure of other files, for one that has what they cover."""

        def mac(self, metadata: Metadata, hashed: Sequence[bytes], sealer: Sealer) -> Metadata:
            """Return metadata with the MAC and its time."""

        def structure(self, metadata: Metadata, document: Document, sealer: Sealer) -> Metadata | None:
            """Return metadata with the digest of the sealed document's structure; None where it needs a new one."""


Kept = tuple[Leaf, str, Edit]
"""A leaf whose sealed text is put back as it was, its token, and the edit that does it."""


class SealedLeaves:
    """The tokens for a document, and the byte forms under the MAC."""

    __slots__ = ("clear", "hashed", "tokens")

    def __init__(self) -> None:
        self.tokens: list[tuple[Leaf, str]] = []
        self.hashed: list[bytes] = []
        self.clear = 0  # values that stay readable


def seal_leaves(
    document: Document, selection: Selection, sealer: Sealer, ends: Mapping[int, int] = NO_TAILS
) -> SealedLeaves:
    """Return a token for each leaf that the rule selects, and what the MAC covers.

    `ends` says where a leaf ends that goes with its tail, by its start. A comment in it has an empty token.
    """
    sealed = SealedLeaves()
    tokens, hashed = sealed.tokens.append, sealed.hashed.append
    selects, seal_bytes = selection.selects, sealer.seal_bytes
    hash_clear = not selection.mac_only_encrypted
    for leaf in document.leaves():
        value: Any = leaf[6]
        if value is None or value.__class__ is Empty or value == "":
            continue
        selected = selects(leaf)
        if leaf[8]:
            if selected:
                tokens((leaf, _seal_comment(leaf, selection, sealer)))
            elif ends and leaf.start in ends:
                tokens((leaf, ""))
        elif selected:
            # Nearly all are text: encoded here, without a call.
            is_text = value.__class__ is str
            data = value.encode() if is_text else to_bytes(value)
            hashed(data)
            if data:
                if ends and leaf.start in ends:
                    leaf = leaf._replace(end=ends[leaf.start])
                tokens((leaf, seal_bytes(data, "str" if is_text else type_word(value), ":".join(leaf[2]) + ":")))
        else:
            sealed.clear += 1
            if hash_clear:
                hashed(to_bytes(value))
    return sealed


def _seal_comment(leaf: Leaf, selection: Selection, sealer: Sealer) -> str:
    text = str(leaf.value).encode("utf-8", "surrogateescape")
    for _ in range(_DRAWS):
        token = sealer.seal_bytes(text, "comment", aad_of(leaf.path))
        if not selection.matches_comment(token):
            return token
        # A reader would take this token for the marker that it hides.
    (rule,) = selection.rules()
    raise ConfigError(
        f"{rule}: the pattern also matches encrypted comments (ENC[…]), and would take them for markers",
        hint='choose a pattern that is not part of them, or begin it with "^ ", the blank after "#"',
    )


_DRAWS = 1000
"""How often a comment is sealed again until the pattern of its rule does not match. It may match them all."""


def seal_document(
    document: Document,
    data_key: DataKey,
    metadata: Metadata,
    *,
    before: Document | None = None,
    comments: Comments = AS_FORMAT,
    memory: Memory | None = None,
    floats: Collection[Locator] = (),
    indent: int | None = None,
    allow_nothing: bool = False,
    read: ReadOptions = DEFAULT_READ,
    keep: KeepMAC | None = None,
) -> bytes:
    """Seal a plain document and add its metadata. `before` is the sealed file that it was, if it was one.

    `keep` may have a MAC and a digest of the structure that hold for it already. Raises `RefusedError` where the result
    is beyond the limits in `read`.
    """
    sealer = Sealer(data_key.reveal())
    refuse_exposed(document, metadata.selection, before, comments)
    if (laid_out := document.laid_out(indent, before)) is not None:
        from leafseal.operations import layout  # which most files do without

        layout.refuse_other_choice(document, laid_out, metadata.selection)
        parts = layout.seal_layout(document, laid_out, sealer, layout.remembered(metadata))
        document = laid_out
    ends = ends_with_tails(document, metadata.selection, comments)
    if memory is None:
        sealed, kept = seal_leaves(document, metadata.selection, sealer, ends), list[Kept]()
    else:
        sealed, kept = seal_again(document, metadata.selection, sealer, memory, floats, ends)
    if not allow_nothing:
        refuse_nothing_sealed(sealed.tokens or kept, sealed.clear, metadata.selection)
    edits, spellings = document.seal_edits(sealed.tokens, [leaf for leaf, _, _ in kept])
    known = memory.spellings if memory else None
    if known:
        spellings = [*spellings, *((token, known[token][0]) for _, token, _ in kept if token in known)]
    metadata = _remembering(metadata, document, seal_spellings(spellings, sealer, known))
    if laid_out is not None:
        metadata = layout.with_layout(metadata, parts)
    metadata = with_mac(metadata, sealed.hashed, sealer) if keep is None else keep.mac(metadata, sealed.hashed, sealer)
    covers = has_structure(document.format) and not read.omit_structure
    if not covers:
        metadata = metadata._replace(structure="")
    elif before is None and document.keeps_places() and not (ends or read.allow_duplicates):
        metadata = with_structure(metadata, Foreseen(document, sealed.tokens), data_key)
        data = document.rewrite(edits, metadata.to_mapping(), indent)
        texts = [*(token for _, token in sealed.tokens), *metadata.spelling.values()]
        if not is_within(read.limits, data, document.leaves(), texts):
            scan_sealed(data, document.format, read)
        return data
    mapping = mapping_over(before.metadata() if before else None, metadata)
    data = document.rewrite([*edits, *(edit for _, _, edit in kept)], mapping, indent, before)
    if not covers:
        return data
    written = scan_sealed(data, document.format, read)
    covered = None if keep is None else keep.structure(metadata, written, sealer)
    mapping = mapping_over(written.metadata(), covered or with_structure(metadata, written, data_key))
    return written.rewrite([], mapping, indent)


def scan_sealed(data: bytes, format_name: str, read: ReadOptions) -> Document:
    """Scan a file that was just sealed. Raises `RefusedError` where it is beyond the limits for plain files."""
    try:
        return parse(data, format_name, read, sealed=True)
    except FormatError as error:
        raise RefusedError(f"decrypt would refuse the encrypted file: {error.message}", hint=error.hint) from None


def has_structure(format_name: str) -> bool:
    """Tell whether a file of a format has anything but its one value."""
    return not FORMATS[format_name].tree_format


def with_structure(metadata: Metadata, document: Document | Foreseen, data_key: DataKey) -> Metadata:
    """Return metadata with the digest of a sealed document's structure, bound to the MAC that they have."""
    key = data_key.reveal()
    marks = hand_edits.marks(document, metadata, key)
    digest = structure.digest(document, metadata.selection, metadata.memory)
    block = seal_block(digest, marks, metadata.mac, Sealer(key))
    return metadata._replace(structure=block)


def refuse_nothing_sealed(sealed: Sequence[object], clear: int, selection: Selection) -> None:
    """Raise `NothingSealedError` where a file has values and the rule seals none of them."""
    if clear and not sealed:
        from leafseal.operations.consent import nothing_sealed, option_for  # only failures need it

        doubt = nothing_sealed(selection)
        raise NothingSealedError(doubt.what, hint=doubt.hint_for(option_for))


_OF_DOCUMENTS = ("byte_order_mark", "layout", "line_ends", "root")
"""What a document remembers of itself; a new form of it says again whether that is still so."""


def _remembering(metadata: Metadata, document: Document, spellings: Mapping[str, str]) -> Metadata:
    extra = dict(metadata.extra)
    had = extra.pop("leafseal", None)
    ours = {name: value for name, value in had.items() if name not in _OF_DOCUMENTS} if isinstance(had, dict) else {}
    ours.update(document.remember())
    if ours:
        extra["leafseal"] = ours
    return metadata._replace(spelling=spellings, extra=extra)


def with_mac(metadata: Metadata, hashed: Sequence[bytes], sealer: Sealer, time: str | None = None) -> Metadata:
    """Return metadata with the time of now, or another one, and the MAC over the byte forms."""
    time = time or now()
    digest = mac.digest(hashed, mac_only_encrypted=metadata.selection.mac_only_encrypted)
    return metadata.with_mac(sealer.seal_bytes(digest.encode(), "str", time), time)


def seal_again(
    document: Document,
    selection: Selection,
    sealer: Sealer,
    memory: Memory,
    floats: Collection[Locator],
    ends: Mapping[int, int],
) -> tuple[SealedLeaves, list[Kept]]:
    """Seal the leaves of an edited document; return also the edits for those that keep their sealed text."""
    sealed = SealedLeaves()
    chosen: list[tuple[Leaf, Key]] = []
    for leaf in document.leaves():
        value = leaf.value
        if value is None or isinstance(value, Empty) or value == "":
            continue
        selected = selection.selects(leaf)
        if ends and selected and leaf.start in ends:
            leaf = leaf._replace(end=ends[leaf.start])
        data = str(value).encode("utf-8", "surrogateescape") if leaf.is_comment else to_bytes(value)
        if not leaf.is_comment and (selected or not selection.mac_only_encrypted):
            sealed.hashed.append(data)
        if selected and data:
            word = "comment" if leaf.is_comment else type_word(value)
            if word == "int" and leaf.locator in floats and leaf.document == 0:
                word = "float"
            key = (aad_of(leaf.path), word, data)
            chosen.append((leaf, memory.key(leaf, document.text[leaf.start : leaf.end], key)))
        elif leaf.is_comment and leaf.start in ends:
            sealed.tokens.append((leaf, ""))
        elif not leaf.is_comment:
            sealed.clear += 1
    given = memory.assign(chosen)
    kept: list[Kept] = []
    for position, (leaf, (aad, word, data)) in enumerate(chosen):
        old = given.get(position)
        if old is None:
            token = _seal_comment(leaf, selection, sealer) if leaf.is_comment else sealer.seal_bytes(data, word, aad)
            sealed.tokens.append((leaf, token))
        elif (
            old.shown == document.text[leaf.start : leaf.end]
            and old.context == document.context(leaf)
            and old.sealed.count("ENC[") == 1
        ):
            kept.append((leaf, old.token, Edit(leaf.start, leaf.end, old.sealed)))
        else:
            sealed.tokens.append((leaf, old.token))
    return sealed, kept
