"""Unwrapping, one wrapped key at a time and each once: what a run over many files shares.

Failure of one key is data, not an exception: another key of the group may do.
"""

from __future__ import annotations

from _thread import allocate_lock  # not threading, which every decryption would wait for
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic

from leafseal.crypto.secret import Secret
from leafseal.document.frozen import NamedTuple
from leafseal.errors import ProviderError
from leafseal.keys import Ambient, KeyService, MasterKey
from leafseal.keys.kinds import TRIED_FIRST

RACE_SECONDS = 30.0
_RACERS = 16
_CAPACITY = 4096


class WrappedKey(NamedTuple):
    """A part of a data key as a file holds it: `enc` is what `master_key` made of the part."""

    master_key: MasterKey
    enc: str
    created_at: str | None = None  # None for kinds that have no such field


class OpenedPart(NamedTuple):
    """A master key gave its part."""

    master_key: MasterKey
    part: Secret


class FailedAttempt(NamedTuple):
    """A master key did not give its part. `source` says where the identities came from, if any were tried."""

    master_key: MasterKey
    reason: str
    source: str | None = None
    hint: str | None = None
    group: int = 0  # its number in the file, from 0
    own: Sequence[str] = ()  # the user's keys that were tried, by short names
    causes: Sequence[str] = ()  # what failed beside those that are simply other keys
    is_explained: bool = False  # whether `own` and `causes` are known

    def __str__(self) -> str:
        return f"{label(self.master_key)}: {self.reason}"


def label(key: MasterKey) -> str:
    """Return kind and identifier, for messages; of a long identifier its two ends."""
    from leafseal.display import visible, without_keys  # only messages need it

    text = without_keys(str(key))  # before it is cut
    return visible(f"{key.kind} {text}" if len(text) <= 120 else f"{key.kind} {text[:60]}…{text[-30:]}")


class Job(NamedTuple):
    """A wrapped key and the number of its group."""

    group: int
    wrapped: WrappedKey


class _Cell:
    """The outcome for one blob, and the lock that lets one thread at a time look for it."""

    __slots__ = ("lock", "outcome")

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.outcome: OpenedPart | FailedAttempt | None = None


class KeyRing:
    """What master keys gave in this run. Equal blobs are unwrapped once, also when several threads ask.

    `order` names the kinds to be tried first. After those, keys that need no network come before those that do. All
    files of the run together have `seconds` for keys that need a network, if there is such a limit.
    """

    def __init__(self, ambient: Ambient, *, order: Sequence[str] = TRIED_FIRST, seconds: float | None = None) -> None:
        self.ambient = ambient
        self.deadline = None if seconds is None else monotonic() + seconds
        self.order = tuple(order)
        self._cells: dict[tuple[str, str, str], _Cell] = {}
        self._lock = allocate_lock()

    def unwrap(self, wrapped: WrappedKey) -> OpenedPart | FailedAttempt:
        """Ask the master key for its part, unless it has been asked for this very blob before."""
        cell = self._cell((wrapped.master_key.kind, str(wrapped.master_key), wrapped.enc))
        with cell.lock:
            if cell.outcome is None:
                cell.outcome = _unwrap(wrapped, self.ambient)
            return cell.outcome

    def gave(self, wrapped: WrappedKey) -> bool:
        """Tell whether a master key was asked for this blob, and gave its part."""
        cell = self._cells.get((wrapped.master_key.kind, str(wrapped.master_key), wrapped.enc))
        return cell is not None and isinstance(cell.outcome, OpenedPart)

    def outcomes(self) -> list[OpenedPart | FailedAttempt]:
        """Return what came of the keys that were asked, in the order in which they were."""
        return [cell.outcome for cell in self._cells.values() if cell.outcome is not None]

    def sort(self, group: Iterable[WrappedKey]) -> list[WrappedKey]:
        """Return the keys of a group in the order in which they are to be tried."""
        return sorted(group, key=lambda wrapped: (self._rank(wrapped), wrapped.master_key.needs_network))

    def is_immediate(self, wrapped: WrappedKey) -> bool:
        """Tell whether a key is tried in its turn; the others are tried together, after all that are."""
        local = not wrapped.master_key.needs_network or wrapped.master_key.kind in self.order
        return local and not self.ambient.services

    def _rank(self, wrapped: WrappedKey) -> int:
        kind = wrapped.master_key.kind
        return self.order.index(kind) if kind in self.order else len(self.order)

    def _cell(self, blob: tuple[str, str, str]) -> _Cell:
        with self._lock:
            cell = self._cells.get(blob)
            if cell is None:
                if len(self._cells) >= _CAPACITY:  # a long run over files that share nothing: let the oldest go
                    del self._cells[next(iter(self._cells))]
                cell = self._cells[blob] = _Cell()
            return cell


