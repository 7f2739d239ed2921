"""The structure digest on the command line, under the name of sops and in the library."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import leafseal as library
from leafseal.sops.main import run as run_sops
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run

NOT_COVERED = "structure not covered: last written by another tool"
BLOCK = re.compile(rb"    leafseal:\n        structure1_t.*\n")


def cut_out(path: Path) -> None:
    """Delete the digest, as sops does when it writes the file."""
    data, count = BLOCK.subn(b"", path.read_bytes())
    assert count == 1
    path.write_bytes(data)


def is_covered(leafseal: Run, path: Path) -> bool:
    return leafseal("decrypt", "--require-structure", path.name).code == 0


@pytest.fixture
def covered(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    path = work / "app.yaml"
    path.write_bytes(b"# note\na: one\nb: [x, z]\nempty: ''\n")
    assert leafseal("encrypt", "-i", path.name).code == 0
    return path


@pytest.fixture
def uncovered(covered: Path) -> Path:
    cut_out(covered)
    return covered


READERS = [
    ["decrypt", "app.yaml"],
    ["get", "app.yaml", "a"],
    ["verify", "app.yaml"],
    ["exec-env", "--flatten", "_", "app.yaml", "--", "true"],
    ["edit", "app.yaml"],
    ["set", "app.yaml", "a", "new"],
    ["unset", "app.yaml", "a"],
    ["rotate", "-i", "app.yaml"],
    ["updatekeys", "-y", "app.yaml"],
    ["groups", "delete", "-f", "app.yaml", "--group", "1"],
]


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
def test_every_command_that_opens_a_file_can_require_it(
    leafseal: Run, uncovered: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    before = uncovered.read_bytes()
    command = words[:2] if words[0] == "groups" else words[:1]
    result = leafseal(*command, "--require-structure", *words[len(command) :])
    assert (result.code, result.out) == (51, b"")
    assert f"app.yaml: {NOT_COVERED}" in result.err
    assert uncovered.read_bytes() == before


def test_what_the_hint_says_covers_the_file(leafseal: Run, uncovered: Path) -> None:
    assert 'then "leafseal rotate -i app.yaml" covers it' in leafseal("decrypt", "--require-structure", "app.yaml").err
    assert leafseal("rotate", "-i", "app.yaml").code == 0
    assert is_covered(leafseal, uncovered)


@pytest.mark.parametrize(
    "words",
    [
        ["edit", "app.yaml"],
        ["set", "app.yaml", "a", "new"],
        ["unset", "app.yaml", "b"],
        ["rotate", "-i", "app.yaml"],
        ["updatekeys", "-y", "app.yaml"],
        ["groups", "add", "--accept-recipients", "-i", "-f", "app.yaml", "--age", "ME", "--threshold", "2"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("was_covered", [True, False])
def test_every_command_that_writes_covers_the_file(
    leafseal: Run, covered: Path, work: Path, monkeypatch: pytest.MonkeyPatch, me: ThrowawayIdentity,
    words: list[str], was_covered: bool,
) -> None:  # fmt: skip
    if not was_covered:
        cut_out(covered)
    monkeypatch.setenv("EDITOR", "sed -i s/one/two/")
    other = throwaway_identity().recipient
    if words[0] == "updatekeys":
        (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient},{other}\n")
    before = covered.read_bytes()
    result = leafseal(*[me.recipient if word == "ME" else word for word in words])
    assert result.code == 0, result.err
    assert covered.read_bytes() != before
    assert is_covered(leafseal, covered)
    assert b"changed since" not in leafseal("verify", "app.yaml").out


def test_a_file_whose_recipients_do_not_change_keeps_its_digest(leafseal: Run, covered: Path) -> None:
    before = BLOCK.findall(covered.read_bytes())
    assert leafseal("updatekeys", "-y", "app.yaml").code == 0
    assert BLOCK.findall(covered.read_bytes()) == before


def test_without_structure_there_is_no_field_that_sops_does_not_know(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    for name, text in {
        "a.yaml": "a: one\n",
        "a.json": '{\n\t"a": "one"\n}\n',
        "a.env": "A=one\n",
        "a.ini": "[s]\na = one\n",
    }.items():
        (work / name).write_text(text)
        assert leafseal("encrypt", "-i", "--no-structure", "--age", me.recipient, name).code == 0
        assert b"leafseal" not in (work / name).read_bytes()
        assert leafseal("decrypt", name).out.decode() == text


def test_a_changed_structure_is_refused_and_repair_tells_of_it(leafseal: Run, covered: Path) -> None:
    covered.write_bytes(covered.read_bytes().replace(b"empty: ''", b"other: ''"))
    refused = leafseal("decrypt", "app.yaml")
    assert (refused.code, refused.out) == (51, b"")
    assert (
        "changed by hand after it was encrypted: a name, a place, a type, a tag, an empty value or sops.leafseal"
        in refused.err
    )
    assert '"leafseal repair app.yaml" shows what is known' in refused.err
    shown = leafseal("repair", "app.yaml")
    assert shown.code == 222
    assert b"a name, a place, a type, a tag, an empty value or sops.leafseal was changed by hand" in shown.out
    [about] = json.loads(leafseal("repair", "--json", "app.yaml").out)["files"]
    assert [finding["code"] for finding in about["findings"]] == ["structure-mismatch"]
    assert leafseal("repair", "--yes", "app.yaml").code == 0
    assert is_covered(leafseal, covered)


def test_with_the_mac_ignored_it_opens_and_a_write_covers_it(leafseal: Run, covered: Path) -> None:
    covered.write_bytes(covered.read_bytes().replace(b"empty: ''", b"other: ''"))
    assert b"other: ''" in leafseal("decrypt", "--ignore-mac", "app.yaml").out
    verified = leafseal("verify", "--ignore-mac", "app.yaml").out
    assert b"the integrity check (MAC) was skipped" in verified
    assert leafseal("set", "--ignore-mac", "--write-unverified", "app.yaml", "a", "two").code == 0
    assert is_covered(leafseal, covered)


def test_an_empty_line_that_was_added_is_unset_without_more(leafseal: Run, covered: Path) -> None:
    covered.write_bytes(covered.read_bytes().replace(b"empty: ''", b"empty: ''\nadded: ''"))
    refused = leafseal("set", "app.yaml", "a", "new")
    assert refused.code == 51
    assert "add --ignore-mac --write-unverified" in refused.err
    assert leafseal("unset", "app.yaml", "added").code == 0
    assert leafseal("decrypt", "--require-structure", "app.yaml").out == b"# note\na: one\nb: [x, z]\nempty: ''\n"


def test_both_options_contradict_each_other(leafseal: Run, covered: Path) -> None:
    result = leafseal("decrypt", "--ignore-mac", "--require-structure", "app.yaml")
    assert result.code == 8
    assert "contradict each other" in result.err


# -- what is told ----------------------------------------------------------------------------------------------------


def test_verify_and_inspect_tell_what_is_not_covered(leafseal: Run, covered: Path) -> None:
    assert NOT_COVERED.encode() not in leafseal("verify", "app.yaml").out + leafseal("inspect", "app.yaml").out
    assert b"empty, not protected" not in leafseal("verify", "app.yaml").out
    assert [about["structure"] for about in json.loads(leafseal("inspect", "--json", "app.yaml").out)["files"]] == [
        "covered"
    ]
    cut_out(covered)
    for command in ("verify", "inspect"):
        result = leafseal(command, "app.yaml")
        assert (result.code, f"  {NOT_COVERED}\n".encode() in result.out) == (0, True)
        assert [about["structure"] for about in json.loads(leafseal(command, "--json", "app.yaml").out)["files"]] == [
            "missing"
        ]
    assert b"empty, not protected: empty" in leafseal("verify", "app.yaml").out


def test_verify_tells_what_was_changed_by_hand(leafseal: Run, covered: Path) -> None:
    covered.write_bytes(covered.read_bytes().replace(b"\na: ENC", b"\n# by hand\na: ENC"))
    result = leafseal("verify", "app.yaml")
    assert result.code == 0
    assert b"  changed since leafseal last wrote the file: comments\n" in result.out
    [about] = json.loads(leafseal("verify", "--json", "app.yaml").out)["files"]
    assert about["changed_by_hand"] == ["comments"]


def test_verify_tells_of_other_metadata_in_a_later_document(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    path = work / "two.yaml"
    path.write_text("a: 1\n---\nb: 2\n---\nc: 3\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "two.yaml").code == 0
    assert b"alone count" not in leafseal("verify", "two.yaml").out
    first, second, third = path.read_text().split("\n---\n")
    changed = second.replace(me.recipient, throwaway_identity().recipient)
    path.write_text("\n---\n".join([first, changed, third]))
    result = leafseal("verify", "two.yaml")
    assert result.code == 0
    assert b"  the sops metadata of document 2 differ from those of the first, which alone count\n" in result.out
    [about] = json.loads(leafseal("verify", "--json", "two.yaml").out)["files"]
    assert about["documents_with_other_metadata"] == [1]
    assert leafseal("rotate", "-i", "two.yaml").code == 0
    assert b"alone count" not in leafseal("verify", "two.yaml").out


# -- the policy ------------------------------------------------------------------------------------------------------


def policy(work: Path, text: str) -> None:
    folder = work.parent / "home" / "config" / "leafseal"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_text(text)


def test_the_policy_requires_it_everywhere(
    leafseal: Run, uncovered: Path, work: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run_sops(["-d", "app.yaml"]) == 0
    policy(work, "require_structure = true\n")
    assert leafseal("decrypt", "app.yaml").code == 51
    assert leafseal("set", "app.yaml", "a", "new").code == 51
    capfdbinary.readouterr()
    assert run_sops(["-d", "app.yaml"]) == 51
    assert capfdbinary.readouterr().out == b""
    for call in (library.load, library.SealedFile.open):
        with pytest.raises(library.StructureMismatchError):
            call("app.yaml")  # type: ignore[operator]


def test_the_policy_leaves_it_out(leafseal: Run, covered: Path, work: Path) -> None:
    policy(work, "omit_structure = true\n")
    assert leafseal("set", "app.yaml", "a", "new").code == 0
    assert b"structure" not in covered.read_bytes()
    (work / "b.yaml").write_text("a: x\n")
    assert leafseal("encrypt", "-i", "b.yaml").code == 0
    assert b"leafseal" not in (work / "b.yaml").read_bytes()


# -- several documents -----------------------------------------------------------------------------------------------


def test_exec_env_takes_the_document_that_is_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    path = work / "app.yaml"
    path.write_text("A: one\n---\nA: two\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "app.yaml").code == 0
    command = ["--", "sh", "-c", "echo $A"]
    assert leafseal("exec-env", "--supervise", "app.yaml", *command).out == b"one\n"
    cut_out(path)
    refused = leafseal("exec-env", "--supervise", "app.yaml", *command)
    assert refused.code == 220
    assert "contains 2 documents, and nothing protects where one ends" in refused.err
    assert "add --document N to say which; the first is 0" in refused.err
    for number, text in enumerate([b"one\n", b"two\n"]):
        assert leafseal("exec-env", "--supervise", "--document", str(number), "app.yaml", *command).out == text
    missing = leafseal("exec-env", "--supervise", "--document", "2", "app.yaml", *command)
    assert (missing.code, "there is no document 2; the last is 1" in missing.err) == (91, True)


def test_the_library_takes_the_document_that_is_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    path = work / "app.yaml"
    path.write_text("A: one\n---\nA: two\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "app.yaml").code == 0
    assert (library.load(path), library.load(path, document=1)) == ({"A": "one"}, {"A": "two"})
    cut_out(path)
    for refused in (lambda: library.load(path), lambda: library.open_many([path])):
        with pytest.raises(library.RefusedError, match="contains 2 documents") as caught:
            refused()
        assert "document=N" in str(caught.value.hint)
    assert library.loads(path.read_bytes(), format="yaml", document=0) == {"A": "one"}
    with pytest.raises(library.PathError, match="there is no document 2"):
        library.load(path, document=2)
    assert library.SealedFile.open(path).documents() == [{"A": "one"}, {"A": "two"}]


def test_the_library_requires_it(leafseal: Run, uncovered: Path) -> None:
    data = uncovered.read_bytes()
    for refused in (
        lambda: library.load(uncovered, require_structure=True),
        lambda: library.loads(data, format="yaml", require_structure=True),
        lambda: library.decrypt(data, format="yaml", require_structure=True),
        lambda: library.open_many([uncovered], require_structure=True),
        lambda: library.SealedFile.open(uncovered, require_structure=True),
    ):
        with pytest.raises(library.StructureMismatchError, match="structure not covered"):
            refused()
    file = library.SealedFile.open(uncovered)
    file.set("a", "new")
    file.save()
    assert library.load(uncovered, require_structure=True)["a"] == "new"
