"""Many files at once: each key asked once, no failure hides another, order kept."""

from __future__ import annotations

import gc

from leaflock import operations
from leaflock.engine import Done, Failed, Reading, Source, each, failures, open_all, results
from leaflock.errors import LeaflockError, NotEncryptedError
from leaflock.keygroups import DataKey, KeyRing, recover_data_key, wrap_data_key
from leaflock.masterkey import Ambient
from leaflock.operations import Opened
from leaflock.testing import NOWHERE, MemoryKey, RemoteMemoryKey

from .whole_files import AMBIENT, seal

FILES = [Source(f"{number}.yaml", seal(b"a: %d\n" % number, "yaml"), "yaml") for number in range(5)]


def _plain(_source: Source, opened: Opened) -> bytes:
    return opened.plaintext()


def test_outcomes_stand_in_the_order_of_the_files() -> None:
    outcomes = open_all(FILES, Reading(KeyRing(AMBIENT)), _plain)
    assert [result for _, result in results(outcomes)] == [b"a: %d\n" % number for number in range(5)]
    assert not failures(outcomes)


def test_a_file_that_fails_hides_no_other() -> None:
    bad = Source("plain.yaml", b"a: 1\n", "yaml")
    steps: list[None] = []
    outcomes = open_all(
        [FILES[0], bad, FILES[1]], Reading(KeyRing(AMBIENT)), _plain, progress=lambda: steps.append(None)
    )
    assert [type(outcome) for outcome in outcomes] == [Done, Failed, Done]
    [failed] = failures(outcomes)
    assert isinstance(failed.error, NotEncryptedError)
    assert str(failed.error).startswith("plain.yaml: ")
    assert len(steps) == 3


def test_each_keeps_the_place_that_a_deeper_layer_named() -> None:
    def work(_source: Source) -> None:
        raise LeaflockError("gone", file="other.yaml")

    [outcome] = each([FILES[0]], work)
    assert isinstance(outcome, Failed)
    assert str(outcome.error) == "other.yaml: gone"


def test_the_collector_runs_again_afterwards() -> None:
    assert gc.isenabled()
    states: list[bool] = []
    each([FILES[0]], lambda _: states.append(gc.isenabled()))
    assert states == [False]
    assert gc.isenabled()


def test_equal_blobs_are_unwrapped_once() -> None:
    nowhere = Ambient({}, NOWHERE)
    key = MemoryKey("one")
    groups = wrap_data_key(DataKey.generate(), [[key]], 0, nowhere, operations.now())
    ring = KeyRing(nowhere)
    assert len({recover_data_key(groups, 0, ring).reveal() for _ in range(50)}) == 1
    assert key.calls == ["wrap", "unwrap"]


def test_blobs_that_differ_are_each_unwrapped() -> None:
    nowhere = Ambient({}, NOWHERE)
    key = RemoteMemoryKey("one")
    groups = [wrap_data_key(DataKey.generate(), [[key]], 0, nowhere, operations.now()) for _ in range(3)]
    ring = KeyRing(nowhere)
    assert len({recover_data_key(group, 0, ring).reveal() for group in groups}) == 3
    assert key.calls.count("unwrap") == 3
