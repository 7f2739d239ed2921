"""What a change of key groups comes to."""

from __future__ import annotations

import pytest

from leafseal.keys.changes import (
    Keys,
    compare,
    excluding,
    holder_id,
    key_id,
    matching,
    not_configured,
    removed,
    required_groups,
)
from leafseal.keys.registry import parse_recipients
from leafseal.testing import MemoryKey, RemoteMemoryKey

A, B, C = MemoryKey("a"), MemoryKey("b"), MemoryKey("c")
FAR_A = RemoteMemoryKey("a")  # of another kind: another key


@pytest.mark.parametrize(
    ("before", "after", "kept", "added", "gone"),
    [
        ((A, B), (B, C), (B,), (C,), (A,)),
        ((A, A), (A,), (A,), (), ()),
        ((A, B), (B, A), (B, A), (), ()),
        ((A, A, B), (B,), (B,), (), (A, A)),
        ((A,), (FAR_A,), (), (FAR_A,), (A,)),
        ((), (A,), (), (A,), ()),
    ],
)
def test_one_group(before: Keys, after: Keys, kept: Keys, added: Keys, gone: Keys) -> None:
    [change] = compare([before], [after])
    assert (change.kept, change.added, change.removed) == (kept, added, gone)
    assert bool(change) == bool(added or gone)


def test_groups_are_compared_by_position() -> None:
    first, second, third = compare([(A,), (B,)], [(A,), (C,), (B,)])
    assert not first
    assert (second.added, second.removed) == ((C,), (B,))
    assert (third.before, third.added) == ((), (B,))
    assert [change.removed for change in compare([(A,), (B,)], [(A,)])] == [(), (B,)]


def test_who_cannot_open_any_more() -> None:
    assert removed([(A,), (B, C)], [(B,), (A,)]) == (C,)
    assert not_configured([(A, FAR_A)], [(A,)]) == (FAR_A,)
    assert excluding((A, B, A), {("memory", "a")}) == (B,)


def test_versions_of_a_key_are_one_recipient() -> None:
    url = "https://shop.vault.azure.net/keys"
    one, two, general, other = parse_recipients("azure_kv", f"{url}/k/1,{url}/k/2,{url}/k,{url}/l/1")
    assert holder_id(one) == holder_id(two) == key_id(general)
    assert removed([(one, other)], [(two,)]) == (other,)
    assert not_configured([(one, A)], [(general,)]) == (A,)
    assert compare([(one,)], [(two,)])[0].added == (two,)
    assert matching([general], [(one, A), (two,), (other,)]) == {key_id(one), key_id(two)}
    assert matching([one, B], [(two, A)]) == {key_id(one), key_id(B)}


def test_how_many_groups_are_needed() -> None:
    assert [required_groups(1, 0), required_groups(1, 3), required_groups(3, 0), required_groups(3, 2)] == [1, 1, 3, 2]
