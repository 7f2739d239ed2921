"""Hints about recipients that are none, on the command line and in a configuration, and about rules without any."""

from __future__ import annotations

from .scenario import Scenario

A = {"a.yaml": "a: 1\n", "d/a.yaml": "a: 1\n"}
AGE = "providers.age.mistakes"
CONFIG = "config.mistakes"
GOOD = {".sops.yaml": "creation_rules:\n  - age: ME\n"}


def config(text: str) -> dict[str, str]:
    """Return the files of a scenario with a configuration."""
    return {**A, ".sops.yaml": f"creation_rules:\n{text}\n"}


def in_rule(hint: str, wrong: str, right: str = "ME") -> Scenario:
    """Return the scenario of a recipient in a rule."""
    then = {".sops.yaml": f"creation_rules:\n  - age: {right}\n"}
    return Scenario(AGE, hint, "encrypt a.yaml", (then, "encrypt a.yaml"), files=config(f"  - age: {wrong}"))


PATH = "this is a path; give what the file contains, which begins with age1 or ssh-"
SEVERAL = "separate recipients with commas, or write them as a list in .sops.yaml, each on a line of its own"

RULE = "creation_rules:\n  - age: ME\n"
PLAIN = "    path_regex: ^d/\n"
DOTTED = "    path_regex: ^./d/\n"

