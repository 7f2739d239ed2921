"""Three readers of `.env` files: what the real ones read, recorded; bash and python-dotenv are asked again if present.

Recorded from compose-go 2.16.2 (`dotenv.UnmarshalWithLookup`), python-dotenv 1.2.4 (`dotenv_values`), bash 5.2
(`set -a; . FILE`), with HOME, IN and EMPTY inherited. None: an error, or
for python-dotenv a line that it skips, and for Compose one of which it makes a variable without a name.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafseal.errors import FormatError
from leafseal.run.dialects import read

GIVEN = {"HOME": "/home/me", "IN": "inherited", "EMPTY": ""}
INHERITED = {name.encode(): value.encode() for name, value in GIVEN.items()}


def read_or_none(text: str, dialect: str) -> dict[str, str] | None:
    try:
        return read(text, dialect, INHERITED)
    except FormatError:
        return None


Found = dict[str, str] | None

RECORDED: dict[str, tuple[Found, Found, Found]] = {  # Compose, python-dotenv, bash
    "A=1": ({"A": "1"}, {"A": "1"}, {"A": "1"}),
    "A=": ({"A": ""}, {"A": ""}, {"A": ""}),
    "A=x # y": ({"A": "x"}, {"A": "x"}, {"A": "x"}),
    "A=x#y": ({"A": "x#y"}, {"A": "x#y"}, {"A": "x#y"}),
    "A= x": ({"A": "x"}, {"A": "x"}, None),
    "A =x": ({"A": "x"}, {"A": "x"}, None),
    "A=x y": ({"A": "x y"}, {"A": "x y"}, None),
    "A=x ": ({"A": "x"}, {"A": "x"}, {"A": "x"}),
    "A= # y": ({"A": "# y"}, {"A": ""}, {"A": ""}),
    "A='x y'": ({"A": "x y"}, {"A": "x y"}, {"A": "x y"}),
    'A="x y" # z': ({"A": "x y"}, {"A": "x y"}, {"A": "x y"}),
    "A='x' y": (None, None, None),
    r"A='\n\''": ({"A": r"\n'"}, {"A": r"\n'"}, None),
    r'A="\n\t\"\$IN"': ({"A": '\n\t"$IN'}, {"A": '\n\t"\\$IN'}, {"A": '\\n\\t"$IN'}),
    r"A=\n": ({"A": r"\n"}, {"A": r"\n"}, {"A": "n"}),
    "A=$IN": ({"A": "inherited"}, {"A": "$IN"}, {"A": "inherited"}),
    "A=${IN}": ({"A": "inherited"}, {"A": "inherited"}, {"A": "inherited"}),
    "A='${IN}'": ({"A": "${IN}"}, {"A": "inherited"}, {"A": "${IN}"}),
    "A=${NO:-x}": ({"A": "x"}, {"A": "x"}, None),
    "A=${EMPTY:-x}": ({"A": "x"}, {"A": ""}, None),
    "A=${EMPTY-x}${NO-y}": ({"A": "y"}, {"A": ""}, None),
    "A=${IN:+x}${NO+y}": ({"A": "x"}, {"A": "${IN:+x}"}, None),
    "A=${NO:-${IN}}z": ({"A": "inheritedz"}, {"A": "${IN}z"}, None),
    "A=${NO:?why}": (None, {"A": "${NO:?why}"}, None),
    "A=${": (None, {"A": "${"}, None),
    "A=$$IN": ({"A": "$IN"}, {"A": "$$IN"}, None),
    "IN=own\nA=${IN}": ({"IN": "own", "A": "inherited"}, {"IN": "own", "A": "own"}, {"IN": "own", "A": "own"}),
    "A=1\nA=${A}2": ({"A": "12"}, {"A": "12"}, {"A": "12"}),
    "A=`date`": ({"A": "`date`"}, {"A": "`date`"}, None),
    "A=$(date)": ({"A": "$(date)"}, {"A": "$(date)"}, None),
    "A=~/x": ({"A": "~/x"}, {"A": "~/x"}, {"A": "/home/me/x"}),
    "A=x;B=y": ({"A": "x;B=y"}, {"A": "x;B=y"}, {"A": "x", "B": "y"}),
    "A=x&y": ({"A": "x&y"}, {"A": "x&y"}, None),
    "export A=1": ({"A": "1"}, {"A": "1"}, {"A": "1"}),
    "export A": (None, {}, {}),
    "A: 1": ({"A": "1"}, None, None),
    "A.b-c=1": ({"A.b-c": "1"}, {"A.b-c": "1"}, None),
    "'A'=1": (None, {"A": "1"}, None),
    "A B=1": (None, None, None),
    '"A=1': (None, {'"A': "1"}, None),
    'A="1': (None, None, None),
    'A="1\n2"': ({"A": "1\n2"}, {"A": "1\n2"}, {"A": "1\n2"}),
    "# A=1\n\n  B=2": ({"B": "2"}, {"B": "2"}, {"B": "2"}),
    "A=1\r\nB=2\r\n": ({"A": "1", "B": "2"}, {"A": "1", "B": "2"}, {"A": "1\r", "B": "2\r"}),
    "\ufeffA=1": ({"A": "1"}, {"A": "1"}, None),
    r'A="\0101\08\q"': ({"A": r"A\8\q"}, {"A": r"\0101\08\q"}, {"A": r"\0101\08\q"}),
    "rm -rf x": (None, None, None),
    "A=1 rm": ({"A": "1 rm"}, {"A": "1 rm"}, None),
    "BASH_ENV=x": ({"BASH_ENV": "x"}, {"BASH_ENV": "x"}, None),
    "A=$RANDOM": ({"A": ""}, {"A": "$RANDOM"}, None),
}


@pytest.mark.parametrize("text", RECORDED)
def test_each_reads_as_the_real_one(text: str) -> None:
    found = tuple(read_or_none(text, dialect) for dialect in ("compose", "python-dotenv", "bash"))
    assert found == RECORDED[text]


def test_compose_takes_many_variables_in_a_line_and_few_in_each_other() -> None:
    assert read("A=" + "${NO:-x}${IN}" * 1500, "compose", INHERITED) == {"A": "xinherited" * 1500}
    assert read("A=" + "${NO:-" * 100 + "x" + "}" * 100, "compose", INHERITED) == {"A": "x"}
    assert read_or_none("A=" + "${NO:-" * 2000 + "x" + "}" * 2000, "compose") is None


def test_bytes_that_are_no_text_stay() -> None:
    text = b"A=\xff\xfe".decode("utf-8", "surrogateescape")
    for dialect in ("compose", "python-dotenv", "bash"):
        assert read(text, dialect, {}) == {"A": text[2:]}


def test_an_error_has_the_line_and_not_its_text() -> None:
    with pytest.raises(FormatError) as caught:
        read("A=1\n# x\nB=$(c4n4ry)\n", "bash", {})
    assert str(caught.value) == "line 3: bash would run this, and it is not a variable"
    assert "c4n4ry" not in f"{caught.value.hint}"


_PIECES = [
    "a", "b c", " ", "\t", "#", " #", "'", '"', "\\", "\\n", "\\'", '\\"', "\\$", "$", "$A", "${A}", "${B:-x}", "${IN}",
    "~", "~/x", ":", "=", ";", "\\\\", "é", "{", "}", "x", "1", "`", "|", "\\\n", "\r", "$IN",
]  # fmt: skip


def _texts(seed: int, count: int) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        lines = []
        for _ in range(chance.randint(1, 3)):
            value = "".join(chance.choices(_PIECES, k=chance.randint(0, 4)))
            quote = chance.choice(["", "", "'", '"'])
            name = chance.choice(["A", "B", "export A", "C_1"])
            lines.append(f"{name}={quote}{value}{quote}{chance.choice(['', ' # c'])}\n")
        yield "".join(lines)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_sets_the_same(tmp_path: Path) -> None:
    show = 'set -a; . "$0"; for n; do printf "%s=%s\\0" "$n" "${!n}"; done'
    file = tmp_path / "f.env"
    compared = 0
    for text in _texts(1, 600):
        if not (found := read_or_none(text, "bash")):
            continue
        file.write_bytes(text.encode())
        environ = {**GIVEN, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        command = ["bash", "--norc", "-c", show, str(file), *found]
        done = subprocess.run(command, env=environ, capture_output=True, check=True, timeout=120)
        assert done.stderr == b"", text
        assert dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0")[:-1]) == found, text
        compared += 1
    assert compared > 100


def test_python_dotenv_reads_the_same(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    dotenv = pytest.importorskip("dotenv")
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    for text in _texts(2, 5000):
        caplog.clear()
        real = {
            name: value for name, value in dotenv.dotenv_values(stream=io.StringIO(text)).items() if value is not None
        }
        assert read_or_none(text, "python-dotenv") == (None if caplog.records else real), text
