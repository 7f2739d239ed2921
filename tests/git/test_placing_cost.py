"""What a merge of many changes costs: the text is read a fixed number of times, however many there are."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from leafseal.git import text

from .merged_text import merged

LEAVES, CHANGES = 2000, 500


def _file(format_name: str, values: dict[str, int | None]) -> str:
    """Return a file of many values; None is left out."""
    pairs = [(name, value) for name, value in values.items() if value is not None]
    if format_name == "json":
        return "{\n" + ",\n".join(f'  "{name}": {value}' for name, value in pairs) + "\n}\n"
    if format_name == "yaml":
        groups: dict[str, list[str]] = {}
        for name, value in pairs:
            groups.setdefault(name[:-2], []).append(f"  # about {name}\n  {name}: {value}\n")
        return "".join(f"{group}:\n" + "".join(lines) for group, lines in groups.items())
    head = "[s]\n" if format_name == "ini" else ""
    return head + "".join(f"# about {name}\n{name}={value}\n" for name, value in pairs)


def _changed(values: dict[str, int | None], seed: int) -> dict[str, int | None]:
    """Return values of which some are changed, some are gone, and some are new."""
    random = Random(seed)
    names = [name for number, name in enumerate(values) if number % 2 == seed]
    changed = random.sample(names, CHANGES)
    found: dict[str, int | None] = {}
    for name, value in values.items():
        found[name] = value
        if name in changed:
            kind = random.randrange(3)
            if kind == 0:
                found[name] = 1_000_000 + seed
            elif kind == 1:
                found[name] = None
            else:
                found[name[:-2] + f"n{seed}" + name[-2:]] = seed
    return found


@pytest.mark.parametrize("format_name", ["yaml", "json", "dotenv", "ini"])
def test_the_text_is_scanned_a_fixed_number_of_times(format_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = _counted(format_name, monkeypatch)
    monkeypatch.setattr(text, "_candidates", lambda _base, ours, _theirs: [ours.text])
    base: dict[str, int | None] = {f"k{number:04}": number for number in range(LEAVES)}
    sides = base, _changed(base, 0), _changed(base, 1)
    assert merged(*(_file(format_name, side) for side in sides), format_name).conflicts == []
    assert len(scanned) <= 6  # the three sides and what comes of them; and two of them for their members


def _counted(format_name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what grows by one with each scan of a text of the format, whoever asks for it."""
    scanned: list[str] = []
    for module, name in _SCANNERS[format_name]:
        scan = getattr(importlib.import_module(module), name)
        for user in [user for key, user in sys.modules.items() if key.startswith("leafseal.formats")]:
            if getattr(user, name, None) is scan:
                monkeypatch.setattr(user, name, _counting(scan, scanned))
    return scanned


def _counting(scan: Callable[..., Any], scanned: list[str]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        scanned.append(scan.__name__)
        return scan(*arguments, **named)

    return counted


_SCANNERS = {
    "yaml": [("leafseal.formats.yaml.scan", "scan"), ("leafseal.formats.yaml.nodes", "documents")],
    "json": [("leafseal.formats.json.scan", "scan")],
    "dotenv": [("leafseal.formats.dotenv", "_scan")],
    "ini": [("leafseal.formats.ini.scan", "scan")],
}


def test_what_is_looked_at_grows_with_the_file_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the values and twice the changes take at most 2.5 times the calls."""
    monkeypatch.setattr(text, "_candidates", lambda _base, ours, _theirs: [ours.text])
    counts = []
    for size in (500, 1000):
        base: dict[str, int | None] = {f"k{number:04}": number for number in range(size)}
        ours: dict[str, int | None] = {name: -1 if index % 4 == 0 else index for index, name in enumerate(base)}
        theirs: dict[str, int | None] = {}
        for index, name in enumerate(base):
            theirs[name] = -2 if index % 4 == 1 else index
            if index % 4 == 2:
                theirs[name[:-2] + "n" + name[-2:]] = 1
        texts = [_file("yaml", side) for side in (base, ours, theirs)]
        counts.append(_calls(lambda texts=texts: merged(*texts)))
    assert counts[1] < 2.5 * counts[0]


def _calls(work: Callable[[], object]) -> int:
    count = 0

    def counting(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
