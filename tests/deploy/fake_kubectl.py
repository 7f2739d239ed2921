"""A strict kubectl: it notes its words and what it reads, and refuses what kubectl does not have."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

# The words of one run are a line each; what came through standard input is beside them.
_SCRIPT = r"""#!/bin/sh
here=${0%/*}
for word do printf '%s\n' "$word"; done > "$here/words"
case $1 in
    apply | create | replace | diff | delete)
        case " $* " in
            *" -f - "*) if [ -e "$here/forget" ]; then cat > /dev/null; else cat > "$here/stdin"; fi ;;
            *) echo "error: must specify one of -f and -k" >&2; exit 1 ;;
        esac
        printf '%s\n' "${TMPDIR-}" > "$here/tmpdir"
        env > "$here/environ"
        [ ! -e "$here/code" ] || exit "$(cat "$here/code")" ;;
    kustomize)
        [ "$2" != --enable-alpha-plugins ] || { shift; ls -L "$KUSTOMIZE_PLUGIN_HOME"/*/*/* > "$here/plugins"; }
        if [ -e "$2/kustomized" ]; then cat "$2/kustomized"
        elif [ "$2" = encrypted ]; then sed 's,data:,data:AAAA,' db.yaml
        elif [ -d "$2" ]; then cat "$here/kustomized"
        else echo "error: must build at directory: $2" >&2; exit 1; fi ;;
    get)
        [ "$2" = secret ] || exit 1
        cat "$here/secret.json" ;;
    __complete)
        printf '%s\tof kubectl\n:4\n' --server-side ;;
    *) echo "error: unknown command \"$1\" for \"kubectl\"" >&2; exit 1 ;;
esac
"""

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "db",
        "namespace": "shop",
        "uid": "b7a0",
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-29T12:00:00Z",
        "labels": {"app": "db"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"password":"c3dvcmRmaXNo"}}'},
        "managedFields": [{"manager": "kubectl"}],
    },
    "type": "Opaque",
    "data": {"password": "c3dvcmRmaXNo", "cert": "AAECAw=="},
}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\n"


class FakeKubectl(NamedTuple):
    """The folder that it is in, with what it noted."""

    folder: Path

    @property
    def words(self) -> list[str]:
        """The words that it was started with; none where it was not."""
        path = self.folder / "words"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def stdin(self) -> bytes:
        """What it read."""
        return (self.folder / "stdin").read_bytes()


def install(folder: Path) -> FakeKubectl:
    """Place it in a folder. Skips the test where nothing runs a shell script."""
    if os.name == "nt":
        pytest.skip("a shell script stands for kubectl")
    folder.mkdir(exist_ok=True)
    program = folder / "kubectl"
    program.write_text(_SCRIPT)
    program.chmod(0o755)
    (folder / "secret.json").write_text(json.dumps(SECRET))
    (folder / "kustomized").write_text(CONFIG_MAP)
    return FakeKubectl(folder)
