"""Hints of `team`: who is meant, which rules, and what cannot be edited."""

from __future__ import annotations

from .scenario import Scenario

CLI, RULES, TEAM = "cli.team", "cli.shared.rules", "config.team"
SPLICES, SYNTAX = "config.splices", "config.syntax"

ONE = {".sops.yaml": "creation_rules:\n- age: [ME]\n"}
TWO = {".sops.yaml": "creation_rules:\n- path_regex: ^a/\n  age: [ME, OTHER]\n- age: [ME]\n"}
GROUPS = {".sops.yaml": "creation_rules:\n- key_groups:\n  - age: [ME]\n  - age: [OTHER]\n"}
THIRD = "age13g43nz9lzhun04wqcrmklw9kdw9z5wm709sh39dfl4s72seztv2qajujda"
ADD = "team add new OTHER"

SCENARIOS = [
    Scenario(
        CLI,
        "choose another name, such as {}-2",
        f"team add ann {THIRD}",
        (f"team add ann-2 {THIRD}",),
        files={".sops.yaml": "creation_rules:\n- age:\n  - ME  # ann\n"},
    ),
    Scenario(
        CLI,
        "give a public key (age1…, ssh-ed25519 …), a PGP fingerprint, or the ARN, name or URL of a service's key",
        "team add new keys.txt",
        (ADD,),
        files=ONE,
    ),
    Scenario(
        CLI,
        "give the public key, which begins with age1; replace the private key, which your shell may have kept",
        "team add new SECRET_OTHER",
        (ADD,),
        files=ONE,
    ),
    Scenario(CLI, 'write "leafseal team add NAME RECIPIENT"', "team add OTHER new", (ADD,), files=ONE),
    Scenario(
        CLI,
        'give the key that you mean, which "leafseal team list" shows',
        "team remove ann",
        ("team list", "team remove OTHER"),
        files={".sops.yaml": "creation_rules:\n- age:\n  - ME  # ann\n  - OTHER  # ann\n"},
    ),
    Scenario(
        CLI,
        'see the names and keys with "leafseal team list"',
        "team remove bob",
        ("team list", "team remove OTHER"),
        files=TWO,
    ),
    Scenario(
        CLI,
        'run "leafseal team add {} RECIPIENT", or change the name in .sops.yaml first',
        ADD,
        ("team add ann OTHER",),
        files={".sops.yaml": "recipients: {ann: OTHER}\ncreation_rules:\n- age: [ME]\n"},
    ),
    Scenario(
        CLI,
        "use up to 40 letters, digits and _ . @ + -, and no text that passes for a key",
        "team add 'new (laptop)' OTHER",
        (ADD,),
        files=ONE,
    ),
    Scenario(
        RULES,
        "add --all-rules; or name the rules you mean with --rule PATH_REGEX",
        f"team add new {THIRD}",
        (f"team add new {THIRD} --all-rules",),
        files=TWO,
        code=0,
        before=(),
    ),
    Scenario(
        RULES,
        "copy it from \"leafseal team list\", in single quotes; '' is the rule without one",
        f"team add new {THIRD} --rule a",
        ("team list", f"team add new {THIRD} --rule ^a/ --rule ''"),
        files=TWO,
    ),
    Scenario(RULES, 'create one with "leafseal init"', ADD, ("init --age ME", ADD)),
    Scenario(RULES, "add creation_rules to {}", ADD, (ONE, ADD), files={".sops.yaml": "stores: {}\n"}),
    Scenario(
        RULES,
        "delete one of the two, or make one a link to the other",
        ADD,
        ("! ln -sf .sops.yaml .sops-style-config.yaml", ADD),
        files={**ONE, ".sops-style-config.yaml": ONE[".sops.yaml"]},
    ),
    Scenario(
        RULES,
        "use only one of them",
        f"team add new {THIRD} --all-rules --rule ''",
        (f"team add new {THIRD} --all-rules",),
        files=TWO,
    ),
    Scenario(
        TEAM, 'add another one first, with "leafseal team add"', "team remove ME", (ADD, "team remove ME"), files=ONE
    ),
    Scenario(
        TEAM,
        'add another one to the group first, with "leafseal team add --group {}"',
        "team remove OTHER",
        (f"team add --group 2 new {THIRD}", "team remove OTHER"),
        files=GROUPS,
    ),
    Scenario(
        TEAM,
        "to change all of these rules, add --all-rules",
        "team add new OTHER --rule ^a/",
        ("team add new OTHER --all-rules",),
        files={".sops.yaml": "x: &x [ME]\ncreation_rules:\n- path_regex: ^a/\n  age: *x\n- age: *x\n"},
    ),
    Scenario(
        TEAM,
        "save it as UTF-8",
        ADD,
        ("! iconv -f UTF-16 -t UTF-8 .sops.yaml > new.yaml; mv new.yaml .sops.yaml", ADD),
        files=ONE,
        before=("! iconv -f UTF-8 -t UTF-16 .sops.yaml > new.yaml; mv new.yaml .sops.yaml",),
    ),
    Scenario(SPLICES, "leave out --group, or give another one", f"{ADD} --group 2", (ADD,), files=ONE),
    Scenario(
        SPLICES,
        "name the group that the recipient belongs to: add --group N, counted from 1",
        f"team add new {THIRD}",
        (f"team add new {THIRD} --group 1",),
        files=GROUPS,
    ),
    Scenario(
        SPLICES,
        "to remove the recipient from all rules, leave out --rule",
        "team remove o --rule ^a/",
        ("team remove o",),
        files={".sops.yaml": "creation_rules:\n- path_regex: ^a/\n  age: [&o OTHER, ME]\n- age: [*o, ME]\n"},
    ),
    Scenario(
        SYNTAX,
        "change its recipients by hand",
        ADD,
        (ONE, ADD),
        files={".sops.yaml": "creation_rules:\n- age: [ME]\n---\na: b\n"},
    ),
]
