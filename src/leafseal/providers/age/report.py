"""What is said when no age identity opens a key: which there were, what went wrong with them, where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leafseal import age
from leafseal.age.keys import recipient_type
from leafseal.errors import ProviderError, ProviderMissingError
from leafseal.providers.age.places import Absent, Failed, Loaded, Place

_HINT = "set SOPS_AGE_KEY_FILE to the file with your private key"
_SSH_HINT = "name the file with the private key of this recipient in SOPS_AGE_SSH_PRIVATE_KEY_FILE"

DEFAULT_HINTS = (_HINT, _SSH_HINT)
"""What is said where nothing is wrong with any place."""


def no_match_error(recipient: str, places: Sequence[Place]) -> ProviderError:
    """Return the error for a recipient, once all places were tried."""
    with_some = [place for place in places if isinstance(place, Loaded) and any(map(_was_tried, place.identities))]
    source = ", ".join(place.name for place in places if isinstance(place, Loaded) and place.identities) or None
    tried = sum(_was_tried(identity) for place in with_some for identity in place.identities)
    failures, empty = _failures(places), _empty(places)
    reasons = [_summary(tried, ", ".join(place.name for place in with_some) or None)] if tried or not source else []
    reasons += [*failures, *([f"no keys in {', '.join(empty)}"] if empty else [])]
    kind, hint = _remedy(places, _SSH_HINT if recipient_type(recipient) == "SSH" else _HINT)
    error = kind("; ".join(reasons), master_key=recipient, source=source, hint=hint)
    error.own = [name for place in with_some for name in _own(place)]
    looked = [f"no keys in {', '.join(empty)}"] if empty else []
    error.causes = failures + (looked if recipient_type(recipient) == "SSH" or not (tried or failures) else [])
    return error


def _was_tried(identity: age.Identity) -> bool:
    """Tell whether an identity is another key; one that stayed closed may be the right one."""
    return not getattr(identity, "is_locked", False)


def _own(place: Loaded) -> Iterator[str]:
    """Yield the short names of the keys of a place, with where they are."""
    from leafseal.keys.short_names import short_recipient

    for identity in filter(_was_tried, place.identities):
        recipient = getattr(identity, "recipient", None)
        yield f"{short_recipient(str(recipient))} (from {place.name})" if recipient else f"(from {place.name})"


def _summary(count: int, source: str | None) -> str:
    if source is None:
        return "no age identity found"
    if count == 1:
        return f"the identity from {source} cannot decrypt it"
    return f"none of the {count} identities from {source} can decrypt it"


def _failures(places: Sequence[Place]) -> list[str]:
    """Say what went wrong where."""
    said: list[str] = []
    for place in places:
        if isinstance(place, Failed):
            said.append(f"{place.name}: {place.reason}")
        said += (f"{place.name}: {failure}" for identity in _of(place) if (failure := getattr(identity, "failure", "")))
    return list(dict.fromkeys(said))


def _remedy(places: Sequence[Place], default: str) -> tuple[type[ProviderError], str]:
    """Return the kind of the error and what to try: the first that an identity knows of."""
    for place in places:
        if isinstance(place, Failed) and place.hint:
            return ProviderError, place.hint
        for identity in _of(place):
            if hint := getattr(identity, "hint", None):
                return (ProviderMissingError if hint.startswith("pip install") else ProviderError), hint
    return ProviderError, default


def _empty(places: Sequence[Place]) -> list[str]:
    """Return the places without identities in SOPS's order; what was set and held nothing comes last."""
    *others, default = places
    absent = [place.name for place in others if isinstance(place, Absent)]
    loaded = [place for place in places if isinstance(place, Loaded)]
    if isinstance(default, Absent) and not loaded:
        absent.append(default.name)
    return absent + [place.name for place in loaded if not place.identities]


def _of(place: Place) -> Iterator[age.Identity]:
    yield from place.identities if isinstance(place, Loaded) else ()
