"""The providers by kind: each has what reading a file and reading a recipient take."""

from __future__ import annotations

import pytest

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys.kinds import KINDS
from leafseal.keys.registry import make_key, parse_recipients, provider
from leafseal.providers.age import AgeKey
from leafseal.testing import throwaway_identity

ME = throwaway_identity()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_class(kind: str) -> None:
    found = provider(kind)
    assert found.kind == kind  # type: ignore[attr-defined]
    assert provider(kind) is found


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_without_its_fields_is_no_key(kind: str) -> None:
    with pytest.raises(MetadataError):
        make_key(kind, {})


@pytest.mark.parametrize("kind", KINDS)
def test_of_no_text_there_are_no_keys(kind: str) -> None:
    assert parse_recipients(kind, "") == []


def test_a_list_of_keys_keeps_its_order() -> None:
    other = throwaway_identity()
    keys = parse_recipients("age", f"{ME.recipient},{other.recipient}")
    assert keys == [AgeKey(ME.recipient), AgeKey(other.recipient)]
    with pytest.raises(ProviderError):
        parse_recipients("age", f"{ME.recipient},x")
