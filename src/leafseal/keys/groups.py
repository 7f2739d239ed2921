"""Key groups: a data key goes out to master keys in parts, and comes back from enough of them (sops-format §5).

With one group each of its keys wraps the data key itself. With more the data key is split, each group gets a share,
and `threshold` of the groups must open.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from leafseal.crypto.secret import Secret
from leafseal.errors import ConfigError, DataKeyError, IntegrityError, MetadataError, ProviderError
from leafseal.keys import Ambient, MasterKey, Resolvable
from leafseal.keys.kinds import is_dated
from leafseal.keys.ring import FailedAttempt, Job, KeyRing, OpenedPart, WrappedKey, ask_in_turn, label, race

KeyGroup = tuple[WrappedKey, ...]

DATA_KEY_BYTES = 32
_SHARE_BYTES = DATA_KEY_BYTES + 1
_WRAPPERS = 8  # networks asked at the same time


class DataKey(Secret):
    """The 32 random bytes that seal one file."""

    __slots__ = ()

    def __init__(self, data: bytes) -> None:
        if len(data) != DATA_KEY_BYTES:
            raise ValueError(f"a data key has {DATA_KEY_BYTES} bytes")
        super().__init__(data)

    @classmethod
    def generate(cls) -> DataKey:
        """Return a new data key."""
        return cls(os.urandom(DATA_KEY_BYTES))


def resolve_threshold(groups: int, threshold: int) -> int:
    """Return how many of `groups` key groups are needed, to be written into the metadata.

    0 asks for all of them. With one group the threshold means nothing and is returned as it is. Raises `ConfigError`.
    """
    if groups == 0:
        raise ConfigError("no key groups provided", hint="name a recipient, such as with --age, or write a .sops.yaml")
    if groups == 1:
        return threshold
    from leafseal.crypto import shamir  # most files have one group

    if groups > shamir.MAX_SHARES:
        raise ConfigError(f"there are {groups} key groups, more than {shamir.MAX_SHARES}")
    needed = threshold or groups
    if not 2 <= needed <= groups:
        raise ConfigError(
            f"a threshold of {threshold} does not match {groups} key groups: it must be from 2 to {groups}"
        )
    return needed


RAISE_RECIPIENTS = "raise the limit with --max-recipients if this is meant"


def check_count(groups: Sequence[Sequence[object]], most: int) -> None:
    """Raise `ConfigError` for more recipients than a file may have when it is read."""
    if sum(map(len, groups)) > most:
        raise ConfigError(f"more than {most} recipients", hint=RAISE_RECIPIENTS).over("recipients")


def check_groups(groups: Sequence[Sequence[MasterKey]], threshold: int, ambient: Ambient) -> int:
    """Return how many of the groups a data key may be wrapped for are needed.

    Raises `ConfigError` for groups that cannot be, `RefusedError` for those that the user's policy does not allow.
    """
    from leafseal.keys import policy  # only what wraps asks for permission

    needed = resolve_threshold(len(groups), threshold)
    if not all(groups):
        raise ConfigError("empty key group provided", hint="every key group needs at least one master key")
    policy.check_groups(groups, needed if len(groups) > 1 else 1, ambient)
    return needed


def wrap_data_key(
    data_key: DataKey,
    groups: Sequence[Sequence[MasterKey]],
    threshold: int,
    ambient: Ambient,
    now: str,
    *,
    previous: Iterable[KeyGroup] = (),
) -> tuple[KeyGroup, ...]:
    """Wrap the data key for every master key of every group: all of them, or none and an error.

    Keys are dated `now`; one that stands in `previous`, the groups that are being replaced, keeps its date.
    Raises `ConfigError` for groups that cannot be, `RefusedError` for those that the user's policy does not allow, and
    `ProviderError` when a key does not wrap.
    """
    needed = check_groups(groups, threshold, ambient)
    secret = data_key.reveal()
    parts = [secret] if len(groups) == 1 else _split(secret, len(groups), needed)
    dates = {_name(old.master_key): old.created_at for group in previous for old in group}
    jobs = [(key, part) for group, part in zip(groups, parts, strict=True) for key in group]
    wrapped = (_dated(new, dates.get(_name(new.master_key)) or now) for new in _wrap_all(jobs, ambient))
    return tuple(tuple(next(wrapped) for _ in group) for group in groups)


def _split(secret: bytes, groups: int, needed: int) -> list[bytes]:
    """Split a data key, and see that the first and the last shares that are enough give it back."""
    from leafseal.crypto import shamir

    parts = shamir.split(secret, groups, needed)
    if not secret == shamir.join(parts[:needed]) == shamir.join(parts[-needed:]):
        raise IntegrityError("the shares of the data key do not give it back; nothing was written")
    return parts


def _wrap_all(jobs: Sequence[tuple[MasterKey, bytes]], ambient: Ambient) -> list[WrappedKey]:
    """Wrap every part for its key, in order; those that need a network wait for their services together."""
    if not ambient.services and sum(key.needs_network for key, _ in jobs) < 2:
        return [_wrap(key, part, ambient) for key, part in jobs]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_WRAPPERS) as pool:
        waiting = [pool.submit(_wrap, key, part, ambient) for key, part in jobs]
        try:
            return [future.result() for future in waiting]
        except ProviderError:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def resolve_keys(keys: Iterable[MasterKey], ambient: Ambient) -> tuple[MasterKey, ...]:
    """Return keys as they would stand in a file. Raises `ProviderError`."""
    return tuple(_resolved(key, ambient) for key in keys)


def _resolved(key: MasterKey, ambient: Ambient) -> MasterKey:
    return key.resolve(ambient) if isinstance(key, Resolvable) else key


def _name(key: MasterKey) -> tuple[str, str]:
    return key.kind, str(key)


def _wrap(key: MasterKey, part: bytes, ambient: Ambient) -> WrappedKey:
    try:
        key = _resolved(key, ambient)
        enc = ask_in_turn(ambient, lambda: key.wrap(part, ambient), lambda service: service.wrap(key, part))
        return WrappedKey(key, enc.decode("ascii"))
    except ProviderError as error:
        message = f"cannot encrypt the data key for {label(key)}: {error.message}"
        raise type(error)(message, master_key=str(key), source=error.source, hint=error.hint) from error


def _dated(wrapped: WrappedKey, date: str) -> WrappedKey:
    return wrapped._replace(created_at=date) if is_dated(wrapped.master_key.kind) else wrapped


def recover_data_key(groups: Sequence[KeyGroup], threshold: int, keys: KeyRing | Ambient) -> DataKey:
    """Unwrap enough key groups to rebuild the data key.

    Groups are tried in file order, and within a group the keys that need no network first. Where that does not do, the
    others of all groups are tried together. A group is done with the first key that opens it, all is done with as many
    groups as `threshold` asks for; a file of several groups that names no threshold has all of them tried.

    Raises `DataKeyError`, which carries every failed attempt, when too few groups open, and `MetadataError` for groups
    and a threshold that contradict each other.
    """
    ring = keys if isinstance(keys, KeyRing) else KeyRing(keys)
    recovery = _Recovery(groups, threshold, ring)
    recovery.run()
    return recovery.data_key()


def needs_networks(groups: Sequence[KeyGroup], threshold: int, ring: KeyRing) -> bool:
    """Tell whether the data key is to be had only from services, once the keys that are here were tried.

    Raises `MetadataError`, as `recover_data_key`.
    """
    return bool(_Recovery(groups, threshold, ring).run_here())


class _Recovery:
    """The search for parts in one file's key groups."""

    def __init__(self, groups: Sequence[KeyGroup], threshold: int, ring: KeyRing) -> None:
        if not groups or not any(groups):
            raise MetadataError("the file has no master keys")
        if len(groups) > 1 and not (threshold == 0 or 2 <= threshold <= len(groups)):
            raise MetadataError(f"the file has {len(groups)} key groups and a threshold of {threshold}")
        self.groups = groups
        self.ring = ring
        self.size = DATA_KEY_BYTES if len(groups) == 1 else _SHARE_BYTES
        self.required = 1 if len(groups) == 1 else threshold or 2
        self.wanted = 1 if len(groups) == 1 else threshold or len(groups)
        self.parts: dict[int, Secret] = {}
        self.failed: list[FailedAttempt] = []

    def run(self) -> None:
        """Open groups until there are as many as wanted, or no key is left."""
        later = self.run_here()
        for job, outcome in race(later, self.ring) if later else ():
            self.record(job, outcome)
            if len(self.parts) == self.wanted:
                return

    def run_here(self) -> list[Job]:
        """Try the keys that need not be waited for, and return what is left to be tried, if it takes more."""
        later: list[Job] = []
        for number, group in enumerate(self.groups):
            for wrapped in self.ring.sort(group):
                if number in self.parts or len(self.parts) == self.wanted:
                    break
                job = Job(number, wrapped)
                if self.ring.is_immediate(wrapped):
                    self.record(job, self.ring.unwrap(wrapped))
                else:
                    later.append(job)
        return [job for job in later if job.group not in self.parts] if len(self.parts) < self.wanted else []

    def record(self, job: Job, outcome: OpenedPart | FailedAttempt) -> None:
        """Keep a part, or the reason why there is none."""
        if isinstance(outcome, OpenedPart):
            length = len(outcome.part.reveal())
            if length == self.size:
                self.parts.setdefault(job.group, outcome.part)
                return
            outcome = FailedAttempt(
                outcome.master_key, f"it gave {length} bytes where {self.size} were expected: the file was changed"
            )
        self.failed.append(outcome._replace(group=job.group))

    def data_key(self) -> DataKey:
        """Put the parts together."""
        if len(self.parts) < self.required:
            raise self.error(self._summary(), next((attempt.hint for attempt in self.failed if attempt.hint), None))
        parts = [part.reveal() for part in self.parts.values()]
        if len(self.groups) == 1:
            return DataKey(parts[0])
        from leafseal.crypto import shamir  # most files have one group

        try:
            return DataKey(shamir.join(parts))
        except ValueError:
            raise self.error(
                "the parts of the data key do not belong together",
                "restore the file from Git: its key groups were changed",
            ) from None

    def error(self, message: str, hint: str | None) -> DataKeyError:
        """Return the error that tells what was tried."""
        failed = sorted(self.failed, key=self._position)
        return DataKeyError(
            message,
            attempts=failed,
            groups=len(self.groups),
            needed=self.required,
            opened=sorted(self.parts),
            hint=hint,
        )

    def _position(self, attempt: FailedAttempt) -> tuple[int, int]:
        """Return the place of an attempt in the report: that of its key in the order in which keys are tried."""
        keys = [_name(wrapped.master_key) for wrapped in self.ring.sort(self.groups[attempt.group])]
        return attempt.group, keys.index(_name(attempt.master_key))

    def _summary(self) -> str:
        if len(self.groups) > 1:
            return f"{len(self.parts)} of {len(self.groups)} key groups decrypted, {self.required} are needed"
        if len(self.failed) == 1:
            [attempt] = self.failed
            return str(attempt)
        kinds = sorted({attempt.master_key.kind for attempt in self.failed})
        return f"none of {len(self.failed)} master keys ({', '.join(kinds)}) decrypted the data key"
