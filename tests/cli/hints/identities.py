"""Hints about identity files that people spoiled."""

from __future__ import annotations

from .scenario import Scenario

MODULE = "providers.age.unusable"
GOOD = {"keys.txt": "# mine\nSECRET_ME\n"}
ALONE = ("export SOPS_AGE_KEY=",)


def spoiled(hint: str, text: str) -> Scenario:
    """Return the scenario of an identity file."""
    then = ("export SOPS_AGE_KEY=", GOOD, "decrypt app.yaml")
    environ = {"SOPS_AGE_KEY_FILE": "keys.txt"}
    return Scenario(MODULE, hint, "decrypt app.yaml", then, {"keys.txt": text}, ALONE, environ)


SCENARIOS = [
    spoiled("save the file as UTF-8, which in PowerShell is: Out-File -Encoding ascii", "\udcff\udcfe#\0 \0m\0\n\0"),
    spoiled("save the file as UTF-8 without BOM", "\ufeff# mine\nSECRET_ME\n"),
    spoiled("put the private key there; it begins with {}", "# mine\nME\n"),
    spoiled("delete the quotes", "'SECRET_ME'\n"),
    spoiled("delete the blanks before and after the identity", "  SECRET_ME\n"),
    spoiled("write each comment and each identity on a line of its own", "# mine SECRET_ME\n"),
    spoiled("write each comment and each identity on a line of its own", "SECRET_ME SECRET_OTHER\n"),
    Scenario(
        MODULE,
        "name the file of an SSH key in SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        "decrypt f.yaml",
        ("export SOPS_AGE_KEY_FILE=", "export SOPS_AGE_SSH_PRIVATE_KEY_FILE=HERE/../id", "decrypt f.yaml"),
        files={"f.yaml": "a: 1\n"},
        before=(
            "! ssh-keygen -q -t ed25519 -N '' -f ../id",
            "! printf 'creation_rules:\\n  - age: \"%s\"\\n' \"$(cut -d' ' -f1,2 ../id.pub)\" > .sops.yaml",
            "encrypt -i f.yaml",
            "export SOPS_AGE_KEY=",
        ),
        environ={"SOPS_AGE_KEY_FILE": "HERE/../id"},
    ),
    Scenario(
        "providers.age.places",
        "check the name of the file; a relative one begins in the current folder",
        "decrypt app.yaml",
        ("export SOPS_AGE_KEY_FILE=keys.txt", "decrypt app.yaml"),
        files=GOOD,
        before=ALONE,
        environ={"SOPS_AGE_KEY_FILE": "HERE/key.txt"},
    ),
    Scenario(
        "providers.age.places",
        "delete the quotes in {}",
        "decrypt app.yaml",
        ("export SOPS_AGE_KEY_FILE=keys.txt", "decrypt app.yaml"),
        files=GOOD,
        before=ALONE,
        environ={"SOPS_AGE_KEY_FILE": '"keys.txt"'},
    ),
    Scenario(
        "providers.age.places",
        "write $HOME in place of ~ in {}",
        "decrypt app.yaml",
        ("export SOPS_AGE_KEY_FILE=HERE/keys.txt", "decrypt app.yaml"),
        files=GOOD,
        before=ALONE,
        environ={"SOPS_AGE_KEY_FILE": "~/keys.txt"},
    ),
]
