"""Hints about GnuPG."""

from __future__ import annotations

import subprocess
from functools import partial

import pytest

from .scenario import Scenario, Stage

_Scenario = partial(Scenario, "providers.pgp.failures", stage="at_gpg", files={"a.yaml": "a: 1\n"})
_ENCRYPT = "encrypt -i --pgp KEY a.yaml"
_LOCKED = "encrypt -i --pgp LOCKED a.yaml"
_BY_HAND = "see what it says by hand: echo x | gpg -r FINGERPRINT -e | gpg -d"
_AGENT = "HOME/gpg-agent.conf"
_CONF = "HOME/gpg.conf"
_GPG = "! gpg -q --batch --homedir HOME"


_NO_PINENTRY = "[GNUPG:] ERROR pkdecrypt_failed 67108949"  # by GnuPG 2.4
_FAILS = """case "$*" in *--decrypt*) printf '[GNUPG:] ENC_TO ENCRYPTING 18 0\\n{}\\n' >&2; exit 2 ;; esac"""
_CURSES = """\
#!/bin/sh
# A pinentry that asks at a terminal.
tty=-
echo OK
while read -r line; do
    case "$line" in
        "OPTION ttyname="*) tty=${line#*=}; echo OK ;;
        "GETINFO flavor") echo D curses; echo OK ;;
        "GETINFO version") echo D 1.2.1; echo OK ;;
        "GETINFO ttyinfo") echo "D $tty xterm - - 0/0 -"; echo OK ;;
        "GETINFO pid") echo D $$; echo OK ;;
        GETPIN*) if [ "$tty" = - ]; then echo "ERR 83886179 Canceled <Pinentry>"; else echo D right; echo OK; fi ;;
        BYE*) echo OK; exit ;;
        *) echo OK ;;
    esac
done
"""


def _stand_in(script: str) -> dict[str, str]:
    """Return a program in gpg's place: what it does before it does the same as gpg."""
    return {"a.yaml": "a: 1\n", "../gpg": f'#!/bin/sh\n{script}\nexec gpg "$@"\n'}


def _locked(at: Stage) -> None:
    """Have gpg-agent forget the passphrase, and read its settings again."""
    at.service.end("gpg-agent")


def _sockets_in_key_ring(at: Stage) -> None:
    told = subprocess.check_output(["gpgconf", "--homedir", at.names["HOME"], "--list-dirs", "agent-socket"], text=True)
    if not told.startswith(at.names["HOME"]):
        pytest.skip("gpg has its sockets in /run, where no path is too long")


