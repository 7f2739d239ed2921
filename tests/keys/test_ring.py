"""Who is asked to wrap and unwrap, in which order, and what is said when nobody does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import ClassVar

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.groups import DataKey, recover_data_key, wrap_data_key
from leafseal.testing import MemoryKey, RemoteMemoryKey

DATE = "2026-11-23T04:00:00Z"


@dataclass
class Elsewhere:
    """A key service that answers for a key of its own, or refuses."""

    key: MemoryKey
    failure: str = ""
    asked: list[str] = field(default_factory=list)

    def wrap(self, key: MasterKey, part: bytes) -> bytes:
        self._answer(key)
        return self.key.wrap(part, NOBODY)

    def unwrap(self, key: MasterKey, wrapped: bytes) -> bytes:
        self._answer(key)
        return self.key.unwrap(wrapped, NOBODY)

    def _answer(self, key: MasterKey) -> None:
        self.asked.append(str(key))
        if self.failure:
            raise ProviderError(f"tcp://elsewhere: {self.failure}", source="tcp://elsewhere")


NOBODY = Ambient({}, Path("/nowhere"))


def asking(*services: Elsewhere, own: bool = True) -> Ambient:
    return Ambient({}, Path("/nowhere"), services=services, asks_providers=own)


def test_what_opens_here_is_not_asked_elsewhere() -> None:
    key, service = MemoryKey("here"), Elsewhere(MemoryKey("there"))
    groups = wrap_data_key(data_key := DataKey.generate(), [[key]], 0, asking(service), DATE)
    assert recover_data_key(groups, 0, asking(service)).reveal() == data_key.reveal()
    assert service.asked == []


def test_a_service_answers_for_a_key_that_does_not_open_here() -> None:
    key, service = MemoryKey("here", failure="no credentials"), Elsewhere(MemoryKey("there"))
    groups = wrap_data_key(data_key := DataKey.generate(), [[key]], 0, asking(service), DATE)
    assert recover_data_key(groups, 0, asking(service)).reveal() == data_key.reveal()
    assert service.asked == ["here", "here"]


def test_services_are_asked_in_turn() -> None:
    key = MemoryKey("here")
    first, second = Elsewhere(key, failure="denied"), Elsewhere(key)
    groups = wrap_data_key(DataKey.generate(), [[key]], 0, NOBODY, DATE)
    key.calls.clear()
    recover_data_key(groups, 0, asking(first, second, own=False))
    assert (first.asked, second.asked, key.calls) == (["here"], ["here"], ["unwrap"])


def test_every_refusal_is_told() -> None:
    key = MemoryKey("here", failure="no credentials")
    groups = wrap_data_key(DataKey.generate(), [[MemoryKey("here")]], 0, NOBODY, DATE)
    groups = ((type(groups[0][0])(key, groups[0][0].enc, None),),)
    with pytest.raises(DataKeyError) as caught:
        recover_data_key(groups, 0, asking(Elsewhere(key, failure="denied")))
    assert "no credentials; tcp://elsewhere: denied" in str(caught.value)


def test_nobody_to_ask() -> None:
    with pytest.raises(ProviderError, match="no key service to ask"):
        wrap_data_key(DataKey.generate(), [[MemoryKey("here")]], 0, asking(own=False), DATE)


class Meeting(RemoteMemoryKey):
    """A key that wraps when as many as there are places at the table are being asked at the same time."""

    table: ClassVar[Barrier] = Barrier(6)

    def wrap(self, part: bytes, ambient: Ambient) -> bytes:
        self.table.wait(timeout=120)
        return super().wrap(part, ambient)


def test_keys_that_need_a_network_are_wrapped_together() -> None:
    keys = [Meeting(f"key {number}") for number in range(6)]
    groups = wrap_data_key(DataKey.generate(), [keys[:3], keys[3:]], 2, NOBODY, DATE)
    assert [[str(wrapped.master_key) for wrapped in group] for group in groups] == [
        ["key 0", "key 1", "key 2"],
        ["key 3", "key 4", "key 5"],
    ]


def test_one_key_that_does_not_wrap_stops_all() -> None:
    keys = [RemoteMemoryKey("good"), RemoteMemoryKey("bad", failure="denied")]
    with pytest.raises(ProviderError, match="cannot encrypt the data key for remote bad: denied"):
        wrap_data_key(DataKey.generate(), [keys], 0, NOBODY, DATE)
