"""The environment of a program that is started with secrets (sops-cli §4.10).

A file's writer must not decide which code runs on the machine that opens it, so names that change how programs are
found, loaded or configured are refused unless they are allowed by name. `names` has the list.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping

from leafseal.display import for_shell
from leafseal.document.frozen import NamedTuple
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.errors import LeafsealError, RefusedError
from leafseal.operations.unbound_names import is_identifier
from leafseal.run.names import PASS, REFUSE, verdict
from leafseal.system.environment import child_environment as without_identities

_CLOUD = LazyPattern(
    r"VAULT_TOKEN"
    r"|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|PROFILE|WEB_IDENTITY_TOKEN_FILE"
    r"|CONTAINER_CREDENTIALS_(?:RELATIVE|FULL)_URI|CONTAINER_AUTHORIZATION_TOKEN(?:_FILE)?)"
    r"|AZURE_(?:CLIENT_SECRET|CLIENT_CERTIFICATE_(?:PATH|PASSWORD)|USERNAME|PASSWORD|FEDERATED_TOKEN_FILE)"
    r"|GOOGLE_(?:APPLICATION_CREDENTIALS|CREDENTIALS|OAUTH_ACCESS_TOKEN)"
    r"|HUAWEICLOUD_SDK_(?:AK|SK|SECURITY_TOKEN|ID_TOKEN_FILE|CREDENTIALS_FILE)|HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"
)


class Account(NamedTuple):
    """A user of the system, whose rights a program is to run with."""

    name: str
    uid: int
    gid: int
    home: str


class Judged(NamedTuple):
    """Names that were looked up in `names`."""

    refused: list[str]
    warned: list[str]


def judge(names: Iterable[str]) -> Judged:
    """Return the names that are refused, and those that are warned of."""
    judged = Judged([], [])
    for name in names:
        found = verdict(name)
        if found != PASS:
            (judged.refused if found == REFUSE else judged.warned).append(name)
    return judged


def check_names(names: Iterable[str], allowed: Callable[[], Collection[str]], *, strict: bool = False) -> list[str]:
    """Return the names to warn of. Raise `RefusedError` with all that are refused, and the options that admit them.

    With `strict`, none is left to warn of, and names that no shell can use as a variable are refused as well. What is
    `allowed` is asked for only where something would be refused or warned of.
    """
    names = list(names)
    refused, warned = judge(names)
    odd = [name for name in names if not is_identifier(name)] if strict else []
    if not (refused or warned or odd):
        return []
    admitted = allowed()
    harmful = [name for name in (*refused, *(warned if strict else ())) if name not in admitted]
    odd = [name for name in odd if name not in admitted and name not in harmful]
    if harmful or odd:
        parts = [(harmful, "changes how programs run or where they connect"), (odd, "cannot be a variable of a shell")]
        raise RefusedError(
            "; ".join(f"{what}: {', '.join(some)}" for some, what in parts if some),
            hint=f"to set it anyway, add {allow_options((*harmful, *odd))}",
        )
    return [name for name in warned if name not in admitted]


def allow_options(names: Iterable[str]) -> str:
    """Return the options that admit names, for a shell."""
    return " ".join(f"--allow {for_shell(name)}" for name in names)


def child_environment(
    secrets: Mapping[str, bytes],
    inherited: Mapping[str, str],
    *,
    pristine: bool = False,
    account: Account | None = None,
    scrub_cloud: bool = False,
    keep: Collection[str] | None = (),
) -> dict[bytes, bytes]:
    """Return the whole environment of the program: what is inherited, then the account's, then the secrets.

    Identities, where they are found, and our own variables are left out unless `keep` names them; None keeps all, as
    SOPS does. `scrub_cloud` leaves out the credentials of clouds and of Vault too.
    """
    result: dict[bytes, bytes] = {}
    if not pristine:
        shown = inherited if keep is None else without_identities(inherited)
        for name, text in inherited.items():
            # No program can be given an entry without a name, which this process may have got.
            if name and not _is_left_out(name, shown, keep) and not (scrub_cloud and _CLOUD.fullmatch(name)):
                result[os.fsencode(name)] = os.fsencode(text)
    if account is not None:
        for name, text in (("HOME", account.home), ("USER", account.name), ("LOGNAME", account.name)):
            result[os.fsencode(name)] = os.fsencode(text)
    result.update((name.encode("utf-8", "surrogateescape"), data) for name, data in secrets.items())
    return result


def _is_left_out(name: str, shown: Mapping[str, str], keep: Collection[str] | None) -> bool:
    return keep is not None and name not in keep and (name not in shown or name.startswith("SOPS_AGE_KEY"))


def find_account(name: str) -> Account:
    """Return the account of that name. Raises `LeafsealError` where there is none."""
    try:
        import pwd
    except ImportError:
        raise LeafsealError("running as another user is not possible on this system") from None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise LeafsealError(f"unknown user {name}") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
