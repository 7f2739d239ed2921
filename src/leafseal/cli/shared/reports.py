"""What commands print with `--json`: one object, whose shape docs/json.md tells.

Every report has its name, the version of its shape, and `errors`. What stands in several reports is made here, so that
it looks the same in all of them.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from leafseal import errors as kinds
from leafseal.cli.shared.errors import ErrorsShown, hint_of
from leafseal.display import without_keys
from leafseal.document import Leaf, Locator
from leafseal.errors import ConfigError, DataKeyError, FormatError, IntegrityError, LeafsealError
from leafseal.keys import MasterKey
from leafseal.keys.short_names import NameOf, nameless
from leafseal.system import terminal

F = TypeVar("F", bound=Callable[..., Any])

VERSION = 1
"""Of every report. It grows when a field goes or means something else; new fields may come at any time."""

CODES: Mapping[type[LeafsealError], str] = {
    kinds.LeafsealError: "error",
    kinds.UnforeseenError: "internal-error",
    kinds.UsageError: "usage",
    kinds.InvalidValueError: "invalid-value",
    kinds.InputError: "cannot-read",
    kinds.MissingFileError: "missing-file",
    kinds.FormatError: "invalid-format",
    kinds.NotEncryptedError: "not-encrypted",
    kinds.AlreadyEncryptedError: "already-encrypted",
    kinds.ConfigError: "invalid-configuration",
    kinds.MetadataError: "invalid-metadata",
    kinds.PathError: "invalid-path",
    kinds.EmitError: "cannot-convert",
    kinds.IntegrityError: "changed-value",
    kinds.MACMismatchError: "mac-mismatch",
    kinds.StructureMismatchError: "structure-mismatch",
    kinds.DataKeyError: "no-matching-key",
    kinds.RefusedError: "refused",
    kinds.NothingSealedError: "nothing-to-encrypt",
    kinds.ConflictError: "changed-on-disk",
    kinds.WriteError: "cannot-write",
    kinds.AuditError: "audit-failed",
    kinds.EditorError: "editor-failed",
    kinds.CommandError: "command-not-started",
    kinds.ProviderError: "provider-failed",
    kinds.ProviderMissingError: "provider-missing",
}
"""The code of each kind of error. They never change; kinds that are derived from these have that of their base."""


def write(name: str, fields: Mapping[str, Any], errors: Iterable[LeafsealError] = ()) -> None:
    """Print a report: its own fields between its name and the errors, as one line of JSON."""
    _write(name, fields, [one for error in errors for one in error_objects(error)])


def _write(name: str, fields: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> None:
    whole = _as_text({"report": name, "version": VERSION, **fields, "errors": errors})
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
    text = text.replace("##", "#\\u0023")  # means the same, and is no command for the runner of a CI service
    terminal.write_result(text.encode() + b"\n")


def reporting(name: str, **empty: Any) -> Callable[[F], F]:
    """Have a command with `--json` print a report where an error ends it before it wrote one.

    `empty` are the report's own fields, without anything in them. It stands between the options and the function.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def reported(**values: Any) -> Any:
            if not values["as_json"]:
                return function(**values)
            try:
                return function(**values)
            except LeafsealError as error:
                write(name, empty, [error])
                raise
            except ErrorsShown as end:
                write(name, empty, end.errors)
                raise

        reported.__dict__[_EMPTY] = (name, empty)  # options that are declared on top of it keep it
        return reported  # type: ignore[return-value]

    return decorate


_EMPTY = "_leafseal_report"


def write_failure(function: Callable[..., Any], error: LeafsealError) -> None:
    """Print the report, if it has one, of a command whose command line is wrong."""
    if empty := function.__dict__.get(_EMPTY):
        name, fields = empty
        _write(name, fields, [{**one, "code": CODES[kinds.UsageError]} for one in error_objects(error)])


# -- what stands in several reports


def file_fields(name: str) -> dict[str, str]:
    """Return `file`, and the bytes of a name that is not UTF-8 as `file_bytes`, in base64."""
    return _name_fields("file", name)


def _name_fields(field: str, name: str) -> dict[str, str]:
    fields = {field: name}
    if any("\udc80" <= character <= "\udcff" for character in name):
        import base64

        fields[f"{field}_bytes"] = base64.b64encode(name.encode("utf-8", "surrogateescape")).decode()
    return fields


def place(locator: Locator, document: int = 0, *, is_comment: bool = False) -> dict[str, Any]:
    """Return where a value is; of a comment, where the mapping or list is that it is in."""
    return {"document": document, "pointer": pointer(locator), "is_comment": is_comment}


def place_of(leaf: Leaf) -> dict[str, Any]:
    """Return where a value or comment is."""
    return place(leaf.path if leaf.is_comment else leaf.locator, leaf.document, is_comment=leaf.is_comment)


def pointer(locator: Sequence[str | int]) -> str:
    """Return a locator as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in locator)


def recipient(key: MasterKey, group: int, name_of: NameOf = nameless) -> dict[str, Any]:
    """Return a recipient, its name in the configuration, and the number of its key group, from 0."""
    return {"kind": key.kind, "key": str(key), "name": name_of(key), "group": group}


def error_objects(error: LeafsealError) -> Iterator[dict[str, Any]]:
    """Yield an error as data; one of a configuration for every fault in it."""
    if isinstance(error, ConfigError) and error.faults:
        for location, message in error.faults:
            where = located(location)
            text = message if where or not location else f"{location}: {message}"
            yield _error(error, text, error.hints.get((location, message)), place=where)
    elif isinstance(error, DataKeyError):
        from leafseal.cli.shared.locked_out import told

        found = told(error)
        hint = found.about([error.file] if error.file else []).hint
        yield _error(error, found.message, hint, details=found.details)
    else:
        where = None
        if isinstance(error, IntegrityError) and error.locator:
            where = place(tuple(error.locator), error.document)
        yield _error(error, error.message, hint_of(error), place=where)


def _error(
    error: LeafsealError,
    message: str,
    hint: str | None,
    *,
    place: Mapping[str, Any] | None = None,
    details: Sequence[str] = (),
) -> dict[str, Any]:
    lines = (error.line, error.column) if isinstance(error, FormatError) else (None, None)
    return {
        "code": code_of(error),
        **({"file": None} if error.file is None else file_fields(error.file)),
        "place": place,
        "line": lines[0],
        "column": lines[1],
        "message": message,
        "details": list(details),
        "hint": hint,
    }


def code_of(error: LeafsealError) -> str:
    """Return the code of an error."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


_STEP = re.compile(r"(?:^|\.)([A-Za-z_][\w-]*)|\[(\d+)\]")


def located(location: str) -> dict[str, Any] | None:
    """Return the place of a fault in a configuration, such as `creation_rules[1].age`; None for other words."""
    steps: list[str | int] = []
    end = 0
    for match in _STEP.finditer(location):
        if match.start() != end:
            return None
        end = match.end()
        steps.append(match[1] if match[1] is not None else int(match[2]))
    return place(tuple(steps)) if steps and end == len(location) else None


def _as_text(node: Any) -> Any:
    """Return a report without private keys, and what is not text: each byte that is not UTF-8 becomes U+FFFD."""
    if isinstance(node, str):
        shown = without_keys(node)
        return shown if shown.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", shown)
    if isinstance(node, Mapping):
        return {_as_text(name): _as_text(value) for name, value in node.items()}
    return [*map(_as_text, node)] if isinstance(node, list | tuple) else node
