"""The policy: what the user, or the administrator of the machine, allows an encrypted file to ask for.

It is read from `$XDG_CONFIG_HOME/leafseal/policy.toml` and `/etc/leafseal/policy.toml`, never from a repository:
whoever can change a repository must not be able to change what is allowed. Where both files speak of a thing, the
stricter counts: of lists what both name, of numbers the higher, of switches the one that is on.

    min_threshold = 2
    no_disk_plaintext = true

    [plugins]
    allow = ["yubikey"]

Two kinds of lists. `endpoints`, `plugins` and the variables of `exec` are things that a file may not name at all by
itself: without a list none is allowed. `accounts`, `roles` and `recipients` are free until there is a list, which then
names all that are.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from leafseal.display import for_shell, visible
from leafseal.errors import ConfigError, ProviderError, RefusedError, system_text
from leafseal.keys import Ambient, MasterKey, Resolvable
from leafseal.system.directories import AnyPath, policy_file, system_policy_file

_MAX_BYTES = 2**20
_MAX_GROUPS = 255
_PORTS = {"http": 80, "https": 443}

Names = frozenset[str] | None
Fault = tuple[str, str]


class Policy(NamedTuple):
    """What is allowed. A list that is None was not given."""

    endpoints: Names = None
    accounts: Names = None
    roles: Names = None
    plugins: Names = None
    recipients: Names = None
    exec_names: Names = None
    min_threshold: int = 0
    no_disk_plaintext: bool = False
    require_structure: bool = False
    omit_structure: bool = False

    def allows_plugin(self, name: str) -> bool:
        """Tell whether an age plugin may be started that only a file names."""
        return self.plugins is not None and name in self.plugins

    def allows_endpoint(self, url: str) -> bool:
        """Tell whether a service may be asked, by scheme, host and port, that only a file names."""
        try:
            return self.endpoints is not None and origin(url) in self.endpoints
        except ValueError:
            return False

    def allows_account(self, name: str) -> bool:
        """Tell whether an account or project of a cloud may be used."""
        return self.accounts is None or name in self.accounts

    def allows_role(self, name: str) -> bool:
        """Tell whether a role may be assumed."""
        return self.roles is None or name in self.roles

    def allows_recipient(self, name: str) -> bool:
        """Tell whether a file may be encrypted for a master key, by what names it."""
        return self.recipients is None or name in self.recipients

    def and_also(self, other: Policy) -> Policy:
        """Return the stricter of both."""
        return Policy(
            endpoints=_stricter(self.endpoints, other.endpoints),
            accounts=_stricter(self.accounts, other.accounts),
            roles=_stricter(self.roles, other.roles),
            plugins=_stricter(self.plugins, other.plugins),
            recipients=_stricter(self.recipients, other.recipients),
            exec_names=_stricter(self.exec_names, other.exec_names),
            min_threshold=max(self.min_threshold, other.min_threshold),
            **{name: getattr(self, name) or getattr(other, name) for name in _SWITCHES},
        )


def policy_of(ambient: Ambient) -> Policy:
    """Return the policy that holds in these surroundings, read once. Raises `ConfigError`."""
    own = policy_file(ambient.environ, ambient.home_text)
    return ambient.once(Policy, lambda: load_policy(own, system_policy_file(ambient.environ)))


def check_groups(groups: Sequence[Sequence[MasterKey]], needed: int, ambient: Ambient) -> None:
    """Raise `RefusedError` where the policy wants other recipients, or more groups, than a file is to be given."""
    policy = policy_of(ambient)
    if needed < policy.min_threshold:
        raise RefusedError(
            f"{needed} of {len(groups)} key groups could decrypt the file; the policy requires {policy.min_threshold}",
            hint="name more key groups, and a shamir_threshold that is as high",
        )
    for key in (key for group in groups for key in group):
        if not any(policy.allows_recipient(name) for name in _called(key)):
            raise RefusedError(
                f"the policy does not allow to encrypt for {key.kind} {visible(str(key))}",
                hint=f"add it to your policy file: {line_for('recipients', str(key))}",
            )


def _called(key: MasterKey) -> set[str]:
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
    """Return what allows a name, as a line at the top of a policy file."""
    quoted = visible(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'{section}.allow = ["{quoted}"]'


def _refusal(message: str, section: str, name: str, key: str) -> ProviderError:
    hint = f"add it to your policy file: {line_for(section, name)}"
    return ProviderError(message, master_key=key, hint=hint)


def load_policy(*paths: AnyPath) -> Policy:
    """Read policy files, of which none has to exist. Raises `ConfigError` with every fault of the first bad one."""
    policy = Policy()
    for path in paths:
        data = _read(os.fspath(path))
        if data is not None:
            policy = policy.and_also(_parse(data, os.fspath(path)))
    return policy


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, as one spelling for all that mean the same. Raises `ValueError`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError("not the URL of a service") from None
    if not parts.hostname:
        raise ValueError("not the URL of a service")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _stricter(one: Names, other: Names) -> Names:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _read(path: str) -> bytes | None:
    """Return the content of a file, None where there is none."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"cannot be read: {system_text(error)}", file=path) from None
    if os.name != "nt" and mode & stat.S_IWOTH:
        raise ConfigError("everybody may write it", hint=f"chmod o-w {for_shell(path)}", file=path)
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"larger than {_MAX_BYTES // 2**20} MiB", file=path)
    return data


