"""The check of pre-commit-hook-ensure-sops: every value begins with `ENC[` or is empty."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .desk import PLAIN, Desk

KINDS = ("yaml", "json", "txt")
"""What the check can read. It takes any file that does not end in `.yaml` for JSON."""


def _sealed(desk: Desk, kind: str) -> Path:
    desk.rules()
    path = desk.put(f"secret.{kind}", PLAIN[kind])
    desk.sops("encrypt", "--in-place", path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_replayed(desk: Desk, kind: str) -> None:
    document = _loaded(_sealed(desk, kind))
    assert "sops" in document
    assert all(_is_sealed(value) for name, value in document.items() if name != "sops")


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_clear_files_fail(ours: Desk, kind: str) -> None:
    document = _loaded(ours.put(f"secret.{kind}", PLAIN[kind]))
    assert not all(_is_sealed(value) for value in document.values())


def _loaded(path: Path) -> dict[str, Any]:
    text = path.read_text()
    found = YAML(typ="safe").load(text) if path.name.endswith(".yaml") else json.loads(text)
    assert isinstance(found, dict)
    return found


def _is_sealed(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_sealed, value.values()))
    if isinstance(value, list):
        return all(map(_is_sealed, value))
    return isinstance(value, str) and (not value or value.startswith("ENC["))


@pytest.mark.parametrize("kind", KINDS)
def test_hook(ours: Desk, kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    hook = pytest.importorskip("pre_commit_hook_ensure_sops.__main__", reason="no pre-commit-hook-ensure-sops")
    plain = ours.put(f"plain.{kind}", PLAIN["json"] if kind != "yaml" else PLAIN["yaml"])
    monkeypatch.setattr(sys, "argv", ["hook", str(_sealed(ours, kind))])
    assert (hook.main(), capsys.readouterr().out) == (0, "")
    monkeypatch.setattr(sys, "argv", ["hook", str(plain)])
    assert hook.main() == 1
