"""`leafseal krm`, which kustomize starts as `leafseal-krm`."""

from __future__ import annotations

import os

from leafseal.cli.shared.declarations import argument, command
from leafseal.cli.shared.failing import shown_in_lines
from leafseal.cli.shared.keys import current_ambient
from leafseal.deploy.krm.configuration import ROOT
from leafseal.deploy.krm.generating import generate
from leafseal.deploy.krm.protocol import answer, read_request
from leafseal.deploy.opening import as_item
from leafseal.errors import LeafsealError, UsageError, naming
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.system import terminal
from leafseal.system.inside import read_inside
from leafseal.system.reading import read

_OLD_PLUGIN = "KUSTOMIZE_PLUGIN_CONFIG_STRING"
_ROOT_HINT = f"move it below the kustomization, or set {ROOT} to the folder that both are in"


@command("krm")
@argument("config", metavar="[CONFIG]", default=None)
def krm(config: str | None) -> int:
    """Generate manifests for kustomize, which starts this as "leafseal-krm".

    Without CONFIG, read a ResourceList from standard input and print one, as KRM functions do. With CONFIG, read that
    file and print manifests, as exec plugins do. Configurations of KSOPS are read as they are. Files are named relative
    to the kustomization, and must be below it.

    \b
    kustomize build --enable-alpha-plugins --enable-exec .
    leafseal krm generator.yaml
    """
    try:
        terminal.write_result(_generated(config))
    except LeafsealError as error:
        raise shown_in_lines([error]) from None
    return 0


def _generated(config: str | None) -> bytes:
    if config is None:
        if terminal.is_stdin():
            raise UsageError("nothing to read", hint='kustomize starts this; to try it, run "leafseal krm CONFIG"')
        with naming("standard input"):
            request = read_request(read("-").data)
    else:
        if os.environ.get(_OLD_PLUGIN) and not terminal.is_stdin() and read("-").data.strip():
            raise UsageError("there are manifests to be transformed, and leafseal only generates")
        with naming(config):
            request = read_request(read(config).data)
    generated = generate(request.generator, _read, KeyRing(current_ambient()))
    for error in generated.errors:
        error.file = error.file or request.title
    if generated.errors:
        raise shown_in_lines(generated.errors)
    return answer(request, generated)


def _read(name: str) -> Item:
    return as_item(name, read_inside(name, os.environ.get(ROOT) or ".", hint=_ROOT_HINT))
