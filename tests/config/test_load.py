"""Configuration files: what they say, which rule is for a file, every fault with its place (sops-cli §1)."""

import os
import threading

import pytest

from leafseal.config import nodes, patterns
from leafseal.config.load import guarding_rule, load_config
from leafseal.config.nodes import compose
from leafseal.errors import ConfigError, FormatError
from leafseal.rules.selection import Selection

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
B = "age16hw3uaszjqlnzlnyse78d273twe7tps7dqkmnrqj8ptujc9up9cqcdpfs2"
C = "age13g43nz9lzhun04wqcrmklw9kdw9z5wm709sh39dfl4s72seztv2qajujda"
ARN = "arn:aws:kms:us-east-1:123456789012:key/abc"


@pytest.fixture
def load(tmp_path):
    """Return a function that loads a configuration of the given text."""

    def load_text(text, name=".sops.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path)

    return load_text


def faults_of(load, text):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert str(caught.value).isprintable()
    return list(caught.value.faults)


def names(group):
    return [f"{key.kind} {key}" for key in group]


# -- groups ------------------------------------------------------------------------------------------------------


def test_flat_keys_make_one_group_in_the_order_of_sops(load):
    config = load(f"""
creation_rules:
  - hc_vault_transit_uri: http://v:8200/v1/transit/keys/k
    azure_keyvault: https://v.vault.azure.net/keys/n/1
    hckms: [r:u]
    gcp_kms: projects/p/locations/l/keyRings/r/cryptoKeys/k
    kms: {ARN}+arn:aws:iam::1:role/r
    aws_profile: dev
    pgp: [F1, "F2,F3"]
    age: ' {A} ,, {B},'
""")
    [rule] = config.rules
    assert names(rule.groups[0]) == [
        f"age {A}",
        f"age {B}",
        "pgp F1",
        "pgp F2",
        "pgp F3",
        f"kms {ARN}+arn:aws:iam::1:role/r||dev",
        "gcp_kms projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "hckms r:u",
        "azure_kv https://v.vault.azure.net/keys/n/1",
        "hc_vault http://v:8200/v1/transit/keys/k",
    ]
    assert rule.location == "creation_rules[0]"
    assert len(rule.groups) == 1


@pytest.mark.parametrize(
    "keys",
    [
        f"age: [{A}, {B}]",
        f"age: ['{A},{B}']",
        f"age: '{A}, {B}'",
        f"age: >-\n      {A},\n      {B}\n",
        f"age: ['{A}', ' {B}']",
    ],
)
def test_lists_and_texts_of_keys(load, keys):
    [rule] = load(f"creation_rules:\n  - {keys}\n").rules
    assert names(rule.groups[0]) == [f"age {A}", f"age {B}"]


def test_flat_keys_are_not_deduplicated(load):
    [rule] = load(f"creation_rules: [{{age: '{A},{A}'}}]").rules
    assert len(rule.groups[0]) == 2


@pytest.mark.parametrize(
    "rest",
    ["", "key_groups: []", "key_groups: [{}]", "key_groups: [{age: []}]", "age: ''", "age: []", "age:", "key_groups:"],
)
def test_a_rule_without_keys_has_an_empty_group(load, rest):
    [rule] = load(f"creation_rules:\n  - path_regex: x\n    {rest}\n").rules
    assert rule.groups == ((),)


def test_key_groups_merge_and_lose_duplicates(load):
    config = load(f"""
creation_rules:
  - shamir_threshold: 2
    key_groups:
      - merge:
          - merge: [{{pgp: ["A B"]}}]
            age: [{B}]
          - age: [{B}, {A}]
        age: ["{A},{C}"]
        kms:
          - arn: {ARN}
            role: arn:aws:iam::1:role/r
            context: {{k: v, n: 5, gone: null}}
            aws_profile: p
          - arn: {ARN}
        gcp_kms: [{{resource_id: projects/p}}]
        hckms: [{{key_id: "r:u"}}]
        azure_keyvault: [{{vaultUrl: https://v, key: n, version: "1"}}]
        hc_vault: [http://v:8200/v1/a/b/keys/k]
      - age: [{A}]
""")
    [rule] = config.rules
    assert rule.threshold == 2
    assert names(rule.groups[0]) == [
        "pgp AB",
        f"age {B}",
        f"age {A}",
        f"age {C}",
        f"kms {ARN}+arn:aws:iam::1:role/r|k:v,n:5|p",
        f"kms {ARN}",
        "gcp_kms projects/p",
        "hckms r:u",
        "azure_kv https://v/keys/n/1",
        "hc_vault http://v:8200/v1/a/b/keys/k",
    ]
    assert names(rule.groups[1]) == [f"age {A}"]


def test_key_groups_win_over_flat_keys_and_say_so(load):
    config = load(f"creation_rules:\n  - age: {A}\n    pgp: F\n    key_groups: [{{age: [{B}]}}]\n")
    assert names(config.rules[0].groups[0]) == [f"age {B}"]
    assert config.warnings == (
        "line 2, column 10: creation_rules[0].age: ignored, because the rule has key_groups",
        "line 3, column 10: creation_rules[0].pgp: ignored, because the rule has key_groups",
    )


# -- settings ----------------------------------------------------------------------------------------------------


def test_settings_of_a_rule(load):
    settings = "path_regex: x, encrypted_regex: ^a, mac_only_encrypted: yes, shamir_threshold: 2.0"
    [rule] = load(f"creation_rules: [{{age: {A}, {settings}}}]").rules
    assert rule.selection == Selection(encrypted_regex="^a", mac_only_encrypted=True)
    assert rule.path_regex == "x"
    assert rule.threshold == 2  # with one group it means nothing


def test_texts_are_taken_as_they_stand(load):
    [rule] = load("creation_rules: [{encrypted_suffix: 1.10, path_regex: true}]").rules
    assert rule.selection.encrypted_suffix == "1.10"
    assert rule.path_regex == "true"


def test_stores(load):
    assert load("stores: {yaml: {indent: 2}, json: {indent: 0}, json_binary: {indent: -1}, ini: {}}").indents == {
        "yaml": 2,
        "json": 0,
        "binary": -1,
    }
    assert load("stores:").indents == load("stores: {json: }").indents == {}


def test_destination_rules_are_kept(load):
    config = load("destination_rules: [{path_regex: x, s3_bucket: b, vault_kv_version: 1, recreation_rule: {pgp: F}}]")
    assert config.destination_rules == (
        {"path_regex": "x", "s3_bucket": "b", "vault_kv_version": 1, "recreation_rule": {"pgp": "F"}},
    )
    assert config.rules is None


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n...\n", "null", "{}", "creation_rules:", "stores: {}", "\ufeff{}"]
)
def test_nothing_said_is_no_configuration(load, text):
    config = load(text)
    assert config.rules is None
    assert config.rule_for("x.yaml") is None
    assert config.indents == {}


