import json
import os
from pathlib import Path

import pytest
from tests.metadata.test_unresolved import remembering

from leafseal.metadata.unresolved import Unresolved
from leafseal.system import editor as editors
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch, sealed: Path) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")


@pytest.mark.usefixtures("keyless")
def test_inspect_needs_no_key(leafseal: Run, sealed: Path, me: ThrowawayIdentity) -> None:
    result = leafseal("inspect", sealed.name)
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert lines[0].startswith("app.yaml: yaml, last changed 20")
    assert lines[1:5] == [
        "  recipients:",
        f"    age {me.recipient}",
        "  rule: everything except under key names that end in _unencrypted",
        "  encrypted (6):",
    ]
    assert "    db.password" in lines
    assert lines[-4:] == ["  not encrypted (1):", "    name_unencrypted", "  empty (1):", "    empty"]


@pytest.mark.usefixtures("keyless")
def test_inspect_for_programs(leafseal: Run, sealed: Path, me: ThrowawayIdentity) -> None:
    [about] = json.loads(leafseal("inspect", "--json", sealed.name).out)["files"]
    assert about["file"] == "app.yaml"
    assert about["recipients"] == [{"kind": "age", "key": me.recipient, "name": None, "group": 0}]
    assert [one["pointer"] for one in about["not_encrypted"]] == ["/name_unencrypted"]
    assert [one["pointer"] for one in about["empty"]] == ["/empty"]
    assert "/db/password" in [one["pointer"] for one in about["encrypted"]]


