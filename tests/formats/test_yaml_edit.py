"""Setting and removing in YAML: new text where something changes, comments and all other lines as they were."""

from __future__ import annotations

import pytest

from leafseal.document import Locator
from leafseal.formats import parse

SETS = [
    (b'a: # note\n- x\n- y\nb: 1\n', ('a',), 'v', b'a: v # note\nb: 1\n'),
    (b'a:\n  # note\n  - x\n  - y # why\nb: 1\n', ('a',), ['z'], b'a:\n  # note\n  - z # why\nb: 1\n'),
    (b'a:\n  # note\n  - x\n  - y # why\nb: 1\n', ('a',), 'z', b'a: z\n  # note\nb: 1\n'),
    (b'~\n', ('a',), 1, b'a: 1\n'),
    (b'--- ~ # x\n', ('a',), 1, b'--- \na: 1 # x\n'),
    (b"a: !!str ''\n", ('a',), 1.5, b'a: 1.5\n'),
    (b"a: !!int '5'\n", ('a',), 'x', b"a: 'x'\n"),
    (b'a: &x !!int 5\n', ('a',), 7, b'a: &x 7\n'),
    (b'a: &x !local y\n', ('a',), 'z', b'a: &x !local z\n'),
    (b'a: 1\n\n\n', ('b',), 'x\n\n', b'a: 1\nb: "x\\n\\n"\n\n\n'),
    (b'a: 1', ('b',), 'k\n', b'a: 1\nb: "k\\n"'),
    (b'a: 1\n', ('b',), 'k\n', b'a: 1\nb: |\n  k\n'),
    (b'a: 1\n', ('b',), 'k\nl', b'a: 1\nb: |-\n  k\n  l\n'),
    (b'a: >- # c\n  x\n', ('a',), 5, b'a: 5 # c\n'),
    (b'a: |2- # c\n    x\nb: 1\n', ('a',), 'y\nz', b'a: |2- # c\n  y\n  z\nb: 1\n'),
    (b'a: |+\n  x\n\nb: 1\n', ('a',), 'y\n', b'a: |\n  y\n\nb: 1\n'),
    (b'a: |+\n  x\n\nb: 1\n', ('a',), 'y\n\n', b'a: |+\n  y\n\nb: 1\n'),
    (b'a: {x: 1} # c\n', ('a',), 'x\ny', b'a: "x\\ny" # c\n'),
    (b'a: # c\n', ('a',), 'x\ny', b'a: "x\\ny" # c\n'),
    (b'a:\n  - x\n  -\nb: 1\n', ('a',), None, b'a: null\nb: 1\n'),
    (b'? a # b: c\n:\n  x: 1\n', ('a',), 'v', b'? a # b: c\n: v\n'),
    (b'l:\n- a\n    # deep\n- b\n', ('l', 0), 'x\ny', b'l:\n- "x\\ny"\n    # deep\n- b\n'),
    (b'l:\r\n- a\r\n', ('l', 1), {'k': 'v\nw'}, b'l:\r\n- a\r\n- k: |-\r\n    v\r\n    w\r\n'),
    (b'a: {}\n', ('a', 'b'), [1], b'a: {b: [1]}\n'),
    (b'a: [x, ]\n', ('a', 1), 'y, z', b"a: [x, 'y, z', ]\n"),
    (b'\xef\xbb\xbfa: 1\n', ('a',), 2, b'\xef\xbb\xbfa: 2\n'),
    (b'a: !!int # see &z b\n  5\n', ('a',), 7, b'a: 7\n'),
    (b'a: &y # see &z b\n  !!int 5\n', ('a',), 7, b'a: &y 7\n'),
    (b'a: # note\n  x\nb: 1\n', ('a',), {'k': 'v'}, b'a: # note\n  k: v\nb: 1\n'),
    (b'? a\n? b # why\nc: 1\n', ('b',), 5, b'? a\n? b # why\n: 5\nc: 1\n'),
    (b'a: {x, y: 1}\n', ('a', 'x'), 5, b'a: {x: 5, y: 1}\n'),
    (b'a: &x {}\n', ('a', 'b'), 1, b'a: &x {b: 1}\n'),
    # Blocks that come are indented as those that are there.
    (b'a:\n    b: 1\n', ('c',), {'d': {'e': 1}}, b'a:\n    b: 1\nc:\n    d:\n        e: 1\n'),
    (b'a:\n   - b: 1\n', ('c',), {'d': ['e']}, b'a:\n   - b: 1\nc:\n   d:\n      - e\n'),
    (b'l:\n- b: 1\n', ('c',), {'d': ['e', ['f']]}, b'l:\n- b: 1\nc:\n  d:\n  - e\n  - - f\n'),
    (b'a:\n    b: 1\nl:\n- x\n', ('a', 'c'), {'d': ['e']},
     b'a:\n    b: 1\n    c:\n        d:\n        - e\nl:\n- x\n'),
    (b'a:\n    b: 1\n', ('c',), 'x\ny\n', b'a:\n    b: 1\nc: |\n    x\n    y\n'),
    # A file that ends in a block scalar, without a line break: that the value has none must be said now.
    (b'a: |\n  x', ('b',), 1, b'a: |-\n  x\nb: 1'),
    (b'a: |+ # c\n  x', ('b',), 1, b'a: |- # c\n  x\nb: 1'),
    (b'a:\n  k: >2\n    x', ('a', 'l'), ['z'], b'a:\n  k: >2-\n    x\n  l:\n    - z'),
    (b'a: |-\r\n  x', ('b',), 1, b'a: |-\r\n  x\r\nb: 1'),
    (b'a: |', ('b',), 1, b'a: |-\nb: 1'),
    (b'a: 1\nl:\n- |2+\n   x', ('b',), 1, b'a: 1\nl:\n- |2-\n   x\nb: 1'),
    (b'a: |+\n  x\n\n', ('b',), 1, b'a: |+\n  x\n\nb: 1\n'),
    (b'a: |\n  x\n  ', ('b',), 1, b'a: |\n  x\nb: 1\n  '),
    # Lines of blanks would be the block's own.
    # sops reads no `<<` before a single value but in quotes.
    (b'a: 1\n', ('<<',), 'x', b'a: 1\n"<<": x\n'),
    (b'a: {b: 1}\n', ('a', '<<'), 5, b'a: {b: 1, "<<": 5}\n'),
    (b'a: 1\n', ('<<',), {'b': 1}, b'a: 1\n!!merge <<:\n  b: 1\n'),
    (b'a: 1\n     \n', ('b',), 'x\ny', b'a: 1\nb: "x\\ny"\n     \n'),
    # Comments that stand deeper than what is added belong to what is before it.
    (b'a:\n  b: 1\n  # about a\n\n    # about b\n# end\n', ('c',), 2,
     b'a:\n  b: 1\n  # about a\n\n    # about b\nc: 2\n# end\n'),
    (b'l:\n  - k: 1\n    # m: 2\n  # - k: 3\nb: 1\n', ('l', 1), 'x\ny\n',
     b'l:\n  - k: 1\n    # m: 2\n  - |\n    x\n    y\n  # - k: 3\nb: 1\n'),
    (b'a:\r\n  b: 1\r\n  # c', ('d',), 'x\ny', b'a:\r\n  b: 1\r\n  # c\r\nd: |-\r\n  x\r\n  y'),
    (b'a:\n  b: |+\n    x\n\n  # c\n', ('d',), 1, b'a:\n  b: |+\n    x\n\n  # c\nd: 1\n'),
    (b'l: [a: 1, b: 2]\n', ('l', 0, 'c'), 3, b'l: [{a: 1, c: 3}, b: 2]\n'),
    (b'l: [? a, b: ]\n', ('l', 0, 'c'), [], b'l: [{? a, c: []}, b: ]\n'),
    (b'l: [? a, b: ]\n', ('l', 1, 'c'), 'x', b'l: [? a, {b: , c: x}]\n'),
    # Blanks at the end of the line would be the block's own.
    (b'a: \nb: x  \n', ('a',), 'x\ny', b'a: "x\\ny" \nb: x  \n'),
    (b'a: \nb: x  \n', ('b',), 'x\ny', b'a: \nb: "x\\ny"  \n'),
]  # fmt: skip
UNSETS = [
    (b'a: 1\nb: 2\n', ('a',), b'b: 2\n'),
    (b'a:\n  b: 1\n  # c\nd: 2\n', ('a', 'b'), b'a: {}\n  # c\nd: 2\n'),
    (b'l:\n- x\n- y\n', ('l', 1), b'l:\n- x\n'),
    (b'l:\n- k: 1\n  m: 2\n', ('l', 0, 'k'), b'l:\n- m: 2\n'),
    (b'a: {x: 1, y: 2}\n', ('a', 'x'), b'a: {y: 2}\n'),
    (b'a: {x: 1, y: 2}\n', ('a', 'y'), b'a: {x: 1}\n'),
    (b'a: [x]\n', ('a', 0), b'a: []\n'),
    (b'a: 1\nb: |+\n  x\n\nc: 2\n', ('b',), b'a: 1\nc: 2\n'),
    (b'a: 1 # c\nb: 2', ('b',), b'a: 1 # c'),
    (b'a: 1\r\nb: 2\r\n', ('a',), b'b: 2\r\n'),
    (b'a: 1\n# about b\nb: 2\nc: 3\n', ('b',), b'a: 1\n# about b\nc: 3\n'),
    (b'a: 1\n', ('a',), b'{}\n'),
    (b'a:\n- x\nb: 1\n', ('a', 0), b'a: []\nb: 1\n'),
    (b'? a\n: 1\nb: 2\n', ('a',), b'b: 2\n'),
    (b'? a\n? b # ? c: - d\nc: 1\n', ('b',), b'? a\nc: 1\n'),
    # What looks like structure in a comment is none.
    (b'l:\n  - a # 2024-01-01\n  - b # - x\n  - c # x\n', ('l', 1), b'l:\n  - a # 2024-01-01\n  - c # x\n'),
    (b'l:\n- foo\n#a-c\n- bar\n', ('l', 1), b'l:\n- foo\n#a-c\n'),
    (b'l:\n# - a\n- foo\n- # - b\n  bar\n', ('l', 1), b'l:\n# - a\n- foo\n'),
    (b'l: # [a]\n  # - x\n  - # - y\n    - z # - w\n', ('l', 0, 0), b'l: # [a]\n  # - x\n  - # - y\n    [] # - w\n'),
    (b'l:\n  - k: 1 # a\n    # - m\n    m: 2\n', ('l', 0, 'k'), b'l:\n  - # - m\n    m: 2\n'),
    (b'a: &x-y # - b\n  - 1\nb: 2\n', ('a', 0), b'a: &x-y [] # - b\nb: 2\n'),
    (b'a: |\n  - x\nb: 2', ('b',), b'a: |\n  - x\n'),
    (b'a: [k: v, x] # {\n', ('a', 0, 'k'), b'a: [{}, x] # {\n'),
    (b'a: [ # [,\n  b, # c,\n  d # e\n  ]\n', ('a', 1), b'a: [ # [,\n  b # c,\n  ]\n'),
    (b'a: [ # [,\n  b, # c,\n  d # e\n  ]\n', ('a', 0), b'a: [ # [,\n  d # e\n  ]\n'),
    (b'a: [ # [\n  b # c\n  ]\n', ('a', 0), b'a: [ # [\n  ]\n'),
    (b'a: [b, # c\n  d]\n', ('a', 0), b'a: [ # c\n  d]\n'),
    (b'{\n  "a": 1,\n  "b": 2\n}\n', ('b',), b'{\n  "a": 1\n}\n'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "locator", "value", "after"), SETS)
def test_set(before: bytes, locator: Locator, value: object, after: bytes) -> None:
    document = parse(before, "yaml")
    assert document.rewrite(document.set_edits(locator, value)) == after


@pytest.mark.parametrize(("before", "locator", "after"), UNSETS)
def test_unset(before: bytes, locator: Locator, after: bytes) -> None:
    document = parse(before, "yaml")
    assert document.rewrite(document.unset_edits(locator)) == after
