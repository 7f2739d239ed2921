"""The library: read settings in-process, and change encrypted files from a program.

Everything the command line does to a file is done by the same operations, with the same checks: a file is let out only
when every tag and its MAC verify. Identities are found where SOPS finds them; pass `ambient` to say otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from leafseal.document.limits import DEFAULT_LIMITS, Limits, ReadOptions
from leafseal.document.tree import MappingNode, to_python
from leafseal.errors import (
    FormatError,
    LeafsealError,
    NothingSealedError,
    UnforeseenError,
    UsageError,
    memory_error,
    naming,
)
from leafseal.formats import recognize
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Failed, Item, open_all
from leafseal.operations.edit import Draft, draft_with, draft_without
from leafseal.operations.encrypt import encrypt as encrypt_file
from leafseal.operations.extract import document_of, locate, part_at
from leafseal.operations.open import Opened, Source, open_file
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection
from leafseal.system.directories import has_policy
from leafseal.system.files import replace
from leafseal.system.reading import Snapshot, read

if TYPE_CHECKING:
    from leafseal.operations.consent import Consent, Guard  # only a policy asks for them

StrPath = str | os.PathLike[str]

P = ParamSpec("P")
T = TypeVar("T")


def _guarded(function: Callable[P, T]) -> Callable[P, T]:
    """Let nothing out of a function but `LeafsealError`, alone: what it came of may hold the file.

    An exception goes into logs and to services that collect errors, with all that hangs on it. `UnicodeEncodeError`
    holds the text that it choked on, `KeyError` the key, and so on.
    """

    @wraps(function)
    def guarded(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return function(*arguments, **named)
        except (LeafsealError, KeyboardInterrupt) as error:
            _forget_origin(error)
            raise
        except Exception as error:
            unforeseen = memory_error() if isinstance(error, MemoryError) else _unforeseen(error)
            if unforeseen is None:
                raise
        raise unforeseen  # outside of the handler, so that it has no context

    return guarded


def _forget_origin(error: BaseException) -> None:
    """Take away what an error came of, but for errors of ours and of the system."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if not isinstance(current.__cause__, LeafsealError | OSError):
            current.__cause__ = None
        current.__context__ = None
        current.__suppress_context__ = True
        current = current.__cause__


def _unforeseen(error: Exception) -> UnforeseenError | None:
    """Return what takes the place of an exception that is none of ours; None for a call that does not fit."""
    place = error.__traceback__ and error.__traceback__.tb_next
    if place is None:
        return None  # the arguments do not go with the signature; nothing was done yet
    while place.tb_next is not None:
        place = place.tb_next
    where = f"{os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}"
    return UnforeseenError(
        f"unforeseen {type(error).__name__} at {where}",
        hint="check the types of the arguments; if they are right, report this fault, without the file's values",
    )


@_guarded
def load(
    path: StrPath,
    *,
    format: str | None = None,  # noqa: A002
    document: int | None = None,
    require_structure: bool = False,
    ambient: Ambient | None = None,
) -> dict[str, Any]:
    """Return the decrypted values of a file as plain dicts, lists and scalars.

    The format is that of the file's name unless one is given. Of several YAML documents, `document` says which, from 0;
    without it the first is returned, if leafseal wrote the file last. See `SealedFile.documents` for all. A timestamp
    stays a `Timestamp`, which `to_datetime` converts. With `require_structure` a file is refused whose structure no
    digest covers (docs/format.md).

    Raises `LeafsealError`: `NotEncryptedError` for a plain file, `DataKeyError` where no identity fits,
    `IntegrityError`, `MACMismatchError` or `StructureMismatchError` where the file is damaged, `RefusedError` where one
    of several documents must be named.
    """
    read = ReadOptions(require_structure=require_structure)
    with naming(os.fspath(path)):
        return _mapping(_document(_opened(os.fspath(path), format, ambient, read)[1], document))


