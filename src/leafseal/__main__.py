"""The program: what has to happen before anything else is imported, then the command line."""

from __future__ import annotations

import os
import sys

from leafseal.system import hardening


def main() -> int:
    """Run the command line of this process and return its exit code."""
    hardening.forget_working_directory()
    hardening.install_excepthook()
    hardening.forbid_dumps()
    # Only now: these import libraries.
    if is_sops(sys.argv[0]):
        from leafseal.sops.main import run
    else:
        from leafseal.cli.main import run
    return run(sys.argv[1:])


def is_sops(program: str) -> bool:
    """Tell whether the program was started under the name of sops, whose command line it then has."""
    return os.path.basename(program).lower().removesuffix(".exe") == "sops"


if __name__ == "__main__":
    sys.exit(main())
