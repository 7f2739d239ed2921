"""The desk that the tests of clients work at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ...forks import Forks
from ..transcripts import Stage, link_to_us
from .desk import Desk

REAL = shutil.which("sops")

_REAL = pytest.param(
    REAL, marks=[pytest.mark.interop, pytest.mark.skipif(REAL is None, reason="no sops on PATH")], id="sops"
)


@pytest.fixture
def ours(tmp_path: Path, forks: Forks) -> Desk:
    """A desk where sops is this program."""
    return _desk(tmp_path, None, forks)


@pytest.fixture(params=[pytest.param(None, id="leafseal"), _REAL])
def desk(request: pytest.FixtureRequest, tmp_path: Path, forks: Forks) -> Desk:
    """A desk where sops is this program, and another where it is sops."""
    return _desk(tmp_path, request.param, forks)


def _desk(base: Path, real: str | None, forks: Forks) -> Desk:
    folder = base / "bin"
    folder.mkdir()
    if real is None:
        link_to_us(folder)
    else:
        (folder / "sops").symlink_to(real)
    return Desk(Stage.make(base, ["sops"], forks if real is None else None), folder, real is not None)
