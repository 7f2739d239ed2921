"""The files that `-f` means: names, patterns, and what is in folders, in kubectl's order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from leafseal.errors import InputError, MissingFileError, RefusedError, UsageError, system_text
from leafseal.system.working_tree import is_within, working_tree

_SUFFIXES = (".json", ".yaml", ".yml")
_OURS = (".sops.yaml", ".sops-style-config.yaml")
"""Configurations, which are no manifests."""


def find_files(names: Sequence[str], *, recursive: bool) -> list[str]:
    """Return the files that names stand for, `-` for standard input. Raises `InputError`, and `UsageError` for URLs."""
    found: list[str] = []
    for name in names:
        if name.startswith(("http://", "https://")):
            raise UsageError("a URL is not a file that can be decrypted", hint="download it, and give the file")
        if name != "-" and not os.path.lexists(name) and (matches := _matches(name)):
            for match in matches:
                found += _in(match, recursive)
        else:
            found += _in(name, recursive)
    return found


def _matches(pattern: str) -> list[str]:
    if not any(letter in pattern for letter in "*?["):
        return []
    import glob

    return sorted(glob.glob(pattern))


def _in(name: str, recursive: bool) -> list[str]:
    if not os.path.isdir(name):
        return [name]
    found = list(_below(name, recursive))
    if not found:
        raise MissingFileError("no manifests in this folder: their names end in .json, .yaml or .yml", file=name)
    return found


def _below(folder: str, recursive: bool) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"cannot read: {system_text(error)}", file=folder) from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from _below(entry.path, recursive)
        elif entry.name.endswith(_SUFFIXES) and entry.name not in _OURS and entry.is_file():
            if entry.is_symlink():
                _refuse_leading_out(entry.path, folder)
            yield entry.path


def _refuse_leading_out(link: str, folder: str) -> None:
    """Raise `RefusedError` for a link in a folder that leads out of its Git working tree; without Git, of the folder.

    Whoever writes the folder would have us read a private key, say, as a manifest.
    """
    root = working_tree(folder) or os.path.realpath(folder)
    if not is_within(os.path.realpath(link), root):
        raise RefusedError("is a link out of the repository, in a folder; such a file must be named itself", file=link)
