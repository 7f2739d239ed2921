"""`leafseal render`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from leafseal.cli.shared.declarations import SAFETY, command, option
from leafseal.cli.shared.files import errors_of, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, document_option, limits_options, quiet_option, sealed_reading
from leafseal.config.find import read_small
from leafseal.display import counted
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError, UsageError, naming
from leafseal.keys.policy import policy_of
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item, open_all, results
from leafseal.operations.open import Opened
from leafseal.run.render.content import contents
from leafseal.run.render.entries import Entry, check_paths, read_map, read_mode, read_owner, read_word
from leafseal.run.render.folder import Folder
from leafseal.run.render.folder import render as exchange
from leafseal.run.render.notify import Notice, read_notice
from leafseal.run.render.tree import File, Owner
from leafseal.run.render.values import Values
from leafseal.system import terminal
from leafseal.system.reading import read

_DEFAULT_MODE = 0o400


@command("render")
@option("--to", is_required=True, metavar="DIR", help="Write the files into this folder, which must be in memory.")
@option(
    "--file",
    "words",
    is_multiple=True,
    metavar="NAME=FILE:PATH",
    help="Write the value at PATH of the encrypted FILE to DIR/NAME; without :PATH, the whole file.",
)
@option("--map", "maps", is_multiple=True, metavar="FILE", help="Write the files that this YAML file lists.")
@option("--mode", metavar="MODE", help="Mode of files for which a map names none [default: 0400].")
@option("--owner", metavar="USER:GROUP", help="Owner of files for which a map names none; requires root.")
@document_option
@option("--watch", is_flag=True, help="Stay, and write the files again when an encrypted file or a map changes.")
@option(
    "--signal",
    "signals",
    is_multiple=True,
    metavar="SIGNAL:PID",
    help="Send this signal to a process after the files changed; PID is a number, or a file with one.",
)
@option("--allow-disk", is_flag=True, help="Write into DIR although it is on a disk.", section=SAFETY)
@quiet_option
@sealed_reading
@key_services
@limits_options
def render(
    to: str,
    words: tuple[str, ...],
    maps: tuple[str, ...],
    mode: str | None,
    owner: str | None,
    document: int | None,
    watch: bool,
    signals: tuple[str, ...],
    allow_disk: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Write decrypted values to files in a folder in memory, for programs that read files.

    All files are replaced in one step, and none if any of them fails. Files that the last run wrote and this one does
    not are deleted. If nothing changed, nothing is touched. The files stay until you delete them.

    \b
    leafseal render --to /run/app --file db/password=secrets.yaml:/db/password
    leafseal render --to /run/app --map render.yaml --watch --signal HUP:/run/app.pid
    """
    if os.open not in os.supports_dir_fd:
        raise LeafsealError("render is not possible on this system: it has no folders in memory")
    entries = tuple(map(read_word, words))
    if not (entries or maps):
        raise UsageError("nothing to render", hint=_WHAT_HINT)
    job = _Job(
        Folder(to, allow_disk, policy_of(current_ambient()).no_disk_plaintext),
        entries,
        maps,
        _Defaults(
            document, _DEFAULT_MODE if mode is None else read_mode(mode), read_owner(owner) if owner else Owner()
        ),
        tuple(map(read_notice, signals)),
        reading,
        limits,
    )
    if watch:
        return _watch(job)
    code, _ = _told(job.run(), lambda text: terminal.note(lambda: text))
    return code


_WHAT_HINT = "add --file NAME=FILE:PATH, or --map FILE"


class _Defaults(NamedTuple):
    """What counts for files of which a map does not say it."""

    document: int | None
    mode: int
    owner: Owner


class _Done(NamedTuple):
    """What came of a run: what is to be said of it, whether the files were replaced, and what failed."""

    text: str
    changed: bool
    errors: Sequence[LeafsealError] = ()


