"""Check the files of a tree: each by itself, then what only shows among all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from leafseal.check import leftovers, plain, sealed
from leafseal.check.exposed import conflict_markers, is_encrypted_otherwise, line_at, private_keys
from leafseal.check.findings import Finding, at_leaf, in_order
from leafseal.check.past import Past
from leafseal.check.rules import Configurations, Governed
from leafseal.check.trees import File, Kept, Tree
from leafseal.config.find import NAMES
from leafseal.crypto.token import PREFIX
from leafseal.deploy.leftovers import spellings
from leafseal.display import counted
from leafseal.document import Document
from leafseal.document.limits import ReadOptions
from leafseal.document.places import Lines
from leafseal.errors import FormatError, LeafsealError, NotEncryptedError
from leafseal.formats import ANY_BYTES, FORMATS, format_of, recognize
from leafseal.metadata import Metadata
from leafseal.operations.guards import left_clear
from leafseal.operations.open import read_metadata

_TOKEN = PREFIX.encode()
_VALUE = _TOKEN + b"data:"

_OF_HISTORY = frozenset(
    {"plain-file", "was-encrypted", "plain-value", "plain-secret", "kubernetes-secret", "private-key", "decrypted-copy"}
)
"""What matters in a commit that later ones mend: it was pushed, and the history keeps it."""

_SAY_IT = frozenset({"plain-file", "no-metadata", "weaker-configuration"})
"""Who is told this of a file need not be told that Git had it encrypted."""


class Checked(NamedTuple):
    """What came of checking a tree."""

    findings: list[Finding]
    files: int
    encrypted: int
    skipped: list[tuple[str, str]]


class Checker:
    """Checks the files of one tree.

    `before` are the configurations of the revision that a range begins with, `past` is what Git had of the files.
    """

    def __init__(
        self,
        tree: Tree,
        configurations: Configurations,
        read: ReadOptions,
        *,
        before: Configurations | None = None,
        past: Past | None = None,
        for_flux: bool = False,
    ) -> None:
        self._tree = tree
        self._configurations = configurations
        self._read = read
        self._before = before
        self._past = past
        self._for_flux = for_flux
        self._encrypted: set[str] = set()
        self._plain: set[str] = set()
        self._suspects: dict[str, str] = {}  # and the commit that has it, where the last one has not
        self._findings: list[Finding] = []

    def check(self, progress: Callable[[], None] = lambda: None) -> Checked:
        """Check all files. Raises `LeafsealError` where the tree cannot be read."""
        count = 0
        for file in self._tree.files():
            found = self._judge(file)
            if file.commit:
                found = (one._replace(commit=file.commit) for one in found if one.rule in _OF_HISTORY)
            self._findings += found
            count += not (file.commit or file.problem)
            progress()
        if self._past is not None:
            self._findings += self._past.findings(self._is_read)
            self._tree.skipped += [(name, "missing") for name in self._past.missing]
        self._findings += self._leftovers()
        self._findings += self._unions()
        self._findings += self._unmerged()
        self._findings += self._configurations.findings
        findings = in_order(_distinct(self._findings))
        return Checked(findings, count, len(self._encrypted), sorted(set(self._tree.skipped)))

    # -- one file

    def _judge(self, file: File) -> Iterator[Finding]:
        governed, demanding = self._configurations.governing(file.name), self._configurations.demanding(file.name)
        is_demanded = demanding is not None
        is_config = os.path.basename(file.name) in NAMES
        if is_config:
            self._configurations.visit(file.name)
        if file.problem:
            if is_demanded or is_config:
                yield Finding("not-checked", file.name, file.problem)
            return
        for number, (offset, what) in enumerate(private_keys(file.data)):
            line = line_at(file.data, offset)
            yield Finding("private-key", file.name, f"{what} in plain text", line=line, what=str(number))
        has_tokens = _TOKEN in file.data
        if (has_tokens or is_demanded or is_config) and (marker := conflict_markers(file.data)) is not None:
            line = line_at(file.data, marker)
            yield Finding("conflict-markers", file.name, "has the markers of a merge conflict", line=line)
            return
        if has_tokens:
            found = read_sealed(file, self._read, if_damaged=is_demanded)
            if isinstance(found, LeafsealError):
                line = found.line or 0 if isinstance(found, FormatError) else 0
                yield Finding("broken-file", file.name, found.message, line=line)
                return
            if found is not None:
                yield from self._of_sealed(file, *found, governed)
                return
        yield from self._of_plain(file, demanding or governed)

    def _of_sealed(
        self, file: File, document: Document, metadata: Metadata, governed: Governed | None
    ) -> Iterator[Finding]:
        if not file.commit:
            self._encrypted.add(file.name)
        rule, config = (governed.rule, governed.config) if governed else (None, "")
        yield from sealed.judge(file.name, document, metadata, rule, config)
        if self._for_flux:
            from leafseal.check.flux import not_decrypted  # hardly anybody asks

            yield from not_decrypted(file.name, file.data, document, metadata, self._tree.look)
        earlier = self._before.governing(file.name) if self._before else None
        if earlier is None or FORMATS[document.format].tree_format:
            return
        if rule is not None and rule.selection == earlier.rule.selection:
            return
        lines = Lines(document.text)
        for leaf in left_clear(document, metadata.selection, earlier.rule.selection):
            if sealed.is_plain(leaf) and not (rule is not None and rule.selection.selects(leaf)):
                what = f"not encrypted any more: {earlier.rule.location} of the earlier {earlier.config} encrypts it"
                yield at_leaf("weaker-configuration", file.name, what, leaf, lines.of(leaf.start))

    def _of_plain(self, file: File, governed: Governed | None) -> Iterator[Finding]:
        if not file.commit:
            self._plain.add(file.name)
        if leftovers.is_suspect(file.name) and file.data.strip() and not is_encrypted_otherwise(file.data):
            self._suspects[file.name] = file.commit and self._suspects.get(file.name, file.commit)
        if self._past is not None:
            self._past.note(file)
        yield from plain.judge(file.name, file.data, governed, self._read)
        earlier = self._before.demanding(file.name) if self._before else None
        if earlier is None or (governed is not None and governed.is_demanded):
            return
        for one in plain.judge(file.name, file.data, earlier, self._read):
            if one.rule == "plain-file":
                message = f"{one.message} before the configuration changed"
                yield one._replace(rule="weaker-configuration", message=message)

    # -- all of them

    def _leftovers(self) -> Iterator[Finding]:
        for name, commit in self._suspects.items():
            origin = next(filter(self._is_encrypted, leftovers.origins(name)), None)
            if origin is not None:
                what = f"a decrypted copy of {origin}, by its name"
                yield Finding("decrypted-copy", name, what, commit=commit)
            elif leftovers.is_surely(name):
                what = "a decrypted copy of an encrypted file, by its name"
                yield Finding("decrypted-copy", name, what, commit=commit)

    def _is_encrypted(self, name: str) -> bool:
        if name in self._encrypted:
            return True
        if name in self._plain:
            return False
        try:
            data = self._tree.look(name)
        except LeafsealError:
            return False
        return data is not None and self._is_read(File(name, data))

    def _is_read(self, file: File) -> bool:
        return isinstance(read_sealed(file, self._read), tuple)

    def _unions(self) -> Iterator[Finding]:
        told = self._tree.attributes(sorted(self._encrypted), "merge")
        for name, value in told.items():
            if value == "union":
                yield Finding("union-merge", name, "Git merges it with merge=union, which mixes both sides")

    def _unmerged(self) -> Iterator[Finding]:
        names = self._tree.unmerged if isinstance(self._tree, Kept) else set()
        for name in sorted(names):
            if name in self._encrypted or self._configurations.governing(name) is not None:
                yield Finding("unresolved-conflict", name, "the index has more than one side of a merge")


def read_sealed(
    file: File, read: ReadOptions, *, if_damaged: bool = False
) -> tuple[Document, Metadata] | LeafsealError | None:
    """Read what an encrypted file says of itself; None for what is none.

    An error says why one cannot be read. A text whose name shows no format may only speak of SOPS: that is one
    with `if_damaged` alone. One without metadata that parses is none, and one that does not was cut off.
    """
    has_metadata = any(b"sops" in text for text in spellings(file.data))
    if not has_metadata and (format_of(file.name) == ANY_BYTES or _VALUE not in file.data):
        return None
    form = recognize(file.name, file.data)
    try:
        return read_metadata(file.data, form, read)
    except NotEncryptedError:
        return None
    except LeafsealError as error:
        return error if if_damaged or format_of(file.name) != ANY_BYTES else None


def _distinct(findings: list[Finding]) -> Iterator[Finding]:
    """Yield findings without those of older commits that the last one has too, or of which a closer one is there."""
    now = {one.fingerprint for one in findings if not one.commit}
    copies = {one.file for one in findings if one.rule == "decrypted-copy"}
    told = {(one.file, one.commit == "") for one in findings if one.rule in _SAY_IT}
    older: set[str] = set()
    for one in findings:
        if one.rule in ("plain-file", "was-encrypted") and one.file in copies:
            continue
        if one.rule == "was-encrypted" and ((one.file, True) in told or (one.commit and (one.file, False) in told)):
            continue
        if one.commit:
            if one.fingerprint in now or one.fingerprint in older:
                continue
            older.add(one.fingerprint)
        yield one


def summary(checked: Checked) -> str:
    """Return how much was checked: `214 files checked, 12 of them encrypted`."""
    return f"{counted(checked.files, 'file')} checked, {checked.encrypted} of them encrypted"
