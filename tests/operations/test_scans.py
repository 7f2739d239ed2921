"""How often a command scans the text of a file: each text once, and what was written once more, from the disk."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leafseal.cli.main import run as run_ours
from leafseal.document.limits import DEFAULT_LIMITS, DEFAULT_READ, ReadOptions
from leafseal.formats import FORMATS
from leafseal.sops.main import run as run_sops

from ..whole_files import ME, PASSWORD, seal, seal_in

TEXTS = {
    "yaml": b"db:\n  password: one\n  port: 5432\nlist:\n  - x\n  - z\n",
    "json": b'{\n\t"db": {"password": "one", "port": 5432},\n\t"list": ["x", "z"]\n}\n',
    "dotenv": b"PASSWORD=one\nPORT=5432\n",
    "ini": b"[db]\npassword = one\nport = 5432\n",
}
THEIRS = {"yaml": '["db"]["password"]', "json": '["db"]["password"]', "dotenv": '["PASSWORD"]',
          "ini": '["db"]["password"]'}  # fmt: skip

COUNTS = {
    # the sealed file
    "decrypt": 1,
    "get": 1,
    "exec-env": 1,
    "inspect": 1,
    "verify": 1,
    # the sealed file, and what was written: for the digest of its structure, and with it
    "rotate": 3,
    # the sealed file, the edited text, and what was written, twice as well
    "edit": 4,
    # the sealed file, the plain text before and after, and what was written, twice as well
    "set": 5,
    "unset": 5,
}


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The formats of the texts that are scanned, one entry a scan."""
    seen: list[str] = []

    def counting(name: str, parse: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            seen.append(name)
            return parse(*arguments, **named)

        return counted

    for name in TEXTS:
        module = importlib.import_module(FORMATS[name].module)
        monkeypatch.setattr(module, "parse", counting(name, module.parse))
    return seen


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    monkeypatch.setenv("EDITOR", "sed -i s/one/two/")
    monkeypatch.chdir(tmp_path)

    def make(format_name: str, text: bytes | None = None) -> str:
        return seal_in(tmp_path, text or TEXTS[format_name], format_name).name

    return make


@pytest.mark.parametrize("format_name", TEXTS)
@pytest.mark.parametrize(
    ("command", "rest"),
    [
        ("decrypt", []),
        ("decrypt", ["--output-type", "json"]),
        ("get", ["PATH"]),
        ("inspect", []),
        ("verify", []),
        ("rotate", ["-i"]),
        ("edit", []),
        ("set", ["PATH", "new"]),
        ("unset", ["PATH"]),
    ],
)
def test_our_commands(
    sealed: Callable[..., str], scans: list[str], format_name: str, command: str, rest: list[str]
) -> None:
    file = sealed(format_name)
    del scans[:]
    assert run_ours([command, file, *(PASSWORD[format_name] if word == "PATH" else word for word in rest)]) == 0
    looks_at_plain = (command, format_name) == ("get", "ini")  # for what other programs read differently
    assert (len(scans), set(scans)) == (COUNTS[command] + looks_at_plain, {format_name})


@pytest.mark.parametrize("format_name", TEXTS)
@pytest.mark.parametrize(
    ("command", "rest"),
    [
        ("decrypt", []),
        ("rotate", ["-i"]),
        ("edit", []),
        ("set", ["PATH", '"new"']),
        ("unset", ["PATH"]),
        ("exec-env", ["true"]),
    ],
)
def test_commands_of_sops(
    sealed: Callable[..., str], scans: list[str], format_name: str, command: str, rest: list[str]
) -> None:
    file = sealed(format_name)
    del scans[:]
    if command == "exec-env" and format_name != "dotenv":
        pytest.skip("variables are text")
    assert run_sops([command, file, *(THEIRS[format_name] if word == "PATH" else word for word in rest)]) == 0
    assert (len(scans), set(scans)) == (COUNTS[command], {format_name})


LARGE = ReadOptions(DEFAULT_LIMITS._replace(depth=DEFAULT_LIMITS.depth - 1))
"""A lowered limit: only a scan tells whether the encrypted file is within it."""


@pytest.mark.parametrize(
    ("format_name", "text", "read", "count"),
    [
        *((name, text, DEFAULT_READ, 2 if name == "ini" else 1) for name, text in TEXTS.items()),
        *((name, text, LARGE, 2) for name, text in TEXTS.items()),
        ("yaml", b"# note\na: 'one' # two\nb: |-\n  three\nc: {d: 4, e: [5, null]}\n", DEFAULT_READ, 1),
        ("yaml", b"a: 1\n---\nb: 2\n", DEFAULT_READ, 2),
        ("yaml", b"a: !t 1\n", DEFAULT_READ, 2),
        ("yaml", b"a: &x 1\nb: *x\n", DEFAULT_READ, 2),
    ],
)
def test_encrypting_scans_the_plain_text_alone_where_that_tells_what_is_where(
    scans: list[str], format_name: str, text: bytes, read: ReadOptions, count: int
) -> None:
    seal(text, format_name, read=read)
    assert len(scans) == count


@pytest.mark.parametrize(
    ("command", "rest", "count"),
    [("decrypt", [], 2), ("rotate", ["-i"], 5), ("edit", [], 6), ("set", ["a", "new"], 6)],
)
def test_what_spellings_mean_is_seen_in_the_plain_text(
    sealed: Callable[..., str], scans: list[str], command: str, rest: list[str], count: int
) -> None:
    # Written anew, the y would get quotes; set needs the plain text anyway.
    file = sealed("yaml", b"a: one\nlist: [x, y]\n")
    del scans[:]
    assert run_ours([command, file, *rest]) == 0
    assert len(scans) == count
