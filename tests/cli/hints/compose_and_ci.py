"""Hints about what Docker Compose and the runners of CI services are given."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from leafseal.run import compose, github, unfit

from ...run.github_runner import on_a_runner
from .scenario import Scenario, Stage

_GOOD = "compose up --env-file=app.yaml --flatten=_ s"
_compose = partial(Scenario, "cli.compose")
_CI = "ci github app.yaml --flatten _"
_EXEC = "exec -e app.yaml --flatten _ --supervise -- true"
_step = partial(Scenario, "run.github", stage="at_machine")
_value = partial(Scenario, "run.unfit")


def _of_project(at: Stage) -> None:
    at.service.setattr(compose, "_environment_of_compose", dict)


def _of_shell(at: Stage) -> None:
    at.service.setattr(compose, "_environment_of_compose", lambda: dict(os.environ))


def _in_a_step(at: Stage) -> None:
    on_a_runner(Path(), at.service)


def _redirected(at: Stage) -> None:
    at.service.setattr(github, "_is_piped", lambda: False)


SCENARIOS = [
    _compose("use up, down or metadata", "compose start s", (_GOOD,)),
    _compose("put the name of the service last", _GOOD.removesuffix(" s"), (_GOOD,)),
    _compose("write env-file: FILE below options in the Compose file", "compose up s", (_GOOD,)),
    _compose("use {}", f"{_GOOD} --strict=yes", (f"{_GOOD} --only=db_port --strict=false",)),
    _compose("use {}", f"{_GOOD} --document=first", (f"{_GOOD} --document=0",)),
    _value(
        "encode these values, as base64 say",
        "compose up --env-file=a.env s",
        ("! printf 'A=/w==\\n' > a.env", "encrypt -i --age ME a.env", "compose up --env-file=a.env s"),
        {"a.env": "A=\udcff\n"},
        before=("encrypt -i --age ME a.env",),
    ),
    _value(
        'give the program a file: "leafseal render --to DIR --file NAME=FILE:PATH"',
        lambda _: unfit.refuse_unfit({"A": b"x" * 140_000}),
        ("render --to out --allow-disk --file A=app.yaml:/db/password",),
    ),
    Scenario(
        "run.compose",
        "delete them from .env, and export them in your shell",
        _GOOD,
        (_of_shell, _GOOD),
        before=(_of_project,),
        stage="at_machine",
    ),
    Scenario(
        "cli.ci",
        "use only one of them",
        f"{_CI} --mask-only --to output",
        (f"{_CI} --mask-only", f"{_CI} --to output"),
        before=(_in_a_step,),
        stage="at_machine",
    ),
    _step('to use the values elsewhere, run "leafseal exec -e FILE -- PROGRAM"', _CI, (_EXEC,)),
    _step("do not redirect the output of this command", _CI, (_in_a_step, _CI), before=(_in_a_step, _redirected)),
    _step(
        "name the others after --only",
        "ci github a.env",
        ("ci github a.env --only B",),
        {"a.env": "A<=1\nB=2\n"},
        before=("encrypt -i --age ME a.env", _in_a_step),
    ),
    _step(
        "to set it anyway, add {}",
        "ci github a.env",
        ("ci github a.env --allow GITHUB_TOKEN",),
        {"a.env": "GITHUB_TOKEN=1\n"},
        before=("encrypt -i --age ME a.env", _in_a_step),
    ),
]
