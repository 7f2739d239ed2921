"""Every hint in the source, found in its syntax trees: by module and text, with `{}` for what is filled in.

A hint is what is given as `hint`, by name or by position, to any function or class that has such a parameter, and what
the names, functions and tables hold that are given so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import leafseal

SOURCE = Path(leafseal.__file__).parent

Hint = tuple[str, str]
"""A module below `leafseal`, and a text."""


Nodes = Sequence[ast.AST]
"""All nodes of a module."""

Values = Mapping[str, Sequence[ast.expr]]
"""What names are set to, and what functions return."""


@cache
def hints() -> dict[Hint, int]:
    """Return every hint, with the line that it is first on."""
    modules: dict[str, Nodes] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        modules[name] = list(ast.walk(ast.parse(path.read_text())))
    own = {name: _positions(nodes) for name, nodes in modules.items()}
    everywhere: dict[str, set[int]] = {}
    for positions in own.values():
        for called, places in positions.items():
            everywhere.setdefault(called, set()).update(places)
    found: dict[Hint, int] = {}
    for name, nodes in modules.items():
        values = _assigned(nodes)
        for node in _given(nodes, everywhere | own[name], values):
            for text in _texts(node, values):
                found.setdefault((name, text), node.lineno)
    return found


def _positions(nodes: Nodes) -> dict[str, set[int]]:
    """Return where a hint is among the positional arguments, by the name of what is called."""
    found: dict[str, set[int]] = {}
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                    _note(found, node.name, member)
            fields = [getattr(part.target, "id", "") for part in node.body if isinstance(part, ast.AnnAssign)]
            if "hint" in fields:
                found.setdefault(node.name, set()).add(fields.index("hint"))
        elif isinstance(node, ast.FunctionDef) and node.name != "__init__":
            found.setdefault(node.name, set())
            _note(found, node.name, node)
    return found


def _note(found: dict[str, set[int]], name: str, function: ast.FunctionDef) -> None:
    names = [argument.arg for argument in function.args.args]
    if "hint" in names:
        found.setdefault(name, set()).add(names.index("hint") - (names[0] in ("self", "cls")))


def _given(nodes: Nodes, places: dict[str, set[int]], values: Values) -> Iterator[ast.expr]:
    """Yield what is given as a hint, and what functions and tables of hints hold."""
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "hint")
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            yield from (node.args[place] for place in places.get(called, ()) if place < len(node.args))
        elif isinstance(node, ast.arguments):
            pairs = zip(reversed(node.args), reversed(node.defaults), strict=False)
            yield from (default for argument, default in pairs if argument.arg == "hint")
        elif isinstance(node, ast.FunctionDef) and "hint" in node.name:
            yield from (part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            if any(name.strip("_").lower() in ("hint", "hints") or name.endswith("_HINT") for name in names):
                yield node.value
            elif isinstance(node.value, ast.Dict) and any("FAILURES" in name for name in names):
                for value in node.value.values:
                    for pair in values.get(value.id, ()) if isinstance(value, ast.Name) else [value]:
                        if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                            yield pair.elts[1]
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
        ):
            for target, value in zip(node.targets[0].elts, node.value.elts, strict=True):
                if getattr(target, "id", "") == "hint":
                    yield value


def _assigned(nodes: Nodes) -> dict[str, list[ast.expr]]:
    """Return what each name of a module is set to, anywhere in it, and what each function returns."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found.setdefault(getattr(target, "id", ""), []).append(node.value)
        elif isinstance(node, ast.FunctionDef):
            returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
            found.setdefault(node.name, []).extend(returned)
    return found


def _texts(node: ast.expr, values: Values, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the texts that an expression can be."""
    parts: Sequence[ast.expr] = ()
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.BinOp):
        ends = product(_texts(node.left, values, seen), _texts(node.right, values, seen))
        yield from ("".join(pair) for pair in ends)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        parts = [node.func.value, *node.args[1:]]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        parts = [node.func]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp | ast.Dict):
        parts = node.values
    elif isinstance(node, ast.Name) and node.id not in seen:
        seen |= {node.id}
        parts = values.get(node.id, ())
    for part in parts:
        yield from _texts(part, values, seen)
