"""`git setup`, `git unsetup` and `git doctor`, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run

RULES = """\
creation_rules:
  - path_regex: ^secrets/.*\\.yaml$
    age: {me}
"""


def git(folder: Path, *arguments: str, data: bytes | None = None, code: int = 0) -> str:
    """Run the real Git with an empty configuration of the user."""
    environ = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(words, cwd=folder, env=environ, input=data, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode() + (done.stderr.decode() if code else "")


@pytest.fixture
def repository(leafseal: Run, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a rule for one folder, and an encrypted file in it."""
    monkeypatch.setenv("PATH", f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}")
    (work / ".git").rmdir()
    git(work, "init", "-q", "-b", "main")
    (work / ".sops.yaml").write_text(RULES.format(me=me.recipient))
    (work / "secrets").mkdir()
    (work / "secrets" / "app.yaml").write_text("password: hunter2\n")
    (work / "plain.yaml").write_text("a: 1\n")
    assert leafseal("encrypt", "-i", "secrets/app.yaml").code == 0
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    return work


def attributes(repository: Path, name: str) -> dict[str, str]:
    told = git(repository, "check-attr", "diff", "merge", "filter", "--", name)
    return dict(line.rsplit(": ", 2)[1:] for line in told.splitlines())  # type: ignore[misc]


def own_sections(repository: Path) -> set[str]:
    told = git(repository, "config", "--local", "--list", "--name-only")
    return {name.rpartition(".")[0] for name in told.splitlines() if "leafseal" in name}


def test_setup_writes_attributes_and_drivers_and_shows_them(leafseal: Run, repository: Path) -> None:
    before = git(repository, "config", "--local", "--list")
    result = leafseal("git", "setup")
    assert result.code == 0
    assert result.out == b""
    assert ".gitattributes: + secrets/**/*.yaml diff=leafseal merge=leafseal" in result.err
    assert "diff.leafseal.textconv" in result.err
    told = 'commit .gitattributes; in each clone of the repository, run "leafseal git setup" once'
    assert result.err.endswith(f"leafseal: {told}\n")
    assert attributes(repository, "secrets/deep/x.yaml") == dict.fromkeys(("diff", "merge"), "leafseal") | {
        "filter": "unspecified"
    }
    assert attributes(repository, "plain.yaml")["merge"] == "unspecified"
    assert own_sections(repository) == {"diff.leafseal", "merge.leafseal", "mergetool.leafseal"}
    after = git(repository, "config", "--local", "--list")
    assert after.startswith(before)
    assert git(repository, "status", "--porcelain") == "?? .gitattributes\n"
    assert "/leafseal " not in after  # by its name alone
    again = leafseal("git", "setup", "--protect").err
    assert again.endswith(f"leafseal: {told.replace('setup', 'setup --protect')}\n")


def test_running_it_again_changes_nothing(leafseal: Run, repository: Path) -> None:
    leafseal("git", "setup")
    files = [repository / ".gitattributes", repository / ".git" / "config"]
    before = [path.read_bytes() for path in files]
    result = leafseal("git", "setup")
    assert result.err == "leafseal: everything is set up already\n"
    assert [path.read_bytes() for path in files] == before
    assert leafseal("git", "setup", "--quiet").err == ""


