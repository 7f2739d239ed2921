"""The protocol by which Docker Compose asks a provider for variables: JSON objects on standard output.

docs/extension.md and pkg/compose/plugins.go of docker/compose have it. Compose reads an object after the other, each
with `type` and `message`; anything else makes `up` fail. What goes to standard error is shown to nobody.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping

from leafseal.display import first_of
from leafseal.errors import RefusedError
from leafseal.run.unfit import refuse_unfit

INFO, ERROR = "info", "error"


def message(kind: str, text: str) -> bytes:
    """Return one message, in ASCII: Compose takes what is no UTF-8 for another character."""
    return json.dumps({"type": kind, "message": text}).encode("ascii") + b"\n"


def assignments(variables: Mapping[str, bytes], service_prefix: str) -> Iterator[bytes]:
    """Yield the messages that set variables in the services that depend on ours.

    With `service_prefix`, which all names begin with, Compose adds it itself: versions before 5.2.0 do that always.
    Raises `RefusedError` for values that no JSON, or no container, can contain.
    """
    refuse_unfit(variables)
    kind = "setenv" if service_prefix else "rawsetenv"
    for name, data in variables.items():
        yield message(kind, f"{name.removeprefix(service_prefix)}={data.decode()}")


def service_prefix(service: str) -> str:
    """Return what Compose puts before the names that a service's provider sets without `raw`."""
    return f"{service.upper()}_"


_OURS = re.compile(
    r"SOPS_.*|LEAFSEAL_.*|HOME|PATH|XDG_CONFIG_HOME|GNUPGHOME|CREDENTIALS_DIRECTORY|(?i:[A-Z]+_PROXY)"
    r"|SSL_CERT_.*|(?:REQUESTS|CURL|AWS)_CA_BUNDLE|GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
    r"|VAULT_(?:ADDR|AGENT_ADDR|PROXY_ADDR|SKIP_VERIFY|CACERT|CAPATH|TLS_SERVER_NAME)"
    r"|AWS_(?:ENDPOINT_URL.*|CONFIG_FILE|SHARED_CREDENTIALS_FILE|CONTAINER_.*|EC2_METADATA_.*)"
    r"|AZURE_(?:AUTHORITY_HOST|CONFIG_DIR)|(?:IDENTITY|MSI|IMDS)_ENDPOINT"
    r"|GOOGLE_(?:APPLICATION_CREDENTIALS|CREDENTIALS|EXTERNAL_ACCOUNT_.*|API_USE_.*|CLOUD_UNIVERSE_DOMAIN)"
    r"|CLOUDSDK_.*|GCE_METADATA_.*|HUAWEICLOUD_.*"
)
"""Variables that say which keys we use, what is started for them, and where tokens are sent."""


def refuse_of_project(environ: Mapping[str, str]) -> None:
    """Refuse variables that choose keys and services if Compose took them from the project, from its `.env` say.

    Compose gives a provider the project's environment: its own, and what the project's files add. Its own can be read
    on Linux, where `/proc` shows it; elsewhere nothing is refused. Raises `RefusedError`.
    """
    own = _environment_of_compose()
    if own is None:
        return
    added = [name for name, text in environ.items() if _OURS.fullmatch(name) and own.get(name) != text]
    if added:
        raise RefusedError(
            f"the project sets variables that choose keys or where they are sent: {first_of(added)}",
            hint="delete them from .env, and export them in your shell",
        )


def _environment_of_compose() -> dict[str, str] | None:
    """Return the environment that the process which started us began with, if that is Compose and can be seen."""
    above = f"/proc/{os.getppid()}"
    try:
        if os.path.basename(os.readlink(f"{above}/exe")) != "docker-compose":
            return None
        with open(f"{above}/environ", "rb") as file:
            entries = [entry.partition(b"=") for entry in file.read().split(b"\0") if entry]
    except OSError:
        return None
    return {os.fsdecode(name): os.fsdecode(text) for name, _, text in entries}
