"""Real sops opens what a merge wrote, with the same values, also where conflicts are left and where it wrote a side."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.document.values import equal, values_of
from leafseal.formats import parse
from leafseal.git.merge import How, merge_opened
from leafseal.git.sides import Sides
from leafseal.keys.ring import KeyRing
from leafseal.metadata.unresolved import read

from ..git.layouts import layouts
from ..opening import reseal_text
from .test_sops import Sops, ambient, open_, program, seal

pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]

TEXTS = {
    "yaml": "a: one\nb: two\nc: three\nl: [1, 2]\n",
    "json": '{\n\t"a": "one",\n\t"b": "two",\n\t"c": "three"\n}\n',
    "dotenv": "a=one\nb=two\nc=three\n",
    "ini": "[s]\na = one\nb = two\nc = three\n",
}


@pytest.fixture
def sops(tmp_path: Path) -> Sops:
    return Sops(tmp_path)


@pytest.mark.parametrize("format_name", TEXTS)
def test_sops_opens_what_a_merge_left(sops: Sops, format_name: str) -> None:
    text = TEXTS[format_name]
    base = open_(seal(text.encode(), format_name), format_name)
    place = '["s"]["b"]' if format_name == "ini" else '["b"]'
    theirs = open_(sops.change(base.document.text.encode(), format_name, "set", place, '"by sops"'), format_name)
    theirs = reseal_text(theirs, theirs.plaintext().replace(b"three", b"theirs")).open()
    ours = reseal_text(base, text.replace("one", "ours").replace("three", "ours").encode()).open()
    ring = KeyRing(ambient(0))
    for group in ours.metadata.groups:
        for wrapped in group:
            ring.unwrap(wrapped)
    result = merge_opened(Sides(base, ours, theirs), How(ring))
    result.product.check(result.product.data)
    assert len(read(result.product.open().metadata).places) == 1
    done = sops.decrypt(result.product.data, format_name)
    assert (done.status, done.stderr) == (0, "")
    plain = result.product.open().plaintext()
    for word in (b"ours", b"by sops"):
        assert word in done.stdout
        assert word in plain
    assert b"theirs" not in done.stdout


def test_sops_opens_members_that_were_put_where_theirs_had_them(sops: Sops) -> None:
    """All layouts are documents of one file: sops is started once."""
    found = [one for one in layouts("yaml") if "---" not in one.without]
    without, with_it = ("---\n".join(text) for text in zip(*((one.without, one.with_it) for one in found), strict=True))
    base = open_(seal(without.encode(), "yaml"), "yaml")
    ours = reseal_text(base, without.replace("old", "new").encode()).open()
    theirs = reseal_text(base, with_it.encode()).open()
    ring = KeyRing(ambient(0))
    ring.unwrap(ours.metadata.groups[0][0])
    result = merge_opened(Sides(base, ours, theirs), How(ring))
    assert (result.conflicts, result.told) == ([], [])
    expected = with_it.replace("old", "new").encode()
    assert result.product.open().plaintext() == expected
    done = sops.decrypt(result.product.data, "yaml")
    assert (done.status, done.stderr) == (0, "")
    assert equal(
        values_of(parse(done.stdout, "yaml")), values_of(parse(with_it.replace("old", "new").encode(), "yaml"))
    )
