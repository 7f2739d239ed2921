"""Identity files under a passphrase, asked for on the terminal, or through gpg-agent where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from leafseal import age
from leafseal.age.armor import armor, dearmor
from leafseal.age.scrypt import ScryptRecipient
from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.age import AgeKey, generate_identity
from leafseal.providers.age.agent import Agent, AgentError, cache_name
from leafseal.testing import throwaway_identity

from .contract import DATA_KEY
from .test_age import python, write

ALICE, BOB = throwaway_identity(), throwaway_identity()
ALICES_KEY = AgeKey(ALICE.recipient)
WRAPPED = ALICES_KEY.wrap(DATA_KEY, ALICE.ambient())
NAME = "SOPS_AGE_KEY_FILE"


class Asker:
    """Gives answers in order, and the last of them for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    def __call__(self, question: str) -> str:
        self.questions.append(question)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def sealed(content: str, *, armor: bool = False, passphrase: str = "horse") -> bytes:
    return age.encrypt(content.encode(), [ScryptRecipient(passphrase, 4)], armor=armor)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "mine.age", sealed(f"# mine\n{ALICE.identity}\n"))


def failure(ambient: Ambient) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ALICES_KEY.unwrap(WRAPPED, ambient)
    for secret in (ALICE.identity, "donkey", "horse"):
        assert secret not in str(caught.value)
    return caught.value


# On the terminal


@pytest.mark.parametrize("armor", [False, True])
def test_an_encrypted_identity_file(tmp_path: Path, armor: bool) -> None:
    path = write(tmp_path / "mine.age", sealed(f"# mine\n{ALICE.identity}\n", armor=armor))
    ask = Asker("horse")
    ambient = Ambient({NAME: str(path)}, tmp_path, ask)
    for _ in range(2):
        assert ALICES_KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    assert ask.questions == [f"Enter passphrase for identity '{NAME} ({path})':"]


def test_in_the_variable_and_of_a_command(tmp_path: Path) -> None:
    text = sealed(ALICE.identity, armor=True).decode()
    for environ in ({"SOPS_AGE_KEY": text}, {"SOPS_AGE_KEY_CMD": python(f"print({text!r})")}):
        assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, tmp_path, Asker("horse"))) == DATA_KEY


def test_it_may_hold_any_identity(tmp_path: Path) -> None:
    identity, recipient = generate_identity(post_quantum=True)
    path = write(tmp_path / "mine.age", sealed(f"{ALICE.identity}\n{identity}\n"))
    wrapped = AgeKey(recipient).wrap(DATA_KEY, Ambient({}, tmp_path))
    assert AgeKey(recipient).unwrap(wrapped, Ambient({NAME: str(path)}, tmp_path, Asker("horse"))) == DATA_KEY


def test_a_header_that_was_changed_is_no_matter_of_the_passphrase(tmp_path: Path, file: Path) -> None:
    head, _, rest = dearmor(WRAPPED).partition(b"\n-> ")
    changed = armor(head + b"\n-> grease\n\n-> " + rest)
    with pytest.raises(ProviderError, match="the encrypted data key is damaged: the age header was changed"):
        ALICES_KEY.unwrap(changed, Ambient({NAME: str(file)}, tmp_path, Asker("horse")))


def test_three_tries(tmp_path: Path, file: Path) -> None:
    ask = Asker("donkey", "mule", "horse")
    assert ALICES_KEY.unwrap(WRAPPED, Ambient({NAME: str(file)}, tmp_path, ask)) == DATA_KEY
    ask = Asker("donkey")
    ambient = Ambient({NAME: str(file)}, tmp_path, ask)
    for _ in range(2):
        assert f"{NAME} ({file}): the passphrase is wrong" in str(failure(ambient))
    assert len(ask.questions) == 3


def test_an_empty_answer_gives_up(tmp_path: Path, file: Path) -> None:
    ask = Asker("")
    assert "no passphrase was given" in str(failure(Ambient({NAME: str(file)}, tmp_path, ask)))
    assert len(ask.questions) == 1


def test_nobody_is_asked_while_another_identity_fits(tmp_path: Path, file: Path) -> None:
    ask = Asker("horse")
    environ = {NAME: str(file), "SOPS_AGE_KEY_CMD": python(f"print({ALICE.identity!r})")}
    assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, tmp_path, ask)) == DATA_KEY
    assert ask.questions == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (sealed("hello"), "line 1 is not an age identity"),
        (sealed(BOB.identity), f"the identity from {NAME} "),
        (sealed("AGE-PLUGIN-X-1QQ"), "line 1 has a wrong checksum"),
    ],
)
def test_content_that_does_not_help(tmp_path: Path, data: bytes, reason: str) -> None:
    path = write(tmp_path / "mine.age", data)
    assert reason in str(failure(Ambient({NAME: str(path)}, tmp_path, Asker("horse"))))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"age-encryption.org/v1\n", "no age header"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "does not begin and end"),
        (age.encrypt(b"", [age.parse_recipient(ALICE.recipient)]), "encrypted otherwise than with a passphrase"),
    ],
)
def test_nobody_is_asked_about_a_file_that_no_passphrase_opens(tmp_path: Path, data: bytes, reason: str) -> None:
    path, ask = write(tmp_path / "mine.age", data), Asker("x")
    assert reason in str(failure(Ambient({NAME: str(path)}, tmp_path, ask)))
    assert ask.questions == []


