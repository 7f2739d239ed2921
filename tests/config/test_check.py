"""Every mistake of a configuration at once, each with its rule, its line and what to do."""

from pathlib import Path

import pytest

from leafseal.config.check import Finding, check, unread
from leafseal.config.find import MAX_BYTES
from leafseal.errors import ConfigError

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".sops.yaml"


def findings(path: Path, text: str | bytes) -> list[Finding]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return check(str(path)).findings


def said(path: Path, rules: str) -> list[tuple[str, int, str]]:
    found = findings(path, f"creation_rules:\n{rules}")
    return [(one.location.removeprefix("creation_rules"), one.line, one.message) for one in found]


def test_nothing_is_found_in_what_is_well(path: Path) -> None:
    groups = f"[{{age: [{A}]}}, {{age: [{A}], pgp: []}}]"
    rules = f"  - path_regex: ^a/.*\\.ya?ml$\n    age: {A}\n  - key_groups: {groups}\n    shamir_threshold: 2\n"
    assert findings(path, f"creation_rules:\n{rules}") == []
    assert check(str(path)).rules == 2


def test_a_private_key_is_no_fingerprint_and_is_not_repeated(path: Path) -> None:
    key = "AGE-SECRET-KEY-1QQPQQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP"
    [found] = findings(path, f"creation_rules:\n  - pgp: {key}\n")
    assert (found.is_error, found.message) == (True, "pgp: fingerprint 1 is a private key")
    assert key not in str(found)


def test_every_rule_counts_also_one_that_is_none(path: Path) -> None:
    assert len(findings(path, f"creation_rules:\n  - age: {A}\n    path_regex: a\n  - just text\n  - age: {A}\n")) == 1
    assert check(str(path)).rules == 3


def test_all_mistakes_come_in_the_order_of_the_file(path: Path) -> None:
    first = f"  - path_regex: '*.yaml'\n    age: {A}\n    enrypted_regex: a\n"
    found = said(path, f"{first}  - path_regex: b\n    age: AGE1X\n  - age: 1\n")
    assert [(location, line) for location, line, _ in found] == [
        ("[0].path_regex", 2), ("[0].enrypted_regex", 4), ("[1].age", 6), ("[2].age", 7),
    ]  # fmt: skip
    errors = [one.is_error for one in check(str(path)).findings]
    assert errors == [True, False, True, True]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("enrypted_regex", "encrypted_regex"),
        ("encrypted-regex", "encrypted_regex"),
        ("encrypted", "encrypted_regex"),
        ("age_keys", "age"),
        ("kms_arn", "kms"),
        ("hc_vault", "hc_vault_transit_uri"),
        ("azure_kv", "azure_keyvault"),
        ("threshold", "shamir_threshold"),
        ("regex", "path_regex"),
    ],
)
def test_what_a_name_was_meant_for(path: Path, name: str, meant: str) -> None:
    assert said(path, f"  - age: {A}\n    {name}: x\n") == [
        (f"[0].{name}", 3, f"unknown key, ignored: did you mean {meant}?")
    ]


def test_a_name_that_is_like_none_is_said(path: Path) -> None:
    assert said(path, f"  - age: {A}\n    owner: x\n") == [("[0].owner", 3, "unknown key, ignored")]


@pytest.mark.parametrize(
    ("pattern", "message", "hint"),
    [
        ("./a/.*", 'begins with "./"', 'delete "./": a path is compared without it'),
        (r"^\./a", 'begins with "./"', 'delete "./": a path is compared without it'),
        ("a/*.yaml", "looks like a glob", r"write ^a/.*\.yaml$"),
        ("a/*", "looks like a glob", "write ^a/.*$"),
        ("^a/*/b", "looks like a glob", "write /[^/]* or /.*"),
    ],
)
def test_patterns_that_compile_and_were_not_meant(path: Path, pattern: str, message: str, hint: str) -> None:
    [found] = findings(path, f"creation_rules:\n  - age: {A}\n    path_regex: '{pattern}'\n")
    assert (found.is_error, found.line, found.message) == (False, 3, message)
    assert found.hint is not None
    assert found.hint.endswith(hint)


@pytest.mark.parametrize("pattern", [r"a/[^/]*\.yaml$", "(^|/)a/.*", r"\.env.*", "a/?b", "[*]"])
def test_patterns_that_are_none_of_these(path: Path, pattern: str) -> None:
    assert said(path, f"  - age: {A}\n    path_regex: '{pattern}'\n") == []


