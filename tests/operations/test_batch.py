"""Many files at once: each key asked once, no failure hides another, order kept."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from threading import Barrier
from typing import ClassVar

import pytest

from leafseal.errors import LeafsealError, NotEncryptedError
from leafseal.keys import Ambient
from leafseal.keys.groups import DataKey, recover_data_key, wrap_data_key
from leafseal.keys.ring import KeyRing
from leafseal.metadata import groups as metadata_groups
from leafseal.operations.batch import Done, Failed, Item, each, failures, open_all, results
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.system.clock import now
from leafseal.testing import NOWHERE, MemoryKey, RemoteMemoryKey

from ..opening import as_item
from ..whole_files import AMBIENT, seal

FILES = [as_item(f"{number}.yaml", seal(b"a: %d\n" % number, "yaml"), "yaml") for number in range(5)]


def _plain(_item: Item, opened: Opened) -> bytes:
    return opened.plaintext()


def test_outcomes_stand_in_the_order_of_the_files() -> None:
    outcomes = open_all(FILES, KeyRing(AMBIENT), _plain)
    assert [result for _, result in results(outcomes)] == [b"a: %d\n" % number for number in range(5)]
    assert not failures(outcomes)


def test_a_file_that_fails_hides_no_other() -> None:
    bad = as_item("plain.yaml", b"a: 1\n", "yaml")
    steps: list[None] = []
    outcomes = open_all([FILES[0], bad, FILES[1]], KeyRing(AMBIENT), _plain, progress=lambda: steps.append(None))
    assert [type(outcome) for outcome in outcomes] == [Done, Failed, Done]
    [failed] = failures(outcomes)
    assert isinstance(failed.error, NotEncryptedError)
    assert str(failed.error).startswith("plain.yaml: ")
    assert len(steps) == 3


def test_each_keeps_the_place_that_a_deeper_layer_named() -> None:
    def work(_item: Item) -> None:
        raise LeafsealError("gone", file="other.yaml")

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
    groups = wrap_data_key(DataKey.generate(), [[key]], 0, nowhere, now())
    ring = KeyRing(nowhere)
    assert len({recover_data_key(groups, 0, ring).reveal() for _ in range(50)}) == 1
    assert key.calls == ["wrap", "unwrap"]


def test_blobs_that_differ_are_each_unwrapped() -> None:
    nowhere = Ambient({}, NOWHERE)
    key = RemoteMemoryKey("one")
    groups = [wrap_data_key(DataKey.generate(), [[key]], 0, nowhere, now()) for _ in range(3)]
    ring = KeyRing(nowhere)
    assert len({recover_data_key(group, 0, ring).reveal() for group in groups}) == 3
    assert key.calls.count("unwrap") == 3


@dataclass(frozen=True, slots=True)
class CountingKey(RemoteMemoryKey):
    """A key of a network that stands in the metadata of files."""

    kind: ClassVar[str] = "hckms"

    meeting: Barrier | None = None  # where as many have to ask as it has parties

    def to_metadata(self) -> dict[str, object]:
        return {"key_id": self.name}

    def unwrap(self, wrapped: bytes, ambient: Ambient) -> bytes:
        if self.meeting is not None:
            self.meeting.wait(120)
        return RemoteMemoryKey.unwrap(self, wrapped, ambient)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> dict[str, CountingKey]:
    """Return the keys, by name, that entries of the kind `hckms` in metadata stand for."""
    keys = {name: CountingKey(name) for name in ("one", "two")}
    monkeypatch.setattr(metadata_groups, "make_key", lambda _, fields: keys[str(fields["key_id"])])
    return keys


def _sealed(key: MemoryKey, count: int) -> list[Item]:
    nowhere = Ambient({}, NOWHERE)
    sealed = [encrypt(b"a: %d\n" % number, "yaml", [[key]], 0, Selection(), nowhere).data for number in range(count)]
    return [as_item(f"{key}-{number}.yaml", data, "yaml") for number, data in enumerate(sealed)]


def test_files_with_equal_blobs_ask_once(network: dict[str, CountingKey]) -> None:
    [source] = _sealed(network["one"], 1)
    copies = [as_item(f"{number}.yaml", source.source.data, "yaml") for number in range(40)]
    outcomes = open_all(copies, KeyRing(Ambient({}, NOWHERE)), _plain)
    assert [result for _, result in results(outcomes)] == [b"a: 0\n"] * 40
    assert network["one"].calls == ["wrap", "unwrap"]


def test_files_with_other_blobs_wait_for_their_keys_together(network: dict[str, CountingKey]) -> None:
    sources = _sealed(network["one"], 8) + _sealed(network["two"], 8)
    for name, key in network.items():
        network[name] = CountingKey(name, calls=key.calls, parts=key.parts, meeting=Barrier(2))
    outcomes = open_all(sources, KeyRing(Ambient({}, NOWHERE)), _plain)
    assert [result for _, result in results(outcomes)] == [b"a: %d\n" % number for number in range(8)] * 2
    assert network["one"].calls.count("unwrap") == network["two"].calls.count("unwrap") == 8


def test_a_key_that_fails_is_not_asked_again(network: dict[str, CountingKey]) -> None:
    good, bad = _sealed(network["one"], 1), _sealed(network["two"], 1)
    network["two"] = CountingKey("two", failure="permission denied")
    outcomes = open_all([*bad, *good, *bad], KeyRing(Ambient({}, NOWHERE)), _plain)
    assert [type(outcome) for outcome in outcomes] == [Failed, Done, Failed]
    assert {str(failed.error) for failed in failures(outcomes)} == {"two-0.yaml: hckms two: permission denied"}
    assert network["two"].calls == ["unwrap"]
