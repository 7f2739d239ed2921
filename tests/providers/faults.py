"""What every provider that asks a service over the network has to bear.

A provider's test derives a class from `ServiceFaults`: what the service refuses, and how. If it is spoken to over HTTP,
another one from `WireFaults`: what may come instead of an answer. Each names its reactions and what is to be said of
them; an attribute that is a table, such as `BUSY`, runs a test that takes `busy` once for each of its rows.
"""

from __future__ import annotations

import base64
import gc
import re
import socket
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, NamedTuple, Protocol

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import Ambient, MasterKey
from leafseal.operations.encrypt import encrypt
from leafseal.providers.network import TIMEOUT_VARIABLE
from leafseal.rules.selection import Selection

from ..opening import open_sealed
from ..services.recorder import Answer, Cut, Drip, Hang, Reaction, Recorder, json_answer, redirect
from .contract import DATA_KEY

SECONDS = 120.0
"""What no failure takes, on the busiest machine. Who waited for an answer that never comes would wait longer."""

IMPATIENT = ("2", "8", "30")
"""Seconds after which somebody gives up, for answers that do not come: more where a busy machine has not even asked."""

WRAPPED = b"eHh4"
"""What every service could have wrapped, by its form."""

PART = base64.b64encode(DATA_KEY).decode()

Act = Callable[[Any, Ambient], bytes]


def wrap(key: MasterKey, ambient: Ambient) -> bytes:
    return key.wrap(DATA_KEY, ambient)


def unwrap(key: MasterKey, ambient: Ambient) -> bytes:
    return key.unwrap(WRAPPED, ambient)


ACTS = pytest.mark.parametrize("act", [wrap, unwrap])


def failure(act: Act, key: MasterKey, ambient: Ambient, *secrets: str, forgets: bool = True) -> ProviderError:
    """Return the error, which came in time, names the key, and tells no secret, nor does what it comes of.

    With `forgets`, what was caught does not hang on it; else it is hidden.
    """
    start = monotonic()
    with pytest.raises(ProviderError) as caught:
        act(key, ambient)
    assert monotonic() - start < SECONDS
    assert caught.value.master_key == str(key)
    assert caught.value.message.isprintable()
    seen: BaseException | None = caught.value
    while seen is not None:  # all that a traceback would show
        for secret in (PART, DATA_KEY.hex(), *secrets):
            assert secret not in f"{seen} {seen.args} {vars(seen)}"
        assert seen.__context__ in (None, seen.__cause__) if forgets else seen.__cause__ is None
        seen = seen.__cause__
    return caught.value


def late(environ: dict[str, str], home: Path, there: Service, fail: Callable[[Ambient], ProviderError]) -> str:
    """Return what is said where no answer comes, of the first time that the request had got there."""
    for seconds in IMPATIENT:
        message = fail(Ambient({**environ, TIMEOUT_VARIABLE: seconds}, home)).message
        if there.requests:
            break
    return message


class Service(Protocol):
    """A service that notes what it is asked, and reacts as it is told: a `Recorder`, or one that speaks gRPC."""

    requests: list[Any]

    def will(self, *reactions: Any) -> None:
        """Treat the next requests so."""
        ...


class Secured(NamedTuple):
    """A service with TLS, surroundings in which a key can be used, and the variable that names its authorities."""

    service: Service
    environ: dict[str, str]
    variable: str


