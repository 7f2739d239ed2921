"""Who is asked to wrap and unwrap: the providers of this process, then key services elsewhere (sops-format §4.8).

A key service holds credentials or identities that this process does not have, and is handed parts of data keys. Which
ones are asked is the user's word, as `Ambient.services`; a file cannot name one.
"""

from __future__ import annotations

from collections.abc import Callable

from leafseal.errors import ProviderError
from leafseal.keys import Ambient, KeyService, MasterKey


def wrap(key: MasterKey, part: bytes, ambient: Ambient) -> bytes:
    """Return the `enc` text for a part, from the first that gives one. Raises `ProviderError`."""
    return _first(ambient, lambda: key.wrap(part, ambient), lambda service: service.wrap(key, part))


def unwrap(key: MasterKey, wrapped: bytes, ambient: Ambient) -> bytes:
    """Return the part in an `enc` text, from the first that gives it. Raises `ProviderError`."""
    return _first(ambient, lambda: key.unwrap(wrapped, ambient), lambda service: service.unwrap(key, wrapped))


def _first(ambient: Ambient, here: Callable[[], bytes], there: Callable[[KeyService], bytes]) -> bytes:
    failures: list[ProviderError] = []
    if ambient.asks_providers:
        try:
            return here()
        except ProviderError as error:
            failures.append(error)
    for service in ambient.services:
        try:
            return there(service)
        except ProviderError as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    raise ProviderError(
        "; ".join(error.message for error in failures) or "there is no key service to ask",
        source=", ".join(error.source for error in failures if error.source) or None,
        hint=next((error.hint for error in failures if error.hint), None),
    )
