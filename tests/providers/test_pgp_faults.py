"""What gpg may do other than what it should, played by a script that `SOPS_GPG_EXEC` names."""

from __future__ import annotations

import os
import shlex
import signal
import time
from pathlib import Path

import pytest

from leafseal.errors import ProviderError, ProviderMissingError
from leafseal.keys import Ambient
from leafseal.providers.pgp import PGPKey

from ..processes import wait_until_gone
from .contract import DATA_KEY

pytestmark = pytest.mark.skipif(os.name == "nt", reason="builds shell scripts")

FINGERPRINT = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"
KEY_ID = FINGERPRINT[-16:]
KEY = PGPKey(FINGERPRINT)
MESSAGE = b"-----BEGIN PGP MESSAGE-----\n\nd2hhdGV2ZXI=\n=abcd\n-----END PGP MESSAGE-----"
PRIMARY = f"pub:-:255:22:{KEY_ID}:1:::-:::scESC::::::\nfpr:::::::::{FINGERPRINT}:\n"
PUBLIC = f"{PRIMARY}sub:-:255:18:0123456789ABCDEF:1::::::e:::::\n"
SECRET = "sec:-:255:22:{0}:1:::-:::scE:::{1}:::\nfpr:::::::::{2}:\n"
ENDED = "[GNUPG:] BEGIN_ENCRYPTION 2 9\n[GNUPG:] END_ENCRYPTION\n"
DECRYPTED = (
    f"[GNUPG:] ENC_TO {KEY_ID} 18 0\n[GNUPG:] DECRYPTION_KEY {FINGERPRINT} {FINGERPRINT} u\n[GNUPG:] DECRYPTION_OKAY\n"
)
FAILED = f"[GNUPG:] ENC_TO {KEY_ID} 18 0\n[GNUPG:] BEGIN_DECRYPTION\n[GNUPG:] DECRYPTION_FAILED\n"


class StandIn:
    """A script in gpg's place. It notes how often it was called, and for what."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "gpg"
        self.listing(PUBLIC)

    def listing(self, text: str, status: int = 0, codes: str = "") -> None:
        """Have it list this."""
        (self.folder / "list").write_text(f"{said(text)}\n{said(codes, 2)}\nexit {status}\n")

    def does(self, script: str) -> Ambient:
        """Have it do this, where it is not to list; return surroundings in which it is gpg."""
        head = f'cd "{self.folder}"\necho "$*" >>calls\ncase "$*" in *--list-*) . ./list ;; esac\n'
        self.path.write_text(f"#!/bin/sh\n{head}{script}\n")
        self.path.chmod(0o700)
        return self.ambient()

    def ambient(self, **environ: str) -> Ambient:
        """Return surroundings in which it is gpg, which does not get long."""
        limits = {"SOPS_GPG_EXEC": str(self.path), "LEAFSEAL_GPG_TIMEOUT": "50"}
        return Ambient({"PATH": os.environ.get("PATH", os.defpath), **limits, **environ}, self.folder)

    def calls(self) -> list[str]:
        """Return the arguments of each call."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def gpg(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def said(text: str | bytes, channel: int = 1) -> str:
    """Return the shell command that prints a text."""
    octal = "".join(f"\\{byte:03o}" for byte in (text.encode() if isinstance(text, str) else text))
    return f"printf {shlex.quote(octal)} >&{channel}"


def answer(output: str | bytes, status: str, code: int = 0) -> str:
    return f"cat >/dev/null; {said(status, 2)}; {said(output)}; exit {code}"


def failure(ambient: Ambient, *, wrap: bool = False) -> ProviderError:
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        KEY.wrap(DATA_KEY, ambient) if wrap else KEY.unwrap(MESSAGE, ambient)
    assert time.monotonic() - began < 120
    error = caught.value
    assert error.master_key == FINGERPRINT
    assert error.source
    assert str(error).isprintable()
    assert "canary" not in f"{error} {error.hint} {error.__cause__!r}"
    return error


# Well behaved


