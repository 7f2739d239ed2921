from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal import age
from leafseal.age import bech32, hybrid
from leafseal.errors import MetadataError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.providers.age import AgeKey, generate_identity, places, recipient_of
from leafseal.system.directories import identity_file
from leafseal.testing import throwaway_identity

from .contract import DATA_KEY, ProviderContract
from .entries import load_entry

ALICE, BOB = throwaway_identity(), throwaway_identity()
ALICES_KEY = AgeKey(ALICE.recipient)
WRAPPED = ALICES_KEY.wrap(DATA_KEY, ALICE.ambient())

HYBRID = generate_identity(post_quantum=True)


class TestContract(ProviderContract):
    @pytest.fixture
    def key(self) -> AgeKey:
        return ALICES_KEY

    @pytest.fixture
    def ambient(self, tmp_path: Path) -> Ambient:
        return ALICE.ambient(tmp_path)

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> Ambient:
        return BOB.ambient(tmp_path)


def unwrap(tmp_path: Path, ask: object = None, **environ: str) -> bytes:
    return ALICES_KEY.unwrap(WRAPPED, Ambient(environ, tmp_path, ask))  # type: ignore[arg-type]


def failure(tmp_path: Path, ask: object = None, **environ: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        unwrap(tmp_path, ask, **environ)
    for identity in (ALICE.identity, BOB.identity):
        assert identity[20:40] not in str(caught.value)
    return caught.value


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# Recipients


def test_a_wrapped_key_is_armored_and_ends_its_last_line() -> None:
    assert WRAPPED.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert WRAPPED.endswith(b"\n-----END AGE ENCRYPTED FILE-----\n")
    assert age.dearmor(WRAPPED).count(b"\n-> ") == 1


def test_a_list_of_recipients() -> None:
    assert parse_recipients("age", f" {ALICE.recipient} ,{BOB.recipient}") == [ALICES_KEY, AgeKey(BOB.recipient)]
    assert parse_recipients("age", "") == []


@pytest.mark.parametrize("text", [f"{ALICE.recipient},", f",{ALICE.recipient}", " "])
def test_an_empty_recipient(text: str) -> None:
    with pytest.raises(ProviderError, match=r"age: recipient \d is empty"):
        parse_recipients("age", text)


def test_a_mistyped_recipient_is_named_by_its_place() -> None:
    with pytest.raises(ProviderError, match="age: recipient 2 has a wrong checksum"):
        parse_recipients("age", f"{ALICE.recipient},{BOB.recipient[:-1]}")
    with pytest.raises(ProviderError, match="age: recipient 1 is not an age recipient") as caught:
        parse_recipients("age", "bob")
    assert caught.value.hint == "a recipient begins with age1 or ssh-"


def test_an_identity_given_for_a_recipient_is_not_shown() -> None:
    with pytest.raises(ProviderError) as caught:
        parse_recipients("age", ALICE.identity)
    assert ALICE.identity[20:40] not in f"{caught.value} {caught.value.hint}"
    assert "secret identity" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "age1pq1qqqqqqqqqq",
        "age1yubikey1qqqqqq",
        "age1tag1qqqq",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI someone",
        "ssh-rsa A",
    ],
)
def test_other_types_are_checked_when_users_write_them_and_kept_when_files_hold_them(text: str) -> None:
    with pytest.raises(ProviderError, match="age: recipient 1 "):
        parse_recipients("age", text)
    key = load_entry("age", {"recipient": text, "enc": "x"}).master_key
    assert key.to_metadata() == {"recipient": text}
    with pytest.raises(ProviderError, match="the recipient "):
        key.wrap(DATA_KEY, ALICE.ambient())


def test_a_key_knows_whether_a_file_alone_names_it() -> None:
    [mine] = parse_recipients("age", ALICE.recipient)
    theirs = load_entry("age", {"recipient": ALICE.recipient, "enc": "x"}).master_key
    assert isinstance(mine, AgeKey)
    assert isinstance(theirs, AgeKey)
    assert (mine.from_file, theirs.from_file) == (False, True)
    assert mine == theirs
    assert "from_file" not in repr(theirs)


class TestPostQuantum(ProviderContract):
    @pytest.fixture
    def key(self) -> AgeKey:
        return AgeKey(HYBRID[1])

    @pytest.fixture
    def ambient(self, tmp_path: Path) -> Ambient:
        return Ambient({"SOPS_AGE_KEY": HYBRID[0]}, tmp_path)

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> Ambient:
        return BOB.ambient(tmp_path)


