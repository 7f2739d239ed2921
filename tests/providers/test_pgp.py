from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.providers.pgp import PGPKey

from .contract import DATA_KEY, ProviderContract
from .gpg_home import GPG, GpgHome, gpg_home, needs_gpg

FINGERPRINT = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"


@pytest.fixture(scope="module")
def alice() -> Iterator[GpgHome]:
    with gpg_home() as home:
        home.make_key("alice")
        yield home


@pytest.fixture(scope="module")
def alices_key(alice: GpgHome) -> PGPKey:
    return PGPKey(alice.fingerprints("alice")[0])


@pytest.fixture(scope="module")
def bob(alice: GpgHome) -> Iterator[GpgHome]:
    """Somebody who has Alice's public key."""
    with gpg_home() as home:
        alice.give_public_keys(home)
        yield home


@pytest.fixture(scope="module")
def locked() -> Iterator[GpgHome]:
    with gpg_home() as home:
        home.make_key("carol", passphrase="canary-passphrase")
        yield home


@needs_gpg
class TestContract(ProviderContract):
    @pytest.fixture
    def key(self, alices_key: PGPKey) -> PGPKey:
        return alices_key

    @pytest.fixture
    def ambient(self, alice: GpgHome) -> Ambient:
        return alice.ambient()

    @pytest.fixture
    def stranger(self, bob: GpgHome) -> Ambient:
        return bob.ambient()


def failure(key: PGPKey, ambient: Ambient, wrapped: bytes | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        key.wrap(DATA_KEY, ambient) if wrapped is None else key.unwrap(wrapped, ambient)
    assert caught.value.master_key == str(key)
    return caught.value


# What names a key


def test_lists_of_fingerprints() -> None:
    spaced = "FBC7 B9E2 A4F9 289A C0C1  D484 3D16 CEE4 A273 81B4"
    keys = parse_recipients("pgp", f"{spaced},\n{FINGERPRINT.lower()} ,0x3D16CEE4A27381B4,3D16CEE4A27381B4!")
    assert [str(key) for key in keys] == [
        FINGERPRINT,
        FINGERPRINT.lower(),
        "0x3D16CEE4A27381B4",
        "3D16CEE4A27381B4!",
    ]
    assert parse_recipients("pgp", "") == []


@pytest.mark.parametrize(("text", "number"), [(f"{FINGERPRINT},", 2), (f" ,{FINGERPRINT}", 1), (" ", 1)])
def test_a_comma_too_many(text: str, number: int) -> None:
    with pytest.raises(ProviderError, match=f"pgp: fingerprint {number} is empty"):
        parse_recipients("pgp", text)


def test_control_characters() -> None:
    with pytest.raises(ProviderError, match="control characters"):
        parse_recipients("pgp", "AB\x1b[31m")
    with pytest.raises(MetadataError, match="fp: contains control characters"):
        make_key("pgp", {"fp": "AB\x1b[31m"})


@pytest.mark.parametrize("fp", [None, "", 5, {}])
def test_entries_without_a_fingerprint(fp: object) -> None:
    with pytest.raises(MetadataError, match="fp: missing, or not a string"):
        make_key("pgp", {"fp": fp})


@pytest.mark.parametrize("name", ["alice", "A27381B4", "a@example.org", "=alice", "--output=x", FINGERPRINT[1:], "x!"])
def test_what_is_no_fingerprint_does_not_wrap(name: str, tmp_path: Path) -> None:
    error = failure(PGPKey(name), Ambient({"GNUPGHOME": str(tmp_path)}, tmp_path))
    assert str(error) == "this is not a fingerprint"
    assert "40 digits" in str(error.hint)


@needs_gpg
def test_every_form_of_a_fingerprint_wraps(alice: GpgHome) -> None:
    primary, subkey = alice.fingerprints("alice")
    names = [primary, primary.lower(), primary[-16:], f"0x{primary}", f"{primary[:20]} {primary[20:]}"]
    names += [subkey, subkey[-16:], f"{subkey}!", f"0x{subkey[-16:].lower()}!"]
    for name in names:
        wrapped = PGPKey(name).wrap(DATA_KEY, alice.ambient())
        assert recipients(alice, wrapped) == [subkey[-16:]]
        assert PGPKey(name).unwrap(wrapped, alice.ambient()) == DATA_KEY


@needs_gpg
def test_a_pinned_subkey_is_the_one_that_is_used() -> None:
    with gpg_home() as home:
        old = home.fingerprints(home.make_key("dora", made="20240101T000000"))[1]
        home.gpg("--passphrase", "", "--quick-add-key", home.fingerprints("dora")[0], "cv25519", "encr")
        primary, _, new = home.fingerprints("dora")
        for name, subkey in [(primary, new), (old, new), (f"{old}!", old), (f"{old[-16:]}!", old)]:
            assert recipients(home, PGPKey(name).wrap(DATA_KEY, home.ambient())) == [subkey[-16:]], name
        error = failure(PGPKey(f"{primary}!"), home.ambient())
        assert str(error) == "the subkey that the ! asks for does not encrypt"


def recipients(home: GpgHome, message: bytes) -> list[str]:
    lines = home.gpg("--status-fd", "1", "--output", os.devnull, "--decrypt", data=message).decode().splitlines()
    return [line.split()[2] for line in lines if line.startswith("[GNUPG:] ENC_TO")]


# Keys that cannot be used


@needs_gpg
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("expired", "the key has expired, on 2020-12-31"),
        ("worn", "its subkey for encryption has expired, on 2020-12-31"),
        ("revoked", "the key was revoked"),
        ("disabled", "the key is disabled in this key ring"),
        ("signer", "the key has no subkey for encryption"),
    ],
)
def test_keys_that_do_not_wrap(retired: GpgHome, name: str, message: str) -> None:
    error = failure(PGPKey(retired.fingerprints(name)[0]), retired.ambient())
    assert str(error) == message
    assert error.hint
    assert error.source == f"GNUPGHOME ({retired.folder})"