def test_dev_null_is_an_empty_configuration():
    assert load_config("/dev/null").rules is None


def test_anchors_aliases_and_merge_keys(load):
    config = load(f"""
keys:
  - &alice {A}
  - &bob {B}
base: &base
  age: *alice
  mac_only_encrypted: true
more: &more {{age: nobody, encrypted_suffix: _x}}
creation_rules:
  - <<: *base
    path_regex: a
  - <<: [*base, *more]
    age: [*bob, *alice]
  - *base
--- [
""")
    first, second, third = config.rules
    assert names(first.groups[0]) == [f"age {A}"]
    assert first.path_regex == "a"
    assert first.selection.mac_only_encrypted
    assert names(second.groups[0]) == [f"age {B}", f"age {A}"]
    assert second.selection.encrypted_suffix == "_x"
    assert third.groups == first.groups
    assert config.warnings == ()


# -- which rule --------------------------------------------------------------------------------------------------


def test_the_first_rule_that_matches_counts(load, tmp_path):
    config = load(
        r"creation_rules: [{path_regex: ^sub/, shamir_threshold: 1}, {path_regex: \.yaml$, shamir_threshold: 2}, {}]"
    )
    path = tmp_path / "sub" / "x.yaml"
    assert config.rule_for(path) is config.rules[0]
    assert config.rule_for(str(tmp_path / "x.yaml")) is config.rules[1]
    assert config.rule_for("/elsewhere/sub/x.json") is config.rules[2]
    assert config.tested_path(path) == os.path.join("sub", "x.yaml")
    assert config.tested_path("/elsewhere/x") == "/elsewhere/x"


def test_paths_are_relative_to_the_configuration_not_to_the_working_directory(load, tmp_path, monkeypatch):
    config = load("creation_rules: [{path_regex: ^a/b$}]")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert config.rule_for("b") is config.rules[0]
    assert load_config("../.sops.yaml").rule_for("../a/./b").location == "creation_rules[0]"
    assert config.tested_path(tmp_path.with_name(tmp_path.name + "x") / "f").startswith("/")


