"""What docs/render.md shows is what happens, in a folder in memory that stands for /run."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from leafseal.run.render.entries import FORMATS
from leafseal.run.render.escapes import ESCAPES

from .blocks import ROOT, blocks
from .test_transcripts import environ  # noqa: F401  a fixture
from .transcripts import agrees, run

PAGE = ROOT / "docs" / "render.md"


@pytest.fixture
def memory() -> Iterator[str]:
    """A folder in memory."""
    if not os.access("/dev/shm", os.W_OK | os.X_OK):
        pytest.skip("no /dev/shm")
    folder = tempfile.mkdtemp(dir="/dev/shm", prefix="render-test-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_examples_run(tmp_path: Path, memory: str, environ: dict[str, str]) -> None:  # noqa: F811
    found = [dataclasses.replace(one, text=one.text.replace("/run/app", f"{memory}/app")) for one in blocks(PAGE)]
    done = run(found, tmp_path, environ)
    assert len(done) == 3
    for step, output, code in done:
        assert code == 0, output
        assert agrees(step.output, output), f"--- shown\n{step.output}\n--- is\n{output}"


def test_tables_are_whole() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in (*FORMATS, *ESCAPES):
        assert f"`{name}`" in page, name


def test_the_manifest_is_yaml() -> None:
    [manifest] = [one.text for one in blocks(PAGE) if "initContainers" in one.text]
    found = yaml.safe_load(manifest)
    assert found["volumes"][0]["emptyDir"]["medium"] == "Memory"
    assert found["initContainers"][0]["command"][:2] == ["leafseal", "render"]
