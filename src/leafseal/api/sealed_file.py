"""`SealedFile`: an encrypted file, opened to be read and changed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from leafseal.api import arguments
from leafseal.api.arguments import StrPath
from leafseal.api.border import border
from leafseal.api.functions import Timestamps
from leafseal.api.opening import as_dict, open_path
from leafseal.api.values import documents, to_stored
from leafseal.display import without_keys
from leafseal.document import Locator
from leafseal.document.limits import DEFAULT_LIMITS, Limits, ReadOptions
from leafseal.document.paths import format_path
from leafseal.document.tree import MappingNode, find, to_python
from leafseal.errors import PathError, UsageError, naming
from leafseal.keys import Ambient, MasterKey
from leafseal.operations.edit import Draft, draft_with, draft_without
from leafseal.operations.extract import locate
from leafseal.operations.near import nearest
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal
from leafseal.system.directories import has_policy, is_watched
from leafseal.system.files import replace
from leafseal.system.reading import Snapshot, read

if TYPE_CHECKING:
    from leafseal.operations.consent import Consent, Guard  # only a policy asks for them

_RAISE: Any = object()


class SealedFile:
    """An encrypted file, opened to be read and changed; `save` writes it back.

    What a change does not concern stays to the byte, tokens included.

        with SealedFile.open("prod.yaml") as settings:
            settings["db.password"] = "new"
            settings.save()

    Leaving the block saves nothing: it lets go of the values, and warns of changes that nobody saved. What `[]` and
    `get` return is a copy: to change a value, set it by its whole path.
    """

    __iter__ = None  # Python would count from 0

    _opened: Opened | None
    _snapshot: Snapshot
    _ambient: Ambient
    _guard: Guard | None  # None where the policy does not ask for one
    _datetimes: bool
    _product: Product | None  # what is to be written
    _is_taken: bool  # whether somebody has what is to be written

    def __init__(self, *_: object, **__: object) -> None:
        raise UsageError("a SealedFile is made by SealedFile.open(path)")

    @classmethod
    @border
    def open(
        cls,
        path: StrPath,
        *,
        format: str | None = None,  # noqa: A002
        timestamps: Timestamps = "timestamp",
        ambient: Ambient | None = None,
        limits: Limits = DEFAULT_LIMITS,
        require_structure: bool = False,
        consent: Consent | None = None,
    ) -> Self:
        """Open a file and verify all of it. Raises what `load` raises.

        Where the policy has `guards = "everywhere"`, `set` and `unset` raise `RefusedError` for what would leave the
        file weaker than its configuration wants it, unless `consent` allows that.
        """
        name, around = arguments.path_text(path), arguments.ambient_or_own(ambient)
        datetimes = arguments.wants_datetimes(timestamps)
        options = ReadOptions(arguments.of_type("limits", limits, Limits), require_structure=require_structure)
        item, opened = open_path(name, format, around, options)
        file = cls.__new__(cls)
        file._opened, file._snapshot, file._datetimes = opened, item.snapshot, datetimes
        file._guard, file._ambient = _guard(name, consent, around), around
        file._product, file._is_taken = None, False
        return file

    @property
    def path(self) -> str:
        """The path that the file was opened by."""
        return self._snapshot.path

    @property
    @border
    def format(self) -> str:
        """The name of the file's format."""
        return self._open.document.format

    @property
    def closed(self) -> bool:
        """Whether the file let go of its values."""
        return self._opened is None

    @property
    def has_changes(self) -> bool:
        """Whether there are changes that `save` would write."""
        return self._product is not None

    @property
    @border
    def recipients(self) -> tuple[MasterKey, ...]:
        """The master keys that can open the file."""
        return tuple(wrapped.master_key for wrapped in self._open.metadata.wrapped_keys())

    @border
    def values(self) -> dict[str, Any]:
        """Return the values of the first document."""
        with naming(self.path):
            return as_dict(self._first())

    @border
    def documents(self) -> list[dict[str, Any]]:
        """Return the values of every document; only YAML files have several."""
        with naming(self.path):
            return [as_dict(document) for document in documents(self._open, datetimes=self._datetimes)]

    @border
    def get(self, path: str | Locator, default: Any = _RAISE) -> Any:
        """Return what is at a path: `["db"]["password"]`, `/db/password` or `db.password`, or the names in a tuple.

        Where nothing is there, return `default`; without one, raise `PathError`.
        """
        with self._at(path):
            locator = self._locate(path)
            try:
                return to_python(find(self._first(), locator))
            except PathError as error:
                if default is not _RAISE:
                    return default
                near = nearest(self._open, locator)
                raise error if near is None else error.with_hint(f"the file has {format_path(near)}") from None

    @border
    def set(self, path: str | Locator, value: object) -> None:
        """Store a value at a path: a scalar, None, or nested dicts and lists. Missing mappings on the way are created.

        A `datetime` needs a zone; a `Decimal` is written with all its digits, and so is an integer of any length.
        Raises `InvalidValueError` for what no file can hold, `EmitError` for what this format cannot.
        """
        with self._at(path):
            self._change(draft_with(self._open, self._locate(path), to_stored(value, self._open.document.format)))

    @border
    def unset(self, path: str | Locator) -> None:
        """Remove what is at a path. Raises `PathError` when nothing is."""
        with self._at(path):
            self._change(draft_without(self._open, self._locate(path)))

    # The functions themselves, because a frame between them and the caller would hold the value.
    __getitem__ = get
    __setitem__ = set  # noqa: A003
    __delitem__ = unset

    def __contains__(self, path: str | Locator) -> bool:
        """Tell whether anything is at a path, null included. Raises `PathError` for what is no path."""
        nothing = object()
        return self.get(path, nothing) is not nothing

    @border
    def __bytes__(self) -> bytes:
        """Return the encrypted file as it is now, changes included."""
        self._open  # noqa: B018
        self._is_taken = True
        return self._product.data if self._product is not None else self._snapshot.data

    @border
    def plaintext(self) -> bytes:
        """Return the decrypted file, to the byte."""
        return self._open.plaintext()

    @border
    def save(self) -> None:
        """Write the file back, atomically. Raises `ConflictError` when it changed since it was opened."""
        limits = self._open.read.limits
        if self._product is None:
            return
        if is_watched(self._ambient.environ, self._ambient.home_text):
            from leafseal.audit.access import report_encryption  # most people have no audit log

            keys = [wrapped.master_key for wrapped in self._open.metadata.wrapped_keys()]
            report_encryption(self.path, self.path, [keys], self._ambient)
        replace(self._snapshot, self._product.data, verify=self._product.check)
        self._product = None
        self._snapshot = read(self._snapshot.path, limits)

    def close(self) -> None:
        """Let go of the values and of the data key. Whatever is asked of the file then is a `UsageError`."""
        self._opened = self._product = self._guard = None
        self._snapshot = self._snapshot._replace(data=b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file. Nothing is saved; changes that nobody saved or took as bytes are warned of."""
        is_lost = kind is None and self._product is not None and not self._is_taken
        self.close()
        if is_lost:
            warnings.warn(f"{self.path}: closed with changes that were not saved; call save()", stacklevel=2)

    def __repr__(self) -> str:
        """Return what the file is, without its values."""
        if self._opened is None:
            return f"<SealedFile {self.path!r}, closed>"
        changes = ", changes not saved" if self.has_changes else ""
        return f"<SealedFile {self.path!r}, {self._opened.document.format}{changes}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SealedFile cannot be pickled or copied: it has the data key; open the file again")

    @property
    def _open(self) -> Opened:
        if self._opened is None:
            raise UsageError("the file is closed", hint="use it inside of its with block", file=self.path)
        return self._opened

    def _first(self) -> MappingNode:
        trees = documents(self._open, datetimes=self._datetimes)
        return trees[0] if trees else MappingNode()

    def _locate(self, path: str | Locator) -> Locator:
        if isinstance(path, str):
            return locate(self._open, path)
        if isinstance(path, tuple) and all(type(step) in (str, int) for step in path):
            return path
        raise UsageError(f"a path must be text, or names and positions in a tuple, not {type(path).__name__}")

    @contextmanager
    def _at(self, path: object) -> Iterator[None]:
        """Name the file and the path in errors."""
        try:
            with naming(self.path):
                yield
        except PathError as error:
            error.path = without_keys(path) if isinstance(path, str) else path
            raise

    def _change(self, draft: Draft) -> None:
        opened = self._open
        if self._guard is None:
            product = reseal(opened, draft)
        else:
            product = self._guard.sealed(opened, draft, self._guard.before(opened))
        self._opened = product.open()
        self._product = product
        self._is_taken = False


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
