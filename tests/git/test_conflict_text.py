"""The text in which people decide conflicts."""

from __future__ import annotations

from leafseal.document.values import values_of
from leafseal.formats import parse
from leafseal.git.conflict_text import Labels, conflict_text
from leafseal.git.merge import Found
from leafseal.git.three_way import merge


def test_a_name_adds_no_line_to_the_text() -> None:
    plain = r'"a\nadmin: true": {}' + "\nother: same\n"
    base, ours, theirs = (parse(plain.format(text).encode(), "yaml") for text in ("1", "2", "3"))
    [one] = merge(*(values_of(side) for side in (base, ours, theirs))).conflicts
    shown = conflict_text(base, ours, theirs, [Found(one.pointer, one.kind, one)], Labels("main", "side"))
    texts = [f"{plain.format(text).splitlines()[0]}\n" for text in ("2", "1", "3")]
    begin = r"<<<<<<< ours (main)  /a\nadmin: true: changed on both sides" + "\n"
    expected = f"{begin}{texts[0]}||||||| base\n{texts[1]}=======\n{texts[2]}>>>>>>> theirs (side)\nother: same\n"
    assert shown.text.decode() == expected
