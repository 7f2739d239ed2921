"""Which Git working tree a folder is in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.system.working_tree import is_within, working_tree


def test_the_next_one_above_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "outer/inner/deep").mkdir(parents=True)
    (tmp_path / "outer/.git").mkdir()
    assert working_tree(str(tmp_path / "outer/inner/deep")) == os.path.realpath(tmp_path / "outer")
    (tmp_path / "outer/inner/.git").write_text("gitdir: ../.git/modules/inner\n")
    assert working_tree(str(tmp_path / "outer/inner/deep")) == os.path.realpath(tmp_path / "outer/inner")
    assert working_tree(str(tmp_path)) is None


def test_one_around_the_home_folder_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/work").mkdir(parents=True)
    (tmp_path / "home/.git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert working_tree(str(tmp_path / "home/work")) is None


def test_a_name_that_begins_alike_is_not_below() -> None:
    assert is_within("/srv/app", "/srv/app")
    assert is_within("/srv/app/x", "/srv/app")
    assert is_within("/srv", "/")
    assert not is_within("/srv/app2", "/srv/app")
