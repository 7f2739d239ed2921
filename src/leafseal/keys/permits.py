"""What the user's policy says of master keys: whom a file may be encrypted for, and which accounts may be used."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.display import visible
from leafseal.errors import ProviderError, RefusedError
from leafseal.keys import Ambient, MasterKey, Resolvable
from leafseal.keys.policy import policy_of


def check_groups(groups: Sequence[Sequence[MasterKey]], needed: int, ambient: Ambient) -> None:
    """Raise `RefusedError` where the policy wants other recipients, or more groups, than a file is to be given."""
    policy = policy_of(ambient)
    if needed < policy.min_threshold:
        raise RefusedError(
            f"{needed} of {len(groups)} key groups would open the file, and the policy wants {policy.min_threshold}",
            hint="name more key groups, and a shamir_threshold that is as high",
        )
    for key in (key for group in groups for key in group):
        if not any(policy.allows_recipient(name) for name in _names(key)):
            raise RefusedError(
                f"the policy does not allow to encrypt for {key.kind} {visible(str(key))}",
                hint=f"add it to your policy file: {line_for('recipients', str(key))}",
            )


def _names(key: MasterKey) -> set[str]:
    return {str(key), str(key.general) if isinstance(key, Resolvable) else str(key)}


def check_account(account: str, ambient: Ambient, key: str) -> None:
    """Raise `ProviderError` where the policy lists accounts or projects, and this is none of them."""
    if not policy_of(ambient).allows_account(account):
        raise _refusal(f"the policy does not allow the account {visible(account)}", "accounts", account, key)


def check_role(role: str, ambient: Ambient, key: str) -> None:
    """Raise `ProviderError` where the policy lists roles, and this is none of them."""
    if not policy_of(ambient).allows_role(role):
        raise _refusal(f"the policy does not allow the role {visible(role)}", "roles", role, key)


def line_for(section: str, name: str) -> str:
    """Return what allows a name, as it stands in a policy file."""
    quoted = visible(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'[{section}] allow = ["{quoted}"]'


def _refusal(message: str, section: str, name: str, key: str) -> ProviderError:
    hint = f"add it to your policy file: {line_for(section, name)}"
    return ProviderError(message, master_key=key, hint=hint)
