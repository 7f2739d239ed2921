"""Where a user's own files are, by an environment and a home folder.

A relative path in the environment would lead into the folder we stand in, which may be anybody's checkout. What other
programs keep in the home folder, such as `~/.ssh`, is known where it is read.

Paths are texts here, and may be given as either: every decryption asks where the identity file is, and `pathlib` takes
longer to import than that takes to find out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from leafseal.errors import UsageError

AnyPath = str | os.PathLike[str]


def home() -> str:
    """Return the home folder of the user of this process."""
    return os.path.expanduser("~")


def roaming(environ: Mapping[str, str], home: AnyPath) -> str:
    """Return the folder of Windows for settings that follow a user from machine to machine."""
    return environ.get("APPDATA") or environ.get("AppData") or os.path.join(home, "AppData", "Roaming")


def identity_file(environ: Mapping[str, str], home: AnyPath, platform: str = sys.platform) -> str:
    """Return the file in which SOPS looks for age identities when it is told nothing else (sops-format §4.3).

    Raises `UsageError` where the environment names a folder that is not absolute.
    """
    if platform == "win32":
        folder, variable = roaming(environ, home), "APPDATA"
    elif environ.get("XDG_CONFIG_HOME"):
        folder, variable = environ["XDG_CONFIG_HOME"], "XDG_CONFIG_HOME"
    else:
        settings = (".config",) if platform != "darwin" else ("Library", "Application Support")
        folder, variable = os.path.join(home, *settings), "HOME"
    if not os.path.isabs(folder):
        raise UsageError(
            f"{variable} is not an absolute path",
            hint=f"set {variable} to an absolute path, or name your keys file in SOPS_AGE_KEY_FILE",
        )
    return os.path.join(folder, "sops", "age", "keys.txt")


def leads_somewhere(path: str) -> bool:
    """Tell whether a path, taken from a variable, may be shown: its folder exists, and is not the root.

    What does not lead anywhere may be no path at all, but the secret that the file was meant to hold.
    """
    try:
        folder = os.path.dirname(path)
        return os.path.lexists(path) or (os.path.isdir(folder) and folder != os.path.dirname(folder))
    except ValueError:  # a zero byte
        return False


def policy_file(environ: Mapping[str, str], home: AnyPath, platform: str = sys.platform) -> str:
    """Return where the user's policy is. A relative path in the environment is ignored."""
    is_windows = platform == "win32"
    named = environ.get("APPDATA" if is_windows else "XDG_CONFIG_HOME", "")
    default = roaming({}, home) if is_windows else os.path.join(home, ".config")
    return os.path.join(named if os.path.isabs(named) else default, "leafseal", "policy.toml")


def system_policy_file(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return where the administrator's policy is."""
    if platform == "win32":
        return os.path.join(environ.get("PROGRAMDATA") or r"C:\ProgramData", "leafseal", "policy.toml")
    return "/etc/leafseal/policy.toml"


def has_policy(environ: Mapping[str, str], home: AnyPath) -> bool:
    """Tell whether there is a policy of the user or the administrator."""
    return os.path.lexists(policy_file(environ, home)) or os.path.lexists(system_policy_file(environ))


SOPS_AUDIT_FILE = "/etc/sops/audit.yaml"
"""Where sops is told to which database it reports what it does; so are we (sops-cli §6)."""


def is_watched(environ: Mapping[str, str], home: AnyPath) -> bool:
    """Tell whether anybody may want to know what is done here: without a policy, and without sops's file, nobody."""
    return has_policy(environ, home) or os.path.lexists(SOPS_AUDIT_FILE)


def runtime_directory(environ: Mapping[str, str]) -> str | None:
    """Return the folder that lasts as long as the user is logged in, None where there is none, or a relative one."""
    folder = environ.get("XDG_RUNTIME_DIR", "")
    return folder if os.path.isabs(folder) else None


def state_directory() -> str | None:
    """Return the user's folder for locks and notes, made if need be; None where there is no place for one."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.join(home(), ".local", "state")
    uid = os.geteuid() if hasattr(os, "geteuid") else 0
    candidates = [os.path.join(state, "leafseal")]
    if os.name == "posix":
        candidates.append(f"/tmp/leafseal-{uid}")  # noqa: S108  the check below refuses what somebody else put there
    return next((folder for folder in candidates if os.path.isabs(folder) and own_directory(folder)), None)


def own_directory(path: str) -> bool:
    """Make a folder that only we can enter, and tell whether there is one now."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        status = os.lstat(path)
    except OSError:
        return False
    if os.name == "nt":
        return True
    return status.st_uid == os.geteuid() and status.st_mode & 0o170777 == 0o040700