def _unwrap(wrapped: WrappedKey, ambient: Ambient) -> OpenedPart | FailedAttempt:
    key = wrapped.master_key
    try:
        # A lone surrogate cannot be encoded; what has one is damaged, which the provider will say.
        enc = wrapped.enc.encode("utf-8", "replace")
        part = ask_in_turn(ambient, lambda: key.unwrap(enc, ambient), lambda service: service.unwrap(key, enc))
        return OpenedPart(key, Secret(part))
    except ProviderError as error:
        return FailedAttempt(
            key,
            error.message,
            error.source,
            error.hint,
            own=tuple(error.own),
            causes=tuple(error.causes or ()),
            is_explained=error.causes is not None,
        )


def race(
    jobs: Sequence[Job], ring: KeyRing, seconds: float = RACE_SECONDS
) -> Iterator[tuple[Job, OpenedPart | FailedAttempt]]:
    """Try keys together and yield outcomes as they come, until the time is up or the caller has enough.

    A key service that does not answer is left behind in a thread that holds up nobody, not even the program's end.
    """
    import threading  # only networks need them
    from queue import Empty, SimpleQueue

    outcomes: SimpleQueue[tuple[int, OpenedPart | FailedAttempt | BaseException]] = SimpleQueue()
    waiting = list(reversed(range(len(jobs))))
    unfinished = set(waiting)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                index = waiting.pop()
            except IndexError:
                return
            try:
                outcomes.put((index, ring.unwrap(jobs[index].wrapped)))
            except BaseException as error:  # a fault of ours belongs to the caller's thread
                outcomes.put((index, error))

    for _ in range(min(_RACERS, len(jobs))):
        threading.Thread(target=run, name="leafseal-unwrap", daemon=True).start()
    if ring.deadline is not None:
        seconds = max(0.0, min(seconds, ring.deadline - monotonic()))
    deadline = monotonic() + seconds
    try:
        while unfinished:
            try:
                index, outcome = outcomes.get(timeout=max(0.0, deadline - monotonic()))
            except Empty:
                break
            unfinished.remove(index)
            if isinstance(outcome, BaseException):
                raise outcome
            yield jobs[index], outcome
        for index in sorted(unfinished):
            yield jobs[index], FailedAttempt(jobs[index].wrapped.master_key, f"no answer within {seconds:g} seconds")
    finally:
        over.set()


def ask_in_turn(ambient: Ambient, here: Callable[[], bytes], there: Callable[[KeyService], bytes]) -> bytes:
    """Ask the provider of this process, then the key services elsewhere, until one gives an answer (sops-format §4.8).

    A key service holds credentials or identities that this process does not have, and is handed parts of data keys.
    Which ones are asked is the user's word, as `Ambient.services`; a file cannot name one. Raises `ProviderError`.
    """
    failures: list[ProviderError] = []
    if ambient.asks_providers:
        try:
            return here()
        except ProviderError as error:
            failures.append(error)
    for service in ambient.services:
        try:
            return there(service)
        except ProviderError as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    raise ProviderError(
        "; ".join(error.message for error in failures) or "there is no key service to ask",
        source=", ".join(error.source for error in failures if error.source) or None,
        hint=next((error.hint for error in failures if error.hint), None),
    )
