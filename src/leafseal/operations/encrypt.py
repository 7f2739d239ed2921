"""Encrypt a plain file: a new data key, wrapped for its groups, and every selected leaf sealed under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leafseal.crypto.shamir import MAX_SHARES
from leafseal.crypto.token import Sealer
from leafseal.document import Document, Leaf
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.paths import format_path
from leafseal.document.tree import build
from leafseal.errors import (
    AlreadyEncryptedError,
    ConfigError,
    FormatError,
    LeafsealError,
    MetadataError,
    NotEncryptedError,
    RefusedError,
)
from leafseal.formats import ANY_BYTES, FORMATS, parse
from leafseal.keys import Ambient
from leafseal.keys.groups import DataKey, check_count, resolve_threshold, wrap_data_key
from leafseal.metadata import Metadata
from leafseal.operations.clear_text import Comments, refuse_exposed
from leafseal.operations.convert import emit_sealed
from leafseal.operations.open import NO_TEXT, Source, held_to_policy, read_metadata
from leafseal.operations.product import FORMAT_VERSION, Groups, Product
from leafseal.operations.seal import (
    has_structure,
    refuse_nothing_sealed,
    scan_sealed,
    seal_document,
    seal_leaves,
    with_mac,
)
from leafseal.rules.selection import Selection
from leafseal.system.clock import now
from leafseal.system.directories import is_watched

Review = Callable[[Document, Selection], None]


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
    read: ReadOptions = DEFAULT_READ,
    allow_nothing: bool = False,
    allow_tokens: bool = False,
    comments: str | None = None,
    review: Review | None = None,
    name: str = "",
    path: str | None = None,
) -> Product:
    """Return the file with every selected leaf sealed under a new data key.

    `threshold` of 0 with several groups means all of them. Raises `AlreadyEncryptedError` where metadata or a token
    stands already (a token with `allow_tokens` may), `RefusedError` where the rule seals nothing although the file has
    a value (unless `allow_nothing`). `comments` says what becomes of those beside sealed values. At the end `review` is
    shown the plain document and the rule. `name` and `path` are those of the file, for an audit log, which knows of it
    before the result is let out: raises `AuditError` where it cannot.
    """
    read = held_to_policy(read, ambient)
    document = parse(data, format_name, read)
    refuse_reserved(document, output_format or format_name)
    if not allow_tokens:
        refuse_encrypted_binary(data, format_name, read)
        refuse_tokens(data)
    if FORMATS[format_name].tree_format:
        selection = Selection()  # the one leaf is always sealed
    check_count(groups, read.limits.recipients)
    if not 0 <= threshold <= MAX_SHARES:
        raise ConfigError(f"a threshold must be from 0 (all key groups) to {MAX_SHARES}")
    data_key = DataKey.generate()
    wrapped = wrap_data_key(data_key, groups, threshold, ambient, now())
    metadata = Metadata(
        groups=wrapped,
        threshold=resolve_threshold(len(wrapped), threshold),
        selection=selection,
        version=FORMAT_VERSION,
        states_rule=not FORMATS[format_name].tree_format,
    )
    if output_format is not None and output_format != format_name:
        written = FORMATS[output_format].tree_format or output_format
        sealed = _seal_converted(document, data_key, metadata, written, indent, read, allow_nothing, comments)
        product = Product(sealed, written, data_key, None, read)
    else:
        sealed = seal_document(
            document,
            data_key,
            metadata,
            comments=Comments(comments),
            indent=indent,
            allow_nothing=allow_nothing,
            read=read,
        )
        product = Product(sealed, format_name, data_key, data, read)
    if read.omit_structure or not has_structure(product.format):
        refuse_unreadable(sealed, product.format, read)
    if review is not None:
        review(document, selection)
    if is_watched(ambient.environ, ambient.home_text):
        from leafseal.audit.access import report_encryption  # most people have no audit log

        report_encryption(name, path, groups, ambient)
    return product


def is_encrypted(source: Source, read: ReadOptions = DEFAULT_READ, *, if_damaged: bool = False) -> bool:
    """Tell whether a file is an encrypted one, with metadata; `if_damaged` answers for one that cannot be read."""
    if b"sops" not in source.data:
        return False
    try:
        read_metadata(source.data, source.format, read)
    except NotEncryptedError:
        return False
    except LeafsealError:
        return if_damaged
    return True


def refuse_unreadable(sealed: bytes, format_name: str, read: ReadOptions) -> None:
    """Raise `RefusedError` where an encrypted file is beyond the limits with which the plain one was read."""
    if len(sealed) <= min(read.limits.file_bytes, read.limits.scalar_bytes):
        return  # nothing in it can be too long
    scan_sealed(sealed, format_name, read)


def refuse_reserved(document: Document, output_format: str) -> None:
    """Raise `AlreadyEncryptedError` where the reserved name stands at the top of a file to be sealed."""
    try:
        reserved = document.metadata() is not None
    except MetadataError:
        reserved = True  # whatever stands in its place
    prefix = FORMATS[output_format].reserved_prefix
    if prefix and not reserved and output_format != document.format:  # whose own names with it are metadata
        reserved = any(leaf.path and leaf.path[0].startswith(prefix) for leaf in document.leaves())
    if reserved:
        raise AlreadyEncryptedError(
            "already encrypted, or a plain file with a top-level key 'sops'",
            hint='to change an encrypted file, use "leafseal edit"; in a plain file, rename the key',
        )


def is_text(data: bytes) -> bool:
    """Tell whether bytes are text, which may have been meant as a file of values."""
    try:
        return b"\0" not in data and bool(data.decode())
    except UnicodeDecodeError:
        return False


def marks_taken_off(data: bytes, format_name: str) -> list[str]:
    """Return what is to be told of what Windows added to a plain file, where SOPS would take it for text."""
    if not FORMATS[format_name].has_marks or not (b"\r\n" in data or data.startswith(b"\xef\xbb\xbf")):
        return []
    from leafseal.formats.dotenv import marks_of

    marks = marks_of(data)
    told: list[str] = []
    if marks.crlf:
        told.append("Windows line ends (CR LF) are not part of the values; sops would encrypt a CR with each value")
    if marks.byte_order_mark:
        told.append("the byte order mark (BOM) is not part of the first key name; sops would make it part of it")
    return told


def refuse_encrypted_binary(data: bytes, format_name: str, read: ReadOptions = DEFAULT_READ) -> None:
    """Raise `AlreadyEncryptedError` for an encrypted file that would be sealed again as bytes like any others."""
    if format_name != ANY_BYTES or not holds_tokens(data):
        return
    try:
        is_encrypted = parse(data, format_name, read, sealed=True).metadata() is not None
    except (FormatError, MetadataError, NotEncryptedError):
        is_encrypted = False
    if is_encrypted:
        raise AlreadyEncryptedError(
            "already encrypted", hint=f'to change it, use "leafseal edit"; to encrypt it again, add {ALLOW_TOKENS}'
        )


def holds_tokens(data: bytes) -> bool:
    """Tell whether a text holds a whole token, as an encrypted file does that lost its metadata or its name."""
    if b"ENC[AES256_GCM,data:" not in data:
        return False
    import re  # hardly any plain file gets this far

    return re.search(rb"ENC\[AES256_GCM,data:[^,\]\s]*,iv:[^,\]\s]+,tag:[^,\]\s]+,type:[a-z]+\]", data) is not None


def refuse_tokens(data: bytes) -> None:
    """Raise `AlreadyEncryptedError` for a text that holds a token: it would be encrypted twice, and open once."""
    if holds_tokens(data):
        raise AlreadyEncryptedError(
            "contains values that are encrypted already (ENC[…])",
            hint=f"if it is an encrypted file that was damaged, restore it; to encrypt it as it is, add {ALLOW_TOKENS}",
        )


ALLOW_TOKENS = "--allow-tokens"


def _seal_converted(
    document: Document,
    data_key: DataKey,
    metadata: Metadata,
    output_format: str,
    indent: int | None,
    read: ReadOptions,
    allow_nothing: bool,
    comments: str | None,
) -> bytes:
    """Seal the leaves of one format and emit them in another: types stay those of the source."""
    sealer = Sealer(data_key.reveal())
    refuse_exposed(document, metadata.selection, comments=Comments(comments), keeps_layout=False)
    sealed = seal_leaves(document, metadata.selection, sealer)
    if not allow_nothing:
        refuse_nothing_sealed(sealed.tokens, sealed.clear, metadata.selection)
    if FORMATS[output_format].is_text_only and read.omit_structure and not read.any_types:
        _refuse_types(sealed.tokens, output_format)
    tokens = {id(leaf): token for leaf, token in sealed.tokens}
    tree = build((leaf, tokens.get(id(leaf), leaf.value)) for leaf in document.leaves())
    return emit_sealed(tree, with_mac(metadata, sealed.hashed, sealer), data_key, output_format, indent, read)


def _refuse_types(tokens: Sequence[tuple[Leaf, str]], output_format: str) -> None:
    """Raise `RefusedError` for a type that `decrypt` would refuse in a file of text without a digest."""
    for leaf, token in tokens:
        word = token[token.rfind(":") + 1 : -1]
        if word in NO_TEXT:
            raise RefusedError(
                f"{format_path(leaf.locator)}: would have the type {word} in {output_format}, whose values are text",
                hint="put the value in quotes, or leave out --no-structure",
            )
