"""A key service and its clients, over sockets: ours, and those of sops where it is on PATH."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from leafseal.errors import ProviderError, RefusedError, UsageError, WriteError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.groups import DataKey, recover_data_key, wrap_data_key
from leafseal.keys.registry import parse_recipients
from leafseal.keyservice import gate, server
from leafseal.keyservice.client import RemoteService
from leafseal.keyservice.server import KeyServer, is_beyond_loopback, serving
from leafseal.testing import NOWHERE, throwaway_identity

from ..ports import kept_port

pytest.importorskip("grpc", reason="grpcio is not installed")

ME = throwaway_identity()
[KEY] = parse_recipients("age", ME.recipient)
PART = bytes(range(32))
DATE = "2026-11-23T04:00:00Z"


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"unix://{tmp_path}/keys.sock" if request.param == "unix" else "tcp://127.0.0.1:0"


@pytest.fixture
def client(address: str) -> Iterator[RemoteService]:
    with serving(address, KeyServer(ME.ambient())) as real:
        service = RemoteService(real, connect_seconds=60)
        yield service
        service.close()


def test_it_wraps_and_unwraps(client: RemoteService) -> None:
    wrapped = client.wrap(KEY, PART)
    assert b"AGE ENCRYPTED FILE" in wrapped
    assert client.unwrap(KEY, wrapped) == PART
    assert KEY.unwrap(wrapped, ME.ambient()) == PART


def test_a_file_opens_through_it(client: RemoteService) -> None:
    data_key = DataKey.generate()
    groups = wrap_data_key(data_key, [[KEY]], 0, ME.ambient(), DATE)
    stranger = Ambient({}, NOWHERE, services=(client,))
    assert recover_data_key(groups, 0, stranger).reveal() == data_key.reveal()


def test_what_it_cannot_unwrap_it_refuses(client: RemoteService) -> None:
    [other] = parse_recipients("age", throwaway_identity().recipient)
    with pytest.raises(ProviderError) as caught:
        client.unwrap(other, other.wrap(PART, ME.ambient()))
    assert str(caught.value).startswith(f"{client}: it refused: ")
    assert caught.value.source == str(client)


def test_it_wraps_nothing_but_data_keys(client: RemoteService) -> None:
    with pytest.raises(ProviderError, match="only a data key"):
        client.wrap(KEY, b"anything else")


@pytest.mark.parametrize("approves", [True, False])
def test_it_asks_before_it_answers(approves: bool, tmp_path: Path) -> None:
    asked: list[str] = []

    def approve(verb: str, key: MasterKey) -> bool:
        asked.append(f"{verb} {key}")
        return approves

    with serving(f"unix://{tmp_path}/s", KeyServer(ME.ambient(), approve)) as address:
        client = RemoteService(address, connect_seconds=60)
        if approves:
            client.unwrap(KEY, client.wrap(KEY, PART))
            assert asked == [f"encrypt {KEY}", f"decrypt {KEY}"]
        else:
            with pytest.raises(ProviderError, match="Request rejected by user"):
                client.wrap(KEY, PART)
        client.close()


def test_a_socket_is_its_users_own_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serving(f"unix://{path}", KeyServer(ME.ambient())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_not_let_in(tmp_path: Path) -> None:
    path = tmp_path / "s"
    code = (
        "import os, socket, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(120)\n"
        "print('closed' if s.recv(1) == b'' else 'open')\n"
    )
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    with serving(f"unix://{path}", KeyServer(ME.ambient())):
        path.chmod(0o666)  # so that only the look at the caller is left
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == "closed\n", done.stderr


def test_a_socket_in_use_is_not_taken(tmp_path: Path) -> None:
    with serving(f"unix://{tmp_path}/s", KeyServer(ME.ambient())) as address:
        with pytest.raises(RefusedError, match="somebody listens"), serving(address, KeyServer(ME.ambient())):
            pass
        client = RemoteService(address, connect_seconds=60)
        assert client.unwrap(KEY, client.wrap(KEY, PART)) == PART
        client.close()


def test_a_socket_that_was_left_is_taken(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    with serving(f"unix://{path}", KeyServer(ME.ambient())) as address:
        client = RemoteService(address, connect_seconds=60)
        assert client.unwrap(KEY, client.wrap(KEY, PART)) == PART
        client.close()


def test_a_file_is_not_taken_for_a_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(RefusedError, match="no socket"), serving(f"unix://{path}", KeyServer(ME.ambient())):
        pass
    assert path.read_text() == "precious"


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:5000", "unix:///nowhere/at/all"])
def test_an_address_that_cannot_be_had(address: str) -> None:
    with pytest.raises(WriteError), serving(address, KeyServer(ME.ambient())):
        pass


@pytest.mark.parametrize("text", ["", "127.0.0.1:5000", "http://127.0.0.1:5000", "unix://relative", "tcp://host"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        RemoteService(text)


def test_nobody_there(tmp_path: Path) -> None:
    with kept_port() as port:
        for address in (f"unix://{tmp_path}/nobody", f"tcp://127.0.0.1:{port}"):
            service = RemoteService(address, connect_seconds=200)
            began = monotonic()
            with pytest.raises(ProviderError, match=r": nobody answers$"):
                service.wrap(KEY, PART)
            assert monotonic() - began < 120  # who waited for a connection would need longer


def test_somebody_who_says_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "mute")
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(path)
        mute.listen()
        service = RemoteService(f"unix://{path}", connect_seconds=0.3)
        with pytest.raises(ProviderError, match=r"nobody answers within 0\.3 seconds"):
            service.wrap(KEY, PART)


def test_somebody_slow(tmp_path: Path) -> None:
    over = Event()
    slow = KeyServer(ME.ambient(), lambda verb, key: over.wait(120))
    with serving(f"unix://{tmp_path}/s", slow) as address:
        service = RemoteService(address, connect_seconds=60, answer_seconds=0.3)
        with pytest.raises(ProviderError, match=r"no answer within 0\.3 seconds"):
            service.wrap(KEY, PART)
        over.set()
        service.close()


# -- clients that take their time


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the server wait for parts of a second where it waits for parts of a minute."""
    shorter = {name: value // 100 if name.endswith("_ms") else value for name, value in server.BOUNDS.items()}
    monkeypatch.setattr(server, "BOUNDS", shorter)


def connected(address: str) -> socket.socket:
    if address.startswith("unix:"):
        caller = socket.socket(socket.AF_UNIX)
        caller.connect(address.removeprefix("unix://"))
    else:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        caller = socket.create_connection((host, int(port)))
    caller.settimeout(120)
    return caller


def is_hung_up(caller: socket.socket) -> bool:
    with suppress(ConnectionResetError):
        while caller.recv(1 << 16):
            pass
    return True


@pytest.mark.usefixtures("impatient")
def test_who_connects_and_says_nothing_is_hung_up(address: str) -> None:
    with serving(address, KeyServer(ME.ambient())) as real, connected(real) as mute:
        assert is_hung_up(mute)


def _answered(client: RemoteService) -> bool:
    """Ask until there is an answer: on a slow machine a server listens late, and a connection becomes too old."""
    deadline = monotonic() + 120
    while True:
        try:
            return client.unwrap(KEY, client.wrap(KEY, PART)) == PART
        except ProviderError:
            if monotonic() > deadline:
                raise
            sleep(0.02)


@pytest.mark.usefixtures("impatient")
def test_requests_that_do_not_end_do_not_keep_others_out(address: str) -> None:
    """Each of them holds a worker, until its connection is too old."""
    import grpc

    over = Event()

    def never() -> Iterator[bytes]:
        over.wait(120)
        yield b""

    with serving(address, KeyServer(ME.ambient())) as real:
        target = real.replace("unix://", "unix:").replace("tcp://", "dns:///")
        channels = [
            grpc.insecure_channel(
                target, options=[("grpc.default_authority", "localhost"), ("grpc.use_local_subchannel_pool", 1)]
            )
            for _ in range(10)
        ]
        calls = [channel.stream_unary("/KeyService/Encrypt").future(never()) for channel in channels]
        client = RemoteService(real, connect_seconds=60)
        assert _answered(client)
        over.set()
        for call in calls:
            assert call.exception(timeout=120) is not None
        for channel in channels:
            channel.close()
        client.close()


def test_a_socket_lets_in_so_many_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_CALLERS", 3)
    with serving(f"unix://{tmp_path}/s", KeyServer(ME.ambient())) as address:
        callers = [connected(address) for _ in range(3)]
        for caller in callers:
            assert caller.recv(1)  # it is in: the server behind says its settings
        with connected(address) as fourth:
            assert is_hung_up(fourth)
        for caller in callers:
            caller.close()
        client = RemoteService(address, connect_seconds=60)  # refused until the threads of those who left have noticed
        assert _answered(client)
        client.close()


@pytest.mark.parametrize(
    ("address", "beyond"),
    [
        ("unix:///run/x", False),
        ("tcp://127.0.0.1:5000", False),
        ("tcp://127.1.2.3:0", False),
        ("tcp://[::1]:5000", False),
        ("tcp://localhost:5000", False),
        ("tcp://0.0.0.0:5000", True),
        ("tcp://[::]:5000", True),
        ("tcp://192.0.2.1:5000", True),
        ("tcp://example.org:5000", True),
    ],
)
def test_addresses_that_other_machines_reach(address: str, beyond: bool) -> None:
    assert is_beyond_loopback(address) is beyond


def test_nonsense_is_answered_with_a_refusal(tmp_path: Path) -> None:
    import grpc

    with serving(f"unix://{tmp_path}/s", KeyServer(ME.ambient())) as address:
        channel = grpc.insecure_channel(
            address.replace("unix://", "unix:"), options=[("grpc.default_authority", "localhost")]
        )
        for message, status in ((b"\x12\x02xy", "NOT_FOUND"), (b"\x0a\x05ab", "INVALID_ARGUMENT")):
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary("/KeyService/Decrypt")(message, timeout=120)
            assert caught.value.code().name == status
        channel.close()


REAL = shutil.which("sops")


@pytest.mark.interop
@pytest.mark.skipif(REAL is None, reason="no sops on PATH")
class TestWithSops:
    """sops at one end."""

    @pytest.fixture
    def home(self, tmp_path: Path) -> dict[str, str]:
        keys = tmp_path / "keys.txt"
        keys.write_text(f"{ME.identity}\n")
        return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(keys)}

    @pytest.mark.parametrize("network", ["unix", "tcp"])
    def test_its_server_answers_us(self, network: str, home: dict[str, str], tmp_path: Path) -> None:
        with kept_port() as port:
            path = f"{tmp_path}/s" if network == "unix" else f"127.0.0.1:{port}"
            theirs = subprocess.Popen([str(REAL), "keyservice", "--network", network, "--address", path], env=home)
            try:
                client = RemoteService(f"{network}://{path}", connect_seconds=60)
                assert _answered(client)  # once it listens
                with pytest.raises(ProviderError, match="it refused"):
                    client.unwrap(KEY, b"nonsense")
                client.close()
            finally:
                theirs.terminate()
                theirs.wait(120)

    def test_our_server_answers_it(self, home: dict[str, str], tmp_path: Path, address: str) -> None:
        plain = tmp_path / "a.yaml"
        plain.write_text("k: v\n")
        stranger = {name: text for name, text in home.items() if name != "SOPS_AGE_KEY_FILE"}
        with serving(address, KeyServer(ME.ambient())) as real:
            services = ["--enable-local-keyservice=false", "--keyservice", real]
            sealed = run([str(REAL), "encrypt", *services, "--age", ME.recipient, str(plain)], stranger)
            (tmp_path / "b.yaml").write_bytes(sealed)
            assert run([str(REAL), "decrypt", *services, f"{tmp_path}/b.yaml"], stranger) == b"k: v\n"


