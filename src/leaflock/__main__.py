"""The program: what has to happen before anything else is imported, then the command line."""

from __future__ import annotations

import sys

from leaflock import hardening


def main() -> int:
    """Run the command line of this process and return its exit code."""
    hardening.forget_working_directory()
    hardening.install_excepthook()
    hardening.forbid_dumps()
    from leaflock.cli.main import run  # only now: it imports libraries

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
