"""Hints about the machine: disks, folders in memory, users, and other programs that run on it."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from functools import partial

from leafseal.system import files, in_memory, lasting, locks, private

from .scenario import Act, Scenario, Stage

_Scenario = partial(Scenario, "system.files", stage="at_machine")
_ROTATE = "rotate -i app.yaml"
_POLICY = {"../home/config/leafseal/policy.toml": "no_disk_plaintext = true\n"}


def _fails(owner: object, name: str, number: int) -> Act:
    """Have the system refuse what a function asks of it."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    return lambda at: at.service.setattr(owner, name, fail)


def _is_well(at: Stage) -> None:
    at.service.undo()


def _locked(at: Stage) -> None:
    at.service.setattr(locks, "PATIENCE", 0.05)
    held = threading.Event()

    def hold() -> None:
        with locks.locked("app.yaml"):
            held.set()
            at.service.over.wait(120)

    at.service.holder = threading.Thread(target=hold, daemon=True)
    at.service.holder.start()
    held.wait(120)


def _released(at: Stage) -> None:
    at.service.over.set()
    at.service.holder.join()


def _reads_back_differently(at: Stage) -> None:
    at.service.setattr(files, "_read_back", lambda _: b"")


def _no_folder_for_plaintext(at: Stage) -> None:
    at.service.setattr(private, "file_system_of", lambda path: "tmpfs" if path.endswith("/run") else "ext4")


def _no_memory_for_programs(at: Stage) -> None:
    at.service.setattr(lasting, "can_have_open_files", lambda: False)
    at.service.setattr(private, "_memory_candidates", lambda: [os.environ.get("XDG_RUNTIME_DIR", "/nowhere")])
    at.service.setattr(in_memory, "kind_of", lambda number: _kind_of(number))


def _kind_of(descriptor: int) -> str | None:
    mine = os.path.join(os.getcwd(), "..", "run")
    is_mine = os.path.exists(mine) and os.stat(mine).st_dev == os.fstat(descriptor).st_dev
    return "tmpfs" if is_mine and not os.path.samestat(os.stat("/run"), os.fstat(descriptor)) else None


def _no_folder_for_temporary_files(at: Stage) -> None:
    _no_folder_for_plaintext(at)
    at.service.setattr(tempfile, "_candidate_tempdir_list", lambda: [os.environ["TMPDIR"]])
    at.service.setattr(tempfile, "tempdir", None)


def _no_room(at: Stage) -> None:
    def opened(file: object, *arguments: object, **options: object) -> object:
        if isinstance(file, int):
            os.close(file)
            raise OSError(errno.ENOSPC, "refused")
        return open(file, *arguments, **options)  # type: ignore[call-overload]

    at.service.setattr(private, "open", opened, raising=False)


