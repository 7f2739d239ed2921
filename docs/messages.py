"""The messages of leafseal that have a hint, found in its source: what is said, and what to do about it.

A message is the first text that is given together with a hint to an error, or to what makes one. What is filled in
later is shown as `…`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from given_hints import GIVEN
from tests.cli.hints.source import hints

import leafseal
from leafseal import errors
from leafseal.cli.shared.reports import CODES

SOURCE = Path(leafseal.__file__).parent

FILLED = "…"
_MOST = 24  # texts that one expression can be


class Message(NamedTuple):
    """What is said in one place of the source, in all its forms, and what to do about it."""

    code: str
    """That of the error in reports."""

    module: str
    """Below `leafseal`."""

    texts: tuple[str, ...]
    cures: tuple[str, ...]


_KINDS = {kind.__name__: code for kind, code in CODES.items()}
_BY_PLACE = (
    ("config", "invalid-configuration"),
    ("providers.age", "no-matching-key"),
    ("keys.own", "no-matching-key"),
    ("providers", "provider-failed"),
    ("formats", "invalid-format"),
    ("operations.consent", "refused"),
    ("sops", "error"),
)
"""The codes of messages that are passed on before an error is made of them, by the beginning of the module."""


def messages() -> list[Message]:
    """Return every message that has a hint, in the order of the source; equal ones of a module once."""
    modules = {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(SOURCE.rglob("*.py"))
    }
    everywhere: dict[str, set[int]] = {}
    for tree in modules.values():
        for called, places in _positions(tree).items():
            everywhere.setdefault(called, set()).update(places)
    found: dict[Message, None] = {}
    for name, tree in modules.items():
        if not name.startswith(("cli.shared.suggestions", "testing")):
            own = {**everywhere, **_positions(tree)}
            found.update(dict.fromkeys(_of_module(name, tree, own)))
    found.update(dict.fromkeys(_given([cure for one in found for cure in one.cures])))
    return list(found)


def _given(told: Sequence[str]) -> Iterator[Message]:
    """Yield the hints that no text in the source stands beside, with the messages that `given_hints` has for them."""
    known = set(map(plain, told))
    unused = {(module, start) for module, rows in GIVEN.items() for start, _, _ in rows}
    cures: dict[tuple[str, str, str], list[str]] = {}
    for module, hint in hints():
        row = next((row for row in GIVEN.get(module, ()) if hint.startswith(row[0])), None)
        if row is not None and plain(hint) not in known:
            unused.discard((module, row[0]))
            cures.setdefault((module, *row[1:]), []).append(" ".join(filled_in(hint).split()))
    for (module, code, text), found in cures.items():
        yield Message(code, module, (text,), tuple(found))
    if unused:
        raise SystemExit(f"given_hints.py has more than the source: {sorted(unused)}")


def filled_in(hint: str) -> str:
    """Return a hint as pages show it: `{}` is a name or a number, but in braces and commands that a user types."""
    return re.sub(r"(?<!PROGRAM )(?<!contain is )(?<!`)\{\}(?! where)", FILLED, hint)


def plain(hint: str) -> str:
    """Return a hint without what pages add or leave out, so that two can be compared."""
    return re.sub(r"[`\"]", "", " ".join(hint.split())).replace("{}", FILLED).rstrip(".")


def _of_module(name: str, tree: ast.Module, places: Mapping[str, set[int]]) -> Iterator[Message]:
    values = _assigned(tree)
    makers = _makers(tree)
    by_place = next((code for start, code in _BY_PLACE if f"{name}.".startswith(f"{start}.")), "")
    for node in ast.walk(tree):
        for called, message, hint in _pairs(node, places):
            code = _KINDS.get(called) or makers.get(called) or by_place
            texts = tuple(dict.fromkeys(_shown(_texts(message, values))))
            cures = tuple(dict.fromkeys(_shown(_texts(hint, values))))
            cures = tuple(map(filled_in, cures))
            if code and texts and cures:
                yield Message(code, name, texts, cures)


def _pairs(node: ast.AST, places: Mapping[str, set[int]]) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """Yield what is called, the message and the hint; of tables of failures and answers, what they have of both."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
        target = _name(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            if target.endswith("FAILURES") and isinstance(value, ast.Tuple):
                yield "", value.elts[0], value.elts[1]
            elif target.endswith("_HINTS") and isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield "", ast.Constant(f"the service answered {key.value}"), value
    if not isinstance(node, ast.Call):
        return
    called = _name(node.func)
    if called == "of" and isinstance(node.func, ast.Attribute):
        called = _name(node.func.value)
    hint = next((keyword.value for keyword in node.keywords if keyword.arg == "hint"), None)
    if hint is None:
        hint = next((node.args[at] for at in places.get(called, ()) if at < len(node.args)), None)
    if hint is not None:
        message = next((arg for arg in node.args if arg is not hint and _is_text(arg)), None)
        if message is None:
            message = next((arg for arg in node.args if arg is not hint and _name(arg) in _MESSAGES), None)
        if called == "_Fault":  # before its message is what the parser says
            message = node.args[node.args.index(hint) - 1] if hint in node.args else message
        if message is not None:
            yield called, message, hint


_MESSAGES = ("message", "text", "what", "words", "reason")
"""How variables with messages are called."""


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " in node.value
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) or _is_text(node.orelse)
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr)


