"""sops's file of databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.audit.sops_file import logs_of_sops
from leafseal.errors import ConfigError
from leafseal.keys.audit_settings import Log
from leafseal.system import directories


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "audit.yaml"
    monkeypatch.setattr(directories, "SOPS_AUDIT_FILE", str(path))
    return path


def test_its_databases_are_required(file: Path) -> None:
    file.write_text('backends:\n  postgres:\n    - connection_string: "host=a"\n    - connection_string: host=b\n')
    assert logs_of_sops() == tuple(Log("postgres", text, place=str(file)) for text in ("host=a", "host=b"))


@pytest.mark.parametrize(
    "text", ["", "# none\n", "{}", "backends:\n", "backends:\n  postgres: []\n", "backends:\n  other: [1]\n"]
)
def test_a_file_without_databases(file: Path, text: str) -> None:
    file.write_text(text)
    assert logs_of_sops() == ()


def test_no_file(file: Path) -> None:
    assert logs_of_sops() == ()


@pytest.mark.parametrize(
    "text",
    [
        "[1]\n",
        "backends: s3cret-word\n",
        "backends:\n  postgres: s3cret-word\n",
        "backends:\n  postgres: [s3cret-word]\n",
        "backends:\n  postgres:\n    - connection_string: [s3cret-word]\n",
        "backends: [s3cret-word\n",
    ],
)
def test_a_broken_file_is_an_error_without_what_is_in_it(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        logs_of_sops()
    assert caught.value.file == str(file)
    assert "s3cret-word" not in f"{caught.value} {caught.value.hint}"