SCENARIOS = [
    *(
        _Scenario(hint, _ROTATE, (_is_well, _ROTATE), before=(_fails(files, "write_all", number),))
        for number, hint in (
            (errno.EACCES, "the folder must be writable too: the new file is moved over the old one"),
            (errno.EDQUOT, "free some space, or ask for more, and try again"),
            (errno.EIO, "check the disk before anything else is written to it"),
            (errno.ENOSPC, "free some space and try again"),
        )
    ),
    _Scenario(
        "a mount point cannot be replaced; for encrypt, decrypt and rotate, use --in-place=overwrite",
        _ROTATE,
        ("rotate --in-place=overwrite app.yaml",),
        before=(_fails(os, "replace", errno.EBUSY),),
    ),
    _Scenario(
        "work on a copy in a folder that can be written",
        _ROTATE,
        ("! cp app.yaml ../copy.yaml", _is_well, "rotate -i ../copy.yaml"),
        before=(_fails(files, "write_all", errno.EROFS),),
    ),
    _Scenario(
        "restore it from Git",
        "rotate --in-place=overwrite app.yaml",
        (_is_well, "! cp ../committed.yaml app.yaml", "rotate --in-place=overwrite app.yaml"),
        before=("! cp app.yaml ../committed.yaml", _fails(files, "write_all", errno.EIO)),
    ),
    _Scenario(
        "restore the file from Git",
        "rotate --in-place=overwrite app.yaml",
        (_is_well, "! cp ../committed.yaml app.yaml", "rotate --in-place=overwrite app.yaml"),
        before=("! cp app.yaml ../committed.yaml", _reads_back_differently),
    ),
    _Scenario(
        "the new content is written; check the disk, and the file after the next start",
        _ROTATE,
        (_is_well, "verify app.yaml", _ROTATE),
        before=(_fails(files.Folder, "sync", errno.EIO),),
    ),
    _Scenario(
        "look at its new content, and try again",
        "edit app.yaml",
        ("decrypt app.yaml", "export EDITOR=/bin/true", "edit app.yaml"),
        before=("! printf '#!/bin/sh\\necho c: 3 >> $1\\necho >> HERE/app.yaml\\n' > ../ed; chmod +x ../ed",),
        environ={"EDITOR": "HERE/../ed"},
    ),
    _Scenario("wait for it, or end it", _ROTATE, (_released, _ROTATE), before=(_locked,))._replace(
        module="system.locks"
    ),
    _Scenario(
        "make room in {}, or set XDG_RUNTIME_DIR to another folder in memory",
        "edit app.yaml",
        (_is_well, "edit app.yaml"),
        before=(_fails(private.os, "mkdir", errno.ENOSPC),),
        environ={"EDITOR": "/bin/true"},
    )._replace(module="system.private"),
    _Scenario(
        "make room in XDG_RUNTIME_DIR or /dev/shm, or set XDG_RUNTIME_DIR to another folder in memory",
        "edit app.yaml",
        (_is_well, "edit app.yaml"),
        before=(_no_room,),
        environ={"EDITOR": "/bin/true"},
    )._replace(module="system.private"),
    _Scenario(
        "try again",
        "edit app.yaml",
        (_is_well, "edit app.yaml"),
        before=(_fails(private.os, "mkdir", errno.EEXIST),),
        environ={"EDITOR": "/bin/true"},
    )._replace(module="system.private"),
    _Scenario(
        "set XDG_RUNTIME_DIR to a folder in memory (tmpfs) that is yours alone",
        "edit app.yaml",
        ("! mkdir -m 700 ../run", "export XDG_RUNTIME_DIR=HERE/../run", "edit app.yaml"),
        files=_POLICY,
        before=(_no_folder_for_plaintext,),
        environ={"EDITOR": "/bin/true"},
    )._replace(module="system.private"),
    _Scenario(
        "set TMPDIR to a folder that can be written",
        "edit app.yaml",
        ("export TMPDIR=HERE/..", "edit app.yaml"),
        before=(_no_folder_for_temporary_files,),
        environ={"EDITOR": "/bin/true", "TMPDIR": "/nowhere"},
    )._replace(module="system.private"),
    _Scenario(
        "set XDG_RUNTIME_DIR to a folder in memory (tmpfs) that is yours alone",
        "exec --supervise -e f.env --file A=X -- true",
        (
            "! mkdir -m 700 ../run",
            "export XDG_RUNTIME_DIR=HERE/../run",
            "exec --supervise -e f.env --file A=X -- true",
        ),
        files={"f.env": "A=1\n"},
        before=("encrypt -i --age ME f.env", _no_memory_for_programs),
    )._replace(module="run.value_files"),
    _Scenario(
        "run leafseal as root",
        "exec-env --supervise --user root f.env true",
        (_is_well, "exec-env --supervise --user root f.env true"),
        files={"f.env": "A=1\n"},
        before=("encrypt -i --age ME f.env", _fails(os, "initgroups", errno.EPERM)),
    )._replace(module="run.exec"),
]
