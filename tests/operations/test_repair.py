"""What mending leaves of a file: everything but what was to go, to the byte."""

from __future__ import annotations

import re

import pytest

from leafseal.document.limits import DEFAULT_READ
from leafseal.errors import IntegrityError, RefusedError
from leafseal.formats import parse
from leafseal.operations.diagnose import Diagnosis, diagnose
from leafseal.operations.open import Source
from leafseal.operations.repair import MOST_REMOVALS, keep_one, mended, refuse_many, without

from .test_diagnose import RING, found, seal


def break_(text: str, *names: str) -> str:
    """Damage the values, or comments, on the lines that begin with these names."""
    for name in names:
        changed = re.sub(rf"^(\s*{name}.*?data:)....", r"\1AAAA", text, count=1, flags=re.MULTILINE)
        assert changed != text
        text = changed
    return text


def removed(text: str, format_name: str = "yaml") -> Diagnosis:
    diagnosis = found(text, format_name)
    assert diagnosis.bad
    return diagnose(without(diagnosis.source, DEFAULT_READ, diagnosis.bad), RING)


def plain(diagnosis: Diagnosis) -> bytes:
    product = mended(diagnosis, (), RING.ambient)
    product.check(product.data)
    return product.open().plaintext()


@pytest.mark.parametrize(
    ("source", "names", "after"),
    [
        ("a: 1\nb: 2\nc: 3\n", ["a", "c"], "b: 2\n"),
        ("a: 1\nm:\n  b: 2\nc: 3\n", ["b"], "a: 1\nm: {}\nc: 3\n"),
        ("l:\n  - x\n  - y\n  - z\nc: 3\n", ["- ENC"], "l:\n  - y\n  - z\nc: 3\n"),
        ("l: [x, y]\na: 'q' # note\n", ["a: "], "l: [x, y]\n"),
        ("# top\na: 1\n", ["# ?ENC"], "a: 1\n"),
        ("a: 1  # note\nb: 2\n", ["a: .*#"], "a: 1  #\nb: 2\n"),
        ("a: |\n  x\n  y\nb: 2\n", ["b"], "a: |\n  x\n  y\n"),
    ],
)
def test_what_is_bad_goes_and_nothing_else(source: str, names: list[str], after: str) -> None:
    diagnosis = removed(break_(seal(source.encode()), *names))
    assert diagnosis.bad == []
    assert plain(diagnosis).decode() == after


@pytest.mark.parametrize(
    ("format_name", "source", "name", "after"),
    [
        ("json", '{\n"a": "x",\n"b": {"c": "y"}}', '"b"', '{"a": "x", "b": {}}'),
        ("json", '{"a": "x", "b": {"c": "y"}}', '"c"', '{"a": "x", "b": {}}'),
        ("dotenv", "# top\nA=1\nB=2", "B", "# top\nA=1"),
        ("dotenv", "# top\nA=1\n", "#", "A=1\n"),
        ("ini", "[s]\n; note\na = 1\nb = 2\n", "b", "[s]\n; note\na = 1\n"),
    ],
)
def test_other_formats(format_name: str, source: str, name: str, after: str) -> None:
    text = seal(source.encode(), format_name)
    source_after = plain(removed(break_(text, name), format_name)).decode()
    assert "".join(source_after.split()) == "".join(after.split())


def test_tokens_of_other_values_stay_to_the_byte() -> None:
    text = seal(b"a: 1\nb: 2\nc: {d: [x, y]}\n")
    before = [line for line in text.splitlines() if line.startswith(("b", "c"))]
    product = mended(removed(break_(text, "a")), (), RING.ambient)
    assert product.data.decode().splitlines()[:2] == before


def test_spellings_go_with_their_values() -> None:
    text = seal(b"a: 0x10\nb: 0b11\n")
    assert len(re.findall("^ +t[0-9a-f]{16}: ", text, re.MULTILINE)) == 2
    product = mended(removed(break_(text, "a")), (), RING.ambient)
    assert len(re.findall(b"^ +t[0-9a-f]{16}: ", product.data, re.MULTILINE)) == 1
    assert product.open().plaintext() == b"b: 0b11\n"


@pytest.mark.parametrize(
    ("format_name", "text"),
    [
        ("yaml", "a: 1\nk1: x\nb: 2\nk2: x\nk3: z\n"),
        ("json", '{"a": 1, "k1": "x", "b": 2, "k2": "x", "k3": "z"}'),
        ("dotenv", "a=1\nk1=x\nb=2\nk2=x\nk3=z"),
        ("ini", "[s]\na=1\nk1=x\nb=2\nk2=x\nk3=z"),
    ],
)
@pytest.mark.parametrize("kept", [0, 1, 2])
def test_one_of_three_stays(format_name: str, text: str, kept: int) -> None:
    sealed = re.sub(r"\bk[123]\b", "k", seal(text.encode(), format_name))  # their tokens verify no more
    source = Source("f", sealed.encode(), format_name)
    diagnosis = diagnose(source, RING)
    [duplicate] = diagnosis.duplicates
    assert (len(duplicate.members), duplicate.are_same) == (3, False)
    after = keep_one(source, DEFAULT_READ, duplicate, kept)
    before = [leaf.value for leaf in diagnosis.opened.document.leaves() if leaf.path[-1:] == ("k",)]
    left = parse(after.data, format_name, sealed=True).leaves()
    assert [leaf.value for leaf in left if leaf.path[-1:] == ("k",)] == [before[kept]]
    assert [leaf.path[-1] for leaf in left if leaf.path[-1] not in ("k", "DEFAULT")] == ["a", "b"]


def test_what_is_bad_must_be_gone_before() -> None:
    with pytest.raises(IntegrityError, match="cannot be decrypted"):
        mended(found(break_(seal(b"a: 1\nb: 2\n"), "a")), (), RING.ambient)


def test_there_is_a_bound() -> None:
    refuse_many(MOST_REMOVALS)
    with pytest.raises(RefusedError, match="too many"):
        refuse_many(MOST_REMOVALS + 1)
