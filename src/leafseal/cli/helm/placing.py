"""`leafseal helm plugins`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence

from leafseal import __version__
from leafseal.cli.link_sops import find_own_program
from leafseal.deploy.helm import plugins, process
from leafseal.display import for_shell
from leafseal.errors import CommandError, LeafsealError, RefusedError, system_text
from leafseal.system import terminal
from leafseal.system.executables import locate

_MAJORS = (3, 4)


def place(helm: str | None, folder: str | None, *, with_secrets: bool, force: bool) -> None:
    """Write the plugins for a Helm to a folder, where that one looks for plugins if none is named."""
    if os.name == "nt":
        raise LeafsealError(
            "Helm's plugins for Windows are not written", hint='use "leafseal helm run" instead of helm'
        )
    named = {} if helm is None else {process.VARIABLE: os.path.abspath(helm) if os.path.dirname(helm) else helm}
    program = process.find({**os.environ, **named})
    major = _major(program)
    folder = os.path.abspath(folder or _own_folders(program)[0])
    if major == 4:
        _refuse_if_helm_3_looks_in(folder, program)
    found = plugins.plugins(major, __version__, find_own_program(), with_secrets=with_secrets)
    plugins.check(folder, major, found, force=force)
    of_helm_3 = os.path.join(folder, "leafseal", plugins.RENDERER)
    if major == 4 and os.path.exists(of_helm_3):
        terminal.warn(f"{folder}: the plugins for Helm 3 are replaced; a Helm 3 that looks here loads no plugin now")
    for path in plugins.place(folder, found):
        terminal.say(f"wrote {path}")
    _look_at_list(program, folder, found)
    renderer = of_helm_3 if major == 3 else "leafseal-post-renderer"
    urls = "leafseal:PATH or secrets://PATH" if with_secrets else "leafseal:PATH"
    terminal.say(f"Helm {major}: helm leafseal COMMAND, -f {urls}, --post-renderer {for_shell(renderer)}")


def _major(program: str) -> int:
    """Return the major version of a Helm. Raises `LeafsealError` for one whose plugins are not known."""
    text = _ask(program, "version", "--template", "{{.Version}}")
    match = re.fullmatch(r"v?(\d+)\.\d+\.\d+\S*", text)
    if match is None:
        raise LeafsealError("the program does not say which version of Helm it is", file=program)
    if (major := int(match[1])) not in _MAJORS:
        raise RefusedError(f"Helm {major} is not supported", hint="use Helm 3 or 4", file=program)
    return major


def _own_folders(program: str) -> list[str]:
    """Return where a Helm looks for plugins. Raises `LeafsealError`."""
    folders = [one for one in _ask(program, "env", "HELM_PLUGINS").split(os.pathsep) if one]
    if not folders:
        raise LeafsealError("helm does not tell its plugin folder", hint="name one with --dir DIR", file=program)
    return folders


def _refuse_if_helm_3_looks_in(folder: str, program: str) -> None:
    """Raise `RefusedError` where a Helm 3 on `PATH` looks in the folder, and would load none any more."""
    for name in ("helm", "helm3"):
        other = locate(name, os.environ)
        if other is None or os.path.realpath(other) == os.path.realpath(program):
            continue
        if _is_helm_3_of(folder, other):
            raise RefusedError(
                f"{other} is Helm 3 and looks here too; it loads no plugin at all beside one for Helm 4",
                hint="choose another folder with --dir DIR, and set HELM_PLUGINS to it for Helm 4",
                file=folder,
            )


def _is_helm_3_of(folder: str, program: str) -> bool:
    try:
        folders = map(os.path.realpath, _own_folders(program))
        return os.path.realpath(folder) in folders and _major(program) == 3
    except LeafsealError:
        return False  # it tells nothing


def _look_at_list(program: str, folder: str, found: Sequence[plugins.Plugin]) -> None:
    """Warn of plugins that Helm does not list: it lists none in a folder with one that it cannot load."""
    try:
        listed = _ask(program, "plugin", "list", plugins_in=folder).split()
    except LeafsealError:
        listed = []
    if missing := [one.name for one in found if one.name not in listed]:
        command = f"HELM_PLUGINS={for_shell(folder)} {for_shell(program)} plugin list"
        terminal.warn(f"Helm does not load {', '.join(missing)}; to see why, run: {command}")


def _ask(program: str, *words: str, plugins_in: str | None = None) -> str:
    environ = None if plugins_in is None else {**os.environ, "HELM_PLUGINS": plugins_in}
    try:
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, errors="replace", env=environ, check=False
        )
    except OSError as error:
        raise CommandError(f"cannot run {program}: {system_text(error)}", found=True) from error
    if done.returncode:
        raise LeafsealError(f"{words[0]} failed with exit code {done.returncode}", file=program)
    return done.stdout.strip()
