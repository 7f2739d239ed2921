"""`leafseal keyservice`."""

from __future__ import annotations

import os
import threading

from leafseal.cli.shared.declarations import command, option
from leafseal.errors import RefusedError, UsageError, WriteError
from leafseal.keys import Ambient, MasterKey
from leafseal.keyservice.server import KeyServer, answer_until_ended, is_beyond_loopback
from leafseal.system import terminal
from leafseal.system.directories import own_directory, runtime_directory, state_directory


@command("keyservice")
@option("--address", metavar="ADDRESS", help="unix:///PATH or tcp://HOST:PORT; a socket of your own by default.")
@option("--allow-network", is_flag=True, help="Listen at a TCP address that other machines can reach.")
@option("--prompt", is_flag=True, help="Ask on the terminal before every answer.")
@option("--verbose", is_flag=True, help="Log requests to standard error.")
def keyservice(address: str | None, allow_network: bool, prompt: bool, verbose: bool) -> None:
    """Encrypt and decrypt data keys for other machines, with the keys and credentials of this machine.

    Other machines use it with --keyservice or SOPS_KEYSERVICE; both ends can be leafseal or sops. A Unix socket accepts
    its own user and root only. Nothing protects a TCP port: anyone who reaches it can get the data keys of all files
    that this machine can decrypt. Other addresses than those of the loopback interface need --allow-network. Ctrl+C
    ends the service.

    \b
    leafseal keyservice
    leafseal keyservice --address unix:///run/user/1000/keys.sock --prompt
    leafseal decrypt --keyservice unix:///run/user/1000/keys.sock config.yaml
    """
    if prompt and not terminal.has_terminal():
        raise UsageError("--prompt needs a terminal")
    if address is not None and not allow_network and is_beyond_loopback(address):
        raise RefusedError(
            f"other machines may reach {address}, and anyone who does can use the keys of this machine",
            hint="use a Unix socket, or tcp://127.0.0.1:PORT through a tunnel; to listen anyway, add --allow-network",
        )
    server = KeyServer(
        Ambient.of_process(terminal.passphrase_asker()),
        _Approval() if prompt else None,
        terminal.say if verbose else None,
    )
    answer_until_ended(address or f"unix://{default_socket()}", server, _started)


def _started(address: str) -> None:
    if address.startswith("tcp:"):
        terminal.warn("anyone who reaches this port can use the keys of this machine")
    terminal.say(f"listening on {address}; for clients: SOPS_KEYSERVICE={address}")


class _Approval:
    """Asks the user, one question at a time."""

    def __init__(self) -> None:
        self._asking = threading.Lock()

    def __call__(self, verb: str, key: MasterKey) -> bool:
        with self._asking:
            answer = terminal.ask(f"{verb} with {key.kind} {key}? [y/N]")
        return (answer or "").strip().lower() in ("y", "yes")


def default_socket() -> str:
    """Return the path of the user's own socket, its folder made. Raises `WriteError`."""
    runtime = runtime_directory(os.environ)
    folder = os.path.join(runtime, "leafseal") if runtime else None
    if folder is None or not own_directory(folder):
        folder = state_directory()
    if folder is None:
        raise WriteError("there is no private folder for a socket", hint="add --address unix:///PATH")
    return os.path.join(folder, "keyservice.sock")
