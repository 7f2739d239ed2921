"""What programs that we start get to see of our environment."""

from __future__ import annotations

from collections.abc import Mapping

_HIDDEN = frozenset({"SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "AGEDEBUG"})
_HIDDEN_PREFIXES = ("SOPS_AGE_SSH_PRIVATE_KEY_", "LEAFSEAL_")


def child_environment(environ: Mapping[str, str], **additions: str) -> dict[str, str]:
    """Return what a child gets to see of `environ`: no identities, and none of our own settings."""
    kept = {
        name: value for name, value in environ.items() if name not in _HIDDEN and not name.startswith(_HIDDEN_PREFIXES)
    }
    return {**kept, **additions}
