"""Lines of `.gitattributes`: ours are found and replaced, all others stay to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.errors import LeafsealError, RefusedError
from leafseal.git.attributes import BEGIN, END, SHOWN, Line, load, parse, planned, quoted, save, written

LINE = Line("*.enc.yaml", SHOWN)
OTHERS = b'# notes\r\n*.txt text\r\n\n[attr]macro -diff\n"a b" -text\ncaf\xe9 binary'


def test_what_is_there_stays() -> None:
    before = OTHERS.decode("utf-8", "surrogateescape")
    text = written(parse(before), [LINE])
    assert text == f"{before}\n{BEGIN}\n*.enc.yaml diff=leafseal merge=leafseal\n{END}\n"
    again = parse(text + "*.last text\n")
    assert again.lines == (LINE,)
    assert written(again, []) == before + "\n*.last text\n"
    assert [line.pattern for line in again.others] == ["*.txt", "a b", "caf\udce9", "*.last"]


def test_a_line_that_somebody_wrote_is_not_written_again() -> None:
    block = parse(
        "*.enc.yaml  merge=leafseal\tdiff=leafseal text\n*.env diff=leafseal\n# *.ini diff=leafseal merge=leafseal\n"
    )
    wanted = [LINE, Line("*.env", SHOWN), Line("*.ini", SHOWN)]
    assert planned(block, wanted) == wanted[1:]


def test_a_guard_that_is_there_is_kept() -> None:
    block = parse(f"{BEGIN}\n*.enc.yaml diff=leafseal merge=leafseal filter=leafseal\n*.old diff=leafseal\n{END}\n")
    assert planned(block, [LINE]) == [Line("*.enc.yaml", (*SHOWN, "filter=leafseal"))]
    other = Line("*.enc.yaml", (*SHOWN, "filter=leafseal-kept"))
    assert planned(block, [other]) == [other]


@pytest.mark.parametrize("pattern", ["a b", "two\nlines", 'q"', '"q', "!x", "#x", "\t", "plain", "back\\*slash", "é"])
def test_patterns_are_read_as_they_were_written(pattern: str) -> None:
    [line] = parse(f"{quoted(pattern)} diff=leafseal\n").others
    assert line == Line(pattern.replace("\\*", "\\*"), ("diff=leafseal",))


@pytest.mark.parametrize("text", [BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{END}\n{BEGIN}\n{END}"])
def test_a_block_without_an_end_is_refused(text: str) -> None:
    with pytest.raises(LeafsealError, match="lost their begin or end"):
        parse(text)


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match="is a link"):
        load(str(tmp_path))


def test_a_file_with_nothing_left_is_deleted(tmp_path: Path) -> None:
    save(str(tmp_path), "x -text\n")
    assert load(str(tmp_path)).before == "x -text\n"
    save(str(tmp_path), "")
    save(str(tmp_path), "")
    assert list(tmp_path.iterdir()) == []
