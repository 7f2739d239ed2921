"""Plugins as keys of files: which are started for whom, and what happens when they do not behave."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic

import pytest

from leafseal import age
from leafseal.age import bech32
from leafseal.age.x25519 import X25519Identity
from leafseal.errors import ConfigError, ProviderError
from leafseal.keys import Ambient
from leafseal.keys.changes import keys_of, prefer_configured
from leafseal.keys.groups import DataKey, recover_data_key, wrap_data_key
from leafseal.keys.registry import parse_recipients
from leafseal.providers.age import AgeKey

from ..age.hosts import IDENTITY, OTHER, RECIPIENT
from ..age.toy_plugin import OWN, install
from .contract import DATA_KEY, ProviderContract
from .entries import load_entry
from .test_age import write
from .test_age_passphrases import Asker, sealed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the plugin is a script with a first line")

KEY = AgeKey(RECIPIENT)
FROM_FILE = AgeKey.from_fields({"recipient": RECIPIENT})


def ambient_of(tmp_path: Path, behaviour: str = OWN, *, ask: Asker | None = None, **environ: str) -> Ambient:
    """Return surroundings with the plugin on PATH and its identity, unless a test says otherwise."""
    folder = tmp_path / "bin"
    counting = f"open({str(tmp_path / 'started')!r}, 'a').write('x')\n"
    install(folder, counting + behaviour)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return Ambient({"PATH": path, "SOPS_AGE_KEY": IDENTITY, "LEAFSEAL_PLUGIN_TIMEOUT": "60", **environ}, tmp_path, ask)


def started(tmp_path: Path) -> int:
    path = tmp_path / "started"
    return len(path.read_text()) if path.exists() else 0


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return KEY.wrap(DATA_KEY, ambient_of(tmp_path_factory.mktemp("wrapped")))


def failure(key: AgeKey, wrapped: bytes | None, ambient: Ambient) -> ProviderError:
    """Have a key fail to wrap, or to unwrap what is given."""
    begun = monotonic()
    with pytest.raises(ProviderError) as caught:
        key.wrap(DATA_KEY, ambient) if wrapped is None else key.unwrap(wrapped, ambient)
    assert monotonic() - begun < 120
    assert caught.value.master_key == str(key)
    assert str(caught.value).isprintable()
    for secret in (IDENTITY, DATA_KEY.hex()):
        assert secret not in f"{caught.value} {caught.value.hint}"
    return caught.value


class TestContract(ProviderContract):
    @pytest.fixture
    def key(self) -> AgeKey:
        return KEY

    @pytest.fixture
    def ambient(self, tmp_path: Path) -> Ambient:
        return ambient_of(tmp_path)

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> Ambient:
        return ambient_of(tmp_path, SOPS_AGE_KEY=OTHER)


# Who names it


def test_for_a_file_alone_nothing_is_started(tmp_path: Path) -> None:
    ambient = ambient_of(tmp_path)
    error = failure(FROM_FILE, None, ambient)
    assert "only the file names this recipient, for which the program age-plugin-toy would be started" in str(error)
    path = tmp_path / ".config" / "leafseal" / "policy.toml"
    assert error.hint == f'name it in your configuration, or put under [plugins] in {path}: allow = ["toy"]'
    assert started(tmp_path) == 0


def test_the_policy_says_which_plugins_wrap_whoever_names_them(tmp_path: Path) -> None:
    policy = write(tmp_path / ".config" / "leafseal" / "policy.toml", '[plugins]\nallow = ["other"]\n')
    for key in (FROM_FILE, KEY):
        error = failure(key, None, ambient_of(tmp_path))
        assert "the policy does not allow the plugin toy" in str(error)
        assert error.hint == 'add "toy" to plugins.allow in the policy; "leafseal policy show" names its file'
    assert started(tmp_path) == 0
    policy.write_text('[plugins]\nallow = ["other", "toy"]\n')
    ambient = ambient_of(tmp_path)
    for key in (FROM_FILE, KEY):
        assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    policy.write_text('[plugins]\nalow = ["toy"]\n')
    with pytest.raises(ConfigError, match=r"2 faults, the first is plugins\.alow: unknown key"):
        FROM_FILE.wrap(DATA_KEY, ambient_of(tmp_path))


def test_a_key_that_the_user_names_takes_the_place_of_an_equal_one(tmp_path: Path, wrapped: bytes) -> None:
    other = AgeKey.from_fields({"recipient": bech32.encode("age1toy", b"other")})
    entry = load_entry("age", {"recipient": RECIPIENT, "enc": wrapped.decode()})
    groups = [*keys_of([(entry,)]), (other,)]
    assert failure(groups[0][0], None, ambient_of(tmp_path))  # type: ignore[arg-type]
    [[mine], [theirs]] = prefer_configured(groups, parse_recipients("age", RECIPIENT))
    assert mine.wrap(DATA_KEY, ambient_of(tmp_path))
    assert failure(theirs, None, ambient_of(tmp_path))  # type: ignore[arg-type]


def test_to_unwrap_starts_no_plugin_of_the_recipient(tmp_path: Path, wrapped: bytes) -> None:
    ambient = ambient_of(tmp_path, SOPS_AGE_KEY=X25519Identity.generate().to_text())
    failure(FROM_FILE, wrapped, ambient)
    assert started(tmp_path) == 0


def test_to_unwrap_starts_those_of_the_users_identities(tmp_path: Path, wrapped: bytes) -> None:
    assert FROM_FILE.unwrap(wrapped, ambient_of(tmp_path)) == DATA_KEY
    assert started(tmp_path) == 1


def test_identities_at_hand_come_first(tmp_path: Path) -> None:
    mine = X25519Identity.generate()
    key = AgeKey(str(mine.recipient))
    ambient = ambient_of(tmp_path, SOPS_AGE_KEY=f"{IDENTITY} {mine.to_text()}")
    assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
    assert started(tmp_path) == 0


def test_an_identity_in_an_encrypted_file(tmp_path: Path, wrapped: bytes) -> None:
    path = write(tmp_path / "mine.age", sealed(IDENTITY))
    environ = {"SOPS_AGE_KEY": "", "SOPS_AGE_KEY_FILE": str(path)}
    assert KEY.unwrap(wrapped, ambient_of(tmp_path, ask=Asker("horse"), **environ)) == DATA_KEY
    ambient = ambient_of(tmp_path, "commands(); put('error', 'x', body=b'why')", ask=Asker("horse"), **environ)
    assert f"SOPS_AGE_KEY_FILE ({path}): the toy plugin: it says: why" in str(failure(KEY, wrapped, ambient))


def test_an_identity_in_an_encrypted_file_whose_plugin_lies(tmp_path: Path, wrapped: bytes) -> None:
    path = write(tmp_path / "mine.age", sealed(IDENTITY))
    environ = {"SOPS_AGE_KEY": "", "SOPS_AGE_KEY_FILE": str(path)}
    ambient = ambient_of(tmp_path, FAULTS["gives a wrong key"][0], ask=Asker("horse"), **environ)
    assert "it gave a key that is not the file's" in str(failure(KEY, wrapped, ambient))


# Where it is found, and what it sees


def test_a_program_that_is_not_there(tmp_path: Path, wrapped: bytes) -> None:
    ambient = Ambient({"PATH": str(tmp_path), "SOPS_AGE_KEY": IDENTITY}, tmp_path)
    error = failure(KEY, None, ambient)
    assert str(error) == "the toy plugin: age-plugin-toy was not found on PATH"
    assert error.hint == "install age-plugin-toy"
    assert "SOPS_AGE_KEY: the toy plugin: age-plugin-toy was not found on PATH" in str(failure(KEY, wrapped, ambient))


def test_a_checkout_brings_no_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    (checkout / "sub").mkdir()
    install(checkout / "bin")
    for here in (checkout, checkout / "sub", checkout / "bin"):
        monkeypatch.chdir(here)
        for path in (str(checkout / "bin"), "bin", ".", ""):
            ambient = Ambient({"PATH": path, "HOME": str(tmp_path / "home")}, tmp_path / "home")
            assert "was not found on PATH" in str(failure(KEY, None, ambient))


def test_it_sees_no_identities_and_no_debugging(tmp_path: Path, wrapped: bytes) -> None:
    hidden = {
        "AGEDEBUG": "plugin",
        "SOPS_AGE_KEY_CMD": "true",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD": "true",
        "LEAFSEAL_DEBUG": "1",
    }
    check = f"import os\nassert not {{*{[*hidden, 'SOPS_AGE_KEY', 'LEAFSEAL_PLUGIN_TIMEOUT']}}} & {{*os.environ}}\n"
    ambient = ambient_of(tmp_path, f"{check}assert os.environ['KEPT'] == '1'\n{OWN}", KEPT="1", **hidden)
    assert KEY.unwrap(wrapped, ambient) == DATA_KEY


# The user


def test_it_asks_through_the_ambient(tmp_path: Path, wrapped: bytes) -> None:
    script = (
        "sent = commands()\n"
        "assert send('msg', body=b'touch it') == (['ok'], b'')\n"
        "assert send('request-secret', body=b'PIN?') == (['ok'], b'123')\n"
        "assert send('request-public', body=b'Name?') == (['ok'], b'me')\n"
        "assert send('confirm', 'eWVz', 'bm8', body=b'Sure?') == (['ok', 'yes'], b'')\n"
        "assert send('confirm', 'eWVz', 'bm8', body=b'Really?') == (['ok', 'no'], b'')\n"
        "assert send('confirm', 'eWVz', body=b'Go on?') == (['ok', 'yes'], b'')\n"
        "serve(sent)"
    )
    ask, told = Asker("123", "me", "1", "x", "2", "1"), []
    found = ambient_of(tmp_path, script)
    ambient = Ambient(found.environ, tmp_path, ask, tell=told.append)
    assert KEY.unwrap(wrapped, ambient) == DATA_KEY
    assert told == ["toy plugin: touch it"]
    assert ask.questions == [
        "toy plugin: PIN?",
        "toy plugin: Name?",
        "toy plugin: Sure? [1] yes or [2] no",
        "toy plugin: Really? [1] yes or [2] no",
        "toy plugin: Really? [1] yes or [2] no",
        "toy plugin: Go on? [1] yes",
    ]


@pytest.mark.parametrize("command", ["'request-secret'", "'confirm', 'eWVz'", "'confirm', 'eWVz', 'bm8'"])
@pytest.mark.parametrize("answer", [None, ""])
def test_nobody_answers(tmp_path: Path, wrapped: bytes, command: str, answer: str | None) -> None:
    script = f"commands(); assert send({command}, body=b'PIN?') == (['fail'], b''); put('error', 'x', body=b'no PIN')"
    ambient = ambient_of(tmp_path, script, ask=None if answer is None else Asker(answer))
    assert "the toy plugin: it says: no PIN; it asked, and nobody answered" in str(failure(KEY, wrapped, ambient))


def test_a_message_that_nobody_hears(tmp_path: Path, wrapped: bytes) -> None:
    script = "sent = commands(); assert send('msg', body=b'touch it') == (['fail'], b''); serve(sent)"
    assert KEY.unwrap(wrapped, ambient_of(tmp_path, script)) == DATA_KEY


def test_a_public_value_may_be_empty(tmp_path: Path, wrapped: bytes) -> None:
    script = "sent = commands(); assert send('request-public', body=b'?') == (['ok'], b''); serve(sent)"
    assert KEY.unwrap(wrapped, ambient_of(tmp_path, script, ask=Asker(""))) == DATA_KEY
    script = "commands(); assert send('request-public', body=b'?') == (['fail'], b''); put('done')"
    assert "nobody answered" in str(failure(KEY, wrapped, ambient_of(tmp_path, script)))


# When it does not behave: another identity does, another key does, and it ends


HANG = "import time; time.sleep(600)"
FAULTS = {
    "hangs": (HANG, "no answer within 0.6 seconds"),
    "talks nonsense": ("print('hello', flush=True); " + HANG, "it does not keep to the protocol of age plugins"),
    "dies": ("sys.exit(1)", "it ended before it was done"),
    "does another side's work": ("commands(); send('recipient-stanza', '0', 'x'); put('done')", None),
    "asks for a secret": ("commands(); send('request-secret', body=b'?'); put('done')", "it needs an answer"),
    "asks without end": ("commands()\nwhile True: send('request-secret', body=b'?')", "it sends messages without end"),
    "gives a wrong key": (
        "commands(); send('file-key', '0', body=b'w' * 16); put('done')",
        "it gave a key that is not the file's",
    ),
    "gives half a key": ("commands(); put('file-key', '0', body=b'w' * 8)", "it gave something that is no file key"),
    "says no": ("commands(); put('error', 'x', body=b'not today')", "it says: not today"),
    "opens nothing": ("commands(); put('done')", None),
}


def patience(name: str, seconds: str = "0.6") -> dict[str, str]:
    """Return how long to wait for a plugin: not for long where nothing is to come."""
    return {"LEAFSEAL_PLUGIN_TIMEOUT": seconds} if name == "hangs" else {}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_while_unwrapping(tmp_path: Path, wrapped: bytes, name: str) -> None:
    behaviour, reason = FAULTS[name]
    error = failure(KEY, wrapped, ambient_of(tmp_path, behaviour, **patience(name)))
    assert str(error).startswith("the identity from SOPS_AGE_KEY cannot decrypt it")
    assert (f"; SOPS_AGE_KEY: the toy plugin: {reason}" in str(error)) == (reason is not None)


@pytest.mark.parametrize("name", FAULTS)
def test_after_a_fault_the_next_identity_is_tried(tmp_path: Path, wrapped: bytes, name: str) -> None:
    file = write(tmp_path / "good.age", sealed(bech32.encode("AGE-PLUGIN-GOOD-", b"mine")))
    install(tmp_path / "bin", name="good")
    for seconds in ("2", "10", "60"):  # in which the good one has to answer: more on a busy machine
        environ = {**patience(name, seconds), "SOPS_AGE_KEY_FILE": str(file)}
        ambient = ambient_of(tmp_path, FAULTS[name][0], **environ)
        found = Ambient(ambient.environ, tmp_path, lambda question: "horse" if "passphrase" in question else "")
        try:
            assert KEY.unwrap(wrapped, found) == DATA_KEY
            return
        except ProviderError as error:
            if f"the good plugin: no answer within {seconds} seconds" not in str(error):
                raise
    pytest.fail("the good one did not answer")


@pytest.mark.parametrize("name", ["hangs", "gives a wrong key", "dies"])
def test_after_a_fault_the_next_key_is_tried(tmp_path: Path, wrapped: bytes, name: str) -> None:
    mine = X25519Identity.generate()
    data_key = DataKey(DATA_KEY)
    [group] = wrap_data_key(
        data_key, [[KEY, AgeKey(str(mine.recipient))]], 0, ambient_of(tmp_path / "good"), "2026-11-22T17:48:26Z"
    )
    environ = {**patience(name), "SOPS_AGE_KEY": f"{IDENTITY} {mine.to_text()}"}
    begun = monotonic()
    assert recover_data_key([group], 0, ambient_of(tmp_path, FAULTS[name][0], **environ)) == data_key
    assert monotonic() - begun < 120


@pytest.mark.parametrize("name", ["hangs", "talks nonsense", "dies", "asks for a secret", "says no"])
def test_faults_while_wrapping(tmp_path: Path, name: str) -> None:
    behaviour, reason = FAULTS[name]
    expected = "it encrypted nothing" if name == "asks for a secret" else reason
    assert str(failure(KEY, None, ambient_of(tmp_path, behaviour, **patience(name)))).startswith(
        f"the toy plugin: {expected}"
    )


@pytest.mark.parametrize(("name", "times"), [("hangs", 1), ("talks nonsense", 1), ("dies", 3), ("says no", 3)])
def test_it_is_given_up(tmp_path: Path, wrapped: bytes, name: str, times: int) -> None:
    ambient = ambient_of(tmp_path, FAULTS[name][0], **patience(name, "3"))  # in which it has to start
    for _ in range(5):
        failure(KEY, wrapped, ambient)
    assert started(tmp_path) == times
    for _ in range(5):
        failure(KEY, None, ambient)
    assert started(tmp_path) == 2 * times


def test_to_wrap_it_may_do_although_it_was_given_up_for_unwrapping(tmp_path: Path, wrapped: bytes) -> None:
    script = "if 'identity' in sys.argv[1]: commands(); send('request-secret', body=b'PIN'); put('done')\nelse: serve()"
    ambient = ambient_of(tmp_path, script)
    failure(KEY, wrapped, ambient)
    assert KEY.wrap(DATA_KEY, ambient)


def test_what_it_wraps_is_checked_for_its_length(tmp_path: Path) -> None:
    ambient = ambient_of(
        tmp_path, "commands()\nfor n in range(150): send('recipient-stanza', '0', 'x' * 500)\nput('done')"
    )
    assert "64 KiB" in str(failure(KEY, None, ambient))


@pytest.mark.parametrize("value", ["x", "0", "-1", "inf", "nan"])
def test_a_time_that_is_none(tmp_path: Path, value: str) -> None:
    error = failure(KEY, None, ambient_of(tmp_path, LEAFSEAL_PLUGIN_TIMEOUT=value))
    assert "LEAFSEAL_PLUGIN_TIMEOUT is not a number of seconds" in str(error)
    assert started(tmp_path) == 0


def test_a_tagged_key_needs_no_plugin_to_wrap(tmp_path: Path) -> None:
    from ..age.test_tag import CLASSIC, HYBRID, text_of

    for identity in (CLASSIC, HYBRID):
        key = AgeKey.from_fields({"recipient": text_of(identity)})
        assert age.decrypt(key.wrap(DATA_KEY, Ambient({}, tmp_path)), [identity]) == DATA_KEY
