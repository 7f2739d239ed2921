"""To which process a left-over belongs, and whether that still runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.system import owners

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there, any process may run")


@pytest.fixture
def mine(tmp_path: Path) -> os.stat_result:
    return tmp_path.stat()


def tagged(text: str) -> re.Match[str]:
    match = re.fullmatch(owners.TAG, text)
    assert match is not None
    return match


def ended() -> int:
    """Return the number of a process that is over."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_tag_leads_back_to_this_process(mine: os.stat_result) -> None:
    match = tagged(owners.tag())
    assert int(match["pid"]) == os.getpid()
    assert int(match["start"]) == owners.start_time(os.getpid())
    assert not owners.is_left_over(match, mine)


def test_no_two_tags_are_equal() -> None:
    assert len({owners.tag() for _ in range(100)}) == 100


def test_what_a_process_that_is_over_left_is_left_over(mine: os.stat_result) -> None:
    match = tagged(owners.tag())
    gone = tagged(f"{ended()}-5-{match['mark']}00000000")
    assert owners.is_left_over(gone, mine)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="nothing tells when a process began")
def test_a_number_that_was_given_out_again_is_another_process(mine: os.stat_result) -> None:
    match = tagged(owners.tag())
    earlier = f"{os.getpid()}-{int(match['start']) - 1}-{match['mark']}00000000"
    assert owners.is_left_over(tagged(earlier), mine)
    unknown = f"{os.getpid()}-0-{match['mark']}00000000"
    assert not owners.is_left_over(tagged(unknown), mine)


def test_what_stands_elsewhere_is_left_over_after_a_day(tmp_path: Path) -> None:
    """Another container or host: its processes cannot be looked at."""
    match = tagged(
        f"{ended()}-5-ffffffff00000000" if "ffffffff" not in owners.tag() else f"{ended()}-5-0000000000000000"
    )
    path = tmp_path / "file"
    path.touch()
    assert not owners.is_left_over(match, path.stat())
    a_day_ago = path.stat().st_mtime - 25 * 60 * 60
    os.utime(path, (a_day_ago, a_day_ago))
    assert owners.is_left_over(match, path.stat())


def test_what_another_user_left_stays(mine: os.stat_result, monkeypatch: pytest.MonkeyPatch) -> None:
    match = tagged(f"{ended()}-5-{tagged(owners.tag())['mark']}00000000")
    monkeypatch.setattr(os, "geteuid", lambda: mine.st_uid + 1)
    assert not owners.is_left_over(match, mine)


def test_of_a_process_that_is_not_there_nothing_tells_when_it_began() -> None:
    assert owners.start_time(ended()) == 0
    assert owners.start_time(2**40) == 0
