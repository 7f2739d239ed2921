"""What programs that we start get to see of our environment."""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.system.executables import trusted_path

_HIDDEN = frozenset({"SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "AGEDEBUG"})
_HIDDEN_PREFIXES = ("SOPS_AGE_SSH_PRIVATE_KEY_", "LEAFSEAL_")


def child_environment(environ: Mapping[str, str], **additions: str) -> dict[str, str]:
    """Return what a child gets to see of `environ`: no identities, and none of our own settings."""
    kept = {
        name: value for name, value in environ.items() if name not in _HIDDEN and not name.startswith(_HIDDEN_PREFIXES)
    }
    return {**kept, **additions}


def helper_environment(environ: Mapping[str, str], **additions: str) -> dict[str, str]:
    """Return what a program gets to see that is started to open or seal something: a `PATH` without the checkout, too.

    Such a program starts others in turn: `az` a Python, a shell whatever its words name.
    """
    return child_environment({**environ, "PATH": trusted_path(environ)}, **additions)