def _name(node: ast.expr) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _positions(tree: ast.AST) -> dict[str, set[int]]:
    """Return where a hint is among the positional arguments, by the name of what is called."""
    found: dict[str, set[int]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            fields = [_name(part.target) for part in node.body if isinstance(part, ast.AnnAssign)]
            if "hint" in fields:
                found.setdefault(node.name, set()).add(fields.index("hint"))
        elif isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls")]
            if "hint" in names:
                found.setdefault(node.name, set()).add(names.index("hint"))
    return found


def _makers(tree: ast.AST) -> dict[str, str]:
    """Return the codes of what functions make of a message, and of classes that are derived from errors."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            made = [_KINDS[_name(call.func)] for call in ast.walk(node) if _makes_error(call)]
            if made:
                found.setdefault(node.name, made[0])
        elif isinstance(node, ast.ClassDef):
            for base in map(_name, node.bases):
                if code := _KINDS.get(base) or found.get(base):  # which stands above it in the module
                    found[node.name] = code
    return found


def _makes_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) in _KINDS and hasattr(errors, _name(node.func))


def _assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what each name is set to, anywhere in a module, and what each function returns."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found.setdefault(_name(target), []).append(node.value)
        elif isinstance(node, ast.FunctionDef):
            returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
            found.setdefault(node.name, []).extend(returned)
    return found


def _texts(node: ast.expr, values: Mapping[str, Sequence[ast.expr]], seen: frozenset[str] = frozenset()) -> list[str]:
    """Return the texts that an expression can be; what is not known of it is `…`."""
    parts: Sequence[ast.expr]
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and node.value else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else FILLED for part in node.values)]
    if isinstance(node, ast.BinOp):
        left, right = _texts(node.left, values, seen) or [FILLED], _texts(node.right, values, seen) or [FILLED]
        return [a + b for a in left for b in right][:_MOST]
    if isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        parts = node.values
    elif isinstance(node, ast.Name) and node.id not in seen:
        seen, parts = seen | {node.id}, values.get(node.id, ())
    elif isinstance(node, ast.Attribute) and node.attr == "HINT":
        return [errors.MACMismatchError.HINT]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in seen:
        seen, parts = seen | {node.func.id}, values.get(node.func.id, ())
    else:
        parts = ()
    return [text for part in parts for text in _texts(part, values, seen)][:_MOST]


def _shown(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts that say something."""
    for text in texts:
        text = re.sub(r"\{\w+\}", FILLED, " ".join(text.split()))
        if any(len(word) > 2 and word.isalpha() for word in text.replace(FILLED, " ").split()):
            yield text
