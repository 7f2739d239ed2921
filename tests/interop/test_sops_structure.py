"""Real sops ignores the digest of the structure, and drops it at its first write; both go on with the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..opening import set_leaf
from .test_sops import PEOPLE, Sops, open_, program, seal

pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]

TEXTS = {
    "yaml": b"a: one\nb: ''\nl:\n    - x\n    - c: null\n",
    "json": b'{\n\t"a": "one",\n\t"b": "",\n\t"l": [\n\t\t"x",\n\t\t{\n\t\t\t"c": null\n\t\t}\n\t]\n}\n',
    "dotenv": b"a=one\nb=\n",
    "ini": b"[s]\na = one\nb = \n",
}
PLACES = {"yaml": ("a",), "json": ("a",), "dotenv": ("a",), "ini": ("s", "a")}
WRITES = {
    "set": lambda place: ("set", json.dumps([place[0]]) if len(place) == 1 else '["s"]["a"]', '"two"'),
    "rotate": lambda _: ("rotate", "--in-place"),
    "updatekeys": lambda _: ("updatekeys", "--yes"),
}


@pytest.fixture
def sops(tmp_path: Path) -> Sops:
    return Sops(tmp_path)


@pytest.mark.parametrize("format_name", TEXTS)
def test_sops_opens_a_file_with_a_digest(sops: Sops, format_name: str) -> None:
    done = sops.decrypt(seal(TEXTS[format_name], format_name), format_name)
    assert (done.status, done.stderr) == (0, "")
    assert b"one" in done.stdout
    assert b"leafseal" not in done.stdout


@pytest.mark.parametrize("command", WRITES)
@pytest.mark.parametrize("format_name", TEXTS)
def test_what_sops_writes_over_it_opens_and_our_next_write_covers_it(
    sops: Sops, format_name: str, command: str
) -> None:
    ours = seal(TEXTS[format_name], format_name)
    assert open_(ours, format_name).coverage == "covered"
    if command == "updatekeys":  # which has nothing to do for the same recipients
        sops.configure()
        rule = {"creation_rules": [{"age": f"{PEOPLE[0].recipient},{PEOPLE[1].recipient}"}]}
        (sops.folder / ".sops.yaml").write_text(json.dumps(rule))
    place = PLACES[format_name]
    place_text = "".join(f'["{name}"]' for name in place)
    arguments = [place_text if word.startswith("[") else word for word in WRITES[command](place)]
    theirs = sops.change(ours, format_name, *arguments)
    opened = open_(theirs, format_name)
    assert opened.coverage == "missing"
    again = set_leaf(opened, place, "three")
    again.check(again.data)
    assert open_(again.data, format_name).coverage == "covered"
    assert b"three" in sops.decrypt(again.data, format_name).stdout
