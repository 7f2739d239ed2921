"""`leafseal config`: every mistake of a configuration, which rule is for a file, a schema for editors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from leafseal.config.schema import schema
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Run

OTHER = throwaway_identity()


@pytest.fixture
def config(work: Path, me: ThrowawayIdentity) -> Path:
    """A configuration with two rules that are well."""
    path = work / ".sops.yaml"
    path.write_text(
        "creation_rules:\n"
        f"  - path_regex: ^secrets/.*\\.yaml$\n    encrypted_regex: ^data$\n    age: {me.recipient}\n"
        f"  - path_regex: ^two/\n    key_groups: [{{age: [{me.recipient}]}}, {{age: [{OTHER.recipient}]}}]\n"
    )
    return path


# -- check


def test_a_configuration_without_mistakes(leafseal: Run, config: Path) -> None:
    assert leafseal("config", "check") == (0, b".sops.yaml: no mistakes in 2 creation rules\n", "")


def test_the_configuration_in_force_is_found_above_or_by_its_variable(
    leafseal: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = config.parent / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert leafseal("config", "check").out.startswith(b"../../.sops.yaml: no mistakes")
    (below / "other.yaml").write_text("")
    monkeypatch.setenv("SOPS_CONFIG", "other.yaml")
    assert leafseal("config", "check") == (
        222,
        b"other.yaml:1:1: warning: creation_rules: there are no creation rules\n"
        b'  add a rule, such as "creation_rules: [{age: age1\xe2\x80\xa6}]"\n'
        b"other.yaml: 1 warning\n",
        "",
    )


def test_every_mistake_has_its_line_its_rule_and_what_to_do(leafseal: Run, config: Path) -> None:
    config.write_text("creation_rules:\n  - path_regex: '*.yaml'\n    age: x\n    enrypted_regex: a\n")
    code, out, err = leafseal("config", "check")
    assert (code, err) == (222, "")
    lines = out.decode().splitlines()
    assert lines[0].startswith(".sops.yaml:2:17: error: creation_rules[0].path_regex: ")
    assert lines[1] == r"  path_regex is a regular expression, not a glob: write .*\.yaml$"
    assert lines[2] == ".sops.yaml:3:10: error: creation_rules[0].age: age: recipient 1 is not an age recipient"
    assert lines[-2].endswith("unknown key, ignored: did you mean encrypted_regex?")
    assert lines[-1] == ".sops.yaml: 2 errors, 1 warning in 1 creation rule"


def test_several_files_and_one_that_is_not_there(leafseal: Run, config: Path) -> None:
    (config.parent / "b.yaml").write_text("creation_rules: 1\n")
    code, out, err = leafseal("config", "check", "b.yaml", "none.yaml", ".sops.yaml")
    assert code == 1
    assert [line.partition(b":")[0] for line in out.splitlines() if not line.startswith(b" ")] == [
        b"b.yaml", b"b.yaml", b".sops.yaml",
    ]  # fmt: skip
    assert "none.yaml: could not read config file: No such file" in err


def test_a_configuration_from_standard_input(leafseal: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with config.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert leafseal("config", "check", "-") == (0, b"-: no mistakes in 2 creation rules\n", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("creation_rules:\n\t- age: x\n", ".sops.yaml:2:1: error: not valid YAML: a tab indents this line"),
        ("creation_rules:\n  - path_regex: @a\n", ".sops.yaml:2:17: error: not valid YAML: a value begins with @"),
        ("\udcff", ".sops.yaml:1: error: not UTF-8"),
    ],
)
def test_what_is_not_yaml_has_one_line_and_what_to_do(leafseal: Run, config: Path, text: str, message: str) -> None:
    config.write_bytes(text.encode("utf-8", "surrogateescape"))
    code, out, err = leafseal("config", "check")
    first, hint, last = out.decode().splitlines()
    assert (code, err, last) == (222, "", ".sops.yaml: 1 error")
    assert first.startswith(message)
    assert hint.startswith("  ")


def test_a_link_that_leads_nowhere_stands_in_for_no_other_file(leafseal: Run, config: Path, plain: Path) -> None:
    below = config.parent / "below"
    below.mkdir()
    (below / ".sops.yaml").symlink_to("none")
    (below / "a.yaml").write_text("a: 1\n")
    for words in (("config", "explain", "below/a.yaml"), ("encrypt", "below/a.yaml")):
        result = leafseal(*words)
        assert (result.code, result.out) == (1, b"")
        assert "below/.sops.yaml: could not read config file: the link leads to no file\n" in result.err


def test_findings_for_programs(leafseal: Run, config: Path) -> None:
    config.write_bytes(b"creation_rules:\n  - age: [x]\n")
    code, out, err = leafseal("config", "check", "--json")
    assert (code, err) == (222, "")
    place = {"document": 0, "pointer": "/creation_rules/0/age/0", "is_comment": False}
    assert json.loads(out)["files"] == [
        {
            "file": ".sops.yaml",
            "rule_count": 1,
            "mistakes": [
                {
                    "severity": "error",
                    "place": place,
                    "line": 2,
                    "column": 11,
                    "message": "age: recipient 1 is not an age recipient",
                    "hint": "a recipient begins with age1 or ssh-",
                }
            ],
        }
    ]
    config.write_bytes(b"\xff")
    [found] = json.loads(leafseal("config", "check", "--json").out)["files"][0]["mistakes"]
    assert (found["place"], found["line"], found["column"]) == (None, 1, None)


def test_no_value_of_a_configuration_steers_the_terminal(leafseal: Run, config: Path) -> None:
    config.write_text('creation_rules:\n  - "a\\e[31m": x\n    path_regex: "a\\e[31m"\n')
    for arguments in (("check",), ("explain", "a\x1b[31m"), ("explain", "b")):
        assert b"\x1b" not in leafseal("config", *arguments).out


# -- explain


def test_a_file_that_does_not_exist_yet(leafseal: Run, config: Path, me: ThrowawayIdentity) -> None:
    code, out, err = leafseal("config", "explain", "secrets/new.yaml")
    assert (code, err) == (0, "")
    assert out.decode() == (
        "secrets/new.yaml: creation_rules[0] (line 2)\n"
        f"  configuration: {config} (the nearest above the file)\n"
        "  path_regex is compared with: secrets/new.yaml\n"
        "  path_regex: ^secrets/.*\\.yaml$\n"
        "  recipients:\n"
        f"    age {me.recipient}\n"
        "  encrypts only values under key names that match ^data$\n"
    )


def test_groups_and_the_rules_before(leafseal: Run, config: Path) -> None:
    out = leafseal("config", "explain", "two/secrets/a.yaml").out.decode()
    assert "  creation_rules[0] (line 2) does not match: ^secrets/.*\\.yaml$\n" in out
    assert "  2 key groups, 2 needed to decrypt\n" in out
    assert "  recipients of group 2:\n" in out


def test_recipients_have_their_names(leafseal: Run, config: Path, me: ThrowawayIdentity) -> None:
    config.write_text(f"recipients: {{ann: {me.recipient}}}\ncreation_rules:\n  - age: {me.recipient}\n")
    assert leafseal("config", "check").code == 0
    assert f"    age {me.recipient} (ann)\n" in leafseal("config", "explain", "a").out.decode()


def test_no_rule(leafseal: Run, config: Path) -> None:
    code, out, _ = leafseal("config", "explain", "Secrets/a.yaml")
    assert code == 222
    lines = out.decode().splitlines()
    assert lines[0] == "Secrets/a.yaml: no creation rule matches"
    assert lines[-3] == "  creation_rules[0] (line 2) does not match: ^secrets/.*\\.yaml$"
    assert lines[-1].startswith("  what to do: creation_rules[0] (line 2): write path_regex with the capital")
    assert leafseal("config", "explain", "c").out.endswith(
        b"what to do: add a rule with a path_regex that matches c, or a last rule without one\n"
    )


def test_no_configuration(leafseal: Run, work: Path) -> None:
    assert leafseal("config", "explain", "a.yaml") == (
        222,
        b'a.yaml: no .sops.yaml with creation rules found\n  what to do: create one with "leafseal init"\n',
        "",
    )
    result = leafseal("config", "check")
    assert (result.code, result.out) == (1, b"")
    assert "no .sops.yaml found here or above" in result.err


def test_variables_that_count_before_the_rule(leafseal: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_RECIPIENTS", OTHER.recipient)
    monkeypatch.setenv("SOPS_CONFIG", str(config))
    out = leafseal("config", "explain", "secrets/a.yaml").out.decode()
    assert f"  configuration: {config} (named by SOPS_CONFIG)\n" in out
    assert (
        "  SOPS_AGE_RECIPIENTS is set: a new file is encrypted for its recipients, not for those of the rule\n" in out
    )
    assert (
        "(named by --config)" in leafseal("config", "explain", "--config", ".sops.yaml", "secrets/a.yaml").out.decode()
    )


def test_sops_looks_elsewhere(leafseal: Run, config: Path) -> None:
    below = config.parent / "app"
    below.mkdir()
    (below / ".sops.yaml").write_bytes(config.read_bytes())
    out = leafseal("config", "explain", "app/secrets/a.yaml").out.decode()
    assert f"  configuration: {below}/.sops.yaml " in out
    assert f"  sops, started in this folder, uses {config} instead\n" in out


def test_an_encrypted_file_beside_its_rule(leafseal: Run, config: Path, me: ThrowawayIdentity) -> None:
    path = config.parent / "secrets" / "a.yaml"
    path.parent.mkdir()
    path.write_text("data: 1\n")
    assert "encrypted" not in leafseal("config", "explain", "secrets/a.yaml").out.decode().splitlines()[-1]
    leafseal("encrypt", "-i", "secrets/a.yaml")
    code, out, _ = leafseal("config", "explain", "secrets/a.yaml")
    assert (code, out.decode().splitlines()[-1]) == (0, "  the file is encrypted like this")
    config.write_text(f"creation_rules:\n  - age: {OTHER.recipient}\n")
    code, out, _ = leafseal("config", "explain", "secrets/a.yaml")
    assert code == 222
    assert f"    +++ age {OTHER.recipient}\n" in out.decode()
    assert out.decode().endswith(
        '  the file has another rule; to change it, run "leafseal updatekeys --sync-rules secrets/a.yaml":\n'
        "    --- only values under key names that match ^data$\n"
        "    +++ everything except under key names that end in _unencrypted\n"
    )
    [found] = json.loads(leafseal("config", "explain", "--json", "secrets/a.yaml").out)["files"]
    assert found["state"] == "differs"
    assert found["added"] == [{"kind": "age", "key": OTHER.recipient, "name": None, "group": 0}]
    assert [one["key"] for one in found["removed"]] == [me.recipient]
    assert found["file_rule"] == "only values under key names that match ^data$"


def test_what_programs_are_told(leafseal: Run, config: Path, me: ThrowawayIdentity) -> None:
    one, two = json.loads(leafseal("config", "explain", "--json", "two/a", "x").out)["files"]
    assert (one["state"], one["configuration"], one["compared_with"]) == ("new", os.fspath(config), "two/a")
    assert one["creation_rule"]["place"]["pointer"] == "/creation_rules/1"
    assert [passed["path_regex"] for passed in one["passed_over"]] == ["^secrets/.*\\.yaml$"]
    assert one["recipients"] == [
        {"kind": "age", "key": key.recipient, "name": None, "group": number} for number, key in enumerate((me, OTHER))
    ]
    assert (one["groups"], one["threshold"]) == (2, 2)
    assert (two["state"], two["creation_rule"], two["message"]) == ("no-rule", None, "no creation rule matches")
    assert two["hint"].startswith("add a rule")


def test_a_configuration_that_is_wrong_explains_nothing(leafseal: Run, config: Path) -> None:
    config.write_text("creation_rules:\n  - age: x\n")
    code, out, err = leafseal("config", "explain", "a.yaml")
    assert (code, out) == (1, b"")
    assert "creation_rules[0].age" in err


# -- schema


def test_the_schema_is_printed(leafseal: Run) -> None:
    result = leafseal("config", "schema")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out) == schema()
