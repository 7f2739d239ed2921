"""`leafseal check`: what it finds, where it looks, and that it prints no value."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..check.test_exposed import AGE_ARMOR, BODY, pem
from ..git.test_blobs import note_what_is_asked
from .conftest import Run
from .test_every_file import git

OTHER = throwaway_identity()
SECRET = "hunter2-and-more"
MANIFEST = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: {SECRET}\n"
CONFLICT = f"<<<<<<< ours\na: {SECRET}\n=======\na: y\n>>>>>>> theirs\n"


@pytest.fixture
def repository(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    """A repository with a rule for secrets/, one for all files, and an encrypted file."""
    (work / ".git").rmdir()
    git(work, "init", "-q", "-b", "main")
    config(work, f"{{path_regex: ^secrets/, age: {me.recipient}}}", f"{{age: {me.recipient}}}")
    add(work, "secrets/db.yaml", f"db:\n    password: {SECRET}\n    port: 5432\n")
    assert leafseal("encrypt", "-i", "secrets/db.yaml").code == 0
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    return work


def config(work: Path, *rules: str) -> None:
    (work / ".sops.yaml").write_text("creation_rules:\n" + "".join(f"  - {rule}\n" for rule in rules))


def add(work: Path, name: str, text: str | bytes) -> Path:
    path = work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def found(leafseal: Run, *options: str) -> list[tuple[str, str]]:
    """Return the rules and files of all findings."""
    return [(one["rule"], one["file"]) for one in report(leafseal, *options)["results"]]


def report(leafseal: Run, *options: str) -> dict[str, Any]:
    result = leafseal("check", "--json", *options)
    told: dict[str, Any] = json.loads(result.out)
    assert result.code == (222 if told["results"] else 0), result.err
    assert SECRET not in result.out.decode() + result.err
    return told


def test_nothing_is_wrong(leafseal: Run, repository: Path) -> None:
    result = leafseal("check")
    assert result == (0, b"", "leafseal: 2 files checked, 1 of them encrypted: 0 findings\n")


def test_no_key_is_needed(leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    add(repository, "secrets/x.env", f"A={SECRET}\n")
    result = leafseal("check")
    assert result.code == 222
    assert result.out.decode().splitlines() == [
        "secrets/x.env:1: error: plain-file: A: not encrypted, and creation_rules[0] of .sops.yaml is for it",
        "what to do:",
        "  plain-file: Change the secrets in it, then encrypt it: leafseal encrypt -i FILE",
    ]


# -- what it finds


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("secrets/a.yaml", f"a: {SECRET}\n", "plain-file"),
        ("secrets/a.json", f'{{"a": "{SECRET}"}}\n', "plain-file"),
        ("secrets/a.env", f"A={SECRET}\n", "plain-file"),
        ("secrets/a.ini", f"[s]\na = {SECRET}\n", "plain-file"),
        ("secrets/a.bin", f"\0{SECRET}\xff", "plain-file"),
        ("secrets/a.yaml", f"a: {SECRET}\n  b: broken\n", "plain-file"),
        pytest.param("secrets/a.yaml", f"{AGE_ARMOR.decode()}a: {SECRET}\n", "plain-file", id="armor"),
        ("secrets/ca.pem", pem("PRIVATE KEY"), "private-key"),
        ("app.yaml", f"password: {SECRET}\n", "plain-secret"),
        ("keys.txt", OTHER.identity, "private-key"),
        ("notes.md", f"see\n\n{pem('RSA PRIVATE KEY', BODY)}", "private-key"),
        ("deploy/s.yaml", MANIFEST, "kubernetes-secret"),
        ("deploy/s.yaml", f"---\n{MANIFEST}---\nkind: ConfigMap\n", "kubernetes-secret"),
        ("deploy/s.yaml", MANIFEST.replace("kind: Secret", "kind: !!str Secret"), "kubernetes-secret"),
        ("deploy/s.yaml", MANIFEST.replace("kind: Secret", r'"k\x69nd": "Secr\x65t"'), "kubernetes-secret"),
        ("x.decrypted.yaml", f"a: {SECRET}\n", "decrypted-copy"),
        ("secrets/db.dec.yaml", f"a: {SECRET}\n", "decrypted-copy"),
        ("secrets/db.yaml.bak", f"a: {SECRET}\n", "decrypted-copy"),
        ("secrets/c.yaml", CONFLICT, "conflict-markers"),
        (".sops.yaml", CONFLICT, "conflict-markers"),
        (".sops.yaml", "creation_rules: 1\n", "invalid-configuration"),
        ("sub/.sops.yaml", "creation_rules:\n  - path_regex: '('\n", "invalid-configuration"),
        ("sub/.sops.yml", "creation_rules: []\n", "invalid-configuration"),
        (".sops.yaml", "  stores: {}\ncreation_rules:\n  - path_regex: ^secrets/\n", "invalid-configuration"),
        (".sops.yaml", "---\n---\ncreation_rules: []\n", "invalid-configuration"),
        (".sops.yaml", "creation_rule: []\n", "invalid-configuration"),
    ],
)  # fmt: skip
def test_findings(leafseal: Run, repository: Path, name: str, text: str, rule: str) -> None:
    path = add(repository, name, text)
    if path.name == ".sops.yml":
        add(repository, "sub/x.yaml", "a: 1\n")
    assert (rule, name) in found(leafseal)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.yaml", "password: ${DB_PASSWORD}\n"),
        ("app.yaml", "password_file: /run/secrets/db\nsecretName: database\n"),
        ("app.yaml", "password: example-password\n"),
        ("package-lock.json", '{"requires": {"@aws-sdk/credential-provider-ini": "^3.614.0"}}\n'),
        ("README.md", f"Never commit a password such as {SECRET}\n"),
        ("docs/sops.md", "sops: ENC[AES256_GCM,data:...]\n\nsops:\n  mac: ENC[\n"),
        ("secrets/empty.yaml", ""),
        ("secrets/empty.json", "{}\n"),
        ("secrets/null.yaml", "a:\nb: ''\n"),
        ("secrets/.gitignore", "*.dec.yaml\n"),
        pytest.param("secrets/x.age", AGE_ARMOR.decode(), id="age"),
        ("deploy/s.yaml", MANIFEST.replace(SECRET, "${PASSWORD}")),
        ("secrets/template.yaml", "a: ${PASSWORD}\nb: '{{ token }}'\n"),
        ("deploy/s.yaml", MANIFEST.replace("kind: Secret", "kind: ConfigMap").replace("password", "name")),
        ("deploy/chart.yaml", MANIFEST.replace(SECRET, "{{ .Values.x | quote")),
        ("x.dec.yaml", "a: 1\n"),
        ("a.orig", "a: 1\n"),
        ("merge.md", CONFLICT.replace(SECRET, "x")),
    ],
)
def test_nothing_to_find(leafseal: Run, repository: Path, name: str, text: str) -> None:
    add(repository, name, text)
    assert found(leafseal) == []


def test_a_nearer_configuration_takes_nothing_away(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    add(repository, "secrets/.sops.yaml", f"creation_rules: [{{age: {me.recipient}}}]\n")
    assert found(leafseal) == [("plain-file", "secrets/a.yaml")]
    add(repository, "secrets/.sops.yaml", "creation_rules: []\n")
    assert found(leafseal) == [("plain-file", "secrets/a.yaml")]


def test_partly_clear_files(leafseal: Run, repository: Path) -> None:
    path = repository / "secrets/db.yaml"
    path.write_text("".join(
        f"    password: {SECRET}\n" if "password" in line else line for line in path.read_text().splitlines(True)
    ))  # fmt: skip
    [one] = report(leafseal)["results"]
    assert (one["rule"], one["place"]["pointer"], one["line"]) == ("plain-value", "/db/password", 2)
    path.unlink()
    add(repository, "deploy/k.yaml", f"{MANIFEST}  other: x\n")
    assert leafseal("encrypt", "-i", "--encrypted-regex", "^other$", "deploy/k.yaml").code == 0
    assert ("kubernetes-secret", "deploy/k.yaml") in found(leafseal)


def test_text_that_begins_like_an_encrypted_value(leafseal: Run, repository: Path) -> None:
    path = repository / "secrets/db.yaml"
    change(path, "password: ENC[AES256_GCM,", f"password: ENC[AES256_GCM,{SECRET} ")
    [one] = report(leafseal)["results"]
    assert (one["rule"], one["message"]) == (
        "plain-value",
        "db.password: is damaged: it is not a whole encrypted value",
    )


def test_weaker_than_the_configuration(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    add(repository, "secrets/w.yaml", f"data: {SECRET}\nother: {SECRET}\n")
    assert leafseal("encrypt", "-i", "--encrypted-regex", "^data$", "secrets/w.yaml").code == 0
    [one] = report(leafseal)["results"]
    assert (one["rule"], one["place"]["pointer"]) == ("weaker-rule", "/other")
    assert leafseal("updatekeys", "-y", "--sync-rules", "secrets/w.yaml").code == 0
    assert found(leafseal) == []


def test_drifted_recipients(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    config(repository, f"{{path_regex: ^secrets/, age: {OTHER.recipient}}}")
    assert found(leafseal) == [
        ("unknown-recipient", "secrets/db.yaml"),
        ("missing-recipient", "secrets/db.yaml"),
    ]
    groups = f"key_groups: [{{age: [{me.recipient}]}}, {{age: [{OTHER.recipient}]}}]"
    config(repository, f"{{path_regex: ^secrets/, {groups}}}")
    told = [one["message"] for one in report(leafseal)["results"] if one["rule"] == "key-groups"]
    assert told == ["1 key group is enough to decrypt it, and .sops.yaml says 2 (creation_rules[0])"]
    assert leafseal("updatekeys", "-y", "secrets/db.yaml").code == 0
    assert found(leafseal) == []
    config(repository, f"{{path_regex: ^secrets/, {groups.replace(OTHER.recipient, throwaway_identity().recipient)}}}")
    assert "its key groups are not those of .sops.yaml (creation_rules[0])" in leafseal("check").out.decode()


def test_a_configuration_that_an_option_names(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "trusted.yaml").write_text(f"creation_rules: [{{age: {OTHER.recipient}}}]\n")
    (repository / ".sops.yaml").unlink()
    assert found(leafseal) == []
    assert ("unknown-recipient", "secrets/db.yaml") in found(leafseal, "--config", str(tmp_path / "trusted.yaml"))


def test_tokens_without_metadata(leafseal: Run, repository: Path) -> None:
    path = repository / "secrets/db.yaml"
    path.write_text(path.read_text().partition("sops:")[0])
    assert found(leafseal) == [("no-metadata", "secrets/db.yaml")]


@pytest.mark.parametrize(
    ("name", "text", "second"),
    [
        ("secrets/x.json", '{"a": "b", "c": "d"}\n', '"c":'),
        ("x.json", '{"a": "b", "c": "d"}\n', '"c":'),
        ("x.env", "A=b\nC=d\n", "\nC="),
    ],
)
def test_a_file_that_was_cut_off_before_its_metadata(
    leafseal: Run, repository: Path, name: str, text: str, second: str
) -> None:
    path = add(repository, name, text)
    assert leafseal("encrypt", "-i", name).code == 0
    whole = path.read_text()
    path.write_text(whole[: whole.index(second) + 2])
    assert found(leafseal) == [("broken-file", name)]


def test_broken_metadata_and_names_twice(leafseal: Run, repository: Path) -> None:
    path = repository / "secrets/db.yaml"
    text = path.read_text()
    path.write_text(text.replace("sops:\n", "sops:\n    threshold: [\n"))
    assert found(leafseal) == [("broken-file", "secrets/db.yaml")]
    path.write_text(text.replace("db:\n", "db: 1\ndb:\n"))
    assert found(leafseal) == [("broken-file", "secrets/db.yaml")]


def test_conflicts_that_a_merge_left_in_the_metadata(leafseal: Run, repository: Path) -> None:
    path = repository / "secrets/db.yaml"
    left = "        unresolved:\n            u0123456789abcdef: /db/password\n            u1123456789abcdef: /db/port\n"
    if "    leafseal:\n" in path.read_text():
        change(path, "    leafseal:\n", f"    leafseal:\n{left}")
    else:
        change(path, "sops:\n", f"sops:\n    leafseal:\n{left}")
    told = report(leafseal)["results"]
    assert [(one["rule"], one["message"]) for one in told] == [
        ("unresolved-conflict", "/db/password: a merge left this conflict"),
        ("unresolved-conflict", "/db/port: a merge left this conflict"),
    ]
    assert len({one["fingerprint"] for one in told}) == 2


def test_names_that_do_not_show(leafseal: Run, repository: Path) -> None:
    add(repository, "secrets/n.yaml", f"pass\u200bword: {SECRET}\n")
    assert leafseal("encrypt", "-i", "secrets/n.yaml").code == 0
    assert found(leafseal) == [("invisible-name", "secrets/n.yaml")]
    add(repository, "secrets/n.yaml", "".join(f"a\u200b{number}: x\n" for number in range(150)))
    assert leafseal("encrypt", "-i", "secrets/n.yaml").code == 0
    assert len(found(leafseal)) == 100


def test_union_merges(leafseal: Run, repository: Path) -> None:
    add(repository, ".gitattributes", "secrets/** merge=union\n*.txt merge=union\n")
    assert found(leafseal) == [("union-merge", "secrets/db.yaml")]
    assert found(leafseal, "--staged") == []
    git(repository, "add", ".")
    assert found(leafseal, "--staged") == [("union-merge", "secrets/db.yaml")]
    git(repository, "commit", "-qm", "two")
    add(repository, ".gitattributes", "")
    assert found(leafseal) == []
    assert found(leafseal, "--revision", "HEAD") == [("union-merge", "secrets/db.yaml")]


def test_what_flux_does_not_decrypt(leafseal: Run, repository: Path) -> None:
    add(repository, "secrets/s.yaml", MANIFEST)
    add(repository, "secrets/a.env", f"A={SECRET}\n")
    assert leafseal("encrypt", "-i", "secrets/s.yaml", "secrets/a.env").code == 0
    assert found(leafseal) == []
    told = found(leafseal, "--profile", "flux")
    assert set(told) == {("flux", "secrets/s.yaml"), ("flux", "secrets/a.env")}
    assert len(told) == 4  # apiVersion, kind and the name are encrypted
    add(repository, "secrets/kustomization.yaml", "secretGenerator: [{name: a, envs: [a.env]}]\n")
    assert set(found(leafseal, "--profile", "flux", "secrets/a.env")) == set()
    add(repository, "secrets/kustomization.yaml", "secretGenerator: [{name: a, envs: [data.env, a.env.old]}]\n")
    assert found(leafseal, "--profile", "flux", "secrets/a.env") != []


def test_a_config_map_is_no_secret_though_its_fields_have_the_same_names(
    leafseal: Run, repository: Path, me: ThrowawayIdentity
) -> None:
    config(repository, f"{{path_regex: ^k8s/, encrypted_regex: ^(data|stringData)$, age: {me.recipient}}}")
    add(repository, "k8s/c.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n")
    add(repository, "k8s/d.yaml", "apiVersion: apps/v1\nkind: Deployment\n")
    assert found(leafseal) == []
    add(repository, "k8s/s.yaml", MANIFEST)
    assert found(leafseal) == [("plain-file", "k8s/s.yaml")]


# -- where it looks


def test_the_work_tree_has_what_git_tracks_or_would_add(leafseal: Run, repository: Path) -> None:
    add(repository, ".gitignore", "ignored/\n")
    add(repository, "ignored/x.decrypted.yaml", f"a: {SECRET}\n")
    assert found(leafseal) == []
    assert found(leafseal, "ignored/x.decrypted.yaml") == [("decrypted-copy", "ignored/x.decrypted.yaml")]


def test_files_and_folders_that_are_named(leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("secrets/a.yaml", "secrets/deep/b.yaml", "secretsx/c.yaml"):
        add(repository, name, f"password: {SECRET}\n")
    assert [file for _, file in found(leafseal, "secrets/a.yaml")] == ["secrets/a.yaml"]
    assert [file for _, file in found(leafseal, "secrets")] == ["secrets/a.yaml", "secrets/deep/b.yaml"]
    monkeypatch.chdir(repository / "secrets" / "deep")
    assert [file for _, file in found(leafseal, ".")] == ["b.yaml"]
    for words in ((), ("../..",)):
        assert [file for _, file in found(leafseal, *words)] == ["../a.yaml", "b.yaml", "../../secretsx/c.yaml"]


def test_files_that_are_not_there_or_outside(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("a: 1\n")
    assert leafseal("check", "none.yaml") == (100, b"", "leafseal: error: none.yaml: no such file\n")
    result = leafseal("check", "../outside.yaml")
    assert (result.code, "is outside of what is checked" in result.err) == (2, True)
    assert leafseal("check", "--staged", "none.yaml").code == 100
    assert leafseal("check", "--revision", "HEAD", "none.yaml").code == 100


def test_the_index_is_not_the_work_tree(leafseal: Run, repository: Path) -> None:
    path = add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    assert found(leafseal, "--staged") == []
    git(repository, "add", ".")
    assert leafseal("encrypt", "-i", "secrets/a.yaml").code == 0
    assert found(leafseal) == []
    assert found(leafseal, "--staged") == [("plain-file", "secrets/a.yaml")]
    path.unlink()
    assert found(leafseal, "--staged-names", "secrets/a.yaml", "secrets/db.yaml") == [("plain-file", "secrets/a.yaml")]
    assert report(leafseal, "--staged-names")["checked_count"] == 0


def test_what_is_committed_already_is_not_staged(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    assert found(leafseal, "--staged") == []
    config(repository, f"{{path_regex: ^s, age: {me.recipient}}}")
    assert found(leafseal, "--staged") == []  # the configuration in the index counts
    git(repository, "add", ".")
    assert found(leafseal, "--staged") == [("plain-file", "secrets/a.yaml")]  # and with it all files below


def test_a_conflict_in_the_index(leafseal: Run, repository: Path) -> None:
    for branch, text in (("side", "1"), ("main", "3")):
        if branch == "side":
            git(repository, "checkout", "-qb", "side")
        else:
            git(repository, "checkout", "-q", "main")
        change(repository / "secrets/db.yaml", 'lastmodified: "20', f'lastmodified: "{text}0')
        git(repository, "commit", "-qam", branch)
    with pytest.raises(Exception, match="merge"):
        git(repository, "merge", "-q", "side")
    assert found(leafseal, "--staged") == [("unresolved-conflict", "secrets/db.yaml")]
    assert found(leafseal) == [("conflict-markers", "secrets/db.yaml")]


def test_a_revision(leafseal: Run, repository: Path) -> None:
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    (repository / "secrets/a.yaml").unlink()
    assert found(leafseal, "--revision", "HEAD") == [("plain-file", "secrets/a.yaml")]
    assert found(leafseal, "--revision", "HEAD~1") == []
    assert found(leafseal, "--revision", "HEAD", "secrets/db.yaml") == []


def test_a_range_has_what_a_later_commit_removes(leafseal: Run, repository: Path) -> None:
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    add(repository, "secrets/db.dec.yaml", f"a: {SECRET}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    commit = git_out(repository, "rev-parse", "HEAD")
    git(repository, "rm", "-q", "secrets/a.yaml", "secrets/db.dec.yaml")
    git(repository, "commit", "-qm", "three")
    for revisions in ("HEAD~2..HEAD", "HEAD~2..", "HEAD~2...HEAD"):
        results = report(leafseal, "--revision", revisions)["results"]
        assert [(one["rule"], one["file"], one["commit"]) for one in results] == [
            ("plain-file", "secrets/a.yaml", commit),
            ("decrypted-copy", "secrets/db.dec.yaml", commit),
        ]
    assert found(leafseal, "--revision", "HEAD~1..HEAD") == []
    assert found(leafseal, "--revision", "HEAD~2..HEAD", "secrets/db.yaml") == []
    assert f"(in commit {commit[:12]})" in leafseal("check", "--revision", "HEAD~2..HEAD").out.decode()


def git_out(folder: Path, *arguments: str) -> str:
    from ..git.test_repository import git as output_of_git

    return output_of_git(folder, *arguments).strip()


def test_a_range_that_takes_a_rule_away(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    config(repository, f"{{path_regex: ^other/, age: {me.recipient}}}")
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    assert found(leafseal) == []
    assert found(leafseal, "--revision", "HEAD~1..HEAD") == [("weaker-configuration", "secrets/a.yaml")]


def test_a_range_that_makes_a_rule_weaker(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    config(repository, f"{{path_regex: ^secrets/, encrypted_regex: ^password$, age: {me.recipient}}}")
    add(repository, "secrets/w.yaml", f"password: {SECRET}\nother: {SECRET}\n")
    assert leafseal("encrypt", "-i", "secrets/w.yaml").code == 0
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    assert found(leafseal) == []
    [one] = report(leafseal, "--revision", "HEAD~1..HEAD")["results"]
    assert (one["rule"], one["place"]["pointer"]) == ("weaker-configuration", "/other")


def test_a_file_that_git_had_encrypted(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    add(repository, "key.bin", f"\0{SECRET}\xff")
    add(repository, "app.yaml", f"greeting: {SECRET}\n")
    assert leafseal("encrypt", "-i", "app.yaml", "key.bin").code == 0
    add(repository, "other.yaml", "greeting: hello\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    started = [("was-encrypted", "app.yaml"), ("was-encrypted", "key.bin")]
    assert leafseal("decrypt", "-i", "app.yaml", "key.bin").code == 0
    assert found(leafseal) == started
    assert found(leafseal, "app.yaml", "other.yaml") == started[:1]
    assert found(leafseal, "--staged") == []
    add(repository, "other.yaml", "greeting: hello again\n")
    git(repository, "add", ".")
    assert found(leafseal) == found(leafseal, "--staged") == started
    assert "app.yaml: error: was-encrypted: Git had this file encrypted (in HEAD)" in leafseal("check").out.decode()
    git(repository, "commit", "-qm", "three")
    first, second, third = git_out(repository, "rev-list", "--reverse", "HEAD").split()
    assert found(leafseal) == found(leafseal, "--staged") == []  # Git has them in plain text by now
    assert found(leafseal, "--revision", "HEAD") == started
    assert f"(in {second[:12]})" in leafseal("check", "--revision", third).out.decode()
    assert found(leafseal, "--revision", f"{second}..HEAD") == started
    assert found(leafseal, "--revision", f"{first}..HEAD") == started  # which has neither: a commit of the range had
    assert leafseal("encrypt", "-i", "app.yaml").code == 0
    (repository / "key.bin").write_bytes(b"")
    git(repository, "commit", "-qam", "four")
    assert found(leafseal, "--revision", "HEAD") == []
    told = report(leafseal, "--revision", f"{first}..HEAD")["results"]
    assert [(one["rule"], one["file"], one["commit"]) for one in told] == [(*one, third) for one in started]


def test_a_file_that_git_had_encrypted_is_reported_once(leafseal: Run, repository: Path) -> None:
    assert leafseal("decrypt", "-i", "secrets/db.yaml").code == 0
    assert found(leafseal) == [("plain-file", "secrets/db.yaml")]
    git(repository, "commit", "-qam", "two")
    for revision in ("HEAD", "HEAD~1..HEAD"):
        assert found(leafseal, "--revision", revision) == [("plain-file", "secrets/db.yaml")]


def test_a_conflict_that_takes_the_side_in_plain_text(leafseal: Run, repository: Path) -> None:
    """The index alone has it encrypted, or the other parent of a merge."""
    add(repository, "app.yaml", f"greeting: {SECRET}\n")
    assert leafseal("encrypt", "-i", "app.yaml").code == 0
    git(repository, "add", ".")
    assert leafseal("decrypt", "-i", "app.yaml").code == 0
    assert "(in the index)" in leafseal("check").out.decode()
    git(repository, "commit", "-qm", "side")
    git(repository, "branch", "side")
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    git(repository, "commit", "-qm", "main", "--allow-empty")
    git(repository, "merge", "-q", "--no-commit", "--no-ff", "side")
    add(repository, "app.yaml", f"greeting: {SECRET}\n")
    git(repository, "commit", "-qam", "merged")
    assert found(leafseal, "--revision", "HEAD~1..HEAD") == [("was-encrypted", "app.yaml")]


# -- bad input


def test_a_folder_that_is_no_repository(leafseal: Run, repository: Path, me: ThrowawayIdentity) -> None:
    os.rename(repository / ".git", repository.parent / "moved")
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    add(repository, "nested/.git/HEAD", "x")
    add(repository, "nested/x.decrypted.yaml", f"a: {SECRET}\n")
    os.mkfifo(repository / "pipe")
    told = report(leafseal)
    assert [(one["rule"], one["file"]) for one in told["results"]] == [("plain-file", "secrets/a.yaml")]
    assert told["skipped"] == [{"file": "nested", "reason": "repository"}, {"file": "pipe", "reason": "unreadable"}]
    assert told["checked_count"] == 3
    result = leafseal("check", "--staged")
    assert (result.code, "not in a Git repository" in result.err) == (1, True)


def test_the_configuration_above_a_folder_that_is_no_repository(
    leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.rename(repository / ".git", repository.parent / "moved")
    add(repository, "secrets/deep/a.yaml", f"a: {SECRET}\n")
    monkeypatch.chdir(repository / "secrets" / "deep")
    assert found(leafseal) == [("plain-file", "a.yaml")]


def test_a_bare_repository(leafseal: Run, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has what is committed, as a hook of a server sees it."""
    (repository / ".gitattributes").write_text("db.yaml merge=union\n")
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    expected = [("plain-file", "secrets/a.yaml"), ("union-merge", "secrets/db.yaml")]
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    monkeypatch.chdir(tmp_path / "bare.git")
    for options in ((), ("--staged",)):
        result = leafseal("check", *options)
        assert (result.code, "bare repository" in result.err) == (8, True)
    assert found(leafseal, "--revision", "HEAD") == expected
    assert found(leafseal, "--revision", "HEAD~1..HEAD", "secrets") == expected
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", "bare.git")
    assert found(leafseal, "--revision", "HEAD") == [(rule, f"bare.git/{name}") for rule, name in expected]
    assert "bare repository" in leafseal("check").err
    monkeypatch.delenv("GIT_DIR")
    (tmp_path / ".git").write_text("gitdir: bare.git\n")  # beside the work trees of a bare repository
    assert found(leafseal, "--revision", "HEAD") == [(rule, f"bare.git/{name}") for rule, name in expected]
    assert "bare repository" in leafseal("check").err