class _Faults:
    """What both kinds of faults have: derive from those, and define the fixtures `key` and `environ`."""

    SOURCE: ClassVar[str]
    """Where the credentials come from."""

    SECRETS: ClassVar[tuple[str, ...]] = ()
    """What of them no message shows."""

    FORGETS: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        """Refuse a class of tests that lacks a method. With `abc.ABC` pytest would pass it by without a word."""
        missing = [name for name in dir(cls) if getattr(getattr(cls, name), "__isabstractmethod__", False)]
        if missing and cls.__name__.startswith("Test"):
            raise TypeError(f"{cls.__qualname__} does not define {', '.join(missing)}")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name in metafunc.fixturenames:
            if isinstance(table := getattr(self, name.upper(), None), dict):
                metafunc.parametrize(name, table.values(), ids=table)

    @pytest.fixture
    def ambient(self, environ: dict[str, str], tmp_path: Path) -> Ambient:
        return Ambient(environ, tmp_path)

    def failure(self, act: Act, key: MasterKey, ambient: Ambient) -> ProviderError:
        return failure(act, key, ambient, *self.SECRETS, forgets=self.FORGETS)

    def said(self, text: str) -> str:
        return f"{text} (credentials: {self.SOURCE})"


class Refused(NamedTuple):
    """What a service does, and what is said of it."""

    reaction: Any
    said: str
    hint: str = ""


class Denied(NamedTuple):
    """An act that somebody may not do, and what is said then."""

    act: Act
    said: str
    hint: str


