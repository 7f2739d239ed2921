"""Hints about keys and recipients."""

from __future__ import annotations

from .scenario import Scenario

_TWO_GROUPS = {
    "f.yaml": "a: 1\n",
    ".sops.yaml": "creation_rules:\n  - key_groups:\n      - age: [ME]\n      - age: [ME]\n",
}
_FOREIGN = r"        - future_kms:\n            - id: x\n              enc: abc\n          age:"
_ADD_A_FOREIGN_KEY = f"! sed -i 's/^        - age:/{_FOREIGN}/' f.yaml"

SCENARIOS = [
    Scenario(
        "providers.age",
        "check for an extra comma",
        "encrypt --age ME, a.yaml",
        ("encrypt --age ME a.yaml",),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "providers.pgp",
        "delete it there, and create a new one in its place",
        "encrypt --pgp AGE-SECRET-KEY-1QQPQQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP a.yaml",
        ("keygen -o new.agekey", "encrypt --age ME a.yaml"),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "providers.age.report",
        "set SOPS_AGE_KEY_FILE to the file with your private key",
        "decrypt f.yaml",
        (
            "export SOPS_AGE_KEY_FILE=keys.txt",
            "decrypt f.yaml",
        ),
        files={"f.yaml": "a: 1\n", "keys.txt": "SECRET_OTHER\n"},
        before=("encrypt -i --age OTHER f.yaml", "export SOPS_AGE_KEY="),
    ),
    Scenario(
        "cli.shared.locked_out",
        'ask one of them to add the key that "leafseal whoami" shows, and to run "leafseal updatekeys {}"',
        "decrypt f.yaml",
        (
            {".sops.yaml": "creation_rules:\n  - age: ME,OTHER\n"},
            "export SOPS_AGE_KEY=SECRET_OTHER",
            "updatekeys --yes f.yaml",
            "export SOPS_AGE_KEY=SECRET_ME",
            "decrypt f.yaml",
        ),
        files={"f.yaml": "a: 1\n"},
        before=("encrypt -i --age OTHER f.yaml",),
    ),
    Scenario(
        "cli.shared.locked_out",
        '{}; if you have no key yet, run "leafseal init"',
        "decrypt f.yaml",
        ("init", "whoami f.yaml"),
        files={"f.yaml": "a: 1\n", ".sops.yaml": "creation_rules:\n  - age: OTHER\n"},
        before=("encrypt -i f.yaml", "export SOPS_AGE_KEY="),
    ),
    Scenario(
        "keyservice.client",
        "write it as tcp://host:port or unix:///path",
        "decrypt --keyservice nowhere app.yaml",
        ("decrypt --keyservice unix:///nowhere app.yaml",),
    ),
    Scenario(
        "keys.groups",
        "raise the limit with --max-recipients if this is meant",
        "encrypt --max-recipients 1 --age ME,OTHER a.yaml",
        ("encrypt --max-recipients 2 --age ME,OTHER a.yaml",),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "cli.policy",
        'edit it; "leafseal policy show" shows what is in force',
        "policy init --strict",
        (
            {"../home/config/leafseal/policy.toml": "plugins.allow = []\n"},
            "policy show",
        ),
        files={"../home/config/leafseal/policy.toml": ""},
    ),
    Scenario(
        "keys.policy",
        "chmod o-w {}",
        "encrypt --age ME a.yaml",
        (
            "! chmod o-w ../home/config/leafseal/policy.toml",
            "encrypt --age ME a.yaml",
        ),
        files={"a.yaml": "a: 1\n"},
        before=(
            (
                "! mkdir -p ../home/config/leafseal; touch ../home/config/leafseal/policy.toml; c"
                "hmod o+w ../home/config/leafseal/policy.toml"
            ),
        ),
    ),
    Scenario(
        "keys.policy",
        "name more key groups, and a shamir_threshold that is as high",
        "encrypt a.yaml",
        (
            {
                ".sops.yaml": (
                    "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [ME]\n      "
                    "- age: [OTHER]\n"
                )
            },
            "encrypt a.yaml",
        ),
        files={"a.yaml": "a: 1\n", ".sops.yaml": "creation_rules:\n  - age: ME\n"},
        before=(
            ("! mkdir -p ../home/config/leafseal; echo 'min_threshold = 2' > ../home/config/leafseal/policy.toml"),
        ),
    ),
    Scenario(
        "providers.age.report",
        "name the file with the private key of this recipient in SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        "decrypt f.yaml",
        (
            "export SOPS_AGE_SSH_PRIVATE_KEY_FILE=HERE/../id",
            "decrypt f.yaml",
        ),
        files={"f.yaml": "a: 1\n"},
        before=(
            (
                "! ssh-keygen -q -t ed25519 -N '' -f ../id; printf 'creation_rules:\\n  - age: \"%s"
                "\"\\n' \"$(cut -d' ' -f1,2 ../id.pub)\" > .sops.yaml"
            ),
            "encrypt -i f.yaml",
            "export SOPS_AGE_KEY=",
        ),
    ),
    Scenario(
        "metadata.groups",
        "remove one of the two; SOPS ignores the groups",
        "decrypt app.yaml",
        (
            "! sed -i '/^    key_groups:/,+3d' app.yaml",
            "decrypt app.yaml",
        ),
        before=(
            (
                "! sed -i 's/^sops:/sops:\\n    key_groups:\\n        - age:\\n            - enc: x\\"
                "n              recipient: age1x/' app.yaml"
            ),
        ),
    ),
    Scenario(
        "keys.policy",
        'add {} to {} in the policy; "leafseal policy show" names its file',
        "encrypt --age ME a.yaml",
        (
            {"../home/config/leafseal/policy.toml": 'recipients.allow = ["OTHER", "ME"]\n'},
            "encrypt --age ME a.yaml",
        ),
        files={"a.yaml": "a: 1\n", "../home/config/leafseal/policy.toml": 'recipients.allow = ["OTHER"]\n'},
    ),
    Scenario(
        "keys.unknown",
        'remove it from the file with "leafseal updatekeys FILE", or use sops',
        "rotate -i --accept-recipients f.yaml",
        ("updatekeys -y f.yaml", "rotate -i --accept-recipients f.yaml"),
        files=_TWO_GROUPS,
        before=("encrypt -i f.yaml", _ADD_A_FOREIGN_KEY),
    ),
    Scenario(
        "keys.unknown",
        "decrypt with another key of the file, or with sops",
        "decrypt f.yaml",
        ("export SOPS_AGE_KEY=SECRET_ME", "decrypt f.yaml"),
        files=_TWO_GROUPS,
        before=("encrypt -i f.yaml", _ADD_A_FOREIGN_KEY, "export SOPS_AGE_KEY=SECRET_OTHER"),
    ),
]
