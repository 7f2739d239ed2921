"""INI files keep their bytes, and are read as SOPS reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from leafseal.document.limits import Limits
from leafseal.document.scalars import Empty, Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, build, from_python
from leafseal.errors import EmitError, FormatError, MetadataError, PathError, RefusedError
from leafseal.formats.ini import parse
from leafseal.formats.ini.emitter import emit

from .fake_sealing import METADATA, check_laws, open_, seal, typed

VECTORS = Path(__file__).parents[1] / "vectors" / "sops-3.13.2"

KEYS = ["a", "b", "key", "k e y", "`x=y`", '"q:z"', '"""t"""', "é", "%x"]
VALUES = [
    "", "v", "a b", '"q"', "'s'", '"a" b', "`bq`", "`a;b#c`", '"""l"""', '"""a\nb"""', "`m\nn`", "a \\\n  more",
    "a \\\n\n", "x\\\n y\\\n z", "é\u00a0", "\u00a0x", '"a\'"', '"', "a=b:c", "[x]", '"""a"b"""', "`x` junk", "\\\\",
    '"""p\nq""" junk', "a\\b", "''", '""', "``", '""""""', '"""a"""b"""', "v\t", "\x0bv", "\udcff", '"""a\nb"""\\\n"""',
]  # fmt: skip
COMMENTS = [
    "; c", "# c", ";c", "#", "; ;", "  ; c", "; ENC[x]", "# # x", "; é", "; a = b", "; c \\", "; [x] y", ";\t z", "",
    "  ", "\t", "; \udcff",
]  # fmt: skip
INLINE = ["", "", " ; in", " # in", ";in", "  ;; in  ", " ; in \\x", " ; a=b", " ;"]
DELIMITERS = ["=", " = ", ":", " : ", "= ", "\t=\t"]
SECTIONS = ["s", "t", "a b", "DEFAULT", " x ", "é", "a]b", "default"]

remarks = st.lists(st.sampled_from(COMMENTS), max_size=3)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    written: list[str] = []
    names: set[tuple[str, str]] = set()

    def section(name: str) -> None:
        for _ in range(draw(st.integers(0, 3))):
            written.extend(draw(remarks))
            key = draw(st.sampled_from(KEYS))
            if (name, key) not in names:
                names.add((name, key))
                parts = [["", "", "  "], [key], DELIMITERS, VALUES, INLINE]
                written.append("".join(draw(st.sampled_from(part)) for part in parts))

    section("DEFAULT")
    for _ in range(draw(st.integers(0, 3))):
        written.extend(draw(remarks))
        name = draw(st.sampled_from(SECTIONS))
        written.append(
            f"{draw(st.sampled_from(['', '  ']))}[{name}]{draw(st.sampled_from(['', '', ' ; h', '# h', ' ;', ' ; ]']))}"
        )
        section(name)
    written.extend(draw(remarks))
    text = "\n".join(written) + draw(st.sampled_from(["", "\n", "\n\n"]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))
    return (draw(st.sampled_from(["", "", "", "\ufeff"])) + text).encode("utf-8", "surrogateescape")


def is_read(data: bytes) -> bool:
    """Tell whether a generated file is one: a comment with `]` moves the end of a header, a quote may stay open."""
    try:
        parse(data)
    except FormatError:
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(files(), st.integers(0, 7))
@example(b"", 0)
@example(b"\n", 0)
@example(b"\xef\xbb\xbf", 0)
@example(b"a=1", 0)
@example(b"; only a comment", 0)
@example(b"[x]", 0)
@example(b"[x] ; about x\n; trailing\n", 0)
@example(b"; above\n\n; and above\r\n  [x] # behind\r\na=1", 0)
@example(b"k=a\\", 0)
@example(b"k=a\\\n", 0)
@example(b"a=b\r", 0)
@example(b";\n; b\nk=v", 0)
def test_bytes_come_back(data: bytes, mask: int) -> None:
    assume(is_read(data))
    check_laws(data, "ini")
    check_laws(data, "ini", lambda index: mask >> index % 3 & 1 == 1)


@given(files())
def test_no_comment_and_no_value_stays_clear(data: bytes) -> None:
    assume(is_read(data))
    leaves = parse(seal(parse(data)).data).leaves()
    assert all(re.fullmatch(r"ENC\[.*\]", str(leaf.value)) for leaf in leaves if leaf.value not in ("", Empty.MAPPING))


