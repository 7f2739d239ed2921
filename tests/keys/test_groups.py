from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence

import pytest

from leafseal.errors import ConfigError, DataKeyError, MetadataError, ProviderError, ProviderMissingError
from leafseal.keys import Ambient, MasterKey, report
from leafseal.keys import ring as keyring
from leafseal.keys.groups import DataKey, KeyGroup, recover_data_key, resolve_threshold, wrap_data_key
from leafseal.keys.ring import FailedAttempt, KeyRing, OpenedPart, WrappedKey
from leafseal.providers.age import AgeKey
from leafseal.testing import MemoryKey, RemoteMemoryKey, ambient_with, throwaway_identity

AMBIENT = ambient_with()
NOW = "2026-11-22T17:48:26Z"
DATA_KEY = DataKey(bytes(range(32)))


def wrap(*groups: Sequence[MasterKey], threshold: int = 0) -> tuple[KeyGroup, ...]:
    return wrap_data_key(DATA_KEY, groups, threshold, AMBIENT, NOW)


def broken(key: MemoryKey, failure: str = "no answer") -> MemoryKey:
    """Return the same key, out of order."""
    return type(key)(key.name, failure=failure)


def replace_key(groups: tuple[KeyGroup, ...], *keys: MemoryKey) -> tuple[KeyGroup, ...]:
    """Return the groups with `keys` in the places of those of the same name."""
    by_name = {key.name: key for key in keys}
    return tuple(
        tuple(WrappedKey(by_name.get(str(w.master_key), w.master_key), w.enc, w.created_at) for w in group)
        for group in groups
    )


# One group


def test_one_group_wraps_the_data_key_itself() -> None:
    a, b = MemoryKey("a"), MemoryKey("b")
    [group] = wrap([a, b])
    assert [wrapped.master_key for wrapped in group] == [a, b]
    assert a.unwrap(group[0].enc.encode(), AMBIENT) == DATA_KEY.reveal()
    assert recover_data_key([group], 0, AMBIENT) == DATA_KEY


def test_one_group_ignores_its_threshold() -> None:
    [group] = wrap([MemoryKey("a")], threshold=7)
    assert recover_data_key([group], 7, AMBIENT) == DATA_KEY


def test_the_first_key_that_opens_ends_the_search() -> None:
    a, b, c = MemoryKey("a"), MemoryKey("b"), MemoryKey("c")
    groups = replace_key(wrap([a, b, c]), broken(a))
    assert recover_data_key(groups, 0, AMBIENT) == DATA_KEY
    assert b.calls == ["wrap", "unwrap"]
    assert c.calls == ["wrap"]


def test_local_keys_come_before_those_of_the_network() -> None:
    far, near = RemoteMemoryKey("far"), MemoryKey("near")
    groups = wrap([far, near])
    assert recover_data_key(groups, 0, AMBIENT) == DATA_KEY
    assert far.calls == ["wrap"]


def test_the_network_is_tried_when_nothing_else_opens() -> None:
    far, near = RemoteMemoryKey("far"), MemoryKey("near")
    groups = replace_key(wrap([far, near]), broken(near))
    assert recover_data_key(groups, 0, AMBIENT) == DATA_KEY


def test_an_order_that_was_asked_for_wins() -> None:
    far, near = RemoteMemoryKey("far"), MemoryKey("near")
    ring = KeyRing(AMBIENT, order=["unheard_of", "remote", "memory"])
    assert recover_data_key(wrap([near, far]), 0, ring) == DATA_KEY
    assert far.calls == ["wrap", "unwrap"]
    assert near.calls == ["wrap"]


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_part_of_another_length_is_no_data_key(length: int) -> None:
    key = MemoryKey("a")
    enc = key.wrap(bytes(length), AMBIENT).decode()
    with pytest.raises(DataKeyError, match=f"{length} bytes where 32 were expected"):
        recover_data_key([(WrappedKey(key, enc),)], 0, AMBIENT)


def test_real_age_keys() -> None:
    alice, bob, eve = (throwaway_identity() for _ in range(3))
    groups = wrap([AgeKey(alice.recipient), AgeKey(bob.recipient)])
    assert [wrapped.created_at for wrapped in groups[0]] == [None, None]
    assert recover_data_key(groups, 0, bob.ambient()) == DATA_KEY
    with pytest.raises(DataKeyError, match=r"none of 2 master keys \(age\)") as caught:
        recover_data_key(groups, 0, eve.ambient())
    assert [attempt.source for attempt in caught.value.attempts] == ["SOPS_AGE_KEY"] * 2


