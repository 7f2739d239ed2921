"""What can be done to a file, as bytes in and bytes out: encrypt, open, seal again, rotate, wrap again, convert.

Everything here works on the narrow faces of `Document`, `MasterKey` and `Selection`; which format and which provider
stand behind them, it does not know. Nothing here reads or writes files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import gmtime, strftime
from typing import Any

from leafseal.crypto import mac
from leafseal.crypto.spelling import entry_name, seal_spellings
from leafseal.crypto.token import Sealer
from leafseal.document import Document, Edit, Leaf, Locator, aad_of
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.document.tree import MappingNode, build
from leafseal.errors import AlreadyEncryptedError, IntegrityError, MetadataError, NothingSealedError
from leafseal.formats import emit, parse
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.groups import DataKey, resolve_threshold, wrap_data_key
from leafseal.metadata import Metadata
from leafseal.operations.edit import plain_with, plain_without
from leafseal.operations.memory import Key, Memory
from leafseal.operations.open import Opened, open_with, read_metadata
from leafseal.rules.selection import Selection

FORMAT_VERSION = "3.13.2"
"""The version of SOPS whose format is written; readers compare it with their own."""

Groups = Sequence[Sequence[MasterKey]]

Kept = tuple[Leaf, str, Edit]
"""A leaf whose sealed text is put back as it was, its token, and the edit that does it."""


@dataclass(frozen=True, slots=True)
class Product:
    """A new form of a file, and what it must open to."""

    data: bytes = field(repr=False)
    format: str
    data_key: DataKey = field(repr=False)
    expected: bytes | None = field(repr=False)  # the plain file, None where it has no plain form in this format
    limits: Limits = DEFAULT_LIMITS
    mac_ignored: bool = False
    allow_duplicates: bool = False

    def check(self, data: bytes) -> None:
        """Open what was read back from the disk and compare it with what it must hold, to the byte.

        Raises `IntegrityError` when it does not open, or opens to anything else: then the old file stays.
        """
        document, metadata = read_metadata(
            data, self.format, limits=self.limits, allow_duplicates=self.allow_duplicates
        )
        again = open_with(
            document,
            metadata,
            self.data_key,
            ignore_mac=self.mac_ignored,
            limits=self.limits,
            allow_duplicates=self.allow_duplicates,
        )
        if self.expected is not None and again.plaintext() != self.expected:
            raise IntegrityError(
                "what was to be written does not open to what it was made from; nothing was written",
                hint="this is a fault of leafseal: please report it, without the file's values",
            )


def now() -> str:
    """Return the time for `lastmodified` and `created_at`: UTC, in seconds."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())


# -- encrypt ---------------------------------------------------------------------------------------------------------


def encrypt(
    data: bytes,
    format_name: str,
    groups: Groups,
    threshold: int,
    selection: Selection,
    ambient: Ambient,
    *,
    output_format: str | None = None,
    indent: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    allow_nothing: bool = False,
) -> Product:
    """Return the file with every selected leaf sealed under a new data key.

    `threshold` of 0 with several groups means all of them. Raises `AlreadyEncryptedError` where metadata stands
    already, `RefusedError` where the rule seals nothing although the file has a value (unless `allow_nothing`).
    """
    document = parse(data, format_name, limits=limits)
    refuse_reserved(document, output_format or format_name)
    if format_name == "binary":
        selection = Selection()  # the one leaf is always sealed
    data_key = DataKey.generate()
    wrapped = wrap_data_key(data_key, groups, threshold, ambient, now())
    metadata = Metadata(
        groups=wrapped,
        threshold=resolve_threshold(len(wrapped), threshold),
        selection=selection,
        version=FORMAT_VERSION,
        states_rule=format_name != "binary",
    )
    if output_format not in (None, format_name):
        # As a binary file, the tree of another format is written as SOPS does: as JSON.
        written = "json" if output_format == "binary" else str(output_format)
        sealed = _seal_converted(document, data_key, metadata, written, indent, limits, allow_nothing)
        return Product(sealed, written, data_key, None, limits)
    sealed = _seal(document, data_key, metadata, indent=indent, allow_nothing=allow_nothing)
    return Product(sealed, format_name, data_key, data, limits)


