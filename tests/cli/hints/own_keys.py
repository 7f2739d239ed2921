"""Hints of what makes and shows the user's own keys: init, keygen, whoami."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from leafseal import age
from leafseal.age.scrypt import ScryptRecipient
from leafseal.cli.shared.identity_files import protected
from leafseal.system import terminal
from leafseal.testing import throwaway_identity

from .scenario import Scenario, Stage

FILES = "cli.shared.identity_files"
PROTECTED = age.encrypt(throwaway_identity().identity.encode(), [ScryptRecipient("horse", 2)], armor=True).decode()

ALONE = ("export SOPS_AGE_KEY=",)


def typing(*answers: str) -> Callable[[Stage], object]:
    """Return what asks a user, who types these answers, for the passphrase of a new key."""

    def ask(_stage: Stage) -> object:
        given = iter(answers)
        with patch.object(terminal, "ask_secret", lambda question: next(given)):
            return protected("")

    return ask


SCENARIOS = [
    Scenario("cli.init", "create it first", "init --age ME new", ("! mkdir new", "init --age ME new")),
    Scenario(
        "cli.init",
        'add recipients with "leafseal team add NAME RECIPIENT", then run "leafseal updatekeys --all"',
        "init --age OTHER",
        (
            "team add ann OTHER",
            "! git init -q . && git add app.yaml",
            "updatekeys --yes --all",
        ),
        files={".sops.yaml": "creation_rules:\n  - age: ME\n"},
    ),
    Scenario(
        "cli.init",
        "write the pattern on one line",
        "init --age ME --encrypted-regex 'a\tb'",
        ("init --age ME --encrypted-regex 'a|b'",),
    ),
    Scenario(FILES, "add --age age1…", "init --no-identity", ("init --no-identity --age ME",), before=ALONE),
    Scenario(
        FILES,
        "put the key into SOPS_AGE_KEY, and the name of a file into SOPS_AGE_KEY_FILE",
        "keygen --append",
        ("export SOPS_AGE_KEY_FILE=keys.txt", "keygen --append"),
        environ={"SOPS_AGE_KEY_FILE": "SECRET_ME"},
    ),
    Scenario(
        FILES,
        'write the key pair to a file of its own with "leafseal keygen -o FILE", and name it in SOPS_AGE_KEY_FILE',
        "keygen --append",
        ("keygen -o other.txt", "export SOPS_AGE_KEY_FILE=other.txt", "keygen --append"),
        files={"keys.txt": PROTECTED},
        environ={"SOPS_AGE_KEY_FILE": "keys.txt"},
    ),
    Scenario(
        FILES,
        "add it with --age age1…",
        "init",
        ("init --age ME",),
        files={"keys.txt": PROTECTED},
        environ={"SOPS_AGE_KEY_FILE": "keys.txt"},
    ),
    Scenario(FILES, "run it in a terminal, or leave out --passphrase", "keygen --passphrase", ("keygen",)),
    Scenario(FILES, "type one, or leave out --passphrase", typing(""), (typing("x", "x"), "keygen")),
    Scenario(FILES, "run it again", typing("x", "y"), (typing("x", "x"),)),
    Scenario(
        "cli.whoami",
        'create one with "leafseal keygen --append", and send its public key to whoever adds you to files',
        "whoami",
        ("keygen --append", "whoami"),
        before=ALONE,
    ),
    Scenario(
        "cli.whoami",
        "name another file with a private key in SOPS_AGE_KEY_FILE, or correct this one",
        "whoami",
        ("keygen -o other.txt", "export SOPS_AGE_KEY_FILE=other.txt", "whoami"),
        files={"keys.txt/x": ""},
        before=ALONE,
        environ={"SOPS_AGE_KEY_FILE": "keys.txt"},
    ),
]
