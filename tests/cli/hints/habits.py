"""Hints for words that other programs use: commands and options that there are none of."""

from __future__ import annotations

from .scenario import Scenario

SHOWN = 'run "{} {}"'
NEAREST = 'run "{}"; "{} --help" lists all commands'
FLAG = 'run "{} {}"; {} is an option of sops: "{} sops {}"'
MODULE = "cli.shared.suggestions"
ENV = {"a.env": "A=1\n"}

SCENARIOS = [
    Scenario(MODULE, SHOWN, "version", ("--version",)),
    Scenario(MODULE, SHOWN, "man", ("help --man",)),
    Scenario(MODULE, SHOWN, "-v", ("--version",)),
    Scenario(MODULE, NEAREST, "encrpyt a.env", ("encrypt --age ME a.env",), files=ENV),
    Scenario(MODULE, NEAREST, "filestatus app.yaml", ("inspect app.yaml",)),
    Scenario(
        MODULE,
        'to see it, run "{} decrypt {}"; to change it, run "{} edit {}"',
        "app.yaml",
        ("decrypt app.yaml", "export EDITOR=true", "edit app.yaml"),
    ),
    Scenario(
        MODULE,
        'run "{} run {}"; with the plugins, it is "helm leafseal {}"',
        "helm template ./chart -f app.yaml",
        ("helm plugins --dir out", "helm run template ./chart -f app.yaml"),
        environ={"HELM_BIN": "FAKE"},
        stage="at_helm",
    ),
    Scenario(MODULE, FLAG, "-d app.yaml", ("sops -d app.yaml", "decrypt app.yaml")),
    Scenario(MODULE, FLAG, "--extract '[\"db\"]' app.yaml", ("get app.yaml db",)),
    Scenario(MODULE, 'give a command first; "{} --help" lists them', "-i app.yaml", ("--help",)),
    Scenario(
        MODULE,
        'put -- before the program: "{}", then its options',
        "exec-env --supervise a.env ls -la",
        ("exec-env --supervise a.env -- ls -la",),
        files=ENV,
        before=("encrypt -i --age ME a.env",),
    ),
    Scenario(
        MODULE,
        'use {}; "{} --help" lists all options',
        "encrypt --recipient ME a.env",
        ("encrypt --age ME a.env", "encrypt --help"),
        files=ENV,
    ),
    Scenario(
        MODULE,
        'private keys are read from keys.txt, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY, not from options; "{} whoami" shows'
        " which are found",
        "decrypt --key keys.txt app.yaml",
        ("whoami",),
    ),
    Scenario(MODULE, 'see "{} --help"', "decrypt --no-such app.yaml", ("decrypt --help",)),
    Scenario("cli.shared.addressing", "begin it with a slash: {}", "get app.yaml db/port", ("get app.yaml /db/port",)),
]
