"""Deciding the conflicts of one file: by options, by questions, in the editor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from leafseal.cli.shared.change import changing
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.conflicts import Resolved, Task
from leafseal.cli.shared.consent import guard_of, warn_of_others
from leafseal.cli.shared.differences import lines_of
from leafseal.cli.shared.editing import editing, keep_beside
from leafseal.cli.shared.files import read_one
from leafseal.display import for_shell, visible
from leafseal.document import Document
from leafseal.document.limits import ReadOptions
from leafseal.document.values import values_of
from leafseal.errors import LeafsealError, MACMismatchError, NotEncryptedError, RefusedError, UsageError
from leafseal.formats import ANY_BYTES, parse
from leafseal.git import compared, conflicted
from leafseal.git.comparison import compare
from leafseal.git.conflict_text import ConflictText, Labels, conflict_text
from leafseal.git.conflicted import Conflicted
from leafseal.git.files import MOST_LINES
from leafseal.git.markers import has_markers
from leafseal.git.merge import Found, How
from leafseal.git.repository import GitError, NotARepositoryError, Repository, find_repository
from leafseal.git.resolve import Choice, Resolving, all_of, values_at
from leafseal.git.sides import DoesNotOpenError, SideError, Sides, Version, hint_in_git, open_sides, plain_side
from leafseal.keys.changes import keys_of
from leafseal.keys.ring import KeyRing
from leafseal.metadata.unresolved import RECIPIENTS
from leafseal.operations.batch import Item
from leafseal.operations.edit import Draft
from leafseal.operations.open import Opened, Source, open_file
from leafseal.operations.product import Product
from leafseal.operations.reseal import seal_beside
from leafseal.system import files, terminal
from leafseal.system.editor import UNCHANGED


def resolve(name: str, task: Task, ring: KeyRing) -> Resolved:
    """Decide the conflicts of one file, and write it if none is left. Raises `LeafsealError`."""
    if name == "-":
        raise UsageError("standard input has no conflicts", hint="give the name of a FILE")
    with changing(name):
        try:
            item = read_one(name, task.reading, task.limits)
        except LeafsealError:  # Git has moved a file away where the other side has a link or a submodule
            _refuse_others(*_place(name, b"<<<<<<< "))
            raise
        read = task.reading.within(task.limits)
        repository, inside = _place(name, item.source.data)
        _refuse_others(repository, inside)
        if task.merge is None:
            found = conflicted.find(repository, inside, item.source.data, item.source.format, read)
        elif repository is None or inside is None:
            raise UsageError("--merge needs a file in a Git repository", hint="change to its folder")
        else:
            found = conflicted.of_merge(repository, task.merge, inside)
        one = _One(name, item, found, task, ring, read, repository)
        return one.keep_or_delete(found.missing) if found.missing is not None else one.run()


def _place(name: str, data: bytes) -> tuple[Repository | None, str | None]:
    """Return the repository of a file, and its name there. Raises `GitError` where Git alone could know the sides."""
    try:
        repository = find_repository(os.path.dirname(name) or ".")
    except NotARepositoryError:
        return None, None
    except GitError:
        if not has_markers(data):
            raise
        return None, None
    return repository, repository.inside(name)


def _refuse_others(repository: Repository | None, inside: str | None) -> None:
    if repository is not None and inside is not None:
        conflicted.refuse_others(repository, inside)


class _One:
    """One file with conflicts."""

    def __init__(
        self,
        name: str,
        item: Item,
        found: Conflicted,
        task: Task,
        ring: KeyRing,
        read: ReadOptions,
        repository: Repository | None,
    ) -> None:
        self.name = name
        self.item = item
        self.found = found
        self.task = task
        self.ring = ring
        self.read = read
        self.repository = repository
        self.configuration = Configuration(task.config)
        self.labels = Labels(visible(found.ours.label), visible(found.theirs.label))
        self.format = item.source.format

    # -- a file that one side has deleted

    def keep_or_delete(self, missing: Version) -> Resolved:
        """Decide about a file that one side deleted and the other changed: nobody but the user can know."""
        kept = "theirs" if missing.part == "ours" else "ours"
        did = "emptied" if self.found.is_emptied else "deleted"
        what = f"{did} by {'us' if missing.part == 'ours' else 'them'}, changed by {kept}"
        side = next((one.side for one in self.task.choices if one.prefix == "/"), None)
        if side == "base":
            raise RefusedError(f"only ours or theirs can be taken here: {what}")
        if side is None and not self.task.as_json:
            question = f"{self.name}: {what} ({self.labels.ours}, {self.labels.theirs}). Keep it, or delete it? [k/d]"
            answer = (terminal.ask(question) or "").strip().lower()
            side = kept if answer in ("k", "keep") else missing.part if answer in ("d", "delete") else None
        if side is None:
            name = for_shell(self.name)
            if not self.task.as_json:
                keep = f"leafseal resolve --{kept} / {name}" if self.found.is_emptied else f"git add {name}"
                terminal.say(f"{self.name}: CONFLICT {what} ({self.labels.ours}, {self.labels.theirs})")
                terminal.say(f'{self.name}: keep it with "{keep}", or delete it with "git rm {name}"')
            return Resolved(self.name, [("/", what)])
        work = self.item.source.data
        if side == kept and self.found.is_emptied and (not work or has_markers(work)):
            data = getattr(self.found, kept).data
            files.replace(self.item.snapshot, data, verify=Product.exactly(data))
        self._stage(["rm", "-q", "--force"] if side == missing.part else ["add"], self.task.add)
        return Resolved(self.name, ())

    # -- values

    def run(self) -> Resolved:
        """Decide its conflicts and write it."""
        sides = self._open()
        work, left = self._work(), self._left()
        guard = guard_of(self.name, self.configuration, self.task.consent)
        rule = self.configuration.guarding_rule(self.name)
        resolving = Resolving(self.found, sides, How(self.ring, lambda: rule, name_of=guard.name_of), work, left)
        is_over = not (self.found.is_unmerged or self.task.choices or resolving.undecided(()))
        if is_over and work is not None and not work.metadata.unresolved:
            raise conflicted.NothingToResolveError("has no conflict", hint=conflicted.ANOTHER)
        for sentence in resolving.told:
            terminal.say(f"{self.name}: {sentence}")
        product = self._decided(resolving)
        if product is None:
            open_ = resolving.undecided(self.task.choices)
            self._tell(open_)
            return Resolved(self.name, [(one.pointer, one.what) for one in open_])
        self._list_unverified(sides, product)
        for warning in files.replace(self.item.snapshot, product.data, verify=product.check):
            terminal.warn(f"{self.name}: {warning}")
        if any(one.pointer == RECIPIENTS for one in resolving.conflicts):
            warn_of_others(self.name, guard, keys_of(product.open().metadata.groups))
        self._stage(["add"], self.task.add)
        return Resolved(self.name, ())

    def _open(self) -> Sides:
        versions = base, mine, theirs = self.found.versions
        plain = [version for version in versions[1:] if not compared.is_encrypted(version.data)]
        if len(plain) == 2:
            raise NotEncryptedError("no side is encrypted: it is for Git to merge", hint=_BY_GIT)
        try:
            if plain:
                raise plain_side(plain[0])
            if not self.task.ignores_mac:
                return open_sides(versions, self.name, self.format, self.ring, self.read, self._say)
        except SideError as error:
            is_wrong = isinstance(error, DoesNotOpenError) and isinstance(error.error, MACMismatchError)
            if is_wrong and self.found.is_of_text:
                raise error.with_hint(_MIXED) from error.__cause__
            raise error.with_hint(hint_in_git(error)) from error.__cause__
        source = Source(self.name, theirs.data, self.format, self.name)
        unverified = open_file(source, self.ring, self.read._replace(ignore_mac=True))
        unverified.leaves.hashed.clear()  # a MAC that nobody verified is never carried on
        verified = open_sides((base, mine, mine), self.name, self.format, self.ring, self.read, self._say)
        return verified._replace(theirs=unverified)

    def _say(self, sentence: str) -> None:
        terminal.say(f"{self.name}: {sentence}")

    def _work(self) -> Opened | None:
        """Return the file in the working tree; None where it does not open, as with conflict markers."""
        return self._opened(self.item.source.data)

    def _left(self) -> Opened | None:
        return None if self.found.left is None else self._opened(self.found.left)

    def _opened(self, data: bytes) -> Opened | None:
        if has_markers(data):
            return None
        try:
            return open_file(Source(self.name, data, self.format, self.name), self.ring, self.read)
        except LeafsealError:
            return None

    def _decided(self, resolving: Resolving) -> Product | None:
        """Return the file without conflicts; None where some are left, and nobody is there to decide them."""
        choices = list(self.task.choices)
        left = resolving.undecided(choices)
        can_ask = terminal.has_terminal() and not self.task.as_json
        if left and can_ask:
            choices += self._asked(one for one in left if one.conflict is None)
            left = resolving.undecided(choices)
        if not left:
            return resolving.apply(resolving.chosen(choices))
        if not can_ask or self.format == ANY_BYTES or any(one.conflict is None for one in left):
            return None
        return self._edited(resolving, choices, left)

    def _asked(self, conflicts: Any) -> list[Choice]:
        """Ask about what is no value: recipients, rule, what cannot be written."""
        found = []
        for one in conflicts:
            answer = terminal.ask(
                f"{self.name}: {visible(one.pointer)}: {one.what}. Keep ours ({self.labels.ours})? [y/N]"
            )
            if (answer or "").strip().lower() in ("y", "yes"):
                found.append(Choice("ours", one.pointer))
        return found

    def _edited(self, resolving: Resolving, choices: Sequence[Choice], left: Sequence[Found]) -> Product | None:
        """Have the user decide in the editor."""
        choose = resolving.chosen(choices)
        open_places = {one.pointer for one in left}

        def with_side(side: str) -> Document:
            take = all_of(side)
            product = resolving.apply(lambda one: take(one) if one.pointer in open_places else choose(one))
            return parse(product.expected or b"", self.format, self.read)

        base = None if resolving.sides.base is None else self._with_base(with_side)
        shown = conflict_text(base, with_side("ours"), with_side("theirs"), left, self.labels)
        finished: list[Product] = []

        def save(text: bytes) -> None:
            shown.check(text)
            document = parse(text, self.format, self.read)
            values = values_at(values_of(document), left)
            product = resolving.apply(lambda one: values[one.pointer] if one.pointer in values else choose(one))
            if product.expected != text:
                guard = guard_of(self.name, self.configuration, self.task.consent)
                opened = product.open()
                product = guard.sealed(opened, Draft.of(opened, text), opened.metadata.selection)
            finished.append(product)

        def keep(text: bytes) -> None:
            keep_beside(self.name, seal_beside(resolving.sides.ours, text), "leafseal resolve")

        self._edit(shown, save, keep)
        return finished[-1] if finished else None

    def _with_base(self, with_side: Any) -> Document | None:
        try:
            found: Document = with_side("base")
        except LeafsealError:
            return None
        return found

    def _edit(self, shown: ConflictText, save: Any, keep: Any) -> None:
        with editing(self.task.how, self.task.limits) as edit:
            if edit(shown.text, self.name, save, keep=keep) is UNCHANGED:
                terminal.say(f"{self.name}: nothing was decided")

    # -- what is said and staged

    def _tell(self, conflicts: Sequence[Found]) -> None:
        if self.task.as_json:
            return
        sides = f"({self.labels.ours}, {self.labels.theirs})"
        for one in conflicts[:MOST_LINES]:
            terminal.say(f"{self.name}: CONFLICT {visible(one.pointer)}: {one.what} {sides}")
        if len(conflicts) > MOST_LINES:
            terminal.say(f"{self.name}: {len(conflicts) - MOST_LINES} more conflicts")
        can_be_edited = self.format != ANY_BYTES and all(one.conflict is not None for one in conflicts)
        again = _AGAIN if terminal.has_terminal() else _IN_TERMINAL
        decide = _DECIDE if any(one.conflict is not None for one in conflicts) else _ONLY_OURS
        terminal.say(f"{self.name}: {decide}{again if can_be_edited else ''}")

    def _list_unverified(self, sides: Sides, product: Product) -> None:
        if not self.task.ignores_mac:
            return
        one, other, _ = compared.read_sides(
            Source(self.name, sides.ours.document.text.encode("utf-8", "surrogateescape"), self.format),
            Source(self.name, product.data, self.format),
            self.ring,
            self.read,
        )
        terminal.warn(f"{self.name}: taken from theirs, of which the integrity check (MAC) was skipped:")
        for line in lines_of(self.name, compare(one, other), show_values=False):
            terminal.say(line)

    def _stage(self, words: Sequence[str], is_wanted: bool) -> None:
        inside = None if self.repository is None else self.repository.inside(self.name)
        if self.repository is None or inside is None:
            terminal.say_done(f"{self.name}: no conflict is left")
            return
        if is_wanted:
            self.repository.ask(["--literal-pathspecs", *words, "--", inside])
        elif not self.task.as_json:
            terminal.say_done(f'{self.name}: no conflict is left; now run "git {words[0]} {for_shell(self.name)}"')


_MIXED = "other lines of the file are merged already: resolve it in the repository where it was merged"
_BY_GIT = 'choose the lines that are right in the file, then run "git add FILE"'
_DECIDE = "decide with --ours PATH, --theirs PATH or --base PATH"
_ONLY_OURS = "decide with --ours PATH"
_IN_TERMINAL = ", or run this in a terminal, where your editor shows both"
_AGAIN = ", or run this again and choose in your editor"
