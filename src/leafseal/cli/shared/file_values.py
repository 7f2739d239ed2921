"""Values that a program gets in files, not in variables: `--file KEY=NAME`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.paths import format_path
from leafseal.document.tree import ListNode, MappingNode, find
from leafseal.errors import LeafsealError, RefusedError, UsageError
from leafseal.operations.unbound_names import is_identifier
from leafseal.run.value_files import SUFFIX
from leafseal.run.variables import Spell, data_of, layered, place_of
from leafseal.system import terminal

_WORD = "write --file KEY=NAME, such as --file db.password=DB_PASSWORD"


class Wish(NamedTuple):
    """The name or path of a value, and the name of its file."""

    key: str
    name: str


class Taken(NamedTuple):
    """A value that goes into a file."""

    place: Locator
    data: bytes


def read_wishes(words: Sequence[str]) -> list[Wish]:
    """Read `db.password=DB_PASSWORD`; the last `=` counts. Raises `UsageError`."""
    wishes: list[Wish] = []
    for word in words:
        key, _, name = word.rpartition("=")
        if not key or not is_identifier(name):
            raise UsageError(f"--file {visible(word)} has no path of a value, or no name of a variable", hint=_WORD)
        if name.endswith(SUFFIX):
            raise UsageError(
                f"--file {visible(word)}: the variable would be {name}{SUFFIX}",
                hint=f"leave out {SUFFIX}, which is added: --file {visible(key)}={name.removesuffix(SUFFIX)}",
            )
        wishes.append(Wish(key, name))
    names = [wish.name for wish in wishes]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--file gives two values to {twice}{SUFFIX}", hint="choose another NAME for one of them")
    return wishes


def take(
    wishes: Sequence[Wish],
    document: MappingNode,
    *,
    flatten: str | None,
    prefix: str,
    as_sops: bool,
    spell: Spell,
) -> dict[str, Taken]:
    """Return the values of a file that are wished for, by their keys. Raises `LeafsealError`."""
    found: dict[str, Taken] = {}
    for key in dict.fromkeys(wish.key for wish in wishes):
        place = place_of(document, key, flatten=flatten, prefix=prefix)
        if place is None:
            continue
        value = find(document, place)
        if isinstance(value, MappingNode | ListNode):
            raise LeafsealError(
                f"{format_path(place)} is not a single value",
                hint="name one value in it, as db.password; leafseal render writes mappings to files",
            )
        found[key] = Taken(place, data_of(place, value, as_sops=as_sops, spell=spell))
    return found


def left_out(
    taken: Mapping[str, Taken], only: Collection[str] | None, name_of: Callable[[Locator], str]
) -> frozenset[Locator]:
    """Return the places of values that go into files and are no variables, because `--only` does not name them."""
    return frozenset(one.place for one in taken.values() if name_of(one.place) not in (only or ()))


def files_of(
    wishes: Sequence[Wish], layers: Sequence[tuple[str, Mapping[str, Taken]]], conflict: str
) -> dict[str, bytes]:
    """Return what goes into files, by their names. Raises `LeafsealError` for a value that no file has."""
    found = layered([(file, {key: one.data for key, one in taken.items()}) for file, taken in layers], conflict)
    if missing := [visible(wish.key) for wish in wishes if wish.key not in found]:
        is_one = len(layers) == 1
        raise LeafsealError(
            f"{'has no' if is_one else 'no file has a'} value for --file {', '.join(missing)}",
            hint='name a value by its path; "leafseal inspect FILE" shows the paths',
            file=layers[0][0] if is_one else None,
        )
    return {wish.name: found[wish.key] for wish in wishes}


def check_variables(
    names: Collection[str], variables: Collection[str], inherited: Collection[bytes], only: Collection[str] | None
) -> None:
    """Refuse the variables of paths that the encrypted files set too; warn of names that are variables as well."""
    if both := [f"{name}{SUFFIX}" for name in names if f"{name}{SUFFIX}" in variables]:
        raise RefusedError(
            f"--file sets variables that the encrypted files set too: {', '.join(both)}",
            hint="choose another NAME, or name the variables that you want with --only",
        )
    for name in names:
        if (name in variables and name not in (only or ())) or (name not in variables and name.encode() in inherited):
            terminal.warn(f"both {name} and {name}{SUFFIX} are set, and many programs accept only one of them")
