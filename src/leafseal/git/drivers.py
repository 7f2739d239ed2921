"""What a clone's configuration says of our drivers, with leafseal by its name.

`.gitattributes` tells which files have a driver and comes with the repository. What a driver runs comes with no
repository: Git would run it for whoever clones one. So each clone has these sections of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from leafseal.git.attributes import DRIVER, KEPT
from leafseal.git.repository import Repository

CACHE = f"diff.{DRIVER}.cachetextconv"
NOTES = f"refs/notes/textconv/{DRIVER}"
"""Where Git keeps plain text if it is told to cache it."""

FORGET = f"git update-ref -d {NOTES}"

# If leafseal or the key is missing, Git shows the bytes: a driver that fails would end the whole `git log -p`.
_TEXTCONV = f'f() {{ {DRIVER} git textconv -- "$1" || cat -- "$1"; }}; f'

# Git has quoted %P; %S %X %Y are labels from Git 2.44 on. Without leafseal, Git's own merge leaves markers.
_MERGE = (
    f"if command -v {DRIVER} >/dev/null; then"
    f" {DRIVER} merge --git --size=%L --path=%P --base-name=%S --our-name=%X --their-name=%Y %O %A %B;"
    " else git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B; fi"
)

DRIVERS: Mapping[str, str] = {
    f"diff.{DRIVER}.textconv": _TEXTCONV,
    CACHE: "false",
    f"merge.{DRIVER}.name": "values of encrypted files (leafseal)",
    f"merge.{DRIVER}.driver": _MERGE,
    f"mergetool.{DRIVER}.cmd": f'{DRIVER} merge "$BASE" "$LOCAL" "$REMOTE" -o "$MERGED"',
    f"mergetool.{DRIVER}.trustExitCode": "true",
}
"""Of every clone that shows and merges encrypted files."""

JJ = f"""\
[merge-tools.{DRIVER}]
program = "{DRIVER}"
merge-args = ["merge", "$base", "$left", "$right", "-o", "$output", "--path=$path"]
"""
"""What jj has in the place of a driver, in its configuration."""


class Change(NamedTuple):
    """A setting that is written: None as its old value where there was none."""

    name: str
    old: str | None
    new: str


def changes(repository: Repository, wanted: Mapping[str, str]) -> list[Change]:
    """Return which settings of this clone are not as wanted."""
    own = own_settings(repository)
    return [
        Change(name, own[_key(name)][-1] if _key(name) in own else None, value)
        for name, value in wanted.items()
        if own.get(_key(name)) != [value]
    ]


def own_settings(repository: Repository) -> dict[str, list[str]]:
    """Return the settings of this clone alone, all values of each."""
    found: dict[str, list[str]] = {}
    for one in repository.settings():
        if one.scope == "local":
            found.setdefault(one.name, []).append(one.value)
    return found


def write(repository: Repository, wanted: Iterable[Change]) -> None:
    """Write settings to the configuration of this clone, one value for each."""
    for change in wanted:
        repository.ask(["config", "--local", "--replace-all", change.name, change.new])


def sections(repository: Repository, names: Sequence[str]) -> Iterator[str]:
    """Yield those of the sections that this clone has."""
    own = own_settings(repository)
    for name in names:
        if any(setting.startswith(f"{name}.") for setting in own):
            yield name


SECTIONS = (f"diff.{DRIVER}", f"merge.{DRIVER}", f"mergetool.{DRIVER}")
GUARDS = (f"filter.{DRIVER}", f"filter.{KEPT}")


def remove(repository: Repository, section: str) -> None:
    """Remove a section of this clone whole: one with half of its lines would end every merge."""
    repository.ask(["config", "--local", "--remove-section", section])


def has_cached_plaintext(repository: Repository) -> bool:
    """Tell whether Git keeps plain text that it was once told to cache."""
    return repository.exchange(["show-ref", "--verify", "--quiet", NOTES]).status == 0


def _key(name: str) -> str:
    """Return a name as Git lists it: small letters, apart from its middle."""
    rest, _, last = name.rpartition(".")
    return f"{rest}.{last.lower()}"
