"""docs/troubleshooting.md has the messages of the source, each with its cure, and a section for every code."""

from __future__ import annotations

import importlib.util
import re

import pytest

from leafseal.cli.shared.reports import CODES

from ..cli.hints.source import hints
from .blocks import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_source_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")  # as where a script is started
    spec = importlib.util.spec_from_file_location("troubleshooting", ROOT / "docs" / "troubleshooting.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    assert program.filled(PAGE) == PAGE, 'run "make reference"'


def test_every_code_of_an_error_has_a_section() -> None:
    assert sorted(re.findall(r"^### (.+)$", PAGE, re.MULTILINE)) == sorted(CODES.values())


NOT_ON_THE_PAGE: dict[tuple[str, str], str] = {}
"""Hints that the page leaves out, by module and text, and why."""


def test_every_hint_of_the_source_is_on_the_page() -> None:
    page = _plain(PAGE)
    left_out = {(module, text) for module, text in hints() if _plain(text) not in page}
    assert left_out == set(NOT_ON_THE_PAGE), "write its message into docs/given_hints.py"


def _plain(hint: str) -> str:
    return re.sub(r"[`\"]", "", " ".join(hint.split())).replace("{}", "…").rstrip(".")


def test_a_message_is_there_once_in_its_section() -> None:
    for section in PAGE.split("\n<!-- messages: ")[1:]:
        items = re.findall(r"^- .*$", section.partition("<!-- end -->")[0], re.MULTILINE)
        assert items
        assert len(items) == len(set(items))
        assert all(": " in item and not item.endswith(": ") for item in items)