def refuse_reserved(document: Document, output_format: str) -> None:
    """Raise `AlreadyEncryptedError` where the reserved name stands at the top of a file to be sealed."""
    try:
        reserved = document.metadata() is not None
    except MetadataError:
        reserved = True  # whatever stands in its place
    if output_format == "dotenv" and not reserved:
        reserved = any(leaf.path and leaf.path[0].startswith("sops_") for leaf in document.leaves())
    if reserved:
        raise AlreadyEncryptedError(
            "has a top-level entry called 'sops', as an encrypted file does",
            hint='to change an encrypted file use "leafseal edit"; in a plain file rename the entry',
        )


@dataclass(slots=True)
class _Sealed:
    """The tokens for a document, and the byte forms under the MAC."""

    tokens: list[tuple[Leaf, str]] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)  # with a memory only: what each token holds
    hashed: list[bytes] = field(default_factory=list)
    clear: int = 0  # values that stay readable


def _seal_leaves(document: Document, selection: Selection, sealer: Sealer) -> _Sealed:
    sealed = _Sealed()
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
        elif selected:
            # Nearly all are text: encoded here, without a call.
            is_text = value.__class__ is str
            data = value.encode() if is_text else to_bytes(value)
            hashed(data)
            if data:
                tokens((leaf, seal_bytes(data, "str" if is_text else type_word(value), ":".join(leaf[2]) + ":")))
        else:
            sealed.clear += 1
            if hash_clear:
                hashed(to_bytes(value))
    return sealed


def _seal_comment(leaf: Leaf, selection: Selection, sealer: Sealer) -> str:
    text = str(leaf.value).encode("utf-8", "surrogateescape")
    while selection.matches_comment(token := sealer.seal_bytes(text, "comment", aad_of(leaf.path))):
        pass  # A reader would take this token for the marker that it hides.
    return token


def _seal(
    document: Document,
    data_key: DataKey,
    metadata: Metadata,
    *,
    memory: Memory | None = None,
    floats: Collection[Locator] = (),
    indent: int | None = None,
    allow_nothing: bool = False,
) -> bytes:
    """Seal a plain document and add its metadata."""
    sealer = Sealer(data_key.reveal())
    if memory is None:
        sealed, kept = _seal_leaves(document, metadata.selection, sealer), list[Kept]()
    else:
        sealed, kept = _seal_again(document, metadata.selection, sealer, memory, floats)
    if not allow_nothing:
        refuse_nothing_sealed(sealed.tokens or kept, sealed.clear, metadata.selection)
    edits, spellings = document.seal_edits(sealed.tokens, [leaf for leaf, _, _ in kept])
    known = memory.spellings if memory else None
    if known:
        spellings = [*spellings, *((token, known[token][0]) for _, token, _ in kept if token in known)]
    metadata = _remembering(metadata, document, seal_spellings(spellings, sealer, known))
    metadata = _with_mac(metadata, sealed.hashed, sealer)
    return document.rewrite([*edits, *(edit for _, _, edit in kept)], metadata.to_mapping(), indent)


def refuse_nothing_sealed(sealed: Sequence[object], clear: int, selection: Selection) -> None:
    """Raise `NothingSealedError` where a file has values and the rule seals none of them."""
    if clear and not sealed:
        raise NothingSealedError(
            f"the rule seals nothing in this file: {selection.describe()}",
            hint="correct the rule; --allow-nothing-sealed writes the file as it is",
        )


def _remembering(metadata: Metadata, document: Document, spellings: Mapping[str, str]) -> Metadata:
    extra = dict(metadata.extra)
    had = extra.pop("leafseal", None)
    ours = {name: value for name, value in had.items() if name != "root"} if isinstance(had, dict) else {}
    ours.update(document.remember())
    if ours:
        extra["leafseal"] = ours
    return replace(metadata, spelling=spellings, extra=extra)


def _with_mac(metadata: Metadata, hashed: Sequence[bytes], sealer: Sealer) -> Metadata:
    time = now()
    digest = mac.digest(hashed, mac_only_encrypted=metadata.selection.mac_only_encrypted)
    return metadata.with_mac(sealer.seal_bytes(digest.encode(), "str", time), time)