class ServiceFaults(_Faults):
    """Derive from this, and define the fixtures `key`, `environ`, `service` and `secured`."""

    DENIED: ClassVar[dict[str, Denied]]
    REFUSALS: ClassVar[dict[str, Refused]]
    BUSY: ClassVar[dict[str, Any]]
    BUSY_FOR_EVER: ClassVar[Refused]
    REFUSED: ClassVar[str]
    """What is said of a `refusal`, before its words."""
    WITHHELD: ClassVar[str]
    """What is said of it where its words are not passed on."""
    TOLD: ClassVar[dict[str, str]] = {"base64": PART}
    """Secrets that an endpoint could repeat."""
    DAMAGED: ClassVar[dict[str, bytes]] = {
        "empty": b"",
        "a line end": b"\n",
        "a NUL": b"e\x00A=",
        "no ASCII": b"\xff",
        "a blank": b"e A==",
    }
    DAMAGE: ClassVar[str] = "empty, or not base64"
    NO_PART: ClassVar[str]
    ENDPOINT: ClassVar[str]
    NOWHERE: ClassVar[str] = "https"
    UNREACHABLE: ClassVar[str]

    @abstractmethod
    def deny(self, service: Any, act: Act) -> None:
        """Take away from the user the permission for an act."""

    @abstractmethod
    def refusal(self, words: str) -> Any:
        """Return the reaction of a service that gives a reason."""

    @abstractmethod
    def opening_to(self, key: Any, data: bytes) -> Any:
        """Return the reaction of a service for which that is what was wrapped."""

    def test_a_permission_that_is_missing(
        self, key: MasterKey, ambient: Ambient, service: Service, denied: Denied
    ) -> None:
        self.deny(service, denied.act)
        error = self.failure(denied.act, key, ambient)
        assert error.message == self.said(denied.said)
        assert str(error.hint).startswith(denied.hint)
        assert error.source == self.SOURCE
        assert len(service.requests) == 1

    @ACTS
    def test_refusals_are_final(
        self, key: MasterKey, ambient: Ambient, service: Service, act: Act, refusals: Refused
    ) -> None:
        service.will(refusals.reaction)
        error = self.failure(act, key, ambient)
        assert error.message == self.said(refusals.said)
        assert refusals.hint in str(error.hint or "")
        assert len(service.requests) == 1

    def test_words_are_made_fit_to_be_shown(self, key: MasterKey, ambient: Ambient, service: Service) -> None:
        service.will(self.refusal("red \x1b[31m" + "x" * 500))
        message = self.failure(unwrap, key, ambient).message
        assert message.startswith(f"{self.REFUSED}: red \\x1b[31mxxx")
        assert len(message) < 400

    def test_what_an_endpoint_repeats_is_not_told(
        self, key: MasterKey, ambient: Ambient, service: Service, told: str
    ) -> None:
        service.will(self.refusal(f"you sent {told}"))
        assert self.failure(wrap, key, ambient).message == self.said(self.WITHHELD)

    @ACTS
    def test_busy_and_then_well(self, key: MasterKey, ambient: Ambient, service: Service, act: Act, busy: Any) -> None:
        wrapped = key.wrap(DATA_KEY, ambient)
        service.requests.clear()
        service.will(busy)
        if act is unwrap:
            assert key.unwrap(wrapped, ambient) == DATA_KEY
        else:
            assert key.wrap(DATA_KEY, ambient)
        assert len(service.requests) == 2

    def test_busy_for_ever(self, key: MasterKey, ambient: Ambient, service: Service) -> None:
        service.will(*[self.BUSY_FOR_EVER.reaction] * 9)
        error = self.failure(unwrap, key, ambient)
        assert error.message == self.said(self.BUSY_FOR_EVER.said)
        assert self.BUSY_FOR_EVER.hint in str(error.hint)
        assert len(service.requests) == 3

    @pytest.mark.parametrize("size", [0, 16, 31, 34, 4096])
    def test_data_keys_of_a_wrong_length(self, key: MasterKey, ambient: Ambient, service: Service, size: int) -> None:
        service.will(self.opening_to(key, bytes(size)))
        assert self.failure(unwrap, key, ambient).message == self.NO_PART

    def test_a_wrapped_key_that_is_damaged_is_not_sent(
        self, key: MasterKey, ambient: Ambient, service: Service, damaged: bytes
    ) -> None:
        error = self.failure(lambda key, ambient: key.unwrap(damaged, ambient), key, ambient)
        assert re.search(self.DAMAGE, error.message)
        assert service.requests == []

    def test_nobody_listens(self, key: MasterKey, environ: dict[str, str], tmp_path: Path) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            there = {self.ENDPOINT: f"{self.NOWHERE}://127.0.0.1:{bound.getsockname()[1]}"}
            message = self.failure(unwrap, key, Ambient({**environ, **there}, tmp_path)).message
        assert re.search(self.UNREACHABLE, message)

    def test_certificates_are_verified(self, key: MasterKey, secured: Secured, tmp_path: Path) -> None:
        service, environ, variable = secured
        message = self.failure(wrap, key, Ambient({**environ, variable: ""}, tmp_path)).message
        assert re.search("does not verify|CERTIFICATE_VERIFY_FAILED", message)
        assert service.requests == []
        assert key.wrap(DATA_KEY, Ambient(environ, tmp_path))

    def test_certificates_that_are_not_there(self, key: MasterKey, secured: Secured, tmp_path: Path) -> None:
        service, environ, variable = secured
        message = self.failure(wrap, key, Ambient({**environ, variable: str(tmp_path / "none")}, tmp_path)).message
        assert "certificate" in message
        assert service.requests == []

    def test_all_or_nothing(self, key: MasterKey, ambient: Ambient, service: Service) -> None:
        """No file is made of which one key could not wrap the data key."""
        self.deny(service, wrap)
        begin = f"cannot encrypt the data key for {key.kind} {key}: {self.DENIED['wrap'].said}"
        with pytest.raises(ProviderError, match=re.escape(begin)) as caught:
            encrypt(b"a: 1\n", "yaml", [[key]], 0, Selection(), ambient)
        assert str(caught.value.hint).startswith(self.DENIED["wrap"].hint)

    def test_a_file_that_cannot_be_opened_says_why(
        self, key: MasterKey, ambient: Ambient, service: Service, tmp_path: Path
    ) -> None:
        sealed = encrypt(b"a: 1\n", "yaml", [[key]], 0, Selection(), ambient).data
        assert open_sealed(sealed, "yaml", ambient).plaintext() == b"a: 1\n"
        self.deny(service, unwrap)
        with pytest.raises(DataKeyError, match=re.escape(f"{key}: {self.DENIED['unwrap'].said}")) as caught:
            open_sealed(sealed, "yaml", Ambient(ambient.environ, tmp_path))
        assert str(caught.value.hint).startswith(self.DENIED["unwrap"].hint)


