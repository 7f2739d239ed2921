"""What every provider of master keys has to do.

A provider's test derives a class from `ProviderContract` and gives it three fixtures: `key` and `ambient`, which can
wrap and unwrap, and `stranger`, an `Ambient` that can do neither of what needs a secret. The suite follows.
"""

from __future__ import annotations

import base64
import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leafseal.errors import ProviderError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.kinds import KINDS
from leafseal.keys.registry import make_key
from leafseal.keys.ring import WrappedKey

from .entries import load_entry

DATA_KEY = bytes(range(200, 232))
SHARE = DATA_KEY + b"\x01"

NAMES = ("Google Cloud KMS ", "Huawei Cloud ")
"""How a message may begin with a capital letter: with the name of a service."""


_SERVERS = ("moto", "werkzeug", "tests", "asyncio")
"""Whose loggers are those of the stand-ins for services, in this process only in tests."""


@contextmanager
def _everything_logged() -> Iterator[list[str]]:
    """Turn all logging on, as a program does that wants to see everything; yield what comes of it."""
    logged: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(_SERVERS):
                logged.append(f"{record.name}: {record.getMessage()} {record.args!r}")

    root, collector = logging.getLogger(), Collector()
    known = [root, *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    before = [(logger, logger.level) for logger in known]
    root.addHandler(collector)
    try:
        for logger in known:
            logger.setLevel(logging.DEBUG)
        yield logged
    finally:
        root.removeHandler(collector)
        for logger, level in before:
            logger.setLevel(level)


class ProviderContract:
    """Derive from this, and define the fixtures `key`, `ambient` and `stranger`."""

    def test_it_is_a_master_key(self, key: MasterKey) -> None:
        assert isinstance(key, MasterKey)
        assert key.kind in KINDS
        assert type(key.needs_network) is bool

    def test_it_is_a_value(self, key: MasterKey) -> None:
        again = make_key(key.kind, key.to_metadata())
        assert again == key
        assert hash(again) == hash(key)
        assert str(again) == str(key)
        assert pickle.loads(pickle.dumps(key)) == key
        with pytest.raises(AttributeError):
            setattr(key, type(key).__slots__[0], "other")  # type: ignore[attr-defined]

    def test_its_entry_reads_back(self, key: MasterKey) -> None:
        dated = KINDS[key.kind].is_dated
        entry = {**key.to_metadata(), "enc": "x", **({"created_at": "2026-11-22T17:48:26Z"} if dated else {})}
        assert load_entry(key.kind, entry) == WrappedKey(key, "x", "2026-11-22T17:48:26Z" if dated else None)
        assert set(key.to_metadata()) <= set(KINDS[key.kind].fields)

    @pytest.mark.parametrize("part", [DATA_KEY, SHARE], ids=["data key", "share"])
    def test_what_it_wraps_it_unwraps(self, key: MasterKey, ambient: Ambient, part: bytes) -> None:
        wrapped = key.wrap(part, ambient)
        assert wrapped.decode("ascii").isascii()
        assert part not in wrapped
        assert key.unwrap(wrapped, ambient) == part

    def test_debug_logging_of_the_host_program_shows_no_part(self, key: MasterKey, ambient: Ambient) -> None:
        key.wrap(DATA_KEY, ambient)  # its library is loaded, and quiet
        with _everything_logged() as logged:
            assert key.unwrap(key.wrap(DATA_KEY, ambient), ambient) == DATA_KEY
        shown = "\n".join(logged)
        forms = (repr(DATA_KEY)[2:-1], DATA_KEY.hex(), base64.b64encode(DATA_KEY).decode().rstrip("="))
        assert not [form for form in forms if form in shown]

    def test_it_needs_no_last_line_end(self, key: MasterKey, ambient: Ambient) -> None:
        wrapped = key.wrap(DATA_KEY, ambient)
        assert key.unwrap(wrapped.rstrip(b"\n"), ambient) == DATA_KEY

    def test_it_never_wraps_alike(self, key: MasterKey, ambient: Ambient) -> None:
        assert key.wrap(DATA_KEY, ambient) != key.wrap(DATA_KEY, ambient)

    def test_a_stranger_does_not_unwrap(self, key: MasterKey, ambient: Ambient, stranger: Ambient) -> None:
        with pytest.raises(ProviderError) as caught:
            key.unwrap(key.wrap(DATA_KEY, ambient), stranger)
        self.check_error(caught.value, key)

    @pytest.mark.parametrize("place", [0.3, 0.5, 0.7, 0.9])
    def test_what_was_changed_does_not_unwrap(self, key: MasterKey, ambient: Ambient, place: float) -> None:
        wrapped = bytearray(key.wrap(DATA_KEY, ambient))
        position = int(len(wrapped) * place)
        wrapped[position] = ord("A") if wrapped[position] != ord("A") else ord("B")
        with pytest.raises(ProviderError) as caught:
            key.unwrap(bytes(wrapped), ambient)
        self.check_error(caught.value, key)

    @pytest.mark.parametrize("wrapped", [b"", b"x", b"\x00\xff", b"A" * 400])
    def test_what_it_never_wrapped_does_not_unwrap(self, key: MasterKey, ambient: Ambient, wrapped: bytes) -> None:
        with pytest.raises(ProviderError) as caught:
            key.unwrap(wrapped, ambient)
        self.check_error(caught.value, key)

    def check_error(self, error: ProviderError, key: MasterKey) -> None:
        message = str(error)
        assert error.master_key == str(key)
        assert message
        assert message == message.strip().rstrip(".")
        assert message.isprintable()
        assert not message[0].isupper() or message.startswith(NAMES) or message.split()[0].isupper()
        assert DATA_KEY.hex() not in message