def test_several_sources_are_told_apart(tmp_path: Path, file: Path) -> None:
    environ = {NAME: str(file), "SOPS_AGE_KEY": BOB.identity}
    error = failure(Ambient(environ, tmp_path, Asker("donkey")))
    assert f"{NAME} ({file}): the passphrase is wrong" in str(error)
    assert str(error).startswith("the identity from SOPS_AGE_KEY cannot decrypt it")  # the other was not tried


def test_nobody_to_ask(tmp_path: Path, file: Path) -> None:
    error = failure(Ambient({NAME: str(file)}, tmp_path))
    assert "there is nobody to ask" in str(error)
    assert "cannot decrypt it" not in str(error)
    assert "terminal" in str(error.hint)


# Through gpg-agent

needs_sockets = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets of the Unix kind")


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        yield Path(folder)


class FakeAgent:
    """Answers on a socket what a test says, and notes what it is asked."""

    def __init__(self, path: Path, answer: Callable[[str], str | None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.heard: list[str] = []
        self._answer = answer
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with suppress(OSError), connection, connection.makefile("rwb") as stream:
                self._talk(lambda text: (stream.write(text.encode()), stream.flush()), stream)

    def _talk(self, put: Callable[[str], object], lines: Iterator[bytes]) -> None:
        if (greeting := self._answer("")) is None:
            return
        put(greeting)
        for line in lines:
            self.heard.append(line.decode().rstrip("\n"))
            if (answer := self._answer(self.heard[-1])) is None:
                return
            put(answer)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)


@pytest.fixture
def agent(short: Path) -> Iterator[Callable[..., FakeAgent]]:
    made: list[FakeAgent] = []

    def make(answer: Callable[[str], str | None], path: Path = short / "run" / "gnupg" / "S.gpg-agent") -> FakeAgent:
        made.append(FakeAgent(path, answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


def giving(*passphrases: str) -> Callable[[str], str]:
    left = list(passphrases)

    def answer(line: str) -> str:
        if line.startswith("GET_PASSPHRASE"):
            return f"S PROGRESS\nOK {left.pop(0).encode().hex().upper()}\n"
        return "OK Pleased to meet you\n" if not line else "OK\n"

    return answer


@needs_sockets
def test_the_agent_is_asked_where_there_is_no_terminal(
    agent: Callable[..., FakeAgent], short: Path, tmp_path: Path
) -> None:
    data = sealed(ALICE.identity, passphrase="caf\xe9 & horse")
    path = write(tmp_path / "mine.age", data)
    fake = agent(giving("caf\xe9 & horse"))
    environ = {NAME: str(path), "XDG_RUNTIME_DIR": str(short / "run"), "DISPLAY": ":7", "GPG_TTY": "/dev/pts/x\n"}
    ambient = Ambient(environ, tmp_path)
    for _ in range(2):
        assert ALICES_KEY.unwrap(WRAPPED, ambient) == DATA_KEY
    name = cache_name(data)
    assert len(name) == 47
    question = f"Enter+passphrase+for+identity+%27{NAME}+%28{str(path).replace('/', '%2F')}%29%27%3A"
    assert fake.heard == ["OPTION display=:7", f"GET_PASSPHRASE {name} X Passphrase {question}"]


@needs_sockets
def test_the_agent_forgets_what_was_wrong(agent: Callable[..., FakeAgent], short: Path, file: Path) -> None:
    fake = agent(giving("donkey", "mule", "horse"))
    environ = {NAME: str(file), "XDG_RUNTIME_DIR": str(short / "run")}
    assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, short)) == DATA_KEY
    assert [line.split()[0] for line in fake.heard] == ["GET_PASSPHRASE", "CLEAR_PASSPHRASE"] * 2 + ["GET_PASSPHRASE"]
    assert fake.heard[2].split()[2] == "the+passphrase+is+wrong"
    fake = agent(giving("a", "b", "c", "d"), short / "other" / "gnupg" / "S.gpg-agent")
    environ["XDG_RUNTIME_DIR"] = str(short / "other")
    assert "the passphrase is wrong" in str(failure(Ambient(environ, short)))
    assert len(fake.heard) == 6


@needs_sockets
def test_where_the_agent_is_looked_for(agent: Callable[..., FakeAgent], short: Path, file: Path) -> None:
    own = agent(giving("horse"), short / ".gnupg" / "S.gpg-agent")
    runtime = agent(giving("donkey"), short / "run" / "gnupg" / "S.gpg-agent")
    named = agent(giving("horse"), short / "named")
    environ = {NAME: str(file), "XDG_RUNTIME_DIR": str(short / "run")}
    assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, short)) == DATA_KEY
    assert (bool(own.heard), bool(runtime.heard)) == (True, False)
    environ["GPG_AGENT_INFO"] = f"{short / 'named'}:123:1"
    assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, short)) == DATA_KEY
    assert named.heard
    for other in ("", "relative", str(file), str(short / "none")):
        environ["GPG_AGENT_INFO"] = other
        assert "there is nobody to ask" in str(failure(Ambient(environ, short)))


