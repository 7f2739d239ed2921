"""`sops keyservice`: answer for the keys of this machine (sops-cli §4.13)."""

from __future__ import annotations

import os
import threading

from leafseal.errors import LeafsealError
from leafseal.keys import MasterKey
from leafseal.keyservice.server import Approve, KeyServer, answer_until_ended
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.session import Session
from leafseal.sops.syntax.grammar import Arguments
from leafseal.system import terminal


def keyservice(arguments: Arguments) -> int:
    """Answer at an address until a signal ends it.

    With `--prompt` the user is asked before anything is done; sops asks when it has been done already.
    """
    session = Session(arguments)
    address = _address(arguments.text("network"), arguments.text("address"))
    if arguments.flag("prompt") and not terminal.has_terminal():
        raise Failure("keyservice: --prompt needs a terminal to ask on")

    def started(listening: str) -> None:
        if arguments.flag("verbose"):
            talk.log("KEYSERVICE", "info", f"Listening on {listening}")
        if address.startswith("tcp:"):
            session.notice("anyone who reaches this port can use the keys of this machine")

    approve = _approval() if arguments.flag("prompt") else None
    server = KeyServer(session.ambient, approve, _log if arguments.flag("verbose") else None)
    try:
        answer_until_ended(address, server, started)
    except LeafsealError as error:
        raise Failure(str(error), 1, hint=error.hint) from error
    return 0


def _address(network: str, address: str) -> str:
    if network == "tcp":
        return f"tcp://{address}"
    if network == "unix":
        return f"unix://{os.path.abspath(address)}"
    raise Failure(f"listen {network}: unknown network {network}")


def _log(text: str) -> None:
    talk.log("KEYSERVICE", "info", text)


def _approval() -> Approve:
    asking = threading.Lock()

    def approve(verb: str, key: MasterKey) -> bool:
        question = f"Received {verb} request using {key.kind} {key}. Respond to request? (y/n):"
        with asking:
            while (answer := terminal.ask(question)) not in ("y", "n"):
                if answer is None:
                    return False
        return answer == "y"

    return approve