ARN = "arn:aws:kms:eu-west-1:111122223333:key/1"
AZURE = "https://v.vault.azure.net/keys/k/1"
VAULT = "https://v:8200/v1/transit/keys/k"


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        ("pgp", A, "age"),
        ("pgp", ARN, "kms"),
        ("gcp_kms", A, "age"),
        ("gcp_kms", AZURE, "azure_keyvault"),
        ("gcp_kms", VAULT, "hc_vault"),
        ("kms", A, "age"),
    ],
)
def test_a_key_of_another_kind_is_told_of_before_its_service_is_asked(
    path: Path, group: bool, kind: str, text: str, meant: str
) -> None:
    entry = {"gcp_kms": f"{{resource_id: '{text}'}}", "kms": f"{{arn: '{text}'}}"}.get(kind, f"'{text}'")
    rule = f"  - key_groups: [{{{kind}: [{entry}]}}]\n" if group else f"  - {kind}: '{text}'\n"
    [found] = findings(path, f"creation_rules:\n{rule}")
    if group or kind != "kms":
        assert (found.is_error, found.message) == (False, f"this is not a key for {kind}")
        assert found.hint == f"give it as {meant if group or meant != 'hc_vault' else 'hc_vault_transit_uri'}"
    else:
        assert (found.is_error, found.message) == (True, "kms: key 1 is not the ARN of a key or an alias")


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("kms: [{arn: x}]", "it is written as arn:aws:kms:"),
        ("azure_keyvault: [{vaultUrl: x, key: k}]", "it is written as https://"),
        ("hckms: [{key_id: x}]", "it is written as REGION:KEY-ID"),
        ("hc_vault: [x]", "it is written as https://"),
        ("age: [x]", "a recipient begins with age1"),
    ],
)
def test_a_key_in_a_group_has_the_hint_of_its_option(path: Path, entry: str, hint: str) -> None:
    [found] = findings(path, f"creation_rules:\n  - key_groups: [{{{entry}}}]\n")
    assert found.hint is not None
    assert found.hint.startswith(hint)


@pytest.mark.parametrize("text", ["0xFBC7B9E2A4F9289A!", "FBC7 B9E2 A4F9 289A C0C1  D484 3D16 CEE4 A273 81B4"])
def test_fingerprints_as_people_write_them(path: Path, text: str) -> None:
    assert said(path, f"  - pgp: '{text}'\n") == []
    assert said(path, f"  - key_groups: [{{pgp: ['{text}']}}]\n") == []
    message = "this does not look like a key for pgp: it takes PGP fingerprints"
    assert said(path, "  - pgp: ann@example.org\n") == [("[0].pgp", 2, message)]


def test_an_extra_dash(path: Path) -> None:
    [found] = findings(path, f"creation_rules:\n  - path_regex: a\n  - age: {A}\n")
    assert (found.location, found.line, found.message) == ("creation_rules[0]", 2, "names no recipients")
    assert found.hint is not None
    assert "line 3" in found.hint


def test_a_group_without_keys(path: Path) -> None:
    rule = f"  - key_groups: [{{age: [{A}]}}, {{age: []}}]\n"
    assert said(path, rule) == [("[0].key_groups", 2, "has a key group without keys")]


def test_a_threshold_without_groups(path: Path) -> None:
    message = "has no effect without several key groups"
    assert said(path, f"  - age: {A}\n    shamir_threshold: 2\n") == [("[0].shamir_threshold", 3, message)]


@pytest.mark.parametrize(
    "rule", ["encrypted_regex: ^(data|stringData)$", "unencrypted_regex: ^(apiVersion|kind|metadata|type)$"]
)
def test_a_rule_for_secrets_whose_labels_count(path: Path, rule: str) -> None:
    [(place, line, message)] = said(path, f"  - age: {A}\n    {rule}\n")
    assert (place, line) == ("[0]", 2)
    assert "a tool that adds one breaks it" in message
    assert said(path, f"  - age: {A}\n    {rule}\n    mac_only_encrypted: true\n") == []