@pytest.fixture(scope="module")
def retired() -> Iterator[GpgHome]:
    long_ago, loopback = "20200101T000000", ("--pinentry-mode", "loopback", "--passphrase", "")
    with gpg_home() as home:
        home.make_key("expired", made=long_ago, until="1y")
        worn = home.make_key("worn", made=long_ago, subkey="")
        home.gpg(*loopback, "--faked-system-time", f"{long_ago}!", "--quick-add-key", worn, "cv25519", "encr", "1y")
        revocation = home.folder / "openpgp-revocs.d" / f"{home.make_key('revoked')}.rev"
        home.gpg("--import", data=revocation.read_bytes().replace(b"\n:---", b"\n---"))
        disabled = home.make_key("disabled")
        home.gpg("--no-batch", "--no-tty", "--command-fd", "0", "--edit-key", disabled, data=b"disable\nquit\n")
        home.make_key("signer", subkey="")
        yield home


@needs_gpg
def test_a_key_that_is_not_in_the_key_ring(alice: GpgHome) -> None:
    error = failure(PGPKey(FINGERPRINT), alice.ambient())
    assert str(error) == f"its public key is not in GNUPGHOME ({alice.folder})"
    assert error.hint == "import it with gpg --import"


@needs_gpg
def test_trust_is_neither_needed_nor_given(alice: GpgHome, bob: GpgHome, alices_key: PGPKey) -> None:
    before = bob.gpg("--with-colons", "--list-keys"), bob.gpg("--export-ownertrust").splitlines()[2:]
    wrapped = alices_key.wrap(DATA_KEY, bob.ambient())
    assert (bob.gpg("--with-colons", "--list-keys"), bob.gpg("--export-ownertrust").splitlines()[2:]) == before
    assert alices_key.unwrap(wrapped, alice.ambient()) == DATA_KEY


# Secret keys that are not at hand


@needs_gpg
def test_the_secret_key_is_elsewhere(alice: GpgHome, bob: GpgHome, alices_key: PGPKey) -> None:
    subkey = alice.fingerprints("alice")[1][-16:]
    error = failure(alices_key, bob.ambient(), alices_key.wrap(DATA_KEY, bob.ambient()))
    assert str(error) == f"the secret key for {subkey} is not in GNUPGHOME ({bob.folder})"
    assert error.source == f"GNUPGHOME ({bob.folder})"


@needs_gpg
def test_a_certificate_whose_secret_subkey_was_left_elsewhere(alice: GpgHome, alices_key: PGPKey) -> None:
    with gpg_home() as home:
        home.gpg("--import", data=alice.gpg("--export-secret-keys"))
        listing = home.gpg("--with-colons", "--with-keygrip", "--list-secret-keys").decode()
        grip = [line.split(":")[9] for line in listing.splitlines() if line.startswith("grp:")][1]
        (home.folder / "private-keys-v1.d" / f"{grip}.key").unlink()
        error = failure(alices_key, home.ambient(), alices_key.wrap(DATA_KEY, home.ambient()))
        assert "is not in GNUPGHOME" in str(error)


@needs_gpg
def test_a_message_that_does_not_say_for_whom_it_is(alice: GpgHome, bob: GpgHome, alices_key: PGPKey) -> None:
    wrap = ("--trust-model", "always", "--armor", "--throw-keyids", "--encrypt", "--recipient", str(alices_key))
    wrapped = alice.gpg(*wrap, data=DATA_KEY)
    assert alices_key.unwrap(wrapped, alice.ambient()) == DATA_KEY
    assert "the secret key for an unnamed key is not in" in str(failure(alices_key, bob.ambient(), wrapped))


