"""Hints about programs that run beside the command: key services and plugins of age."""

from __future__ import annotations

from pathlib import Path

from leafseal import age
from leafseal.age.scrypt import ScryptRecipient
from leafseal.cli import keyservice
from leafseal.keyservice.client import RemoteService

from .scenario import Scenario, Stage

_ASK = "--keyservice unix://SOCKET"
_SERVE = "& keyservice --address unix://SOCKET"
_DECRYPT = f"decrypt --no-local-keyservice {_ASK} app.yaml"


def _impatient(at: Stage) -> None:
    at.service.setattr(RemoteService.__init__, "__defaults__", (0.1, 30.0))


_SSH_KEY = (
    "! ssh-keygen -q -t ed25519 -N horse -f ../id; "
    "printf 'creation_rules:\\n  - age: \"%s\"\\n' \"$(cut -d' ' -f1,2 ../id.pub)\" > .sops.yaml"
)


def _protect(_: Stage) -> None:
    """Put a passphrase on the file of identities."""
    Path("../keys.age").write_bytes(age.encrypt(Path("../keys.txt").read_bytes(), [ScryptRecipient("horse", 4)]))


def _in_a_terminal(at: Stage) -> None:
    at.service("horse")


def _no_folder(at: Stage) -> None:
    at.service.setattr(keyservice, "state_directory", lambda: None)


SCENARIOS = [
    Scenario(
        "keyservice.client",
        "check that the key service is running, and its address",
        _DECRYPT,
        (_SERVE, _DECRYPT),
        before=(_impatient,),
        stage="at_machine",
    ),
    Scenario(
        "keyservice.gate",
        "choose another path",
        "keyservice --address unix://HERE/app.yaml",
        (_SERVE, _DECRYPT),
        stage="at_machine",
    ),
    Scenario(
        "cli.keyservice",
        "use a Unix socket, or tcp://127.0.0.1:PORT through a tunnel; to listen anyway, add --allow-network",
        "keyservice --address tcp://0.0.0.0:0",
        (_SERVE, _DECRYPT),
        stage="at_machine",
    ),
    Scenario(
        "keyservice.server",
        "use an address of this machine, and a free port",
        "keyservice --allow-network --address tcp://192.0.2.1:5000",
        (_SERVE, _DECRYPT),
        stage="at_machine",
    ),
    Scenario(
        "cli.keyservice",
        "add --address unix:///PATH",
        "keyservice",
        (_SERVE, _DECRYPT),
        stage="at_machine",
        before=(_no_folder,),
    ),
    Scenario(
        "providers.age.plugins",
        "install {}",
        "encrypt --age TOY a.yaml",
        ("export PATH=PLUGINS:/usr/bin:/bin", "encrypt --age TOY a.yaml"),
        files={"a.yaml": "a: 1\n"},
        environ={"PATH": "/usr/bin:/bin"},
        stage="at_plugin",
    ),
    Scenario(
        "providers.age.plugins",
        'name it in your configuration, or put under [plugins] in {}: allow = ["{}"]',
        "rotate -i --accept-recipients a.yaml",
        (
            {"../home/config/leafseal/policy.toml": '[plugins]\nallow = ["toy"]\n'},
            "rotate -i --accept-recipients a.yaml",
        ),
        files={"a.yaml": "a: 1\n"},
        before=("encrypt -i --age TOY,ME a.yaml",),
        stage="at_plugin",
    ),
    Scenario(
        "providers.age.plugins",
        'name it in your configuration, or put under [plugins] in {}: allow = ["{}"]',
        "rotate -i --accept-recipients a.yaml",
        ({".sops.yaml": "creation_rules: [{age: 'TOY,ME'}]\n"}, "rotate -i --accept-recipients a.yaml"),
        files={"a.yaml": "a: 1\n"},
        before=("encrypt -i --age TOY,ME a.yaml",),
        stage="at_plugin",
    ),
    Scenario(
        "providers.age.passphrases",
        "run it in a terminal, or set SOPS_AGE_SSH_PRIVATE_KEY_CMD to a command that prints the key",
        "decrypt f.yaml",
        (
            "! cp ../id ../open; ssh-keygen -q -p -P horse -N '' -f ../open",
            "export SOPS_AGE_SSH_PRIVATE_KEY_CMD=cat HERE/../open",
            "decrypt f.yaml",
        ),
        files={"f.yaml": "a: 1\n"},
        before=(_SSH_KEY, "encrypt -i f.yaml"),
        environ={"SOPS_AGE_SSH_PRIVATE_KEY_FILE": "HERE/../id"},
        stage="at_no_terminal",
    ),
    Scenario(
        "providers.age.passphrases",
        "run it in a terminal, or set SOPS_AGE_SSH_PRIVATE_KEY_CMD to a command that prints the key",
        "decrypt f.yaml",
        (_in_a_terminal, "decrypt f.yaml"),
        files={"f.yaml": "a: 1\n"},
        before=(_SSH_KEY, "encrypt -i f.yaml"),
        environ={"SOPS_AGE_SSH_PRIVATE_KEY_FILE": "HERE/../id"},
        stage="at_no_terminal",
    ),
    Scenario(
        "providers.age.passphrases",
        "run it in a terminal, or start gpg-agent, which asks in a window",
        "decrypt app.yaml",
        (_in_a_terminal, "decrypt app.yaml"),
        files={"../keys.txt": "SECRET_ME\n"},
        before=(_protect, "export SOPS_AGE_KEY=", "export SOPS_AGE_KEY_FILE=HERE/../keys.age"),
        environ={"GNUPGHOME": "/nowhere"},
        stage="at_no_terminal",
    ),
]
