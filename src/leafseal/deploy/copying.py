"""A copy of leafseal with its Python, for a container whose image has neither: in a volume that both mount."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata

from leafseal.deploy.exchanging import exchange
from leafseal.errors import LeafsealError, WriteError, system_text

FILES = "leafseal-files"
"""The folder beside the programs that holds what they need."""

PROGRAMS = ("leafseal", "leafseal-krm", "ksops")

_LEFT_OUT = {
    "config-*", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests",
    "tkinter", "turtledemo",
}  # fmt: skip
"""Parts of Python that leafseal never loads."""

_PROGRAM = """\
#!/bin/sh
# Starts leafseal with the Python beside it; "leafseal copy-to" wrote this.
files=$(dirname "$(readlink -f "$0")")/{files}
LEAFSEAL_LIBRARIES="${{LD_LIBRARY_PATH-}}" LD_LIBRARY_PATH="$files/python/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" \\
    exec "$files/python/bin/python3" -I -S "$files/start.py" {name} "$@"
"""

_START = '''\
"""Starts leafseal; programs that it starts find their libraries where they did before."""

import os
import sys

libraries = os.environ.pop("LEAFSEAL_LIBRARIES", "")
os.environ.pop("LD_LIBRARY_PATH", None)
if libraries:
    os.environ["LD_LIBRARY_PATH"] = libraries
files = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if entry != files]
sys.path.append(os.path.join(files, "packages"))
name = sys.argv[1]
sys.argv[:2] = [os.path.join(os.path.dirname(files), name)]

from leafseal.__main__ import krm, main  # noqa: E402

sys.exit(main() if name == "leafseal" else krm())
'''


def copy_to(folder: str) -> list[str]:
    """Write the programs and what they need into a folder, in place of an older copy; return the programs' paths.

    Raises `LeafsealError` on systems where programs are no scripts, and `WriteError`.
    """
    if os.name == "nt":
        raise LeafsealError("copy-to is for Linux containers")
    new, old = (os.path.join(folder, f".{FILES}.{kind}") for kind in ("new", "old"))
    try:
        os.makedirs(folder, exist_ok=True)
        for left in (new, old):
            _remove(left)
        _fill(new)
        exchange(new, os.path.join(folder, FILES), old)
        _remove(old)
        return [_write_program(folder, name) for name in PROGRAMS]
    except shutil.Error as error:
        raise WriteError("cannot write all files", file=folder) from error
    except OSError as error:
        raise WriteError(f"cannot write: {system_text(error)}", file=folder) from error


def _remove(path: str) -> None:
    """Remove what is left of an earlier copy; never what a link leads to, which another container may have made."""
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def _fill(folder: str) -> None:
    import compileall

    python, packages = os.path.join(folder, "python"), os.path.join(folder, "packages")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    os.makedirs(os.path.join(python, "bin"))
    shutil.copy2(os.path.realpath(sys.executable), os.path.join(python, "bin", "python3"))
    left_out = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(sysconfig.get_path("stdlib"), os.path.join(python, "lib", version), ignore=left_out, symlinks=False)
    for library in _libraries():
        shutil.copy2(library, os.path.join(python, "lib", os.path.basename(library)))
    _copy_packages(packages)
    with open(os.path.join(folder, "start.py"), "w", encoding="utf-8") as file:
        file.write(_START)
    for tree in (python, packages):
        compileall.compile_dir(tree, quiet=2)  # the volume may be mounted for reading only


def _libraries() -> Iterator[str]:
    """Yield the library that Python is in, where it is one."""
    name, folder = sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LIBDIR")
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and name and folder:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            yield path


def _copy_packages(folder: str) -> None:
    import leafseal

    [own] = leafseal.__path__
    shutil.copytree(own, os.path.join(folder, "leafseal"), ignore=shutil.ignore_patterns("__pycache__"))
    for found in _needed():
        for part in found.files or ():
            source = str(found.locate_file(part))
            if ".." in part.parts or part.parts[0] == "leafseal" or not os.path.isfile(source):
                continue
            target = os.path.join(folder, *part.parts)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)


def _needed() -> Iterable[metadata.Distribution]:
    """Return the installed distributions that leafseal uses: with those of its extras, where they are installed."""
    found: dict[str, metadata.Distribution] = {}
    left = ["leafseal"]
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name in found:
            continue
        try:
            one = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = one
        for line in one.requires or ():
            is_optional = "extra ==" in line and name != "leafseal"
            if not is_optional and (match := re.match(r"[A-Za-z0-9._-]+", line)):
                left.append(match[0])
    found.pop("leafseal", None)
    return found.values()


def _write_program(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    _remove(f"{path}.new")
    with open(f"{path}.new", "x", encoding="utf-8") as file:
        file.write(_PROGRAM.format(files=FILES, name="leafseal" if name == "leafseal" else "leafseal-krm"))
        os.fchmod(file.fileno(), 0o755)  # other users start it
    os.replace(f"{path}.new", path)
    return path