def test_what_a_gpg_that_works_does(gpg: StandIn) -> None:
    ambient = gpg.does(answer(DATA_KEY, DECRYPTED))
    assert KEY.unwrap(MESSAGE, ambient) == DATA_KEY
    ambient = gpg.does(answer(MESSAGE + b"\n\n", ENDED))
    assert KEY.wrap(DATA_KEY, ambient) == MESSAGE
    assert f"--recipient {FINGERPRINT}" in gpg.calls()[-1]


def test_other_words_on_standard_error_do_not_matter(gpg: StandIn) -> None:
    noise = "gpg: WARNING: unsafe permissions\n[GNUPG:] \n[GNUPG:]x\n\xff\n"
    assert KEY.unwrap(MESSAGE, gpg.does(answer(DATA_KEY, noise + DECRYPTED))) == DATA_KEY


def test_what_it_does_not_read_does_not_matter(gpg: StandIn) -> None:
    message = MESSAGE.replace(b"\n\n", b"\n\n" + b"d2hhdGV2ZXI=\n" * 5000)
    ambient = gpg.does(f"exec 0<&-; {said(DECRYPTED, 2)}; {said(DATA_KEY)}")
    assert KEY.unwrap(message, ambient) == DATA_KEY


def test_a_daemon_that_it_leaves_behind_is_not_waited_for(gpg: StandIn) -> None:
    ambient = gpg.does(f"sleep 600 & echo $! >daemon; {said(DECRYPTED, 2)}; {said(DATA_KEY)}")
    began = time.monotonic()
    assert KEY.unwrap(MESSAGE, ambient) == DATA_KEY
    assert time.monotonic() - began < 120
    os.kill(int((gpg.folder / "daemon").read_text()), signal.SIGKILL)


# Decrypting

NO_CONFIRMATION = "gpg did not confirm what it decrypted"

