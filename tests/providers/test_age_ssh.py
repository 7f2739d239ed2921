"""SSH keys as age keys: where private ones come from, and how their passphrases are asked for."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
from leafseal.providers.age import AgeKey
from leafseal.testing import throwaway_identity

from ..age.test_ssh import line_of, private, rsa
from .contract import DATA_KEY, ProviderContract
from .test_age import python, write
from .test_age_passphrases import Asker

FILE = "SOPS_AGE_SSH_PRIVATE_KEY_FILE"
COMMAND = "SOPS_AGE_SSH_PRIVATE_KEY_CMD"
MINE, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEY = AgeKey(f"{line_of(MINE)} me@here")
WRAPPED = KEY.wrap(DATA_KEY, Ambient({}, Path("/nonexistent")))
BOB = throwaway_identity()


class TestEd25519(ProviderContract):
    @pytest.fixture
    def key(self) -> AgeKey:
        return KEY

    @pytest.fixture
    def ambient(self, tmp_path: Path) -> Ambient:
        return Ambient({FILE: str(write(tmp_path / "mine", private(MINE)))}, tmp_path)

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> Ambient:
        return Ambient({FILE: str(write(tmp_path / "other", private(OTHER)))}, tmp_path)


class TestRSA(ProviderContract):
    @pytest.fixture
    def key(self) -> AgeKey:
        return AgeKey(line_of(rsa()))

    @pytest.fixture
    def ambient(self, tmp_path: Path) -> Ambient:
        write(tmp_path / "home" / ".ssh" / "id_rsa", private(rsa()))
        return Ambient({}, tmp_path / "home")

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> Ambient:
        return Ambient({}, tmp_path / "nowhere")


def failure(ambient: Ambient, key: AgeKey = KEY, wrapped: bytes = WRAPPED) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        key.unwrap(wrapped, ambient)
    assert "PRIVATE KEY-----" not in str(caught.value)
    assert str(caught.value).isprintable()
    return caught.value


def test_a_recipient_keeps_its_comment() -> None:
    [key] = parse_recipients("age", f" {KEY.recipient} ")
    assert key == KEY
    assert key.to_metadata() == {"recipient": KEY.recipient}


# Where keys come from


@pytest.mark.parametrize("name", ["id_ed25519", "id_rsa"])
def test_the_default_keys(tmp_path: Path, name: str) -> None:
    write(tmp_path / ".ssh" / name, private(MINE))
    assert KEY.unwrap(WRAPPED, Ambient({}, tmp_path)) == DATA_KEY


def test_all_places_are_tried(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_ed25519", private(OTHER))
    write(tmp_path / ".ssh" / "id_rsa", private(MINE))
    environ = {
        FILE: str(write(tmp_path / "x", private(OTHER))),
        COMMAND: python("print('no key')"),
        "SOPS_AGE_KEY": BOB.identity,
    }
    assert KEY.unwrap(WRAPPED, Ambient(environ, tmp_path)) == DATA_KEY


def test_a_command(tmp_path: Path) -> None:
    path = write(tmp_path / "mine", private(MINE))
    code = (
        f"import os; assert os.environ['SOPS_AGE_RECIPIENT'] == {KEY.recipient!r};"
        f"assert {COMMAND!r} not in os.environ; print(open({str(path)!r}).read())"
    )
    assert KEY.unwrap(WRAPPED, Ambient({COMMAND: python(code)}, tmp_path)) == DATA_KEY


def test_keys_are_loaded_once_and_a_command_is_run_once(tmp_path: Path) -> None:
    path, count = write(tmp_path / "mine", private(OTHER)), tmp_path / "count"
    code = f"open({str(count)!r}, 'a').write('x'); print(open({str(path)!r}).read())"
    ambient = Ambient({COMMAND: python(code)}, tmp_path)
    for _ in range(2):
        failure(ambient)
    assert count.read_text() == "x"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be read")
def test_a_key_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "mine", private(MINE))
    path.chmod(0)
    assert f"{FILE} ({path}): permission denied" in str(failure(Ambient({FILE: str(path)}, tmp_path)))
    path.chmod(stat.S_IRUSR)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("x", "is not a private SSH key, or a damaged one"),
        ("x" * 70_000, "larger than 65536 bytes"),
        (private(OTHER, b"horse")[:120], "is not a private SSH key"),
    ],
)
def test_files_that_are_no_key(tmp_path: Path, content: str | bytes, reason: str) -> None:
    path = write(tmp_path / "mine", content)
    assert f"{FILE} ({path}): {reason}" in str(failure(Ambient({FILE: str(path)}, tmp_path)))


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({FILE: ""}, f"{FILE}: is set, and empty"),
        ({FILE: "/no/such/key"}, f"{FILE}: no such file or directory"),
        ({COMMAND: ""}, f"{COMMAND}: is set, and empty"),
        ({COMMAND: "leafseal-no-such-program"}, f"{COMMAND}: its program was not found on PATH"),
        ({COMMAND: python("print('x')")}, f"{COMMAND}: is not a private SSH key"),
    ],
)
def test_settings_that_do_not_help(tmp_path: Path, environ: dict[str, str], reason: str) -> None:
    assert reason in str(failure(Ambient(environ, tmp_path)))


def test_keys_are_not_looked_at_for_other_files(tmp_path: Path) -> None:
    count = tmp_path / "count"
    environ = {FILE: "/no/such/key", COMMAND: python(f"open({str(count)!r}, 'w')"), "SOPS_AGE_KEY": BOB.identity}
    write(tmp_path / ".ssh" / "id_ed25519", "x")
    other = AgeKey(throwaway_identity().recipient)
    ambient = Ambient(environ, tmp_path)
    error = failure(ambient, other, other.wrap(DATA_KEY, ambient))
    assert "SSH" not in str(error)
    assert "id_ed25519" not in str(error)
    assert "no keys in " in str(error)
    assert "id_rsa" in str(error)
    assert not count.exists()


def test_a_key_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / ".ssh" / "id_ed25519", private(OTHER))
    error = failure(Ambient({}, tmp_path))
    assert error.source == str(path)
    assert str(error).startswith(f"the identity from {path} cannot decrypt it")
    assert FILE in str(error.hint)


# Passphrases


def test_a_passphrase(tmp_path: Path) -> None:
    path, ask = write(tmp_path / ".ssh" / "id_ed25519", private(MINE, b"horse")), Asker("donkey", "horse")
    ambient = Ambient({}, tmp_path, ask)
    for _ in range(2):
        assert KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    question = f'Enter passphrase for "{path}":'
    assert ask.questions == [question, f"Wrong passphrase. {question}"]


def test_three_tries_and_no_more_in_a_run(tmp_path: Path) -> None:
    path, ask = write(tmp_path / ".ssh" / "id_ed25519", private(MINE, b"horse")), Asker("donkey")
    ambient = Ambient({}, tmp_path, ask)
    for _ in range(2):
        assert f"{path}: the passphrase is wrong" in str(failure(ambient))
    assert len(ask.questions) == 3
    assert "donkey" not in str(failure(ambient))


def test_an_empty_answer_gives_up(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_ed25519", private(MINE, b"horse"))
    ask = Asker("")
    assert "no passphrase was given" in str(failure(Ambient({}, tmp_path, ask)))
    assert len(ask.questions) == 1


def test_nobody_to_ask(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_ed25519", private(MINE, b"horse"))
    assert "there is nobody to ask for it" in str(failure(Ambient({}, tmp_path)))


def test_nobody_is_asked_for_a_key_that_does_not_fit(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_ed25519", private(OTHER, b"horse"))
    ask = Asker("horse")
    failure(Ambient({}, tmp_path, ask))
    assert ask.questions == []


def test_nobody_is_asked_where_the_key_stands_elsewhere_without_a_passphrase(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_ed25519", private(MINE))
    ask = Asker("x")
    environ = {FILE: str(write(tmp_path / "mine", private(MINE, b"horse")))}
    assert KEY.unwrap(WRAPPED, Ambient(environ, tmp_path, ask)) == DATA_KEY
    assert ask.questions == []


def test_a_command_must_not_give_an_encrypted_key(tmp_path: Path) -> None:
    path = write(tmp_path / "mine", private(MINE, b"horse"))
    ask = Asker("horse")
    error = failure(Ambient({COMMAND: python(f"print(open({str(path)!r}).read())")}, tmp_path, ask))
    assert f"{COMMAND}: is protected by a passphrase; only a file may be" in str(error)
    assert ask.questions == []


def older(key: Any) -> bytes:
    """Return an encrypted key in the format that does not tell its public half."""
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"horse"))
    return data


def test_the_older_format_needs_the_public_key_beside_it(tmp_path: Path) -> None:
    key = AgeKey(line_of(rsa()))
    wrapped = key.wrap(DATA_KEY, Ambient({}, tmp_path))
    path = write(tmp_path / ".ssh" / "id_rsa", older(rsa()))
    error = failure(Ambient({}, tmp_path, Asker("horse")), key, wrapped)
    assert f"{path}: does not tell its public half, and {path}.pub cannot be read" in str(error)
    write(tmp_path / ".ssh" / "id_rsa.pub", f"{line_of(rsa())} me@here\n")
    ask = Asker("donkey", "horse")
    assert key.unwrap(wrapped, Ambient({}, tmp_path, ask)) == DATA_KEY
    assert len(ask.questions) == 2


def test_a_public_key_that_belongs_to_another(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_rsa", older(rsa()))
    write(tmp_path / ".ssh" / "id_rsa.pub", line_of(MINE))
    assert "its public half belongs to another key" in str(failure(Ambient({}, tmp_path, Asker("horse"))))


def test_without_the_library_that_decrypts_keys(tmp_path: Path) -> None:
    write(tmp_path / ".ssh" / "id_ed25519", private(MINE, b"horse"))
    code = (
        "import sys; sys.modules['bcrypt'] = None\n"
        "from pathlib import Path\n"
        "from leafseal.errors import ProviderMissingError\n"
        "from leafseal.keys import Ambient\n"
        "from leafseal.providers.age import AgeKey\n"
        "try: AgeKey(sys.argv[1]).unwrap(sys.stdin.buffer.read(), Ambient({}, Path(sys.argv[2]), lambda _: 'horse'))\n"
        "except ProviderMissingError as error: print(error, error.hint)\n"
    )
    command = [sys.executable, "-c", code, KEY.recipient, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(command, input=WRAPPED, capture_output=True, check=True, env=environ).stdout.decode()
    assert "cannot be decrypted without the library bcrypt" in said
    assert said.endswith(" pip install 'leafseal[ssh]'\n")
