"""The reader of `.env` files that KSOPS uses: what godotenv 1.5.1 reads, recorded."""

from __future__ import annotations

import pytest

from leafseal.errors import FormatError
from leafseal.run.dialects import read

RECORDED: dict[str, dict[str, str]] = {
    "A=1": {"A": "1"},
    "A=": {"A": ""},
    "A= # y": {"A": "# y"},
    "A=# y": {"A": "# y"},
    "A=x # y": {"A": "x"},
    "A=x#y": {"A": "x#y"},
    "A=a # b # c": {"A": "a # b"},
    " A = x y ": {"A": "x y"},
    "A='x y' # z": {"A": "x y"},
    'A="x y"': {"A": "x y"},
    r"A='\n'": {"A": r"\n"},
    r'A="\n\t\""': {"A": "\nt\\"},  # a fault of its own, which has to be known
    "A='x\ny'": {"A": "x\ny"},
    "export A=1": {"A": "1"},
    "exportA=1": {"exportA": "1"},
    "A: 1\na.b: c:d": {"A": "1", "a.b": "c:d"},
    "A=1\nB=$A": {"A": "1", "B": "1"},
    "A=1\nB=${A}x": {"A": "1", "B": "1x"},
    "A=1\nB='$A'": {"A": "1", "B": "$A"},
    'A=1\nB="$A"': {"A": "1", "B": "1"},
    "A=1\nB=\\$A": {"A": "1", "B": "$A"},
    "A=$(id)": {"A": "$(id)"},
    "A=pa$$word": {"A": "pa$$word"},
    "A=a$": {"A": "a$"},
    "# c\r\nA=1\r\nB=2": {"A": "1", "B": "2"},
    "1A=1\nA B=2": {"1A": "1", "A B": "2"},
    "A=`x`": {"A": "`x`"},
    "A=é": {"A": "é"},
}


@pytest.mark.parametrize("text", RECORDED)
def test_what_godotenv_reads(text: str) -> None:
    assert read(text, "godotenv", {}) == RECORDED[text]


@pytest.mark.parametrize("text", ["A='x", 'A="x\\"', "A-B=1", "é=1", "A=1\n}=2"])
def test_what_it_refuses(text: str) -> None:
    with pytest.raises(FormatError):
        read(text, "godotenv", {})


@pytest.mark.parametrize("text", ["A=x$HOME", "A=$1", 'A="${B}"', "A", "=1", "A='x'y", "A\n=1"])
def test_what_it_would_lose_or_put_under_another_name(text: str) -> None:
    with pytest.raises(FormatError):
        read(text, "godotenv", {b"HOME": b"/root"})
