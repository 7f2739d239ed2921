"""The audit trail, as commands write it: one event of each operation, before a value is let out, and never a value."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from leafseal.audit.operation import ACTIONS
from leafseal.cli.shared.commands import COMMANDS
from leafseal.run import exec as running
from leafseal.testing import ThrowawayIdentity

from ..audit_log import Trail, told
from ..run.github_runner import on_a_runner
from .conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths of logs are those of POSIX")

SECRET = "hunter2-and-more"  # in the file of the fixtures


@pytest.fixture
def trail(sealed: Path, tmp_path: Path) -> Trail:
    return Trail(tmp_path)


# -- every command

Lines = Mapping[str, list[str]]

LINES: Lines = {
    "encrypt": ["encrypt", "--age", "ME", "plain.yaml"],
    "decrypt": ["decrypt", "app.yaml"],
    "edit": ["edit", "app.yaml"],
    "get": ["get", "app.yaml", "db.password"],
    "set": ["set", "app.yaml", "db.password", '"new"'],
    "unset": ["unset", "app.yaml", "db.password"],
    "exec": ["exec", "--flatten", "_", "--only", "db_password", "-e", "app.yaml", "--", "true"],
    "exec-env": ["exec-env", "--flatten", "_", "--only", "db_password", "app.yaml", "--", "true"],
    "exec-file": ["exec-file", "--no-fifo", "app.yaml", "--", "true", "{}"],
    "compose": ["compose", "up", "--env-file", "app.yaml", "--flatten", "_", "s"],
    "ci": ["ci", "github", "--flatten", "_", "--only", "db_password", "app.yaml"],
    "render": ["render", "--to", "out", "--allow-disk", "--file", "password=app.yaml:/db/password"],
    "helm": ["helm", "getter", "leafseal:app.yaml"],
    "krm": ["krm", "generator.yaml"],
    "digest": ["digest", "app.yaml"],
    "verify": ["verify", "app.yaml"],
    "repair": ["repair", "app.yaml"],
    "rotate": ["rotate", "-i", "app.yaml"],
    "updatekeys": ["updatekeys", "--yes", "app.yaml"],
    "groups": ["groups", "add", "-f", "app.yaml", "--age", "ME", "--threshold", "2"],
}
"""A command line for each command that opens or encrypts files."""

GENERATOR = """\
{apiVersion: leafseal/v1alpha1, kind: SecretGenerator, secretFrom: [{metadata: {name: x}, files: [app.yaml]}]}
"""

OPENS_NOTHING = {
    "init": "creates keys and configurations",
    "help": "shows texts",
    "completion": "shows texts",
    "inspect": "needs no key",
    "check": "needs no key",
    "keygen": "creates keys",
    "whoami": "needs no data key",
    "team": "changes .sops.yaml",
    "config": "reads .sops.yaml",
    "policy": "reads and writes policies",
    "keyservice": "has its test in tests/keyservice, with requests",
    "flux": "prints a key, and opens no file",
    "copy-to": "copies programs",
    "sops": "has its test in tests/sops",
    "argocd": "has its test in tests/cli/test_argocd.py",
    "kubectl": "has its test below, with manifests",
    **dict.fromkeys(("diff", "git", "merge", "resolve"), "has its test below, with several versions of a file"),
    "link-sops": "creates a link",
}


def test_every_command_is_known_to_report_or_to_open_nothing() -> None:
    assert sorted({*LINES, *OPENS_NOTHING}) == sorted(COMMANDS)
    assert sorted([*LINES, "argocd", "diff", "git", "kubectl", "merge", "resolve"]) == sorted(ACTIONS)


@pytest.mark.parametrize("name", LINES)
def test_every_command_that_opens_or_encrypts_gives_one_event(
    leafseal: Run, trail: Trail, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (work / "plain.yaml").write_text("password: hunter2-and-more\n")
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    (work / "generator.yaml").write_text(GENERATOR)
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setattr(running, "execute", lambda *_, **__: os.write(1, b"started"))
    on_a_runner(work, monkeypatch)
    result = leafseal(*(me.recipient if word == "ME" else word for word in LINES[name]))
    events = trail.take()
    assert told(events) == [(ACTIONS[name], "allowed")], result
    [event] = events
    file = "plain.yaml" if name == "encrypt" else "app.yaml"
    paths = ["db.password"] if name in ("get", "set", "unset") else ["*"]
    assert event["secret"] == {"file": str(work / file), "paths": paths}
    assert (event["command"], event["recipient"], event["error"]) == (f"leafseal {name}", [me.recipient], None)
    assert (event["pid"], event["host"]) == (os.getpid(), os.uname().nodename)
    assert SECRET not in json.dumps(event)


MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2-and-more}\n"


def test_the_commands_of_kubectl_report_too(
    leafseal: Run, trail: Trail, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "db.yaml").write_text(MANIFEST)
    assert leafseal("encrypt", "-i", "--age", me.recipient, "db.yaml").code == 0
    trail.take()
    monkeypatch.setenv("EDITOR", "true")
    for line, action in (
        (["template", "-f", "db.yaml"], "deploy"),
        (["edit", "db.yaml"], "edit"),
        (["new", "secret", "x", "--from-literal=a=b", "--age", me.recipient, "-o", "new.yaml"], "encrypt"),
    ):
        assert leafseal("kubectl", *line).code == 0
        events = trail.take()
        assert told(events) == [(action, "allowed")]
        name = line[0] if action != "deploy" else ""
        assert events[0]["command"] == f"leafseal kubectl {name}".strip()
        assert events[0]["secret"]["file"] == str(work / ("new.yaml" if action == "encrypt" else "db.yaml"))
    trail.path.parent.rmdir()
    result = leafseal("kubectl", "template", "-f", "db.yaml")
    assert (result.code, result.out) == (223, b"")


def test_what_git_has_us_do_is_told_too(leafseal: Run, trail: Trail, sealed: Path, work: Path) -> None:
    lines = sealed.read_bytes().splitlines(keepends=True)
    marked = [b"<<<<<<< a\n", *lines, b"=======\n", *lines, b">>>>>>> b\n"]
    (work / "marked.yaml").write_bytes(b"".join(marked))
    for name, port in (("ours.yaml", "1"), ("theirs.yaml", "2")):
        (work / name).write_bytes(sealed.read_bytes())
        assert leafseal("set", name, "db.port", port).code == 0
    trail.take()
    for words, action, count in (
        (["diff", "ours.yaml", "theirs.yaml"], "decrypt", 2),
        (["git", "textconv", "app.yaml"], "decrypt", 1),
        (["merge", "app.yaml", "ours.yaml", "theirs.yaml", "-o", "merged.yaml"], "merge", 3),
        (["resolve", "marked.yaml"], "resolve", 2),
    ):
        leafseal(*words)
        events = trail.take()
        assert told(events) == [(action, "allowed")] * count
        assert {event["command"] for event in events} == {f"leafseal {words[0]}"}
        if action in ("merge", "resolve"):
            named = [str(work / name) for name in (words[1:4] if action == "merge" else ["marked.yaml"] * 2)]
            assert sorted(event["secret"]["file"] for event in events) == sorted(named)
    leafseal("merge", "--git", "--path=db.yaml", "app.yaml", "ours.yaml", "theirs.yaml")
    assert {event["secret"]["file"] for event in trail.take()} == {str(work / "db.yaml")}
    trail.path.parent.rmdir()
    assert leafseal("diff", "ours.yaml", "theirs.yaml").code == 223
    assert SECRET.encode() not in leafseal("git", "textconv", "app.yaml").out  # Git shows what is encrypted
    (work / "merged.yaml").unlink(missing_ok=True)
    assert leafseal("merge", "app.yaml", "ours.yaml", "theirs.yaml", "-o", "merged.yaml").code != 0
    assert not (work / "merged.yaml").exists()


# -- fail closed


@pytest.mark.parametrize("name", sorted(set(LINES) - {"repair", "verify"}))
def test_without_its_event_nothing_is_let_out_or_written(
    leafseal: Run, trail: Trail, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (work / "plain.yaml").write_text("password: hunter2-and-more\n")
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    (work / "generator.yaml").write_text(GENERATOR)
    before = {path.name: path.read_bytes() for path in work.iterdir() if path.is_file()}
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setattr(running, "execute", lambda *_, **__: pytest.fail("a program was started"))
    on_a_runner(work.parent, monkeypatch)
    trail.path.parent.rmdir()
    result = leafseal(*(me.recipient if word == "ME" else word for word in LINES[name]))
    told = result.out.decode() if name == "compose" else result.err  # Compose reads standard output alone
    assert (result.code, result.out) == (223, told.encode() if name == "compose" else b"")
    assert f"{trail.path}: the audit log cannot be written: no such file or directory" in told
    assert {path.name: path.read_bytes() for path in work.iterdir() if path.is_file()} == before
    assert SECRET not in told


DEPLOYS: Lines = {
    "value files": ["helm", "run", "template", ".", "-f", "app.yaml", "-f", "none.yaml"],
    "a file of any command": ["helm", "run", "x", "-f", "app.yaml"],
    "a reference": ["helm", "post-render"],
    "apply": ["kubectl", "apply", "-f", "app.yaml"],
    "diff": ["kubectl", "diff", "-f", "app.yaml", "-f", "none.yaml"],
    "a chart": ["argocd", "generate"],
    "manifests": ["argocd", "generate"],
}
"""Command lines of doors, which otherwise end with 1, or with 2 where that is what kubectl does."""


@pytest.mark.parametrize("what", DEPLOYS)
def test_whoever_deploys_gets_the_exit_code_of_a_log_too(
    leafseal: Run, trail: Trail, work: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what == "a chart":
        (work / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 1.0.0\n")
        monkeypatch.setenv("ARGOCD_ENV_VALUES_FILES", "app.yaml")
    monkeypatch.setattr(running, "execute", lambda *_, **__: pytest.fail("a program was started"))
    trail.path.parent.rmdir()
    (work / "stream").write_text("apiVersion: v1\nkind: ConfigMap\ndata: {a: ref+leafseal://app.yaml}\n")
    with open(work / "stream", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        result = leafseal(*DEPLOYS[what])
    assert (result.code, result.out) == (223, b""), result.err
    assert f"{trail.path}: the audit log cannot be written: no such file or directory" in result.err
    assert SECRET not in result.err


def test_of_many_files_a_log_that_fails_is_told_of_once(leafseal: Run, trail: Trail, sealed: Path) -> None:
    (sealed.parent / "two.yaml").write_bytes(sealed.read_bytes())
    trail.path.parent.rmdir()
    result = leafseal("verify", "app.yaml", "two.yaml")
    assert (result.code, result.out) == (223, b"")
    assert result.err.count("the audit log cannot be written") == 1


def test_a_log_that_is_not_required_is_warned_of(leafseal: Run, trail: Trail) -> None:
    trail.set("required = false\n")
    trail.path.parent.rmdir()
    result = leafseal("get", "app.yaml", "db.password")
    assert (result.code, result.out.decode()) == (0, f"{SECRET}\n")
    assert f"warning: {trail.path}: the audit log cannot be written" in result.err


def test_of_several_files_none_is_let_out_where_one_has_no_event(
    leafseal: Run, trail: Trail, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leafseal.errors import AuditError
    from leafseal.system import log_file

    (sealed.parent / "two.yaml").write_bytes(sealed.read_bytes())
    append, calls = log_file.append, []

    def second_fails(*arguments: Any, **options: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise AuditError("the audit log cannot be written", file=str(trail.path))
        append(*arguments, **options)

    monkeypatch.setattr(log_file, "append", second_fails)
    result = leafseal("decrypt", "--output-dir", "out", "app.yaml", "two.yaml")
    assert result.code == 223
    assert not (sealed.parent / "out").exists()


def test_the_event_is_there_before_the_value(leafseal: Run, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    from leafseal.operations import open as opening

    seen: list[bool] = []
    open_leaves: Callable[..., Any] = opening.open_leaves
    monkeypatch.setattr(opening, "open_leaves", lambda *rest: (seen.append(trail.path.exists()), open_leaves(*rest))[1])
    assert leafseal("decrypt", "app.yaml").code == 0
    assert seen[0]


# -- what goes wrong is an event too


def test_no_key(leafseal: Run, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    assert leafseal("decrypt", "app.yaml").code == 128
    [event] = trail.take()
    assert (event["result"], event["error"], event["recipient"]) == ("denied", "DataKeyError", [])


def test_no_file(leafseal: Run, trail: Trail, work: Path) -> None:
    assert leafseal("decrypt", "none.yaml").code == 100
    assert leafseal("verify", "app.yaml", "none.yaml").code == 100
    events = trail.take()
    assert told(events) == [("decrypt", "missing"), ("verify", "allowed"), ("verify", "missing")]
    assert events[0]["secret"]["file"] == str(work / "none.yaml")


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["--only", "A,B.C"], ["A", '["B.C"]']),
        (["--only", "A", "--file", "D=D"], ["A", "D"]),
        (["--file", "D=D"], ["*"]),
        (["--only", "X_A", "--prefix", "X_"], ["*"]),
        (["--only", "A", "--dialect", "compose"], ["*"]),
    ],
)
def test_the_only_values_that_a_program_gets(
    leafseal: Run, trail: Trail, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch,
    options: list[str], paths: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(running, "execute", lambda *_, **__: os.write(1, b"started"))
    (work / "a.env").write_text("A=1\nB.C=2\nD=3\n")
    leafseal("encrypt", "-i", "--age", me.recipient, "a.env")
    trail.take()
    leafseal("exec-env", "--allow", "B.C", *options, "a.env", "--", "true")
    [event] = trail.take()
    assert event["secret"]["paths"] == paths


def test_no_value(leafseal: Run, trail: Trail) -> None:
    assert leafseal("get", "app.yaml", "db.nothing").code == 91
    first, second = trail.take()
    assert told([first, second]) == [("get", "allowed"), ("get", "missing")]
    assert first["id"] == second["id"]


def test_a_changed_value(leafseal: Run, trail: Trail, sealed: Path) -> None:
    sealed.write_text(sealed.read_text().replace("password:", "passw0rd:"))
    assert leafseal("decrypt", "app.yaml").code == 25
    first, second = trail.take()
    assert told([first, second]) == [("decrypt", "allowed"), ("decrypt", "error")]
    assert (second["id"], second["error"]) == (first["id"], "IntegrityError")


def test_what_fails_for_want_of_a_configuration_is_told_if_the_file_was_opened(leafseal: Run, trail: Trail) -> None:
    assert leafseal("updatekeys", "--yes", "app.yaml").code == 1
    first, second = trail.take()
    assert told([first, second]) == [("updatekeys", "allowed"), ("updatekeys", "error")]
    assert (first["id"], second["error"]) == (second["id"], "ConfigError")


def test_a_plain_file(leafseal: Run, trail: Trail, work: Path) -> None:
    (work / "plain.yaml").write_text("a: 1\n")
    assert leafseal("decrypt", "plain.yaml").code == 1
    [event] = trail.take()
    assert (event["result"], event["error"]) == ("error", "NotEncryptedError")


def test_what_asks_for_no_secret_is_no_event(leafseal: Run, trail: Trail) -> None:
    leafseal("decrypt", "--in-place", "--output", "x", "app.yaml")
    leafseal("inspect", "app.yaml")
    leafseal("whoami", "app.yaml")
    leafseal("decrypt", "--no-such-option", "app.yaml")
    assert trail.take() == []


# -- reasons


def test_a_reason(leafseal: Run, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    trail.set("require_reason = true\n")
    result = leafseal("get", "app.yaml", "db.password")
    assert (result.code, result.out) == (220, b"")
    assert leafseal("get", "--reason", "ticket 7", "app.yaml", "db.password").code == 0
    monkeypatch.setenv("LEAFSEAL_REASON", "from\nhere")
    assert leafseal("get", "app.yaml", "db.password").code == 0
    assert [(event["result"], event["reason"]) for event in trail.take()] == [
        ("denied", None), ("allowed", "ticket 7"), ("allowed", "from\nhere"),
    ]  # fmt: skip


def test_a_reason_without_a_log_changes_nothing(leafseal: Run, sealed: Path) -> None:
    assert leafseal("get", "--reason", "ticket 7", "app.yaml", "db.password").code == 0


# -- who writes the repository


def test_a_name_cannot_add_a_line(leafseal: Run, trail: Trail, sealed: Path, work: Path) -> None:
    name = 'a\n{"result": "allowed"}\u2028\udcff.yaml'
    (work / name).write_bytes(sealed.read_bytes())
    assert leafseal("get", name, "db.password").code == 0
    lines = trail.path.read_bytes().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["secret"]["file"] == str(work / name).replace("\udcff", "\\udcff")


def test_a_private_key_for_a_name_is_not_told(leafseal: Run, trail: Trail, me: ThrowawayIdentity) -> None:
    leafseal("decrypt", me.identity)
    assert me.identity not in trail.path.read_text()
    assert "(private key)" in trail.take()[0]["secret"]["file"]


def test_another_name_for_the_format_does_not_hide_the_file(leafseal: Run, trail: Trail, sealed: Path) -> None:
    assert leafseal("get", "--filename-override", "other.yaml", "app.yaml", "db.password").code == 0
    [event] = trail.take()
    assert event["secret"]["file"] == str(sealed)


def test_a_repository_cannot_turn_the_log_off(leafseal: Run, trail: Trail, work: Path, me: ThrowawayIdentity) -> None:
    off = '[audit]\nfile = "/dev/null"\nrequired = false\n'
    for name in ("policy.toml", "leafseal/policy.toml", ".config/leafseal/policy.toml", ".leafseal/policy.toml"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(off)
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    assert leafseal("decrypt", "app.yaml").code == 0
    assert told(trail.take()) == [("decrypt", "allowed")]


def test_a_log_in_the_repository_is_refused(leafseal: Run, trail: Trail, work: Path) -> None:
    trail.set(path=work / "audit.jsonl")
    result = leafseal("decrypt", "app.yaml")
    assert (result.code, result.out) == (223, b"")
    assert "the audit log is in a Git working tree" in result.err
    assert not (work / "audit.jsonl").exists()


def test_a_log_in_the_repository_of_the_file_is_refused(
    leafseal: Run, trail: Trail, sealed: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (other / "app.yaml").write_bytes(sealed.read_bytes())
    (tmp_path / "link").symlink_to(other)
    trail.set(path=tmp_path / "link" / "audit.jsonl")
    assert leafseal("decrypt", "app.yaml").code == 0
    assert leafseal("decrypt", other / "app.yaml").code == 223
    (tmp_path / "by-link.yaml").symlink_to(other / "app.yaml")
    assert leafseal("decrypt", tmp_path / "by-link.yaml").code == 223


def test_a_home_folder_that_is_a_repository_is_ones_own(leafseal: Run, trail: Trail, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".git").mkdir()
    (home / "logs").mkdir()
    trail.set(path=home / "logs" / "audit.jsonl")
    os.chdir(home)
    try:
        assert leafseal("decrypt", tmp_path / "work" / "app.yaml").code == 0
    finally:
        os.chdir(tmp_path / "work")


# -- the policy


def test_what_is_in_force(leafseal: Run, trail: Trail) -> None:
    trail.set('required = false\npostgres = "host=db password=s3cret"\n')
    out = leafseal("policy", "show").out.decode()
    assert f"{trail.path} (not required)  [yours]" in out
    assert "s3cret" not in out


# -- docs/json.md


def test_events_have_the_form_of_the_page(leafseal: Run, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    from ..docs.blocks import blocks
    from ..docs.json_page import PATH, faults, schema

    leafseal("get", "--reason", "ticket 7", "app.yaml", "db.password")
    leafseal("decrypt", "none.yaml")
    monkeypatch.delenv("SOPS_AGE_KEY")
    leafseal("decrypt", "app.yaml")
    [example] = [json.loads(block.text) for block in blocks(PATH) if block.remark == "event"]
    events = [*trail.take(), example]
    assert [list(event) for event in events] == [list(example)] * 4
    for event in events:
        assert list(faults("audit event", event, schema())) == []


# -- sops's file


@pytest.fixture
def sops_file(sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from leafseal.system import directories

    path = tmp_path / "audit.yaml"
    monkeypatch.setattr(directories, "SOPS_AUDIT_FILE", str(path))
    return path


def test_the_database_of_sops_gets_rows_under_both_names(leafseal: Run, sops_file: Path, sealed: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    from leafseal.audit import trail as trails
    from leafseal.audit.event import principal

    from ..services.postgres import serving

    with serving() as database:
        sops_file.write_text(f'backends:\n  postgres:\n    - connection_string: "{database.connection}"\n')
        assert leafseal("get", "app.yaml", "db.password").out == f"{SECRET}\n".encode()
        assert leafseal("sops", "decrypt", "app.yaml").code == 0
        assert leafseal("sops", "rotate", "-i", "app.yaml").code == 0
        rows = [row[0] for row in database.take()]
        assert rows == ["decrypt", "decrypt", "rotate", "decrypt", "encrypt"]
        assert leafseal("decrypt", "app.yaml").code == 0
        assert database.take() == [("decrypt", principal(), str(sealed))]
        database.run("REVOKE INSERT ON audit_event FROM sops")
        for words, code in ((["decrypt", "app.yaml"], 223), (["sops", "decrypt", "app.yaml"], 1)):
            result = leafseal(*words)
            assert (result.code, result.out) == (code, b"")
            assert "permission denied for table audit_event" in result.err
            assert "swordfish" not in result.err
        for sink in trails._sinks.values():
            if getattr(sink, "_open", None):
                sink._open[1].close()  # type: ignore[attr-defined]


def test_a_broken_file_of_sops_stops_both_names(leafseal: Run, sops_file: Path) -> None:
    sops_file.write_text("backends: [\n")
    for words in (["decrypt", "app.yaml"], ["sops", "decrypt", "app.yaml"]):
        result = leafseal(*words)
        assert (result.code, result.out) == (1, b"")
        assert str(sops_file) in result.err