@needs_gpg
def test_a_key_ring_that_is_not_there_is_not_made(tmp_path: Path, alice: GpgHome, alices_key: PGPKey) -> None:
    wrapped = alices_key.wrap(DATA_KEY, alice.ambient())
    for environ, name in [({}, str(tmp_path / ".gnupg")), ({"GNUPGHOME": "/none"}, "GNUPGHOME (/none)")]:
        for data in (None, wrapped):
            error = failure(alices_key, Ambient(environ, tmp_path), data)
            assert str(error) == f"there is no key ring: {name} is not there"
    assert list(tmp_path.iterdir()) == []


@needs_gpg
def test_without_gnupghome_the_key_ring_is_at_home(alice: GpgHome, alices_key: PGPKey, tmp_path: Path) -> None:
    (tmp_path / ".gnupg").symlink_to(alice.folder)
    ambient = Ambient({"PATH": os.environ["PATH"]}, tmp_path)
    assert alices_key.unwrap(alices_key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY


@needs_gpg
def test_a_path_that_is_too_long_for_the_agent(tmp_path: Path, alice: GpgHome, alices_key: PGPKey) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir(mode=0o700)
    (folder / "pubring.kbx").write_bytes((alice.folder / "pubring.kbx").read_bytes())
    ambient = Ambient({"PATH": os.environ["PATH"], "GNUPGHOME": str(folder)}, tmp_path)
    error = failure(alices_key, ambient, alices_key.wrap(DATA_KEY, alice.ambient()))
    assert str(error) == "gpg-agent does not run and could not be started"
    assert "too long" in str(error.hint)


# Passphrases


@needs_gpg
def test_pinentry_is_asked_once_and_the_agent_remembers(locked: GpgHome) -> None:
    locked.know_passphrase("canary-passphrase")
    key = PGPKey(locked.fingerprints("carol")[0])
    ambient = locked.ambient()
    for _ in range(2):
        assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert locked.told().count("GETPIN") == 1


@needs_gpg
def test_threads_have_it_asked_once(locked: GpgHome) -> None:
    locked.know_passphrase("canary-passphrase")
    key = PGPKey(locked.fingerprints("carol")[0])
    ambient = locked.ambient()
    messages = [key.wrap(DATA_KEY, ambient) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda message: key.unwrap(message, ambient), messages)) == [DATA_KEY] * 4
    assert locked.told().count("GETPIN") == 1


@needs_gpg
@pytest.mark.parametrize(("passphrase", "questions"), [(None, 1), ("wrong", 3)])
def test_who_does_not_unlock_a_key_is_not_asked_for_every_file(
    locked: GpgHome, passphrase: str | None, questions: int
) -> None:
    locked.know_passphrase(passphrase)
    key = PGPKey(locked.fingerprints("carol")[0])
    ambient = locked.ambient()
    for _ in range(2):
        error = failure(key, ambient, key.wrap(DATA_KEY, ambient))
        assert str(error) == "the passphrase of the secret key was not given, or was wrong"
    assert locked.told().count("GETPIN") == questions
    locked.know_passphrase("canary-passphrase")
    assert key.unwrap(key.wrap(DATA_KEY, ambient), locked.ambient()) == DATA_KEY


@needs_gpg
def test_pinentry_comes_up_on_the_terminal(locked: GpgHome, tmp_path: Path) -> None:
    locked.know_passphrase("canary-passphrase")
    plain = tmp_path / "x.yaml"
    plain.write_bytes(b"a: b\n")
    command = [sys.executable, "-m", "leafseal"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **locked.environ}
    recipient = ("--pgp", locked.fingerprints("carol")[0])
    subprocess.run([*command, "encrypt", "-i", *recipient, str(plain)], env=environ, check=True)
    terminal, there = pytest.importorskip("pty").openpty()
    try:
        # Its input is the terminal's, as that of most commands is; gpg's is a pipe.
        argv = [*command, "decrypt", str(plain)]
        assert subprocess.run(argv, env=environ, stdin=there, capture_output=True, check=True).stdout == b"a: b\n"
        assert f"OPTION ttyname={os.ttyname(there)}" in locked.told()
        locked.know_passphrase("canary-passphrase")
        subprocess.run(argv, env={**environ, "GPG_TTY": "/dev/other"}, stdin=there, capture_output=True, check=True)
        assert "OPTION ttyname=/dev/other" in locked.told()
    finally:
        os.close(terminal)
        os.close(there)


