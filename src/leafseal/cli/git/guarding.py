"""`leafseal git guard`: whether Git may add what it was given."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from leafseal.check.checking import Checker
from leafseal.check.findings import Finding
from leafseal.check.rules import Configurations
from leafseal.check.trees import Disk, File
from leafseal.config.find import NAMES
from leafseal.crypto.token import PREFIX
from leafseal.display import for_shell
from leafseal.document.limits import DEFAULT_LIMITS, DEFAULT_READ
from leafseal.errors import RefusedError
from leafseal.formats.recognition import by_content
from leafseal.git.guard import only_reads
from leafseal.git.repository import Repository, find_repository
from leafseal.operations.unreadable import not_encrypted_error
from leafseal.system.reading import read

_CONFLICTS = frozenset({"conflict-markers", "unresolved-conflict"})
_REFUSED = _CONFLICTS | {
    "plain-file",
    "plain-value",
    "no-metadata",
    "broken-file",
    "invalid-configuration",
    "weaker-configuration",
}
"""The findings of `check` that keep a file out of Git; the others are for people to judge."""


class _Given(Disk):
    """One file, with the content that Git is about to add; the configurations are those of the work tree."""

    def __init__(self, root: str, name: str, data: bytes) -> None:
        super().__init__(root, [name], DEFAULT_LIMITS)
        self._data = data

    def files(self) -> Iterator[File]:
        """Yield the file."""
        yield File(self.names[0], self._data)

    def attributes(self, names: Collection[str], attribute: str) -> Mapping[str, str]:
        """Tell nothing: how the file is merged is not what is added."""
        return {}


def judge(name: str, parent: str) -> None:
    """Raise `RefusedError` where standard input must not be added as the file of that name."""
    data = read("-").data  # all of it, whatever comes of it: a writer that is left alone would fail
    if parent.isdecimal() and only_reads(int(parent)):
        return
    repository = find_repository()
    tree = _Given(repository.top, name, data)
    # Who takes away the rule of a file and adds the file at once is asked to commit the first before.
    before = Configurations(repository.top, lambda path: _committed(repository, path))
    checked = Checker(tree, Configurations(repository.top, tree.look), DEFAULT_READ, before=before).check()
    for one in checked.findings:
        if one.rule in _REFUSED:
            if one.rule == "invalid-configuration":
                raise _of_configuration(one)
            raise RefusedError(one.text, hint=_way_out(one.rule, name, data), file=one.file)
    if by_content(data) is None and _is_kept(repository, name):
        raise RefusedError("Git has this file encrypted, and this is plain text", hint=_encrypt(name), file=name)


def _committed(repository: Repository, name: str) -> bytes | None:
    """Return a file as the last commit has it, None where there is none."""
    found = repository.exchange(["cat-file", "blob", f"HEAD:{name}"])
    return None if found.status else found.stdout


def _of_configuration(found: Finding) -> RefusedError:
    """Say what is wrong with a configuration: whether its rules are for a file, nobody knows."""
    line = f"line {found.line}: " if found.line else ""
    is_read = os.path.basename(found.file) in NAMES
    hint = f'mend it with "leafseal config check {for_shell(found.file)}", then add the file again' if is_read else None
    return RefusedError(f"{line}{found.text}", hint=hint, file=found.file)


def _way_out(rule: str, name: str, data: bytes) -> str | None:
    if rule == "plain-file":
        return _encrypt(name)
    if rule == "no-metadata":
        return not_encrypted_error(data).hint
    if rule == "plain-value":
        return f'encrypt it with "leafseal repair --yes --encrypt {for_shell(name)}", then add it again'
    if rule in _CONFLICTS and PREFIX.encode() in data:
        return f'decide the conflict with "leafseal resolve {for_shell(name)}", then add it again'
    return None


def _encrypt(name: str) -> str:
    return f'encrypt it with "leafseal encrypt -i {for_shell(name)}", then add it again'


def _is_kept(repository: Repository, name: str) -> bool:
    """Tell whether the index has a file encrypted, in any stage of a conflict."""
    blobs = [entry.blob for entry in repository.entries([name])]
    return any(by_content(repository.ask(["cat-file", "blob", blob])) is not None for blob in blobs)