def _seal_converted(
    document: Document,
    data_key: DataKey,
    metadata: Metadata,
    output_format: str,
    indent: int | None,
    limits: Limits,
    allow_nothing: bool,
) -> bytes:
    """Seal the leaves of one format and emit them in another: types stay those of the source."""
    sealer = Sealer(data_key.reveal())
    sealed = _seal_leaves(document, metadata.selection, sealer)
    if not allow_nothing:
        refuse_nothing_sealed(sealed.tokens, sealed.clear, metadata.selection)
    tokens = {id(leaf): token for leaf, token in sealed.tokens}
    tree = build((leaf, tokens.get(id(leaf), leaf.value)) for leaf in document.leaves())
    return _emit_sealed(tree, _with_mac(metadata, sealed.hashed, sealer), output_format, indent, limits)


def _emit_sealed(
    tree: Sequence[MappingNode], metadata: Metadata, output_format: str, indent: int | None, limits: Limits
) -> bytes:
    """Return a tree whose selected leaves are tokens as a file of another format."""
    written = parse(emit(tree, output_format, indent=indent), output_format, limits=limits, sealed=True)
    return written.rewrite([], metadata.to_mapping(), indent)


# -- change ----------------------------------------------------------------------------------------------------------


def reseal(
    opened: Opened, plain: bytes, *, selection: Selection | None = None, floats: Collection[Locator] = ()
) -> Product:
    """Return `plain`, an edited form of the opened file, sealed under the same data key.

    What did not change keeps its token to the byte; `lastmodified` and the MAC are new. With `selection` the file gets
    another rule. `floats` are places of the first document whose numbers are floats also where their text, such as
    `5`, is that of an integer.
    """
    document = parse(plain, opened.document.format, limits=opened.limits)
    refuse_reserved(document, document.format)
    metadata = opened.metadata if selection is None else replace(opened.metadata, selection=selection)
    stored = opened.metadata.spelling
    entries = {token: (source, stored[entry_name(token)]) for token, source in opened.spellings.items()}
    edits = opened.edits()
    contexts = [opened.document.context(item.leaf) for item in opened.opening.opened]
    memory = Memory(opened.document.text, opened.opening.opened, edits, contexts, entries)
    data = _seal(
        document,
        opened.data_key,
        metadata,
        memory=memory,
        floats=frozenset(floats),
        indent=opened.document.block_indent,
        allow_nothing=selection in (None, opened.metadata.selection),
    )
    return Product(data, document.format, opened.data_key, plain, opened.limits)


def _seal_again(
    document: Document, selection: Selection, sealer: Sealer, memory: Memory, floats: Collection[Locator]
) -> tuple[_Sealed, list[Kept]]:
    """Seal the leaves of an edited document; return also the edits for those that keep their sealed text."""
    sealed = _Sealed()
    chosen: list[tuple[Leaf, Key]] = []
    for leaf in document.leaves():
        value = leaf.value
        if value is None or isinstance(value, Empty) or value == "":
            continue
        selected = selection.selects(leaf)
        data = str(value).encode("utf-8", "surrogateescape") if leaf.is_comment else to_bytes(value)
        if not leaf.is_comment and (selected or not selection.mac_only_encrypted):
            sealed.hashed.append(data)
        if selected and data:
            word = "comment" if leaf.is_comment else type_word(value)
            if word == "int" and leaf.locator in floats and leaf.document == 0:
                word = "float"
            key = (aad_of(leaf.path), word, data)
            chosen.append((leaf, memory.key(leaf, document.text[leaf.start : leaf.end], key)))
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


def set_leaf(opened: Opened, locator: Locator, value: object) -> Product:
    """Return the file with `value` stored at `locator` of the first document, and nothing else moved."""
    return reseal(opened, plain_with(opened, locator, value))


def unset_leaf(opened: Opened, locator: Locator) -> Product:
    """Return the file without what stands at `locator` of the first document."""
    return reseal(opened, plain_without(opened, locator))