def test_links_are_not_followed(load, tmp_path):
    config = load("creation_rules: [{path_regex: ^link/}]")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert config.rule_for(tmp_path / "link" / "f") is config.rules[0]
    with pytest.raises(ConfigError):
        config.rule_for(tmp_path / "real" / "f")


@pytest.mark.parametrize("text", ["creation_rules: []", "creation_rules: [{path_regex: x$}]"])
def test_no_rule_matches(load, text):
    with pytest.raises(ConfigError, match="no matching creation rules found") as caught:
        load(text).rule_for("f.yaml")
    assert caught.value.hint
    assert caught.value.exit_code == 1


# -- faults ------------------------------------------------------------------------------------------------------


def test_every_fault_is_reported_with_its_place(load):
    text = f"""\
creation_rules:
  - path_regex: "["
    age: [{A}, nobody]
  - encrypted_regex: a**
    encrypted_suffix: b
    mac_only_encrypted: "true"
    shamir_threshold: many
    pgp: 5
    hckms: r:u
    kms: [null, [x]]
    age: {{a: b}}
  - key_groups:
      - age: {A}
        kms: [arn]
        azure_keyvault: [{{vaultUrl: x}}]
        merge: [[]]
      - 5
    shamir_threshold: 3
  - encrypted_suffix: a
    unencrypted_suffix: b
stores: {{yaml: {{indent: -1}}, json: {{indent: -2}}, ini: 5, json_binary: x}}
destination_rules: [x]
"""
    faults = faults_of(load, text)
    assert [(place, message.split(": ")[0]) for place, message in faults] == [
        ("creation_rules[0].path_regex", "line 2, column 17"),
        ("creation_rules[0].age[1]", "line 3, column 75"),
        ("creation_rules[1].encrypted_regex", "line 4, column 22"),
        ("creation_rules[1].mac_only_encrypted", "line 6, column 25"),
        ("creation_rules[1].shamir_threshold", "line 7, column 23"),
        ("creation_rules[1].pgp", "line 8, column 10"),
        ("creation_rules[1].hckms", "line 9, column 12"),
        ("creation_rules[1].kms[0]", "line 10, column 11"),
        ("creation_rules[1].kms[1]", "line 10, column 17"),
        ("creation_rules[1].age", "line 11, column 10"),
        ("creation_rules[2].key_groups[0].age", "line 13, column 14"),
        ("creation_rules[2].key_groups[0].kms[0]", "line 14, column 15"),
        ("creation_rules[2].key_groups[0].azure_keyvault[0]", "line 15, column 26"),
        ("creation_rules[2].key_groups[0].merge[0]", "line 16, column 17"),
        ("creation_rules[2].key_groups[1]", "line 17, column 9"),
        ("creation_rules[2].shamir_threshold", "line 18, column 23"),
        ("creation_rules[3]", "line 19, column 5"),
        ("stores.yaml.indent", "line 21, column 25"),
        ("stores.json.indent", "line 21, column 45"),
        ("stores.json_binary", "line 21, column 71"),
        ("destination_rules[0]", "line 22, column 21"),
    ]


