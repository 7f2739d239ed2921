"""Hints on what programs pass to the library."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import leafseal
from leafseal import Limits, SealedFile, Selection
from leafseal.testing import throwaway_identity

from .scenario import Act, Scenario

_PLAIN = {"f.yaml": "a: 1\nbirthday: 0000-06-01T00:00:00Z\n"}
_SEALED = ("encrypt -i --age ME f.yaml",)
_OTHER = throwaway_identity()


def _load(path: Any, **options: Any) -> Act:
    return lambda _: leafseal.load(path, **options)


def _loads(data: Callable[[], Any]) -> Act:
    return lambda _: leafseal.loads(data(), format="yaml")


def _encrypt(data: Any = "a: x\n", **options: Any) -> Act:
    named = {"format": "yaml", "recipients": _OTHER.recipient, **options}
    return lambda _: leafseal.encrypt(data, **named)


def _set(value: Any, name: str = "f.yaml") -> Act:
    def act(_: object) -> None:
        file = SealedFile.open(name)
        file["a"] = value

    return act


def _get(path: str) -> Act:
    return lambda _: SealedFile.open("f.yaml")[path]


def _closed(_: object) -> None:
    with SealedFile.open("f.yaml") as file:
        pass
    file["a"]


def _open(_: object) -> None:
    with SealedFile.open("f.yaml") as file:
        file["a"]


def _scenario(
    module: str, hint: str, refused: Act, then: Act, plain: dict[str, str] = _PLAIN, before: tuple[str, ...] = _SEALED
) -> Scenario:
    return Scenario(f"api.{module}", hint, refused, (then,), files=plain, before=before)


_DOTENV = {"f.env": "a=1\n"}
_DOTENV_SEALED = ("encrypt -i --age ME f.env",)

SCENARIOS = [
    _scenario(
        "arguments",
        "for one file, use load",
        lambda _: leafseal.open_many("f.yaml"),  # type: ignore[arg-type]
        _load("f.yaml"),
    ),
    _scenario(
        "arguments",
        "look where the path comes from: a variable of the environment that is not set is None",
        _load(None),
        _load("f.yaml"),
    ),
    _scenario(
        "arguments",
        "pass ambient=me.ambient()",
        _load("f.yaml", ambient=_OTHER),
        lambda _: leafseal.load("f.yaml", ambient=_OTHER.ambient()),
        before=(f"encrypt -i --age {_OTHER.recipient} f.yaml",),
    ),
    _scenario(
        "arguments",
        "pass file.read()",
        _loads(lambda: io.BytesIO(Path("f.yaml").read_bytes())),
        _loads(lambda: io.BytesIO(Path("f.yaml").read_bytes()).read()),
    ),
    _scenario("arguments", "pass os.fsdecode(path)", _load(b"f.yaml"), _load(os.fsdecode(b"f.yaml"))),
    _scenario(
        "arguments",
        "pass path.read_bytes()",
        _loads(lambda: Path("f.yaml")),
        _loads(lambda: Path("f.yaml").read_bytes()),
    ),
    _scenario(
        "arguments",
        "pass the file's name, or its content to loads or decrypt",
        lambda _: leafseal.load(io.BytesIO(Path("f.yaml").read_bytes())),  # type: ignore[arg-type]
        _loads(lambda: Path("f.yaml").read_bytes()),
    ),
    _scenario(
        "arguments",
        'pass the text of a file: json.dumps(data), with format="json"',
        _encrypt({"a": 1}),
        _encrypt('{"a": 1}', format="json"),
    ),
    _scenario(
        "arguments",
        'read the file as bytes: open(path, "rb")',
        lambda _: _encrypt(Path("f.yaml").read_text("ascii", "surrogateescape"))(_),
        lambda _: _encrypt(Path("f.yaml").read_bytes())(_),
        plain={"f.yaml": "a: ä\n"},
        before=(),
    ),
    _scenario(
        "border",
        "if this is meant, raise the limit: pass limits=Limits({}=…)",
        _load("f.yaml", limits=Limits(file_bytes=9)),
        _load("f.yaml", limits=Limits(file_bytes=1 << 20)),
    ),
    _scenario(
        "border",
        "if this is meant, raise the limit: pass limits=Limits({}=…)",
        _load("f.yaml", limits=Limits(leaves=1)),
        _load("f.yaml", limits=Limits(leaves=9)),
        plain={"f.yaml": "a: 1\nb: 2\nc: 3\n"},
    ),
    _scenario("functions", "name a recipient: pass recipients=[…]", _encrypt(recipients=None, groups=[]), _encrypt()),
    _scenario(
        "functions",
        'pass Selection(encrypted_regex="…"), for instance',
        _encrypt(selection="^a$"),
        _encrypt(selection=Selection(encrypted_regex="^a$")),
    ),
    _scenario(
        "opening",
        "Python does not replace ~: pass Path(path).expanduser()",
        _load("~/f.yaml"),
        lambda _: leafseal.load(Path("~/f.yaml").expanduser()),
        before=(*_SEALED, "export HOME=HERE"),
    ),
    _scenario("opening", "check the path", lambda _: leafseal.load(os.path.abspath("g.yaml")), _load("f.yaml")),
    _scenario(
        "opening",
        "say which with document=N, from 0; SealedFile.documents gives all",
        _load("f.yaml"),
        _load("f.yaml", document=1),
        plain={"f.yaml": "a: 1\n---\nb: 1\n"},
        before=("encrypt -i --age ME --no-structure f.yaml",),
    ),
    _scenario(
        "opening",
        "the path starts in the current folder, {}; to start elsewhere, pass an absolute path",
        _load("g.yaml"),
        lambda _: leafseal.load(os.path.abspath("f.yaml")),
    ),
    _scenario("sealed_file", "the file has {}", _get("birthady"), _get("birthday")),
    _scenario("sealed_file", "use it inside of its with block", _closed, _open),
    _scenario(
        "values",
        "add one, such as value.replace(tzinfo=UTC)",
        _set(datetime(2026, 1, 1)),
        _set(datetime(2026, 1, 1).replace(tzinfo=UTC)),
    ),
    _scenario(
        "values",
        "convert it, such as with value.astimezone(UTC)",
        _set(datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=30)))),
        _set(datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=30))).astimezone(UTC)),
    ),
    _scenario("values", "convert them with str(name)", _set({1: "x"}), _set({str(1): "x"})),
    _scenario(
        "values",
        'pass timestamps="timestamp"',
        _load("f.yaml", timestamps="datetime"),
        _load("f.yaml", timestamps="timestamp"),
    ),
    _scenario(
        "values",
        "store it as text",
        _set(10**5000, "f.env"),
        _set("1" + "0" * 5000, "f.env"),
        plain=_DOTENV,
        before=_DOTENV_SEALED,
    ),
    _scenario(
        "values",
        "store it as text: str(value)",
        _set(Decimal("1e2000"), "f.env"),
        _set(str(Decimal("1e2000")), "f.env"),
        plain=_DOTENV,
        before=_DOTENV_SEALED,
    ),
    _scenario(
        "values",
        "use text, bytes, numbers, booleans, None, dates, dicts and lists; convert others, such as with str(value)",
        _set(Path("x")),
        _set(str(Path("x"))),
    ),
]
