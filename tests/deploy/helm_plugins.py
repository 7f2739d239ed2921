"""Loaders of plugin manifests, as strict as those of Helm 3 and 4, written from their sources' rules."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

_LEGACY = {
    "name", "version", "usage", "description", "command", "platformCommand", "ignoreFlags", "hooks", "platformHooks",
    "downloaders", "useTunnel",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SEMVER = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_V1 = {"apiVersion", "type", "name", "version", "sourceURL", "runtime", "config", "runtimeConfig"}


class ManifestError(Exception):
    """What a Helm says of a manifest."""


def load_3(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the plugins of a folder by their names. One that is wrong is an error for all of them."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*/plugin.yaml")):
        manifest = _read(path)
        _insist(set(manifest) <= _LEGACY, f"unknown field in {path.parent.name}")
        _check_legacy(manifest, path.parent)
        _insist(manifest["name"] not in found, "two plugins claim one name")
        found[manifest["name"]] = manifest
    return found


def load_4(folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the types and manifests of the plugins of a folder by their names."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in sorted(folder.glob("*/plugin.yaml")):
        manifest = _read(path)
        if "apiVersion" in manifest:
            _check_v1(manifest, path.parent)
            kind = str(manifest["type"])
        else:
            _check_legacy(manifest, path.parent)
            _insist(_SEMVER.fullmatch(manifest["version"]) is not None, "no SemVer")
            _insist(not ("command" in manifest and "platformCommand" in manifest), "two ways to say the command")
            kind = "getter/v1" if manifest.get("downloaders") else "cli/v1"
        _insist(manifest["name"] not in found, "two plugins claim one name")
        found[manifest["name"]] = kind, manifest
    return found


def _read(path: Path) -> dict[str, Any]:
    loader = yaml.SafeLoader(path.read_text("utf-8"))
    manifest = loader.get_single_data()
    loader.dispose()
    _insist(isinstance(manifest, dict), "no mapping")
    return manifest  # type: ignore[no-any-return]


def _check_legacy(manifest: dict[str, Any], folder: Path) -> None:
    _insist(_NAME.fullmatch(manifest.get("name", "")) is not None, "invalid name")
    for field in ("version", "usage", "description", "command"):
        _insist(isinstance(manifest.get(field, ""), str), f"{field} is no text")
    if command := manifest.get("command"):
        _insist("downloaders" not in manifest, "Helm 4 makes a getter of it, and the command is gone")
        _is_program(folder, command.split(" ")[0].replace("$HELM_PLUGIN_DIR", str(folder)))
    for downloader in manifest.get("downloaders", []):
        _insist(set(downloader) == {"command", "protocols"}, "unknown field of a downloader")
        _insist(not os.path.isabs(downloader["command"]) and "$" not in downloader["command"], "not below the plugin")
        _insist(all(isinstance(one, str) for one in downloader["protocols"]), "a protocol is no text")
        _is_program(folder, str(folder / downloader["command"]))


def _check_v1(manifest: dict[str, Any], folder: Path) -> None:
    _insist(set(manifest) <= _V1, "unknown field")
    _insist(manifest["apiVersion"] == "v1" and manifest["runtime"] == "subprocess", "unknown version or runtime")
    _insist(manifest["type"] == "postrenderer/v1" and "config" not in manifest, "a type that has other rules")
    _insist(
        _NAME.fullmatch(manifest["name"]) is not None and _SEMVER.fullmatch(manifest["version"]) is not None, "name"
    )
    _insist(set(manifest["runtimeConfig"]) == {"platformCommand"}, "unknown field of a subprocess")
    for command in manifest["runtimeConfig"]["platformCommand"]:
        _insist(set(command) <= {"os", "arch", "command", "args"}, "unknown field of a command")
        _is_program(folder, command["command"].replace("${HELM_PLUGIN_DIR}", str(folder)))


def _is_program(folder: Path, path: str) -> None:
    _insist(Path(path).is_relative_to(folder) and os.access(path, os.X_OK), f"{path} is no program")


def _insist(condition: bool, what: str) -> None:
    if not condition:
        raise ManifestError(what)
