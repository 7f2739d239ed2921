"""The typing of scalars: what SOPS 3.13.2 made of them, and the laws that follow from the rules."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yaml._yaml import CParser
from yaml.events import ScalarEvent

from leafseal.document.scalars import Scalar, Timestamp, type_word
from leafseal.errors import FormatError
from leafseal.formats.yaml.emitter import scalar_text
from leafseal.formats.yaml.scalars import TAG_PREFIX, is_plain_safe, is_plain_string, resolve, resolve_tagged

from .. import second_reader

DATA = Path(__file__).parents[1] / "data" / "yaml"
PLAIN = json.loads((DATA / "plain_scalars.json").read_text())
TAGGED = json.loads((DATA / "tagged_scalars.json").read_text())["documents"]

needs_sops = pytest.mark.skipif(shutil.which("sops") is None, reason="no sops on PATH")
RECIPIENT = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"  # of a published test identity

NUMERIC = st.text("0123456789+-._:TZtzexXobaf ", min_size=1, max_size=12)
HARD = st.text("ab0 \t:#-?,[]{}'\"&*!|>%@`~\\/.=<é😀\u00a0\u2028", min_size=1, max_size=8)


def scalars_in(document: str) -> list[ScalarEvent]:
    parser = CParser(document)
    found = []
    while parser.check_event():
        event = parser.get_event()
        if isinstance(event, ScalarEvent):
            found.append(event)
    return found


def value_in(document: str) -> Scalar | None:
    """Return the last value of a document, typed as the scanner types it."""
    event = scalars_in(document)[-1]
    if event.tag is not None:
        return resolve_tagged(event.tag, event.value, plain=not event.style)
    return event.value if event.style else resolve(event.value)


def word_of(value: Scalar | None) -> str:
    return "null" if value is None else type_word(value)


@pytest.mark.parametrize(("text", "word", "written"), PLAIN["typed"], ids=repr)
def test_plain_scalars_have_the_type_and_value_that_sops_gives_them(text: str, word: str, written: str) -> None:
    value = resolve(text)
    assert word_of(value) == word
    assert scalar_text(value, indent=4) == written


@pytest.mark.parametrize("text", PLAIN["refused"])
def test_what_sops_cannot_encrypt_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        resolve(text)
    assert text not in str(caught.value)
    assert not is_plain_string(text)


@pytest.mark.parametrize(("document", "word", "written"), TAGGED, ids=repr)
def test_tagged_scalars_have_the_type_and_value_that_sops_gives_them(document: str, word: str, written: str) -> None:
    if word == "refused":
        with pytest.raises(FormatError):
            value_in(document)
    else:
        assert word_of(value_in(document)) == word
        assert scalar_text(value_in(document), indent=4) == written


def test_a_text_that_does_not_fit_its_tag_is_not_shown() -> None:
    with pytest.raises(FormatError, match=r"^a value doesn't match its tag !!int$"):
        resolve_tagged(TAG_PREFIX + "int", "hunter2", plain=True)


def test_binary_is_text_where_it_can_be() -> None:
    assert resolve_tagged(TAG_PREFIX + "binary", "aGk=\n", plain=False) == "hi"
    assert resolve_tagged(TAG_PREFIX + "binary", "/w==", plain=True) == b"\xff"


def test_nanoseconds_and_zones_stay() -> None:
    assert resolve("2001-12-14T21:59:43.100000001-05:00") == Timestamp("2001-12-14T21:59:43.100000001-05:00")


def test_long_digits_are_read_in_no_time() -> None:
    assert resolve("1" * 100_000) == "1" * 100_000  # beyond a double
    assert resolve("0" * 100_000 + "7") == 7


@given(HARD)
def test_text_that_begins_like_no_other_type_is_a_string(text: str) -> None:
    assert resolve("x" + text) == "x" + text


@given(NUMERIC)
@example("2024-01-01 1:2:3,5")
@example("0b-1")
def test_a_string_resolves_to_itself_and_everything_else_to_another_type(text: str) -> None:
    try:
        value = resolve(text)
    except FormatError:
        return
    assert value == text if isinstance(value, str) else not is_plain_string(text)


@given(NUMERIC | HARD)
def test_a_resolved_value_written_again_is_the_same_value(text: str) -> None:
    try:
        value = resolve(text)
    except FormatError:
        return
    again = value_in(f"k: {scalar_text(value, indent=2)}\n")
    if isinstance(value, float):  # 1.0 is written 1
        assert isinstance(again, int | float)
        assert str(float(again)) == str(value) or value == again == 0
    else:
        assert (type(again), again) == (type(value), value)


@given(HARD, st.booleans())
@example("https://x/y?z=1", True)
@example("a:b", True)
@example("-", True)
def test_plain_safe_text_reads_back(text: str, flow: bool) -> None:
    if is_plain_safe(text, flow=flow):
        around = "'': {{'': {0}, ' ': [{0}, {0}]}}\n" if flow else "'': {0}\n' ':\n  - {0} # c\n  - - {0}\n"
        plain = [event.value for event in scalars_in(around.format(text)) if not event.style]
        assert plain == [text] * 3
        assert [reading.text for reading in second_reader.scalars(around.format(text)).values()] == [text] * 3


def test_the_empty_text_is_not_plain_safe() -> None:
    assert not is_plain_safe("", flow=False)
    assert not is_plain_safe("", flow=True)


@pytest.mark.interop
@needs_sops
def test_a_real_sops_agrees_on_the_types(tmp_path: Path) -> None:
    texts = [text for text, _, _ in PLAIN["typed"]] + [
        f"{n}{tail}" for n in range(-2, 12) for tail in (":30", "e2", "_0")
    ]
    source = tmp_path / "plain.yaml"
    source.write_text("".join(f"k{number}: {text}\n" for number, text in enumerate(texts)))
    command = ["sops", "encrypt", "--age", RECIPIENT, "--output-type", "json", str(source)]
    sealed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for number, text in enumerate(texts):
        token = sealed[f"k{number}"]
        word = "null" if token is None else token.rpartition("type:")[2].rstrip("]") or "str"
        assert word_of(resolve(text)) == word, text