def test_a_shallow_clone(leafseal: Run, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = git_out(repository, "rev-parse", "HEAD")
    git(repository, "commit", "-qm", "two", "--allow-empty")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    assert found(leafseal) == []
    result = leafseal("check", "--revision", f"{start}..HEAD")
    assert (result.code, "fetch-depth: 0" in result.err) == (1, True)


def test_submodules_and_repositories_inside_are_not_entered(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    add(inner, "x.decrypted.yaml", f"a: {SECRET}\n")
    git(inner, "init", "-q")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "one")
    git(repository, "submodule", "add", "-q", str(inner), "sub")
    git(repository, "clone", "-q", str(inner), "clone")
    told = report(leafseal)
    assert told["results"] == []
    assert told["skipped"] == [{"file": "clone", "reason": "repository"}, {"file": "sub", "reason": "repository"}]
    told = report(leafseal, "--staged")
    assert told["skipped"] == [{"file": "sub", "reason": "submodule"}]
    assert "not checked: sub (submodules are not entered: check each by itself)" in leafseal("check", "--staged").err


def test_a_linked_work_tree(leafseal: Run, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    add(tmp_path / "linked", "secrets/a.yaml", f"a: {SECRET}\n")
    monkeypatch.chdir(tmp_path / "linked")
    assert found(leafseal) == [("plain-file", "secrets/a.yaml")]
    git(tmp_path / "linked", "add", ".")
    assert found(leafseal, "--staged") == [("plain-file", "secrets/a.yaml")]
    git(tmp_path / "linked", "commit", "-qm", "two")
    git(tmp_path / "linked", "sparse-checkout", "set", "--no-cone", "/.sops.yaml", "/secrets/db.yaml")
    told = report(leafseal)
    assert (told["checked_count"], told["skipped"]) == (2, [{"file": "secrets/a.yaml", "reason": "sparse"}])


def test_pointers_of_git_lfs(leafseal: Run, repository: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
    add(repository, "secrets/a.yaml", pointer)
    add(repository, "image.png", pointer)
    assert found(leafseal) == [("not-checked", "secrets/a.yaml")]


def test_links_are_not_followed(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    add(tmp_path, "outside/x.decrypted.yaml", f"a: {SECRET}\n")
    (repository / "secrets/link.yaml").symlink_to(tmp_path / "outside/x.decrypted.yaml")
    (repository / "secrets/folder").symlink_to(tmp_path / "outside")
    add(repository, "real/x.decrypted.yaml", "a: 1\n")
    git(repository, "add", ".")
    assert found(leafseal) == [("decrypted-copy", "real/x.decrypted.yaml")]
    (repository / "real/x.decrypted.yaml").unlink()
    (repository / "real").rmdir()
    (repository / "real").symlink_to(tmp_path / "outside")
    told = report(leafseal)
    assert told["results"] == []
    assert {one["file"]: one["reason"] for one in told["skipped"]}["real/x.decrypted.yaml"] == "link"


def test_a_link_that_is_named_is_said_to_be_left_out(leafseal: Run, repository: Path) -> None:
    (repository / "link.yaml").symlink_to("secrets/db.yaml")
    result = leafseal("check", "link.yaml")
    assert (result.code, result.err.splitlines()[0]) == (
        0,
        "leafseal: not checked: link.yaml (links are not followed)",
    )


def test_a_configuration_that_is_a_link(leafseal: Run, repository: Path, tmp_path: Path) -> None:
    add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    os.rename(repository / ".sops.yaml", repository / "rules.yaml")
    (repository / ".sops.yaml").symlink_to("rules.yaml")
    git(repository, "add", ".")
    for options in ((), ("--staged",)):
        assert ("plain-file", "secrets/a.yaml") in found(leafseal, *options)
    (repository / ".sops.yaml").unlink()
    (tmp_path / "rules.yaml").write_text("creation_rules: []\n")
    (repository / ".sops.yaml").symlink_to(tmp_path / "rules.yaml")
    git(repository, "add", ".")
    assert ("invalid-configuration", ".sops.yaml") in found(leafseal)
    (repository / ".sops.yaml").unlink()
    (repository / ".sops.yaml").symlink_to(".sops.yaml")
    git(repository, "add", ".")
    for options in ((), ("--staged",)):
        assert ("invalid-configuration", ".sops.yaml") in found(leafseal, *options)


def test_huge_files(leafseal: Run, repository: Path) -> None:
    add(repository, "secrets/a.yaml", f"a: {SECRET * 1000}\n")
    add(repository, "other.yaml", f"a: {SECRET * 1000}\n")
    git(repository, "add", ".")
    for options in ((), ("--staged",)):
        told = report(leafseal, *options, "--max-file-size", "8K")
        assert [(one["rule"], one["file"]) for one in told["results"]] == [("not-checked", "secrets/a.yaml")]
        assert [one["file"] for one in told["skipped"]] == ["other.yaml", "secrets/a.yaml"]


NAMES = [
    b"a b.yaml",
    b"two\nlines.yaml",
    b"caf\xe9.yaml",
    b"-dash.yaml",
    b"::error::x.yaml",
    b"##[group]x.yaml",
    b":(top)x",
]


@pytest.mark.parametrize("name", NAMES)
def test_strange_names(leafseal: Run, repository: Path, name: bytes) -> None:
    text = os.fsdecode(b"secrets/" + name)
    add(repository, text, f"a: {SECRET}\n")
    git(repository, "add", ".")
    for options in ((), ("--staged",), ("--staged", text)):
        [one] = report(leafseal, *options)["results"]
        assert one["rule"] == "plain-file"
        assert one["file"] == text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    lines = leafseal("check", "--github").out.splitlines()
    assert [line for line in lines if line.startswith(b"::")] == [lines[-1]]
    assert not [line for line in lines if b"##[" in line]
    git(repository, "commit", "-qm", "two")
    assert [rule for rule, _ in found(leafseal, "--revision", "HEAD~1..HEAD")] == ["plain-file"]


def test_a_broken_configuration_hides_nothing(leafseal: Run, repository: Path) -> None:
    (repository / ".sops.yaml").write_text("creation_rules:\n  - path_regex: '('\n    age: x\n")
    add(repository, "keys.txt", OTHER.identity)
    assert [rule for rule, _ in found(leafseal)] == ["invalid-configuration", "invalid-configuration", "private-key"]
    assert leafseal("check", "--config", ".sops.yaml").code == 1
    config(repository, f"{{age: {OTHER.recipient}}}")
    add(repository, ".sops-style-config.yaml", "creation_rules: []\n")
    assert ("invalid-configuration", ".sops-style-config.yaml") in found(leafseal)


def test_patterns_that_take_long(leafseal: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.check.rules._SECONDS", -1.0)
    assert found(leafseal) == [("invalid-configuration", ".sops.yaml")]


def test_what_the_repository_has_git_start_is_not_started(leafseal: Run, repository: Path) -> None:
    program = add(repository, "evil.sh", f"#!/bin/sh\ntouch {repository}/PWNED\n")
    program.chmod(0o755)
    add(repository, ".gitattributes", "* diff=evil filter=evil merge=evil\n")
    git(repository, "add", ".")
    for name in ("core.fsmonitor", "diff.evil.textconv", "diff.evil.command", "diff.external", "gpg.program",
                 "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.pager"):  # fmt: skip
        git(repository, "config", name, str(program))
    git(repository, "config", "log.showSignature", "true")
    for options in ((), ("--staged",), ("--revision", "HEAD"), ("--revision", "HEAD~0..HEAD")):
        assert leafseal("check", *options).code == 0
    assert not (repository / "PWNED").exists()


def test_an_object_that_this_clone_does_not_have(leafseal: Run, repository: Path) -> None:
    blob = git_out(repository, "rev-parse", "HEAD:secrets/db.yaml")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    told = report(leafseal, "--revision", "HEAD")
    assert [(one["rule"], one["message"]) for one in told["results"]] == [
        ("not-checked", "its content is not in this clone")
    ]
    assert told["skipped"] == [{"file": "secrets/db.yaml", "reason": "missing"}]


def test_an_earlier_version_that_this_clone_does_not_have(leafseal: Run, repository: Path) -> None:
    git(repository, "mv", "secrets/db.yaml", "app.yaml")
    git(repository, "commit", "-qm", "two")
    blob = git_out(repository, "rev-parse", "HEAD:app.yaml")
    add(repository, "app.yaml", "a: 1\n")
    git(repository, "commit", "-qam", "three")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for is_partial in (False, True):
        if is_partial:
            git(repository, "config", "remote.origin.url", str(repository / "none"))
            git(repository, "config", "remote.origin.promisor", "true")
        told = report(leafseal, "--revision", "HEAD~1..HEAD")
        assert (told["results"], told["skipped"]) == ([], [{"file": "app.yaml", "reason": "missing"}])


def test_options_that_contradict_each_other(leafseal: Run, repository: Path) -> None:
    for options in (
        ("--staged", "--revision", "HEAD"),
        ("--json", "--sarif"),
        ("--sarif", "--github"),
        ("--write-baseline",),
        ("--baseline", "x", "--write-baseline", "--staged"),
        ("--baseline", "x", "--write-baseline", "secrets"),
    ):
        assert leafseal("check", *options).code == 8
    result = leafseal("check", "--baseline", "none")
    assert (result.code, "--write-baseline" in result.err) == (100, True)


# -- old findings


def test_a_baseline(leafseal: Run, repository: Path) -> None:
    path = add(repository, "secrets/a.yaml", f"a: {SECRET}\n")
    add(repository, "app.yaml", f"password: {SECRET}\n")
    add(repository, os.fsdecode(b"secrets/caf\xe9\n.bin"), "x")
    result = leafseal("check", "--baseline", "old.json", "--write-baseline")
    assert (result.code, result.out) == (0, b"")
    text = (repository / "old.json").read_text()
    assert SECRET not in text
    assert [json.loads(line.strip(",")) for line in text.splitlines() if '"rule"' in line] == [
        {"rule": "plain-secret", "uri": "app.yaml", "place": "/password"},
        {"rule": "plain-file", "uri": "secrets/a.yaml", "place": ""},
        {"rule": "plain-file", "uri": "secrets/caf%E9%0A.bin", "place": ""},
    ]
    result = leafseal("check", "--baseline", "old.json")
    assert (result.code, result.out) == (0, b"")
    assert "0 findings; 3 old findings in old.json" in result.err
    add(repository, "app.yaml", f"\n\n# moved\npassword: {SECRET}x\ntoken: {SECRET}\n")
    assert found(leafseal, "--baseline", "old.json") == [("plain-secret", "app.yaml")]
    path.unlink()
    assert "1 of the findings in old.json is gone: write it again" in leafseal("check", "--baseline", "old.json").err


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"kind": "leafseal check baseline", "version": 9}', "\0", "[" * 9999]
)
def test_what_is_no_baseline(leafseal: Run, repository: Path, text: str) -> None:
    add(repository, "old.json", text)
    result = leafseal("check", "--baseline", "old.json")
    assert (result.code, "old.json: not a baseline" in result.err) == (2, True)


def test_fingerprints_do_not_change_with_lines_or_values(leafseal: Run, repository: Path) -> None:
    add(repository, "app.yaml", f"password: {SECRET}\n")
    [before] = report(leafseal)["results"]
    add(repository, "app.yaml", f"# a\nother: 1\npassword: {SECRET}-changed\n")
    [after] = report(leafseal)["results"]
    assert (after["fingerprint"], after["line"]) == (before["fingerprint"], 3)


# -- how much work it is


@pytest.mark.parametrize("count", [3, 60])
def test_contents_of_many_files_come_from_one_process(
    repository: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leafseal.check.checking import Checker
    from leafseal.check.selecting import in_index
    from leafseal.document.limits import DEFAULT_LIMITS, DEFAULT_READ

    text = (repository / "secrets/db.yaml").read_bytes()
    for number in range(count):
        add(repository, f"secrets/{number}.yaml", text + b"# %d\n" % number)
    git(repository, "add", ".")
    asked = note_what_is_asked(monkeypatch)
    chosen = in_index((), DEFAULT_LIMITS, None)
    checked = Checker(chosen.tree, chosen.configurations, DEFAULT_READ).check()
    assert (checked.files, checked.encrypted, checked.findings) == (count, count, [])
    assert asked.count("cat-file") == 4  # sizes and contents: of the configuration, and of all files
