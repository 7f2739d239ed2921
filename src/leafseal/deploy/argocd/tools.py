"""Running kustomize and Helm for Argo CD: their output is looked at before any of it is let out."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

from leafseal.deploy.leftovers import has_tokens, may_have_leftovers, refuse_leftovers
from leafseal.document.frozen import NamedTuple
from leafseal.document.tree import build
from leafseal.errors import CommandError, FormatError, LeafsealError, MetadataError
from leafseal.formats import parse
from leafseal.system.executables import locate

_CONTENT = re.compile(rb"(?m)^(?!---|[ \t]*#|[ \t\r]*$)")


class Ran(NamedTuple):
    """What came of a program."""

    code: int
    out: bytes
    err: bytes

    def __repr__(self) -> str:
        return f"Ran({self.code}, {len(self.out)} bytes, {len(self.err)} bytes)"


def find(name: str, environ: Mapping[str, str]) -> str:
    """Return the path of a program, which is never taken from the repository. Raises `CommandError`."""
    found = locate(name, environ)
    if found is None:
        raise CommandError(
            f"command not found: {name}", hint=f"put {name} on PATH in the sidecar, outside of the repository"
        )
    return found


def run(argv: Sequence[str], environ: Mapping[str, str], descriptors: Sequence[int] = ()) -> Ran:
    """Run a program to its end, with these open files. What ends us meanwhile ends it and all that it started."""
    import subprocess

    try:
        process = subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,
        )
    except OSError:
        raise CommandError(f"cannot be started: {argv[0]}", found=True) from None
    with process:
        try:
            out, err = process.communicate()
        finally:
            if process.poll() is None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
    return Ran(process.returncode, out, err)


def check(output: bytes) -> None:
    """Raise `LeafsealError` for manifests of which there are none, or in which something is still encrypted.

    Argo CD would delete what runs where it gets nothing, and takes what is encrypted for the value.
    """
    if _CONTENT.search(output) is None:
        raise LeafsealError("there are no manifests: Argo CD would delete what is running")
    if not may_have_leftovers(output):
        return
    try:
        document = parse(output, "yaml")
        if document.metadata() is not None:
            raise MetadataError("metadata of an encrypted file is left")
        for tree in build((leaf, leaf.value) for leaf in document.leaves()):
            refuse_leftovers(tree)
    except MetadataError:  # also of a later document
        raise LeafsealError("metadata of an encrypted file is left") from None
    except FormatError:
        if has_tokens(output):
            raise LeafsealError("a value is still encrypted (ENC[…])") from None
