"""The real clients, where the caller names them, and our generator as a program that they start."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .. import isolation


def client(name: str) -> str:
    """Return the path of `kustomize` or `kubectl`, or skip the test."""
    variable = f"LEAFSEAL_TEST_{name.upper()}"
    found = isolation.CALLER.get(variable)
    if not found:
        pytest.skip(f"{variable} names no {name}")
    return found


def program(path: Path) -> Path:
    """Write our generator as a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = "from leafseal.__main__ import krm; import sys; sys.exit(krm())"
    path.write_text(f"#!/bin/sh\nexec '{sys.executable}' -P -c '{code}' \"$@\"\n")
    path.chmod(0o755)
    return path


def run(argv: list[str], environ: dict[str, str], cwd: Path) -> tuple[int, str, str]:
    """Run a program in a folder; return its exit code and what it prints."""
    done = subprocess.run(
        argv, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def suffix(manifest: dict[str, Any]) -> str:
    """Return the hash that kustomize appends to the name of a Secret."""
    members: dict[str, Any] = {"data": manifest.get("data", ""), "kind": "Secret", "name": "", "type": manifest["type"]}
    if "stringData" in manifest:
        members["stringData"] = manifest["stringData"]
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for letter, escape in (("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026")):
        text = text.replace(letter, escape)
    digits = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))


def packed(text: str | bytes) -> str:
    """Return a value as `data` has it."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
