"""dotenv files of Windows: what it adds to them is no text of values, and comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import leafseal as library
from leafseal.formats.dotenv import parse
from leafseal.rules.selection import Selection

from ..opening import set_leaf
from ..whole_files import AMBIENT, ME, open_, seal
from .conftest import Run

BOM = b"\xef\xbb\xbf"
PLAIN = {
    "CR LF": b"A=one\r\nB=two\r\n",
    "a blank line": b"A=one\r\n\r\nB=two\r\n",
    "no last line end": b"# note\r\nA=one\r\nB=two",
    "a byte order mark": BOM + b"A=one\nB=two\n",
    "both": BOM + b"# note\r\n\r\nA=one\r\nB=two\r\n\r\n",
    "a CR more": b"A=one\r\nC=x\r\r\nB=two\r\n",
}
RULES = {"all": Selection(), "only B": Selection(encrypted_regex="^B$")}


@pytest.fixture
def file(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {ME.recipient}\n")
    return work / "w.env"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("plain", PLAIN.values(), ids=PLAIN)
def test_the_bytes_come_back_and_the_encrypted_file_has_no_marks(plain: bytes, rule: Selection) -> None:
    sealed = seal(plain, "dotenv", rule)
    assert open_(sealed, "dotenv").plaintext() == plain
    assert not sealed.startswith(BOM)
    assert b"\r" not in sealed.replace(b"C=x\r\n", b"")
    values = library.loads(sealed, format="dotenv", ambient=AMBIENT)
    assert {name: values[name] for name in "AB"} == {"A": "one", "B": "two"}
    assert next(iter(values)) == "A"


@pytest.mark.parametrize("plain", PLAIN.values(), ids=PLAIN)
def test_a_change_keeps_the_marks(plain: bytes) -> None:
    opened = open_(seal(plain, "dotenv"), "dotenv")
    changed = set_leaf(set_leaf(opened, ("A",), "new").open(), ("Z",), "last").open()
    end = b"\r\n" if b"\r\n" in plain else b"\n"
    expected = plain.replace(b"one", b"new")
    expected += b"Z=last" + end if plain.endswith(b"\n") else end + b"Z=last"
    assert changed.plaintext() == expected
    kept = [item.leaf.value for item in opened.leaves.sealed if item.value == "two"]
    assert kept == [item.leaf.value for item in changed.leaves.sealed if item.value == "two"]


def test_marks_that_are_gone_are_forgotten() -> None:
    from leafseal.operations.edit import Draft
    from leafseal.operations.reseal import reseal

    opened = open_(seal(PLAIN["both"], "dotenv"), "dotenv")
    plain = b"A=one\nB=two\n"
    product = reseal(opened, Draft.of(opened, plain))
    assert product.open().plaintext() == plain
    assert b"line_ends" not in product.data
    assert b"byte_order_mark" not in product.data


@pytest.mark.parametrize("name", ["CR LF", "a blank line", "a byte order mark", "both"])
def test_programs_get_neither_and_it_is_said_once(leafseal: Run, file: Path, name: str) -> None:
    file.write_bytes(PLAIN[name])
    told = leafseal("encrypt", "-i", file).err
    assert told.count("Windows line ends (CR LF)") == (b"\r" in PLAIN[name])
    assert told.count("byte order mark") == PLAIN[name].startswith(BOM)
    assert leafseal("get", "-n", file, "A") == (0, b"one", "")
    code = "import os; print((os.environ['A'], os.environ['B']), end='')"
    words = [sys.executable, "-P", "-m", "leafseal", "exec-env", str(file), "--", sys.executable, "-c", code]
    assert subprocess.run(words, capture_output=True, check=True).stdout == b"('one', 'two')"
    assert leafseal("decrypt", file) == (0, PLAIN[name], "")


COMMITTED = {
    "all": b"A=one\n# note\n\nB=two\n",
    "without a last line end": b"A=one\nB=two",
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("plain", COMMITTED.values(), ids=COMMITTED)
def test_what_git_checked_out_on_windows_opens(leafseal: Run, file: Path, plain: bytes, rule: Selection) -> None:
    sealed = seal(plain, "dotenv", rule)
    checked_out = sealed.replace(b"\n", b"\r\n")
    assert open_(checked_out, "dotenv").plaintext() == plain
    file.write_bytes(checked_out)
    assert leafseal("get", "-n", file, "A") == (0, b"one", "")
    assert leafseal("verify", file).code == 0
    assert leafseal("set", file, "A", "new", "--keep-rules").code == 0
    changed = file.read_bytes()
    assert b"\r" not in changed
    assert open_(changed, "dotenv").plaintext() == plain.replace(b"one", b"new")


def test_updatekeys_and_rotate_read_what_git_checked_out(leafseal: Run, file: Path) -> None:
    for command in (["updatekeys", "--yes"], ["rotate"]):
        file.write_bytes(seal(PLAIN["both"], "dotenv").replace(b"\n", b"\r\n"))
        assert leafseal(*command, file).code == 0, command
        assert open_(file.read_bytes(), "dotenv").plaintext() == PLAIN["both"]


# -- what SOPS encrypted keeps its CRs


def sealed_as_by_sops(values: dict[str, str]) -> bytes:
    """Return a file whose values and names hold what Windows added, without a memory of it."""
    emitted = library.encrypt(b"X=1\n", format="dotenv", recipients=[ME.recipient])
    opened = open_(emitted, "dotenv")
    from leafseal.operations.seal import seal_document

    text = "".join(f"{name}={value}\n" for name, value in values.items()).encode()
    return seal_document(parse(text, marks_are_text=True), opened.data_key, opened.metadata)


@pytest.mark.parametrize("values", [{"A": "one\r", "B": "two\r"}, {"\ufeffA": "one", "B": "two"}])
def test_a_file_of_sops_stays_what_it_is(values: dict[str, str]) -> None:
    sealed = sealed_as_by_sops(values)
    opened = open_(sealed, "dotenv")
    text = "".join(f"{name}={value}\n" for name, value in values.items()).encode()
    assert opened.plaintext() == text
    assert library.loads(sealed, format="dotenv", ambient=AMBIENT) == values
    changed = set_leaf(opened, ("B",), "new").open()
    assert changed.plaintext() == text.replace(b"two\r", b"new").replace(b"two", b"new")
    first = next(iter(values))
    assert sealed.split(b"\n")[0] == bytes(changed.document.rewrite([])).split(b"\n")[0]
    assert library.loads(bytes(changed.document.rewrite([])), format="dotenv", ambient=AMBIENT)[first] == values[first]


def test_a_value_that_would_look_like_windows_is_refused() -> None:
    opened = open_(seal(b"A=one\n", "dotenv"), "dotenv")
    with pytest.raises(library.EmitError, match="CR at the end of each value"):
        set_leaf(opened, ("A",), "x\r")
    set_leaf(open_(seal(b"A=one\nB=two\n", "dotenv"), "dotenv"), ("A",), "x\r")


# -- messages, and what they advise


def test_a_mark_put_before_an_encrypted_file_is_named(leafseal: Run, file: Path) -> None:
    sealed = seal(b"A=one\n", "dotenv")
    file.write_bytes(BOM + sealed)
    result = leafseal("get", "-n", file, "A")
    assert result.code == 25
    assert "byte order mark (BOM)" in result.err
    file.write_bytes(file.read_bytes().removeprefix(BOM))  # what the hint says
    assert leafseal("get", "-n", file, "A").out == b"one"


def test_a_mark_before_a_comment_is_named(leafseal: Run, file: Path) -> None:
    sealed = seal(b"# note\nA=one\n", "dotenv")
    file.write_bytes(BOM + sealed)
    result = leafseal("get", "-n", file, "A")
    assert "byte order mark (BOM)" in result.err
    file.write_bytes(sealed)
    assert leafseal("get", "-n", file, "A").out == b"one"


def test_two_kinds_of_line_end_with_a_blank_line(leafseal: Run, file: Path) -> None:
    file.write_bytes(b"A=one\r\n\r\nB=two\n")
    result = leafseal("encrypt", "-i", file)
    assert "some lines end in CR LF and others in LF" in result.err
    for kind in (b"\n", b"\r\n"):  # both of what the hint says
        file.write_bytes(b"A=one\r\n\r\nB=two\n".replace(b"\r\n", b"\n").replace(b"\n", kind))
        assert leafseal("encrypt", "-i", file).code == 0
        assert leafseal("get", "-n", file, "A").out == b"one"
