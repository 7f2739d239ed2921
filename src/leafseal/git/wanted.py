"""Which files of a repository are to have our drivers: what the creation rules say, as lines of `.gitattributes`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from leafseal.config.demands import demands
from leafseal.config.load import CreationRule, load_config
from leafseal.config.patterns import Patterns
from leafseal.errors import ConfigError, RefusedError
from leafseal.formats import ANY_BYTES, FORMATS
from leafseal.formats.recognition import by_content
from leafseal.git import attributes
from leafseal.git.attributes import DRIVER, KEPT, SHOWN, Line
from leafseal.git.blobs import Contents
from leafseal.git.globs import EveryFileError, NoGlobError, below, globs_of, literal
from leafseal.git.known_rules import configurations, unread_rules
from leafseal.git.repository import LINK, SUBMODULE, Repository, split
from leafseal.operations.encrypt import is_encrypted
from leafseal.operations.open import Source
from leafseal.rules.matching import PatternError

STRICT = f"filter={DRIVER}"
"""The guard of files that must be encrypted."""

KEPT_FILTER = f"filter={KEPT}"


class Cover(NamedTuple):
    """The patterns of a rule, or of all files of our formats below a folder, and the guard that they have."""

    folder: str
    rule: str
    """The expression of the rule, which patterns and it match the same files by; empty for files of our formats."""

    patterns: tuple[str, ...]
    guard: str

    def matches(self, name: str, expressions: Patterns) -> bool:
        """Tell whether a file is covered. Raises `PatternError` where the expressions of all rules take too long."""
        start = f"{self.folder}/" if self.folder else ""
        if not name.startswith(start):
            return False
        if self.rule:
            return expressions.matches(self.rule, name.removeprefix(start))
        base = name.rpartition("/")[2]
        return any(base.endswith(one.suffixes) or base.startswith(one.prefixes) for one in _WITH_NAMES)


class Wanted(NamedTuple):
    """The lines, and what has to be told: rules that no glob can express."""

    lines: list[Line]
    notes: list[str]
    problems: list[str]
    """Configurations that are wrong."""


def wanted(repository: Repository, *, guards: bool) -> Wanted:
    """Return the lines that a repository needs, with `guards` also the filters that refuse plain text.

    Raises `ConfigError` where expressions take too long, and `RefusedError` where a file has another filter already.
    """
    covers: list[Cover] = []
    notes: list[str] = []
    problems: list[str] = []
    expressions = Patterns()
    folders = configurations(repository)
    unread = unread_rules(repository)
    for folder, name in folders.items():
        if name in unread:
            problems.append(f"{name}: {unread[name].spoken}")
            covers.append(_endings(folder, STRICT))  # whatever the rules are for, the guard asks, and refuses
        try:
            rules = load_config(os.path.join(repository.top, name)).rules or ()
        except ConfigError:
            rules = ()
        try:
            covers += [_cover(rule, folder, name, expressions, notes) for rule in rules]
        except PatternError as error:
            raise ConfigError(str(error), file=name) from None
        if not rules and name not in unread:
            covers.append(_endings(folder, KEPT_FILTER))
    if not folders:
        covers.append(_endings("", KEPT_FILTER))
    lines = list(_lines(covers, guards=guards))
    try:
        others = [name for name in encrypted_files(repository) if not _is_covered(name, covers, expressions)]
        if guards:
            _refuse_other_filters(repository, covers, expressions)
    except PatternError as error:
        raise ConfigError(str(error)) from None
    # A path is a pattern for itself; and what is encrypted must not become plain.
    lines += [Line(_own(name), (*SHOWN, KEPT_FILTER) if guards else SHOWN) for name in others]
    return Wanted(lines, list(dict.fromkeys(notes)), problems)


def _is_covered(name: str, covers: Iterable[Cover], expressions: Patterns) -> bool:
    return any(cover.matches(name, expressions) for cover in covers)


def _own(name: str) -> str:
    return literal(name) if "/" in name else f"/{literal(name)}"


def _refuse_other_filters(repository: Repository, covers: Sequence[Cover], expressions: Patterns) -> None:
    """Raise `RefusedError` where a file has a filter of somebody else's, such as Git LFS: it can have only one."""
    attributes = repository.attributes(repository.names(), ["filter"])
    for name, found in attributes.items():
        other = found["filter"]
        if other not in ("unspecified", "unset", DRIVER, KEPT) and _is_covered(name, covers, expressions):
            hint = f"remove filter={other} from the file's attributes, or leave out --protect"
            raise RefusedError(f"has filter={other}, and a file can have only one filter", hint=hint, file=name)


def _cover(rule: CreationRule, folder: str, config: str, expressions: Patterns, notes: list[str]) -> Cover:
    guard = STRICT if demands(rule, expressions) else KEPT_FILTER
    try:
        globs = tuple(below(folder, glob) for glob in globs_of(rule.path_regex))
    except NoGlobError as error:
        if guard == STRICT or not isinstance(error, EveryFileError):
            what = f"{attributes.NAME} cannot express it ({error}), so all files of the usual endings are covered"
            notes.append(f"{config}: {rule.location}.path_regex: {what}")
        return _endings(folder, guard)
    return Cover(folder, rule.path_regex, globs, guard)


def _endings(folder: str, guard: str) -> Cover:
    """Return the patterns of all files with the names of our formats."""
    suffixes = [f"*{suffix}" for one in _WITH_NAMES for suffix in one.suffixes]
    prefixes = [f"{prefix}*" for one in _WITH_NAMES for prefix in one.prefixes]
    return Cover(folder, "", tuple(below(folder, glob) for glob in (*suffixes, *prefixes)), guard)


_WITH_NAMES = tuple(one for one in FORMATS.values() if one.suffixes)


def _lines(covers: Iterable[Cover], *, guards: bool) -> Iterator[Line]:
    """Yield a line for each pattern. The last line for a file counts: those of the strict guard come last."""
    by_pattern: dict[str, str] = {}
    for cover in covers:
        for pattern in cover.patterns:
            by_pattern[pattern] = STRICT if STRICT in (cover.guard, by_pattern.get(pattern)) else cover.guard
    for guard in (KEPT_FILTER, STRICT):
        for pattern, own in by_pattern.items():
            if own == guard:
                yield Line(pattern, (*SHOWN, guard) if guards else SHOWN)


def encrypted_files(repository: Repository) -> Iterator[str]:
    """Yield the names of files that are encrypted in the index, ours where a merge left a conflict."""
    asked = ["grep", "--cached", "-lz", "--no-color", "--no-textconv", "-F", "-e", "ENC[AES256_GCM,"]
    listed = set(split(repository.exchange(asked).stdout))
    by_blob: dict[str, list[str]] = {}
    for entry in repository.entries():
        # Git searches no file that a merge left unmerged.
        is_meant = entry.stage == OURS or (entry.stage == 0 and entry.name in listed)
        if is_meant and entry.mode not in (LINK, SUBMODULE):
            by_blob.setdefault(entry.blob, []).append(entry.name)
    if not by_blob:
        return
    sealed = {blob for blob, data in Contents(repository, _LARGEST).read(by_blob) if _is_sealed(data)}
    yield from sorted(name for blob in sealed for name in by_blob[blob])


OURS = 2
"""The stage of our version in the index, where a merge left a conflict."""

_LARGEST = 1 << 26  # bytes; a larger file is not read as an encrypted one either


def _is_sealed(data: bytes) -> bool:
    return is_encrypted(Source("", data, by_content(data) or ANY_BYTES))