MISBEHAVIOUR = {
    "nothing at all": ("exit 0", NO_CONFIRMATION),
    "garbage": (answer(b"canary\x00\xff" * 99, ""), NO_CONFIRMATION),
    "a key, unconfirmed": (
        answer(DATA_KEY, DECRYPTED.replace("DECRYPTION_OKAY", "DECRYPTION_FAILED")),
        NO_CONFIRMATION,
    ),
    "confirmed in the wrong place": (answer(f"{DECRYPTED}\n", ""), NO_CONFIRMATION),
    "almost confirmed": (answer(DATA_KEY, DECRYPTED.replace("OKAY", "OKAYISH")), NO_CONFIRMATION),
    "confirmed, and failed": (answer(DATA_KEY, DECRYPTED, 2), "the encrypted data key is damaged"),
    "confirmed, and failed otherwise": (answer(DATA_KEY, DECRYPTED, 1), "gpg failed with exit status 1"),
    "empty": (answer("", DECRYPTED), "gpg gave 0 bytes where 32 or 33 were expected"),
    "short": (answer(DATA_KEY[1:], DECRYPTED), "gpg gave 31 bytes where 32 or 33 were expected"),
    "long": (answer(DATA_KEY + b"\r\n", DECRYPTED), "gpg gave 34 bytes where 32 or 33 were expected"),
    "no message": (
        answer("", "[GNUPG:] NODATA 1\n[GNUPG:] FAILURE decrypt 4294967295\n", 2),
        "the encrypted data key is damaged",
    ),
    "wrong checksum": ("exit 2", "the encrypted data key is damaged"),
    "status 1": ("exit 1", "gpg failed with exit status 1"),
    "status 127": ("exit 127", "gpg failed with exit status 127"),
    "status 255": (answer("canary", "canary", 255), "gpg failed with exit status 255"),
    "killed": ("kill -9 $$", "gpg was ended by signal 9"),
    "pipes closed": ("exec 0<&- 1>&- 2>&-; exit 3", "gpg failed with exit status 3"),
    "no end to its output": ("exec yes canary", "gpg: more than 262144 bytes of output"),
    "no end to its errors": ("exec yes canary >&2", "gpg: more than 262144 bytes of output"),
    "no key ring": (
        answer("", f"[GNUPG:] ERROR add_keyblock_resource 33587281\n[GNUPG:] ENC_TO {KEY_ID} 18 0\n", 1),
        "the key ring in {home} cannot be read",
    ),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_decrypting(gpg: StandIn, name: str) -> None:
    script, message = MISBEHAVIOUR[name]
    error = failure(gpg.does(script))
    assert str(error) == message.format(home=gpg.folder / ".gnupg")


# The numbers are those of GnuPG 2.4, with the component that reports them above the error itself.
LOCKED = {
    "canceled": (
        "[GNUPG:] ERROR pkdecrypt_failed 83886179\n",
        "the passphrase of the secret key was not given, or was",
    ),
    "wrong": ("[GNUPG:] ERROR pkdecrypt_failed 67108875\n", "the passphrase of the secret key was not given, or was"),
    "asked": (
        "[GNUPG:] PINENTRY_LAUNCHED 7 gnome3 1.2.1 - - :0\n",
        "the passphrase of the secret key was not given, or",
    ),
    "nowhere to ask": (
        "[GNUPG:] PINENTRY_LAUNCHED 7 curses 1.2.1 - xterm - - 0/0 -\n",
        "the passphrase was not asked for: pinentry had neither terminal nor display",
    ),
    "no pinentry": ("[GNUPG:] ERROR pkdecrypt_failed 67108949\n", "the passphrase was not asked for: gpg-agent has no"),
    "gpg asks": (
        "[GNUPG:] NEED_PASSPHRASE 1 2 3 0\n",
        "the passphrase was not asked for: gpg itself would have to ask",
    ),
}


@pytest.mark.parametrize("name", LOCKED)
def test_keys_that_stay_locked(gpg: StandIn, name: str) -> None:
    status, message = LOCKED[name]
    ambient = gpg.does(answer("", FAILED + status, 2))
    assert str(failure(ambient)).startswith(message)
    assert str(failure(ambient)).startswith(message)
    first, second = gpg.calls()
    assert "--pinentry-mode" not in first
    assert "--pinentry-mode cancel" in second


@pytest.mark.parametrize(
    ("listing", "status", "codes", "message"),
    [
        ("", 2, "[GNUPG:] ERROR keylist.getkey 17\n", f"the secret key for {KEY_ID} is not in "),
        ("", 2, "[GNUPG:] ERROR keylist.getkey 33554509\n", "gpg-agent does not run and could not be started"),
        ("canary\n", 0, "", f"the secret key for {KEY_ID} is not in "),
        (SECRET.format(KEY_ID, "#", FINGERPRINT), 0, "", f"the secret key for {KEY_ID} is not in "),
        (SECRET.format(KEY_ID, "+", FINGERPRINT), 0, "", f"gpg-agent has the secret key {KEY_ID} and did not decrypt"),
        (
            SECRET.format(KEY_ID, "D276000124", FINGERPRINT),
            0,
            "",
            f"the smart card with the secret key {KEY_ID} did not",
        ),
    ],
)
def test_what_the_key_ring_tells_of_a_failure(
    gpg: StandIn, listing: str, status: int, codes: str, message: str
) -> None:
    gpg.listing(listing, status, codes)
    error = failure(gpg.does(answer("", FAILED, 2)))
    assert str(error).startswith(message)
    assert error.hint


def test_a_hidden_recipient_whose_key_is_there(gpg: StandIn) -> None:
    gpg.listing(SECRET.format(KEY_ID, "+", FINGERPRINT))
    error = failure(gpg.does(answer("", FAILED.replace(KEY_ID, "0" * 16), 2)))
    assert "none of the secret keys decrypts it" in str(error)


def test_a_message_for_many_is_not_looked_up_for_ever(gpg: StandIn) -> None:
    gpg.listing("", 2)
    many = "".join(f"[GNUPG:] ENC_TO {number:016X} 1 0\n" for number in range(1, 500))
    assert str(failure(gpg.does(answer("", many + FAILED, 2)))).count(" or ") == 3
    assert len(gpg.calls()) == 5


@pytest.mark.parametrize(
    "wrapped",
    [
        b"",
        b"canary",
        MESSAGE[:-1],
        MESSAGE[1:],
        MESSAGE.replace(b"MESSAGE", b"PUBLIC KEY BLOCK"),
        MESSAGE.replace(b"d2hh", "é".encode()),
        MESSAGE.replace(b"d2hh", b"A" * 70000),
    ],
)
def test_what_is_no_message_does_not_reach_gpg(gpg: StandIn, wrapped: bytes) -> None:
    ambient = gpg.does(answer(DATA_KEY, DECRYPTED))
    with pytest.raises(ProviderError, match="the encrypted data key is damaged: it is no armored PGP message"):
        KEY.unwrap(wrapped, ambient)
    assert gpg.calls() == []


# Encrypting


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 0", "gpg did not confirm that it encrypted"),
        (answer(MESSAGE, ""), "gpg did not confirm that it encrypted"),
        (answer(MESSAGE, ENDED, 2), "gpg failed with exit status 2"),
        (answer("", ENDED), "gpg gave something else than an armored message"),
        ("exec 2>&1; " + answer("canary", ENDED), "gpg did not confirm that it encrypted"),
        (f"{said(ENDED, 2)}; cat", "gpg gave something else than an armored message"),
        (answer(MESSAGE.replace(b"\n\n", "\nComment: ä\n\n".encode()), ENDED), "gpg gave something else than"),
        (
            answer("", f"[GNUPG:] INV_RECP 1 {FINGERPRINT}\n[GNUPG:] FAILURE encrypt 9\n", 2),
            "its public key is not in ",
        ),
        (answer("", f"[GNUPG:] INV_RECP 0 {FINGERPRINT}\n[GNUPG:] FAILURE encrypt 53\n", 2), "gpg refuses the key"),
        (answer("", "[GNUPG:] FAILURE encrypt canary\n", 2), "gpg failed with exit status 2"),
        ("kill -15 $$", "gpg was ended by signal 15"),
        ("exec yes canary", "gpg: more than 262144 bytes of output"),
    ],
)
def test_encrypting(gpg: StandIn, script: str, message: str) -> None:
    assert str(failure(gpg.does(script), wrap=True)).startswith(message)