@pytest.mark.parametrize("rule", ["encrypted_regex: (?i)password", "unencrypted_suffix: _plain", "encrypted_regex: ''"])
def test_other_rules_are_not_taken_for_those_of_secrets(path: Path, rule: str) -> None:
    assert said(path, f"  - age: {A}\n    {rule}\n") == []


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("", "matches every file"),
        ("    path_regex: .*\n", "matches every file"),
        ("    path_regex: b\n", "has the same path_regex"),
    ],
)
def test_a_rule_that_no_file_reaches(path: Path, first: str, why: str) -> None:
    found = said(path, f"  - age: {A}\n{first}  - path_regex: b\n    age: {A}\n")
    assert [(location, message) for location, _, message in found] == [
        ("[1]", f"is never used: creation_rules[0] (line 2), before it, {why}")
    ]


def test_a_pattern_that_does_not_compile_hides_no_rule(path: Path) -> None:
    found = said(path, f"  - age: {A}\n    path_regex: '['\n  - age: {A}\n    path_regex: b\n")
    assert [location for location, _, _ in found] == ["[0].path_regex"]


@pytest.mark.parametrize(
    "text", ["", "{}\n", "creation_rules:\n", "creation_rules: []\n", "stores: {json: {indent: 2}}\n"]
)
def test_no_rules_at_all(path: Path, text: str) -> None:
    [found] = findings(path, text)
    assert (found.is_error, found.message) == (False, "there are no creation rules")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (f"- age: {A}\n", "a list where a mapping is expected"),
        ("creation_rules: age\n", "text where a list is expected"),
        (f"creation_rules:\n  age: {A}\n", "a mapping where a list is expected"),
        ("creation_rules:\n  - key_groups: age\n", "text where a list is expected"),
        (f"creation_rules:\n  - key_groups: [{{age: {A}}}]\n", "text where a list is expected"),
    ],
)
def test_another_shape(path: Path, rules: str, message: str) -> None:
    [found] = findings(path, rules)
    assert (found.is_error, found.message) == (True, message)
    assert found.hint


RULE = f"creation_rules:\n  - age: {A}\n"


@pytest.mark.parametrize("second", ["---\na: 1\n", "---\n- {a: [\n"])
def test_a_second_document_is_told(path: Path, second: str) -> None:
    [found] = findings(path, RULE + second)
    assert (found.is_error, found.line) == (False, 4)
    assert "ignore" in found.message


def test_what_keeps_rules_from_being_read(path: Path) -> None:
    [_, found] = findings(path, "  stores: {}\n" + RULE)
    assert (found.line, found.hides_rules, "indentation" in found.message) == (2, True, True)
    for text in ("rules: []\n", "Creation-Rules: []\n", RULE + "creation_rule: []\n"):
        assert [one.location for one in unread(text.encode(), "")] == [text.split(":")[-2].split("\n")[-1]], text
    for text in (RULE + "age_recipients: [a]\n", "stores: {}\n", ""):  # names of anchors, and no rules at all
        assert unread(text.encode(), "") == []


@pytest.mark.parametrize("text", ["---\n" + RULE, RULE + "---\n", RULE + "...\n", "%YAML 1.1\n---\n" + RULE])
def test_marks_of_documents_alone_are_none(path: Path, text: str) -> None:
    assert findings(path, text) == []


def test_merge_keys_count(path: Path) -> None:
    text = f"base: &base\n  age: {A}\ncreation_rules:\n  - <<: *base\n    path_regex: a\n"
    assert findings(path, text) == []
    [found] = findings(path, text.replace(f"  age: {A}", "  age: x"))
    assert (found.location, found.line) == ("creation_rules[0].age", 2)
    [found] = findings(path, "creation_rules:\n  - <<: 1\n")
    assert (found.is_error, found.line, found.message) == (True, 2, "only mappings can be merged")


def test_what_is_not_text(path: Path) -> None:
    [found] = findings(path, b"# a\ncreation_rules: \xff\n")
    assert found == Finding(True, "", 2, 0, "not UTF-8", "save it as UTF-8")
    assert findings(path, RULE.encode("utf-16")) == []


def test_files_that_cannot_be_read(path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        check(str(path))
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        check(str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError):
        check(str(path))


def test_a_file_that_only_can_be_read_and_a_link_are_files(path: Path) -> None:
    path.write_text(RULE)
    path.chmod(0o400)
    link = path.with_name("link")
    link.symlink_to(path.name)
    assert check(str(link)).findings == []
