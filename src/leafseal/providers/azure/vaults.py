"""Which vaults get a token: Microsoft's own, and those that the user's policy names.

Whoever can write a file can write a host into it. In Microsoft's domains nobody but Microsoft reads tokens.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from leafseal.display import visible
from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.keys.policy import check_use, line_for, origin, policy_of

AUTHORITIES = {
    "vault.azure.net": "login.microsoftonline.com",
    "managedhsm.azure.net": "login.microsoftonline.com",
    "vault.azure.cn": "login.chinacloudapi.cn",
    "managedhsm.azure.cn": "login.chinacloudapi.cn",
    "vault.usgovcloudapi.net": "login.microsoftonline.us",
    "managedhsm.usgovcloudapi.net": "login.microsoftonline.us",
    "vault.microsoftazure.de": "login.microsoftonline.de",
    "managedhsm.microsoftazure.de": "login.microsoftonline.de",
}
"""The domains of Microsoft's vaults, and who gives tokens for them."""

_HOST = re.compile(r"https://[0-9a-z-]{1,63}\.([0-9a-z.]+):443")


class Vault(NamedTuple):
    """A vault that may be asked, and which of Microsoft's domains it is in; "" for one that the policy names."""

    url: str
    domain: str


def check_vault(url: str, ambient: Ambient, key: str) -> Vault:
    """Return a vault that may be asked. Raises `ProviderError` for one that is neither Microsoft's nor allowed.

    The policy's `azure.vaults` narrows both.
    """
    try:
        wanted = origin(url)
    except ValueError:
        wanted = ""
    parts = urlsplit(url) if wanted else None
    if parts is None or parts.scheme != "https" or parts.path.strip("/") or parts.query or parts.fragment:
        raise ProviderError("the address of its vault is not https:// and a host alone", master_key=key)
    if re.search(r"[@\\\s{}]", url):
        raise ProviderError("the address of its vault is not https:// and a host alone", master_key=key)
    check_use("azure.vaults", wanted, ambient, key)
    match = _HOST.fullmatch(wanted)
    if match is not None and match[1] in AUTHORITIES:
        return Vault(wanted.removesuffix(":443"), match[1])
    if policy_of(ambient).allows_endpoint(wanted):
        return Vault(wanted.removesuffix(":443"), "")
    shown = visible(wanted)
    raise ProviderError(
        f"a token would be sent to {shown}, which isn't one of Microsoft's vaults",
        master_key=key,
        hint=f"if that is your vault, write into your policy file: {line_for('endpoints.allow', wanted)}",
    )