def test_one_fault_is_the_message(load, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load("creation_rules:\n  - age: nobody\n")
    assert str(caught.value).startswith(f"{tmp_path}/.sops.yaml: creation_rules[0].age: line 2, column 10: ")


def test_several_faults_are_counted(load):
    with pytest.raises(
        ConfigError, match=r"2 faults, the first is creation_rules: line 1, column 17: text where a list"
    ):
        load("creation_rules: x\nstores: 5")


FAULTS = [
    ("- a\n", "", "line 1, column 1: a list where a mapping is expected"),
    ("text\n", "", "line 1, column 1: text where a mapping is expected"),
    ("creation_rules: {}", "creation_rules", "line 1, column 17: a mapping where a list is expected"),
    ("creation_rules: [null]", "creation_rules[0]", "line 1, column 18: nothing where a mapping is expected"),
    (
        "creation_rules: [{path_regex: [x]}]",
        "creation_rules[0].path_regex",
        "line 1, column 31: a list where text is expected",
    ),
    ("creation_rules: [{path_regex: '(?<=a)'}]", "creation_rules[0].path_regex", "invalid regular expression"),
    (
        "creation_rules: [{path_regex: x}, {encrypted_regex: '('}]",
        "creation_rules[1].encrypted_regex",
        "invalid regular",
    ),
    (
        "creation_rules: [{unencrypted_comment_regex: '\\C'}]",
        "creation_rules[0].unencrypted_comment_regex",
        "invalid escape",
    ),
    ("creation_rules: [{shamir_threshold: -1}]", "creation_rules[0].shamir_threshold", "negative"),
    ("creation_rules: [{shamir_threshold: true}]", "creation_rules[0].shamir_threshold", "not a whole number"),
    (
        "creation_rules: [{key_groups: [{}, {}], shamir_threshold: 1}]",
        "creation_rules[0].shamir_threshold",
        "at least 2",
    ),
    ("creation_rules: [{age: true}]", "creation_rules[0].age", "a truth value where text is expected"),
    ("creation_rules: [{age: 2020-01-01}]", "creation_rules[0].age", "a date where text is expected"),
    ("creation_rules: [{age: [5]}]", "creation_rules[0].age[0]", "a number where text is expected"),
    (f"creation_rules: [{{age: ['{A},']}}]", "creation_rules[0].age[0]", "empty"),
    ("creation_rules: [{mac_only_encrypted: 1}]", "creation_rules[0].mac_only_encrypted", "neither true nor false"),
    (
        "creation_rules: [{key_groups: [{kms: [{context: 5, arn: a}]}]}]",
        "creation_rules[0].key_groups[0].kms[0].context",
        "a number where a mapping",
    ),
    ("creation_rules: [{key_groups: [" + "{}," * 256 + "]}]", "creation_rules[0].key_groups", "more than 255 groups"),
    ("stores: {yaml: {indent: 101}}", "stores.yaml.indent", "must be between 0 and 100"),
    ("stores: {yaml: {indent: x}}", "stores.yaml.indent", "not a whole number"),
]


@pytest.mark.parametrize(("text", "place", "message"), FAULTS)
def test_faults(load, text, place, message):
    [(found, said)] = faults_of(load, text)
    assert found == place
    assert message in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c\n", "line 1, column 5: not valid YAML: a second colon on this line"),
        ("a: [\n", "line 2, column 1: not valid YAML"),
        ("a:\n<<<<<<< HEAD\n  - 1\n=======\n  - 2\n>>>>>>> x\n", "line 2: unresolved Git conflict"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key a appears twice, first in line 1"),
        ('"a\\e": 1\n"a\\e": 1\n', r"the key a\\x1b appears twice"),
        ("a: *x\n", "line 1, column 4: an alias without an anchor"),
        ("a: &x [*x]\n", "line 1, column 8: an alias without an anchor"),
        ("{[a]: b}\n", "line 1, column 2: a key that is not a single value"),
        ("a: {<<: 5}\n", "line 1, column 9: only mappings can be merged"),
        ("a: !!int x\n", "line 1, column 4: a value doesn't match its tag"),
        ("[" * 300, "nested deeper than 200 levels"),
        (b"a: 1\nb: \xff\n", "line 2: not UTF-8"),
        (b"a: \x01\n", "a character that YAML does not allow"),
        (b"#" * (2**20 + 1), "larger than 1048576 bytes"),
    ],
)
def test_what_is_no_yaml(load, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load(text)
    assert caught.value.file


def test_the_secret_key_in_the_wrong_place_is_not_repeated(load):
    secret = "AGE-SECRET-KEY-1G0Q5K9TV4REQ3ZSQRMTMG8NSWQGYT0T7TZ33RAZEE0GZYVZN0APSU24RK7"
    for text in [
        f"creation_rules: [{{age: {secret}}}]",
        f"creation_rules: [{{age: [{A}, '{secret}']}}]",
        f"a: !{secret} &{secret} *{secret}",
    ]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        assert secret not in str(caught.value)
        assert all(secret not in message for fault in caught.value.faults for message in fault)


def test_a_bomb_of_merges_is_refused(load):
    lines = ["g0: &g0 {age: []}"] + [f"g{n}: &g{n} {{merge: [*g{n - 1}, *g{n - 1}]}}" for n in range(1, 13)]
    [(_, said)] = faults_of(load, "\n".join([*lines, "creation_rules: [{key_groups: [*g12]}]"]))
    assert "more than 1000 merged groups" in said


@pytest.mark.parametrize("text", [
    "creation_rules: [*a9, *a9]\n",
    "destination_rules:\n- {x: *a9}\n",
    "creation_rules:\n- age: *a9\n",
    "creation_rules:\n- {<<: *a9}\n",
])  # fmt: skip
def test_a_bomb_of_aliases_is_refused(load, text):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match=r"line 6, .*: more than 100000 values, with those that aliases repeat"):
        load("\n".join([*lines, text]))