class _Job(NamedTuple):
    """What is to be rendered, from where to where."""

    folder: Folder
    words: tuple[Entry, ...]
    maps: tuple[str, ...]
    defaults: _Defaults
    notices: tuple[Notice, ...]
    reading: InputOptions
    limits: Limits

    def run(self, follow: Callable[[Sequence[str]], None] = lambda _: None) -> _Done:
        """Render once. `follow` gets the files that this depends on, before they are read."""
        try:
            entries = [*self.words]
            follow(self._files(entries))
            for name in self.maps:
                entries += read_map(read_small(name, pipes=True), name)
            follow(self._files(entries))
            files, errors = self._rendered(entries)
            if errors:
                return _Done("", False, errors)
            check_paths([file.path for file in files])
            changed = exchange(self.folder, files, terminal.warn)
        except LeafsealError as error:
            return _Done("", False, [error])
        text = f"{counted(len(files), 'file')} written" if changed else "the files are as they should be"
        return _Done(f"{self.folder.path}: {text}", changed, self._notify() if changed else ())

    def _files(self, entries: Sequence[Entry]) -> list[str]:
        """Return the names of all files that the result depends on."""
        templates = [entry.template for entry in entries if entry.template is not None]
        return [*self.maps, *(entry.source for entry in entries), *templates]

    def _rendered(self, entries: Sequence[Entry]) -> tuple[list[File], list[LeafsealError]]:
        of_source: dict[str, list[Entry]] = {}
        for entry in entries:
            of_source.setdefault(entry.source, []).append(entry)
        inputs, errors = read_all(list(of_source), self.reading, self.limits)
        within = self.reading.within(self.limits)

        def work(item: Item, opened: Opened) -> list[File]:
            files: list[File] = []
            documents: dict[int | None, Values] = {}
            for entry in of_source[item.snapshot.path]:
                try:
                    with naming(item.name):
                        files += self._of_entry(entry, opened, documents)
                except LeafsealError as error:
                    errors.append(error)
            return files

        outcomes = open_all(inputs, KeyRing(current_ambient()), work, read=within)
        return [file for _, files in results(outcomes) for file in files], [*errors, *errors_of(outcomes)]

    def _of_entry(self, entry: Entry, opened: Opened, documents: dict[int | None, Values]) -> list[File]:
        number = entry.document if entry.document is not None else self.defaults.document

        def values() -> Values:
            if number not in documents:
                documents[number] = Values(opened, number)
            return documents[number]

        found = contents(entry._replace(document=number), opened, values, lambda name: read(name, self.limits).data)
        mode = self.defaults.mode if entry.mode is None else entry.mode
        owner = self.defaults.owner if entry.owner is None else entry.owner
        return [File(path, data, mode, owner) for path, data in found]

    def _notify(self) -> list[LeafsealError]:
        errors: list[LeafsealError] = []
        for notice in self.notices:
            try:
                notice.send()
            except LeafsealError as error:
                errors.append(error)
        return errors


def _told(done: _Done, tell: Callable[[str], None]) -> tuple[int, bool]:
    """Tell what came of a run; return the exit code, and whether the files are as they should be."""
    if done.text:
        tell(done.text)
    return show_errors(done.errors), bool(done.text)


def _watch(job: _Job) -> int:
    """Render again after each change. Ends only by a signal, or at once if the first run fails."""
    from leafseal.cli.shared.keeping_up import check_files, keep_up
    from leafseal.run.watch import Watcher

    def again(was_told: bool) -> Sequence[LeafsealError]:
        done = job.run(watcher.look_at)
        if not done.text:
            return done.errors
        if was_told or done.changed:
            _told(done, terminal.say_done)
        return ()

    def tell(errors: Sequence[LeafsealError]) -> None:
        show_errors(errors)
        terminal.warn(f"{job.folder.path}: the files stay as they were; trying again after each change")

    check_files([*job.maps, *(one.source for one in job.words)])
    with Watcher(job.maps) as watcher:
        code, is_done = _told(job.run(watcher.look_at), terminal.say_done)
        if is_done:
            keep_up(watcher, again, tell)
        return code