def test_what_is_wrapped_is_a_data_key(tmp_path: Path) -> None:
    wrapped = age.encrypt(b"x" * 31, [age.parse_recipient(ALICE.recipient)], armor=True)
    with pytest.raises(ProviderError, match="the encrypted data key is damaged: it is not the key of a file"):
        ALICES_KEY.unwrap(wrapped, ALICE.ambient(tmp_path))


def test_what_is_no_recipient_neither_wraps_nor_unwraps() -> None:
    for act in (AgeKey("bob").wrap, AgeKey("bob").unwrap):
        with pytest.raises(ProviderError, match="not an age recipient"):
            act(DATA_KEY, ALICE.ambient())
    with pytest.raises(ProviderError, match="checksum"):
        AgeKey(ALICE.recipient[:-1]).wrap(DATA_KEY, ALICE.ambient())


def test_a_recipient_in_a_file_is_trimmed() -> None:
    wrapped = load_entry("age", {"recipient": f" {ALICE.recipient}\n", "enc": "x"})
    assert (wrapped.master_key, wrapped.enc, wrapped.created_at) == (ALICES_KEY, "x", None)


@pytest.mark.parametrize("recipient", [None, "", " ", 5, "age1\x1b[31m", "age1\nx"])
def test_entries_with_a_bad_recipient(recipient: object) -> None:
    with pytest.raises(MetadataError, match="recipient: "):
        make_key("age", {"recipient": recipient})


def test_a_new_identity(tmp_path: Path) -> None:
    identity, recipient = generate_identity()
    assert recipient_of(identity) == recipient
    wrapped = AgeKey(recipient).wrap(DATA_KEY, Ambient({}, tmp_path))
    assert AgeKey(recipient).unwrap(wrapped, Ambient({"SOPS_AGE_KEY": identity}, tmp_path)) == DATA_KEY
    assert recipient_of(HYBRID[0]) == HYBRID[1]


@pytest.mark.parametrize("text", ["", "x", ALICE.identity[:-1], "AGE-PLUGIN-X-1QQ"])
def test_the_recipient_of_what_is_no_identity(text: str) -> None:
    with pytest.raises(ProviderError, match="the text "):
        recipient_of(text)
    with pytest.raises(ProviderError, match="do not tell their recipient"):
        recipient_of(bech32.encode("AGE-PLUGIN-TOY-", b"x"))


# Where identities come from


def test_the_variable(tmp_path: Path) -> None:
    assert unwrap(tmp_path, SOPS_AGE_KEY=ALICE.identity) == DATA_KEY
    assert unwrap(tmp_path, SOPS_AGE_KEY=f"# mine\n\n{BOB.identity}\r\n  {BOB.identity} {ALICE.identity} ") == DATA_KEY


