"""A sealed file of which any byte was changed is refused, or holds what it held; and no error tells a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import pytest

from leafseal.errors import LeafsealError

from ..oracles import assert_silent
from ..tampering import CANARIES, SECOND, Fixture, ask_nobody, fixture
from ..whole_files import FORMATS, comments, open_, seal, values


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_nobody(monkeypatch)


# -- every byte ------------------------------------------------------------------------------------------------------


class Mutation(NamedTuple):
    offset: int
    kind: int  # the bit that is flipped, or: 8 removes the byte, 9 doubles it, 10 puts a NUL before it

    def apply(self, data: bytes) -> bytes:
        before, byte, behind = data[: self.offset], data[self.offset], data[self.offset + 1 :]
        if self.kind < 8:
            return before + bytes([byte ^ 1 << self.kind]) + behind
        return before + [b"", bytes([byte, byte]), bytes([0, byte])][self.kind - 8] + behind


def check_mutation(original: Fixture, mutation: Mutation) -> str:
    """Return what came of it: refused, identical, or an exception that is allowed at this place."""
    try:
        opened = open_(mutation.apply(original.data), original.format)
        assert opened.plaintext() is not None
    except LeafsealError as error:
        assert_silent(error, CANARIES)
        return "refused"
    if values(opened) == original.values and comments(opened) == original.comments:
        return "identical"
    assert mutation.offset in original.unprotected, (mutation, original.data[mutation.offset - 20 :][:40])
    assert [value for value in values(opened) if value in original.sealed] == original.sealed
    return "unprotected"


def mutations(data: bytes) -> Iterator[Mutation]:
    return (Mutation(offset, kind) for offset in range(len(data)) for kind in range(11))


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_sample_of_all_changes_of_a_byte(format_name: str) -> None:
    original = fixture(format_name)
    sample = Random(format_name).sample(list(mutations(original.data)), 400)
    found = Counter(check_mutation(original, mutation) for mutation in sample)
    assert found["refused"] > 250
    assert found["unprotected"] < 40


@pytest.mark.campaign
@pytest.mark.parametrize("format_name", FORMATS)
def test_all_changes_of_a_byte(format_name: str) -> None:
    original = fixture(format_name)
    found = Counter(check_mutation(original, mutation) for mutation in mutations(original.data))
    assert found["unprotected"] <= 600
    print(format_name, dict(found))


# -- errors about plain files ----------------------------------------------------------------------------------------

BROKEN = {
    "yaml": [
        "a: @\nb: \xff", "a: '@\n", "a: [@", "a: @\n\tb: 1\n", "a: @\n- b\n", "a: \x01@", "a: !!int @\n",
        "a: !!float '@'\n", "? @\n? [@]\n", "a: !!timestamp @", "a: !!binary @", 'a: "\\q@"', "a: |@\n", "a: {@",
        "%YAML @\n---\na: 1", "%TAG @\n---\na: 1", "a: *@\n", "- @\n",
        "@", "a: 1\n--- @\n", "a: &x @\nb_unencrypted: *x\n",
    ],
    "json": [
        '{"a": "@', '{"a": "@"} x', '{"a": @}', '{"a": "@\x01"}', '{"a": 1e999, "b": "@"}', '{"a": "@\xff"}', "@",
        '["@"]', '{"a": "@" "b": 1}', '{"a": "\\u12@"}',
    ],
    "dotenv": ["A=@\nB", "@", "A=@\0", "A=@\nA=@"],
    "ini": ["[a\nb=@", "a = @\nb", "a = `@", "@", "[s]@", "a=@\0", " = @", 'a = """@', "a=@\na=@"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("format_name", "text"), [(format_name, text) for format_name, texts in BROKEN.items() for text in texts]
)
def test_errors_about_plain_files_are_silent(format_name: str, text: str) -> None:
    data = text.encode("latin-1").replace(b"@", SECOND.encode())
    with pytest.raises(LeafsealError) as caught:
        seal(data, format_name)
    assert_silent(caught.value, [SECOND])
