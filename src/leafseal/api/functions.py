"""Functions that read and write whole files, in one call each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from leafseal.api import arguments
from leafseal.api.arguments import StrPath
from leafseal.api.border import border
from leafseal.api.opening import as_dict, chosen_document, item_of, open_data, open_path
from leafseal.api.values import documents
from leafseal.document.limits import DEFAULT_LIMITS, Limits, ReadOptions
from leafseal.errors import ConfigError, NothingSealedError, UsageError, naming
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Failed, open_all
from leafseal.operations.encrypt import encrypt as encrypt_file
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection

Timestamps = Literal["timestamp", "datetime"]


@border
def load(
    path: StrPath,
    *,
    format: str | None = None,  # noqa: A002
    document: int | None = None,
    timestamps: Timestamps = "timestamp",
    require_structure: bool = False,
    ambient: Ambient | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Any]:
    """Return the decrypted values of a file as plain dicts, lists and scalars.

    The format is that of the file's name unless one is given. Of several YAML documents, `document` says which, from 0;
    without it the first is returned, if leafseal wrote the file last. See `SealedFile.documents` for all. A timestamp
    is a `Timestamp`; with `timestamps="datetime"` it is a `datetime` in the zone that the file gives, or a `date`. With
    `require_structure` a file is refused whose structure no digest covers (docs/format.md).

    Raises `LeafsealError`: `MissingFileError` (a `FileNotFoundError`) where there is no file, `NotEncryptedError` for a
    plain file, `DataKeyError` where no identity fits, `IntegrityError`, `MACMismatchError` or `StructureMismatchError`
    where the file is damaged, `RefusedError` where one of several documents must be named.
    """
    name, number = arguments.path_text(path), arguments.document_number(document)
    datetimes = arguments.wants_datetimes(timestamps)
    read = ReadOptions(arguments.of_type("limits", limits, Limits), require_structure=require_structure)
    _, opened = open_path(name, format, ambient, read)
    with naming(name):
        return as_dict(chosen_document(opened, documents(opened, datetimes=datetimes), number))


@border
def loads(
    data: bytes | str,
    *,
    format: str,  # noqa: A002
    document: int | None = None,
    timestamps: Timestamps = "timestamp",
    require_structure: bool = False,
    ambient: Ambient | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Any]:
    """Return the decrypted values of the text of a file in the named format, as `load` does."""
    number, datetimes = arguments.document_number(document), arguments.wants_datetimes(timestamps)
    read = ReadOptions(arguments.of_type("limits", limits, Limits), require_structure=require_structure)
    opened = open_data(data, format, ambient, read)
    return as_dict(chosen_document(opened, documents(opened, datetimes=datetimes), number))


@border
def encrypt(
    data: bytes | str,
    *,
    format: str,  # noqa: A002
    recipients: str | Sequence[str | MasterKey] | None = None,
    groups: Sequence[str | Sequence[str | MasterKey]] | None = None,
    threshold: int = 0,
    selection: Selection | None = None,
    allow_nothing_sealed: bool = False,
    allow_tokens: bool = False,
    structure: bool = True,
    ambient: Ambient | None = None,
) -> bytes:
    """Return the encrypted form of a plain file. Text is encoded as UTF-8.

    `recipients` are age recipients (`age1…`) or master keys, any one of which will open the file; `groups` are several
    such lists, of which `threshold` must open (0: all). `selection` says what is sealed: everything but what is under
    names that end in `_unencrypted` unless said otherwise. A rule that seals nothing in a file with values is refused
    without `allow_nothing_sealed`. A text that holds encrypted values already (`ENC[…]`) is refused without
    `allow_tokens`: most are encrypted files that lost their metadata. Without `structure` no digest of the structure is
    written, which SOPS does not know.

    Raises `AlreadyEncryptedError`, `FormatError`, `RefusedError`, `ConfigError`, `ProviderError`.
    """
    if (recipients is None) == (groups is None):
        raise UsageError("either recipients or groups must be given")
    if not isinstance(threshold, int):
        raise UsageError("threshold must be a whole number")
    plain = arguments.data_bytes(data)
    keys = [_group(group) for group in ([recipients or ()] if groups is None else groups)]
    if not keys:
        raise ConfigError("no key groups provided", hint="name a recipient: pass recipients=[…]")
    rule = Selection() if selection is None else arguments.of_type("selection", selection, Selection, _SELECTION_HINT)
    around = arguments.ambient_or_own(ambient)
    read = ReadOptions(omit_structure=not structure)
    try:
        product = encrypt_file(
            plain,
            arguments.format_name(format),
            keys,
            threshold,
            rule,
            around,
            read=read,
            allow_nothing=allow_nothing_sealed,
            allow_tokens=allow_tokens,
        )
    except NothingSealedError as error:
        from leafseal.operations.consent import nothing_sealed

        raise error.with_hint(nothing_sealed(rule).hint_for(lambda name: f"pass {name}=True")) from None
    product.check(product.data)
    return product.data


_SELECTION_HINT = 'pass Selection(encrypted_regex="…"), for instance'


def _group(given: object) -> list[MasterKey]:
    """Return the master keys of one group; one recipient alone is a group too."""
    if isinstance(given, str | MasterKey):
        given = [given]
    if not isinstance(given, Iterable):
        raise UsageError("recipients must be age recipients (text) or master keys, several of them in a list")
    return [key for item in given for key in _master_keys(item)]


def _master_keys(item: object) -> Sequence[MasterKey]:
    from leafseal.keys.registry import parse_recipients

    if isinstance(item, str):
        return parse_recipients("age", item)
    if not isinstance(item, MasterKey):
        raise UsageError("recipients must be age recipients (text) or master keys")
    return [item]


@border
def decrypt(
    data: bytes | str,
    *,
    format: str,  # noqa: A002
    require_structure: bool = False,
    ambient: Ambient | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Return the plain file that `encrypt` was given, to the byte."""
    read = ReadOptions(arguments.of_type("limits", limits, Limits), require_structure=require_structure)
    return open_data(data, format, ambient, read).plaintext()


@border
def open_many(
    paths: Iterable[StrPath],
    *,
    timestamps: Timestamps = "timestamp",
    require_structure: bool = False,
    ambient: Ambient | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, dict[str, Any]]:
    """Return the decrypted values of many files, by path as given; equal wrapped keys are unwrapped once.

    Raises the first error, which names its file, when any of them does not open, as `load` does without `document`.
    """
    datetimes = arguments.wants_datetimes(timestamps)
    read = ReadOptions(arguments.of_type("limits", limits, Limits), require_structure=require_structure)
    items = [item_of(arguments.path_text(path), limits) for path in arguments.paths(paths)]
    ring = KeyRing(arguments.ambient_or_own(ambient))
    values: dict[str, dict[str, Any]] = {}

    def read_one(_: object, opened: Opened) -> dict[str, Any]:
        return as_dict(chosen_document(opened, documents(opened, datetimes=datetimes), None))

    for outcome in open_all(items, ring, read_one, read=read):
        if isinstance(outcome, Failed):
            raise outcome.error
        values[outcome.item.name] = outcome.result
    return values
