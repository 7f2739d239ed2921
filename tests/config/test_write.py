"""Configuration files that are proposed, and one more recipient in those that exist."""

import pytest

from leafseal.config.load import load_config
from leafseal.config.write import add_recipient, propose_config
from leafseal.errors import ConfigError
from leafseal.rules.selection import Selection

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
B = "age16hw3uaszjqlnzlnyse78d273twe7tps7dqkmnrqj8ptujc9up9cqcdpfs2"
C = "age13g43nz9lzhun04wqcrmklw9kdw9z5wm709sh39dfl4s72seztv2qajujda"


@pytest.mark.parametrize("kubernetes", [False, True])
@pytest.mark.parametrize("values", [False, True])
def test_a_proposal_is_a_configuration(tmp_path, kubernetes, values):
    path = tmp_path / ".sops.yaml"
    path.write_text(propose_config([A, B], kubernetes=kubernetes, values=values))
    config = load_config(path)
    assert config.warnings == ()
    assert len(config.rules) == 1 + kubernetes + values
    assert all(list(map(str, rule.groups[0])) == [A, B] for rule in config.rules)
    assert config.rule_for(tmp_path / "app.env") is config.rules[-1]
    assert config.rule_for(tmp_path / "app.env").selection == Selection()
    if kubernetes:
        manifest = config.rule_for(tmp_path / "overlays" / "prod" / "secret.yaml").selection
        assert manifest == Selection(encrypted_regex="^(data|stringData)$", mac_only_encrypted=True)
    if values:
        assert config.rule_for(tmp_path / "values-prod.yaml").selection.encrypted_regex.startswith("(?i)(password|")


@pytest.mark.parametrize("recipients", [[], ["nobody"], [f"{A}\n"], [f"{A} # x"], ["age1\u00e9"]])
def test_only_recipients_are_proposed(recipients):
    with pytest.raises(ConfigError):
        propose_config(recipients)


EDITS = [
    # before, rule, after
    (f"creation_rules:\n  - age: {A}\n", 0, f"creation_rules:\n  - age: {A},{B}\n"),
    (
        f"creation_rules:\n- age:\n  - {A}  # me\n\n  # end\n- pgp: F\n",
        0,
        f"creation_rules:\n- age:\n  - {A}  # me\n  - {B}\n\n  # end\n- pgp: F\n",
    ),
    (
        f"a: [1,  2]\ncreation_rules:\n    - age: ['{A}',   \"{C}\"] # x\n",
        0,
        f"a: [1,  2]\ncreation_rules:\n    - age: ['{A}',   \"{C}\", {B}] # x\n",
    ),
    (
        "creation_rules:\n  - {pgp: F}\n  - pgp: F # x\n",
        1,
        f"creation_rules:\n  - {{pgp: F}}\n  - pgp: F # x\n    age: {B}\n",
    ),
    (f"creation_rules:\n  - age: {B}\n", 0, f"creation_rules:\n  - age: {B}\n"),
    (f"creation_rules:\n  - age: ['{A}, {B}']\n", 0, f"creation_rules:\n  - age: ['{A}, {B}']\n"),
]


@pytest.mark.parametrize(("before", "rule", "after"), EDITS)
def test_a_recipient_is_added(before, rule, after):
    assert add_recipient(before, B, rule) == after


def test_what_an_alias_stands_for_is_not_edited_elsewhere():
    text = f"keys:\n  - &a {A}\n  - &both [{A}, {C}]\ncreation_rules:\n  - age: *a\n  - age: *both\n"
    assert add_recipient(text, B, 0) == text.replace("age: *a", f"age: {A},{B}")
    with pytest.raises(ConfigError, match="cannot be edited"):
        add_recipient(text, B, 1)


def test_what_is_no_yaml_is_not_edited():
    with pytest.raises(ConfigError, match="not valid YAML"):
        add_recipient("a: b: c", B, 0)


@pytest.mark.parametrize(
    "text",
    ["", "creation_rules: []", "creation_rules: [5]", "a: b", "- x", "creation_rules: [{key_groups: [{age: [x]}]}]"],
)
def test_a_recipient_needs_a_rule_of_its_kind(text):
    with pytest.raises(ConfigError, match=r"creation_rules\[0\]"):
        add_recipient(text, B, 0)
