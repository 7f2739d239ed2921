"""docs/json.md tells what commands print with `--json`, field by field."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import leafseal
from leafseal import errors
from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.declarations import Command
from leafseal.cli.shared.reports import CODES, code_of
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .json_page import PATH, examples, faults, reports, schema

SCHEMA = schema()
PAGE = PATH.read_text(encoding="utf-8")

FILES = {
    "app.yaml": b'db:\n    password: hunter2\n    "a/b~": x\nname_unencrypted: shop\n# note\nempty: ""\nlist: [1]\n',
    "a.json": b'{"a": "b"}\n',
    "a.env": b"A=1\n",
}


def _commands() -> Iterator[tuple[str, Command]]:
    for name in COMMANDS:
        declared = load(name)
        if isinstance(declared, Command):
            yield name, declared
        else:
            yield from ((f"{name} {member}", command) for member, command in declared.commands.items())


def test_every_command_with_json_has_a_section() -> None:
    with_json = [name for name, command in _commands() if any(one.name == "as_json" for one in command.options)]
    assert sorted(with_json) == sorted([*reports(), "get"])


def test_a_field_has_one_type_everywhere() -> None:
    types: dict[str, set[str]] = defaultdict(set)
    for fields in SCHEMA.values():
        for name, field in fields.items():
            kinds = {kind for kind in field.types if kind != "null"}
            # The files of a report are objects of its own.
            types[name] |= {re.sub(r"^list of file of .*", "list of file", kind) for kind in kinds}
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("text", examples(), ids=reports())
def test_examples_have_the_shape(text: str) -> None:
    told = json.loads(text)
    assert list(faults(told["report"], told, SCHEMA)) == []


def test_every_kind_of_error_has_a_code_of_its_own_on_the_page() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LeafsealError)
    ]
    assert list(CODES) == kinds
    assert len(set(CODES.values())) == len(CODES)
    # Its class has the code of a program that is not found.
    exits = {kind: 127 if kind is errors.CommandError else kind.exit_code for kind in kinds}
    assert rows == [(CODES[kind], str(exits[kind])) for kind in kinds]


def test_codes_of_findings_are_those_of_the_page() -> None:
    from leafseal.cli.shared import findings

    told = re.findall(r"^\| (`[^|]*`) \| [^|]* \|$", PAGE[PAGE.index("| code of a finding |") :], re.MULTILINE)
    codes = {code for row in told for code in re.findall(r"`([a-z-]+)`", row)}
    written = {"duplicate", "comment-in-list", "encrypted-against-rule", "old-context"}
    assert codes >= {*findings._CODES.values(), *findings._MAC_CODES.values(), *written}


# -- what commands print


@pytest.fixture
def me() -> ThrowawayIdentity:
    return throwaway_identity()


@pytest.fixture
def folder(tmp_path: Path, me: ThrowawayIdentity) -> Path:
    (tmp_path / "home").mkdir()
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    for name, text in FILES.items():
        form = {"env": "dotenv"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
        (folder / name).write_bytes(leafseal.encrypt(text, format=form, recipients=[me.recipient]))
    return folder


def _report(folder: Path, me: ThrowawayIdentity, *words: str | bytes, code: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "leafseal", *words],
        cwd=folder,
        env={**os.environ, "SOPS_AGE_KEY": me.identity, "HOME": str(folder.parent / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.count(b"\n") == 1
    assert b"hunter2" not in done.stdout
    told = json.loads(done.stdout)
    assert list(faults(told["report"], told, SCHEMA)) == []
    assert bool(told["errors"]) == (code not in (0, errors.PENDING))
    return told


def test_inspect(folder: Path, me: ThrowawayIdentity) -> None:
    told = _report(folder, me, "inspect", "--json", *FILES)
    first = told["files"][0]
    assert [one["file"] for one in told["files"]] == list(FILES)
    assert [one["pointer"] for one in first["encrypted"] if not one["is_comment"]] == [
        "/db/password", "/db/a~1b~0", "/list/0",
    ]  # fmt: skip
    assert [one["pointer"] for one in first["not_encrypted"]] == ["/name_unencrypted"]


def test_whoami(folder: Path, me: ThrowawayIdentity) -> None:
    (folder.parent / "home" / ".ssh").mkdir()
    (folder.parent / "home" / ".ssh" / "id_rsa").write_text("nonsense")
    told = _report(folder, me, "whoami", "--json", "app.yaml")
    assert [one["key"] for one in told["keys"]] == [me.recipient]
    assert [(one["file"], one["opens"], one["own_keys"]) for one in told["files"]] == [
        ("app.yaml", True, [me.recipient])
    ]
    assert told["troubles"][0]["found_in"].endswith("id_rsa")


def test_verify_of_good_and_bad(folder: Path, me: ThrowawayIdentity) -> None:
    path = folder / "app.yaml"
    path.write_bytes(
        path.read_bytes().replace(b"password: ENC[AES256_GCM,data:", b"password: ENC[AES256_GCM,data:AAAA")
    )
    told = _report(folder, me, "verify", "--json", *FILES, code=25)
    assert [one["file"] for one in told["files"]] == ["a.json", "a.env"]
    [error] = told["errors"]
    assert (error["code"], error["file"], error["place"]["pointer"]) == ("changed-value", "app.yaml", "/db/password")
    told = _report(folder, me, "repair", "--json", *FILES, code=222)
    assert told["files"][0]["findings"][0]["place"] == error["place"]


def test_diff(folder: Path, me: ThrowawayIdentity) -> None:
    told = _report(folder, me, "diff", "--json", "--exit-code", "app.yaml", "a.json", code=222)
    changes = {one["path"]: one["change"] for one in told["files"][0]["differences"]}
    assert (changes["/db/password"], changes["/a"]) == ("removed", "added")


def test_updatekeys(folder: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity().recipient
    (folder / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient},{other}\n")
    for options, state, code in ((("--dry-run",), "pending", 222), (("--yes",), "changed", 0)):
        told = _report(folder, me, "updatekeys", "--json", *options, *FILES, code=code)
        assert {one["state"] for one in told["files"]} == {state}
        assert told["files"][0]["added"] == [{"kind": "age", "key": other, "name": None, "group": 0}]
    told = _report(folder, me, "updatekeys", "--json", "--yes", *FILES)
    assert {one["state"] for one in told["files"]} == {"up-to-date"}


def test_config(folder: Path, me: ThrowawayIdentity) -> None:
    (folder / ".sops.yaml").write_text(f"creation_rules:\n  - path_regex: ^app\n    age: {me.recipient}\n    agee: x\n")
    [checked] = _report(folder, me, "config", "check", "--json", code=222)["files"]
    assert [one["place"]["pointer"] for one in checked["mistakes"]] == ["/creation_rules/0/agee"]
    told = _report(folder, me, "config", "explain", "--json", *FILES, "app.env", code=222)
    assert [one["state"] for one in told["files"]] == ["up-to-date", "no-rule", "no-rule", "new"]
    (folder / ".sops.yaml").unlink()
    told = _report(folder, me, "config", "explain", "--json", "app.yaml", code=222)
    assert told["files"][0]["configuration"] is None


def test_policy_show(folder: Path, me: ThrowawayIdentity) -> None:
    told = _report(folder, me, "policy", "show", "--json")
    assert {one["setting"]: one["values"] for one in told["settings"]}["min_threshold"] == ["0"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("inspect", "--json"), 8, "usage"),
        (("verify", "--json", "--nonsense"), 1, "usage"),
        (("verify", "--json", "none.yaml"), 100, "missing-file"),
        (("inspect", "--json", ".git"), 2, "cannot-read"),
        (("repair", "--json", "-"), 8, "usage"),
        (("diff", "--json", "a", "b", "c"), 8, "usage"),
        (("updatekeys", "--json", "app.yaml"), 8, "usage"),
        (("config", "check", "--json"), 1, "invalid-configuration"),
        (("config", "check", "--json", "none.yaml"), 1, "invalid-configuration"),
        (("config", "explain", "--json"), 1, "usage"),
        (("updatekeys", "--json", "--dry-run", "app.yaml"), 1, "invalid-configuration"),
    ],
)
def test_errors_are_in_the_report(
    folder: Path, me: ThrowawayIdentity, words: tuple[str, ...], code: int, error: str
) -> None:
    assert [one["code"] for one in _report(folder, me, *words, code=code)["errors"]] == [error]


def test_mistakes_of_a_configuration_are_errors_of_their_own(folder: Path, me: ThrowawayIdentity) -> None:
    (folder / ".sops.yaml").write_text("creation_rules:\n  - age: [1]\n    path_regex: '('\n")
    told = _report(folder, me, "updatekeys", "--json", "--dry-run", "app.yaml", code=1)
    assert {one["code"] for one in told["errors"]} == {"invalid-configuration"}
    places = {one["place"]["pointer"] for one in told["errors"] if one["place"]}
    assert "/creation_rules/0/path_regex" in places


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_names_that_are_not_text(folder: Path, me: ThrowawayIdentity) -> None:
    name = b"a\xff.yaml"
    os.rename(os.fsencode(folder) + b"/app.yaml", os.fsencode(folder) + b"/" + name)
    [one] = _report(folder, me, "verify", "--json", name)["files"]
    assert (one["file"], base64.b64decode(one["file_bytes"])) == ("a\ufffd.yaml", name)
    [error] = _report(folder, me, "verify", "--json", b"none" + name, code=100)["errors"]
    assert base64.b64decode(error["file_bytes"]) == b"none" + name


def test_kinds_that_are_derived_have_the_code_of_their_base() -> None:
    class Other(errors.RefusedError):
        pass

    assert code_of(Other("no")) == "refused"


def test_check_and_verify_against_a_revision(folder: Path, me: ThrowawayIdentity) -> None:
    def git(*words: str) -> None:
        options = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *options, *words], cwd=folder, check=True, capture_output=True)

    (folder / ".git").rmdir()
    git("init", "-q")
    (folder / ".sops.yaml").write_text(f"creation_rules:\n  - path_regex: ^secrets/\n    age: {me.recipient}\n")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "a.env").write_text("A=hunter2\n")
    (folder / "link.yaml").symlink_to("app.yaml")
    git("add", ".")
    git("commit", "-qm", "one")
    told = _report(folder, me, "check", "--json", code=222)
    assert [(one["rule"], one["file"], one["line"]) for one in told["results"]] == [("plain-file", "secrets/a.env", 1)]
    assert (told["checked_count"], told["encrypted_count"]) == (5, 3)
    assert told["skipped"] == [{"file": "link.yaml", "reason": "link"}]
    assert [one["code"] for one in _report(folder, me, "check", "--json", "none.yaml", code=100)["errors"]] == [
        "missing-file"
    ]
    (folder / "a.json").unlink()
    (folder / ".gitattributes").write_text("* merge=union\n")
    told = _report(folder, me, "verify", "--json", "--all", "--against", "HEAD", code=222)
    assert [one["since"]["state"] for one in told["files"]] == ["changed", "changed"]
    assert told["others"] == [{"file": "a.json", "state": "deleted"}]
