"""The policy: what the user, or the administrator of the machine, allows an encrypted file to ask for.

It is read from `$XDG_CONFIG_HOME/leafseal/policy.toml` and `/etc/leafseal/policy.toml`, never from a repository:
whoever can change a repository must not be able to change what is allowed. Where both files speak of a thing, the
stricter counts: of lists what both name, of numbers the higher, of switches the one that is on. Events go to the audit
logs of both.

    min_threshold = 2
    no_disk_plaintext = true

    [plugins]
    allow = ["yubikey"]
    [aws]
    roles = []

Two kinds of lists. `endpoints`, `plugins` and the variables of `exec` are things that a file may not name at all by
itself: without a list none is allowed. `recipients`, the plugins that a configuration names, and what a file may use of
a cloud are free until there is a list, which then names all that are.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from leafseal.display import for_shell, visible
from leafseal.document.frozen import NamedTuple
from leafseal.errors import ConfigError, ProviderError, RefusedError, system_text
from leafseal.keys import Ambient, MasterKey, Resolvable
from leafseal.keys.audit_settings import KEYS as AUDIT_KEYS
from leafseal.keys.audit_settings import Audit, Fault, Log, parse_audit, switch
from leafseal.system.directories import AnyPath, policy_file, system_policy_file

_MAX_BYTES = 2**20
_MAX_GROUPS = 255
_MAX_DOTS = 100  # in a key
_PORTS = {"http": 80, "https": 443}

Names = frozenset[str] | None


class Policy(NamedTuple):
    """What is allowed. A list that is None was not given."""

    endpoints: Names = None
    plugins: Names = None
    recipients: Names = None
    exec_names: Names = None
    aws_accounts: Names = None
    aws_roles: Names = None
    aws_profiles: Names = None
    gcp_projects: Names = None
    azure_vaults: Names = None
    huawei_projects: Names = None
    min_threshold: int = 0
    no_disk_plaintext: bool = False
    require_structure: bool = False
    omit_structure: bool = False
    guards: str | None = None
    audit: tuple[Log, ...] = ()
    require_reason: bool = False

    def allows_endpoint(self, url: str) -> bool:
        """Tell whether a service may be asked, by scheme, host and port, that only a file names."""
        try:
            return self.endpoints is not None and origin(url) in self.endpoints
        except ValueError:
            return False

    def allows_recipient(self, name: str) -> bool:
        """Tell whether a file may be encrypted for a master key, by what names it."""
        return self.recipients is None or name in self.recipients

    def and_also(self, other: Policy) -> Policy:
        """Return the stricter of both."""
        lists: dict[str, Any] = {
            one.field: _stricter(getattr(self, one.field), getattr(other, one.field)) for one in LISTS.values()
        }
        return Policy(
            min_threshold=max(self.min_threshold, other.min_threshold),
            guards=self.guards or other.guards,
            audit=(*self.audit, *(log for log in other.audit if log not in self.audit)),
            require_reason=self.require_reason or other.require_reason,
            **{name: getattr(self, name) or getattr(other, name) for name in SWITCHES},
            **lists,
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
                hint=_hint_to_add("recipients.allow", str(key)),
            )


def _called(key: MasterKey) -> set[str]:
    return {str(key), str(key.general) if isinstance(key, Resolvable) else str(key)}


def check_use(place: str, name: str, ambient: Ambient, key: str) -> None:
    """Raise `ProviderError` where the policy has that list of accounts, roles and the like, and this is not in it."""
    listed = LISTS[place]
    names: Names = getattr(policy_of(ambient), listed.field)
    if names is not None and name not in names:
        message = f"the policy does not allow the {listed.what} {visible(name)}"
        raise ProviderError(message, master_key=key, hint=_hint_to_add(place, name))


def line_for(place: str, name: str) -> str:
    """Return what allows a name, as a line at the top of a policy file that has no such list."""
    return f"{place} = [{_quoted(name)}]"


def _hint_to_add(place: str, name: str) -> str:
    return f'add {_quoted(name)} to {place} in the policy; "leafseal policy show" names its file'


def _quoted(name: str) -> str:
    escaped = visible(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def load_policy(*paths: AnyPath) -> Policy:
    """Read policy files, of which none has to exist. Raises `ConfigError` with every fault of the first bad one."""
    policy = Policy()
    for path in paths:
        found = read_policy(path)
        if found is not None:
            policy = policy.and_also(found)
    return policy


def read_policy(path: AnyPath) -> Policy | None:
    """Read one policy file; None where there is none. Raises `ConfigError` with every fault of it."""
    data = _read(os.fspath(path))
    return None if data is None else parse_policy(data, os.fspath(path))


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, as one spelling for all that mean the same. Raises `ValueError`."""
    from urllib.parse import urlsplit  # whoever wraps has a policy looked for, and few name addresses

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
        with open(path, "rb", opener=_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigError("is a named pipe or a device, and no file", file=path)
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):  # of a volume that is not mounted, say: what it wants must not be forgotten
            raise ConfigError("is a link to nothing", file=path) from None
        return None
    except OSError as error:
        raise ConfigError(f"cannot be read: {system_text(error)}", file=path) from None
    if os.name != "nt" and mode & stat.S_IWOTH:
        raise ConfigError("everybody may write it", hint=f"chmod o-w {for_shell(path)}", file=path)
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"larger than {_MAX_BYTES // 2**20} MiB", file=path)
    return data


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a named pipe too, for which nobody may ever write."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parse_policy(data: bytes, path: str) -> Policy:
    """Read the content of a policy file. Raises `ConfigError` with every fault of it."""
    import tomllib  # most people have no policy

    if any(line.partition(b"=")[0].count(b".") > _MAX_DOTS for line in data.splitlines()):
        raise ConfigError.of([("", f"a key of more than {_MAX_DOTS} parts")], path)  # they cost memory by the square
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8, or nested too deeply"
        raise ConfigError.of([("", f"not TOML: {reason[:1].lower()}{reason[1:]}")], path) from None
    faults: list[Fault] = []
    fields: dict[str, Any] = {}
    for section in _SECTIONS:
        if section in table:
            fields |= _section(table[section], section, faults)
    fields |= {name: switch(table.get(name, False), name, faults) for name in SWITCHES}
    fields["guards"] = _guards(table.get("guards"), faults)
    audit = parse_audit(table["audit"], faults) if "audit" in table else Audit()
    fields |= {"audit": audit.logs, "require_reason": audit.require_reason}
    policy = Policy(min_threshold=_threshold(table.get("min_threshold", 0), faults), **fields)
    faults += _unknown(table, (*_SECTIONS, "audit", "min_threshold", "guards", *SWITCHES), "")
    if isinstance(table.get("audit"), dict):
        faults += _unknown(table["audit"], AUDIT_KEYS, "audit.")
    if faults:
        raise ConfigError.of(faults, path)
    return policy


