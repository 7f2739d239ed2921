"""The sealed memory of how values were spelled (splicing §4).

An entry is named after its token, so that it moves where the token moves and is void once the token is replaced; its
AAD is the token, so that it cannot be moved to another. It lies outside the MAC: without it the same values open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from leafseal.crypto.token import Sealer, TokenError


def entry_name(token: str) -> str:
    """Return the name under which the spelling of a token's leaf is kept."""
    # The letter keeps a name of digits alone, or one like 1e5, a string for every reader.
    return "t" + hashlib.sha256(token.encode()).hexdigest()[:16]


def _aad(token: str) -> str:
    return f"leafseal:spelling:{token}:"


def seal_spellings(
    spellings: Iterable[tuple[str, str]], sealer: Sealer, known: Mapping[str, tuple[str, str]] | None = None
) -> dict[str, str]:
    """Return the entries for `(token, kind and source)` pairs, sorted by name.

    `known` maps a token to the source and the entry it had: an unchanged spelling keeps its entry to the byte.
    """
    entries = {}
    for token, source in spellings:
        had = known.get(token) if known else None
        if had is not None and had[0] == source:
            entries[entry_name(token)] = had[1]
        else:
            data = source.encode("utf-8", "surrogateescape")
            entries[entry_name(token)] = sealer.seal_bytes(data, "str", _aad(token))
    return dict(sorted(entries.items()))


def open_spellings(entries: Mapping[str, str], tokens: Iterable[str], sealer: Sealer) -> dict[str, str]:
    """Return the spelling of each token that has a valid entry; others are as if they were not there."""
    found: dict[str, str] = {}
    if not entries:
        return found
    for token in tokens:
        entry = entries.get(entry_name(token))
        if entry is not None:
            try:
                data, _ = sealer.open_bytes(entry, _aad(token))
            except TokenError:
                continue
            found[token] = data.decode("utf-8", "surrogateescape")
    return found