SOURCE = """\
; of a, and
;of a too
a = 1 ; behind a
b: "two words"
# of db
[db]
host=x#y
long = one \\
   two # all of it
text = '''
multi = \"\"\"first
second\"\"\" ; behind multi
quoted = `a;b` ; skipped
[empty]

[db]
again =
; at the end
"""


def test_what_sops_reads() -> None:
    leaves = parse(SOURCE.encode()).leaves()
    assert [(leaf.locator, leaf.value) for leaf in leaves if not leaf.is_comment] == [
        (("DEFAULT", "a"), "1"),
        (("DEFAULT", "b"), "two words"),
        (("db", "host"), "x"),
        (("db", "long"), "one two # all of it"),
        (("db", "text"), "'''"),
        (("db", "multi"), "first\nsecond"),
        (("db", "quoted"), "a;b"),
        (("empty",), Empty.MAPPING),
        (("db",), Empty.MAPPING),  # where the second section of that name begins
        (("db", "again"), ""),
    ]
    assert [(leaf.path, leaf.value) for leaf in leaves if leaf.is_comment] == [
        (("DEFAULT",), "of a, and\n;of a too\n; behind a"),
        (("DEFAULT",), "behind a"),
        (("db",), "of db"),
        (("db",), "y"),
        (("db",), "behind multi"),
        (("db",), "skipped"),
        (("db",), "at the end"),
    ]


def test_a_comment_is_in_force_for_the_value_behind_its_own() -> None:
    source = "; of s\n[s] ; too\na = 1\n; of b\nb = 2 ; and b\nc = `3` ; skipped\nd = 4\n[t]\ne = 5\n"
    values = [
        leaf for leaf in parse(source.encode()).leaves() if not leaf.is_comment and leaf.value is not Empty.MAPPING
    ]
    assert [leaf.comments for leaf in values] == [("of s\n; too",), (), ("of b\n; and b",), (), ()]


def test_the_sealed_lines() -> None:
    sealed = seal(parse(SOURCE.encode())).data.decode()
    assert re.sub(r"ENC\[[^]]*\]", "ENC", sealed.partition("\n[sops]")[0]) == (
        '; ENC\na = ENC ; ENC\nb: "ENC"\n# ENC\n[db]\nhost=ENC#ENC\nlong = ENC\ntext = ENC\n'
        "multi = ENC ; ENC\nquoted = `ENC` ; ENC\n[empty]\n\n[db]\nagain =\n; ENC\n"
    )


def test_two_comments_of_a_key_are_one_to_sops() -> None:
    source = b"; above\nk = v ; behind\n;\nl = w # alone\n; above\nm = `x` ; skipped\n"
    sealed = seal(parse(source))
    comments = [value for token, value in sealed.held.items() if "type:comment" in token]
    assert comments == ["above\n; behind", "behind", "alone", "alone", "above\n; skipped", "skipped"]
    assert sealed.spellings == {}
    assert open_(sealed, "ini") == source
    # What SOPS makes of the two when it rewrites the file opens without loss.
    document = parse(b"; ENC[x]\nk = v\n")
    edits = document.open_edits([(leaf, comments[0]) for leaf in document.leaves() if leaf.is_comment], {})
    assert document.rewrite(edits) == b"; above\n; behind\nk = v\n"


def test_behind_a_header_no_token_can_stand() -> None:
    sealed = seal(parse(b"# above\n\n [s] ; behind\n[t];behind\nk=v\n"))
    assert (
        re.sub(r"ENC\[[^]]*\]", "ENC", sealed.data.decode().partition("\n[sops]")[0])
        == "# ENC\n\n [s]\n; ENC\n[t]\nk=ENC\n"
    )
    assert list(sealed.held.values()) == ["above\n; behind", "behind", "v"]
    assert open_(sealed, "ini", spelled=False) == b"# above\n; behind\n\n [s]\n; behind\n[t]\nk=v\n"


