"""Sides of a merge from conflict markers, as Git and others write them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leafseal.git.markers import MarkersError, has_markers, split_markers

OF_JJ = "has conflict markers in a style of jj"

_FAR = b"\n1\n2\n3\n4\n5\n"
BASE = b"a\nb" + _FAR + b"d" + _FAR + b"e\n"
OURS = b"a\nB" + _FAR + b"d" + _FAR + b"same\n"
THEIRS = b"a\nBB" + _FAR + b"D" + _FAR + b"same\n"


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
@pytest.mark.parametrize("size", [7, 9, 23])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_what_git_writes_comes_apart_again(tmp_path: Path, style: str, size: int, line_end: bytes) -> None:
    sides = [text.replace(b"\n", line_end) for text in (BASE, OURS, THEIRS)]
    base, ours, theirs = (tmp_path / name for name in ("base", "ours", "theirs"))
    for path, text in zip((base, ours, theirs), sides, strict=True):
        path.write_bytes(text)
    options = [f"--marker-size={size}", "-L", "main", "-L", "old", "-L", "a side"]
    options += [] if style == "merge" else [f"--{style}"]
    argv = ["git", "merge-file", "-p", *options, ours, base, theirs]
    merged = subprocess.run(argv, capture_output=True, check=False, timeout=100, cwd=tmp_path).stdout
    assert has_markers(merged)
    marked = split_markers(merged)
    # What one side alone changed is in both.
    assert marked.ours == sides[1].replace(b"d" + line_end, b"D" + line_end)
    assert marked.theirs == sides[2]
    assert (marked.our_name, marked.their_name) == ("main", "a side")
    if style == "merge":
        assert marked.base is None
    else:
        assert marked.base is not None
        assert b"b" + line_end in marked.base


def test_a_base_with_markers_of_its_own_is_none() -> None:
    text = b"<<<<<<< x\no\n||||||| base\n<<<<<<<<< 1\np\n=========\nq\n>>>>>>>>> 2\n=======\nt\n>>>>>>> y\n"
    marked = split_markers(text)
    assert (marked.ours, marked.base, marked.theirs) == (b"o\n", None, b"t\n")


def test_text_that_looks_like_markers_is_text() -> None:
    text = b"=======\n<<<<<<< x\n>>> o\n<<<<<<\n=======\n||||||||| t\n>>>>>>> y\n>>>>>>> no\n"
    marked = split_markers(text)
    assert marked.ours == b"=======\n>>> o\n<<<<<<\n>>>>>>> no\n"
    assert marked.theirs == b"=======\n||||||||| t\n>>>>>>> no\n"
    assert not has_markers(b"a: <<<<<<< x\n<<<<<<<y\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a\n<<<<<<< x\no\n", "line 2: a conflict begins here and has no end"),
        (b"<<<<<<< x\no\n>>>>>>> y\n", "line 3: this conflict marker does not belong here"),
        (b"<<<<<<< x\n=======\n=======\n>>>>>>> y\n", "line 3: this conflict marker does not belong here"),
        (b"a\n", "has no conflict markers"),
        (b"<<<<<<< Conflict 1 of 1\n%%%%%%% diff\n-a\n+b\n+++++++ side\nc\n>>>>>>> ends\n", OF_JJ),
        (b"<<<<<<< conflict 1 of 1\n+++++++ a b\nx\n------- c d\ny\n+++++++ e\nz\n>>>>>>> ends\n", OF_JJ),
    ],
)  # fmt: skip
def test_what_is_no_conflict(text: bytes, message: str) -> None:
    with pytest.raises(MarkersError) as caught:
        split_markers(text)
    assert caught.value.message.startswith(message)
