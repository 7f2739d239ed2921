"""Key services elsewhere, asked after this process or in its place (sops-cli §2.3, KS)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from leafseal.keyservice import client
from leafseal.keyservice.server import KeyServer, serving
from leafseal.sops.main import run

from ..ports import kept_port
from .transcripts import ME, Stage

pytestmark = pytest.mark.skipif(find_spec("grpc") is None, reason="grpcio is not installed")

PLAIN = "k: v\n"


@pytest.fixture
def address() -> Iterator[str]:
    """A service that has the identity; its path is short, as a socket's must be."""
    folder = tempfile.mkdtemp(prefix="sops-")
    with serving(f"unix://{folder}/socket", KeyServer(ME.ambient())) as where:
        yield where
    shutil.rmtree(folder)


@pytest.fixture
def desk(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A folder of somebody without an identity."""
    desk.enter(monkeypatch, SOPS_AGE_KEY_FILE=str(desk.home / "none"))
    (desk.folder / "a.yaml").write_bytes(desk.seal("a.yaml", PLAIN))
    return desk


@pytest.mark.parametrize("words", [["decrypt"], ["decrypt", "--enable-local-keyservice=false"], ["-d"]])
def test_a_service_opens_what_we_do_not(
    desk: Stage, address: str, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--keyservice", address, "a.yaml"]) == 0
    assert capfd.readouterr() == (PLAIN, "")


def lose_patience(monkeypatch: pytest.MonkeyPatch, *, but_with: str = "") -> None:
    """Give services half a second to be there; those that are may need longer on a busy machine."""

    def connect(address: str) -> client.RemoteService:
        return service(address) if address == but_with else service(address, connect_seconds=0.5)

    service = client.RemoteService
    monkeypatch.setattr(client, "RemoteService", connect)


def test_services_of_the_environment_are_asked_in_turn(
    desk: Stage, address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lose_patience(monkeypatch, but_with=address)
    with kept_port() as port:
        monkeypatch.setenv("SOPS_KEYSERVICE", f"unix://{desk.folder}/none,{address},tcp://127.0.0.1:{port}")
        assert run(["decrypt", "a.yaml"]) == 0
    assert capfd.readouterr() == (PLAIN, "")


def test_a_service_wraps_in_our_place(desk: Stage, address: str, capfd: pytest.CaptureFixture[str]) -> None:
    (desk.folder / "b.yaml").write_text(PLAIN)
    words = ["--enable-local-keyservice=false", "--keyservice", address]
    assert run(["encrypt", *words, "--age", ME.recipient, "-i", "b.yaml"]) == 0
    assert run(["decrypt", *words, "b.yaml"]) == 0
    assert capfd.readouterr() == (PLAIN, "")


def test_nobody_opens_it(desk: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    lose_patience(monkeypatch)
    words = ["--enable-local-keyservice=false", "--keyservice", f"unix://{desk.folder}/none"]
    assert run(["decrypt", *words, "a.yaml"]) == 128
    out, err = capfd.readouterr()
    assert out == ""
    assert f"  {ME.recipient}: FAILED\n    - | unix://{desk.folder}/none:" in err
