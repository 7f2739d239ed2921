"""Files with single values for a program, whose paths it gets in variables: `NAME_FILE` holds the path of NAME.

Many images read them so. They are in a folder in memory, where all of them are exchanged in one step. Where there is no
such folder they are open files of the program: those cannot be exchanged, and are gone with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from leafseal.errors import RefusedError, WriteError, system_text
from leafseal.run.environment import Account
from leafseal.run.exec import not_permitted_error
from leafseal.run.render.folder import Folder, render
from leafseal.run.render.tree import File, Owner
from leafseal.system import lasting, signals

SUFFIX = "_FILE"

_MEMORY_HINT = "set XDG_RUNTIME_DIR to a folder in memory (tmpfs) that is yours alone"


class ValueFiles(Protocol):
    """Files that are there."""

    def variables(self) -> Mapping[bytes, bytes]:
        """Return the variables with their paths, in the process that becomes the program."""

    def exchange(self, values: Mapping[str, bytes]) -> None:
        """Have other values in the files. Raises `LeafsealError`; the old ones stay then."""


@contextmanager
def value_files(
    values: Mapping[str, bytes], account: Account | None = None, *, are_exchanged: bool = False
) -> Iterator[ValueFiles]:
    """Write values to files by names, for nobody but us or an account. They are removed at the end of the block.

    Raises `RefusedError` where the system has no place in memory for them, or none where they can be exchanged and that
    is needed.
    """
    with lasting.lasting_directory(for_others=account is not None) as folder:
        if folder is not None:
            inside = _InFolder(folder, account)
            try:
                inside.exchange(values)
                yield inside
            finally:
                inside.remove()
            return
        if are_exchanged or not lasting.can_have_open_files():
            what = "where files can be replaced, which --watch needs" if are_exchanged else "for the files of --file"
            raise RefusedError(f"no folder in memory {what}", hint=_MEMORY_HINT)
        with _open_files(values, account) as descriptors:
            yield _Open(descriptors)


class _InFolder:
    """Files in a folder in memory."""

    def __init__(self, folder: str, account: Account | None) -> None:
        # The outer folder stays ours, so that an account that has the inner one cannot move it.
        self._folder = Folder(folder if account is None else os.path.join(folder, "files"))
        self._owner = Owner() if account is None else Owner(account.uid, account.gid)
        self._names: list[str] = []

    def variables(self) -> Mapping[bytes, bytes]:
        return _variables(self._names, lambda name: os.path.join(self._folder.path, name))

    def exchange(self, values: Mapping[str, bytes]) -> None:
        self._names = list(values)
        render(self._folder, [File(name, data, owner=self._owner) for name, data in values.items()])

    def remove(self) -> None:
        """Remove the files, also where this process has an account's rights and cannot remove the outer folder."""
        with signals.held_back():
            shutil.rmtree(self._folder.path, ignore_errors=True)


class _Open:
    """Files that the program has open when it begins."""

    def __init__(self, descriptors: Mapping[str, int]) -> None:
        self._descriptors = descriptors

    def variables(self) -> Mapping[bytes, bytes]:
        return _variables(self._descriptors, lambda name: lasting.path_of(self._descriptors[name]))

    def exchange(self, values: Mapping[str, bytes]) -> None:
        raise AssertionError("open files stay as they are")


def _variables(names: Mapping[str, int] | list[str], path_of: Callable[[str], str]) -> dict[bytes, bytes]:
    return {os.fsencode(f"{name}{SUFFIX}"): os.fsencode(path_of(name)) for name in names}


@contextmanager
def _open_files(values: Mapping[str, bytes], account: Account | None) -> Iterator[dict[str, int]]:
    uid, gid = (-1, -1) if account is None else (account.uid, account.gid)
    descriptors: dict[str, int] = {}
    try:
        for name, data in values.items():
            try:
                descriptors[name] = lasting.open_file(name, data, uid=uid, gid=gid)
            except PermissionError as error:
                raise (
                    WriteError(_FAILED.format(system_text(error))) if account is None else not_permitted_error(account)
                ) from error
            except OSError as error:
                raise WriteError(_FAILED.format(system_text(error))) from error
        yield descriptors
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)


_FAILED = "cannot create a file in memory for --file: {}"