def _parse(data: bytes, path: str) -> Policy:
    import tomllib  # most people have no policy

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8, or nested too deeply"
        raise ConfigError.of([("", f"not TOML: {reason[:1].lower()}{reason[1:]}")], path) from None
    faults: list[Fault] = []
    fields: dict[str, Any] = {
        _FIELDS.get(name, name): _names(table.get(name), name, check, faults) for name, check in _LISTS.items()
    }
    fields |= {name: _switch(table.get(name, False), name, faults) for name in _SWITCHES}
    policy = Policy(min_threshold=_threshold(table.get("min_threshold", 0), faults), **fields)
    faults += _unknown(table, (*_LISTS, "min_threshold", *_SWITCHES), "")
    if faults:
        raise ConfigError.of(faults, path)
    return policy


def _names(section: Any, name: str, check: Callable[[str], str], faults: list[Fault]) -> Names:
    """Read `allow` of a section. What is no list of proper names is a fault."""
    if section is None:
        return None
    if not isinstance(section, dict):
        faults.append((name, f"not a section [{name}] with allow in it"))
        return None
    faults += _unknown(section, ("allow",), f"{name}.")
    listed = section.get("allow")
    if not isinstance(listed, list):
        faults.append((f"{name}.allow", "missing, or not a list"))
        return None
    return frozenset(_checked(listed, name, check, faults))


def _checked(listed: list[Any], name: str, check: Callable[[str], str], faults: list[Fault]) -> Iterable[str]:
    for number, item in enumerate(listed):
        try:
            yield check(item if isinstance(item, str) else "")
        except ValueError as error:
            faults.append((f"{name}.allow[{number}]", str(error)))


def _unknown(table: Mapping[str, Any], known: Iterable[str], prefix: str) -> list[Fault]:
    from difflib import get_close_matches  # for keys that are wrong

    faults: list[Fault] = []
    for key in table:
        if key not in (known := tuple(known)):
            near = get_close_matches(key, known, n=1)
            faults.append((f"{prefix}{key}", "unknown key" + (f": did you mean {near[0]}?" if near else "")))
    return faults


def _threshold(value: Any, faults: list[Fault]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_GROUPS:
        return value
    faults.append(("min_threshold", f"not a whole number from 0 to {_MAX_GROUPS}"))
    return 0


def _switch(value: Any, name: str, faults: list[Fault]) -> bool:
    if not isinstance(value, bool):
        faults.append((name, "neither true nor false"))
    return value is True


def _endpoint(text: str) -> str:
    found = origin(text)
    parts = urlsplit(text)
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("not scheme, host and port alone")
    return found


def _plugin(text: str) -> str:
    from leafseal.age.plugin import NAME  # only for a policy that lists plugins

    if not NAME.fullmatch(text):
        raise ValueError("not the name of a plugin, such as yubikey")
    return text


def _text(text: str) -> str:
    if not text or not text.isprintable() or text != text.strip():
        raise ValueError("not a name")
    return text


def _variable(text: str) -> str:
    if not text or "=" in text or "\0" in text:
        raise ValueError("not the name of a variable")
    return text


_LISTS: dict[str, Callable[[str], str]] = {
    "endpoints": _endpoint,
    "accounts": _text,
    "roles": _text,
    "plugins": _plugin,
    "recipients": _text,
    "exec": _variable,
}
"""The sections that are lists, and what their entries must be."""

_FIELDS = {"exec": "exec_names"}
"""Which field of `Policy` a section is, where it is not of that name."""

_SWITCHES = ("no_disk_plaintext", "require_structure", "omit_structure")