def test_a_named_file(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.txt", f"# mine, caf\xe9\n\n{BOB.identity}\r\n{ALICE.identity}")
    assert unwrap(tmp_path, SOPS_AGE_KEY_FILE=str(path)) == DATA_KEY
    path.write_bytes(b"# caf\xe9\n" + ALICE.identity.encode())
    assert unwrap(tmp_path, SOPS_AGE_KEY_FILE=str(path)) == DATA_KEY


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/fd")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, ALICE.identity.encode())
    os.close(writing)
    ambient = Ambient({"SOPS_AGE_KEY_FILE": f"/dev/fd/{reading}"}, tmp_path)
    for _ in range(2):
        assert ALICES_KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    os.close(reading)


@pytest.mark.parametrize("line", [" {}", "{} ", "{0} {0}", "\t{}"])
def test_a_file_is_not_trimmed(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "mine.txt", f"# comment\n{line.format(ALICE.identity)}\n")
    assert f"({path}): line 2 " in str(failure(tmp_path, SOPS_AGE_KEY_FILE=str(path)))


def test_one_bad_line_spoils_a_source(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.txt", f"{ALICE.identity}\nhello\n")
    assert "line 2 is not an age identity" in str(failure(tmp_path, SOPS_AGE_KEY_FILE=str(path)))


def test_types_that_cannot_be_used_here_spoil_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(seed: bytes) -> None:
        raise age.UnsupportedKeyError("needs a library")

    monkeypatch.setattr(hybrid, "_kem_private_key", lacking)
    assert unwrap(tmp_path, SOPS_AGE_KEY=f"{HYBRID[0]} {ALICE.identity}") == DATA_KEY
    message = str(failure(tmp_path, SOPS_AGE_KEY=f"{HYBRID[0]} {BOB.identity}"))
    assert "SOPS_AGE_KEY: a post-quantum identity needs a library" in message
    with pytest.raises(ProviderError, match="a post-quantum identity needs a library"):
        generate_identity(post_quantum=True)


def test_a_recipient_that_cannot_be_used_here_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(raw: bytes) -> None:
        raise age.UnsupportedKeyError("needs a library")

    monkeypatch.setattr(hybrid, "kem_public_key", lacking)
    [key] = parse_recipients("age", HYBRID[1])
    with pytest.raises(ProviderError, match="the recipient needs a library"):
        key.wrap(DATA_KEY, Ambient({}, tmp_path))


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_a_command(tmp_path: Path) -> None:
    code = f"import os; print({ALICE.identity!r} if os.environ['SOPS_AGE_RECIPIENT'] == {ALICE.recipient!r} else 'no')"
    assert unwrap(tmp_path, SOPS_AGE_KEY_CMD=python(code)) == DATA_KEY


def test_a_command_does_not_see_identities(tmp_path: Path) -> None:
    hidden = ("SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "LEAFSEAL_X")
    code = f"import os; assert not set({hidden}) & set(os.environ) and os.environ['KEPT']; print({ALICE.identity!r})"
    environ = {"SOPS_AGE_KEY": BOB.identity, "LEAFSEAL_X": "1", "KEPT": "yes"}
    assert unwrap(tmp_path, SOPS_AGE_KEY_CMD=python(code), **environ) == DATA_KEY


def test_a_command_is_not_given_to_a_shell(tmp_path: Path) -> None:
    target = tmp_path / "made-by-a-shell"
    code = f"import sys; print({ALICE.identity!r}); assert sys.argv[1:] == ['>', {str(target)!r}]"
    assert unwrap(tmp_path, SOPS_AGE_KEY_CMD=f"{python(code)} > {target}") == DATA_KEY
    assert not target.exists()


def test_a_command_is_run_only_when_needed_and_once_for_each_recipient(tmp_path: Path) -> None:
    count = tmp_path / "count"
    code = f"open({str(count)!r}, 'a').write('x'); print({ALICE.identity!r})"
    assert unwrap(tmp_path, SOPS_AGE_KEY=ALICE.identity, SOPS_AGE_KEY_CMD=python(code)) == DATA_KEY
    assert not count.exists()
    ambient = Ambient({"SOPS_AGE_KEY_CMD": python(code)}, tmp_path)
    for _ in range(3):
        assert ALICES_KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    with pytest.raises(ProviderError):
        AgeKey(BOB.recipient).unwrap(AgeKey(BOB.recipient).wrap(DATA_KEY, ambient), ambient)
    assert count.read_text() == "xx"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", "is set, and empty"),
        ("cat 'x", "its quotes do not match"),
        ("leafseal-no-such-program", "its program was not found on PATH"),
        ("/leafseal/no/such/program", "no such file or directory"),
        (python("import sys; print('secret'); sys.exit('and more')"), "exit status 1"),
        (python("print('hello')"), "line 1 is not an age identity"),
    ],
)
def test_commands_that_fail(tmp_path: Path, command: str, reason: str) -> None:
    error = failure(tmp_path, SOPS_AGE_KEY_CMD=command)
    assert f"no age identity found; SOPS_AGE_KEY_CMD: {reason}; no keys in " in str(error)
    assert "secret" not in str(error)


def test_a_command_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_COMMAND_SECONDS", 0.2)
    error = failure(tmp_path, SOPS_AGE_KEY_CMD=python("import time; time.sleep(20)"))
    assert "no answer within 0.2 seconds" in str(error)


def test_the_default_file(tmp_path: Path) -> None:
    xdg = str(tmp_path / "xdg")
    for environ in ({}, {"XDG_CONFIG_HOME": xdg}):
        path = Path(identity_file(environ, tmp_path))
        assert "opens" not in str(failure(tmp_path, **environ))
        write(path, f"{ALICE.identity}\n")
        assert unwrap(tmp_path, **environ) == DATA_KEY
        assert unwrap(tmp_path, SOPS_AGE_KEY=BOB.identity, **environ) == DATA_KEY
        path.unlink()


def test_a_relative_configuration_folder_is_a_fault_of_that_place_only(tmp_path: Path) -> None:
    assert "XDG_CONFIG_HOME is not an absolute path" in str(failure(tmp_path, XDG_CONFIG_HOME="relative"))
    assert unwrap(tmp_path, XDG_CONFIG_HOME="relative", SOPS_AGE_KEY=ALICE.identity) == DATA_KEY


def test_faults_elsewhere_do_not_matter_when_one_identity_fits(tmp_path: Path) -> None:
    assert unwrap(tmp_path, SOPS_AGE_KEY="garbage", SOPS_AGE_KEY_FILE="/none", SOPS_AGE_KEY_CMD=python(
        f"print({ALICE.identity!r})"
    )) == DATA_KEY  # fmt: skip


def test_identities_are_loaded_once(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.txt", ALICE.identity)
    ambient = Ambient({"SOPS_AGE_KEY_FILE": str(path)}, tmp_path)
    assert ALICES_KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    path.unlink()
    assert ALICES_KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    assert "no such file" in str(failure(tmp_path, SOPS_AGE_KEY_FILE=str(path)))


def test_a_source_beyond_16_mib(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(places.SIZE_LIMIT + 1)
    assert "larger than 16777216 bytes" in str(failure(tmp_path, SOPS_AGE_KEY_FILE=str(path)))


# Reports


def test_without_any_identity_all_places_are_named_in_order(tmp_path: Path) -> None:
    error = failure(tmp_path)
    assert error.source is None
    assert "SOPS_AGE_KEY_FILE" in str(error.hint)
    assert str(error) == (
        "no age identity found; no keys in SOPS_AGE_SSH_PRIVATE_KEY_FILE, SOPS_AGE_SSH_PRIVATE_KEY_CMD, "
        f"{tmp_path}/.ssh/id_ed25519, {tmp_path}/.ssh/id_rsa, SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, "
        f"{tmp_path}/.config/sops/age/keys.txt"
    )


def test_the_sources_of_identities_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "bob.txt", BOB.identity)
    error = failure(tmp_path, SOPS_AGE_KEY_FILE=str(path))
    assert error.source == f"SOPS_AGE_KEY_FILE ({path})"
    assert str(error).startswith(f"the identity from SOPS_AGE_KEY_FILE ({path}) cannot decrypt it; no keys in ")
    assert ".config" not in str(error)
    error = failure(tmp_path, SOPS_AGE_KEY_FILE=str(path), SOPS_AGE_KEY=BOB.identity)
    assert str(error).startswith(
        f"none of the 2 identities from SOPS_AGE_KEY, SOPS_AGE_KEY_FILE ({path}) can decrypt it"
    )


def test_what_was_set_and_held_nothing_comes_last(tmp_path: Path) -> None:
    message = str(failure(tmp_path, SOPS_AGE_KEY="# nothing"))
    assert message.startswith("no age identity found; ")
    assert message.endswith("SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, SOPS_AGE_KEY")


def test_an_empty_file_name(tmp_path: Path) -> None:
    assert "SOPS_AGE_KEY_FILE: is set, and empty" in str(failure(tmp_path, SOPS_AGE_KEY_FILE=""))


def test_a_damaged_blob_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="the encrypted data key is damaged: does not begin and end"):
        ALICES_KEY.unwrap(WRAPPED[10:], ALICE.ambient(tmp_path))


# Imports


def test_what_is_rare_is_not_imported() -> None:
    code = (
        "import sys, leafseal.providers.age, leafseal.keys.groups; "
        "print(*(n for n in sys.modules if 'scrypt' in n or 'serialization' in n and 'primitives._s' not in n"
        " or n in ('subprocess', 'shlex', 'queue', 'leafseal.system.programs', 'leafseal.keys.policy')"
        " or n == 'leafseal.keys.unknown'"
        " or n.startswith(('leafseal.age.ssh', 'leafseal.age.hybrid', 'leafseal.age.tag', 'leafseal.age.plugin'))"
        " or n.startswith(('leafseal.providers.age.ssh', 'leafseal.providers.age.p', 'leafseal.providers.age.a'))"
        " and n != 'leafseal.providers.age.places'))"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == ""