@pytest.mark.parametrize(
    ("source", "opened"),
    [
        ("k = v", "k = v"),
        ('k="v"', 'k="v"'),
        ("k = 'it\"s'", "k = 'it\"s'"),
        ("k = `a;b`", "k = `a;b`"),
        ('k = """a\nb"""', 'k = """a\nb"""'),
        ('k = """a\nb""" ; c', 'k = """a\nb""" ; c'),
        ("k = `a\nb` ; c", 'k = """a\nb""" ; c'),
        ("k = a\\\n  b", "k = ab"),
        ("k = `v` junk", "k = `v`"),
        ("; a\n   ;b\nk=", "; a\n;b\nk="),
    ],
)
def test_only_what_is_spelled_otherwise_is_remembered(source: str, opened: str) -> None:
    sealed = seal(parse(source.encode()))
    assert bool(sealed.spellings) is (source != opened)
    assert open_(sealed, "ini", spelled=False).decode() == opened


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a;b", "`a;b`"), (" a ", '" a "'), ("a\nb", '"""a\nb"""'), ('"x"', '`"x"`'), ("a\\", '"a\\"'),
        ("`a", '"""`a"""'),
        ("`a;", '"""`a;"""'), ('"""x', '`"""x`'), ("a`b", "a`b"), ("' '", "\"' '\""), ('a\n"""\n;', '`a\n"""\n;`'),
    ],
)  # fmt: skip
def test_a_value_of_sops_opens_in_the_quotes_that_it_needs(value: str, written: str) -> None:
    document = parse(b"k = ENC[x]\n")
    opened = document.rewrite(document.open_edits([(document.leaves()[-1], value)], {}))
    assert opened.decode() == f"k = {written}\n"
    assert parse(opened).leaves()[-1].value == value


def test_a_comment_of_sops_opens_into_comment_lines() -> None:
    document = parse(b"; ENC[x]\nk = 1\n")
    comment = next(leaf for leaf in document.leaves() if leaf.is_comment)
    opened = document.rewrite(document.open_edits([(comment, "a\n# b\nk = 2\n\n[x]")], {}))
    assert opened.decode() == "; a\n# b\n; k = 2\n; \n; [x]\nk = 1\n"


