"""The databases that sops's file names: `backends.postgres`, a list with a `connection_string` each."""

from __future__ import annotations

from typing import Any

from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.document.tree import build, to_python
from leafseal.errors import ConfigError, FormatError, InputError
from leafseal.formats import parse
from leafseal.keys.audit_settings import Log
from leafseal.system import directories
from leafseal.system.reading import read

_LIMITS = DEFAULT_LIMITS._replace(file_bytes=1 << 20)


def logs_of_sops() -> tuple[Log, ...]:
    """Return the databases of the file, which are all required; none without it. Raises `ConfigError`."""
    path = directories.SOPS_AUDIT_FILE
    try:
        data = read(path, _LIMITS).data
        if all(line.strip()[:1] in (b"", b"#") for line in data.splitlines()):
            return ()
        document = parse(data, "yaml")
    except FileNotFoundError:
        return ()
    except (InputError, FormatError) as error:
        raise ConfigError.of([("", error.message)], path) from None
    trees = build((leaf, leaf.value) for leaf in document.leaves())
    content: Any = to_python(trees[0]) if trees else {}
    backends = _part(content, "backends", dict, {})
    postgres = _part(backends, "postgres", list, [])
    return tuple(Log("postgres", _part(one, "connection_string", str, ""), place=path) for one in postgres)


def _part(content: Any, key: str, kind: type, without: Any) -> Any:
    value = content.get(key) if isinstance(content, dict) else without
    if value is None:
        return without
    if not isinstance(content, dict) or not isinstance(value, kind):
        raise ConfigError.of([(key, "not what sops's file for auditing has there")], directories.SOPS_AUDIT_FILE)
    return value
