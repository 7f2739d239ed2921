"""Who wraps and unwraps data keys for a command: this process, and the key services that the user names."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from leafseal.cli.shared.declarations import SAFETY, SERVICES, option
from leafseal.document.frozen import NamedTuple
from leafseal.keys import Ambient, KeyService
from leafseal.system import terminal

F = TypeVar("F", bound=Callable[..., Any])


class KeyServices(NamedTuple):
    """The key services that options name, and whether only they are asked."""

    addresses: tuple[str, ...] = ()
    remote_only: bool = False


_named: ContextVar[KeyServices | None] = ContextVar("key services", default=None)


def key_services(function: F) -> F:
    """Add the options of all commands that use keys: key services, at which `current_ambient` looks, and why.

    `--reason` is for the audit log, which takes it from what the command was given (`auditing`).
    """

    @functools.wraps(function)
    def remembering(
        *, keyservice: tuple[str, ...], no_local_keyservice: bool, reason: str | None, **values: Any
    ) -> Any:
        before = _named.set(KeyServices(keyservice, no_local_keyservice))
        try:
            return function(**values)
        finally:
            _named.reset(before)

    text = "Also try this key service, after your own keys: tcp://HOST:PORT or unix:///PATH. [also SOPS_KEYSERVICE]"
    decorated: Any = remembering
    decorated = option(
        "--no-local-keyservice",
        is_flag=True,
        help="Use key services only, not the keys of this machine.",
        section=SERVICES,
    )(decorated)
    why = "Why you do this, for the audit log. [also LEAFSEAL_REASON]"
    decorated = option("--reason", metavar="TEXT", help=why, section=SAFETY)(decorated)
    decorated = option("--keyservice", is_multiple=True, metavar="ADDRESS", help=text, section=SERVICES)(decorated)
    return decorated  # type: ignore[no-any-return]


def current_ambient(environ: Mapping[str, str] | None = None) -> Ambient:
    """Return what providers may consult in the command that runs. Raises `UsageError` for what is no address.

    `environ` takes the place of this process's variables.
    """
    own = Ambient.of_process(terminal.passphrase_asker())
    named = _named.get() or KeyServices()
    addresses = named.addresses or tuple(filter(None, os.environ.get("SOPS_KEYSERVICE", "").split(",")))
    return Ambient(
        own.environ if environ is None else environ,
        own.home_text,
        own.ask,
        services=tuple(_service(address) for address in addresses),
        asks_providers=not named.remote_only,
        tell=own.tell,
        warn=terminal.warn,
    )


def merging_ambient(*, asks: bool) -> Ambient:
    """Return the same for a merge, which a driver makes without anybody to ask.

    Nothing warns of the files that are read: that they have conflicts is why.
    """
    own = current_ambient()
    return Ambient(
        own.environ,
        own.home_text,
        own.ask if asks else None,
        services=own.services,
        asks_providers=own.asks_providers,
        tell=own.tell,
    )


def _service(address: str) -> KeyService:
    from leafseal.keyservice.client import RemoteService  # hardly anybody names one

    return RemoteService(address)
