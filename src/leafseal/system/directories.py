"""Where a user's own files are, by the environment and the home folder of an `Ambient`.

A relative path in the environment would lead into the folder we stand in, which may be anybody's checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from leafseal.errors import UsageError


def identity_file(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Return the file in which SOPS looks for age identities when it is told nothing else (sops-format §4.3).

    Raises `UsageError` where the environment names a folder that is not absolute.
    """
    if platform == "win32":
        folder = Path(environ.get("APPDATA") or environ.get("AppData") or home / "AppData" / "Roaming")
        variable = "APPDATA"
    elif environ.get("XDG_CONFIG_HOME"):
        folder, variable = Path(environ["XDG_CONFIG_HOME"]), "XDG_CONFIG_HOME"
    else:
        folder = home / "Library" / "Application Support" if platform == "darwin" else home / ".config"
        variable = "HOME"
    if not folder.is_absolute():
        raise UsageError(
            f"{variable} is not an absolute path",
            hint=f"set {variable} to an absolute path, or name your keys file in SOPS_AGE_KEY_FILE",
        )
    return folder / "sops" / "age" / "keys.txt"