def test_what_aliases_repeat_is_counted_also_where_it_is_merged(load, monkeypatch):
    monkeypatch.setattr(nodes, "MAX_VALUES", 200)
    text = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(40)) + "}\n"
    load(f"{text}b: {{<<: *a}}\n")
    with pytest.raises(ConfigError, match="more than 200 values"):
        load(f"{text}b: {{<<: *a}}\nc: {{<<: *a}}\n")


def test_aliases_of_aliases_are_as_deep_as_what_they_name(load):
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 250)]
    with pytest.raises(ConfigError, match=r"line 200, .*: nested deeper than 200 levels"):
        load("\n".join(lines))


def test_the_number_of_rules_is_bounded(load):
    rules = [f"- {{path_regex: x{n}}}" for n in range(1001)]
    load("\n".join(["creation_rules:", *rules[1:]]))
    assert faults_of(load, "\n".join(["creation_rules:", *rules])) == [
        ("creation_rules", "line 2, column 1: more than 1000 rules")
    ]


def test_patterns_that_take_long_are_given_up(load, monkeypatch):
    monkeypatch.setattr(patterns, "MAX_SECONDS", 0.0)
    faults = faults_of(load, "creation_rules: [{path_regex: a}, {path_regex: b}, {path_regex: c}]")
    assert [location for location, _ in faults] == ["creation_rules[1].path_regex", "creation_rules[2].path_regex"]
    assert "the regular expressions of this file take more than 0 seconds" in faults[0][1]


def test_a_path_that_takes_long_to_match_is_given_up(load, monkeypatch):
    config = load("creation_rules: [{path_regex: ^a$}, {path_regex: ^b$}, {}]")
    assert config.rule_for("c").location == "creation_rules[2]"
    monkeypatch.setattr(patterns, "MAX_SECONDS", 0.0)
    with pytest.raises(ConfigError, match=r"creation_rules\[1\].path_regex: the regular expressions of this file take"):
        config.rule_for("c")


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_named_pipe_is_read_only_where_the_user_named_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is a named pipe"):
        load_config(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=["creation_rules: []\n"])
    writer.start()
    assert load_config(tmp_path / "pipe", pipes=True).rules == ()
    writer.join()


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_an_inherited_descriptor_is_read(tmp_path):
    (tmp_path / "a").write_text("creation_rules: []\n")
    with open(tmp_path / "a", "rb", buffering=0) as file:
        assert load_config(f"/dev/fd/{file.fileno()}").rules == ()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="could not read config file: No such file") as caught:
        load_config(tmp_path / "none.yaml")
    assert caught.value.file == str(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="could not read config file"):
        load_config(tmp_path)


def test_compose_needs_no_report():
    assert compose(b"") is None
    assert compose(b"[1, {a: 2020-01-01}, ~]").to_python()[0] == 1
    with pytest.raises(FormatError):
        compose(b"[")


# -- warnings ----------------------------------------------------------------------------------------------------


def test_unknown_keys_are_ignored_with_a_warning(load):
    config = load(f"""
creation-rules: []
keys: [x]
stores: {{yml: {{}}, json: {{indentation: 2}}}}
creation_rules:
  - path_regexp: x
    encryptedRegex: y
    owner: me
    key_groups:
      - ages: [{A}]
        kms: [{{arn: {ARN}, Role: x}}]
        azure_keyvault: [{{vaultUrl: https://v, key: n, vault: x}}]
""")
    group = "creation_rules[0].key_groups[0]"
    assert config.warnings == (
        "line 2, column 1: creation-rules: unknown key, ignored: did you mean creation_rules?",
        "line 4, column 10: stores.yml: unknown key, ignored: did you mean yaml?",
        "line 4, column 26: stores.json.indentation: unknown key, ignored: did you mean indent?",
        "line 6, column 5: creation_rules[0].path_regexp: unknown key, ignored: did you mean path_regex?",
        "line 7, column 5: creation_rules[0].encryptedRegex: unknown key, ignored: did you mean encrypted_regex?",
        "line 8, column 5: creation_rules[0].owner: unknown key, ignored",
        "line 10, column 9: creation_rules[0].key_groups[0].ages: unknown key, ignored: did you mean age?",
        f"line 11, column {23 + len(ARN)}: {group}.kms[0].Role: unknown key, ignored: did you mean role?",
        f"line 12, column 56: {group}.azure_keyvault[0].vault: unknown key, ignored: did you mean vaultUrl?",
    )
    assert all(warning.isprintable() for warning in load('creation_rules: [{"a\\e": 1}]').warnings)


