"""JSON files keep their bytes, and what is not JSON is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leafseal.document.limits import Limits
from leafseal.document.scalars import Empty, Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, build, from_python, to_python
from leafseal.errors import EmitError, FormatError, MetadataError, PathError
from leafseal.formats.json import parse
from leafseal.formats.json.emitter import emit

from .fake_sealing import METADATA, check_laws, open_, seal, typed

VECTORS = Path(__file__).parents[1] / "vectors" / "sops-3.13.2"

STRINGS = [
    '"a"', '"é"', r'"\u00e9"', r'"\ud83d\ude00"', r'"\ud800"', r'"a\/b"', '"<&>"', '""', r'"\n\t\"\\"',
    r'"\u0000\u001f\b\f"', '"\u2028"', '"\x7f"', '"ENC["', '" "', r'"\udc00\ud800x"', '"{[,:]}"',
]  # fmt: skip
NUMBERS = [
    "1", "-1", "0", "-0", "1.0", "1e3", "1E+2", "0.1", "1e-7", "1e21", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "1.10", "-0.0", "1e-400", "5e-324", "1.7976931348623157e308",
]  # fmt: skip
KEYS = ['"k{}"', '"é{}"', r'"\u00e9{}"', '"a:b{}"', r'"{}\n"', '"{} "', '"<{}>"']

blanks = st.sampled_from(["", "", " ", "\n", "\t", "\r\n", "  "])


@st.composite
def containers(draw: st.DrawFn, inner: st.SearchStrategy[str], is_object: bool) -> str:
    members = draw(st.lists(inner, max_size=4))
    if is_object:
        names = [draw(st.sampled_from(KEYS)).format(number) for number in range(len(members))]
        members = [f"{name}{draw(blanks)}:{draw(blanks)}{member}" for name, member in zip(names, members, strict=True)]
    comma = draw(blanks) + "," + draw(blanks)
    opening, closing = "{}" if is_object else "[]"
    return opening + draw(blanks) + comma.join(members) + draw(blanks) + closing


texts = st.recursive(
    st.sampled_from([*STRINGS, *NUMBERS, "true", "false", "null"]),
    lambda inner: st.one_of(containers(inner, True), containers(inner, False)),
    max_leaves=12,
)
files = st.builds("{}{}".format, containers(texts, True), st.sampled_from(["", "\n", "\n\n", " "]))


@settings(max_examples=100, deadline=None)
@given(files, st.integers(0, 7))
@example("{}", 0)
@example("{ }\n", 0)
@example("{\n}", 0)
@example('{\r\n\t"a": 1\r\n}', 0)
@example('{\n"a":1,\n"b": {"c": 2}}', 0)
def test_bytes_come_back(text: str, mask: int) -> None:
    check_laws(text.encode(), "json")
    check_laws(text.encode(), "json", lambda index: mask >> index % 3 & 1 == 1)


def test_a_token_is_a_string_whatever_it_holds() -> None:
    sealed = seal(parse(b'{"a": 1, "b": true, "c": "x", "d": null, "e": ""}'))
    assert re.sub(r'"ENC\[[^"]*\]"', '"ENC"', sealed.data.decode().partition(', "sops"')[0]) == (
        '{"a": "ENC", "b": "ENC", "c": "ENC", "d": null, "e": ""'
    )
    assert sealed.spellings == {}


@pytest.mark.parametrize(
    ("source", "opened"),
    [
        (r'"\u00e9\/"', '"é/"'), ("1.0", "1"), ("1e3", "1000"), ("-0", "0"), ("1E-7", "1e-7"), (r'"\u000a"', r'"\n"'),
        (r'"\u001F"', r'"\u001f"'), (r'"\ud800"', '"\ufffd"'), ("9223372036854775808", "9223372036854776000"),
    ],
)  # fmt: skip
def test_only_what_is_spelled_otherwise_is_remembered(source: str, opened: str) -> None:
    sealed = seal(parse(b'{"a": %s}' % source.encode()))
    assert list(sealed.spellings.values()) == ([] if source == opened else ["C" + source])
    assert open_(sealed, "json", spelled=False) == b'{"a": %s}' % opened.encode()


@pytest.mark.parametrize(
    "spelling", ["C2", 'C"1"', "C1,", 'C1, "b": 2', "C", "", "X1.0", "Cnull", "C{", "C{}", "C 1.0"]
)
def test_a_spelling_of_another_value_is_not_written(spelling: str) -> None:
    sealed = seal(parse(b'{"a": 1.0}'))
    (token,) = sealed.held
    assert open_(sealed._replace(spellings={token: spelling}), "json") == b'{"a": 1}'


def test_numbers_are_typed_as_sops_types_them() -> None:
    leaves = parse(b"{%s}" % b",".join(b'"%d":%s' % pair for pair in enumerate(n.encode() for n in NUMBERS))).leaves()
    kinds = [int, int, int, int, *[float] * 6, int, float, int, *[float] * 6]
    assert [type(leaf.value) for leaf in leaves] == kinds
    assert leaves[3].value == 0
    assert [leaf.value for leaf in leaves][16:] == [0.0, 5e-324, 1.7976931348623157e308]


def test_places_and_paths() -> None:
    leaves = parse(b'{"a": {"b": [1, [2], {"c": 3}]}, "d": {}, "e": []}').leaves()
    assert typed(leaves) == [
        (("a", "b", 0), ("a", "b"), int, 1),
        (("a", "b", 1, 0), ("a", "b"), int, 2),
        (("a", "b", 2, "c"), ("a", "b", "c"), int, 3),
        (("d",), ("d",), Empty, Empty.MAPPING),
        (("e",), ("e",), Empty, Empty.LIST),
    ]
    assert typed(parse(b" {}").leaves()) == [((), (), Empty, Empty.MAPPING)]


CANARY = "s3cr3t"
NOT_A_STRING = "not JSON: a string that is not closed, or contains what JSON wants escaped"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty: there is no JSON object"),
        (" \n", "empty: there is no JSON object"),
        ("[1]", "line 1, column 1: the top level is not an object"),
        (f'"{CANARY}"', "line 1, column 1: the top level is not an object"),
        (CANARY, "line 1, column 1: not JSON: expected a value"),
        ("\ufeff{}", "line 1: starts with a byte order mark"),
        (f'{{"a": "{CANARY}"}} {{}}', "line 1, column 17: content after the top-level object"),
        (f'{{"a": "{CANARY}"', "line 1, column 15: not JSON: the file ends where a comma or } is expected"),
        (f'{{"a": "{CANARY}', f"line 1, column 7: {NOT_A_STRING}"),
        (f'{{"a": "{CANARY}\t"}}', f"line 1, column 7: {NOT_A_STRING}"),
        (f'{{"a": "{CANARY}\\x"}}', f"line 1, column 7: {NOT_A_STRING}"),
        ('{\n"a": 1,\n}', "line 3, column 1: not JSON: expected a name in quotes"),
        ('{"a": [1,]}', "line 1, column 10: not JSON: expected a value"),
        ('{"a": [,]}', "line 1, column 8: not JSON: expected a value"),
        ('{"a": {,}}', "line 1, column 8: not JSON: expected a name in quotes"),
        ('{"a" 1}', "line 1, column 6: not JSON: expected a colon"),
        ('{"a": [1}', "line 1, column 9: not JSON: expected a comma or ]"),
        ('{"a": 1]', "line 1, column 8: not JSON: expected a comma or }"),
        ('{"a": 01}', "line 1, column 8: not JSON: expected a comma or }"),
        ('{"a": NaN}', "line 1, column 7: not JSON: it has no NaN and no Infinity"),
        ('{"a": -Infinity}', "line 1, column 7: not JSON: it has no NaN and no Infinity"),
        ('{"a": 1e999}', "line 1, column 7: a number beyond the range of a double"),
        ('{"a": ' + "9" * 5000 + "}", "line 1, column 7: a number beyond the range of a double"),
        ("{'a': 1}", "line 1, column 2: not JSON: expected a name in quotes"),
        ('{"a": 1, // note\n"b": 2}', "line 1, column 10: not JSON: it has no comments"),
        (f'{{"x": "{CANARY}",\n "x": 2}}', "line 2, column 2: the key x appears twice"),
        ('{"o": {"x": 1, "\\u0078": 2}}', "line 1, column 16: the key x appears twice"),
        ('{"\\u001b[2J": 1, "\\u001b[2J": 2}', "line 1, column 18: the key \\x1b[2J appears twice"),
        ('{"a":' + "[" * 100_000, "line 1, column 205: nested deeper than 200 levels"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(text.encode())
    assert str(caught.value) == message
    assert CANARY not in f"{caught.value!r}{caught.value.hint}{caught.value.__cause__!r}{caught.value.__context__!r}"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(FormatError, match="line 2: not UTF-8") as caught:
        parse(b'{"a": 1,\n"b": "\xff"}')
    assert caught.value.__context__ is None


def test_limits() -> None:
    with pytest.raises(FormatError, match="more than 2 leaves"):
        parse(b'{"a": [1, 2, 3]}', Limits(leaves=2))
    with pytest.raises(FormatError, match="line 2: a value of more than 5 bytes"):
        parse(b'{\n"a": "123456"}', Limits(scalar_bytes=5))
    with pytest.raises(FormatError, match="nested deeper than"):
        parse(b'{"a":' * 5000, Limits(depth=10**6))
    assert parse(b'{"a":' * 250 + b"1" + b"}" * 250, Limits(depth=250)).leaves()[0].value == 1


def test_duplicates_can_be_asked_for() -> None:
    leaves = parse(b'{"a": 1, "a": 2}', allow_duplicates=True).leaves()
    assert [leaf.value for leaf in leaves] == [1, 2]


@pytest.mark.each_vector("json-test-suite/test_parsing")
def test_json_test_suite(vector: Path) -> None:
    data = vector.read_bytes()
    wrapped = b'{"data":%s}' % data
    if vector.name.startswith("y_"):
        parse(wrapped, allow_duplicates=True)
        if data.lstrip().startswith(b"{"):
            parse(data, allow_duplicates=True)
        else:
            with pytest.raises(FormatError, match="not an object"):
                parse(data)
    elif vector.name.startswith("n_"):
        for text in (data, wrapped):
            with pytest.raises(FormatError):
                parse(text)
    else:
        refused = "utf|UTF|iso_latin|not_in_unicode|overlong|continuation|huge_exp|overflow|nested|BOM"
        if re.search(refused, vector.name) and "neg_exp" not in vector.name:
            with pytest.raises(FormatError):
                parse(wrapped)
        else:
            parse(wrapped)


# -- metadata --------------------------------------------------------------------------------------------------------


def test_metadata_goes_behind_the_last_member_in_the_layout_of_the_file() -> None:
    block = parse(b'{\n  "a": 1\n}\n').rewrite([], METADATA).decode()
    assert block.startswith('{\n  "a": 1,\n  "sops": {\n    "age": [\n      {\n        "enc": "-----BEGIN')
    assert '\n    "mac": "ENC[' in block
    assert block.endswith('\n    "version": "3.13.2"\n  }\n}\n')
    assert '"^(a|b#\\u003cc\\u003e)$"' in block


@pytest.mark.parametrize(
    ("source", "indent", "start"),
    [
        ("{}", None, '{\n\t"sops": {\n\t\t"age"'),
        ("{ }", None, '{"sops": {\n\t"age"'),
        ('{"a":1}', None, '{"a":1, "sops": {\n\t"age"'),
        ('{"a":1,"b":2}', 2, '{"a":1,"b":2,"sops": {\n  "age"'),
        ('{"a": 1, "b": 2 }', -1, '{"a": 1, "b": 2, "sops": {\n\t"age"'),
        ('{\r\n\t"a": 1\r\n}', 4, '{\r\n\t"a": 1,\r\n\t"sops": {\r\n\t\t"age"'),
        ('{"a":\n  {},\n\n  "b": 1}', 8, '{"a":\n  {},\n\n  "b": 1,\n  "sops": {\n    "age"'),
    ],
)
def test_metadata_stands_on_lines_of_its_own_in_any_file(source: str, indent: int | None, start: str) -> None:
    assert parse(source.encode()).rewrite([], METADATA, indent).decode().startswith(start)


@pytest.mark.parametrize(
    ("source", "without"),
    [
        ('{"sops": {"v": 1}, "b": 2}', '{"b": 2}'),
        ('{"a": 1 , "sops": {"v": 1} , "b": 2}', '{"a": 1 , "b": 2}'),
        ('{"a": 1 ,\n "sops": {"v": 1}\n}', '{"a": 1\n}'),
        ('{ "sops": {"v": 1} }', "{ }"),
    ],
)
def test_metadata_is_cut_out_wherever_it_stands(source: str, without: str) -> None:
    document = parse(source.encode())
    assert document.metadata() == {"v": 1}
    assert document.rewrite([], None).decode() == without
    assert document.rewrite([], {"w": "x"}).decode() == source.replace('{"v": 1}', '{"w": "x"}')
    assert all(leaf.path[:1] != ("sops",) for leaf in document.leaves())


def test_metadata_that_is_none() -> None:
    assert parse(b'{"a": {"sops": 1}}').metadata() is None
    with pytest.raises(MetadataError, match="not a mapping"):
        parse(b'{"sops": []}').metadata()
    with pytest.raises(MetadataError, match="duplicate"):
        parse(b'{"sops": {}, "sops": {}}', allow_duplicates=True).metadata()


# -- set and unset ---------------------------------------------------------------------------------------------------

SOURCE = '{\n  "a": 1,\n  "l": [1, 2],\n  "n": null,\n  "e": {},\n  "o": {\n    "p": "x"\n  }\n}\n'


@pytest.mark.parametrize(
    ("locator", "value", "old", "new"),
    [
        (("a",), "two", '"a": 1', '"a": "two"'),
        (("a",), 1.5, '"a": 1', '"a": 1.5'),
        (("l", 0), None, "[1, 2]", "[null, 2]"),
        (("l", 2), "é<", "[1, 2]", '[1, 2, "é<"]'),
        (("l", 1), {"k": [True]}, "[1, 2]", '[1, {"k": [true]}]'),
        (("n", "x", 0), 1, "null", '{\n    "x": [\n      1\n    ]\n  }'),
        (("e", "x"), "y", "{}", '{\n    "x": "y"\n  }'),
        (("o", "q"), {}, '"p": "x"', '"p": "x",\n    "q": {}'),
        (("o",), [], '{\n    "p": "x"\n  }', "[]"),
        (("new", "deep"), "x", '"x"\n  }', '"x"\n  },\n  "new": {\n    "deep": "x"\n  }'),
    ],
)
def test_set(locator: tuple[str | int, ...], value: object, old: str, new: str) -> None:
    document = parse(SOURCE.encode())
    assert document.rewrite(document.set_edits(locator, value)).decode() == SOURCE.replace(old, new, 1)


@pytest.mark.parametrize(
    ("locator", "old", "new"),
    [
        (("a",), '"a": 1,\n  ', ""),
        (("l", 0), "[1, 2]", "[2]"),
        (("l", 1), "[1, 2]", "[1]"),
        (("o", "p"), '{\n    "p": "x"\n  }', "{}"),
        (("o",), ',\n  "o": {\n    "p": "x"\n  }', ""),
    ],
)
def test_unset(locator: tuple[str | int, ...], old: str, new: str) -> None:
    document = parse(SOURCE.encode())
    assert document.rewrite(document.unset_edits(locator)).decode() == SOURCE.replace(old, new, 1)


@pytest.mark.parametrize("locator", [(), ("a", "b"), ("l", 3), ("l", "x"), ("o", 0), ("l", -1), ("x", 1)])
def test_paths_that_lead_nowhere(locator: tuple[str | int, ...]) -> None:
    document = parse(SOURCE.encode())
    with pytest.raises(PathError):
        document.set_edits(locator, 1)
    with pytest.raises(PathError):
        document.unset_edits(locator)


@settings(max_examples=150, deadline=None)
@given(files, st.data())
def test_set_and_unset_move_nothing_else(text: str, data: st.DataObject) -> None:
    document = parse(text.encode())
    before = typed(document.leaves())
    places = [leaf.locator for leaf in document.leaves() if leaf.locator]
    for place in places[:1]:
        place = data.draw(st.sampled_from(places))
        after = typed(parse(document.rewrite(document.set_edits(place, "new"))).leaves())
        assert after == [row if row[0] != place else (*row[:2], str, "new") for row in before]
        if isinstance(place[-1], str):
            after = typed(parse(document.rewrite(document.unset_edits(place))).leaves())
            assert [row for row in after if not isinstance(row[3], Empty)] == [
                row for row in before if row[0] != place and not isinstance(row[3], Empty)
            ]
    after = typed(parse(document.rewrite(document.set_edits(("fresh", "k"), 7))).leaves())
    assert after == [*(row for row in before if row[0]), (("fresh", "k"), ("fresh", "k"), int, 7)]


# -- emission --------------------------------------------------------------------------------------------------------


def tree_of(data: bytes) -> list[MappingNode]:
    return build((leaf, leaf.value) for leaf in parse(data).leaves())


@pytest.mark.parametrize("folder", sorted(VECTORS.glob("*-json--*")), ids=lambda folder: folder.name)
def test_emission_is_that_of_sops(folder: Path) -> None:
    expected = (folder / "converted.json").read_bytes()
    assert emit(tree_of((folder / "plain.json").read_bytes())) == expected
    assert emit(tree_of(expected)) == expected


@pytest.mark.parametrize("folder", sorted(VECTORS.glob("*-json--*")), ids=lambda folder: folder.name)
def test_a_block_that_sops_wrote_is_written_the_same(folder: Path) -> None:
    data = (folder / "encrypted.json").read_bytes()
    document = parse(data)
    assert document.rewrite([], document.metadata()) == data
    assert parse(document.rewrite([], None)).rewrite([], document.metadata()) == data


def test_emission_of_what_json_has_no_word_for() -> None:
    node = MappingNode([Comment("x"), ("t", Timestamp("2024-01-01T00:00:00Z")), ("l", ListNode([Comment("y"), 1e-7]))])
    assert emit([node, MappingNode([("second", 1)])], indent=1) == (
        b'{\n "t": "2024-01-01T00:00:00Z",\n "l": [\n  1e-7\n ]\n}\n'
    )
    assert emit([]) == b"{}\n"
    for value in (float("nan"), float("inf"), b"\xff"):
        with pytest.raises(EmitError, match="JSON cannot contain"):
            emit([MappingNode([("a", value)])])
    with pytest.raises(EmitError, match="smaller than -1"):
        emit([MappingNode()], indent=-2)
    assert emit([MappingNode([("a", 1)])], indent=0) == b'{\n"a": 1\n}\n'
    assert emit([MappingNode([("a", 1)])], indent=-1) == b'{\n\t"a": 1\n}\n'


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(), st.floats(-1e15, 1e15)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_what_is_emitted_reads_back(value: dict[str, object]) -> None:
    data = emit([from_python(value)])  # type: ignore[list-item]
    assert json.loads(data) == value
    value.pop("sops", None)
    if value:
        assert to_python(tree_of(emit([from_python(value)]))[0]) == value  # type: ignore[list-item]


@given(metadata=st.dictionaries(st.text(max_size=4), st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5) | st.floats(-1e300, 1e300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=12,
), max_size=4))  # fmt: skip
def test_metadata_is_what_the_json_module_reads(metadata: dict[str, object]) -> None:
    text = json.dumps({"a": 1, "sops": metadata, "z": {"sops": 2}})
    for allow_duplicates in (False, True):
        assert parse(text.encode(), allow_duplicates=allow_duplicates).metadata() == json.loads(text)["sops"]


def test_a_large_number_in_metadata_is_kept_as_it_is() -> None:
    metadata = parse(b'{"sops": {"new": [9223372036854775809, 1.5, 1e20, {"x": 2}]}}').metadata()
    assert json.dumps(metadata) == '{"new": [9223372036854775809, 1.5, 1e+20, {"x": 2}]}'


@pytest.mark.parametrize(
    "block",
    [
        '{"a": 1, "a": [2], "b": 3}',
        '{"a": {"b": 1}, "a": {"c": 2}}',
        '{"a": [1, 2], "a": [3]}',
        '{"a": {"b": 1}, "a": 5}',
    ],
)
def test_in_metadata_with_a_key_twice_the_last_counts(block: str) -> None:
    assert parse(f'{{"x": 1, "sops": {block}}}'.encode(), allow_duplicates=True).metadata() == json.loads(block)
