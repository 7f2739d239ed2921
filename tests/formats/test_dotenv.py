"""dotenv files keep their bytes, all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from leafseal.document.limits import Limits
from leafseal.document.scalars import Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, build
from leafseal.errors import EmitError, FormatError, MetadataError, PathError
from leafseal.formats.dotenv import emit, parse

from .fake_sealing import METADATA, check_laws, seal, typed

VECTORS = Path(__file__).parents[1] / "vectors" / "sops-3.13.2"

PIECES = [
    "a", "b=", "=", " ", "#", "\\n", "\\", "\\\\n", "\r", '"', "'", "é", "\ufeff", "\udcff", "\udcc3", "\u2028", "\x85",
    "\x0b", "export ", "ENC[", "sops",
]  # fmt: skip
lines = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
comments = lines.map("#{}".format)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    written: list[str] = []
    for number in range(draw(st.integers(0, 5))):
        written += draw(st.lists(st.one_of(comments, st.just("")), max_size=2))
        written.append(f"{draw(st.sampled_from(['k', 'é', 'a.b', '', ' ']))}{number}={draw(lines)}")
    written += draw(st.lists(st.one_of(comments, st.just("")), max_size=2))
    return ("\n".join(written) + draw(st.sampled_from(["", "\n", "\n\n"]))).encode("utf-8", "surrogateescape")


@settings(max_examples=150, deadline=None)
@given(files(), st.integers(0, 7))
@example(b"", 0)
@example(b"\n", 0)
@example(b"#", 0)
@example(b"A=1", 0)
@example(b"A=\xff\r\nB=2\r\n", 0)
@example(b"=x", 0)
def test_bytes_come_back(data: bytes, mask: int) -> None:
    check_laws(data, "dotenv")
    check_laws(data, "dotenv", lambda index: mask >> index % 3 & 1 == 1)


@given(files())
def test_nothing_need_be_remembered(data: bytes) -> None:
    assert seal(parse(data)).spellings == {}


def test_what_sops_reads() -> None:
    leaves = parse(b'# note\nA = x \\n y\nB="q"\r\n\nexport C=1=2\nD=\xff\nE=\\\\n\n').leaves()
    assert [(leaf.locator, leaf.value) for leaf in leaves] == [
        ((), " note"),
        (("A ",), " x \n y"),
        (("B",), '"q"\r'),
        (("export C",), "1=2"),
        (("D",), b"\xff"),
        (("E",), "\\\n"),
    ]
    assert leaves[0].is_comment
    assert leaves[0].path == ()


def test_the_sealed_line() -> None:
    sealed = seal(parse(b"# note\nA=x\r\nB=\n")).data.split(b"\n")
    assert sealed[0] == b"#ENC[AES256_GCM,data:00000000,iv:aXY=,tag:dGFn,type:comment]"
    assert sealed[1] == b"A=ENC[AES256_GCM,data:00000001,iv:aXY=,tag:dGFn,type:str]"
    assert sealed[2] == b"B="


def test_comments_are_in_force_up_to_the_next_value() -> None:
    leaves = parse(b"#a\n\n#b\nA=1\nB=2\n#c\nC=3\n#d\n").leaves()
    assert [list(leaf.comments) for leaf in leaves] == [[], ["a"], ["a", "b"], [], [], ["c"], []]
    assert leaves[2].comments == ["a", "b"]
    assert leaves[2].comments[-1] == "b"


def test_ten_thousand_comments_in_a_row_take_no_more_room_than_they_need() -> None:
    leaves = parse(b"".join(b"#%d\n" % number for number in range(10_000)) + b"A=1\n").leaves()
    assert len(leaves[-1].comments) == 10_000


CANARY = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (f"A=1\n{CANARY}\n", "line 2: a line without =", "KEY=value"),
        (f" # {CANARY}", "line 1: a line without =", "first column"),
        ("A=1\r\n\r\nB=2\n", "line 2: a line without =", "CR LF"),
        (f"A=1\nB=2\nA={CANARY}\n", "line 3, column 1: the key A appears twice", "remove one"),
        ("=1\n=2\n", "line 2, column 1: the key (empty) appears twice", "remove one"),
        ("\x1b[2J=1\n\x1b[2J=1\n", "line 2, column 1: the key \\x1b[2J appears twice", "remove one"),
        ("sops_mac=1\nsops_mac=2\n", "line 2, column 1: the key sops_mac appears twice", "remove one"),
        (f"A=1\nB={CANARY}\0\n", "line 2: contains a NUL character", ""),
    ],
)
def test_what_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(text.encode())
    assert str(caught.value) == message
    assert hint in (caught.value.hint or "")
    assert CANARY not in f"{caught.value!r}{caught.value.hint}{caught.value.__cause__!r}{caught.value.__context__!r}"


def test_limits() -> None:
    with pytest.raises(FormatError, match="more than 2 leaves"):
        parse(b"A=1\n#b\nC=3\n", Limits(leaves=2))
    with pytest.raises(FormatError, match="line 2: a value of more than 5 bytes"):
        parse(b"A=1\nB=123456\n", Limits(scalar_bytes=5))


def test_duplicates_can_be_asked_for() -> None:
    assert [leaf.value for leaf in parse(b"A=1\nA=2", allow_duplicates=True).leaves()] == ["1", "2"]
    with pytest.raises(MetadataError, match="duplicate"):
        parse(b"sops_mac=1\nsops_mac=2", allow_duplicates=True).metadata()


# -- metadata --------------------------------------------------------------------------------------------------------


def test_metadata_is_appended() -> None:
    assert parse(b"A=1\n").rewrite([], METADATA).decode() == (
        "A=1\n"
        "sops_age__list_0__map_enc=-----BEGIN AGE-----\\nYWdl\\n-----END AGE-----\\n\n"
        "sops_age__list_0__map_recipient=age1xyz\n"
        "sops_encrypted_regex=^(a|b#<c>)$\n"
        "sops_lastmodified=2026-01-02T03:04:05Z\n"
        "sops_mac=ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]\n"
        "sops_version=3.13.2\n"
    )


@pytest.mark.parametrize(
    ("source", "without"),
    [
        ("sops_mac=m\nA=1\n", "A=1\n"),
        ("A=1\nsops_mac=m\nB=2\nsops_version=v", "A=1\nB=2"),
        ("A=1\nsops_mac=m", "A=1"),
        ("sops_mac=m", ""),
        ("sops=1\nSOPS_x=2\nsops_mac=m\n", "sops=1\nSOPS_x=2\n"),
    ],
)
def test_metadata_is_cut_out_wherever_it_stands(source: str, without: str) -> None:
    document = parse(source.encode())
    assert (document.metadata() or {})["mac"] == "m"
    assert document.rewrite([], None).decode() == without
    rewritten = parse(document.rewrite([], METADATA))
    assert rewritten.metadata() == METADATA
    assert rewritten.rewrite([], None).decode() == without


def test_no_metadata() -> None:
    assert parse(b"sops=1\n").metadata() is None


# -- set and unset ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "key", "value", "after"),
    [
        ("A=1\nB=2\n", "A", "x\ny", "A=x\\ny\nB=2\n"),
        ("A=1\r\nB=2", "A", 5, "A=5\r\nB=2"),
        ("\ufeffA=1\r\n", "B", "2", "\ufeffA=1\r\nB=2\r\n"),
        ("A=1", "B", True, "A=1\nB=true"),
        ("", "B", 1.5, "B=1.5\n"),
        ("A=1\n", "B", b"\xff", "A=1\nB=\udcff\n"),
        ("A=1\nsops_mac=m\n", "B", "2", "A=1\nB=2\nsops_mac=m\n"),
        ("# end", "B", Timestamp("2024-01-01T00:00:00.5Z"), "# end\nB=2024-01-01T00:00:00Z"),
    ],
)
def test_set(source: str, key: str, value: object, after: str) -> None:
    document = parse(source.encode())
    assert document.rewrite(document.set_edits((key,), value)) == after.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("source", "after"), [("A=1\nB=2\n", "B=2\n"), ("A=1", ""), ("B=2\nA=1", "B=2"), ("#x\nA=1\n#y", "#x\n#y")]
)
def test_unset(source: str, after: str) -> None:
    document = parse(source.encode())
    assert document.rewrite(document.unset_edits(("A",))).decode() == after


@pytest.mark.parametrize("locator", [(), (0,), ("A", "b"), ("A", 0)])
def test_paths_that_lead_nowhere(locator: tuple[str | int, ...]) -> None:
    document = parse(b"A=1\n")
    with pytest.raises(PathError):
        document.set_edits(locator, "x")
    with pytest.raises(PathError):
        document.unset_edits(locator)


@pytest.mark.parametrize("value", [None, {"a": 1}, [1], f"{CANARY}\\n", f"{CANARY}\0"])
def test_values_that_no_line_holds(value: object) -> None:
    with pytest.raises(EmitError) as caught:
        parse(b"A=1\n").set_edits(("A",), value)
    assert CANARY not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("key", ["a=b", "#a", "a\nb", "a\0"])
def test_keys_that_no_line_holds(key: str) -> None:
    with pytest.raises(EmitError, match="dotenv cannot contain the key"):
        parse(b"A=1\n").set_edits((key,), "x")
    with pytest.raises(EmitError, match="dotenv cannot contain the key"):
        emit([MappingNode([(key, "x")])])


def test_unset_of_nothing() -> None:
    with pytest.raises(PathError, match="B does not exist"):
        parse(b"A=1\n").unset_edits(("B",))


@settings(max_examples=150, deadline=None)
@given(files(), st.text(), st.data())
def test_set_and_unset_move_nothing_else(source: bytes, value: str, data: st.DataObject) -> None:
    assume("\\n" not in value and "\0" not in value)
    document = parse(source)
    before = typed(document.leaves())
    place = data.draw(st.sampled_from([*(leaf.locator for leaf in document.leaves() if leaf.locator), ("new",)]))
    edited = parse(document.rewrite(document.set_edits(place, value)))
    rows = [row if row[0] != place else (place, place, str, value) for row in before]
    assert typed(edited.leaves()) == (rows if place != ("new",) else [*rows, (place, place, str, value)])
    after = typed(parse(edited.rewrite(edited.unset_edits(place))).leaves())
    assert after == [row for row in before if row[0] != place]


# -- emission --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", sorted(VECTORS.glob("*-env--*")), ids=lambda folder: folder.name)
def test_emission_is_that_of_sops(folder: Path) -> None:
    leaves = parse((folder / "plain.env").read_bytes()).leaves()
    assert emit(build((leaf, leaf.value) for leaf in leaves)) == (folder / "converted.dotenv").read_bytes()


@pytest.mark.parametrize("folder", sorted(VECTORS.glob("*-env--*")), ids=lambda folder: folder.name)
def test_a_block_that_sops_wrote_is_written_the_same(folder: Path) -> None:
    data = (folder / "encrypted.env").read_bytes()
    document = parse(data)
    assert document.rewrite([], document.metadata()) == data


def test_emission_of_other_types() -> None:
    node = MappingNode(
        [
            Comment(" a\n; b"),
            *zip(
                "abcdefg", ["x\ny", 1, 200000.0, True, None, b"\xff", Timestamp("2024-01-01T00:00:00.5Z")], strict=True
            ),
        ]
    )
    assert emit([node, MappingNode([("second", "x")])]) == (
        b"# a\n#; b\na=x\\ny\nb=1\nc=200000.0\nd=true\ne=<nil>\nf=\xff\ng=2024-01-01T00:00:00Z\n"
    )
    assert emit([]) == b""
    for value in (MappingNode(), ListNode()):
        with pytest.raises(EmitError, match="cannot use complex value in dotenv file; offending key a"):
            emit([MappingNode([("a", value)])])
