"""How many calls a leaf of a common file takes: counted, because time is noise. A second look at each would show."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from ..whole_files import open_, seal

LINES = {
    "yaml": lambda n: f"host-{n}: node-{n}.example.org\nport{n}: {n}\nweight{n}: {n}.5\nl{n}: [true, 'x']\n",
    "json": lambda n: f',\n"host-{n}": "node-{n}.example.org", "port{n}": {n}, "weight{n}": {n}.5, "l{n}": [true, "x"]',
    "dotenv": lambda n: f"HOST_{n}=node-{n}.example.org\nPORT_{n}={n}\nW_{n}={n}.5\nT_{n}=true\nX_{n}=x\n",
}
LEAVES = 5  # in each of them

ENCRYPT = {"yaml": 70, "json": 58, "dotenv": 40}
DECRYPT = {"yaml": 91, "json": 59, "dotenv": 40}
"""The most calls for a leaf, of Python's functions and of those in C; each look at all leaves adds some."""


def _file(format_name: str, count: int) -> bytes:
    text = "".join(map(LINES[format_name], range(count)))
    return (f'{{"first": 1{text}\n}}\n' if format_name == "json" else text).encode()


def _calls(work: Callable[[], object]) -> int:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def _calls_of_a_leaf(work: Callable[[bytes], object], make: Callable[[int], bytes]) -> float:
    few, many = make(20), make(120)
    work(few)  # what is done once
    return (_calls(lambda: work(many)) - _calls(lambda: work(few))) / (100 * LEAVES)


@pytest.mark.parametrize("format_name", ENCRYPT)
def test_encrypting(format_name: str) -> None:
    found = _calls_of_a_leaf(lambda data: seal(data, format_name), lambda count: _file(format_name, count))
    assert found <= ENCRYPT[format_name]


@pytest.mark.parametrize("format_name", DECRYPT)
def test_decrypting(format_name: str) -> None:
    found = _calls_of_a_leaf(
        lambda data: open_(data, format_name).plaintext(), lambda count: seal(_file(format_name, count), format_name)
    )
    assert found <= DECRYPT[format_name]
