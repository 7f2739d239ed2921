"""The files that are measured: made anew for each run, always the same."""

from __future__ import annotations

import json
from pathlib import Path

LEAVES_PER_SERVICE = 10


def yaml_text(leaves: int) -> str:
    """Return block mappings of ten values each: six strings, two of them quoted, two numbers, a truth, a list item."""
    return "".join(_yaml_service(number) for number in range(leaves // LEAVES_PER_SERVICE))


def _yaml_service(n: int) -> str:
    return (
        f"service-{n:05}:\n"
        f"  host: node-{n}.internal.example.org\n"
        f"  port: {1024 + n % 60000}\n"
        f"  tls: {'true' if n % 3 else 'false'}\n"
        f"  weight: {n % 100}.5\n"
        f"  user: service_{n}\n"
        f'  password: "p{n * 7919 % 1000003}-correct-horse"\n'
        f"  token: '{n * 104729 % 15485863:08x}{n * 1299709 % 179424673:08x}'\n"
        f"  path: /srv/data/{n % 17}/{n}\n"
        "  tags:\n"
        f"    - zone-{n % 5}\n"
        "  note: written for the benchmark\n"
    )


def json_text(leaves: int) -> str:
    """Return the same as one object."""
    services = {f"service-{n:05}": _json_service(n) for n in range(leaves // LEAVES_PER_SERVICE)}
    return json.dumps(services, indent="\t") + "\n"


def _json_service(n: int) -> dict[str, object]:
    return {
        "host": f"node-{n}.internal.example.org",
        "port": 1024 + n % 60000,
        "tls": bool(n % 3),
        "weight": n % 100 + 0.5,
        "user": f"service_{n}",
        "password": f"p{n * 7919 % 1000003}-correct-horse",
        "token": f"{n * 104729 % 15485863:08x}{n * 1299709 % 179424673:08x}",
        "path": f"/srv/data/{n % 17}/{n}",
        "tags": [f"zone-{n % 5}"],
        "note": "written for the benchmark",
    }


def dotenv_text(leaves: int) -> str:
    """Return as many variables."""
    return "".join(f"SERVICE_{n:05}_PASSWORD=p{n * 7919 % 1000003}-correct-horse\n" for n in range(leaves))


def small_text() -> str:
    """Return a small YAML file."""
    return yaml_text(LEAVES_PER_SERVICE)


def write_many(folder: Path, count: int) -> list[Path]:
    """Write `count` small YAML files that differ and return their paths."""
    folder.mkdir()
    paths = [folder / f"app-{number:04}.yaml" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(_yaml_service(number))
    return paths
