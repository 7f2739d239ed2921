"""How long a key service may take, and how much it may say: what providers that ask one over the network share."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from leafseal.display import visible
from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.keys.ring import RACE_SECONDS
from leafseal.system import libraries

T = TypeVar("T")

MAX_ANSWER_BYTES = 2**20
MAX_WORDS = 300
TIMEOUT_VARIABLE = "LEAFSEAL_SERVICE_TIMEOUT"
ATTEMPTS = 3
_PAUSE = 0.2  # seconds before the second attempt, and four times that before the third
_SHORTEST = 0.1
_CONNECT = 5.0

Failures = Mapping[type[BaseException], tuple[str, str | None]]
"""Message and hint for the exceptions of a library; in a message stands what `translate` is told of the error."""


class Deadlines(NamedTuple):
    """Seconds: in all, for a connection, for one answer. Three attempts and the pauses between them fit into all."""

    total: float = RACE_SECONDS
    connect: float = _CONNECT
    answer: float = RACE_SECONDS / 4


def deadlines(ambient: Ambient) -> Deadlines:
    """Return what `LEAFSEAL_SERVICE_TIMEOUT` allows, 30 seconds at most. Raises `ProviderError` for nonsense."""
    text = ambient.environ.get(TIMEOUT_VARIABLE)
    if not text:
        return Deadlines()
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise ProviderError(f"{TIMEOUT_VARIABLE} is not a number of seconds", hint="write it as 10 or 2.5")
    total = min(max(seconds, _SHORTEST), RACE_SECONDS)
    return Deadlines(total, min(_CONNECT, total / 4), total / 4)


def with_deadline(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises. Raises `TimeoutError` when it takes longer.

    The limits of client libraries are limits of one read: who sends a byte now and then is never too late for them.
    What is late goes on in a thread that holds up nobody.
    """
    from queue import Empty, SimpleQueue

    libraries.quiet_loggers()
    outcomes: SimpleQueue[tuple[T] | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((call(),))
        except BaseException as error:  # it belongs to the caller's thread
            outcomes.put(error)

    threading.Thread(target=run, name="leafseal-service", daemon=True).start()
    try:
        outcome = outcomes.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome[0]


def retry_while(send: Callable[[], T], is_busy: Callable[[T], bool], seconds: float) -> T:
    """Return what `send` returns; while the service is busy it is asked again, after pauses that grow."""
    end = monotonic() + seconds
    for attempt in range(1, ATTEMPTS + 1):
        outcome = send()
        pause = _PAUSE * 4 ** (attempt - 1) * random.uniform(0.5, 1.5)
        if not is_busy(outcome) or attempt == ATTEMPTS or monotonic() + pause > end:
            break
        sleep(pause)
    return outcome


def translate(error: Exception, failures: Failures, key: str, source: str | None, **details: str) -> ProviderError:
    """Return the error to raise for one of a library, by the most special of its classes that a table has.

    The table has `Exception`. An error's own words stay out: they may repeat a request, and so a token.
    """
    if isinstance(error, ProviderError):
        return ProviderError.of(key, error.message, error.source or source, error.hint)
    message, hint = next(failures[kind] for kind in type(error).__mro__ if kind in failures)
    return ProviderError.of(key, message.format(error=type(error).__name__, **details), source, hint)


def first_line(words: str) -> str:
    """Return the first line of what a service says, fit to be shown in a message."""
    return visible(words.strip().partition("\n")[0].strip()[:MAX_WORDS]).rstrip(". ")


def proxy_for(url: str, ambient: Ambient) -> str | None:
    """Return the proxy that the environment has for a URL, None for a straight way; this machine itself has none."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host == "localhost" or host == "::1" or host.startswith("127.") or _is_excepted(host, ambient):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        found = ambient.environ.get(name) or ambient.environ.get(name.upper())
        if found:
            return found if "://" in found else f"http://{found}"
    return None


def _is_excepted(host: str, ambient: Ambient) -> bool:
    listed = ambient.environ.get("no_proxy") or ambient.environ.get("NO_PROXY") or ""
    names = [item.strip().lower().partition(":")[0].removeprefix("*").lstrip(".") for item in listed.split(",")]
    return "*" in listed.split(",") or any(name and (host == name or host.endswith(f".{name}")) for name in names)


def read_json(body: bytes) -> dict[str, Any] | None:
    """Return the object that an answer holds; None where it is no JSON object, or one with a key that stands twice."""
    import json

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError
        return found

    try:
        found = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
