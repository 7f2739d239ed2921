"""Where results go: a file in place, another file, a stream.

As everywhere here a file is replaced by a new one that was read back and verified. What sops can write and a rename
cannot replace, a file with several names, a mount point or one in a folder that is not ours to change, is written
into.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from leafseal.errors import ConflictError, LeafsealError, RefusedError, UsageError, WriteError
from leafseal.sops.shared.failures import Failure
from leafseal.system import files, reading
from leafseal.system.reading import descriptor_of

Target = reading.Snapshot | str

_IN_THE_WAY = frozenset({errno.EACCES, errno.EBUSY, errno.EPERM})


def put(
    target: Target, data: bytes, verify: files.Verifier, notice: Callable[[str], None], *, what: str, private: bool
) -> None:
    """Write a result. `what` is sops's word for the target; `private` makes a new file one that only its owner reads.

    Raises `Failure` with exit code 3, and then what stood there still does.
    """
    try:
        try:
            real = _real(target)
            warnings = _replace(real, data, verify, private, overwrite=_has_other_names(real))
        except WriteError as error:
            if not _can_be_written_into(error, real):
                raise
            notice(f"{_name(target)}: written into, as it cannot be replaced")
            warnings = _replace(real, data, verify, private, overwrite=True)
    except (WriteError, RefusedError, ConflictError, UsageError) as error:
        raise Failure(f"Could not open {what} for writing: {_said(error, target)}", 3, hint=error.hint) from error
    for warning in warnings:
        notice(f"{_name(target)}: {warning}")


def _replace(target: Target, data: bytes, verify: files.Verifier, private: bool, *, overwrite: bool) -> list[str]:
    return files.replace(target, data, verify=verify, private=private, overwrite=overwrite, read_only=True)


def _name(target: Target) -> str:
    return target.path if isinstance(target, reading.Snapshot) else target


def _real(target: Target) -> Target:
    """Return the target that links lead to: sops follows them wherever they lead, and makes what they name."""
    name = _name(target)
    is_stream = descriptor_of(name) is not None or (os.path.exists(name) and not os.path.isfile(name))
    if is_stream or not os.path.islink(name):
        return target
    real = os.path.realpath(name)
    return target._replace(path=real) if isinstance(target, reading.Snapshot) else real


def _has_other_names(target: Target) -> bool:
    if isinstance(target, reading.Snapshot) and target.identity is None:
        return False
    try:
        status = os.stat(_name(target))
    except OSError:
        return False
    return os.path.isfile(_name(target)) and status.st_nlink > 1


def _can_be_written_into(error: WriteError, target: Target) -> bool:
    cause = error.__cause__
    return (
        isinstance(cause, OSError)
        and cause.errno in _IN_THE_WAY
        and os.path.isfile(_name(target))
        and os.access(_name(target), os.W_OK)
    )


def _said(error: LeafsealError, target: Target) -> str:
    # As the user named it, where a link led elsewhere.
    return f"{_name(target)}: {error.message}"