@needs_sockets
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: None, "gpg-agent does not answer"),
        (lambda _: "ERR 1 no\n", "gpg-agent does not answer"),
        (
            lambda line: "OK\n" if not line else "ERR 83886179 Operation cancelled <Pinentry>\n",
            "no passphrase was given",
        ),
        (lambda line: "OK\n" if not line else "ERR 67108922 No data\n", "no passphrase was given"),
        (lambda line: "OK\n" if not line else "ERR 83886340 No pinentry <Pinentry>\n", "gpg-agent cannot ask for the"),
        (lambda line: "OK\n" if not line else "ERR x\n", "gpg-agent cannot ask for the passphrase"),
        (lambda _: "OK\n", "no passphrase was given"),
        (lambda line: "OK\n" if not line else "OK zz\n", "gpg-agent gave an answer that isn't valid"),
        (lambda line: "OK\n" if not line else "INQUIRE X\n", "gpg-agent wants to know something"),
        (lambda line: "OK\n" if not line else None, "gpg-agent went away"),
        (lambda line: "OK\n" if not line else "# x" * 5000, "gpg-agent gave an answer that isn't valid"),
    ],
)
def test_an_agent_that_does_not_help(
    agent: Callable[..., FakeAgent], short: Path, file: Path, answer: Callable[[str], str | None], reason: str
) -> None:
    agent(answer)
    environ = {NAME: str(file), "XDG_RUNTIME_DIR": str(short / "run")}
    assert reason in str(failure(Ambient(environ, short)))
    # Another key is tried after that.
    environ["SOPS_AGE_KEY"] = ALICE.identity
    assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, short)) == DATA_KEY


@needs_sockets
def test_an_agent_that_is_slow(agent: Callable[..., FakeAgent], short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leafseal.providers.age import agent as age_agent

    done = threading.Event()
    agent(lambda line: "OK\n" if not line else None if done.wait(0.05) else "S PROGRESS tick\n")
    with Agent(str(short / "run" / "gnupg" / "S.gpg-agent"), {}) as connection:
        monkeypatch.setattr(age_agent, "_ANSWER_SECONDS", 0.2)
        with pytest.raises(AgentError, match="in time"):
            connection.ask("x", "y", "")
    done.set()


@needs_sockets
@pytest.mark.skipif(shutil.which("gpg-agent") is None, reason="no `gpg-agent` on PATH")
def test_a_real_agent(short: Path, file: Path) -> None:
    home = short / ".gnupg"
    home.mkdir(mode=0o700)
    pinentry = short / "pinentry"
    pinentry.write_text(
        f"#!{sys.executable} -IS\n"
        "import sys\n"
        "print('OK hello', flush=True)\n"
        "for line in sys.stdin:\n"
        f"    with open({str(short / 'heard')!r}, 'a') as log: log.write(line)\n"
        "    print('D horse\\nOK' if line.startswith('GETPIN') else 'OK', flush=True)\n"
        "    if line.startswith('BYE'): break\n"
    )
    pinentry.chmod(0o755)
    (home / "gpg-agent.conf").write_text(f"pinentry-program {pinentry}\n")
    # Where there is a run-time folder of its own, the agent would put its sockets there: a file says where instead.
    command = ["gpg-agent", "--homedir", str(home), "--daemon", "--", sys.executable, "-c", "input()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as shell:
        try:
            path = _socket_of(home)
            if path is None:
                pytest.skip("gpg-agent made no socket")
            environ = {NAME: str(file), "GPG_AGENT_INFO": f"{path}:0:1"}
            assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, short)) == DATA_KEY
            assert ALICES_KEY.unwrap(WRAPPED, Ambient(environ, short)) == DATA_KEY
            heard = (short / "heard").read_text()
            assert heard.count("GETPIN") == 1
            assert "Enter passphrase for identity" in heard
        finally:
            subprocess.run(
                ["gpg-connect-agent", "--homedir", str(home), "killagent", "/bye"], check=False, capture_output=True
            )
            shell.communicate(b"\n", timeout=120)


def _socket_of(home: Path) -> str | None:
    done = subprocess.run(
        ["gpgconf", "--homedir", str(home), "--list-dirs", "agent-socket"], capture_output=True, text=True, check=False
    )
    path = done.stdout.strip()
    for _ in range(2000):
        if path and os.path.exists(path):
            return path
        threading.Event().wait(0.05)
    return None
