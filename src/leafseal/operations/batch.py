"""Many files at once: read, unwrap each blob once, verify all, and only then let anything out.

Every verb that takes several files goes through here. A file that fails does not stop the others from being looked at,
so that one run shows all that is wrong; but a verb that writes writes nothing until all have succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.errors import LeafsealError, naming
from leafseal.keys.groups import DataKey, needs_networks
from leafseal.keys.ring import KeyRing
from leafseal.metadata import Metadata
from leafseal.operations.open import Opened, Source, open_file, paused_collector, read_metadata, recover
from leafseal.system.reading import Snapshot

T = TypeVar("T")

MAX_WORKERS = 16  # files that wait for their keys at the same time


class Item(NamedTuple):
    """A file that was read: what it was then, and what it is read as."""

    snapshot: Snapshot
    source: Source

    @property
    def name(self) -> str:
        """The name that messages use, and by which rules and formats are chosen."""
        return self.source.name


class Done(NamedTuple, Generic[T]):
    """What came of a file."""

    item: Item
    result: T


class Failed(NamedTuple):
    """What went wrong with a file."""

    item: Item
    error: LeafsealError


Outcome = Done[T] | Failed


def open_all(
    items: Sequence[Item],
    ring: KeyRing,
    work: Callable[[Item, Opened], T],
    *,
    read: ReadOptions = DEFAULT_READ,
    progress: Callable[[], None] = lambda: None,
) -> list[Outcome[T]]:
    """Open and verify every file and do `work` with it, in order; failures are outcomes.

    Files whose keys are all at hand are opened one after another and dropped, so that ten thousand take no more memory
    than what `work` returns. Those that need a network wait for their keys together.
    """
    _ask_networks(items, ring, read)

    def open_and_work(item: Item) -> T:
        return work(item, open_file(item.source, ring, read))

    return each(items, open_and_work, progress=progress)


def each(
    items: Iterable[Item],
    work: Callable[[Item], T],
    *,
    progress: Callable[[], None] = lambda: None,
) -> list[Outcome[T]]:
    """Do `work` with every file, in order; a `LeafsealError` becomes an outcome that names the file."""
    outcomes: list[Outcome[T]] = []
    with paused_collector():
        for item in items:
            try:
                with naming(item.name):
                    outcomes.append(Done(item, work(item)))
            except LeafsealError as error:
                outcomes.append(Failed(item, error))
            progress()
    return outcomes


def failures(outcomes: Sequence[Outcome[T]]) -> list[Failed]:
    """Return the outcomes that failed."""
    return [outcome for outcome in outcomes if isinstance(outcome, Failed)]


def results(outcomes: Sequence[Outcome[T]]) -> Iterator[tuple[Item, T]]:
    """Yield what came of the files that did not fail."""
    return ((outcome.item, outcome.result) for outcome in outcomes if isinstance(outcome, Done))


def _ask_networks(items: Sequence[Item], ring: KeyRing, read: ReadOptions) -> None:
    """Have the key ring ask for every blob that needs a network, a bounded number at a time.

    What fails here fails again, from memory, when its file's turn comes; then it is reported.
    """
    if len(items) < 2:
        return
    waiting: list[Metadata] = []
    for item in items:
        try:
            _, metadata = read_metadata(item.source.data, item.source.format, read)
            # Keys that are here are tried one after the other: there may be a user to ask, or a device to be touched.
            if _has_remote_key(metadata) and needs_networks(metadata.groups, metadata.threshold, ring):
                waiting.append(metadata)
        except LeafsealError:
            continue
    if waiting:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(MAX_WORKERS) as pool:
            list(pool.map(lambda metadata: _recover(metadata, ring), waiting))


def _has_remote_key(metadata: Metadata) -> bool:
    return any(wrapped.master_key.needs_network for group in metadata.groups for wrapped in group)


def _recover(metadata: Metadata, keys: KeyRing) -> DataKey | None:
    try:
        return recover(metadata, keys)
    except LeafsealError:
        return None