# Several groups


def test_every_key_of_a_group_holds_the_same_share() -> None:
    keys = [[MemoryKey("a"), MemoryKey("b")], [MemoryKey("c")], [MemoryKey("d")]]
    groups = wrap(*keys, threshold=2)
    shares = [w.master_key.unwrap(w.enc.encode(), AMBIENT) for group in groups for w in group]
    assert [len(share) for share in shares] == [33] * 4
    assert [share[-1] for share in shares] == [1, 1, 2, 3]
    assert shares[0] == shares[1]


@pytest.mark.parametrize(("threshold", "count"), [(2, 3), (3, 5)])
def test_any_subset_of_groups_opens_when_it_is_large_enough(threshold: int, count: int) -> None:
    keys = [MemoryKey(str(number)) for number in range(count)]
    groups = wrap(*([key] for key in keys), threshold=threshold)
    for flags in itertools.product([False, True], repeat=count):
        changed = replace_key(groups, *(broken(key) for key, opens in zip(keys, flags, strict=True) if not opens))
        if sum(flags) >= threshold:
            assert recover_data_key(changed, threshold, AMBIENT) == DATA_KEY
        else:
            with pytest.raises(DataKeyError, match=f"{sum(flags)} of {count} key groups decrypted, {threshold} are"):
                recover_data_key(changed, threshold, AMBIENT)


def test_no_more_groups_are_tried_than_needed() -> None:
    keys = [MemoryKey(name) for name in "abcd"]
    recover_data_key(wrap(*([key] for key in keys), threshold=2), 2, AMBIENT)
    assert [len(key.calls) for key in keys] == [2, 2, 1, 1]


def test_without_a_threshold_all_groups_are_tried_and_two_suffice_to_join() -> None:
    keys = [MemoryKey(name) for name in "abc"]
    groups = wrap(*([key] for key in keys), threshold=2)
    assert recover_data_key(groups, 0, AMBIENT) == DATA_KEY
    assert [key.calls[-1] for key in keys] == ["unwrap"] * 3
    assert recover_data_key(replace_key(groups, broken(keys[0])), 0, AMBIENT) == DATA_KEY


def test_shares_that_were_moved_do_not_join() -> None:
    a, b = MemoryKey("a"), MemoryKey("b")
    groups = wrap([a], [b])
    a.parts.update(b.parts)
    moved = (groups[0], (WrappedKey(a, groups[1][0].enc),))
    a.parts[groups[0][0].enc.encode()] = b.parts[groups[1][0].enc.encode()]
    with pytest.raises(DataKeyError, match="do not belong together"):
        recover_data_key(moved, 2, AMBIENT)


def test_a_share_in_place_of_the_data_key_is_refused() -> None:
    groups = wrap([MemoryKey("a")], [MemoryKey("b")])
    with pytest.raises(DataKeyError, match="33 bytes where 32 were expected"):
        recover_data_key(groups[:1], 0, AMBIENT)


def test_the_network_keys_of_all_groups_are_tried_together() -> None:
    all_there = threading.Barrier(4)

    class Waiting(RemoteMemoryKey):
        def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
            all_there.wait(timeout=120)  # one after the other, the first would wait in vain
            return super().unwrap(wrapped, ambient)

    groups = wrap(*([Waiting(name)] for name in "abcd"))
    assert recover_data_key(groups, 4, AMBIENT) == DATA_KEY


def test_the_first_part_ends_the_race() -> None:
    over = threading.Event()

    class Slow(RemoteMemoryKey):
        def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
            assert over.wait(120)  # who waits for this one, waits in vain
            raise ProviderError("too late")

    groups = wrap([RemoteMemoryKey("slow"), RemoteMemoryKey("quick")])
    assert recover_data_key(replace_key(groups, Slow("slow")), 0, AMBIENT) == DATA_KEY
    over.set()