SCENARIOS = [
    in_rule("this is the secret identity; give its recipient, which begins with age1", "SECRET_ME"),
    in_rule(
        "this is a private key; give the public one, which is in the file with .pub at the end of its name",
        '"-----BEGIN OPENSSH PRIVATE KEY-----"',
    ),
    in_rule(
        "delete the comment: in quotes and in text of several lines # does not begin one",
        ">-\n      ME, # ann\n      OTHER",
        "\n      - ME # ann\n      - OTHER",
    ),
    in_rule(SEVERAL, "|\n      ME\n      OTHER", "\n      - ME\n      - OTHER"),
    in_rule(SEVERAL, "ME OTHER", "ME,OTHER"),
    in_rule(
        'use an ssh-ed25519 or ssh-rsa key, or create an age key with "leafseal keygen"', "ecdsa-sha2-nistp256 AAAA"
    ),
    in_rule("delete the quotes around the recipient", "\"'ME'\""),
    in_rule(PATH, "~/.ssh/id_ed25519.pub"),
    in_rule("write the recipient in small letters", "AGE1QQPQQ"),
    in_rule("delete what is before age1", '"public key: ME"'),
    in_rule("copy the recipient again, in full and on one line", "age1qqpqq"),
    in_rule("a recipient begins with age1 or ssh-", "ann"),
    *(
        Scenario(AGE, hint, f"encrypt --age '{wrong}' a.yaml", ("encrypt --age ME a.yaml",), files=A)
        for hint, wrong in ((SEVERAL, "ME OTHER"), (PATH, "~/.ssh/id_ed25519.pub"))
    ),
    *(
        Scenario(
            AGE,
            hint,
            "encrypt a.yaml",
            ({".sops.yaml": f"creation_rules:\n  - {kind}: {key}\n    age: ME\n"}, "encrypt a.yaml"),
            files=config(f"  - age: {key}"),
            code=1,  # there is no such key, or nobody to ask for it
        )
        for hint, kind, key in (
            ("this is an AWS KMS key: give it as kms", "kms", "arn:aws:kms:eu-west-1:111122223333:key/1111"),
            (
                "this is a Google Cloud KMS key: give it as gcp_kms",
                "gcp_kms",
                "projects/p/locations/l/keyRings/r/cryptoKeys/k",
            ),
            (
                "this is an Azure Key Vault key: give it as azure_keyvault",
                "azure_keyvault",
                "https://v.vault.azure.net/keys/k/1",
            ),
            ("this is a PGP fingerprint: give it as pgp", "pgp", "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"),
        )
    ),
    Scenario(
        CONFIG,
        "path_regex is a regular expression, not a glob: write {}",
        "encrypt d/a.yaml",
        ({".sops.yaml": "creation_rules:\n  - path_regex: .*\\.yaml$\n    age: ME\n"}, "encrypt d/a.yaml"),
        files=config("  - path_regex: '*.yaml'\n    age: ME"),
    ),
    Scenario(
        CONFIG,
        "path_regex is a regular expression, not a glob: to match {}, write {}",
        "encrypt d/a.yaml",
        ({".sops.yaml": "creation_rules:\n  - path_regex: ^d/.*\\.yaml$\n    age: ME\n"}, "encrypt d/a.yaml"),
        files=config("  - path_regex: 'd/*.yaml'\n    age: ME"),
    ),
    Scenario(
        CONFIG,
        'delete "./" at the start of path_regex: it is compared with {}',
        "encrypt d/a.yaml",
        ({".sops.yaml": "creation_rules:\n  - path_regex: ^d/a.yaml\n    age: ME\n"}, "encrypt d/a.yaml"),
        files=config("  - path_regex: ^./d/a.yaml\n    age: ME"),
    ),
    *(
        Scenario(
            CONFIG,
            hint,
            "encrypt d/a.yaml",
            ({".sops.yaml": f"creation_rules:\n  - path_regex: {right}\n    age: ME\n"}, "encrypt d/a.yaml"),
            files=config(f"  - path_regex: {wrong}\n    age: ME"),
        )
        for hint, wrong, right in (
            ("write path_regex with the capital and small letters of {}", "^D/", "^d/"),
            (r"write \.ya?ml$ at the end of path_regex: the file is named {}", r"a\.yml$", r"a\.ya?ml$"),
            (
                "if it is meant for all folders, begin path_regex with (^|/): it is compared with {}",
                "^a",
                "(^|/)a",
            ),
            (
                "write path_regex for the path below the configuration's folder: it is compared with {}",
                "^HERE/d/",
                "^d/",
            ),
        )
    ),
    *(
        Scenario(
            module,
            hint,
            "config check",
            ({".sops.yaml": right}, "config check"),
            files={".sops.yaml": wrong},
        )
        for module, hint, wrong, right in (
            (CONFIG, 'delete "./": a path is compared without it', RULE + DOTTED, RULE + PLAIN),
            (
                CONFIG,
                "in a regular expression /* means any number of slashes: write /[^/]* or /.*",
                RULE + "    path_regex: ^d/*.yaml$\n",
                RULE + "    path_regex: ^d/[^/]*.yaml$\n",
            ),
            ("config.keys", "give it as {}", "creation_rules: [{pgp: [ME]}]\n", "creation_rules: [{age: [ME]}]\n"),
            (
                "config.check",
                'add a rule, such as "creation_rules: [{age: age1…}]"',
                "creation_rules:\n",
                "creation_rules: [{age: ME}]\n",
            ),
            (
                "config.check",
                "add mac_only_encrypted: true to the rule",
                RULE + "    encrypted_regex: ^(data|stringData)$\n",
                RULE + "    encrypted_regex: ^(data|stringData)$\n    mac_only_encrypted: true\n",
            ),
            (
                "config.check",
                "add key_groups, or delete shamir_threshold",
                RULE + "    shamir_threshold: 2\n",
                RULE,
            ),
            (
                "config.check",
                "move its rules into the first document, and delete the line ---",
                f"{RULE}---\n{RULE}",
                RULE,
            ),
            (
                "config.check",
                "begin all keys at the top, such as creation_rules, in the first column",
                f"  stores: {{}}\n{RULE}",
                f"stores: {{}}\n{RULE}",
            ),
            (
                "config.check",
                "move this rule before {}, or delete it",
                f"{RULE}  - age: ME\n{PLAIN}",
                f"{RULE}{PLAIN}  - age: ME\n",
            ),
        )
    ),
    Scenario(
        "cli.config",
        'create one with "leafseal init", or name a FILE',
        "config check",
        ("init", "config check"),
    ),
    Scenario(
        "cli.shared.configuration",
        "add creation_rules to {}",
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - age: ME\n"}, "encrypt a.yaml"),
        files={".sops.yaml": "stores: {}\n", "a.yaml": "a: b\n"},
    ),
    Scenario(
        CONFIG,
        "add a rule with a path_regex that matches {}, or a last rule without one",
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - path_regex: x\n    age: ME\n  - age: ME\n"}, "encrypt a.yaml"),
        files=config("  - path_regex: x\n    age: ME"),
    ),
    Scenario(
        CONFIG,
        "delete the dash in line {}, where another rule begins, or add recipients to {}",
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - encrypted_regex: a\n    age: ME\n"}, "encrypt a.yaml"),
        files=config("  - encrypted_regex: a\n  - age: ME"),
    ),
    Scenario(
        CONFIG,
        "add recipients to {}, such as age: age1…",
        "updatekeys --yes app.yaml",
        ({".sops.yaml": "creation_rules:\n  - encrypted_regex: a\n    age: ME\n"}, "updatekeys --yes app.yaml"),
        files=config("  - encrypted_regex: a"),
    ),
    Scenario(
        CONFIG,
        "add a key to the empty group, or delete it",
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - key_groups:\n      - age: [ME]\n"}, "encrypt a.yaml"),
        files=config("  - key_groups:\n      - age: [ME]\n      - age: []"),
    ),
    Scenario(
        "config.keys",
        'write key_groups as a list of groups, each with its kinds of keys, such as "- age: [age1…]"',
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - key_groups:\n      - age: [ME]\n"}, "encrypt a.yaml"),
        files=config("  - key_groups: ME"),
    ),
    Scenario(
        "config.keys",
        "write the keys of {} as text; keys with fields belong in key_groups",
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - age: [ME]\n"}, "encrypt a.yaml"),
        files=config("  - age: [{recipient: ME}]"),
    ),
    Scenario(
        "config.keys",
        "write each key on a line of its own, with a dash before it",
        "encrypt a.yaml",
        ({".sops.yaml": "creation_rules:\n  - key_groups:\n      - age:\n        - ME\n"}, "encrypt a.yaml"),
        files=config("  - key_groups:\n      - age: ME"),
    ),
    Scenario(
        "config.keys",
        'in key_groups, write each of these keys as "- {}: …"',
        "encrypt a.yaml",
        ("encrypt --age ME --config x.yaml a.yaml",),
        files={
            **config("  - key_groups:\n      - kms: [arn:aws:kms:eu-west-1:111122223333:key/1111]"),
            "x.yaml": (
                "creation_rules:\n  - key_groups:\n      - kms:\n"
                "          - arn: arn:aws:kms:eu-west-1:111122223333:key/1111\n"
            ),
        },
    ),
    Scenario(
        "config.load",
        'begin the file with "creation_rules:", with the rules below it',
        "encrypt a.yaml",
        (GOOD, "encrypt a.yaml"),
        files={**A, ".sops.yaml": "- age: ME\n"},
    ),
    Scenario(
        "config.load",
        'begin each rule with a dash, such as "- age: age1…"',
        "encrypt a.yaml",
        (GOOD, "encrypt a.yaml"),
        files=config("  age: ME"),
    ),
]