# -- keys ------------------------------------------------------------------------------------------------------------


def rotate(opened: Opened, groups: Groups, threshold: int, ambient: Ambient) -> Product:
    """Return the file under a new data key: every token is new, everything else stands as it stood."""
    data_key = DataKey.generate()
    wrapped = wrap_data_key(data_key, groups, threshold, ambient, now(), previous=opened.metadata.groups)
    sealer = Sealer(data_key.reveal())
    tokens: list[tuple[Leaf, str]] = []
    spellings: list[tuple[str, str]] = []
    for leaf, _, data, word, aad in opened.opening.opened:
        token = sealer.seal_bytes(data, word, aad)
        tokens.append((leaf, token))
        if (source := opened.spellings.get(str(leaf.value))) is not None:
            spellings.append((token, source))
    metadata = opened.metadata.with_groups(wrapped, resolve_threshold(len(wrapped), threshold))
    metadata = metadata.with_spelling(seal_spellings(spellings, sealer))
    metadata = _with_mac(metadata, opened.opening.hashed, sealer)
    data = opened.document.rewrite(_replacements(opened.document, tokens), metadata.to_mapping())
    return _unchanged(opened, data, data_key)


def _replacements(document: Document, tokens: Sequence[tuple[Leaf, str]]) -> list[Edit]:
    """Return the edits that put new tokens where old ones stand, quotes and headers untouched."""
    edits = []
    for leaf, token in tokens:
        source, old = document.text[leaf.start : leaf.end], str(leaf.value)
        start = leaf.start + source.find(old)
        if old not in source:
            raise IntegrityError("a token is spelled in a way that cannot be replaced in place", path=leaf.path)
        edits.append(Edit(start, start + len(old), token))
    return edits


def rewrap(opened: Opened, groups: Groups, threshold: int, ambient: Ambient, *, keep_dates: bool = False) -> Product:
    """Return the file with the same data key wrapped for other groups: leaves, time and MAC stand as they stood.

    With `keep_dates` the keys that stay keep the date they were added at, as with `rotate`; else all are dated now.
    """
    previous = opened.metadata.groups if keep_dates else ()
    wrapped = wrap_data_key(opened.data_key, groups, threshold, ambient, now(), previous=previous)
    metadata = opened.metadata.with_groups(wrapped, resolve_threshold(len(wrapped), threshold))
    return _unchanged(opened, opened.document.rewrite([], metadata.to_mapping()), opened.data_key)


def _unchanged(opened: Opened, data: bytes, data_key: DataKey) -> Product:
    """Return new bytes for a file that opens to what it opened to."""
    return Product(
        data,
        opened.document.format,
        data_key,
        opened.plaintext(),
        opened.limits,
        opened.mac_ignored,
        opened.allow_duplicates,
    )


def seal_beside(opened: Opened, data: bytes) -> bytes:
    """Return any bytes as a binary file under the data key and the wrapped keys of an opened file."""
    document = parse(data, "binary", limits=opened.limits)
    metadata = Metadata(
        groups=opened.metadata.groups,
        threshold=opened.metadata.threshold,
        version=FORMAT_VERSION,
        states_rule=False,
    )
    return _seal(document, opened.data_key, metadata, allow_nothing=True)


# -- convert ---------------------------------------------------------------------------------------------------------


def convert(opened: Opened, output_format: str, *, indent: int | None = None) -> bytes:
    """Return the values in another format, as that format's emitter writes them; only YAML holds several documents."""
    return emit(opened.documents(), output_format, indent=indent)


def reformat(product: Product, output_format: str, *, indent: int | None = None) -> Product:
    """Return a sealed file in another format: tokens, recipients and MAC are what they were.

    Spellings of values are of the old format and go. Raises `EmitError` for what the format cannot hold.
    """
    document, metadata = read_metadata(product.data, product.format, limits=product.limits)
    tree = build((leaf, leaf.value) for leaf in document.leaves())
    plain = metadata.with_spelling({})
    written = "json" if output_format == "binary" else output_format
    data = _emit_sealed(tree, replace(plain, extra={}), written, indent, product.limits)
    return replace(product, data=data, format=written, expected=None)