# -- faults of single rules --------------------------------------------------------------------------------------


FAULTY = f"""
creation_rules:
  - path_regex: ^a
    age: nobody
  - path_regex: ^b
    encrypted_regex: (
    age: {A}
  - path_regex: ^c
    age: {A}
  - path_regex: (
    age: {A}
"""


@pytest.fixture
def lenient(tmp_path):
    def load_text(text):
        path = tmp_path / ".sops.yaml"
        path.write_text(text)
        return load_config(path, lenient=True)

    return load_text


def test_a_faulty_rule_stops_only_what_goes_by_it(lenient, tmp_path):
    config = lenient(FAULTY)
    assert [location for location, _ in config.faults] == [
        "creation_rules[0].age",
        "creation_rules[1].encrypted_regex",
        "creation_rules[3].path_regex",
    ]
    assert config.rule_for(tmp_path / "c").location == "creation_rules[2]"
    for name, location in (("a", "creation_rules[0].age"), ("b", "creation_rules[1].encrypted_regex"),
                           ("d", "creation_rules[3].path_regex")):  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            config.rule_for(tmp_path / name)
        assert [place for place, _ in caught.value.faults] == [location]


@pytest.mark.parametrize(
    ("text", "locations"),
    [
        ("creation_rules: 5", ["creation_rules"]),
        ("creation_rules: [5]", ["creation_rules[0]"]),
        (
            f"creation_rules: [5, {{age: {A}, shamir_threshold: x}}]",
            ["creation_rules[0]", "creation_rules[1].shamir_threshold"],
        ),
        (
            "creation_rules: [{age: nobody}]\nstores: {yaml: {indent: x}}",
            ["creation_rules[0].age", "stores.yaml.indent"],
        ),
    ],
)
def test_other_faults_stop_everything(lenient, text, locations):
    with pytest.raises(ConfigError) as caught:
        lenient(text)
    assert [location for location, _ in caught.value.faults] == locations


def test_a_rule_with_a_number_like_that_of_a_faulty_one_is_not_meant(lenient, tmp_path):
    rules = [f"{{path_regex: ^{number}$, age: {A}}}" for number in range(1, 12)]
    rules[1] = "{path_regex: ^2$, age: nobody}"
    config = lenient(f"creation_rules: [{', '.join(rules)}]")
    assert config.rule_for(tmp_path / "11").location == "creation_rules[10]"
    with pytest.raises(ConfigError):
        config.rule_for(tmp_path / "2")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read(tmp_path, encoding):
    """PowerShell's `>` writes it."""
    path = tmp_path / ".sops.yaml"
    text = f"creation_rules:\n  - path_regex: geheim\\.ya?ml\n    age: {A}\n"
    path.write_bytes(("\ufeff" + text).encode(encoding))
    config = load_config(path)
    assert config.rules is not None
    assert [rule.path_regex for rule in config.rules] == [r"geheim\.ya?ml"]
    path.write_bytes(("\ufeff" + text).encode(encoding)[:-1])
    with pytest.raises(ConfigError, match="not UTF-16"):
        load_config(path)


@pytest.mark.parametrize(
    "nearer",
    [
        "{}\n",
        "",
        "creation_rules: []\n",
        "stores: {yaml: {indent: 2}}\n",
        f"creation_rules: [{{path_regex: z, age: {B}}}]\n",
    ],
)
def test_a_configuration_without_a_rule_for_a_file_does_not_hide_those_above(tmp_path, nearer):
    folder = tmp_path / "a"
    folder.mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".sops.yaml").write_text(f"creation_rules:\n  - age: {A}\n")
    (folder / ".sops.yaml").write_text(nearer)
    rule = guarding_rule(str(folder / "x.yaml"))
    assert rule is not None
    assert names(rule.groups[0]) == [f"age {A}"]
    (folder / ".sops.yaml").write_text(f"creation_rules:\n  - age: {B}\n")
    rule = guarding_rule(str(folder / "x.yaml"))
    assert rule is not None
    assert names(rule.groups[0]) == [f"age {B}"]
    (folder / ".sops.yaml").unlink()
    (tmp_path / ".sops.yaml").unlink()
    assert guarding_rule(str(folder / "x.yaml")) is None
