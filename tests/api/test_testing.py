"""What users get for their own tests."""

from __future__ import annotations

import pytest

from leafseal.errors import ProviderError
from leafseal.keys import MasterKey
from leafseal.providers.age import AgeKey
from leafseal.testing import NOWHERE, MemoryKey, RemoteMemoryKey, ambient_with, throwaway_identity


def test_a_throwaway_identity_opens_what_is_for_it_alone() -> None:
    me, you = throwaway_identity(), throwaway_identity()
    key = AgeKey(me.recipient)
    wrapped = key.wrap(bytes(32), me.ambient())
    assert key.unwrap(wrapped, me.ambient()) == key.unwrap(wrapped, ambient_with(you, me)) == bytes(32)
    for other in (you.ambient(), ambient_with()):
        with pytest.raises(ProviderError):
            key.unwrap(wrapped, other)
    assert me.identity not in repr(me) + repr(me.ambient())


def test_nothing_of_the_real_surroundings_is_seen() -> None:
    assert ambient_with().environ == {}
    assert ambient_with().home == NOWHERE
    assert not NOWHERE.exists()
    assert ambient_with().ask is None


@pytest.mark.parametrize("kind", [MemoryKey, RemoteMemoryKey])
def test_a_memory_key_is_a_master_key(kind: type[MemoryKey]) -> None:
    key = kind("a")
    assert isinstance(key, MasterKey)
    assert key.unwrap(key.wrap(b"part", ambient_with()), ambient_with()) == b"part"
    assert key.calls == ["wrap", "unwrap"]
    with pytest.raises(ProviderError, match="unknown"):
        key.unwrap(b"x", ambient_with())
    with pytest.raises(ProviderError, match="closed"):
        kind("b", failure="closed").wrap(b"part", ambient_with())
