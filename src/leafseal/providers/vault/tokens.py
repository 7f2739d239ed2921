"""Where a token for Vault comes from: a variable, the file that `vault login` writes, or a login of our own.

`VAULT_TOKEN` and `~/.vault-token` are what sops and Vault's own client use. Two logins are an addition: AppRole with
`VAULT_ROLE_ID` and `VAULT_SECRET_ID` (or `VAULT_SECRET_ID_FILE`) at `VAULT_APPROLE_MOUNT` (`approle`), and a Kubernetes
service account with `VAULT_KUBERNETES_ROLE` at `VAULT_KUBERNETES_MOUNT` (`kubernetes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leafseal.errors import ProviderError, system_text
from leafseal.keys import Ambient

Login = Callable[[str, Mapping[str, str]], str]
"""Sends a login's content to a path and returns the token."""

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and where it came from."""

    text: str = field(repr=False)
    source: str


def find(ambient: Ambient, login: Login, key: str) -> Token:
    """Return the user's token, the first that there is. Raises `ProviderError`."""
    environ = ambient.environ
    if token := environ.get("VAULT_TOKEN", "").strip():
        return Token(_checked(token, "VAULT_TOKEN", key), "VAULT_TOKEN")
    if environ.get("VAULT_ROLE_ID"):
        return Token(login(*_approle(environ, key)), "an AppRole login")
    if environ.get("VAULT_KUBERNETES_ROLE"):
        return Token(login(*_kubernetes(environ, key)), "a Kubernetes login")
    path = ambient.home / ".vault-token"
    if path.exists():
        return Token(_checked(_read(path, str(path), key), str(path), key), str(path))
    raise ProviderError(
        "there is no token for Vault: VAULT_TOKEN is not set, and there is no ~/.vault-token",
        master_key=key,
        hint='"vault login" gets one; VAULT_ROLE_ID with VAULT_SECRET_ID, or VAULT_KUBERNETES_ROLE, logs in',
    )


def _approle(environ: Mapping[str, str], key: str) -> tuple[str, dict[str, str]]:
    content = {"role_id": environ["VAULT_ROLE_ID"]}
    if secret := environ.get("VAULT_SECRET_ID"):
        content["secret_id"] = secret
    elif path := environ.get("VAULT_SECRET_ID_FILE"):
        content["secret_id"] = _read(Path(path), "VAULT_SECRET_ID_FILE", key)
    return f"auth/{_mount(environ, 'VAULT_APPROLE_MOUNT', 'approle')}/login", content


def _kubernetes(environ: Mapping[str, str], key: str) -> tuple[str, dict[str, str]]:
    variable = "VAULT_KUBERNETES_TOKEN_FILE"
    named = environ.get(variable)
    jwt = _read(Path(named or _SERVICE_ACCOUNT), variable if named else _SERVICE_ACCOUNT, key)
    content = {"role": environ["VAULT_KUBERNETES_ROLE"], "jwt": jwt}
    return f"auth/{_mount(environ, 'VAULT_KUBERNETES_MOUNT', 'kubernetes')}/login", content


def _mount(environ: Mapping[str, str], variable: str, default: str) -> str:
    return (environ.get(variable) or default).strip("/")


def _read(path: Path, source: str, key: str) -> str:
    """Return what is in a file. Messages name the variable, not what it holds: that may be the secret itself."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise ProviderError(f"{source}: too large for a token", master_key=key)
        return data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise ProviderError(f"{source}: not a token", master_key=key) from None
    except OSError as error:
        raise ProviderError(f"{source}: {system_text(error)}", master_key=key) from None


def _checked(token: str, source: str, key: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ProviderError(f"{source}: not a token", master_key=key)
    return token
