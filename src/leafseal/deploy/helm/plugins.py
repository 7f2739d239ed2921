"""The plugins of Helm that start us: which there are for which Helm, their manifests, and where they are placed.

Helm 3 and 4 both read the manifests without `apiVersion`. One with it disables all plugins of Helm 3 that are in the
same folder, so it is placed for Helm 4 alone, whose post-renderers are plugins.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator

from leafseal.deploy.exchanging import exchange
from leafseal.document.frozen import NamedTuple
from leafseal.errors import RefusedError, WriteError, system_text
from leafseal.system import owners

_COMMAND = "bin/leafseal-helm"
_GETTER = "bin/leafseal-getter"
RENDERER = "bin/leafseal-post-renderer"
_OURS = "# Placed by leafseal helm plugins."

SECRETS_PROTOCOLS = (
    "secrets",
    "secrets+age-import",
    "secrets+age-import-kubernetes",
    "secrets+gpg-import",
    "secrets+gpg-import-kubernetes",
    "secrets+literal",
)
"""The protocols of helm-secrets. Some are answered by an error that says what to do instead."""


class Plugin(NamedTuple):
    """A folder with a plugin: the manifest, and programs by their paths."""

    name: str
    manifest: str
    programs: dict[str, str]


def plugins(major: int, version: str, program: str, *, with_secrets: bool) -> list[Plugin]:
    """Return the plugins for a Helm. `program` is the path of leafseal, which their scripts run."""
    run = {word: _script(program, *words) for word, words in _SCRIPTS.items()}
    command = f"{_head('leafseal', version)}usage: run Helm with encrypted value files\n"
    command += (
        'description: Decrypts value files in memory, then runs Helm.\ncommand: "$HELM_PLUGIN_DIR/bin/leafseal-helm"\n'
    )
    own = {_COMMAND: run[_COMMAND], **({RENDERER: run[RENDERER]} if major == 3 else {})}
    found = [
        Plugin("leafseal", command, own),
        _getter("leafseal-getter", "value files named leafseal:PATH", ("leafseal",), version, run[_GETTER]),
    ]
    if with_secrets:
        usage = "value files named secrets://PATH, as with helm-secrets"
        found.append(_getter("leafseal-secrets", usage, SECRETS_PROTOCOLS, version, run[_GETTER]))
    if major == 4:
        manifest = (
            f"apiVersion: v1\ntype: postrenderer/v1\n{_head('leafseal-post-renderer', version)}runtime: subprocess\n"
        )
        manifest += f'runtimeConfig:\n  platformCommand:\n    - command: "${{HELM_PLUGIN_DIR}}/{RENDERER}"\n'
        found.append(Plugin("leafseal-post-renderer", manifest, {RENDERER: run[RENDERER]}))
    return found


_SCRIPTS = {_COMMAND: ("helm", "run"), _GETTER: ("helm", "getter"), RENDERER: ("helm", "post-render")}


def _head(name: str, version: str) -> str:
    return f"{_OURS}\nname: {name}\nversion: {_as_semver(version)}\n"


def _getter(name: str, usage: str, protocols: tuple[str, ...], version: str, script: str) -> Plugin:
    listed = ", ".join(protocols)
    manifest = f'{_head(name, version)}usage: "{usage}"\ndescription: "Decrypts {usage}."\n'
    return Plugin(
        name, f'{manifest}downloaders:\n  - command: "{_GETTER}"\n    protocols: [{listed}]\n', {_GETTER: script}
    )


def _script(program: str, *words: str) -> str:
    return f"""\
#!/bin/sh
{_OURS}
if ! [ -x {shlex.quote(program)} ]; then
    echo 'leafseal: error: leafseal is not where it was when this plugin was written' >&2
    echo 'leafseal: hint: run "leafseal helm plugins" again' >&2
    exit 127
fi
exec {shlex.join([program, *words])} "$@"
"""


def _as_semver(version: str) -> str:
    """Return the release of a version of Python's: Helm 4 takes three numbers alone."""
    numbers = re.match(r"\d+(?:\.\d+){0,2}", version)
    parts = (numbers[0] if numbers else "0").split(".")
    return ".".join([*parts, "0", "0"][:3])


_NAME = re.compile(r"""^name:[ ]*["']?([^"'\s#]+)""", re.MULTILINE)
_SECRETS = re.compile(r"""(?:[\[,]|^\s*-)\s*["']?secrets["']?\s*(?:[,\]]|$)""", re.MULTILINE)  # in a list of protocols


def check(folder: str, major: int, found: list[Plugin], *, force: bool) -> None:
    """Raise `RefusedError` where plugins in a folder would not work with others, or replace what is not ours."""
    ours = {one.name for one in found}
    for name, manifest in _manifests(folder):
        path = os.path.join(folder, name)
        is_ours = _OURS in manifest
        if major == 3 and re.search(r"^apiVersion:", manifest, re.MULTILINE):
            raise RefusedError(
                "this plugin is for Helm 4, and Helm 3 loads no plugin at all from a folder with one",
                hint=f"remove {shlex.quote(path)}, or place the plugins in another folder with --dir DIR",
                file=path,
            )
        claimed = _NAME.search(manifest)
        if claimed and claimed[1] != name and claimed[1] in ours:
            raise RefusedError(
                f"this plugin is called {claimed[1]} too, and Helm loads no plugin at all if two have a name",
                hint=f"remove {shlex.quote(path)}",
                file=path,
            )
        if name in ours and not is_ours and not force:
            raise RefusedError(
                "a plugin of this name was not placed by leafseal", hint="add --force to replace it", file=path
            )
        takes_secrets = _SECRETS.search(manifest)
        if not is_ours and takes_secrets and "leafseal-secrets" in ours:
            raise RefusedError(
                "this plugin answers secrets:// already, and Helm takes the first",
                hint="remove it before you add --secrets, or leave out --secrets",
                file=path,
            )


def _manifests(folder: str) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        try:
            with open(os.path.join(folder, name, "plugin.yaml"), encoding="utf-8", errors="replace") as file:
                yield name, file.read()
        except OSError:
            continue


def place(folder: str, found: list[Plugin]) -> list[str]:
    """Write plugins to a folder, in place of those of these names, which stay if one cannot be written. Return paths.

    Raises `WriteError`.
    """
    # Helm looks at all folders in this one, hidden ones too, and loads nothing if two have the same plugin.
    beside = os.path.join(folder, f".leafseal.{owners.tag()}")
    new, old = os.path.join(beside, "new"), os.path.join(beside, "old")
    target = folder
    try:
        for part in (new, old):
            os.makedirs(part)
        for plugin in found:
            target = os.path.join(folder, plugin.name)
            _fill(os.path.join(new, plugin.name), plugin)
        for plugin in found:
            target = os.path.join(folder, plugin.name)
            exchange(os.path.join(new, plugin.name), target, os.path.join(old, plugin.name))
    except OSError as error:
        raise WriteError(f"cannot write: {system_text(error)}", file=target) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [os.path.join(folder, plugin.name) for plugin in found]


def _fill(folder: str, plugin: Plugin) -> None:
    os.makedirs(os.path.join(folder, "bin"))
    _write(os.path.join(folder, "plugin.yaml"), plugin.manifest, 0o644)
    for path, script in plugin.programs.items():
        _write(os.path.join(folder, path), script, 0o755)


def _write(path: str, text: str, mode: int) -> None:
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
