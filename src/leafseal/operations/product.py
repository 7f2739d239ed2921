"""A new form of a file, and what it must open to before it takes the place of the old one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leafseal.document.frozen import Frozen
from leafseal.document.limits import ReadOptions
from leafseal.errors import IntegrityError, WriteError
from leafseal.keys import MasterKey
from leafseal.keys.groups import DataKey
from leafseal.operations.open import Opened, open_with, read_metadata

FORMAT_VERSION = "3.13.2"
"""The version of SOPS whose format is written; readers compare it with their own."""


Groups = Sequence[Sequence[MasterKey]]


class Product(Frozen):
    """A new form of a file, and what it must open to."""

    __slots__ = ("data", "data_key", "expected", "format", "read")

    data: bytes
    format: str
    data_key: DataKey
    expected: bytes | None
    read: ReadOptions

    def __init__(
        self,
        data: bytes,
        format_name: str,
        data_key: DataKey,
        expected: bytes | None,  # the plain file, None where it has no plain form in this format
        read: ReadOptions,
    ) -> None:
        self._set(data=data, format=format_name, data_key=data_key, expected=expected, read=read)

    def open(self) -> Opened:
        """Open it under the data key that it was sealed with."""
        return self._open(self.data)

    def check(self, data: bytes) -> None:
        """Open what was read back from the disk and compare it with what it must hold, to the byte.

        Raises `IntegrityError` when it does not open, or opens to anything else: then the old file stays.
        """
        again = self._open(data)
        if self.expected is not None and again.plaintext() != self.expected:
            raise IntegrityError(
                "the encrypted result does not decrypt to what was encrypted; nothing was written",
                hint="report this fault of leafseal, without the file's values",
            )

    @staticmethod
    def exactly(plain: bytes) -> Callable[[bytes], None]:
        """Return the check of what is not sealed: that exactly these bytes were read back from the disk."""

        def check(data: bytes) -> None:
            if data != plain:
                raise WriteError("what was written reads back differently; nothing was changed", hint="check the disk")

        return check

    def _open(self, data: bytes) -> Opened:
        document, metadata = read_metadata(data, self.format, self.read)
        return open_with(document, metadata, self.data_key, self.read)