SCENARIOS = [
    _Scenario(
        "import it with gpg --import, or name the folder of your key ring in GNUPGHOME",
        "decrypt a.yaml",
        ("export GNUPGHOME=HOME", "decrypt a.yaml"),
        before=(_ENCRYPT, "export GNUPGHOME=STRANGER"),
    ),
    _Scenario(
        "start it with gpgconf --launch gpg-agent",
        "decrypt a.yaml",
        ("! gpgconf --homedir HOME --launch gpg-agent", "decrypt a.yaml"),
        files={"a.yaml": "a: 1\n", _CONF: "no-autostart\n"},
        before=(_ENCRYPT, _locked),
    ),
    _Scenario(
        "import it with gpg --import",
        "encrypt -i --pgp THEIRS a.yaml",
        (
            "! gpg -q --homedir STRANGER --export THEIRS | gpg -q --homedir HOME --import",
            "encrypt -i --pgp THEIRS a.yaml",
        ),
    ),
    _Scenario(
        "gpg.conf says pinentry-mode loopback: take it out, or name a passphrase-file there",
        "decrypt a.yaml",
        ({_CONF: ""}, "decrypt a.yaml"),
        files={"a.yaml": "a: 1\n", _CONF: "pinentry-mode loopback\n"},
        before=(_LOCKED, _locked),
    ),
    _Scenario(
        "the path in GNUPGHOME is too long for its sockets: use a shorter one",
        "decrypt a.yaml",
        ("export GNUPGHOME=HOME", "decrypt a.yaml"),
        before=(
            _sockets_in_key_ring,
            _ENCRYPT,
            f"! mkdir -p {'l' * 99}; cp -r HOME/pubring.kbx HOME/private-keys-v1.d {'l' * 99}",
            f"export GNUPGHOME=HERE/{'l' * 99}",
        ),
    ),
    _Scenario(
        "set GPG_TTY with: export GPG_TTY=$(tty); or unlock the key first, by decrypting something with gpg",
        "decrypt a.yaml",
        ("export GPG_TTY=/dev/pts/0", "decrypt a.yaml"),
        files={"a.yaml": "a: 1\n", _AGENT: "pinentry-program HOME/curses\n", "HOME/curses": _CURSES},
        before=("! chmod +x HOME/curses", _LOCKED, _locked),
    ),
    _Scenario(
        _BY_HAND,
        _ENCRYPT,
        (
            "! echo x | gpg --homedir HOME -r KEY -e 2>&1 | grep 'cipher algorithm is invalid'",
            {_CONF: ""},
            _ENCRYPT,
        ),
        files={"a.yaml": "a: 1\n", _CONF: "cipher-algo none\n"},
    ),
    _Scenario(
        "import a renewed key with gpg --import, or take it out of the configuration",
        "encrypt -i --pgp EXPIRED a.yaml",
        (
            "! gpg -q --batch --homedir STRANGER --quick-set-expire EXPIRED 0",
            "! gpg -q --batch --homedir STRANGER --quick-set-expire EXPIRED 0 EXPIRED_PART",
            "! gpg -q --homedir STRANGER --export EXPIRED | gpg -q --homedir HOME --import",
            "encrypt -i --pgp EXPIRED a.yaml",
        ),
    ),
    _Scenario(
        "check that {} is GnuPG's program; or {}",
        _ENCRYPT,
        ("export SOPS_GPG_EXEC=gpg", _ENCRYPT),
        environ={"SOPS_GPG_EXEC": "false"},
    ),
    _Scenario(
        "gpg --edit-key {} enable save",
        _ENCRYPT,
        (f"{_GPG} --edit-key KEY enable save", _ENCRYPT),
        before=(f"{_GPG} --edit-key KEY disable save",),
    ),
    _Scenario(
        "name another key, or add a subkey with gpg --quick-add-key",
        "encrypt -i --pgp SIGNING a.yaml",
        (f"{_GPG} --quick-add-key SIGNING cv25519 encr", "encrypt -i --pgp SIGNING a.yaml"),
    ),
    _Scenario(
        "update gpg: a newer one may have made the message",
        "decrypt a.yaml",
        ({"../gpg": '#!/bin/sh\nexec gpg "$@"\n'}, "decrypt a.yaml"),
        files=_stand_in('case "$*" in *--decrypt*) exit 0 ;; esac'),
        before=("! chmod +x ../gpg", _ENCRYPT),
        environ={"SOPS_GPG_EXEC": "HERE/../gpg"},
    ),
    _Scenario(
        "install one, or correct pinentry-program in gpg-agent.conf",
        "decrypt a.yaml",
        ({_AGENT: "pinentry-program HOME/pinentry\n"}, _locked, "decrypt a.yaml"),
        files={
            **_stand_in(f"grep -q nowhere HOME/gpg-agent.conf && {_FAILS.format(_NO_PINENTRY)}"),
            _AGENT: "pinentry-program /nowhere/pinentry\n",
        },
        before=("! chmod +x ../gpg", _LOCKED, _locked),
        environ={"SOPS_GPG_EXEC": "HERE/../gpg"},
    ),
    _Scenario(
        "check that {} is GnuPG's program",
        _ENCRYPT,
        ("export SOPS_GPG_EXEC=gpg", _ENCRYPT),
        files={"a.yaml": "a: 1\n", "../gpg": "#!/bin/sh\nexec yes\n"},
        before=("! chmod +x ../gpg",),
        environ={"SOPS_GPG_EXEC": "HERE/../gpg"},
    )._replace(module="providers.pgp.gpg"),
    _Scenario(
        "import a key with gpg --import, or name the folder of the key ring in GNUPGHOME",
        _ENCRYPT,
        ("export GNUPGHOME=HOME", _ENCRYPT),
        environ={"GNUPGHOME": "/nowhere"},
    )._replace(module="providers.pgp.gpg"),
    _Scenario(
        "{} contains a name or a path, without arguments",
        _ENCRYPT,
        ("export SOPS_GPG_EXEC=gpg", _ENCRYPT),
        environ={"SOPS_GPG_EXEC": "gpg --batch"},
    )._replace(module="providers.pgp.gpg"),
    _Scenario(
        "answer its pinentry if one waits; {} sets how long gpg may take",
        _ENCRYPT,
        ("export LEAFSEAL_GPG_TIMEOUT=60", _ENCRYPT),
        files=_stand_in("sleep 0.3"),
        before=("! chmod +x ../gpg",),
        environ={"SOPS_GPG_EXEC": "HERE/../gpg", "LEAFSEAL_GPG_TIMEOUT": "0.1"},
    )._replace(module="providers.pgp.gpg"),
    _Scenario(
        "install GnuPG, or name its program in {}",
        _ENCRYPT,
        ("export SOPS_GPG_EXEC=PROGRAM", _ENCRYPT),
        environ={"PATH": "/nowhere"},
    )._replace(module="providers.pgp.gpg"),
    _Scenario(
        "give all 40 digits, as gpg --fingerprint shows them",
        "encrypt -i --pgp SHORT a.yaml",
        (_ENCRYPT,),
    )._replace(module="providers.pgp.messages"),
    _Scenario(
        "insert the card",
        "decrypt a.yaml",
        ({"../card": ""}, "decrypt a.yaml"),
        files=_stand_in(
            '[ -e ../card ] || case "$*" in\n'
            "*--decrypt*) echo '[GNUPG:] ENC_TO 0123456789ABCDEF 18 0' >&2; exit 2 ;;\n"
            "*secret*) echo 'sec:u:255:18:0123456789ABCDEF:1::::::e:::D276000124:'; exit 0 ;;\n"
            "esac"
        ),
        before=("! chmod +x ../gpg", _ENCRYPT),
        environ={"SOPS_GPG_EXEC": "HERE/../gpg"},
    ),
    _Scenario(
        "check that a pinentry is installed, and the right one named in gpg-agent.conf; or " + _BY_HAND,
        "decrypt a.yaml",
        ({"../pinentry": ""}, "decrypt a.yaml"),
        files=_stand_in(f"[ -e ../pinentry ] || {_FAILS.format('')}"),
        before=("! chmod +x ../gpg", _ENCRYPT),
        environ={"SOPS_GPG_EXEC": "HERE/../gpg"},
    ),
]