@_guarded
def loads(
    data: bytes | str,
    *,
    format: str,  # noqa: A002
    document: int | None = None,
    require_structure: bool = False,
    ambient: Ambient | None = None,
) -> dict[str, Any]:
    """Return the decrypted values of the text of a file in the named format, as `load` does."""
    read = ReadOptions(require_structure=require_structure)
    opened = _open(data.encode() if isinstance(data, str) else data, format, ambient, read)
    return _mapping(_document(opened, document))


@_guarded
def encrypt(
    data: bytes,
    *,
    format: str,  # noqa: A002
    recipients: Sequence[str | MasterKey] | None = None,
    groups: Sequence[Sequence[str | MasterKey]] | None = None,
    threshold: int = 0,
    selection: Selection | None = None,
    allow_nothing_sealed: bool = False,
    allow_tokens: bool = False,
    structure: bool = True,
    ambient: Ambient | None = None,
) -> bytes:
    """Return the encrypted form of a plain file.

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
    keys = [[key for item in group for key in _master_keys(item)] for group in groups or [recipients or ()]]
    rule = selection or Selection()
    around = ambient or Ambient.of_process()
    read = ReadOptions(omit_structure=not structure)
    try:
        product = encrypt_file(
            data,
            format,
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


def _master_keys(item: str | MasterKey) -> Sequence[MasterKey]:
    from leafseal.keys.registry import parse_recipients

    if isinstance(item, str):
        return parse_recipients("age", item)
    if not isinstance(item, MasterKey):
        raise UsageError("recipients must be age recipients (text) or master keys")
    return [item]


@_guarded
def decrypt(
    data: bytes,
    *,
    format: str,  # noqa: A002
    require_structure: bool = False,
    ambient: Ambient | None = None,
) -> bytes:
    """Return the plain file that `encrypt` was given, to the byte."""
    return _open(data, format, ambient, ReadOptions(require_structure=require_structure)).plaintext()


@_guarded
def open_many(
    paths: Iterable[StrPath],
    *,
    require_structure: bool = False,
    ambient: Ambient | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, dict[str, Any]]:
    """Return the decrypted values of many files, by path as given; equal wrapped keys are unwrapped once.

    Raises the first error, which names its file, when any of them does not open, as `load` does without `document`.
    """
    read = ReadOptions(limits, require_structure=require_structure)
    items = [_item(os.fspath(path), limits) for path in paths]
    ring = KeyRing(ambient or Ambient.of_process())
    values: dict[str, dict[str, Any]] = {}
    for outcome in open_all(items, ring, lambda _, opened: _mapping(_document(opened, None)), read=read):
        if isinstance(outcome, Failed):
            raise outcome.error
        values[outcome.item.name] = outcome.result
    return values


def _item(name: str, limits: Limits, format_name: str | None = None) -> Item:
    snapshot = read(name, limits)
    return Item(snapshot, Source(name, snapshot.data, format_name or recognize(name, snapshot.data)))


def _open(data: bytes, format_name: str, ambient: Ambient | None, read: ReadOptions) -> Opened:
    return open_file(Source("", data, format_name), KeyRing(ambient or Ambient.of_process()), read)


def _opened(name: str, format_name: str | None, ambient: Ambient | None, read: ReadOptions) -> tuple[Item, Opened]:
    item = _item(name, read.limits, format_name)
    with naming(item.name):
        return item, open_file(item.source, KeyRing(ambient or Ambient.of_process()), read)


def _document(opened: Opened, number: int | None) -> MappingNode:
    return document_of(opened, number, hint="say which with document=N, from 0; SealedFile.documents gives all")


def _mapping(document: MappingNode) -> dict[str, Any]:
    values = to_python(document)
    if not isinstance(values, dict):
        raise FormatError("the document is not a mapping")
    return values


class SealedFile:
    """An encrypted file, opened to be read and changed; `save` writes it back.

    What a change does not concern stays to the byte, tokens included.

        settings = SealedFile.open("prod.yaml")
        settings.set("db.password", "new")
        settings.save()
    """

    def __init__(self, opened: Opened, snapshot: Snapshot, data: bytes, guard: Guard | None = None) -> None:
        self._opened = opened
        self._snapshot = snapshot
        self._data = data
        self._guard = guard  # None where the policy does not ask for one
        self._product: Product | None = None  # what is to be written

    @classmethod
    @_guarded
    def open(
        cls,
        path: StrPath,
        *,
        format: str | None = None,  # noqa: A002
        ambient: Ambient | None = None,
        limits: Limits = DEFAULT_LIMITS,
        require_structure: bool = False,
        consent: Consent | None = None,
    ) -> SealedFile:
        """Open a file and verify all of it. Raises what `load` raises.

        Where the policy has `guards = "everywhere"`, `set` and `unset` raise `RefusedError` for what would leave the
        file weaker than its configuration wants it, unless `consent` allows that.
        """
        read = ReadOptions(limits, require_structure=require_structure)
        around = ambient or Ambient.of_process()
        item, opened = _opened(os.fspath(path), format, around, read)
        guard = _guard(item.name, consent, around)
        return cls(opened, item.snapshot, item.snapshot.data, guard)

    @property
    def recipients(self) -> tuple[MasterKey, ...]:
        """The master keys that can open the file."""
        return tuple(wrapped.master_key for wrapped in self._opened.metadata.wrapped_keys())

    @_guarded
    def values(self) -> dict[str, Any]:
        """Return the values of the first document."""
        return _mapping(document_of(self._opened, 0, hint=""))

    @_guarded
    def documents(self) -> list[dict[str, Any]]:
        """Return the values of every document; only YAML files have several."""
        return [_mapping(document) for document in self._opened.documents()]

    @_guarded
    def get(self, path: str) -> Any:
        """Return what stands at a path: `["db"]["password"]`, `/db/password` or `db.password`. Raises `PathError`."""
        return to_python(part_at(self._opened, locate(self._opened, path)))

    @_guarded
    def set(self, path: str, value: object) -> None:
        """Store a scalar, None, or nested dicts and lists at a path. Missing mappings on the way are created."""
        self._change(draft_with(self._opened, locate(self._opened, path), value))

    @_guarded
    def unset(self, path: str) -> None:
        """Remove what stands at a path. Raises `PathError` when nothing does."""
        self._change(draft_without(self._opened, locate(self._opened, path)))

    def __bytes__(self) -> bytes:
        """Return the encrypted file as it stands, changes included."""
        return self._data

    @_guarded
    def plaintext(self) -> bytes:
        """Return the decrypted file, to the byte."""
        return self._opened.plaintext()

    @_guarded
    def save(self) -> None:
        """Write the file back, atomically. Raises `ConflictError` when it changed since it was opened."""
        if self._product is None:
            return
        replace(self._snapshot, self._product.data, verify=self._product.check)
        self._product = None
        self._snapshot = read(self._snapshot.path, self._opened.read.limits)

    def _change(self, draft: Draft) -> None:
        if self._guard is None:
            product = reseal(self._opened, draft)
        else:
            product = self._guard.sealed(self._opened, draft, self._guard.before(self._opened))
        self._opened = product.open()
        self._data = product.data
        self._product = product


def _guard(name: str, consent: Consent | None, ambient: Ambient) -> Guard | None:
    """Return the guard of a file where the policy wants one, as our own commands have it."""
    if not has_policy(ambient.environ, ambient.home_text):
        return None
    from leafseal.config.load import guarding_rule
    from leafseal.operations.consent import Consent, Doubt, Guard, holds_everywhere

    if not holds_everywhere(ambient):
        return None

    def refuse(doubt: Doubt) -> None:
        raise doubt.error(lambda field: f"pass Consent({field}=True)", name)

    return Guard(guarding_rule(name), consent or Consent(), refuse)


__all__ = ["SealedFile", "decrypt", "encrypt", "load", "loads", "open_many"]
