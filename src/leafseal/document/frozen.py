"""Values that do not change, without what `dataclasses` and `typing` do for them while every decryption waits."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, NoReturn, Self


class Frozen:
    """An object whose attributes are set once."""

    __slots__ = ()

    def _set(self, **attributes: object) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")


class Value(Frozen):
    """A frozen object that is what its attributes say: those in `__match_args__`, which `__init__` takes in order."""

    __slots__ = ()

    __match_args__: tuple[str, ...] = ()

    def replace(self, **changes: object) -> Self:
        """Return the same with other attributes."""
        return type(self)(**{name: getattr(self, name) for name in self.__match_args__} | changes)

    def _attributes(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        return self._attributes() == other._attributes() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._attributes())

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), self._attributes()

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({', '.join(shown)})"


if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _NamedTupleType(type):
        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = namespace.get("__annotations__", ())  # as texts, by the import from __future__ in every module
            defaults = [namespace.pop(field) for field in fields if field in namespace]
            base = namedtuple(name, fields, defaults=defaults)
            return type(name, (base,), {"__slots__": (), **namespace})

    class NamedTuple(metaclass=_NamedTupleType):
        """`typing.NamedTuple` where nobody asks for the types of fields: that one compiles each of them."""
