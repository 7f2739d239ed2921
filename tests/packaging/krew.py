"""What krew demands of a manifest, and its index beyond that; a field that krew does not know is wrong here."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLUGIN = {"apiVersion", "kind", "metadata", "spec"}
_SPEC = {"version", "shortDescription", "description", "caveats", "homepage", "platforms"}
_PLATFORM = {"uri", "sha256", "selector", "files", "bin"}
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_SEMVER = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")

PLATFORMS = [
    *(("windows", arch) for arch in ("386", "amd64", "arm64")),
    *(("linux", arch) for arch in ("386", "amd64", "arm", "arm64", "ppc64le")),
    *(("darwin", arch) for arch in ("386", "amd64", "arm64")),
]
"""The systems that krew is for."""


def faults(name: str, plugin: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the manifest `NAME.yaml`."""
    return list(_faults(name, plugin))


def _faults(name: str, plugin: Mapping[str, Any]) -> Iterator[str]:
    spec = plugin.get("spec") or {}
    yield from (f"{each}: unknown" for each in sorted((set(plugin) - _PLUGIN) | (set(spec) - _SPEC)))
    if plugin.get("apiVersion") != "krew.googlecontainertools.github.com/v1alpha2" or plugin.get("kind") != "Plugin":
        yield "apiVersion, kind"
    if not re.fullmatch(r"[\w-]+", name, re.ASCII) or name.lower() in _RESERVED or plugin["metadata"] != {"name": name}:
        yield "metadata.name"
    if not isinstance(spec.get("version"), str) or not _SEMVER.fullmatch(spec["version"]):
        yield "version"
    if not spec.get("shortDescription") or re.search(r"[\r\n]", spec["shortDescription"]):
        yield "shortDescription"
    if not spec.get("description") or not str(spec.get("homepage")).startswith("https://"):
        yield "description, homepage"
    if not spec.get("platforms"):
        yield "platforms"
    for platform in spec.get("platforms") or ():
        yield from _platform(platform)
    for system in PLATFORMS:
        if sum(selects(each.get("selector"), system) for each in spec.get("platforms") or ()) > 1:
            yield f"platforms: two for {'/'.join(system)}"


def _platform(platform: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{each}: unknown" for each in sorted(set(platform) - _PLATFORM))
    if not re.fullmatch(r"https://\S+\.(zip|tar\.gz)", platform.get("uri") or ""):
        yield "uri"
    if not isinstance(platform.get("sha256"), str) or not re.fullmatch(r"[a-f0-9]{64}", platform["sha256"]):
        yield "sha256"
    if not platform.get("bin"):
        yield "bin"
    if "files" in platform and (
        not platform["files"]
        or any(set(each) != {"from", "to"} or not all(each.values()) for each in platform["files"])
    ):
        yield "files"
    if not any(selects(platform.get("selector"), system) for system in PLATFORMS):
        yield "selector"


def selects(selector: Any, system: tuple[str, str]) -> bool:
    """Tell whether a selector is for a system; one that krew refuses is for none."""
    if not isinstance(selector, dict) or not selector or set(selector) - {"matchLabels", "matchExpressions"}:
        return False
    if not all(selector.values()):
        return False
    here = dict(zip(("os", "arch"), system, strict=True))
    labels, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if {*labels, *(each.get("key") for each in expressions)} - set(here):
        return False
    fits = [here[key] == value for key, value in labels.items()]
    for each in expressions:
        listed = here[each["key"]] in (each.get("values") or ())
        fits.append({"In": listed, "NotIn": not listed}.get(each.get("operator"), False))
    return all(fits)


def extracted(platform: Mapping[str, Any], names: list[str]) -> list[str]:
    """Return which files of an archive end up in the plugin's folder; without `files`, all."""
    if "files" not in platform:
        return names
    return [name for name in names if any(fnmatch.fnmatch(name, each["from"]) for each in platform["files"])]