def _section(content: Any, section: str, faults: list[Fault]) -> dict[str, Names]:
    """Read the lists of a section. What is no list of proper names is a fault."""
    lists = {place.partition(".")[2]: one for place, one in LISTS.items() if place.startswith(f"{section}.")}
    if not isinstance(content, dict):
        faults.append((section, f"not a section [{section}] with {' or '.join(lists)} in it"))
        return {}
    faults += _unknown(content, lists, f"{section}.")
    fields: dict[str, Names] = {}
    for key, one in lists.items():
        place, listed = f"{section}.{key}", content.get(key)
        if isinstance(listed, list):
            fields[one.field] = frozenset(_checked(listed, place, one.check, faults))
        elif key in content or list(lists) == ["allow"]:
            faults.append((place, "missing, or not a list"))
    return fields


def _checked(listed: list[Any], place: str, check: Callable[[str], str], faults: list[Fault]) -> Iterable[str]:
    for number, item in enumerate(listed):
        try:
            yield check(item if isinstance(item, str) else "")
        except ValueError as error:
            faults.append((f"{place}[{number}]", str(error)))


def _unknown(table: Mapping[str, Any], known: Iterable[str], prefix: str) -> list[Fault]:
    from difflib import get_close_matches  # for keys that are wrong

    faults: list[Fault] = []
    for key in table:
        if f"{prefix}{key}" in _MOVED:
            faults.append((f"{prefix}{key}", f"is now {_MOVED[key]}"))
        elif key not in (known := tuple(known)):
            near = get_close_matches(key, known, n=1)
            faults.append((f"{prefix}{key}", "unknown key" + (f": did you mean {near[0]}?" if near else "")))
    return faults


def _threshold(value: Any, faults: list[Fault]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_GROUPS:
        return value
    faults.append(("min_threshold", f"not a whole number from 0 to {_MAX_GROUPS}"))
    return 0


def _guards(value: Any, faults: list[Fault]) -> str | None:
    if value not in (None, EVERYWHERE):
        faults.append(("guards", f'not "{EVERYWHERE}"'))
        return None
    return EVERYWHERE if value else None


EVERYWHERE = "everywhere"
"""The one value of `guards`: they hold under the name of sops and in the library, too."""


def _endpoint(text: str) -> str:
    found = origin(text)
    from urllib.parse import urlsplit

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
    if not text or "=" in text or "\0" in text or "*" in text:
        raise ValueError("not the name of a variable")
    return text


class Listed(NamedTuple):
    """A list of the policy: its field, what its entries must be, and what messages call one of them."""

    field: str
    check: Callable[[str], str]
    what: str


LISTS: Mapping[str, Listed] = {
    "endpoints.allow": Listed("endpoints", _endpoint, "service"),
    "plugins.allow": Listed("plugins", _plugin, "plugin"),
    "recipients.allow": Listed("recipients", _text, "recipient"),
    "exec.allow": Listed("exec_names", _variable, "variable"),
    "aws.accounts": Listed("aws_accounts", _text, "AWS account"),
    "aws.roles": Listed("aws_roles", _text, "AWS role"),
    "aws.profiles": Listed("aws_profiles", _text, "AWS profile"),
    "gcp.projects": Listed("gcp_projects", _text, "Google Cloud project"),
    "azure.vaults": Listed("azure_vaults", _endpoint, "vault"),
    "huawei.projects": Listed("huawei_projects", _text, "Huawei Cloud project"),
}
"""All lists, by section and key."""

_SECTIONS = tuple(dict.fromkeys(place.partition(".")[0] for place in LISTS))

_MOVED = {"accounts": "aws.accounts and gcp.projects", "roles": "aws.roles"}
"""Sections of drafts of this file."""

SWITCHES = ("no_disk_plaintext", "require_structure", "omit_structure")
