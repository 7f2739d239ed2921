"""The protocol of plugins: what is said, what goes wrong, and that it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from leafseal import age
from leafseal.age import KeyTextError, PluginError, bech32, plugin_process
from leafseal.age.header import Stanza, to_base64
from leafseal.age.plugin import PluginIdentity, PluginRecipient, parse_identity, parse_recipient

from ..processes import wait_until_gone
from .hosts import IDENTITY, OTHER, RECIPIENT, User, host_with, identity, recipient
from .toy_plugin import install

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the plugin is a script with a first line")

FILE_KEY = b"k" * 16
STANZA = Stanza("toy", (IDENTITY.lower().rpartition("1")[2][:-6],), bytes(byte ^ 0x5A for byte in FILE_KEY))
HANG = "import time; time.sleep(600)"


def fails(program: Path, why: str, user: User | None = None, seconds: float = 60.0) -> PluginError:
    """Have a plugin fail on both sides, as soon as it should."""
    begun = monotonic()
    with pytest.raises(PluginError, match=why) as caught:
        identity(program, user, seconds).unwrap([STANZA])
    assert monotonic() - begun < 120  # who hangs does so for longer
    assert str(caught.value).startswith("the toy plugin: ")
    return caught.value


# Texts


def test_texts() -> None:
    found = age.parse_recipient(RECIPIENT)
    assert isinstance(found, PluginRecipient)
    assert (found.name, str(found)) == ("toy", RECIPIENT)
    mine = age.parse_identity(IDENTITY)
    assert isinstance(mine, PluginIdentity)
    assert mine.name == "toy"
    assert IDENTITY not in repr(mine) + str(mine)


@pytest.mark.parametrize("name", ["a/b", "a b", "", "a" * 65, "..%2f"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(KeyTextError):
        parse_recipient(bech32.encode(f"age1{name}", b"x"))
    with pytest.raises(KeyTextError):
        parse_identity(bech32.encode(f"AGE-PLUGIN-{name.upper()}-", b"x"))


@pytest.mark.parametrize("name", ["yubikey", "fido2-hmac", "a.b_c+d", "a" * 64])
def test_names_that_can_be(name: str) -> None:
    assert parse_recipient(bech32.encode(f"age1{name}", b"x")).name == name
    assert parse_identity(bech32.encode(f"AGE-PLUGIN-{name.upper()}-", b"x")).name == name


@pytest.mark.parametrize("text", [RECIPIENT.upper(), RECIPIENT[:-1], IDENTITY, bech32.encode("agf1toy", b"x")])
def test_texts_that_are_no_recipient(text: str) -> None:
    with pytest.raises(KeyTextError):
        parse_recipient(text)


@pytest.mark.parametrize("text", [IDENTITY.lower(), IDENTITY[:-1], RECIPIENT, bech32.encode("AGE-PLUGIN-TOY", b"x")])
def test_texts_that_are_no_identity(text: str) -> None:
    with pytest.raises(KeyTextError):
        parse_identity(text)


def test_nothing_is_started_without_being_told_how() -> None:
    with pytest.raises(PluginError, match="not to be started"):
        parse_recipient(RECIPIENT).wrap(FILE_KEY)
    with pytest.raises(PluginError, match="not to be started"):
        parse_identity(IDENTITY).unwrap([STANZA])


# What goes well


def test_wrap_and_unwrap(tmp_path: Path) -> None:
    program = install(tmp_path)
    data = age.encrypt(b"x", [recipient(program)])
    assert age.decrypt(data, [identity(program)]) == b"x"
    assert identity(program).unwrap([Stanza("other", ("a", "b"), b"x" * 100), STANZA]) == FILE_KEY
    with pytest.raises(age.NoMatchError):
        age.decrypt(data, [identity(program, text=OTHER)])


def test_it_may_make_several_stanzas_and_labels(tmp_path: Path) -> None:
    program = install(
        tmp_path,
        "commands()\n"
        "for n in range(3): assert send('recipient-stanza', '0', 'toy', str(n), body=b'x' * 48) == (['ok'], b'')\n"
        "assert send('labels', 'postquantum') == (['ok'], b'')\n"
        "put('done')",
    )
    stanzas, labels = recipient(program).wrap(FILE_KEY)
    assert [stanza.args for stanza in stanzas] == [("0",), ("1",), ("2",)]
    assert labels == {"postquantum"}
    classic = age.parse_recipient("age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun")
    with pytest.raises(age.AgeError, match="cannot share"):
        age.encrypt(b"x", [recipient(program), classic])


def test_what_it_is_sent(tmp_path: Path) -> None:
    program = install(tmp_path, f"open({str(tmp_path / 'sent')!r}, 'w').write(repr(commands()))\nput('done')")
    with pytest.raises(PluginError, match="it encrypted nothing"):
        recipient(program).wrap(FILE_KEY)
    sent = eval((tmp_path / "sent").read_text())
    assert [words[0] for words, _ in sent][0::2] == ["add-recipient", "wrap-file-key"]
    assert sent[0] == (["add-recipient", RECIPIENT], b"")
    assert sent[1][0][0].startswith("grease-")
    assert sent[2] == (["wrap-file-key"], FILE_KEY)
    assert sent[3] == (["extension-labels"], b"")
    assert identity(program).unwrap([STANZA, Stanza("other", ("a", "b"), b"x" * 48)]) is None
    sent = eval((tmp_path / "sent").read_text())
    assert sent[0] == (["add-identity", IDENTITY], b"")
    assert sent[2] == (["recipient-stanza", "0", "toy", *STANZA.args], STANZA.body)
    assert sent[3] == (["recipient-stanza", "0", "other", "a", "b"], b"x" * 48)


def test_what_it_sees(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    what = "repr((sys.argv, os.getcwd(), dict(os.environ), os.getsid(0) == os.getpid()))"
    program = install(tmp_path, f"import os\nopen({str(seen)!r}, 'w').write({what})\nserve()")
    assert identity(program).unwrap([STANZA]) == FILE_KEY
    argv, folder, environ, leads = eval(seen.read_text())
    assert argv == [str(program), "--age-plugin=identity-v1"]
    assert folder == "/"
    assert "PATH" in environ
    assert not [name for name in environ if name.startswith(("SOPS_", "AGE"))]
    assert leads


def test_the_user_is_told_and_asked(tmp_path: Path) -> None:
    yes, no = to_base64(b"now"), to_base64(b"never")
    program = install(
        tmp_path,
        "commands()\n"
        "assert send('msg', body='touch me, \\u00fc'.encode()) == (['ok'], b'')\n"
        "assert send('request-secret', body=b'PIN') == (['ok'], b'123')\n"
        "assert send('request-public', body=b'name') == (['ok'], b'')\n"
        f"assert send('confirm', '{yes}', '{no}', body=b'when') == (['ok', 'yes'], b'')\n"
        f"assert send('confirm', '{yes}', body=b'sure') == (['ok', 'no'], b'')\n"
        "assert send('whatever', 'x', body=b'y') == (['unsupported'], b'')\n"
        "assert send('recipient-stanza', '0', 'x') == (['unsupported'], b'')\n"
        "assert send('file-key', '0', body=b'k' * 16) == (['ok'], b'')\n"
        "put('done')",
    )
    user = User("123", "", True, False)
    assert identity(program, user).unwrap([STANZA]) == FILE_KEY
    assert user.told == ["toy: touch me, ü"]
    assert user.asked == ["toy: PIN (secret)", "toy: name", "toy: when now/never", "toy: sure now/None"]


def test_the_time_of_the_user_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = 0.0
    monkeypatch.setattr(plugin_process, "monotonic", lambda: monotonic() + passed)

    class Slow(User):
        def ask(self, plugin: str, question: str, *, secret: bool) -> str | None:
            nonlocal passed
            passed += 1000
            return super().ask(plugin, question, secret=secret)

    program = install(tmp_path, "sent = commands(); send('request-secret', body=b'PIN'); serve(sent)")
    assert identity(program, Slow("123"), seconds=60.0).unwrap([STANZA]) == FILE_KEY


def test_the_user_is_told_what_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_process, "_REPORT_SECONDS", 0.2)
    heard = tmp_path / "heard"

    class Hearing(User):
        def tell(self, plugin: str, message: str) -> bool | None:
            heard.touch()
            return super().tell(plugin, message)

    user = Hearing()
    program = install(tmp_path, f"import os, time\nwhile not os.path.exists({str(heard)!r}): time.sleep(0.01)\nserve()")
    assert identity(program, user).unwrap([STANZA]) == FILE_KEY
    assert user.told == ["toy: still waiting"]


def test_nobody_needs_to_hear_a_message(tmp_path: Path) -> None:
    program = install(tmp_path, "sent = commands(); assert send('msg', body=b'x') == (['fail'], b''); serve(sent)")
    assert identity(program).unwrap([STANZA]) == FILE_KEY


# What goes wrong


@pytest.mark.parametrize(
    "behaviour",
    [HANG, f"commands(); {HANG}", f"commands(); put('msg', body=b'x'); {HANG}", f"print('-> msg', flush=True); {HANG}"],
    ids=["at once", "after reading", "in the middle", "within a stanza"],
)
def test_it_hangs(tmp_path: Path, behaviour: str) -> None:
    error = fails(install(tmp_path, behaviour), "no answer within 0.5 seconds", seconds=0.5)
    assert error.is_final


def test_it_does_not_read(tmp_path: Path) -> None:
    program = install(tmp_path, HANG)
    many = [Stanza("x", (str(number),), bytes(1000)) for number in range(500)]
    begun = monotonic()
    with pytest.raises(PluginError, match="no answer"):
        identity(program, seconds=0.5).unwrap(many)
    assert monotonic() - begun < 120


GARBAGE = {
    "text": "print('hello')",
    "no stanza": "print('-> ')",
    "two blanks": "print('->  msg')",
    "bytes": "sys.stdout.buffer.write(b'-> msg \\xff\\n\\n')",
    "long body line": "print('-> msg\\n' + 'A' * 65)",
    "not base64": "print('-> msg\\n!!!!')",
    "padding": "print('-> msg\\nAA==')",
    "not canonical": "print('-> msg\\nAB')",
    "confirm without choices": "put('confirm', body=b'x')",
    "confirm with three": "put('confirm', 'QQ', 'QQ', 'QQ')",
    "confirm not base64": "put('confirm', '!')",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_it_talks_nonsense(tmp_path: Path, name: str) -> None:
    program = install(tmp_path, f"commands()\n{GARBAGE[name]}\nsys.stdout.flush()\n{HANG}")
    assert fails(program, "does not keep to the protocol").is_final


@pytest.mark.parametrize(
    "behaviour",
    [
        "sys.exit(3)",
        "commands(); sys.exit(0)",
        "commands(); print('-> file-key 0')",
        "import os; os.kill(os.getpid(), 9)",
    ],
)
def test_it_dies(tmp_path: Path, behaviour: str) -> None:
    assert not fails(install(tmp_path, behaviour), "ended before it was done").is_final


FLOODS = {
    "without a line end": ("while True: sys.stdout.write('-> x' * 10000)", "more than 1 MiB"),
    "one endless body": ("print('-> msg')\nwhile True: print('A' * 64)", "more than 1 MiB"),
    "unknown commands": ("while True: send('x')", "does not come to an end"),
    "messages": ("while True: send('msg', body=b'x')", "sends messages without end"),
    "questions": ("while True: send('request-secret', body=b'x')", "sends messages without end"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_it_floods(tmp_path: Path, name: str) -> None:
    behaviour, why = FLOODS[name]
    assert fails(install(tmp_path, f"commands()\n{behaviour}"), why).is_final


@pytest.mark.parametrize(
    "behaviour",
    [
        "put('file-key', '1', body=b'k' * 16)",
        "put('file-key', body=b'k' * 16)",
        "put('file-key', '0', '0', body=b'k' * 16)",
        "put('file-key', '0', body=b'k' * 15)",
        "put('file-key', '0')",
        "send('file-key', '0', body=b'k' * 16); put('file-key', '0', body=b'k' * 16)",
    ],
)
def test_it_gives_no_proper_file_key(tmp_path: Path, behaviour: str) -> None:
    fails(install(tmp_path, f"commands(); {behaviour}; {HANG}"), "something that is no file key")


def test_it_gives_a_wrong_file_key(tmp_path: Path) -> None:
    program = install(tmp_path, "commands(); send('file-key', '0', body=b'w' * 16); put('done')")
    data = age.encrypt(b"x", [recipient(install(tmp_path / "good"))])
    with pytest.raises(age.HeaderMACError):
        age.decrypt(data, [identity(program)])


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("put('recipient-stanza', '1', 'toy')", "it gave something that is no stanza"),
        ("put('recipient-stanza', '0')", "it gave something that is no stanza"),
        ("put('done')", "it encrypted nothing"),
        ("assert send('file-key', '0', body=b'k' * 16)[0] == ['unsupported']; put('done')", "it encrypted nothing"),
        ("send('recipient-stanza', '0', 'toy'); put('error', 'internal', body=b'no')", "it says: no"),
        ("send('labels', 'a'); assert send('labels', 'b')[0] == ['unsupported']; put('done')", "it encrypted nothing"),
    ],
)
def test_it_does_not_wrap(tmp_path: Path, behaviour: str, why: str) -> None:
    with pytest.raises(PluginError, match=f"the toy plugin: {why}"):
        recipient(install(tmp_path, f"commands(); {behaviour}")).wrap(FILE_KEY)


def test_it_makes_more_than_any_reader_takes(tmp_path: Path) -> None:
    many = "for n in range(200): send('recipient-stanza', '0', 'toy', 'x' * 400)"
    with pytest.raises(age.AgeError, match="longer than 64 KiB"):
        age.encrypt(b"x", [recipient(install(tmp_path, f"commands()\n{many}\nput('done')"))])


def test_it_asks_and_there_is_nobody(tmp_path: Path) -> None:
    ask = "commands(); answer = send('request-secret', body=b'PIN'); assert answer == (['fail'], b'')\n"
    error = fails(install(tmp_path / "a", ask + "put('error', 'identity', '0', body=b'no PIN')"), "it says: no PIN")
    assert "nobody answered" in str(error)
    assert error.is_final
    assert "nobody answered" in str(fails(install(tmp_path / "b", ask + "put('done')"), "needs an answer"))


def test_what_it_says_is_shown_as_one_harmless_line(tmp_path: Path) -> None:
    said = f"bad\n\x1b[31mcolour {IDENTITY}. " + "x" * 1000
    program = install(tmp_path, f"commands(); put('error', 'internal', body={said.encode()!r})")
    error = fails(program, "it says: bad")
    assert not error.is_final
    assert str(error).isprintable()
    assert IDENTITY not in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize("text", ["", "#!/no/such/interpreter\n"])
def test_it_does_not_start(tmp_path: Path, text: str) -> None:
    program = install(tmp_path)
    program.write_text(text)
    if not text:
        program.chmod(0o644)
    error = fails(program, "permission denied|no such file or directory")
    assert error.is_final


def test_it_is_not_there(tmp_path: Path) -> None:
    def find(name: str) -> str:
        raise PluginError(f"{name} was not found", hint="look for it")

    host = host_with(tmp_path)
    with pytest.raises(PluginError, match="the toy plugin: age-plugin-toy was not found") as caught:
        parse_identity(IDENTITY).on(type(host)(find, {}, host.ui)).unwrap([STANZA])
    assert caught.value.hint == "look for it"


# Nothing stays behind


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [
        (f"serve(); {HANG}", [60.0]),
        ("serve(); print('late', flush=True)", [60.0]),
        (HANG, [2.0, 10.0, 60.0]),  # in which it has to start: more on a busy machine
        ("serve()", [60.0]),
    ],
    ids=["stays", "writes late", "hangs", "well"],
)
def test_no_process_is_left(tmp_path: Path, behaviour: str, seconds: list[float]) -> None:
    pids = tmp_path / "pids"
    child = "import subprocess; child = subprocess.Popen(['sleep', '600'], stdin=-3, stdout=-3)"
    note = f"import os; open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')"
    program = install(tmp_path, f"{child}\n{note}\n{behaviour}")
    begun = monotonic()
    for each in seconds:
        if behaviour == HANG:
            with pytest.raises(PluginError, match="no answer"):
                identity(program, seconds=each).unwrap([STANZA])
        else:
            assert identity(program, seconds=each).unwrap([STANZA]) == FILE_KEY
        if pids.exists() and pids.read_text():
            break
    assert monotonic() - begun < 120
    for pid in pids.read_text().split():
        wait_until_gone(int(pid))


def test_one_that_gets_away_holds_up_nobody(tmp_path: Path) -> None:
    away = "import os, time\nif os.fork():\n    time.sleep(600)\nos.setsid()\n" + HANG
    program = install(tmp_path, away)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]\n"
        "from leafseal.age import PluginError\n"
        "from leafseal.age.header import Stanza\n"
        "from leafseal.age.plugin import PluginHost, parse_identity\n"
        "host = PluginHost(lambda name: sys.argv[2], {}, None, 0.5)\n"
        "try: parse_identity(sys.argv[3]).on(host).unwrap([Stanza('x', (), b'')])\n"
        "except PluginError as error: print(error)\n"
    )
    source = str(Path(age.__file__).parents[2])
    begun = monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, source, str(program), IDENTITY], capture_output=True, text=True, check=True
    )
    assert "no answer within 0.5 seconds" in done.stdout
    assert monotonic() - begun < 120
