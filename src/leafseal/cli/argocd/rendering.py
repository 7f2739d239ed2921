"""Rendering an application for Argo CD: all of it and in time, or nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from leafseal.cli.shared.failing import shown_in_lines
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.deploy.argocd import application, tools
from leafseal.deploy.argocd.discovery import MANIFESTS, files_below, is_marked
from leafseal.deploy.opening import File, as_item, open_files
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.errors import LeafsealError, RefusedError, UsageError, naming
from leafseal.keys.policy import policy_of
from leafseal.keys.ring import KeyRing
from leafseal.system import lasting, terminal
from leafseal.system.environment import child_environment
from leafseal.system.inside import read_inside

_ENCRYPT_HINT = 'encrypt it with "leafseal encrypt -i FILE"'
_EXEC = "LEAFSEAL_ARGOCD_EXEC"
"""The environment variable that lets kustomizations start any program: `all`."""

_NAMES = ("leafseal-krm", "ksops")
"""What configurations call our generator."""

_OUTSIDE_HINT = "name files of the same repository, relative to the chart"


def generate() -> int:
    """Print manifests after all of them are found to be right."""
    try:
        with _deadline(application.seconds_of(os.environ)):
            output = _RENDER[application.kind_of()]()
            with naming("the rendered application"):
                tools.check(output)
        terminal.write_result(output)
    except LeafsealError as error:
        raise shown_in_lines([error]) from None
    return 0


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise `LeafsealError` in the block when its time is up."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise LeafsealError(
            f"not done within {seconds:g} seconds, 80 % of {application.TIMEOUT}",
            hint=f"set a longer {application.TIMEOUT} for the sidecar, and for the repo server too",
        )

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _kustomize() -> bytes:
    from leafseal.deploy.krm.configuration import ROOT
    from leafseal.deploy.kubectl.kustomization import look

    if os.environ.get(_EXEC) != "all" and (unknown := look(".", _NAMES).unknown):
        raise RefusedError(
            f"{unknown[0]}: kustomize may start other programs, and they could read the key",
            hint=f"to allow this for all applications of the sidecar, set {_EXEC}=all in it",
        )
    program = tools.find("kustomize", os.environ)
    with _own_programs() as own:
        environ = {ROOT: application.repository(os.environ), **os.environ, **own}
        done = tools.run([program, "build", "--enable-alpha-plugins", "--enable-exec", "."], environ)
    if done.code:
        encrypted = [name for name in files_below() if is_marked(name)]
        items = [read_one(name, InputOptions(), DEFAULT_LIMITS) for name in encrypted]
        files, _ = open_files(items, KeyRing(current_ambient()))
        _show(done.err, files)
        raise LeafsealError("kustomize failed, and what it says is above")
    return done.out


@contextmanager
def _own_programs() -> Iterator[dict[str, str]]:
    """Yield the variables with which kustomize finds our generator under each of its names."""
    from leafseal.deploy.kubectl.kustomize import place_plugins
    from leafseal.system.private import private_directory

    with private_directory() as home:  # for links; plaintext comes through a pipe
        place_plugins(home, [f"bin/{name}" for name in _NAMES])
        paths = os.pathsep.join((os.path.join(home, "bin"), os.environ.get("PATH", os.defpath)))
        yield {"KUSTOMIZE_PLUGIN_HOME": home, "PATH": paths}


def _helm() -> bytes:
    from leafseal.deploy.helm import process
    from leafseal.deploy.helm.links import find_leading_out

    chart = application.chart(os.environ)
    encrypted = [name for name in files_below() if is_marked(name)]
    if encrypted and not chart.values:
        raise UsageError(
            f"{encrypted[0]} is encrypted, and the application names no value files",
            hint=f"set the parameter {application.VALUES}, or VALUES_FILES in the environment of the plugin",
        )
    root = application.repository(os.environ)
    if link := find_leading_out(".", root):
        raise RefusedError("a link leads out of the repository, and Helm would follow it", file=os.path.normpath(link))
    items = [as_item(name, read_inside(name, root, hint=_OUTSIDE_HINT)) for name in dict.fromkeys(chart.values)]
    files, errors = open_files(items, KeyRing(current_ambient()))
    if errors:
        raise shown_in_lines(errors)
    handed = {file.name: file.plaintext() for file in files}
    if lasting.can_have_open_files() or not handed:
        return _template(chart, process.in_memory(handed), files)
    no_disk = policy_of(current_ambient()).no_disk_plaintext
    with process.in_folder(handed, no_disk_plaintext=no_disk, warn=terminal.warn) as paths:
        return _template(chart, paths, files)


def _template(chart: application.Chart, paths: dict[str, str], files: Sequence[File]) -> bytes:
    from leafseal.deploy.helm import process

    argv = [process.find(os.environ), *chart.arguments, *(f"--values={paths[name]}" for name in chart.values)]
    descriptors = [int(path.rpartition("/")[2]) for path in paths.values() if path.startswith("/proc/self/fd/")]
    done = tools.run(argv, child_environment(os.environ), descriptors)  # it decrypts nothing itself
    _show(done.err, files)
    if done.code:
        raise LeafsealError("helm failed, and what it says is above")
    return done.out


def _manifests() -> bytes:
    from leafseal.cli.shared.deploying import open_named
    from leafseal.deploy.kubectl.stream import stream
    from leafseal.deploy.secrets import secret_values

    names = [name for name in files_below() if name.endswith(MANIFESTS)]
    files = open_named(names, plain_hint=_ENCRYPT_HINT, among=secret_values)
    output, errors = stream(list(files.values()))
    if errors:
        raise shown_in_lines(errors)
    return output


_RENDER = {"kustomize": _kustomize, "helm": _helm, "yaml": _manifests}


def _show(text: bytes, files: Sequence[File]) -> None:
    """Show what a program says, without the values of files: Argo CD shows and logs it."""
    if not text.strip():
        return
    from leafseal.run.redact.stream import Patterns, Stream
    from leafseal.run.redact.values import wanted_of

    patterns: set[bytes] = set()
    for file in files:
        if file.opened is not None:
            patterns |= wanted_of(file.opened, {}, str).patterns
    filtered = Stream(Patterns(patterns))
    shown = (filtered.feed(text) + filtered.close()).decode("utf-8", "replace")
    for line in shown.rstrip().splitlines():
        terminal.say(line)
