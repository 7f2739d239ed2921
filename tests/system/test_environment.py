"""What programs that we start get to see of our environment."""

from __future__ import annotations

from leafseal.system.environment import child_environment


def test_children_see_no_identities() -> None:
    environ = {
        "PATH": "/bin",
        "SOPS_AGE_KEY_FILE": "kept",
        "SOPS_AGE_KEY": "x",
        "SOPS_AGE_KEY_CMD": "x",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE": "x",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD": "x",
        "LEAFSEAL_DEBUG": "x",
        "AGEDEBUG": "x",
    }
    assert child_environment(environ, ADDED="1") == {"PATH": "/bin", "SOPS_AGE_KEY_FILE": "kept", "ADDED": "1"}