def test_an_id_that_means_two_keys(gpg: StandIn) -> None:
    twin = "0" * 24 + KEY_ID
    gpg.listing(PUBLIC + PUBLIC.replace(FINGERPRINT, twin))
    ambient = gpg.does(answer(MESSAGE, ENDED))
    with pytest.raises(ProviderError, match=f"^{KEY_ID} means 2 keys of .*gnupg$") as caught:
        PGPKey(KEY_ID).wrap(DATA_KEY, ambient)
    assert "40 digits" in str(caught.value.hint)
    assert not any("--encrypt" in call for call in gpg.calls())
    assert KEY.wrap(DATA_KEY, ambient) == MESSAGE


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pub:-", "pub:d", "the key is disabled in this key ring"),
        ("pub:-", "pub:i", "the key is not valid"),
        ("sub:-", "sub:r", "its subkey for encryption was revoked"),
        (
            "sub:-:255:18:0123456789ABCDEF:1:",
            "sub:e:255:18:0123456789ABCDEF:1:20300101T000000",
            "its subkey for encryption has",
        ),
        (":e:", ":s:", "the key has no subkey for encryption"),
        ("fpr", "fpx", "its public key is not in "),
        ("pub", "xxx", "its public key is not in "),
    ],
)
def test_listings(gpg: StandIn, old: str, new: str, message: str) -> None:
    gpg.listing(PUBLIC.replace(old, new))
    assert str(failure(gpg.does(answer(MESSAGE, ENDED)), wrap=True)).startswith(message)
    assert len(gpg.calls()) == 1


# Time