def test_inspect_tells_groups(leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity()
    (work / ".sops.yaml").write_text(
        f"creation_rules:\n  - key_groups:\n      - age: [{me.recipient}]\n      - age: [{other.recipient}]\n"
        "    mac_only_encrypted: true\n"
    )
    assert leafseal("encrypt", "-i", plain).code == 0
    out = leafseal("inspect", plain).out.decode()
    assert "  2 key groups, 2 needed to decrypt\n  recipients of group 1:\n" in out
    assert "  the MAC does not cover values that are not encrypted\n" in out


def test_inspect_goes_on_after_a_file_that_is_none(leafseal: Run, sealed: Path, work: Path) -> None:
    (work / "plain.yaml").write_text("a: c4n4ry\n")
    result = leafseal("inspect", "plain.yaml", sealed.name, "none.yaml")
    assert result.code == 1
    assert result.out.startswith(b"app.yaml: ")
    assert "plain.yaml: not encrypted (it has no sops metadata)" in result.err
    assert "none.yaml: no such file" in result.err


def test_inspect_escapes_names(leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.json").write_text('{"a\\u001b[2J": "b"}')
    assert leafseal("encrypt", "-i", "--age", me.recipient, "a.json").code == 0
    assert b"\x1b" not in leafseal("inspect", "a.json").out


def test_verify_shows_no_value(leafseal: Run, sealed: Path) -> None:
    result = leafseal("verify", sealed.name)
    assert result == (
        0,
        b"app.yaml: OK: 4 encrypted values and 2 encrypted comments verified, 1 not encrypted\n",
        "",
    )
    [about] = json.loads(leafseal("verify", "--json", sealed.name).out)["files"]
    assert about["verified"] is True
    assert (about["unprotected"], about["structure"]) == ([], "covered")


def test_verify_of_good_and_bad(leafseal: Run, sealed: Path, work: Path) -> None:
    (work / "bad.yaml").write_text(sealed.read_text().replace("name_unencrypted: shop", "name_unencrypted: ship"))
    result = leafseal("verify", "bad.yaml", sealed.name)
    assert result.code == 51
    assert result.out.startswith(b"app.yaml: OK")
    assert "bad.yaml: the integrity check (MAC) failed" in result.err
    told = leafseal("verify", "--json", "bad.yaml", sealed.name)
    assert told.code == 51
    report = json.loads(told.out)
    assert [(one["file"], one["verified"]) for one in report["files"]] == [("app.yaml", True)]
    assert [(one["file"], one["code"]) for one in report["errors"]] == [("bad.yaml", "mac-mismatch")]
    assert leafseal("verify", "--ignore-mac", "bad.yaml").code == 0


def test_verify_lists_what_it_could_not_read(leafseal: Run, sealed: Path) -> None:
    told = leafseal("verify", "--json", "missing.yaml", sealed.name)
    assert told.code == 100
    report = json.loads(told.out)
    assert [one["file"] for one in report["files"]] == ["app.yaml"]
    assert [(one["file"], one["code"]) for one in report["errors"]] == [("missing.yaml", "missing-file")]


@pytest.mark.usefixtures("keyless")
def test_verify_without_a_key(leafseal: Run, sealed: Path) -> None:
    assert leafseal("verify", sealed).code == 128


def test_reading_touches_nothing(leafseal: Run, sealed: Path, work: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in work.rglob("*")}
    for command in (["decrypt"], ["verify"], ["inspect"], ["get"]):
        assert leafseal(*command, sealed, *(["db.port"] if command == ["get"] else [])).code == 0
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in work.rglob("*")} == before
    sealed.chmod(0o444)
    (work / ".git").chmod(0o555)
    os.chmod(work, 0o555)
    try:
        assert leafseal("decrypt", sealed).code == 0
    finally:
        os.chmod(work, 0o755)


def test_conflicts_that_a_merge_left_are_told_and_not_accepted(leafseal: Run, sealed: Path) -> None:
    unresolved = Unresolved(("/db/password", "/nothing"))
    sealed.write_bytes(remembering(sealed.read_bytes(), "yaml", unresolved))
    result = leafseal("inspect", sealed.name)
    assert (result.code, result.err) == (0, "")
    assert b"\n  unresolved conflict: /db/password\n  unresolved conflict: /nothing\n" in result.out
    warning = "leafseal: warning: app.yaml: a merge left 2 conflicts in it: /db/password, /nothing; to decide, run"
    result = leafseal("verify", sealed.name)
    assert (result.code, result.err.startswith(warning)) == (222, True)
    assert result.out.startswith(b"app.yaml: a merge left 2 conflicts in it: ")
    assert b"\n  unresolved conflict: /nothing\n" in result.out
    [about] = json.loads(leafseal("verify", "--json", sealed.name).out)["files"]
    assert about["unresolved"] == ["/db/password", "/nothing"]
    assert leafseal("decrypt", sealed.name).err.startswith(warning)
    assert leafseal("sops", "decrypt", sealed.name).err == ""


def test_set_decides_a_conflict_even_if_the_value_stays(leafseal: Run, sealed: Path) -> None:
    sealed.write_bytes(remembering(sealed.read_bytes(), "yaml", Unresolved(("/db/password",))))
    value = leafseal("get", sealed.name, "db.password").out.decode().rstrip("\n")
    result = leafseal("set", "--idempotent", "--string", sealed.name, "db.password", value)
    told = "leafseal: app.yaml: decided the conflict at /db/password\n"
    assert (result.code, "a merge left" in result.err, result.err.endswith(told)) == (0, False, True)
    assert leafseal("verify", sealed.name).code == 0


def test_a_change_tells_what_it_decides_and_warns_of_what_is_left(
    leafseal: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ("/db/password", "/db/port", "/nothing")
    sealed.write_bytes(remembering(sealed.read_bytes(), "yaml", Unresolved(places)))
    left = 'leafseal: warning: app.yaml: a merge left {}; to decide, run "leafseal resolve app.yaml"\n'
    result = leafseal("unset", "--idempotent", sealed.name, "db.other")
    assert result.err.startswith(left.format("3 conflicts in it: /db/password, /db/port, /nothing"))
    result = leafseal("unset", sealed.name, "db.password")
    told = "leafseal: app.yaml: decided the conflict at /db/password\n"
    assert result.err == told + left.format("2 conflicts in it: /db/port, /nothing")
    monkeypatch.setattr(editors, "_AT_ONCE", 0.0)
    monkeypatch.setenv("SOPS_EDITOR", "sed -i 's/port: .*/port: 5/'")
    result = leafseal("edit", sealed.name)
    told = "leafseal: app.yaml: decided the conflict at /db/port\n"
    assert result.err == told + left.format("1 conflict in it: /nothing")
    monkeypatch.setenv("SOPS_EDITOR", "true")
    result = leafseal("edit", sealed.name)
    assert result.err == "leafseal: app.yaml: unchanged\n" + left.format("1 conflict in it: /nothing")
