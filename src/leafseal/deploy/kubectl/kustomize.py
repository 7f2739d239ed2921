"""What kustomize makes of a folder: by kubectl, and by kustomize itself where it is to run our function."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from leafseal.deploy.kubectl.kustomization import PROGRAM, look
from leafseal.deploy.kubectl.process import exit_code, find
from leafseal.errors import CommandError, LeafsealError
from leafseal.system.executables import locate
from leafseal.system.private import private_directory

_PLUGINS = ("leafseal/v1alpha1/secretgenerator/SecretGenerator", "viaduct.ai/v1/ksops/ksops")
"""Where kustomize looks for the programs of our configurations, below its folder of plugins."""


def build(folder: str) -> tuple[int, bytes]:
    """Return the exit code, and what was printed. Raises `LeafsealError` for what would be left out without a word."""
    found = look(folder)
    if not (found.plugins or found.functions):
        return _run([find(os.environ), "kustomize", folder], os.environ)
    if found.unknown:
        raise LeafsealError(f"{found.unknown[0]}: it may run other programs beside the generator of leafseal")
    with private_directory() as home:  # for links; plaintext comes through a pipe
        program = place_plugins(home)
        environ = {**os.environ, "KUSTOMIZE_PLUGIN_HOME": home}
        if not found.functions:
            return _run([find(os.environ), "kustomize", "--enable-alpha-plugins", folder], environ)
        environ["PATH"] = os.pathsep.join((os.path.dirname(program), os.environ.get("PATH", os.defpath)))
        kustomize = locate("kustomize", os.environ)
        if kustomize is None:
            raise CommandError(
                f"{found.functions[0]}: the generator is a function, which kubectl cannot run",
                hint='install kustomize, or delete the annotation "config.kubernetes.io/function" from the generator',
            )
        return _run([kustomize, "build", "--enable-alpha-plugins", "--enable-exec", folder], environ)


def place_plugins(home: str, more: Sequence[str] = ()) -> str:
    """Link our generator to where kustomize looks below its folder of plugins, and to more places there; return it.

    Raises `CommandError`.
    """
    program = own_program()
    for name in (*_PLUGINS, *more):
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(program, path)
    return program


def own_program() -> str:
    """Return the path of our generator, which is installed beside this program. Raises `CommandError`."""
    beside = (os.path.dirname(os.path.abspath(path)) for path in (sys.argv[0], os.path.realpath(sys.argv[0])))
    for folder in (*beside, os.path.dirname(sys.executable)):
        if os.access(path := os.path.join(folder, PROGRAM), os.X_OK):
            return path
    found = locate(PROGRAM, os.environ)
    if found is None:
        raise CommandError(f"command not found: {PROGRAM}, which is installed with leafseal")
    return found


def _run(command: Sequence[str], environ: dict[str, str] | os._Environ[str]) -> tuple[int, bytes]:
    # All of the environment: kustomize starts us again, and then the private key is needed.
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environ, check=False)
    return exit_code(done.returncode), done.stdout
