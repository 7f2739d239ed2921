"""Master keys as messages for people call them: as much of each as tells it from others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from leafseal.display import visible, without_keys
from leafseal.keys import MasterKey
from leafseal.keys.kinds import KINDS, TRIED_FIRST

_SHOWN = 8  # letters of a key, after what all of its kind begin with
_LONGEST = 40
_LISTED = 5


def short_name(key: MasterKey) -> str:
    """Return `age1xu5q8d7k…`, `ssh-ed25519 …x7Yp2kQw`, the last half of a fingerprint; other kinds as they are."""
    text = without_keys(str(key))  # before it is cut: of half a private key nobody could tell what it is
    if key.kind not in TRIED_FIRST:
        return visible(text if len(text) <= 120 else f"{text[:60]}…{text[-30:]}")
    return short_recipient(text) if text.startswith(("age1", "ssh-")) else visible(f"PGP {text[-16:]}")


def short_recipient(text: str) -> str:
    """Return the short name of an age recipient."""
    if text.startswith("ssh-"):
        kind, _, rest = text.partition(" ")
        return visible(f"{kind} …{rest.split(' ')[0][-8:]}")
    shown = text.rfind("1") + 1 + _SHOWN  # the name of a plugin stands before the last 1: `age1yubikey1…`
    if shown > _LONGEST:
        return visible(f"{text[:_LONGEST]}…{text[-_SHOWN:]}")
    return visible(f"{text[:shown]}…" if len(text) > shown else text)


NameOf = Callable[[MasterKey], str | None]
"""Returns the name that a configuration gives a recipient, as messages show it; None without one."""


def nameless(_key: MasterKey) -> str | None:
    """Return no name."""
    return None


def named(key: MasterKey, name_of: NameOf = nameless) -> str:
    """Return `ann (age1xu5q8d7k…)`: a name is what the repository says, so the key is always beside it."""
    name = name_of(key)
    return short_name(key) if name is None else f"{name} ({short_name(key)})"


def in_full(key: MasterKey, name_of: NameOf = nameless) -> str:
    """Return kind and key, nothing left out, and the name behind them: `age age1… (ann)`."""
    name = name_of(key)
    return visible(f"{key.kind} {key}") + (f" ({name})" if name else "")


def listed(keys: Iterable[MasterKey], name_of: NameOf = nameless) -> str:
    """Return people's keys by their names and those of services by their number: `ann (age1xu5…), 1 AWS KMS key`."""
    people: list[str] = []
    services: dict[str, int] = {}
    for key in keys:
        if key.kind in TRIED_FIRST:
            people.append(named(key, name_of))
        else:
            services[key.kind] = services.get(key.kind, 0) + 1
    people = list(dict.fromkeys(people))
    parts = people[:_LISTED]
    if len(people) > _LISTED:
        parts.append(f"{len(people) - _LISTED} more")
    parts += [_counted(count, kind) for kind, count in services.items()]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _counted(count: int, kind: str) -> str:
    what = KINDS[kind].what if kind in KINDS else f"{kind} keys"
    return f"{count} {what.removesuffix('s') if count == 1 else what}"
