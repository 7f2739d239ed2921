"""`leafseal merge` by itself: what it writes where, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.opening import open_sealed, reseal_text

from leafseal.cli import merge
from leafseal.metadata.unresolved import read
from leafseal.system import signals
from leafseal.testing import ThrowawayIdentity

from .conftest import Result, Run

NAMES = ("base.yaml", "ours.yaml", "theirs.yaml")


@pytest.fixture
def versions(sealed: Path, work: Path, me: ThrowawayIdentity) -> Path:
    """Three versions: ours and theirs changed the same password, and each another value."""
    data = sealed.read_bytes()
    opened = open_sealed(data, "yaml", me.ambient())
    plain = opened.plaintext().decode()
    (work / "base.yaml").write_bytes(data)
    for name, words in (("ours.yaml", "ours: 1\n"), ("theirs.yaml", "theirs: 1\n")):
        changed = plain.replace("  password: ", f"  password: {name[0]}-").rstrip("\n") + f"\n{words}"
        assert changed.count(f"{name[0]}-") == 1
        (work / name).write_bytes(reseal_text(opened, changed.encode()).data)
    return work


def opened(path: Path, me: ThrowawayIdentity) -> tuple[str, list[str]]:
    found = open_sealed(path.read_bytes(), "yaml", me.ambient())
    return found.plaintext().decode(), list(read(found.metadata).places)


def test_a_conflict_exits_with_1_and_says_how_to_go_on(leafseal: Run, versions: Path, me: ThrowawayIdentity) -> None:
    result = leafseal("merge", *NAMES, "-o", "out.yaml")
    assert result.code == 1
    assert result.err == (
        "leafseal: out.yaml: CONFLICT /db/password: changed on both sides (ours, theirs)\n"
        'leafseal: out.yaml: has ours where there is a conflict; to decide, run "leafseal resolve out.yaml"\n'
    )
    text, places = opened(versions / "out.yaml", me)
    assert places == ["/db/password"]
    assert "ours: 1\n" in text
    assert "theirs: 1\n" in text


def test_the_result_goes_to_standard_output(leafseal: Run, versions: Path) -> None:
    before = {name: (versions / name).read_bytes() for name in NAMES}
    result = leafseal("merge", "base.yaml", "ours.yaml", "base.yaml")
    assert (result.code, result.out, result.err) == (0, before["ours.yaml"], "")
    assert {name: (versions / name).read_bytes() for name in NAMES} == before


def test_a_conflict_on_standard_output_is_decided_in_a_file(leafseal: Run, versions: Path) -> None:
    result = leafseal("merge", *NAMES)
    assert result.code == 1
    assert result.err.endswith(
        "has ours where there is a conflict; to decide, write the result to a file, with --output\n"
    )


def test_the_driver_replaces_ours(leafseal: Run, versions: Path, me: ThrowawayIdentity) -> None:
    names = ("--base-name=%S", "--our-name=HEAD", "--their-name=topic")
    result = leafseal("merge", "--git", "--size=7", "--path=secrets/x.yaml", *names, *NAMES)
    assert result.code == 1
    assert "secrets/x.yaml: CONFLICT /db/password: changed on both sides (HEAD, topic)\n" in result.err
    assert opened(versions / "ours.yaml", me)[1] == ["/db/password"]
    assert sorted(path.name for path in versions.iterdir() if path.name.startswith(".")) == [".git"]


def test_an_ancestor_gets_values_that_equal_no_side(leafseal: Run, versions: Path, me: ThrowawayIdentity) -> None:
    result = leafseal("merge", "--git", "--size=9", "--path=x.yaml", *NAMES)
    assert (result.code, result.err) == (0, "")
    text, places = opened(versions / "ours.yaml", me)
    assert "password: leafseal-unresolved-ancestor:" in text
    assert places == []
    assert b"leafseal-unresolved-ancestor" not in (versions / "ours.yaml").read_bytes()


def test_a_base_that_does_not_exist_is_none(leafseal: Run, versions: Path) -> None:
    assert leafseal("merge", "nothing.yaml", "ours.yaml", "ours.yaml", "-o", "out.yaml").code == 0
    assert leafseal("merge", "base.yaml", "nothing.yaml", "ours.yaml").code == 100


@pytest.mark.usefixtures("versions")
def test_whatever_fails_exits_with_1_for_git(leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def driver(*words: str) -> Result:
        return leafseal("merge", "--git", *words)

    before = (work / "ours.yaml").read_bytes()
    assert driver("base.yaml", "ours.yaml").code == 1
    assert driver("base.yaml", "ours.yaml", "nothing.yaml").code == 1
    assert driver(*NAMES, "-o", "x").code == 1
    monkeypatch.delenv("SOPS_AGE_KEY")
    result = leafseal("merge", *NAMES)
    assert result.code == 128
    assert result.err.startswith("leafseal: error: ours.yaml: ours: no key of yours can decrypt this file; ")
    result = driver(*NAMES)
    assert result.code == 1
    assert result.err == (
        "leafseal: error: ours.yaml: not merged: no key of yours can decrypt ours;"
        ' to see why, and to go on, run "leafseal resolve --all"\n'
    )
    for fault in (KeyboardInterrupt(), signals.Ended(15)):

        def fail(*_: object, _fault: BaseException = fault) -> None:
            raise _fault

        monkeypatch.setattr(merge, "merge_files", fail)
        assert driver(*NAMES).code == 1
    assert (work / "ours.yaml").read_bytes() == before


def test_a_file_that_is_none_of_its_format_is_named(leafseal: Run, versions: Path) -> None:
    (versions / "theirs.yaml").write_text("<<<<<<< HEAD\n" + (versions / "theirs.yaml").read_text())
    result = leafseal("merge", *NAMES)
    assert result.code != 0
    assert "theirs.yaml: theirs cannot be merged: line 1: unresolved Git conflict (<<<<<<<)\n" in result.err
    assert '"leafseal resolve theirs.yaml"' in result.err
    result = leafseal("merge", "--git", "--path=x.yaml", "--their-name=topic", *NAMES)
    assert "x.yaml: theirs (topic) cannot be merged: line 1: " in result.err
    assert '"git checkout --ours x.yaml"' in result.err


@pytest.mark.parametrize(
    ("theirs", "what"),
    [
        (b"a: 1\n", "is not encrypted, and the other side is"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is not encrypted: a Git LFS pointer, not an encrypted file"),
        (b"", "is empty"),
        (b"A=ENC[AES256_GCM,data:x]\nsops_mac=x\n", "is an encrypted dotenv file, and yaml is merged"),
    ],
)
def test_what_a_side_is_instead_is_named(leafseal: Run, versions: Path, theirs: bytes, what: str) -> None:
    before = (versions / "ours.yaml").read_bytes()
    (versions / "theirs.yaml").write_bytes(theirs)
    result = leafseal("merge", "--git", "--path=x.yaml", "--their-name=topic", *NAMES)
    assert result.code == 1
    assert result.err.startswith(f"leafseal: error: x.yaml: theirs (topic) {what}\n")
    assert result.err.endswith(' x.yaml"\n' if theirs else "keep the file or to delete it\n")
    assert (versions / "ours.yaml").read_bytes() == before


def test_a_base_that_is_plain_counts_as_none(leafseal: Run, versions: Path, me: ThrowawayIdentity) -> None:
    (versions / "base.yaml").write_text("db:\n  password: x\n")
    result = leafseal("merge", *NAMES, "-o", "out.yaml")
    assert result.code == 1
    assert "base cannot be merged: not encrypted" in result.err
    assert "what both sides have counts as added by both\n" in result.err
    assert opened(versions / "out.yaml", me)[1] == ["/db/password"]
