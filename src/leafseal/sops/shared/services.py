"""Who wraps and unwraps data keys: this process, then the key services that options name (sops-cli §2.3, KS)."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Iterator, Mapping

from leafseal.errors import UsageError
from leafseal.keys import Ambient, KeyService
from leafseal.sops.shared import talk
from leafseal.sops.syntax.grammar import Arguments
from leafseal.system.directories import policy_file, system_policy_file

_VAULTS = "SOPS_HC_VAULT_ALLOWLIST"


def is_local(arguments: Arguments) -> bool:
    """Tell whether the providers of this process are asked."""
    return arguments.flag("enable-local-keyservice")


def elsewhere(arguments: Arguments) -> tuple[KeyService, ...]:
    """Return the services that are asked after the providers; what is no address is warned of and left out."""
    addresses = arguments.many("keyservice")
    return tuple(_services(addresses)) if addresses else ()


def environment(ambient: Ambient) -> Mapping[str, str]:
    """Return the environment of providers: without a list of Vault servers, or a policy, all are asked, as in sops."""
    listed = ambient.environ.get(_VAULTS, "").strip()
    policies = policy_file(ambient.environ, ambient.home_text), system_policy_file(ambient.environ)
    if listed or any(map(os.path.exists, policies)):
        return ambient.environ
    return ChainMap({_VAULTS: "all"}, ambient.environ)  # type: ignore[arg-type]


def _services(addresses: list[str]) -> Iterator[KeyService]:
    from leafseal.keyservice.client import RemoteService  # hardly anybody names one

    for address in addresses:
        try:
            yield RemoteService(address)
        except UsageError:
            talk.warn("CMD", "Error parsing URI for keyservice, skipping", uri=_shown(address))


def _shown(address: str) -> str:
    """Return an address as a warning may repeat it: what has no scheme, or a user, may be or hold a secret."""
    return address if "://" in address and "@" not in address else "(hidden)"