@needs_gpg
def test_no_pinentry(locked: GpgHome) -> None:
    locked.know_passphrase(None)
    locked.pinentry.rename(locked.folder / "away")
    try:
        key = PGPKey(locked.fingerprints("carol")[0])
        error = failure(key, locked.ambient(), key.wrap(DATA_KEY, locked.ambient()))
        assert "gpg-agent has the secret key " in str(error)
        assert "pinentry" in str(error.hint)
    finally:
        (locked.folder / "away").rename(locked.pinentry)


# What gpg is told


@needs_gpg
def test_settings_of_the_user_do_not_get_in_the_way(alice: GpgHome, alices_key: PGPKey, tmp_path: Path) -> None:
    with gpg_home() as home:
        home.gpg("--import", data=alice.gpg("--export-secret-keys"))
        other = home.make_key("other")
        log = tmp_path / "log"
        settings = f"encrypt-to {other}\ncomment äöü\nemit-version\nverbose\nlog-file {log}\nuse-embedded-filename\n"
        (home.folder / "gpg.conf").write_text(settings)
        wrapped = alices_key.wrap(DATA_KEY, home.ambient())
        assert wrapped.splitlines()[1] == b""
        assert recipients(alice, wrapped) == [alice.fingerprints("alice")[1][-16:]]
        named = alice.gpg(
            "--trust-model=always", "--set-filename", str(tmp_path / "there"), "--armor", "-e", "-r", str(alices_key),
            data=DATA_KEY,
        )  # fmt: skip
        assert alices_key.unwrap(named, home.ambient()) == DATA_KEY
        assert not (tmp_path / "there").exists()


@needs_gpg
def test_a_setting_that_has_gpg_itself_ask(locked: GpgHome) -> None:
    locked.know_passphrase(None)
    settings = locked.folder / "gpg.conf"
    key = PGPKey(locked.fingerprints("carol")[0])
    wrapped = key.wrap(DATA_KEY, locked.ambient())
    settings.write_text("pinentry-mode loopback\n")
    try:
        error = failure(key, locked.ambient(), wrapped)
        assert "gpg itself would have to ask" in str(error)
        (locked.folder / "given").write_text("canary-passphrase\n")
        settings.write_text(f"pinentry-mode loopback\npassphrase-file {locked.folder / 'given'}\n")
        assert key.unwrap(wrapped, locked.ambient()) == DATA_KEY
    finally:
        settings.unlink()


RECORDER = """\
#!/bin/sh
{ echo "call"; for word; do echo "word $word"; done; env | sed 's/^/env /'; } >>"%s"
exec "%s" "$@"
"""


@needs_gpg
def test_each_call_in_full(alice: GpgHome, alices_key: PGPKey, tmp_path: Path) -> None:
    log, recorder = tmp_path / "log", tmp_path / "my gpg"
    recorder.write_text(RECORDER % (log, GPG))
    recorder.chmod(0o700)
    secrets = {"SOPS_AGE_KEY": "canary-age", "SOPS_AGE_KEY_CMD": "canary-cmd", "LEAFSEAL_DEBUG": "canary-debug"}
    ambient = alice.ambient(SOPS_GPG_EXEC=str(recorder), **secrets)
    for _ in range(2):
        assert alices_key.unwrap(alices_key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    calls = [call.splitlines() for call in log.read_text().split("call\n")[1:]]
    words = [[line.removeprefix("word ") for line in call if line.startswith("word ")] for call in calls]
    common = {
        "--batch",
        "--no-tty",
        "--yes",
        "--quiet",
        "--status-fd",
        "--no-auto-key-locate",
        "--no-auto-key-retrieve",
    }
    assert all(common | {"--trust-model=always"} <= set(call) for call in words)
    assert [_verb(call) for call in words] == ["--list-keys", "--encrypt", "--decrypt", "--encrypt", "--decrypt"]
    assert words[0][-2:] == ["--", str(alices_key)]
    assert words[1][-2:] == ["--recipient", str(alices_key)]
    assert {"--no-encrypt-to", "--no-default-recipient", "--armor"} <= set(words[1])
    assert words[2][-6:] == ["--no-use-embedded-filename", "--max-output", "1024", "--output", "-", "--decrypt"]
    assert "canary" not in log.read_text()
    assert DATA_KEY.hex() not in log.read_text()


def _verb(words: list[str]) -> str:
    [verb] = [word for word in words if word in ("--list-keys", "--list-secret-keys", "--encrypt", "--decrypt")]
    return verb


@needs_gpg
def test_a_program_of_another_name_is_found_on_path(alice: GpgHome, alices_key: PGPKey, tmp_path: Path) -> None:
    assert GPG is not None
    (tmp_path / "gpg-other").symlink_to(GPG)
    ambient = alice.ambient(SOPS_GPG_EXEC="gpg-other", PATH=str(tmp_path))
    assert alices_key.unwrap(alices_key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