CANARY = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a=1\n{CANARY}\n", "line 2: neither a key with = or :, nor a [section], nor a comment"),
        (f"= {CANARY}", "line 1: an empty key"),
        (f'"" = {CANARY}', "line 1: an empty key"),
        (f'"a = {CANARY}', "line 1: a quoted key that is not closed"),
        (f"\n- = {CANARY}", "line 2: a key called - is numbered by SOPS, under a name that it cannot read back"),
        (f"[a\nk = {CANARY}", "line 1: a section header without ]"),
        ("[]", "line 1: a section without a name"),
        (f"[a] {CANARY}", "line 1: text after the header of section a"),
        (f"[a] {CANARY} ; x", "line 1: text after the header of section a"),
        (f'\nk = """{CANARY}\nx\n', "line 2: a quoted value that is not closed"),
        (f"k = `{CANARY}", "line 1: a quoted value that is not closed"),
        ('k = """', "line 1: a quoted value that is not closed"),
        (f"[a]\nk = 1\n[a]\nk = 2\n k = {CANARY}", "line 5, column 2: the key k appears twice"),
        ("\x1b[2J = 1\n\x1b[2J = 1", "line 2, column 1: the key \\x1b[2J appears twice"),
        (f"k = 1\nl = {CANARY}\0", "line 2: contains a NUL character"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(text.encode())
    assert str(caught.value) == message
    assert CANARY not in f"{caught.value!r}{caught.value.hint}{caught.value.__cause__!r}{caught.value.__context__!r}"


def test_utf16_is_refused() -> None:
    for data in (b"\xff\xfek=v", b"\xfe\xffk=v"):
        with pytest.raises(FormatError, match="UTF-16"):
            parse(data)


def test_limits() -> None:
    with pytest.raises(FormatError, match="more than 2 leaves"):
        parse(b"a=1\n;b\nc=3\n", Limits(leaves=2))
    with pytest.raises(FormatError, match="line 2: a value of more than 5 bytes"):
        parse(b"a=1\nb=123456\n", Limits(scalar_bytes=5))


def test_long_runs_are_read_in_one_go() -> None:
    parse(b";\n" * 50_000 + b"k=v\n")
    parse(b"k=a\\\n" + b"b\\\n" * 50_000)
    parse(b'k="""\n' + b'"""\\\n' * 50_000 + b'"""')


def test_duplicates_can_be_asked_for() -> None:
    leaves = parse(b"a=1\na=2", allow_duplicates=True).leaves()
    assert [leaf.value for leaf in leaves] == ["1", "2"]


# -- metadata --------------------------------------------------------------------------------------------------------


def test_metadata_is_a_last_section() -> None:
    assert parse(b"a=1\n").rewrite([], METADATA).decode() == (
        "a=1\n\n[sops]\n"
        "age__list_0__map_enc       = -----BEGIN AGE-----\\nYWdl\\n-----END AGE-----\\n\n"
        "age__list_0__map_recipient = age1xyz\n"
        "encrypted_regex            = `^(a|b#<c>)$`\n"
        "lastmodified               = 2026-01-02T03:04:05Z\n"
        "mac                        = ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]\n"
        "version                    = 3.13.2\n"
    )


@pytest.mark.parametrize(
    ("source", "without"),
    [
        ("a=1\n[sops]\nmac=m\n", "a=1\n"),
        ("a=1\n\n\n[sops]\nmac=m\n\n", "a=1\n\n"),
        ("a=1\n\n[sops]\nmac=m", "a=1"),
        ("[sops]\nmac=m\n", ""),
        ("a=1\n\n[sops]\nmac=m\n\n; of x\n[x]\nb=2\n", "a=1\n\n; of x\n[x]\nb=2\n"),
        ("; lost\n[sops] ; note\n; note\nmac=m\n", "; lost\n"),
        ("a=1\r\n\r\n[sops]\r\nmac=m\r\n", "a=1\r\n"),
    ],
)
def test_metadata_is_cut_out_wherever_it_stands(source: str, without: str) -> None:
    document = parse(source.encode())
    assert document.metadata() == {"mac": "m"}
    assert document.rewrite([], None).decode() == without
    assert parse(document.rewrite([], METADATA)).metadata() == METADATA
    assert all("sops" not in leaf.path for leaf in document.leaves())


def test_metadata_of_sops_3_13_0() -> None:
    document = parse(b'a=1\n\n[sops]\nage__list_0__map_enc = """one\ntwo\n"""\nmac = m\n')
    assert document.metadata() == {"age": [{"enc": "one\ntwo\n"}], "mac": "m"}
    assert document.rewrite([], None) == b"a=1\n"


def test_metadata_that_is_none() -> None:
    assert parse(b"[a]\nsops = 1\n").metadata() is None
    assert parse(b"[sops]\n").metadata() is None
    with pytest.raises(MetadataError, match="duplicate"):
        parse(b"[sops]\nmac=1\n[sops]\nversion=2\n").metadata()


# -- set and unset ---------------------------------------------------------------------------------------------------

PLAIN = "; top\n\n[db]\n  host     = a ; note\n  password = `x;y`\nempty =\n\n; about web\n[web]\n\n[sec]\nk=v"


@pytest.mark.parametrize(
    ("locator", "value", "old", "new"),
    [
        (("db", "host"), "b", "a ; note", "b ; note"),
        (("db", "password"), "p", "`x;y`", "`p`"),
        (("db", "empty"), "v", "empty =", "empty = v"),
        (("db", "port"), 5, "empty =\n", "empty =\n  port = 5\n"),
        (("web", "x=y"), True, "[web]\n", "[web]\n`x=y` = true\n"),
        (("sec", "new"), "a\nb", "k=v", 'k=v\nnew="""a\nb"""'),
        (("fresh", "k"), " x", "k=v", 'k=v\n\n[fresh]\nk = " x"'),
        (("fresh",), {"a": 1, "bb": 2}, "k=v", "k=v\n\n[fresh]\na  = 1\nbb = 2"),
        (("DEFAULT", "d"), "x", "; top", "d = x\n\n; top"),
        (("DEFAULT",), {"d": 1.5}, "; top", "d = 1.5\n\n; top"),
        (("sec",), {"a": "b"}, "k=v", "a = b"),
        (("sec",), {}, "\nk=v", "\n"),
        (("web",), {"a": Timestamp("2024-01-01T00:00:00Z")}, "[web]\n", "[web]\na = 2024-01-01T00:00:00Z\n"),
    ],
)
def test_set(locator: tuple[str, ...], value: object, old: str, new: str) -> None:
    document = parse(PLAIN.encode())
    assert document.rewrite(document.set_edits(locator, value)).decode() == PLAIN.replace(old, new, 1)


@pytest.mark.parametrize(
    ("locator", "old", "new"),
    [
        (("db", "host"), "  host     = a ; note\n", ""),
        (("sec", "k"), "\nk=v", ""),
        (("web",), "; about web\n[web]\n", ""),
        (("sec",), "\n[sec]\nk=v", ""),
        (("db",), PLAIN[: PLAIN.index("\n; about")], ""),
    ],
)
def test_unset(locator: tuple[str, ...], old: str, new: str) -> None:
    document = parse(PLAIN.encode())
    assert document.rewrite(document.unset_edits(locator)).decode() == PLAIN.replace(old, new, 1)


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("a = x \\", "a = x \\\n\nb = y"),
        ("a = x \\\n", "a = x \\\n\nb = y\n"),
        ("a = x \\\n\n", "a = x \\\n\nb = y\n"),
        ("a = x \\\n z\n", "a = x \\\n z\nb = y\n"),
    ],
)
def test_a_new_key_is_no_part_of_the_value_before(source: str, after: str) -> None:
    document = parse(source.encode())
    assert document.rewrite(document.set_edits(("DEFAULT", "b"), "y")).decode() == after