class WireFaults(_Faults):
    """Derive from this, and define the fixtures `key`, `environ` and `there`, who reacts in the service's place."""

    BROKEN: ClassVar[dict[str, Reaction]] = {
        "half a body": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
        "half a head": Cut(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "closed": Cut(),
        "reset": Cut(reset=True),
        "not HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
    }
    BAD: ClassVar[dict[str, Reaction]] = {
        "empty": Answer(200),
        "nothing": Answer(204),
        "not JSON": Answer(200, b"<html>"),
        "not UTF-8": Answer(200, b"\xff\xfe"),
        "a list": json_answer([1]),
        "null": json_answer(None),
        "half": Answer(200, b'{"'),
        "a key twice": Answer(200, b'{"KeyId": "", "KeyId": ""}'),
        "deep": Answer(200, b"[" * 200_000),
        "without end": Answer(200, b" " * (2 << 20)),
        "teapot": Answer(418, b"\xff"),
        "a bad request": Answer(400, b"\xff"),
        "a list of errors": Answer(400, b"[]"),
        "an odd error": json_answer({"error": "x"}, 400),
        "an odder error": json_answer(
            {"error": {"code": 5, "error_code": 5, "status": 5, "message": [], "error_msg": [], "innererror": 5}}, 400
        ),
    }
    """What is no answer; rows of a provider's own are added."""

    ATTEMPTS: ClassVar[int] = 1
    """How often a request may be sent whose answer broke off."""
    MOVED: ClassVar[dict[str, int]] = {str(status): status for status in (301, 302, 303, 307, 308)}
    REDIRECTED: ClassVar[str] = "it redirects to another server, which is not followed"
    LATE: ClassVar[str]
    """What is said where no answer comes: a regular expression."""

    @abstractmethod
    def good(self, key: Any, act: Act) -> Answer:
        """Return an answer that does."""

    @ACTS
    def test_the_good_answer_is_good(self, key: MasterKey, ambient: Ambient, there: Recorder, act: Act) -> None:
        there.will(self.good(key, act))
        assert act(key, ambient) == (DATA_KEY if act is unwrap else WRAPPED)
        assert len(there.requests) == 1

    @ACTS
    def test_a_redirect_is_not_followed(
        self, key: MasterKey, ambient: Ambient, there: Recorder, second_recorder: Recorder, act: Act, moved: int
    ) -> None:
        there.will(redirect(second_recorder.url, moved))
        second_recorder.otherwise = lambda _: self.good(key, act)
        assert self.REDIRECTED.format(status=moved) in self.failure(act, key, ambient).message
        assert len(there.requests) == 1
        assert second_recorder.requests == []

    @pytest.mark.parametrize(("act", "kind"), [(wrap, "hang"), (unwrap, "drip")])
    def test_an_answer_that_never_comes(
        self, key: MasterKey, environ: dict[str, str], tmp_path: Path, there: Recorder, act: Act, kind: str
    ) -> None:
        there.otherwise = lambda _: Hang() if kind == "hang" else Drip(self.good(key, act), 0.1)
        message = late(environ, tmp_path, there, lambda ambient: self.failure(act, key, ambient))
        assert re.search(self.LATE, message)
        assert 1 <= len(there.requests) <= self.ATTEMPTS

    @ACTS
    def test_an_answer_that_breaks_off(
        self, key: MasterKey, ambient: Ambient, there: Recorder, act: Act, broken: Reaction
    ) -> None:
        there.otherwise = lambda _: broken
        self.failure(act, key, ambient)
        assert 1 <= len(there.requests) <= self.ATTEMPTS

    @ACTS
    def test_an_answer_that_is_none(
        self, key: MasterKey, ambient: Ambient, there: Recorder, act: Act, bad: Reaction
    ) -> None:
        there.otherwise = lambda _: bad
        if bad is self.BAD["deep"]:
            gc.collect()  # what earlier tests left cannot be closed at the end of the stack
        self.failure(act, key, ambient)
        assert len(there.requests) == 1
