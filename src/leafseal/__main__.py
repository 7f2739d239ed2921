"""The program: what has to happen before anything else is imported, then the command line."""

from __future__ import annotations

import gc
import os
import sys

from leafseal.system import hardening

_OBJECTS_AT_LEISURE = 50_000  # new ones between two collections: loading modules and small files makes fewer


def main() -> int:
    """Run the command line of this process and return its exit code."""
    _prepare()
    # Only now: these import libraries.
    if is_sops(sys.argv[0]):
        from leafseal.sops.main import run
    elif sys.argv[1:] == ["--version"] and print_version():
        return 0
    else:
        from leafseal.cli.main import run
    return _end(run(sys.argv[1:]))


def kubectl() -> int:
    """Be `kubectl leafseal`: kubectl starts a program of this name with the words that follow."""
    _prepare()
    words = sys.argv[1:]
    from leafseal.deploy.kubectl import usage

    text = usage.help_of(words) if words else None
    if text is not None and _print(text):
        return 0
    from leafseal.cli.main import run

    return _end(run(["kubectl", *words]))


def complete_kubectl() -> int:
    """Print what can follow the words of `kubectl leafseal` that are typed."""
    _prepare()
    from leafseal.cli.kubectl.completing import complete

    return _end(complete(sys.argv[1:]))


def krm() -> int:
    """Be the generator that kustomize starts: it knows no arguments of programs."""
    _prepare()
    from leafseal.cli.main import run

    return _end(run(["krm", *sys.argv[1:]]))


def _prepare() -> None:
    gc.set_threshold(_OBJECTS_AT_LEISURE)
    hardening.forget_coerced_locale()
    hardening.forget_working_directory()
    hardening.install_excepthook()
    hardening.forbid_dumps()


def _end(code: int) -> int:
    """End the process here if nothing waits for its end: to take Python down takes a tenth of a small command."""
    if "threading" in sys.modules or "atexit" in sys.modules:
        return code
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return code
    os._exit(code)


def print_version() -> bool:
    """Print the version without loading the command line. Return False where that failed, and nothing was printed."""
    from leafseal import __version__

    return _print(f"leafseal {__version__}\n")


def _print(text: str) -> bool:
    try:
        os.write(sys.stdout.fileno(), text.encode())  # not buffered: no second try at the end
    except (AttributeError, OSError, ValueError):  # there is no output, or it takes nothing: `run` says so
        return False
    return True


def is_sops(program: str) -> bool:
    """Tell whether the program was started under the name of sops, whose command line it then has."""
    return os.path.basename(program).lower().removesuffix(".exe") == "sops"


if __name__ == "__main__":
    sys.exit(main())
