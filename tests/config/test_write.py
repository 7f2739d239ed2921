"""Configuration files that are proposed."""

import pytest

from leafseal.config.load import load_config
from leafseal.config.write import propose_config
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
