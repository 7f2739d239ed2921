"""What is damaged in one place is mended there: by `set` and `unset` of exactly that place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run

FLAGS = ["--ignore-mac", "--write-unverified"]
TEXTS = {
    "f.yaml": "a: one\nb: two\nc: three\n",
    "f.json": '{\n\t"a": "one",\n\t"b": "two",\n\t"c": "three"\n}\n',
    "f.env": "a=one\nb=two\nc=three\n",
    "f.ini": "[s]\na = one\nb = two\nc = three\n",
}
ADDED = {
    "f.yaml": "new: by hand\n",
    "f.json": '\t"new": "by hand",\n',
    "f.env": "new=by hand\n",
    "f.ini": "new = by hand\n",
}


@pytest.fixture(params=TEXTS)
def file(request: pytest.FixtureRequest, leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    path = work / str(request.param)
    path.write_text(TEXTS[path.name])
    assert leafseal("encrypt", "-i", "--age", me.recipient, path.name).code == 0
    return path


def path_of(file: Path, name: str) -> str:
    return f"s.{name}" if file.suffix == ".ini" else name


def add_by_hand(file: Path) -> None:
    """Put a clear line before `b`, as somebody does who does not know what the file is."""
    text = file.read_text()
    at = re.search(r'^\t?"?b\b', text, re.MULTILINE)
    assert at is not None
    file.write_text(text[: at.start()] + ADDED[file.name] + text[at.start() :])


def rename(file: Path) -> None:
    file.write_text(re.sub(r'^(\t?"?)b\b', r"\1renamed", file.read_text(), flags=re.MULTILINE))


def plain(file: Path, **changes: str) -> bytes:
    text = TEXTS[file.name]
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def test_a_line_that_was_added_is_removed(leafseal: Run, file: Path) -> None:
    add_by_hand(file)
    refused = leafseal("decrypt", file.name)
    assert refused.code == 25
    assert "leafseal repair --yes --encrypt" in refused.err
    assert leafseal("unset", file.name, path_of(file, "new")).code == 0
    assert leafseal("decrypt", file.name) == (0, plain(file), "")


def test_a_line_that_was_added_is_encrypted(leafseal: Run, file: Path, work: Path) -> None:
    add_by_hand(file)
    (work / "value").write_text("by hand")
    assert leafseal("set", "--value-file", "value", file.name, path_of(file, "new")).code == 0
    assert leafseal("get", file.name, path_of(file, "new")).out == b"by hand\n"
    assert b"by hand" not in file.read_bytes()
    assert leafseal("verify", file.name).code == 0


def test_a_value_under_another_name_is_set_again(leafseal: Run, file: Path, work: Path) -> None:
    """The MAC cannot be checked without it, so that is to be said; other values stay what they are."""
    rename(file)
    before = file.read_bytes()
    (work / "value").write_text("two")
    words = ["--value-file", "value", file.name, path_of(file, "renamed")]
    refused = leafseal("set", *words)
    assert refused.code == 51
    assert (
        "hint: if you know what was changed, and to make it valid, add --ignore-mac --write-unverified" in refused.err
    )
    assert file.read_bytes() == before
    assert leafseal("set", *FLAGS, *words).code == 0
    assert leafseal("decrypt", file.name) == (0, plain(file, b="renamed"), "")


def test_a_value_under_another_name_is_removed(leafseal: Run, file: Path) -> None:
    rename(file)
    assert leafseal("unset", file.name, path_of(file, "renamed")).code == 51
    assert leafseal("unset", *FLAGS, file.name, path_of(file, "renamed")).code == 0
    assert leafseal("get", file.name, path_of(file, "c")).out == b"three\n"
    assert leafseal("verify", file.name).code == 0


def test_damage_elsewhere_still_refuses(leafseal: Run, file: Path, work: Path) -> None:
    rename(file)
    before = file.read_bytes()
    (work / "value").write_text("x")
    for words in (["set", "--value-file", "value"], ["unset"]):
        refused = leafseal(*words, *FLAGS, file.name, path_of(file, "a"))
        assert refused.code == 25
        assert "renamed" in refused.err
    assert file.read_bytes() == before


def test_verify_names_every_damaged_place(leafseal: Run, file: Path, work: Path) -> None:
    add_by_hand(file)
    rename(file)
    told = leafseal("verify", file.name)
    assert (told.code, told.out) == (25, b"")
    places = f"{path_of(file, 'new')}, {path_of(file, 'renamed')}"
    assert f"2 values were added, edited or moved after the file was encrypted: {places}" in told.err
    # As the hint has it.
    assert 'remove these values with "leafseal repair", then add new ones with "leafseal set"' in told.err
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    (work / "value").write_text("two")
    assert leafseal("set", "--value-file", "value", file.name, path_of(file, "renamed")).code == 0
    assert leafseal("verify", file.name).code == 0


def test_what_stands_below_a_damaged_name_is_set_as_a_whole(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "n.yaml").write_text("db:\n    user: u\n    password: p\nx: 1\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "n.yaml").code == 0
    (work / "n.yaml").write_text((work / "n.yaml").read_text().replace("db:", "dc:"))
    assert leafseal("set", *FLAGS, "n.yaml", "dc", '{"user": "u", "password": "p"}').code == 0
    assert leafseal("get", "n.yaml", "dc.password").out == b"p\n"
    assert leafseal("verify", "n.yaml").code == 0


@pytest.mark.parametrize("mend", [("unset",), ("set", "--value-file", "value")])
def test_a_value_whose_type_was_made_that_of_a_comment(
    leafseal: Run, file: Path, work: Path, mend: tuple[str, ...]
) -> None:
    lines = file.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if re.match(r'\t?"?b\b', line))
    lines[at] = lines[at].replace("type:str", "type:comment")
    file.write_text("".join(lines))
    refused = leafseal("decrypt", file.name)
    assert refused.code == 25
    assert f'remove the value with "leafseal repair {file.name}", then add it with "leafseal set"' in refused.err
    (work / "value").write_text("two")
    assert leafseal(*mend, *FLAGS, file.name, path_of(file, "b")).code == 0
    assert leafseal("verify", file.name).code == 0