def run(argv: list[str], env: dict[str, str]) -> bytes:
    done = subprocess.run(argv, env=env, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.skipif(os.name == "nt", reason="paths of logs are those of POSIX")
def test_an_audit_log_knows_of_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ..audit_log import Trail, told

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    trail = Trail(tmp_path)
    own = ME.ambient()
    ambient = Ambient({**own.environ, **os.environ}, own.home_text)
    answers: list[bool] = [True, True, True, False]
    with serving(f"unix://{tmp_path}/k", KeyServer(ambient, lambda verb, key: answers.pop(0))) as address:
        service = RemoteService(address, connect_seconds=60)
        wrapped = service.wrap(KEY, PART)
        assert service.unwrap(KEY, wrapped) == PART
        events = trail.take()
        assert told(events) == [("encrypt", "allowed"), ("decrypt", "allowed")]
        assert [event["command"] for event in events] == ["leafseal keyservice"] * 2
        assert events[1]["secret"] == {"file": None, "paths": ["*"]}
        assert events[1]["recipient"] == [ME.recipient]
        trail.path.parent.rmdir()
        with pytest.raises(ProviderError):
            service.unwrap(KEY, wrapped)
        trail.path.parent.mkdir()
        with pytest.raises(ProviderError):
            service.unwrap(KEY, wrapped)
        assert told(trail.take()) == [("decrypt", "denied")]
        service.close()


@pytest.mark.skipif(os.name == "nt", reason="paths of logs are those of POSIX")
def test_where_the_policy_wants_a_reason_the_service_has_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ..audit_log import Trail, told

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LEAFSEAL_REASON", raising=False)
    trail = Trail(tmp_path)
    trail.set("require_reason = true\n")
    environ = {**ME.ambient().environ, **os.environ}
    with serving(f"unix://{tmp_path}/k", KeyServer(Ambient(environ, NOWHERE))) as address:
        service = RemoteService(address, connect_seconds=60)
        wrapped = service.wrap(KEY, PART)
        with pytest.raises(ProviderError, match="asks for a reason: set LEAFSEAL_REASON there"):
            service.unwrap(KEY, wrapped)
        assert told(trail.take()) == [("encrypt", "allowed"), ("decrypt", "denied")]
        service.close()
    with serving(
        f"unix://{tmp_path}/k", KeyServer(Ambient({**environ, "LEAFSEAL_REASON": "on call"}, NOWHERE))
    ) as address:
        service = RemoteService(address, connect_seconds=60)
        assert service.unwrap(KEY, wrapped) == PART
        [event] = trail.take()
        assert (event["result"], event["reason"]) == ("allowed", "on call")
        service.close()


@pytest.mark.skipif(os.name == "nt", reason="paths of logs are those of POSIX")
def test_what_keeps_a_key_from_being_used_is_told_also_where_the_log_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ..audit_log import Trail

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    Trail(tmp_path).path.parent.rmdir()
    with serving(f"unix://{tmp_path}/k", KeyServer(Ambient({**os.environ, "SOPS_AGE_KEY": ""}, NOWHERE))) as address:
        service = RemoteService(address, connect_seconds=60)
        with pytest.raises(ProviderError) as caught:
            service.unwrap(KEY, KEY.wrap(PART, ME.ambient()))
        assert "audit log" not in str(caught.value)
        service.close()
