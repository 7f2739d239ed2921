"""Master keys of kinds that this version has no provider for: those of the future.

Their entries are kept as they are, and named by what stands in them, so that files that mix kinds can be read. Asked to
wrap or unwrap they say which kind is missing.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NoReturn, Self

from leafseal.errors import ProviderError
from leafseal.keys import Ambient

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A key that is kept and cannot be used. `fields` is its entry without `enc` and `created_at`."""

    kind: ClassVar[str] = ""
    needs_network: ClassVar[bool] = False  # it answers at once, and always no

    identifier: str
    fields: Fields = field(hash=False)

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Self:
        """Keep an entry."""
        return cls(", ".join(f"{name}={fields[name]}" for name in sorted(fields)), dict(fields))

    @classmethod
    def parse(cls, text: str) -> list[Self]:
        """Refuse: how such keys are written is not known."""
        raise ProviderError(f"there are no keys of kind {cls.kind}")

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        """Refuse."""
        self._refuse('remove it from the file with "leafseal updatekeys FILE", or use sops')

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        """Refuse."""
        self._refuse("decrypt with another key of the file, or with sops")

    def to_metadata(self) -> Fields:
        """Return the entry's fields as they were."""
        return dict(self.fields)

    def __str__(self) -> str:
        return self.identifier

    def _refuse(self, hint: str) -> NoReturn:
        raise ProviderError(f"this version has no provider for {self.kind} keys", master_key=self.identifier, hint=hint)


@functools.cache
def foreign_class(kind: str) -> type[ForeignKey]:
    """Return the class of foreign keys of one kind."""
    return type("ForeignKey", (ForeignKey,), {"kind": kind, "__slots__": (), "__module__": __name__})
