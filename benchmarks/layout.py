"""Counts of the layout, for docs/decisions: entries below the package, the graph of imports between them, and modules
that decrypting a small file loads. Usage: `python benchmarks/layout.py [src/leafseal]`."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def imported(path: Path, package: str) -> Iterator[str]:
    """Yield the dotted names that a module imports of its own package, apart from what only types need."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def graph(source: Path) -> dict[str, set[str]]:
    """Return, for each entry directly below the package, the other entries that its modules import."""
    package = source.name
    entries = {path.stem for path in source.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    found: dict[str, set[str]] = {entry: set() for entry in entries - {"__init__"}}
    for path in source.rglob("*.py"):
        entry = path.relative_to(source).parts[0].removesuffix(".py")
        if entry == "__init__":
            continue
        for name in imported(path, package):
            other = name.split(".")[1]
            if other in found and other != entry:
                found[entry].add(other)
    return found


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Return the groups of entries that reach each other."""
    reach = {entry: _reached(entry, arrows) for entry in arrows}
    groups: list[set[str]] = []
    for entry in arrows:
        group = {other for other in reach[entry] if entry in reach[other]} | {entry}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def _reached(entry: str, arrows: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        for other in arrows[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found


def floors(arrows: dict[str, set[str]]) -> int:
    """Return the length of the longest chain of imports; a circle counts as one entry."""
    groups = circles(arrows)
    name = {entry: min(group) for group in groups for entry in group}
    merged: dict[str, set[str]] = defaultdict(set)
    for entry, others in arrows.items():
        own = name.get(entry, entry)
        merged[own] |= {name.get(other, other) for other in others} - {own}
    known: dict[str, int] = {}

    def height(entry: str) -> int:
        if entry not in known:
            known[entry] = 1 + max((height(other) for other in merged[entry]), default=0)
        return known[entry]

    return max(map(height, list(merged)))


def loaded(package: str) -> int:
    """Return how many modules of the package decrypting a YAML file of five lines loads, with an age key."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.yaml")
        code = (
            f"import sys, {package}\nfrom {package}.testing import throwaway_identity\n"
            f"me = throwaway_identity()\nopen(sys.argv[1], 'wb').write({package}.encrypt("
            "b'a: 1\\nb: x\\nc: y\\nd: true\\ne: z\\n', format='yaml', recipients=[me.recipient]))\nprint(me.identity)"
        )
        identity = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        ).stdout.strip()
        code = (
            f"import sys\nfrom {package}.cli.main import run\nassert run(['decrypt', sys.argv[1]]) == 0\n"
            f"print(sum(name.split('.')[0] == {package!r} for name in sys.modules), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, path],
            capture_output=True,
            text=True,
            check=True,
            env={"SOPS_AGE_KEY": identity, "HOME": folder, "PATH": "/usr/bin:/bin"},
        )
        return int(done.stderr)


def main() -> None:
    """Print the table."""
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "src/leafseal")
    arrows = graph(source)
    packages = [entry for entry in arrows if (source / entry).is_dir()]
    modules = list(source.rglob("*.py"))
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in modules)
    rows = (
        ("modules, lines", f"{len(modules)}, {lines:,}"),
        ("entries directly below the package", f"{len(arrows) - len(packages) + 1} modules + {len(packages)} packages"),
        ("floors", str(floors(arrows))),
        ("arrows between entries", str(sum(map(len, arrows.values())))),
        ("circles", str(len(circles(arrows)))),
        ("modules of ours that `decrypt` of a small YAML file loads", str(loaded(source.name))),
    )
    for what, count in rows:
        print(f"| {what} | {count} |")


if __name__ == "__main__":
    main()
