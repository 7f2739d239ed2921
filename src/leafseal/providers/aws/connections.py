"""Connections to AWS KMS: made once for a region, a profile and a role, and used by all threads of a run.

botocore is imported by this module and by what it imports, and nowhere else.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore import credentials as chain
from botocore.exceptions import NoCredentialsError

from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.aws.errors import as_error
from leafseal.providers.aws.session import Access, AmbientSession
from leafseal.providers.network import Deadlines, deadlines, with_deadline


class Connection(NamedTuple):
    """A client, and where its credentials came from, None where none were found."""

    client: Any
    source: str | None


class _Role:
    """A provider of the credentials of a role, which those of another session assume; renewed when they run out."""

    METHOD = "assume-role"
    CANONICAL_NAME = None

    def __init__(self, source: AmbientSession, role: str, name: str) -> None:
        self._source = source
        self._role = role
        self._name = name

    def load(self) -> Any:
        """Return credentials that are asked for when they are needed."""
        own = self._source.get_credentials()
        if own is None:
            raise NoCredentialsError
        fetcher = chain.AssumeRoleCredentialFetcher(
            self._source.create_client, own, self._role, extra_args={"RoleSessionName": self._name}
        )
        return chain.DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)


def session_name(ambient: Ambient) -> str:
    """Return the name under which a role that a key names is assumed. The account of that role gets to see it.

    Under the name `sops` it is made as SOPS makes it (sops-format §4.1), and has the name of the machine.
    """
    if not ambient.names_host:
        return ambient.environ.get("AWS_ROLE_SESSION_NAME") or "leafseal"
    # The range from @ to _ is SOPS's own; hyphens fall victim to it.
    return ("sops@" + re.sub(r"[^a-zA-Z0-9=,.@-_]+", "", socket.gethostname()))[:64]


def _connect(ambient: Ambient, access: Access, deadlines: Deadlines) -> Connection:
    session = AmbientSession(ambient, access, deadlines)
    found = session.get_credentials()
    source = None if found is None else _source(found.method, session.get_config_variable("profile") or "default")
    if access.role and found is not None:
        assuming = AmbientSession(ambient, access, deadlines)
        provider = _Role(session, access.role, session_name(ambient))
        assuming.register_component("credential_provider", chain.CredentialResolver([provider]))
        session, source = assuming, f"role {access.role}, assumed with {source}"
    return Connection(session.create_client("kms", access.region), source)


_SOURCES = {
    "env": "AWS_ACCESS_KEY_ID",
    "assume-role": "the role of profile {}",
    "assume-role-with-web-identity": "a web identity",
    "sso": "SSO of profile {}",
    "shared-credentials-file": "profile {}",
    "login": "the login of profile {}",
    "custom-process": "credential_process of profile {}",
    "config-file": "profile {}",
    "container-role": "the container's role",
    "iam-role": "the instance's role",
}


def _source(method: str, profile: str) -> str:
    return _SOURCES.get(method, method).format(profile)


def ask(
    operation: str, arguments: Mapping[str, Any], ambient: Ambient, key: str, *, region: str, profile: str, role: str
) -> Any:
    """Call an operation of KMS, and return its answer. Raises `ProviderError` for `key`, in bounded time."""
    limits, access = deadlines(ambient), Access(region, profile, role)
    source: str | None = None

    def call() -> Any:
        nonlocal source
        connection = ambient.once((Connection, access), lambda: _connect(ambient, access, limits))
        source = connection.source
        return getattr(connection.client, operation.lower())(**arguments)

    try:
        return with_deadline(limits.total, call)
    except TimeoutError:
        failure = ProviderError.of(key, f"no answer within {limits.total:g} seconds", source)
    except Exception as error:  # helpers of botocore let through what they stumble over, such as KeyError
        failure = as_error(error, key, source, arguments.get("Plaintext"))
    raise failure from failure.__cause__  # out here: what was caught may hold a request, and is to be forgotten