def test_a_rule_that_changes_changes_the_lines(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    (repository / ".gitattributes").write_text("*.txt text\n")
    leafseal("git", "setup")
    (repository / ".sops.yaml").write_text(RULES.replace("secrets/", "(env|secrets)/").format(me=me.recipient))
    result = leafseal("git", "setup")
    assert "+ env/**/*.yaml" in result.err
    lines = (repository / ".gitattributes").read_text().splitlines()
    assert lines[0] == "*.txt text"
    assert [line.split(" ")[0] for line in lines if "leafseal merge" in line] == ["env/**/*.yaml", "secrets/**/*.yaml"]


def test_a_rule_that_globs_cannot_say_is_named(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    (repository / ".sops.yaml").write_text(RULES.replace(r"^secrets/.*\.yaml$", "'[é-ü]'").format(me=me.recipient))
    result = leafseal("git", "setup")
    assert "creation_rules[0].path_regex: .gitattributes cannot express it (for every file)" in result.err
    for name in ("secrets/app.yaml", "other.yml", "x.json", ".env.prod", "a/b.ini", "prod.env"):
        assert attributes(repository, name)["merge"] == "leafseal", name


def test_a_wrong_configuration_is_told_and_the_endings_are_taken(leafseal: Run, repository: Path) -> None:
    (repository / ".sops.yaml").write_text("creation_rules: [{path_regex: '('}]\n")
    result = leafseal("git", "setup")
    assert result.code == 0
    assert "warning: .sops.yaml:" in result.err
    assert attributes(repository, "secrets/app.yaml")["merge"] == "leafseal"


def test_configurations_of_folders_and_files_that_no_rule_is_for(
    leafseal: Run, repository: Path, me: ThrowawayIdentity
) -> None:
    (repository / "de[v").mkdir()
    (repository / "de[v" / ".sops.yaml").write_text(RULES.format(me=me.recipient))
    (repository / "two\nlines.crt").write_bytes((repository / "secrets" / "app.yaml").read_bytes())
    (repository / "notes.md").write_text("sops: and ENC[AES256_GCM, are words\n")
    git(repository, "add", ".")
    leafseal("git", "setup")
    assert attributes(repository, "de[v/secrets/x.yaml")["merge"] == "leafseal"
    assert attributes(repository, "d/secrets/x.yaml")["merge"] == "unspecified"
    assert attributes(repository, "notes.md")["merge"] == "unspecified"
    told = git(repository, "check-attr", "-z", "merge", "--", "two\nlines.crt")
    assert told == "two\nlines.crt\0merge\0leafseal\0"
    assert json.loads(leafseal("git", "doctor", "--json").out)["encrypted_files"] == 2


def test_unsetup_removes_what_setup_wrote(leafseal: Run, repository: Path) -> None:
    config = (repository / ".git" / "config").read_bytes()
    (repository / ".gitattributes").write_text("*.txt text\n")
    leafseal("git", "setup")
    result = leafseal("git", "unsetup")
    assert "removed section merge.leafseal" in result.err
    assert ".gitattributes stays" in result.err
    assert (repository / ".git" / "config").read_bytes() == config
    assert "merge=leafseal" in (repository / ".gitattributes").read_text()
    leafseal("git", "unsetup", "--attributes")
    assert (repository / ".gitattributes").read_text() == "*.txt text\n"
    assert "nothing is set up" in leafseal("git", "unsetup").err


def test_without_the_program_git_removes_it(leafseal: Run, repository: Path) -> None:
    config = (repository / ".git" / "config").read_bytes()
    leafseal("git", "setup")
    for section in ("diff.leafseal", "merge.leafseal", "mergetool.leafseal"):
        git(repository, "config", "--local", "--remove-section", section)
    assert (repository / ".git" / "config").read_bytes() == config


def test_cached_plaintext_is_turned_off_and_named(leafseal: Run, repository: Path) -> None:
    leafseal("git", "setup")
    git(repository, "config", "diff.leafseal.cachetextconv", "true")
    blob = git(repository, "hash-object", "-w", "--stdin", data=b"plain").strip()
    git(repository, "update-ref", "refs/notes/textconv/leafseal", git(repository, "rev-parse", "HEAD").strip())
    assert blob
    codes = [one["code"] for one in json.loads(leafseal("git", "doctor", "--json").out)["problems"]]
    assert {"caches-plaintext", "cached-plaintext"} <= set(codes)
    result = leafseal("git", "setup")
    assert "diff.leafseal.cachetextconv is off now" in result.err
    assert 'delete it with "git update-ref -d refs/notes/textconv/leafseal"' in result.err
    git(repository, "update-ref", "-d", "refs/notes/textconv/leafseal")
    assert "cache" not in leafseal("git", "doctor").out.decode()


@pytest.mark.parametrize("command", ["setup", "unsetup", "doctor"])
def test_where_there_is_no_repository(leafseal: Run, work: Path, command: str, tmp_path: Path) -> None:
    (work / ".git").rmdir()
    result = leafseal("git", command)
    assert (result.code, result.out) == (1, b"")
    assert result.err.startswith("leafseal: error: not in a Git repository\nleafseal: hint: ")
    git(work, "init", "-q", "--bare")
    assert "error: in a bare repository" in leafseal("git", command).err


def test_a_linked_work_tree_shares_the_drivers(
    leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "worktree", "add", "-q", "../linked")
    monkeypatch.chdir(repository.parent / "linked")
    leafseal("git", "setup")
    assert (repository.parent / "linked" / ".gitattributes").exists()
    assert not (repository / ".gitattributes").exists()
    assert "merge.leafseal" in own_sections(repository)


def test_doctor_tells_which_half_is_missing(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    def codes() -> list[str]:
        result = leafseal("git", "doctor", "--json")
        found = json.loads(result.out)
        assert result.code == (222 if found["problems"] else 0)
        return [one["code"] for one in found["problems"]]

    assert codes() == ["no-drivers", "no-attributes"]
    leafseal("git", "setup")
    assert codes() == ["attributes-not-added"]
    git(repository, "add", ".gitattributes")
    assert codes() == []
    git(repository, "config", "--unset", "merge.leafseal.driver")
    assert codes() == ["half-a-driver"]
    git(repository, "config", "merge.leafseal.driver", "true")
    assert codes() == ["other-drivers"]
    leafseal("git", "unsetup")
    assert codes() == ["no-drivers"]
    leafseal("git", "setup")
    with (repository / ".gitattributes").open("a") as file:
        file.write("secrets/* merge=union\n")
    assert codes() == ["union-merge"]
    text = (repository / ".gitattributes").read_text().replace("merge=union", "-merge")
    (repository / ".gitattributes").write_text(text)
    assert codes() == ["other-attributes"]


def test_doctor_tells_that_git_cannot_find_the_program(
    leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [one for one in os.environ["PATH"].split(os.pathsep) if not os.path.exists(f"{one}/leafseal")]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    assert "warning: leafseal is not on PATH" in leafseal("git", "setup").err
    assert "not-on-path" in leafseal("git", "doctor", "--json").out.decode()


def test_doctor_prints_what_mends_it(leafseal: Run, repository: Path) -> None:
    result = leafseal("git", "doctor")
    assert result.code == 222
    assert "secrets/app.yaml: .gitattributes gives them no driver" in result.out.decode()
    assert "  leafseal git setup\n" in result.out.decode()


def test_a_file_that_a_merge_left_in_conflict_is_an_encrypted_one(
    leafseal: Run, repository: Path, me: ThrowawayIdentity, tmp_path: Path
) -> None:
    (tmp_path / "all.yaml").write_text(f"creation_rules: [{{age: {me.recipient}}}]\n")

    def commit(password: str) -> None:
        (repository / "other.data").write_text(password)
        sealed = leafseal("encrypt", "--config", str(tmp_path / "all.yaml"), "-i", "other.data")
        assert sealed.code == 0, sealed.err
        git(repository, "add", ".")
        git(repository, "commit", "-qm", password)

    commit("one")
    leafseal("git", "setup", "--protect")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "-qm", "attributes")
    attributes = (repository / ".gitattributes").read_text()
    assert "/other.data diff=leafseal merge=leafseal filter=" in attributes
    encrypted = json.loads(leafseal("git", "doctor", "--json").out)["encrypted_files"]
    git(repository, "switch", "-qc", "side")
    commit("two")
    git(repository, "switch", "-q", "-")
    commit("three")
    git(repository, "merge", "side", code=1)
    assert json.loads(leafseal("git", "doctor", "--json").out)["encrypted_files"] == encrypted
    assert leafseal("git", "setup", "--protect").code == 0
    assert (repository / ".gitattributes").read_text() == attributes


def test_a_submodule_is_a_repository_of_its_own(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "other")
    git(repository, "submodule", "add", "-q", str(tmp_path / "other"), "sub")
    assert "run this in each too: sub" in leafseal("git", "setup").err
    findings = json.loads(leafseal("git", "doctor", "--json").out)["problems"]
    assert {"file": "sub"} in next(one["files"] for one in findings if one["code"] == "submodule")


def test_where_git_cannot_write_nothing_is_written(leafseal: Run, repository: Path) -> None:
    (repository / ".git" / "config.lock").touch()
    result = leafseal("git", "setup")
    assert result.code == 1
    assert "error: git config: could not lock config file" in result.err
    assert not (repository / ".gitattributes").exists()


def test_a_repository_without_encrypted_files_lacks_nothing(
    leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "rm", "-q", "--cached", "secrets/app.yaml")
    (repository / "deep").mkdir()
    monkeypatch.chdir(repository / "deep")
    leafseal("git", "setup", "--protect")
    assert leafseal("git", "doctor").out.decode().splitlines()[1:] == ["  git add :/.gitattributes"]
    git(repository / "deep", "add", ":/.gitattributes")
    assert leafseal("git", "doctor").out == b"this clone shows and merges 0 encrypted files by value" + (
        b", and refuses plain text in their place\n"
    )


def test_the_settings_for_jj(leafseal: Run, work: Path) -> None:
    import tomllib

    tools = tomllib.loads(leafseal("git", "jj").out.decode())["merge-tools"]["leafseal"]
    assert tools["program"] == "leafseal"
    assert "merge-conflict-exit-codes" not in tools  # jj would take the file, which has no markers, for resolved
