"""What is to be rendered: which value of which file becomes which file, as options and maps say it.

A map is a YAML file:

    render:
      - path: app/db.env
        from: secrets.yaml
        pointer: /db
        format: dotenv
        mode: "0400"
        owner: "999:999"
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from leafseal.config.nodes import MappingNode, compose
from leafseal.config.reader import Reader, Report
from leafseal.display import first_of, visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import ConfigError, FormatError, UsageError
from leafseal.run.render.escapes import ESCAPES
from leafseal.run.render.tree import Owner

T = TypeVar("T")

RAW = "raw"
FORMATS = (RAW, "dotenv", "json", "yaml", "properties", "ini")
"""What a value can be written as; `raw` is its text alone."""

_KEYS = ("path", "from", "pointer", "document", "format", "template", "escape", "mode", "owner")
_NAME_BYTES = 255


class Entry(NamedTuple):
    """A file, or with a slash at the end of `path` one for each key of a mapping."""

    path: str  # below the folder
    source: str  # the encrypted file
    pointer: str = ""  # in any spelling of paths; the whole file without one
    document: int | None = None
    format: str | None = None  # as the value and the path say, without one
    template: str | None = None  # a file with placeholders for values of the source
    escape: str | None = None  # how a template's placeholders are written that do not say it
    mode: int | None = None
    owner: Owner | None = None
    beside: str = ""  # the folder of the map that says so


def read_word(word: str) -> Entry:
    """Read `db/password=secrets.yaml:/db/password`. Raises `UsageError`."""
    path, equals, rest = word.partition("=")
    source, _, pointer = rest.partition(":")
    if not (path and equals and source):
        raise UsageError(f"--file {visible(word)} has no name and file", hint=f"write {_WORD}")
    if fault := fault_of_path(path):
        raise UsageError(f"--file {visible(path)}: {fault}", hint=f"write {_WORD}")
    return Entry(path, source, pointer)


_WORD = "--file NAME=FILE:PATH, such as db/password=secrets.yaml:/db/password"


def read_map(data: bytes, name: str) -> list[Entry]:
    """Read a map; files in it are searched from its folder. Raises `ConfigError` with every fault of it."""
    try:
        node = compose(data)
    except FormatError as error:
        raise ConfigError(str(error), faults=[("", str(error))], hint=error.hint, file=name) from None
    report = Report()
    root = Reader(node, (), report)
    entries: list[Entry] = []
    if root.is_absent or root.is_mapping(_MAP_HINT):
        _refuse_others(root, ("render",))
        members = root.get("render").mappings(_MAP_HINT)
        entries = [_entry(member, os.path.dirname(name)) for member in members]
        if not members and not report.remarks():
            root.fault("no file to be rendered", _MAP_HINT)
    if faults := report.faults():
        raise ConfigError.of(faults, name, report.hints())
    return entries


_MAP_HINT = "write a list: render: [{path: db/password, from: secrets.yaml, pointer: /db/password}]"


def _refuse_others(reader: Reader, known: Sequence[str]) -> None:
    """Note keys that nobody reads as faults: one of them may be a misspelled `mode`."""
    if isinstance(reader.node, MappingNode):
        for key in reader.node.members:
            if key not in known and key != "<<":
                reader.get(key).fault("unknown key", f"use {', '.join(known)}")


def _entry(reader: Reader, folder: str) -> Entry:
    _refuse_others(reader, _KEYS)
    path, source, template = (reader.get(key).text() for key in ("path", "from", "template"))
    if fault := fault_of_path(path):
        reader.get("path").fault(fault)
    if not source or source == "-":
        reader.get("from").fault("no encrypted file", "add from: FILE")
    entry = Entry(
        path,
        os.path.join(folder, source),
        reader.get("pointer").text(),
        reader.get("document").number(),
        _choice(reader.get("format"), FORMATS),
        os.path.join(folder, template) if template else None,
        _choice(reader.get("escape"), tuple(ESCAPES)),
        _of_text(reader.get("mode"), read_mode),
        _of_text(reader.get("owner"), read_owner),
        folder,
    )
    if entry.document is not None and entry.document < 0:
        reader.get("document").fault("documents are counted from 0")
    if entry.template and (entry.format or path.endswith("/")):
        reader.get("template").fault("a template is a file of its own, without format")
    if entry.escape and not entry.template:
        reader.get("escape").fault("escape is for templates alone")
    if path.endswith("/") and entry.format:
        reader.get("format").fault("one file for each key has no format: each is its value's text")
    return entry


def _choice(reader: Reader, choices: Sequence[str]) -> str | None:
    text = reader.text()
    if text and text not in choices:
        reader.fault(f"not one of {', '.join(choices)}")
        return None
    return text or None


def _of_text(reader: Reader, read: Callable[[str], T]) -> T | None:
    text = reader.text()
    if not text:
        return None
    try:
        return read(text)
    except UsageError as error:
        reader.fault(error.message, error.hint)
        return None


def fault_of_path(path: str) -> str | None:
    """Return what is wrong with the path of a file below the folder, None if nothing is."""
    parts = path.removesuffix("/").split("/")
    if path == "./":  # the folder itself, for one file per key
        return None
    if not path or "" in parts:
        return "not a path below the folder"
    if "." in parts or any(part.startswith("..") for part in parts):
        return "a name in it is . or begins with .."
    if "\0" in path or any(len(os.fsencode(part)) > _NAME_BYTES for part in parts):
        return "no file can have this name"
    return None


def read_mode(text: str) -> int:
    """Read `0400`. Raises `UsageError`; nothing but reading, writing and running can be allowed.

    Kubernetes writes modes as decimal numbers too: the 0 tells that this is none, and 256 not 0256.
    """
    if not re.fullmatch("0o?[0-7]{3}", text):
        raise UsageError(f"{visible(text)} is not a mode", hint='write it as "0400" or "0440"')
    return int(text[-3:], 8)


def read_owner(text: str) -> Owner:
    """Read `999:999`, `app`, `app:www` or `:www`. Raises `UsageError`."""
    user, _, group = text.partition(":")
    owner = Owner(_number(user, is_group=False), _number(group, is_group=True))
    if owner == Owner():
        raise UsageError("no user and no group", hint='write the owner as "USER:GROUP", such as "999:999"')
    return owner


def _number(name: str, *, is_group: bool) -> int | None:
    if not name:
        return None
    if name.isascii() and name.isdigit() and len(name) <= 10 and int(name) < 2**32 - 1:
        return int(name)
    import grp
    import pwd

    try:
        return grp.getgrnam(name).gr_gid if is_group else pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        what = "group" if is_group else "user"
        raise UsageError(
            f"unknown {what} {visible(name)}", hint='write the owner as numbers, such as "999:999"'
        ) from None


def check_paths(paths: Sequence[str]) -> None:
    """Raise `UsageError` for two files with one path, and for a file where another needs a folder."""
    seen: set[str] = set()
    twice = sorted({path for path in paths if path in seen or seen.add(path)})  # type: ignore[func-returns-value]
    if twice:
        raise UsageError(f"two files would be {first_of([visible(path) for path in twice])}", hint=_RENAME)
    for path in paths:
        for folder in _above(path):
            if folder in seen:
                raise UsageError(f"{visible(folder)} would be a file and a folder", hint=_RENAME)


_RENAME = "give each file a path of its own"


def _above(path: str) -> Iterator[str]:
    return (path[:at] for at, sign in enumerate(path) if sign == "/")
