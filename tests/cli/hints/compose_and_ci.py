"""Hints about what Docker Compose and the runners of CI services are given."""

from __future__ import annotations

import os
from functools import partial

from leafseal.run import compose

from .scenario import Scenario, Stage

_GOOD = "compose up --env-file=app.yaml --flatten=_ s"
_compose = partial(Scenario, "cli.compose")
_protocol = partial(Scenario, "run.compose")


def _of_project(at: Stage) -> None:
    at.service.setattr(compose, "_environment_of_compose", dict)


def _of_shell(at: Stage) -> None:
    at.service.setattr(compose, "_environment_of_compose", lambda: dict(os.environ))


SCENARIOS = [
    _compose("use up, down or metadata", "compose start s", (_GOOD,)),
    _compose("put the name of the service last", _GOOD.removesuffix(" s"), (_GOOD,)),
    _compose("write env-file: FILE below options in the Compose file", "compose up s", (_GOOD,)),
    _compose("use {}", f"{_GOOD} --strict=yes", (f"{_GOOD} --only=db_port --strict=false",)),
    _compose("use {}", f"{_GOOD} --document=first", (f"{_GOOD} --document=0",)),
    _protocol(
        "encode these values, as base64 say",
        "compose up --env-file=a.env s",
        ("! printf 'A=/w==\\n' > a.env", "encrypt -i --age ME a.env", "compose up --env-file=a.env s"),
        {"a.env": "A=\udcff\n"},
        before=("encrypt -i --age ME a.env",),
    ),
    _protocol(
        'give the program a file: "leafseal render --to DIR --file NAME=FILE:PATH"',
        lambda _: compose.refuse_unfit({"A": b"x" * 140_000}),
        ("render --to out --allow-disk --file A=app.yaml:/db/password",),
    ),
    _protocol(
        "delete them from .env, and export them in your shell",
        _GOOD,
        (_of_shell, _GOOD),
        before=(_of_project,),
        stage="at_machine",
    ),
]
