"""`leafseal repair`: what is wrong is shown, and mended with consent; no value is guessed, and nothing else changes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run, Terminal

TEXTS = {
    "f.yaml": "a: one\nb: two\nc: three\n",
    "f.json": '{\n\t"a": "one",\n\t"b": "two",\n\t"c": "three"\n}\n',
    "f.env": "a=one\nb=two\nc=three\n",
    "f.ini": "[s]\na = one\nb = two\nc = three\n",
}
WITHOUT_B = {
    "f.yaml": "a: one\nc: three\n",
    "f.json": '{\n\t"a": "one",\n\t"c": "three"\n}\n',
    "f.env": "a=one\nc=three\n",
    "f.ini": "[s]\na = one\nc = three\n",
}


@pytest.fixture(params=TEXTS)
def file(request: pytest.FixtureRequest, leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    return encrypted(leafseal, work / str(request.param), TEXTS[str(request.param)], me)


@pytest.fixture
def small(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    return encrypted(leafseal, work / "f.yaml", TEXTS["f.yaml"], me)


def encrypted(leafseal: Run, path: Path, text: str, me: ThrowawayIdentity, *options: str) -> Path:
    path.write_text(text)
    assert leafseal("encrypt", "-i", "--age", me.recipient, *options, path.name).code == 0
    return path


def place_of(file: Path, name: str) -> str:
    return f"s.{name}" if file.suffix == ".ini" else name


def pointer(place: str, document: int = 0) -> dict[str, object]:
    """Return a place as reports have it."""
    return {"document": document, "pointer": f"/{place.replace('.', '/')}", "is_comment": False}


def line_of(file: Path, name: str) -> str:
    """Return the line of a value, its break included."""
    found = re.search(rf'^\t?"?{name}\b.*\n', file.read_text(), re.MULTILINE)
    assert found is not None
    return found[0]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def rename(file: Path, name: str, new: str) -> None:
    line = line_of(file, name)
    change(file, line, line.replace(name, new, 1))


def findings(leafseal: Run, file: Path) -> list[dict[str, object]]:
    result = leafseal("repair", "--json", file.name)
    [about] = json.loads(result.out)["files"]
    assert about["repaired"] is False
    assert result.code == (222 if about["findings"] else 0)
    assert result.err == ""
    found: list[dict[str, object]] = about["findings"]
    return found


# -- what is well, and what is only shown


def test_a_file_that_is_well_is_left_alone(leafseal: Run, file: Path) -> None:
    before = file.read_bytes()
    for options in ([], ["--yes"], ["--yes", "--remove", "--keep", "last"]):
        assert leafseal("repair", *options, file.name) == (0, f"{file.name}: nothing to repair\n".encode(), "")
    assert findings(leafseal, file) == []
    assert file.read_bytes() == before


def test_without_a_terminal_and_yes_it_only_shows(leafseal: Run, file: Path) -> None:
    rename(file, "b", "renamed")
    before = file.read_bytes()
    for options in ([], ["--remove"]):
        result = leafseal("repair", *options, file.name)
        assert result.code == 222
        assert place_of(file, "renamed").encode() in result.out
    assert findings(leafseal, file)[0]["place"] == pointer(place_of(file, "renamed"))
    assert file.read_bytes() == before


def test_no_value_is_shown(leafseal: Run, small: Path) -> None:
    line = line_of(small, "b")
    change(small, line, f"b: secret-by-hand\n{line}added: secret-by-hand\n")
    for options in ([], ["--json"], ["--yes", "--keep", "first"], ["--yes", "--keep", "first", "--remove"]):
        result = leafseal("repair", *options, small.name)
        assert b"secret-by-hand" not in result.out + result.err.encode()
        assert b"ENC[" not in result.out + result.err.encode()


# -- bad places


def test_a_renamed_value_is_removed_only_when_that_is_said(leafseal: Run, file: Path, work: Path) -> None:
    rename(file, "b", "renamed")
    before = file.read_bytes()
    place = place_of(file, "renamed")
    refused = leafseal("repair", "--yes", file.name)
    assert refused.code == 220
    assert f"not what was encrypted: {place}" in refused.err
    assert 'hint: to remove these values, add --remove; after that, "leafseal set" adds new ones' in refused.err
    assert file.read_bytes() == before
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    assert leafseal("decrypt", file.name) == (0, WITHOUT_B[file.name].encode(), "")
    (work / "value").write_text("new")
    assert leafseal("set", "--value-file", "value", file.name, place).code == 0
    assert leafseal("get", file.name, place).out == b"new\n"


def test_each_bad_place_is_asked_about(leafseal: Run, file: Path, screen: Terminal) -> None:
    rename(file, "a", "first")
    rename(file, "b", "second")
    before = file.read_bytes()
    screen.answers = ["y", "n"]
    refused = leafseal("repair", file.name)
    assert (refused.code, file.read_bytes()) == (220, before)
    assert f"{place_of(file, 'first')}: remove it?" in screen.shown
    assert f"{place_of(file, 'second')}: remove it?" in screen.shown
    screen.answers = ["a", "y"]
    assert leafseal("repair", file.name).code == 0
    assert leafseal("verify", file.name).code == 0
    assert b"first" not in file.read_bytes()


@pytest.mark.parametrize("answers", [[], [""], ["n"], ["y"], ["y", ""], ["y", "n"]])
def test_no_answer_is_no_consent(leafseal: Run, small: Path, screen: Terminal, answers: list[str]) -> None:
    rename(small, "b", "renamed")
    before = small.read_bytes()
    screen.answers = list(answers)
    assert leafseal("repair", small.name).code == 220
    assert small.read_bytes() == before


def test_the_rest_is_known_to_be_unchanged_where_the_mac_tells(leafseal: Run, small: Path) -> None:
    line = line_of(small, "c")
    change(small, line, f"added: by hand\n{line}")
    result = leafseal("repair", small.name)
    assert b"line 3: added: not encrypted, although the file's rule encrypts it" in result.out
    assert b"the integrity check (MAC) is valid: nothing else was changed" in result.out
    [found] = findings(leafseal, small)
    assert (found["code"], found["place"], found["lines"]) == ("not-encrypted", pointer("added"), [3])
    assert found["belongs_at"] is None


def test_a_moved_value_is_named_and_never_moved(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "n.yaml", "db:\n  user: u\n  password: p\nx: 1\n", me)
    line = line_of(file, "  password")
    moved = f"x: 1\n{line.strip()}\n"
    original = file.read_text()
    change(file, line, "")
    change(file, line_of(file, "x"), line_of(file, "x") + line.strip() + "\n")
    assert moved not in file.read_text()
    result = leafseal("repair", file.name)
    assert b"password: was changed or moved after it was encrypted; it was encrypted as db.password" in result.out
    [found, _mac] = findings(leafseal, file)
    assert found["belongs_at"] == "/db/password"
    # As it says: moved back, the value is kept.
    file.write_text(original)
    assert leafseal("repair", file.name).code == 0
    change(file, line, "")
    change(file, line_of(file, "x"), line_of(file, "x") + line.strip() + "\n")
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    assert leafseal("decrypt", file.name).out == b"db:\n  user: u\nx: 1\n"


def test_a_broken_token_and_a_broken_comment(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "c.yaml", "# top\na: one  # note\nl: [x, y]\n", me)
    text = file.read_text()
    text = re.sub(r"(data:)....", r"\1AAAA", text, count=1)  # the first comment
    text = re.sub(r"^(a: .{30})....", r"\1!!!!", text, flags=re.MULTILINE)
    file.write_text(text)
    kinds = [(one["code"], one["place"]) for one in findings(leafseal, file)]
    comment = {"document": 0, "pointer": "", "is_comment": True}
    assert kinds[:2] == [("changed-value", comment), ("damaged", pointer("a"))]
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    assert leafseal("decrypt", file.name).out == b"l: [x, y]\n"


def test_a_value_of_a_later_document(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "d.yaml", "a: one\n---\nb: two\nc: three\n---\nd: {e: four}\n", me)
    rename(file, "b", "renamed")
    change(file, "{e: ", "{f: ")
    assert [one["place"] for one in findings(leafseal, file)][:2] == [pointer("renamed", 1), pointer("d.f", 2)]
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    assert leafseal("decrypt", file.name).out == b"a: one\n---\nc: three\n---\nd: {}\n"


def test_plain_values_are_encrypted_as_they_are_only_when_that_is_said(
    leafseal: Run, file: Path, work: Path, me: ThrowawayIdentity
) -> None:
    line, token = line_of(file, "b"), re.search(r"ENC[^]]*]", line_of(file, "b"))
    assert token is not None
    change(file, line, line.replace(token[0], "by hand"))
    others = [line_of(file, "a"), line_of(file, "c").rstrip(",\n")]
    before = file.read_bytes()
    refused = leafseal("repair", "--yes", file.name)
    assert refused.code == 220
    assert (
        "to remove these values, add --remove; to encrypt those in plain text as they are, add --encrypt" in refused.err
    )
    assert file.read_bytes() == before
    assert leafseal("repair", "--yes", "--encrypt", file.name).code == 0
    assert leafseal("decrypt", file.name) == (0, TEXTS[file.name].replace("two", "by hand").encode(), "")
    assert b"by hand" not in file.read_bytes()
    assert all(other in file.read_text() for other in others)
    file.write_bytes(before)
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    assert leafseal("decrypt", file.name) == (0, WITHOUT_B[file.name].encode(), "")


def test_what_is_encrypted_is_never_what_is_left_of_a_token(leafseal: Run, small: Path) -> None:
    change(small, line_of(small, "b"), "b: ENC[AES256\n")
    change(small, line_of(small, "c"), "c: by hand\n")
    before = small.read_bytes()
    refused = leafseal("repair", "--yes", "--encrypt", small.name)
    assert refused.code == 220
    assert "not what was encrypted: b" in refused.err
    assert small.read_bytes() == before
    assert leafseal("repair", "--yes", "--encrypt", "--remove", small.name).code == 0
    assert leafseal("decrypt", small.name).out == b"a: one\nc: by hand\n"


def test_on_a_terminal_plain_values_are_encrypted_or_removed(leafseal: Run, small: Path, screen: Terminal) -> None:
    change(small, line_of(small, "b"), "b: by hand\nmore: 5\n")
    before = small.read_bytes()
    for no in (["y", "y", "y"], ["e", "", "y"], ["e", "r", "n"]):
        screen.answers = list(no)
        assert leafseal("repair", small.name).code == 220
        assert small.read_bytes() == before
    assert "more: encrypt or remove it? [e/r/N]" in screen.shown
    screen.answers = ["e", "r", "y"]
    assert leafseal("repair", small.name).code == 0
    assert leafseal("decrypt", small.name).out == b"a: one\nb: by hand\nc: three\n"


def test_a_repeated_section(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "w.ini", "[Peer]\nk = a\n[Peer]\nk = b\nx = c\n", me)
    change(file, line_of(file, "x"), line_of(file, "x").replace("x", "renamed", 1))
    assert leafseal("repair", "--yes", "--remove", file.name).code == 0
    assert leafseal("decrypt", file.name).out == b"[Peer]\nk = a\n[Peer]\nk = b\n"
    for at, left in ((1, b"[Peer]\n[Peer]\nk = b\n"), (3, b"[Peer]\nk = a\n[Peer]\n")):
        lines = file.read_text().splitlines(keepends=True)
        whole = file.read_bytes()
        file.write_text("".join([*lines[:at], "k = by hand\n", *lines[at + 1 :]]))
        assert leafseal("repair", "--yes", "--remove", file.name).code == 0
        assert leafseal("decrypt", file.name).out == left
        file.write_bytes(whole)


def test_the_value_of_a_binary_file_is_not_removed(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "key.pem", "secret", me)
    file.write_text(re.sub(r"data:....", "data:AAAA", file.read_text(), count=1))
    before = file.read_bytes()
    refused = leafseal("repair", "--yes", "--remove", file.name)
    assert refused.code == 220
    assert "binary file cannot be removed" in refused.err
    assert file.read_bytes() == before


@pytest.mark.parametrize("suffix", ["yaml", "json", "env"])
def test_two_thousand_bad_places(leafseal: Run, work: Path, me: ThrowawayIdentity, suffix: str) -> None:
    names = [f"n{number}" for number in range(2_000)]
    text = {
        "yaml": "".join(f"{name}: {name}\n" for name in names),
        "json": json.dumps(dict.fromkeys(names, "x"), indent=1),
        "env": "".join(f"{name}=x\n" for name in names),
    }[suffix]
    file = encrypted(leafseal, work / f"many.{suffix}", text, me)
    file.write_text(re.sub(r'^( ?"?)n(\d)', r"\1m\2", file.read_text(), flags=re.MULTILINE))
    before = file.read_bytes()
    shown = leafseal("repair", file.name)
    assert shown.code == 222
    assert len(shown.out.splitlines()) < 70
    assert b"and 1950 more, which --json lists" in shown.out
    assert b"none of the encrypted values decrypts: the metadata may be that of another file" in shown.out
    assert len(findings(leafseal, file)) == 2_001
    refused = leafseal("repair", "--yes", "--remove", file.name)
    assert refused.code == 220
    assert "2000 places are damaged: too many to mend them one by one" in refused.err
    assert file.read_bytes() == before


def test_one_name_ten_thousand_times(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "f.env", TEXTS["f.env"], me)
    change(file, line_of(file, "b"), line_of(file, "b") * 10_000)
    before = file.read_bytes()
    assert len(leafseal("repair", file.name).out) < 1000
    assert leafseal("repair", "--yes", file.name).code == 220
    assert file.read_bytes() == before


# -- the MAC


def test_a_wrong_mac_over_whole_values(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    text = "a: one\nhost_unencrypted: here\nl: [x, y]\n"
    file = encrypted(leafseal, work / "m.yaml", text, me)
    change(file, "here", "there")
    shown = leafseal("repair", file.name)
    assert shown.code == 222
    assert b"the integrity check (MAC) failed" in shown.out
    assert shown.err == "leafseal: nothing was changed; to repair what was found, run it in a terminal, or add --yes\n"
    assert b"encrypted values and comments that decrypt under their own names: 3" in shown.out
    assert b"not encrypted, so anyone may have changed them:\n    host_unencrypted\n" in shown.out
    assert findings(leafseal, file) == [
        {
            "code": "mac-mismatch", "place": None, "lines": [], "belongs_at": None, "same_value": None,
            "valid_with": None, "not_encrypted": [pointer("host_unencrypted")],
        }
    ]  # fmt: skip
    tokens = [line for line in file.read_text().splitlines() if line.startswith(("a:", "l:"))]
    assert leafseal("repair", "--yes", file.name).err == f"leafseal: {file.name}: repaired\n"
    assert leafseal("decrypt", file.name) == (0, text.replace("here", "there").encode(), "")
    assert [line for line in file.read_text().splitlines() if line.startswith(("a:", "l:"))] == tokens


def test_a_mac_of_another_file_and_none(leafseal: Run, file: Path, work: Path, me: ThrowawayIdentity) -> None:
    other = encrypted(leafseal, work / f"other{file.suffix}", TEXTS[file.name], me)
    [pattern] = [rf'^\s*"?{name}"?\s*[:=].*$' for name in ("mac" if file.suffix != ".env" else "sops_mac",)]
    mac = re.search(pattern, other.read_text(), re.MULTILINE)
    assert mac is not None
    whole = file.read_text()
    for new, state in ((mac[0], "unreadable"), (re.sub(r"ENC.*\]", "", mac[0]), "missing")):
        file.write_text(re.sub(pattern, lambda _, new=new: new, whole, flags=re.MULTILINE))  # type: ignore[misc]
        [found] = findings(leafseal, file)
        assert found["code"] == f"mac-{state}"
        assert leafseal("decrypt", file.name).code == 51
        assert leafseal("repair", "--yes", file.name).code == 0
        assert leafseal("decrypt", file.name) == (0, TEXTS[file.name].encode(), "")


def test_a_token_that_the_rule_does_not_select_is_no_value_to_be_blessed(leafseal: Run, small: Path) -> None:
    """Whoever changed the rule would have the text of the tokens taken for the values."""
    change(small, "unencrypted_suffix: _unencrypted", "encrypted_regex: ^a$")
    before = small.read_bytes()
    shown = leafseal("repair", small.name)
    assert b"b: encrypted, but the file's rule leaves it in plain text" in shown.out
    refused = leafseal("repair", "--yes", small.name)
    assert refused.code == 220
    assert "restore the metadata from Git" in refused.err
    assert small.read_bytes() == before


# -- duplicates


def test_a_name_twice_with_the_same_value(leafseal: Run, file: Path) -> None:
    line = line_of(file, "b")
    change(file, line, line * 2)
    [found, mac] = findings(leafseal, file)
    assert (found["code"], found["place"], found["same_value"]) == ("duplicate", pointer(place_of(file, "b")), True)
    assert mac["valid_with"] == "first"
    shown = leafseal("repair", file.name)
    assert b"appears 2 times, with the same value" in shown.out
    assert b"the integrity check (MAC) is valid with the first of the duplicate keys" in shown.out
    assert leafseal("repair", "--yes", file.name).code == 0
    assert leafseal("decrypt", file.name) == (0, TEXTS[file.name].encode(), "")


def two_values(leafseal: Run, file: Path, work: Path) -> None:
    """Put the line of an older version before that of the new one, as a merge does that keeps both sides."""
    old = line_of(file, "b")
    (work / "value").write_text("new")
    assert leafseal("set", "--value-file", "value", file.name, place_of(file, "b")).code == 0
    new = line_of(file, "b")
    change(file, new, old + new)


@pytest.mark.parametrize("keep", ["first", "last"])
def test_a_name_twice_with_two_values(leafseal: Run, file: Path, work: Path, keep: str) -> None:
    two_values(leafseal, file, work)
    before = file.read_bytes()
    shown = leafseal("repair", file.name)
    assert b"appears 2 times, with different values" in shown.out
    assert b"the integrity check (MAC) is valid with the last of the duplicate keys" in shown.out
    refused = leafseal("repair", "--yes", file.name)
    assert refused.code == 220
    assert "hint: to keep one of them, add --keep first or --keep last" in refused.err
    assert file.read_bytes() == before
    assert leafseal("repair", "--yes", "--keep", keep, file.name).code == 0
    expected = TEXTS[file.name] if keep == "first" else TEXTS[file.name].replace("two", "new")
    assert leafseal("decrypt", file.name) == (0, expected.encode(), "")


@pytest.mark.parametrize(("answers", "value"), [(["f", "y"], b"two\n"), (["last", "y"], b"new\n")])
def test_which_one_stays_is_asked(
    leafseal: Run, file: Path, work: Path, screen: Terminal, answers: list[str], value: bytes
) -> None:
    two_values(leafseal, file, work)
    before = file.read_bytes()
    for no in ([], ["n"], ["", "y"]):
        screen.answers = list(no)
        assert leafseal("repair", file.name).code == 220
        assert file.read_bytes() == before
    screen.answers = list(answers)
    assert leafseal("repair", file.name).code == 0
    assert "Keep the first or the last? [first/last/N]" in screen.shown
    assert leafseal("get", file.name, place_of(file, "b")).out == value


def test_the_refusal_of_duplicates_names_repair(leafseal: Run, file: Path) -> None:
    line = line_of(file, "b")
    change(file, line, line * 2)
    refused = leafseal("decrypt", file.name)
    assert refused.code == 2
    assert f'to keep one of them, run "leafseal repair {file.name}"' in refused.err
    assert leafseal("repair", "--yes", file.name).code == 0


def test_a_mapping_twice_and_names_in_it(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "m.yaml", "m:\n  x: 1\n  y: 2\nk: v\n", me)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0], lines[1], lines[1], lines[2], *lines]))
    found = findings(leafseal, file)
    assert [(one["place"], one["lines"], one["same_value"]) for one in found if one["code"] == "duplicate"] == [
        (pointer("m"), [1, 5], False),
        (pointer("m.x"), [2, 3], True),
    ]
    assert leafseal("repair", "--yes", "--keep", "first", file.name).code == 0
    assert leafseal("decrypt", file.name).out == b"m:\n  x: 1\n  y: 2\nk: v\n"


def test_a_duplicate_that_is_also_damaged(leafseal: Run, small: Path) -> None:
    line = line_of(small, "b")
    change(small, line, line + "b: by hand\n")
    assert [one["code"] for one in findings(leafseal, small)] == ["not-encrypted", "duplicate"]
    assert leafseal("repair", "--yes", "--keep", "first", small.name).code == 0
    assert leafseal("decrypt", small.name).out == TEXTS["f.yaml"].encode()


# -- what cannot be mended


def test_a_file_that_nobody_here_can_open(leafseal: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = small.read_bytes()
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    assert leafseal("repair", "--yes", small.name).code == 128
    assert small.read_bytes() == before


def test_a_conflict_of_git_is_left_to_resolve_or_decided_by_hand_and_then_repaired(leafseal: Run, file: Path) -> None:
    line = next(line for line in file.read_text().splitlines(keepends=True) if "lastmodified" in line)
    other = re.sub(r"20\d\d", "2001", line)
    whole = file.read_text()
    change(file, line, f"<<<<<<< HEAD\n{other}=======\n{line}>>>>>>> other\n")
    before = file.read_bytes()
    refused = leafseal("repair", "--yes", file.name)
    assert refused.code == 2
    assert f'the file has conflict markers of a merge: run "leafseal resolve {file.name}"' in refused.err
    assert file.read_bytes() == before
    file.write_text(whole.replace(line, other))
    assert leafseal("repair", "--yes", file.name).code == 0
    assert leafseal("decrypt", file.name).out == TEXTS[file.name].encode()


def test_two_metadata_blocks(leafseal: Run, file: Path, work: Path, me: ThrowawayIdentity) -> None:
    text = file.read_text()
    start = {".yaml": "sops:\n", ".json": '\t"sops": {', ".env": "sops_", ".ini": "[sops]\n"}[file.suffix]
    block = text[text.index(start) :]
    if file.suffix == ".json":
        file.write_text(text.replace(start, block.rpartition("}")[0].rstrip() + ",\n" + start))
    else:
        file.write_text(text + block)
    before = file.read_bytes()
    for options in ([], ["--yes", "--keep", "first"]):
        refused = leafseal("repair", *options, file.name)
        assert refused.code == 1
        assert "found a duplicate sops entry" in refused.err
        hint = "hint: delete the one that does not belong to the values, then run"
        assert f'{hint} "leafseal repair {file.name}"' in refused.err
    assert "remove one of the two" not in leafseal("decrypt", file.name).err
    assert file.read_bytes() == before
    file.write_text(text)
    assert leafseal("repair", file.name).code == 0


def test_tokens_without_metadata_are_damaged(leafseal: Run, file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    kept = next(number for number, line in enumerate(lines) if "sops" in line)
    text = "".join(lines[:kept])
    file.write_text(text if file.suffix != ".json" else text.rstrip().rstrip(",") + "\n}\n")
    before = file.read_bytes()
    refused = leafseal("repair", "--yes", file.name)
    assert refused.code == 1
    assert "damaged: it contains encrypted values, but no sops metadata" in refused.err
    assert "restore a version that has the metadata" in refused.err
    assert file.read_bytes() == before


def test_a_name_twice_in_the_metadata_is_not_passed_over(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    for name in ("f.json", "f.yaml"):
        file = encrypted(leafseal, work / name, TEXTS[name], me)
        line = next(line for line in file.read_text().splitlines(keepends=True) if "lastmodified" in line)
        change(file, line, line * 2)
        refused = leafseal("repair", "--yes", "--keep", "first", file.name)
        assert refused.code in (1, 2)
        assert re.search("lastmodified appears twice|has a key twice", refused.err)
        assert file.read_text().count(line) == 2


def test_a_read_only_file(leafseal: Run, small: Path) -> None:
    rename(small, "b", "renamed")
    before = small.read_bytes()
    small.chmod(0o444)
    refused = leafseal("repair", "--yes", "--remove", small.name)
    assert refused.code == 3
    assert "read-only" in refused.err
    assert small.read_bytes() == before


def test_one_file_that_cannot_be_read_leaves_all_alone(leafseal: Run, small: Path, work: Path) -> None:
    rename(small, "b", "renamed")
    before = small.read_bytes()
    (work / "plain.yaml").write_text("a: 1\n")
    result = leafseal("repair", "--yes", "--remove", small.name, "plain.yaml", "none.yaml")
    assert result.code == 1
    assert b"renamed" in result.out
    assert "plain.yaml: not encrypted" in result.err
    assert small.read_bytes() == before
    told = json.loads(leafseal("repair", "--json", "--yes", "--remove", small.name, "plain.yaml").out)
    assert [(one["file"], one["repaired"]) for one in told["files"]] == [(small.name, False)]
    assert [(one["file"], one["code"]) for one in told["errors"]] == [("plain.yaml", "not-encrypted")]
    assert leafseal("repair", "-").code == 8


def test_json_tells_of_a_repair(leafseal: Run, small: Path) -> None:
    rename(small, "b", "renamed")
    result = leafseal("repair", "--json", "--yes", "--remove", small.name)
    [about] = json.loads(result.out)["files"]
    assert (result.code, about["repaired"]) == (0, True)
    assert {one["code"] for one in about["findings"]} == {"changed-value", "mac-mismatch"}


# -- guards


def test_recipients_that_the_configuration_does_not_name(leafseal: Run, small: Path, work: Path) -> None:
    rename(small, "b", "renamed")
    before = small.read_bytes()
    (work / ".sops.yaml").write_text(f"creation_rules: [{{age: {throwaway_identity().recipient}}}]\n")
    refused = leafseal("repair", "--yes", "--remove", small.name)
    assert refused.code == 220
    assert "--accept-recipients" in refused.err
    assert small.read_bytes() == before
    assert leafseal("repair", "--yes", "--remove", "--accept-recipients", small.name).code == 0


def test_a_rule_that_got_weaker(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work / "w.yaml", "a: one\nb: two\n", me, "--encrypted-regex", "^a$")
    change(file, "b: two", "b: three")
    (work / ".sops.yaml").write_text(f"creation_rules: [{{age: {me.recipient}}}]\n")
    before = file.read_bytes()
    refused = leafseal("repair", "--yes", file.name)
    assert refused.code == 220
    assert "to encrypt it, add --sync-rules; to leave it in plain text, add --keep-rules" in refused.err
    assert file.read_bytes() == before
    assert leafseal("repair", "--yes", "--keep-rules", file.name).code == 0
    assert leafseal("decrypt", file.name).out == b"a: one\nb: three\n"
    file.write_bytes(before)
    assert leafseal("repair", "--yes", "--sync-rules", file.name).code == 0
    assert b"three" not in file.read_bytes()
    assert leafseal("decrypt", file.name).out == b"a: one\nb: three\n"