def test_a_key_that_does_not_answer_is_left_behind() -> None:
    job = keyring.Job(0, wrap([RemoteMemoryKey("slow")])[0][0])
    stuck = keyring.Job(0, WrappedKey(RemoteMemoryKey("slow", seconds=2), job.wrapped.enc))
    [(_, outcome)] = keyring.race([stuck], KeyRing(AMBIENT), seconds=0.05)
    assert isinstance(outcome, FailedAttempt)
    assert outcome.reason == "no answer within 0.05 seconds"


def test_all_files_of_a_run_can_have_one_limit() -> None:
    job = keyring.Job(0, wrap([RemoteMemoryKey("slow")])[0][0])
    stuck = keyring.Job(0, WrappedKey(RemoteMemoryKey("slow", seconds=2), job.wrapped.enc))
    [(_, outcome)] = keyring.race([stuck], KeyRing(AMBIENT, seconds=0))
    assert isinstance(outcome, FailedAttempt)
    assert outcome.reason == "no answer within 0 seconds"


def test_enc_that_cannot_be_encoded_is_a_failed_attempt() -> None:
    with pytest.raises(DataKeyError, match="the encrypted data key is damaged"):
        recover_data_key([(WrappedKey(AgeKey(throwaway_identity().recipient), "\ud800"),)], 0, AMBIENT)


def test_a_fault_in_a_provider_reaches_the_caller() -> None:
    class Faulty(RemoteMemoryKey):
        def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        recover_data_key([(WrappedKey(Faulty("x"), "x"),)], 0, AMBIENT)


# What cannot be


@pytest.mark.parametrize(
    ("groups", "threshold", "expected"), [(1, 0, 0), (1, 5, 5), (3, 0, 3), (3, 2, 2), (3, 3, 3), (255, 0, 255)]
)
def test_thresholds(groups: int, threshold: int, expected: int) -> None:
    assert resolve_threshold(groups, threshold) == expected


@pytest.mark.parametrize(("groups", "threshold"), [(0, 0), (2, 1), (2, 3), (3, -1), (256, 2)])
def test_thresholds_that_do_not_fit(groups: int, threshold: int) -> None:
    with pytest.raises(ConfigError):
        resolve_threshold(groups, threshold)


def test_groups_that_cannot_be_wrapped_for() -> None:
    with pytest.raises(ConfigError, match=r"\Ano key groups provided\Z"):
        wrap()
    with pytest.raises(ConfigError, match=r"\Aempty key group provided\Z"):
        wrap([])
    with pytest.raises(ConfigError, match="empty key group"):
        wrap([MemoryKey("a")], [])


def test_all_keys_wrap_or_none() -> None:
    with pytest.raises(ProviderError, match="cannot encrypt the data key for memory b: out of order") as caught:
        wrap([MemoryKey("a"), MemoryKey("b", failure="out of order")])
    assert caught.value.master_key == "b"


def test_a_missing_sdk_stays_recognisable() -> None:
    class Missing(MemoryKey):
        def wrap(self, part: bytes, ambient: Ambient) -> bytes:
            raise ProviderMissingError("boto3 is not installed", hint="pip install leafseal[aws]")

    with pytest.raises(ProviderMissingError) as caught:
        wrap([Missing("a")])
    assert caught.value.hint == "pip install leafseal[aws]"


@pytest.mark.parametrize("groups", [[], [()], [(), ()]])
def test_a_file_without_keys(groups: list[KeyGroup]) -> None:
    with pytest.raises(MetadataError, match="no master keys"):
        recover_data_key(groups, 0, AMBIENT)


@pytest.mark.parametrize("threshold", [-1, 1, 3])
def test_a_file_with_a_threshold_that_does_not_fit(threshold: int) -> None:
    with pytest.raises(MetadataError, match="threshold"):
        recover_data_key(wrap([MemoryKey("a")], [MemoryKey("b")]), threshold, AMBIENT)


# Dates


def test_keys_keep_their_dates_and_new_ones_are_dated() -> None:
    a, b = MemoryKey("a"), MemoryKey("b")
    old = wrap_data_key(DATA_KEY, [[a]], 0, AMBIENT, "2020-01-01T00:00:00Z")
    [new] = wrap_data_key(DATA_KEY, [[a, b]], 0, AMBIENT, NOW, previous=old)
    assert [wrapped.created_at for wrapped in new] == ["2020-01-01T00:00:00Z", NOW]


# The ring


