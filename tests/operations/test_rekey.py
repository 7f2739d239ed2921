"""Another data key, or the same one for others."""

from __future__ import annotations

import pytest

from leafseal.errors import DataKeyError, ProviderError, RefusedError
from leafseal.keys.changes import keys_of
from leafseal.keys.registry import parse_recipients
from leafseal.operations.rekey import rewrap, rotate, without_foreign
from leafseal.testing import MemoryKey, ambient_with, throwaway_identity

from ..opening import open_sealed
from ..whole_files import AMBIENT, KEYS, ME, open_, seal, tokens, tokens_in

PLAIN = b"# note\na: 0x1F\nb: 'y'\nc_unencrypted: z\n"
SEALED = seal(PLAIN, "yaml")
OPENED = open_(SEALED, "yaml")
OTHER = throwaway_identity()
OTHERS = [parse_recipients("age", OTHER.recipient)]


def test_rotation_makes_every_token_anew_and_moves_nothing() -> None:
    product = rotate(OPENED, KEYS, 0, AMBIENT)
    again = open_(product.data, "yaml")
    assert again.plaintext() == PLAIN
    assert again.data_key != OPENED.data_key
    assert not set(tokens_in(product.data)) & set(tokens_in(SEALED))
    assert tokens(again).keys() == tokens(OPENED).keys()


def test_after_rotation_only_the_new_keys_open() -> None:
    data = rotate(OPENED, OTHERS, 0, AMBIENT).data
    assert open_sealed(data, "yaml", OTHER.ambient()).plaintext() == PLAIN
    with pytest.raises(DataKeyError):
        open_sealed(data, "yaml", ME.ambient())


def test_to_wrap_for_others_leaves_leaves_time_and_mac() -> None:
    product = rewrap(OPENED, OTHERS, 0, AMBIENT)
    again = open_sealed(product.data, "yaml", OTHER.ambient())
    assert again.plaintext() == PLAIN
    assert again.data_key == OPENED.data_key
    assert tokens_in(product.data) == tokens_in(SEALED)
    assert (again.metadata.mac, again.metadata.lastmodified) == (OPENED.metadata.mac, OPENED.metadata.lastmodified)


@pytest.mark.parametrize(("threshold", "opens"), [(1, True), (2, False), (0, False)])
def test_groups_and_their_threshold(threshold: int, opens: bool) -> None:
    with_threshold = threshold if threshold != 1 else 2
    data = rewrap(OPENED, KEYS + OTHERS, with_threshold, AMBIENT).data
    assert open_sealed(data, "yaml", ambient_with(ME, OTHER)).plaintext() == PLAIN
    with pytest.raises(DataKeyError, match="1 of 2 key groups decrypted"):
        open_sealed(data, "yaml", ME.ambient())
    assert opens is (threshold == 1)


@pytest.mark.parametrize("change", [rotate, rewrap])
def test_a_key_that_does_not_wrap_makes_no_file(change: object) -> None:
    with pytest.raises(ProviderError, match="no answer"):
        change(OPENED, [[*KEYS[0], MemoryKey("x", failure="no answer")]], 0, AMBIENT)  # type: ignore[operator]


FOREIGN = [
    (b"a: x\n", "yaml", b"sops:\n", b"sops:\n    future_kms:\n        - id: k\n          enc: abc\n"),
    (b'{"a": "x"}\n', "json", b'"sops": {\n', b'"sops": {\n\t\t"future_kms": [{"id": "k", "enc": "abc"}],\n'),
    (b"a=x\n", "dotenv", b"sops_mac=", b"sops_future_kms__list_0__map_enc=abc\nsops_mac="),
]


@pytest.mark.parametrize(("plain", "format_name", "old", "new"), FOREIGN, ids=["yaml", "json", "dotenv"])
def test_a_key_that_is_not_known_is_not_left_with_the_old_data_key(
    plain: bytes, format_name: str, old: bytes, new: bytes
) -> None:
    sealed = seal(plain, format_name)
    assert old in sealed
    opened = open_(sealed.replace(old, new, 1), format_name)
    groups = keys_of(opened.metadata.groups)
    with pytest.raises(RefusedError, match="cannot give a new data key: future_kms"):
        rotate(opened, groups, 0, AMBIENT)
    assert b"future_kms" in rewrap(opened, groups, 0, AMBIENT).data
    assert b"future_kms" not in rotate(without_foreign(opened), groups, 0, AMBIENT).data


def test_lists_that_wrap_nothing_stay() -> None:
    opened = open_(seal(b"a: x\n", "yaml").replace(b"sops:\n", b"sops:\n    future: [{id: k}]\n"), "yaml")
    assert b"future: [{id: k}]" in rotate(opened, keys_of(opened.metadata.groups), 0, AMBIENT).data