@pytest.mark.parametrize(
    ("wrap", "script"), [(False, "sleep 600"), (True, "trap '' TERM; cat >/dev/null; sleep 600; sleep 600")]
)
def test_a_gpg_that_hangs_is_ended_and_not_asked_again(gpg: StandIn, script: str, wrap: bool) -> None:
    gpg.does(f"echo $$ >process; sleep 600 & echo $! >child; {script}")
    for seconds in (2, 10, 60):  # in which its shell has to start: more on a busy machine
        ambient = gpg.ambient(LEAFSEAL_GPG_TIMEOUT=str(seconds))
        error = failure(ambient, wrap=wrap)
        assert str(error) == f"gpg: no answer within {seconds} seconds"
        if (gpg.folder / "child").exists() and (gpg.folder / "child").read_text():
            break
    assert "LEAFSEAL_GPG_TIMEOUT" in str(error.hint)
    calls = len(gpg.calls())
    assert str(failure(ambient, wrap=wrap)) == str(error)
    assert len(gpg.calls()) == calls
    for name in ("process", "child"):
        wait_until_gone(int((gpg.folder / name).read_text()))


@pytest.mark.parametrize("seconds", ["x", "0", "-1", "nan", "inf", "3601", "1e9", "5 s"])
def test_a_time_that_is_none(gpg: StandIn, seconds: str) -> None:
    gpg.does("exit 0")
    for wrap in (False, True):
        error = failure(gpg.ambient(LEAFSEAL_GPG_TIMEOUT=seconds), wrap=wrap)
        assert str(error) == "LEAFSEAL_GPG_TIMEOUT is not a number of seconds up to 3600"
    assert gpg.calls() == []


# The program itself


@pytest.mark.parametrize("wrap", [False, True])
def test_no_program(gpg: StandIn, wrap: bool) -> None:
    (gpg.folder / ".gnupg").mkdir()
    cases = {
        "": ("gpg was not found on PATH", "install GnuPG"),
        "gpg-none": ("gpg was not found: SOPS_GPG_EXEC names no program", "without arguments"),
        str(gpg.folder / "none"): ("gpg was not found: SOPS_GPG_EXEC names no program", "without arguments"),
        f"{gpg.path} --homedir x": ("gpg was not found: SOPS_GPG_EXEC names no program", "without arguments"),
    }
    gpg.does("exit 0")
    for program, (message, hint) in cases.items():
        error = failure(gpg.ambient(SOPS_GPG_EXEC=program, PATH=str(gpg.folder / "empty")), wrap=wrap)
        assert isinstance(error, ProviderMissingError)
        assert str(error) == message
        assert hint in str(error.hint)


@pytest.mark.parametrize("content", [b"", b"\x7fELF nothing", b"#!/none\n"])
def test_a_file_that_does_not_run(gpg: StandIn, content: bytes) -> None:
    gpg.path.write_bytes(content)
    error = failure(gpg.ambient())
    assert str(error) == "gpg: permission denied"
    gpg.path.chmod(0o700)
    assert failure(gpg.ambient())
    with pytest.raises(ProviderError, match="gpg: permission denied"):
        KEY.unwrap(MESSAGE, gpg.ambient(SOPS_GPG_EXEC=f"{gpg.folder}/"))


def test_a_relative_path_is_not_run_and_the_absolute_one_is(gpg: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    ambient = gpg.does(answer(MESSAGE, ENDED))
    monkeypatch.chdir(gpg.folder)
    error = failure(gpg.ambient(SOPS_GPG_EXEC="./gpg"), wrap=True)
    assert error.message == "gpg: its program has a relative path; use an absolute one"
    assert gpg.calls() == []
    assert KEY.wrap(DATA_KEY, ambient)


def test_the_current_folder_is_not_looked_in(gpg: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    gpg.does(answer(DATA_KEY, DECRYPTED))
    (gpg.folder / ".gnupg").mkdir()
    monkeypatch.chdir(gpg.folder)
    for path in (str(gpg.folder), ".", ""):
        assert isinstance(
            failure(gpg.ambient(SOPS_GPG_EXEC="gpg", PATH=path, HOME="/home/elsewhere")), ProviderMissingError
        )
    assert gpg.calls() == []
