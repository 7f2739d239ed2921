"""Every section that a comment cites is there, and nothing in the repository looks for files outside of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "docs" / "spec"
PAGES = ("sops-format", "sops-cli", "splicing")

_CITATION = re.compile(rf"(?:\b({'|'.join(PAGES)}) |\b(RFC [0-9]+|FIPS [0-9]+),? )?§([0-9]+(?:\.[0-9]+)*)")


def sections(page: str) -> set[str]:
    """Return the numbers of a page's headings."""
    text = (SPEC / f"{page}.md").read_text(encoding="utf-8")
    return set(re.findall(r"^#+ ([0-9]+(?:\.[0-9]+)*)\.? ", text, re.MULTILINE))


def citations(text: str) -> Iterator[tuple[str, str]]:
    """Yield page and section of each citation; one without a page is of the page that was named last in the file.

    Sections of RFCs and other standards are not ours to resolve.
    """
    page = "sops-format"
    standard = False
    for match in _CITATION.finditer(text):
        if match[1] or match[2]:
            page, standard = match[1] or page, bool(match[2])
        elif text[match.start() - 2 : match.start()] != ", ":
            standard = False
        if not standard:
            yield page, match[3]


def sources() -> list[Path]:
    folders = ("src", "tests", "benchmarks", "examples")
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if path != Path(__file__)]


def test_what_is_cited_is_there() -> None:
    known = {page: sections(page) for page in PAGES}
    count, missing = 0, []
    for path in sources():
        for page, number in citations(path.read_text(encoding="utf-8")):
            count += 1
            if number not in known[page]:
                missing.append(f"{path.relative_to(ROOT)}: {page} §{number}")
    assert count > 100
    assert not missing


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(sops-format §1.4, §1.5)", [("sops-format", "1.4"), ("sops-format", "1.5")]),
        ("sops-cli §3 and later (§5.1)", [("sops-cli", "3"), ("sops-cli", "5.1")]),
        ("(RFC 9180, §5.1)", []),
        ("(splicing §99)", [("splicing", "99")]),
    ],
)
def test_citations_are_found(text: str, found: list[tuple[str, str]]) -> None:
    assert list(citations(text)) == found


def test_a_wrong_citation_is_noticed() -> None:
    assert "99" not in sections("splicing")
    assert {"1.4", "2", "6.1"} <= sections("sops-format")


def test_nothing_looks_outside_of_the_repository() -> None:
    outside = re.compile(r"\.\./shared|shared/vectors|[\"']/work/")
    suffixes = {".py", ".md", ".toml", ".sh", ".yaml", ".yml"}
    folders = ("src", "tests", "docs", "benchmarks", "examples", ".ci")
    files = [*ROOT.iterdir(), *(path for name in folders for path in (ROOT / name).rglob("*"))]
    found = [
        path.name
        for path in files
        if path.is_file()
        and (path.suffix in suffixes or path.name in ("Makefile", "run"))
        and path != Path(__file__)
        and outside.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