def test_equal_blobs_are_unwrapped_once() -> None:
    key = MemoryKey("a")
    groups, others = wrap([key]), wrap([key])
    ring = KeyRing(AMBIENT)
    for _ in range(3):
        assert recover_data_key(groups, 0, ring) == DATA_KEY
    assert recover_data_key(others, 0, ring) == DATA_KEY
    assert key.calls == ["wrap", "wrap", "unwrap", "unwrap"]


def test_equal_blobs_are_unwrapped_once_by_many_threads() -> None:
    key = MemoryKey("a")
    groups = wrap([key])
    slow = replace_key(groups, MemoryKey("a", seconds=0.05, calls=key.calls, parts=key.parts))
    ring = KeyRing(AMBIENT)
    threads = [threading.Thread(target=recover_data_key, args=(slow, 0, ring)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert key.calls == ["wrap", "unwrap"]


def test_failures_are_remembered_too() -> None:
    key = MemoryKey("a", failure="no")
    ring = KeyRing(AMBIENT)
    for _ in range(2):
        with pytest.raises(DataKeyError):
            recover_data_key([(WrappedKey(key, "x"),)], 0, ring)
    assert key.calls == ["unwrap"]


def test_the_oldest_is_forgotten_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "_CAPACITY", 2)
    key, ring = MemoryKey("a"), KeyRing(AMBIENT)
    blobs = [wrap([key])[0][0] for _ in range(3)]
    for blob in (*blobs, blobs[2], blobs[0]):
        assert isinstance(ring.unwrap(blob), OpenedPart)
    assert key.calls.count("unwrap") == 4


def test_a_part_is_not_shown() -> None:
    part = KeyRing(AMBIENT).unwrap(wrap([MemoryKey("a")])[0][0])
    assert "x01" not in repr(part)
    assert "hidden" in repr(part)


# Reports


def test_one_key_that_fails_says_why_at_once() -> None:
    groups = replace_key(wrap([MemoryKey("a")]), MemoryKey("a", failure="the safe is closed"))
    with pytest.raises(DataKeyError) as caught:
        recover_data_key(groups, 0, AMBIENT)
    assert str(caught.value) == "memory a: the safe is closed"
    assert report.describe(caught.value) == "  memory a\n    the safe is closed"


def test_a_report_names_groups_keys_and_reasons() -> None:
    a, b, c = MemoryKey("a"), RemoteMemoryKey("b\x1b[31m"), MemoryKey("c")
    groups = replace_key(wrap([a], [b, c], [c]), broken(b, "a long reason " * 8 + "ends"), broken(c))
    with pytest.raises(DataKeyError) as caught:
        recover_data_key(groups, 3, AMBIENT)
    error = caught.value
    assert (error.groups, error.needed, error.opened) == (3, 3, (0,))
    assert [(attempt.group, str(attempt.master_key)) for attempt in error.attempts] == [
        (1, "c"),
        (1, "b\x1b[31m"),
        (2, "c"),
    ]
    assert report.describe(error).split("\n") == [
        "group 1 of 3: decrypted",
        "group 2 of 3: not decrypted",
        "  memory c",
        "    no answer",
        "  remote b\\x1b[31m",
        "    a long reason a long reason a long reason a long reason a long reason a",
        "    long reason a long reason a long reason ends",
        "group 3 of 3: not decrypted",
        "  memory c",
        "    no answer",
        "3 of 3 groups are needed, 1 decrypted",
    ]


def test_keys_that_need_a_network_are_reported_in_order() -> None:
    late, early = RemoteMemoryKey("late", failure="no", seconds=0.1), RemoteMemoryKey("early", failure="no")
    local = MemoryKey("local", failure="no")
    groups = [tuple(WrappedKey(key, "x") for key in (late, early, local))]
    with pytest.raises(DataKeyError) as caught:
        recover_data_key(groups, 0, AMBIENT)
    names = [str(attempt.master_key) for attempt in caught.value.attempts if isinstance(attempt, FailedAttempt)]
    assert names == ["local", "late", "early"]


def test_a_long_identifier_is_shown_by_its_ends() -> None:
    key = MemoryKey("x" * 200 + "end", failure="no")
    with pytest.raises(DataKeyError) as caught:
        recover_data_key([(WrappedKey(key, "x"),)], 0, AMBIENT)
    assert len(str(caught.value)) < 120
    assert "…" in str(caught.value)
    assert str(caught.value).endswith("end: no")
