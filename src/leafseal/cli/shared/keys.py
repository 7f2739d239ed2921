"""Who wraps and unwraps data keys for a command: this process, and the key services that the user names."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from leafseal.keys import Ambient, KeyService
from leafseal.system import terminal

F = TypeVar("F", bound=Callable[..., Any])

_META = "leafseal.key_services"


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        context.meta[f"{_META}.{name}"] = value

    return callback


def key_services(function: F) -> F:
    """Add the options of key services; `ambient` looks at them."""
    function = click.option(
        "--no-local-keyservice",
        is_flag=True,
        expose_value=False,
        callback=_remember("remote_only"),
        help="Ask the key services only, no keys of this machine.",
    )(function)
    return click.option(
        "--keyservice",
        "key_services",
        multiple=True,
        metavar="ADDRESS",
        expose_value=False,
        callback=_remember("addresses"),
        help="Ask this key service after the own keys: tcp://HOST:PORT or unix:///PATH. [SOPS_KEYSERVICE]",
    )(function)


def current_ambient() -> Ambient:
    """Return what providers may consult in the command that runs. Raises `UsageError` for what is no address."""
    own = Ambient.of_process(terminal.passphrase_asker())
    context = click.get_current_context(silent=True)
    meta = context.meta if context is not None else {}
    named = meta.get(f"{_META}.addresses") or tuple(filter(None, os.environ.get("SOPS_KEYSERVICE", "").split(",")))
    return Ambient(
        own.environ,
        own.home,
        own.ask,
        services=tuple(_service(address) for address in named),
        asks_providers=not meta.get(f"{_META}.remote_only"),
        tell=own.tell,
    )


def _service(address: str) -> KeyService:
    from leafseal.keyservice.client import RemoteService  # hardly anybody names one

    return RemoteService(address)
