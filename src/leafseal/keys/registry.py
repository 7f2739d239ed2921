"""The providers of master keys, by kind; a provider's module is imported when a file or a rule names its kind.

A provider's class is a `MasterKey` and offers two ways to make one: `from_fields(fields)` from an entry of the
metadata, and `parse(text)` from what users write.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS


class Provider(Protocol):
    """What a provider's class offers beside being a `MasterKey`."""

    def from_fields(self, fields: Mapping[str, object]) -> MasterKey:
        """Make a key of an entry's fields other than `enc` and `created_at`. Raises `MetadataError`."""
        ...

    def parse(self, text: str) -> list[MasterKey]:
        """Make keys of a comma-separated list. Raises `ProviderError`."""
        ...


def provider(kind: str) -> Provider:
    """Return the class for `kind`; for a kind without a provider one that keeps its entries and can do nothing else."""
    if kind not in KINDS:
        from leafseal.keys.unknown import foreign_class

        return cast(Provider, foreign_class(kind))
    module, _, name = KINDS[kind].provider.partition(":")
    return cast(Provider, getattr(importlib.import_module(module), name))


def make_key(kind: str, fields: Mapping[str, object]) -> MasterKey:
    """Make a master key of the fields that an entry of its kind has. Raises `MetadataError`."""
    return provider(kind).from_fields(fields)


def parse_recipients(kind: str, text: str) -> list[MasterKey]:
    """Read a comma-separated list of keys, as options, variables and rules hold it. Raises `ProviderError`."""
    return provider(kind).parse(text)


def with_aws(key: MasterKey, context: Mapping[str, str], profile: str) -> MasterKey:
    """Return a key with an AWS encryption context and a profile, where its kind has them.

    A context of its own counts, a profile of its own does not (sops-cli §3).
    """
    own = KINDS[key.kind].fields if key.kind in KINDS else ()
    if "context" not in own or not (context or profile):
        return key
    fields = key.to_metadata()
    if context and not fields.get("context"):
        fields["context"] = dict(context)
    if profile:
        fields["aws_profile"] = profile
    return make_key(key.kind, fields)
