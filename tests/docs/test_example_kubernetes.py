"""The pod in examples/kubernetes, without a cluster: volumes are folders, containers run one after another."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .layout import EXAMPLES, Layout, laid_out, sealed

FILE = EXAMPLES / "kubernetes" / "pod.yaml"
POD: dict[str, Any] = yaml.safe_load(FILE.read_text())["spec"]
INIT, PROGRAM = POD["initContainers"][0], POD["containers"][0]
SHOWN = "password: 28 bytes\nsigning.pem: 136 bytes\n"


def volumes(layout: Layout) -> dict[str, Path]:
    """Return a folder for each volume; an `emptyDir` in memory is in memory."""
    return {
        one["name"]: layout.add(f"/volumes/{one['name']}", in_memory=one.get("emptyDir", {}).get("medium") == "Memory")
        for one in POD["volumes"]
    }


def source_of(kind: str) -> dict[str, Path]:
    """Return the files of `kubectl create KIND`, by their names in the volume, as the comment in the manifest says."""
    [line] = re.findall(rf"^# +kubectl create {kind} (.*)$", FILE.read_text(), re.MULTILINE)
    named = [word.removeprefix("--from-file=") for word in shlex.split(line) if word.startswith("--from-file=")]
    return {
        word.partition("=")[0].rpartition("/")[2]: (FILE.parent / word.rpartition("=")[2]).resolve() for word in named
    }


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Write files as kubelet does: a link to each, by way of `..data`."""
    generation = folder / "..2026_11_29_10_00_00.1"
    generation.mkdir()
    (folder / "..data").symlink_to(generation.name)
    for name, data in files.items():
        (generation / name).write_bytes(data)
        (generation / name).chmod(0o440)
        (folder / name).symlink_to(f"..data/{name}")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Layout, dict[str, Path], ThrowawayIdentity]]:
    """The volumes of the pod, filled, and whom the files are encrypted for."""
    me = throwaway_identity()
    with laid_out(tmp_path) as layout:
        found = volumes(layout)
        config = source_of("configmap")
        fill(
            found["config"],
            {
                name: sealed(name, me) if path.parent.name == "sealed" else path.read_bytes()
                for name, path in config.items()
            },
        )
        shutil.copy(EXAMPLES / "app" / "reader.py", layout.add("/app"))
        yield layout, found, me


def start(layout: Layout, found: dict[str, Path], container: dict[str, Any]) -> tuple[int, str, str]:
    """Run a container with its mounts alone."""
    for mount in container["volumeMounts"]:
        layout.mount(mount["mountPath"], found[mount["name"]])
    environ = {one["name"]: one["value"] for one in container.get("env", ())}
    return layout.run([*container["command"], *container.get("args", ())], environ)


def test_the_program_reads_what_the_init_container_wrote(
    node: tuple[Layout, dict[str, Path], ThrowawayIdentity],
) -> None:
    layout, found, me = node
    fill(found["key"], dict.fromkeys(source_of("secret generic"), me.identity.encode()))
    assert start(layout, found, INIT)[:2] == (0, "")
    assert start(layout, found, PROGRAM) == (0, SHOWN, "")
    password = found["secrets"] / "files" / "database" / "password"
    assert password.read_text() == "correct horse battery staple"
    # A pod that is restarted in place runs its init containers again.
    assert start(layout, found, INIT)[:2] == (0, "")
    assert start(layout, found, PROGRAM) == (0, SHOWN, "")


def test_without_the_key_the_pod_does_not_start(node: tuple[Layout, dict[str, Path], ThrowawayIdentity]) -> None:
    layout, found, _ = node
    fill(found["key"], dict.fromkeys(source_of("secret generic"), throwaway_identity().identity.encode()))
    code, out, err = start(layout, found, INIT)
    assert (code, out) == (128, "")
    assert "correct horse" not in err
    assert not list(found["secrets"].rglob("password"))


def test_only_the_init_container_has_the_key() -> None:
    assert [mount["name"] for mount in PROGRAM["volumeMounts"]] == ["secrets"]
    assert PROGRAM["volumeMounts"][0]["readOnly"] is True
    assert all(path.exists() for kind in ("configmap", "secret generic") for path in source_of(kind).values())
    names = {one["name"]: one for one in POD["volumes"]}
    assert set(names) == {mount["name"] for mount in INIT["volumeMounts"]}
    assert names["secrets"]["emptyDir"]["medium"] == "Memory"
    assert names["config"]["configMap"]["name"] == "bookshop"
    assert names["key"]["secret"] == {"secretName": "bookshop-key", "defaultMode": 0o440}