def test_a_new_key_goes_before_the_metadata() -> None:
    document = parse(b"[a]\nk=v\n\n[sops]\nmac=m\n")
    assert document.rewrite(document.set_edits(("a", "l"), "w")) == b"[a]\nk=v\nl=w\n\n[sops]\nmac=m\n"
    assert document.rewrite(document.set_edits(("b", "l"), "w")) == b"[a]\nk=v\n\n[b]\nl = w\n\n[sops]\nmac=m\n"


@pytest.mark.parametrize("locator", [(), (0,), ("db", 0), ("db", "host", "x"), ("db", "host", 0)])
def test_paths_that_lead_nowhere(locator: tuple[str | int, ...]) -> None:
    document = parse(PLAIN.encode())
    with pytest.raises(PathError):
        document.set_edits(locator, "x")
    with pytest.raises(PathError):
        document.unset_edits(locator)


@pytest.mark.parametrize("locator", [("x",), ("db", "x"), ("x", "y"), ("DEFAULT",)])
def test_unset_of_nothing(locator: tuple[str, ...]) -> None:
    with pytest.raises(PathError, match="does not exist"):
        parse(PLAIN.encode()).unset_edits(locator)


@pytest.mark.parametrize("value", [None, {"a": 1}, [1], f"{CANARY}\0", f'`{CANARY}\n"""\n`'])
def test_values_that_no_line_holds(value: object) -> None:
    with pytest.raises(EmitError) as caught:
        parse(PLAIN.encode()).set_edits(("db", "host"), value)
    assert CANARY not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("key", ["", "-", " a", "a\nb", '`"""='])
def test_keys_that_no_line_holds(key: str) -> None:
    with pytest.raises(EmitError, match="INI cannot contain a key"):
        parse(PLAIN.encode()).set_edits(("db", key), "x")


@pytest.mark.parametrize("section", ["", "a\nb", "a\0"])
def test_sections_that_no_header_holds(section: str) -> None:
    with pytest.raises(EmitError, match="INI cannot contain a section"):
        parse(PLAIN.encode()).set_edits((section, "k"), "x")


@settings(max_examples=100, deadline=None)
@given(files(), st.sampled_from(["x", "", "a;b", "l\nm", " x ", '"', "'q'", "é\\"]), st.data())
def test_set_and_unset_move_nothing_else(source: bytes, value: str, data: st.DataObject) -> None:
    assume(is_read(source))
    document = parse(source)
    before = values(document)
    keys = [leaf.locator for leaf in document.leaves() if len(leaf.locator) == 2]
    place = data.draw(st.sampled_from([*keys, ("s", "new"), ("DEFAULT", "new"), ("fresh", "new")]))
    try:
        edited = parse(document.rewrite(document.set_edits(place, value)))
    except RefusedError:
        sections = re.findall(rb"^\s*\[(.*)\]", source, re.M)
        assert sections.count(place[0].encode()) + (place[0] == "DEFAULT") > 1
        return
    assert values(edited) == {**before, place: value}
    removed = values(parse(edited.rewrite(edited.unset_edits(place))))
    assert removed == {row: held for row, held in before.items() if row != place}


REPEATED = b"[Interface]\nPrivateKey = k\n\n[Peer]\nPublicKey = p1\n\n[Peer]\nPublicKey = p2\nEndpoint = e\n"


