"""Running Helm with decrypted value files: as files in memory without a name, which are open in Helm and its plugins.

Where the system has none, or does not show them under a path, they are in a private folder while Helm runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from leafseal.errors import CommandError, WriteError, system_text
from leafseal.run import exec as running
from leafseal.system import lasting
from leafseal.system.executables import locate

VARIABLE = "HELM_BIN"
"""The environment variable in which Helm tells its plugins where it is."""


def find(environ: Mapping[str, str]) -> str:
    """Return the Helm that started us, or the one on `PATH` that is not in the working tree. Raises `CommandError`."""
    named = environ.get(VARIABLE)
    if named and os.path.dirname(named):
        return named
    found = locate(named or "helm", environ, trust_here=bool(named))
    if found is None:
        raise CommandError(
            f"command not found: {named or 'helm'}",
            hint=f"install Helm, or set {VARIABLE} to its absolute path; a helm in the working tree is ignored",
        )
    return found


def become(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become Helm; on systems where no program can take the place of another, return its exit code."""
    argv = [find(environ), *arguments]
    own = _in_bytes(environ)
    if not running.can_replace():
        return running.wait_for(argv, own)
    return running.execute(argv, own)


def supervise(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run Helm as its parent, and return its exit code: something is to be removed afterwards."""
    from leafseal.run import supervisor

    return supervisor.supervise([find(environ), *arguments], _in_bytes(environ))


def _in_bytes(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    # All of it: Helm starts us again, as a getter or post-renderer, and then the private key is needed.
    return {os.fsencode(name): os.fsencode(text) for name, text in environ.items() if name}


def in_memory(files: Mapping[str, bytes]) -> dict[str, str]:
    """Put plaintexts into files in memory that Helm inherits; return their paths, by the same names."""
    paths: dict[str, str] = {}
    for number, (name, data) in enumerate(files.items()):
        try:
            descriptor = lasting.open_file(f"leafseal-values-{number}", data)
        except OSError as error:
            raise WriteError(f"cannot create a file in memory: {system_text(error)}", file=name) from error
        paths[name] = f"/proc/self/fd/{descriptor}"
    return paths


@contextmanager
def in_folder(
    files: Mapping[str, bytes], *, no_disk_plaintext: bool, warn: Callable[[str], None]
) -> Iterator[dict[str, str]]:
    """Put plaintexts into a private folder, and remove it at the end; yield their paths, by the same names."""
    from leafseal.system.private import private_directory, write_private

    with private_directory(no_disk_plaintext=no_disk_plaintext) as folder:
        warn(f"value files are in plain text in {folder} while Helm runs: this system has no files in memory")
        yield {name: write_private(folder, str(number), data) for number, (name, data) in enumerate(files.items())}
