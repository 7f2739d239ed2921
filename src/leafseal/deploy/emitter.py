"""Manifests as YAML that Kubernetes' reader and every other read alike: all strings and keys in double quotes.

Kubernetes reads YAML 1.1, in which the value `y` is true, the key `n` is false, and `1e3` and `08` are numbers.
kustomize reads something between that and 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from leafseal.document.lazy_pattern import LazyPattern
from leafseal.errors import EmitError
from leafseal.formats.json.emitter import scalar_text
from leafseal.formats.json.strings import quote

_LONGEST_KEY = 1000  # characters; YAML readers look no further for the colon
# What JSON leaves as it is and readers of YAML refuse, or take for the end of a line.
_UNFIT = LazyPattern("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def emit(documents: Sequence[Mapping[str, object]]) -> bytes:
    """Return documents as a stream, `---` before each but the first. Raises `EmitError` for what JSON cannot contain.

    Their values are dicts, lists, text, numbers, truth values and None.
    """
    return "---\n".join("".join(f"{line}\n" for line in _lines(document, "", "")) for document in documents).encode()


def _lines(node: object, lead: str, pad: str) -> Iterator[str]:
    """Yield the lines of a mapping or list; `lead` begins the first of them, `pad` all others."""
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            head = f"{lead}{_key(key)}:"
            if _is_container(value):
                yield head
                yield from _lines(value, f"{pad}  ", f"{pad}  ")
            else:
                yield f"{head} {_scalar(value)}"
            lead = pad
    elif isinstance(node, list) and node:
        for member in node:
            if _is_container(member):
                yield from _lines(member, f"{lead}- ", f"{pad}  ")
            else:
                yield f"{lead}- {_scalar(member)}"
            lead = pad
    else:
        yield f"{lead}{_scalar(node)}"


def _is_container(value: object) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _key(key: str) -> str:
    if len(text := _quoted(key)) > _LONGEST_KEY:
        raise EmitError(f"a key name is longer than {_LONGEST_KEY} characters")
    return text


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if isinstance(value, float) and not isfinite(value):
        raise EmitError("a manifest cannot contain a number that is infinite or not a number")
    if value is None or isinstance(value, bool | int | float):
        return scalar_text(value)
    raise EmitError("a manifest cannot contain a text that is not UTF-8")


def _quoted(text: str) -> str:
    quoted = quote(text)
    if quoted.isascii() and "\x7f" not in quoted:
        return quoted
    return str(_UNFIT.sub(_escaped, quoted))


def _escaped(match: re.Match[str]) -> str:
    if "\ud800" <= match[0] <= "\udfff":
        raise EmitError("a manifest cannot contain a text that is not UTF-8")
    return f"\\u{ord(match[0]):04x}"