def test_sections_of_one_name_stay_apart() -> None:
    document = parse(REPEATED)
    (tree,) = build((leaf, leaf.value) for leaf in document.leaves())
    assert [(name, [key for key, _ in node.items]) for name, node in tree.items] == [
        ("DEFAULT", []),
        ("Interface", ["PrivateKey"]),
        ("Peer", ["PublicKey"]),
        ("Peer", ["PublicKey", "Endpoint"]),
    ]
    assert emit([tree]).replace(b" ", b"") == REPEATED.replace(b" ", b"")


def test_in_sections_of_one_name_only_what_is_there_once_is_changed() -> None:
    document = parse(REPEATED)
    assert document.rewrite(document.set_edits(("Peer", "Endpoint"), "f")) == REPEATED.replace(b"= e", b"= f")
    assert document.rewrite(document.unset_edits(("Peer", "Endpoint"))) == REPEATED.replace(b"Endpoint = e\n", b"")
    for locator, value in ((("Peer", "PublicKey"), "x"), (("Peer", "new"), "x"), (("Peer",), {"new": "x"})):
        with pytest.raises(RefusedError, match=r"2 sections \[Peer\]"):
            document.set_edits(locator, value)
    for locator in (("Peer", "PublicKey"), ("Peer",)):
        with pytest.raises(RefusedError, match=r"2 sections \[Peer\]"):
            document.unset_edits(locator)


def values(document: object) -> dict[object, object]:
    return {row[0]: row[3] for row in typed(document.leaves()) if row[3] is not Empty.MAPPING}  # type: ignore[attr-defined]


# -- emission --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", sorted(VECTORS.glob("*-ini--*")), ids=lambda folder: folder.name)
def test_emission_is_that_of_sops(folder: Path) -> None:
    tree = build((leaf, leaf.value) for leaf in parse((folder / "plain.ini").read_bytes()).leaves())
    assert emit(tree) == (folder / "converted.ini").read_bytes()


@pytest.mark.parametrize("folder", sorted(VECTORS.glob("*-ini--*")), ids=lambda folder: folder.name)
def test_a_block_that_sops_wrote_is_written_the_same(folder: Path) -> None:
    data = (folder / "encrypted.ini").read_bytes()
    document = parse(data)
    assert document.rewrite([], document.metadata()) == data
    assert parse(document.rewrite([], None)).rewrite([], document.metadata()) == data


def test_emission_of_comments_and_types() -> None:
    section = MappingNode(
        [
            Comment("of the section\n#too"),
            ("a", "x;y"),
            Comment("replaced"),
            Comment("of a\n;and a"),
            ("long", 1),
            ("a=b", 200000.0),
            ("`", None),
        ]
    )
    documents = [MappingNode([("DEFAULT", MappingNode()), Comment("dropped"), ("s", section)])]
    assert emit([*documents, MappingNode([("t", MappingNode([("k", True)]))])]).decode() == (
        "; of the section\n# too\n[s]\n; of a\n; and a\n"
        'a       = `x;y`\nlong    = 1\n`a=b`   = 200000.0\n"""`""" = <nil>\n\n[t]\nk = true\n'
    )
    assert emit([]) == b""


@pytest.mark.parametrize(
    "tree", [{"a": 1}, {"a": [1]}, {"a": {"b": {}}}, {"a": {"b": [1]}}, {"a": {"b": "\0"}}, {"a": {"": "x"}}, {"": {}}]
)
def test_what_ini_cannot_hold(tree: dict[str, object]) -> None:
    with pytest.raises(EmitError):
        emit([from_python(tree)])  # type: ignore[list-item]
    with pytest.raises(EmitError):
        emit([MappingNode([("a", ListNode())])])


names = st.text(st.sampled_from("ab\"'`#;=:[]\\ é"), min_size=1, max_size=4)
texts = st.text(st.sampled_from("ab\"'`#;=:[]\\ é\n\t"), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(names, st.dictionaries(names, texts, max_size=3), max_size=3))
def test_what_is_emitted_reads_back(tree: dict[str, dict[str, str]]) -> None:
    try:
        data = emit([from_python(tree)])  # type: ignore[list-item]
    except EmitError:
        assume(False)
    tree.pop("sops", None)
    assert values(parse(data)) == {(name, key): text for name, keys in tree.items() for key, text in keys.items()}
