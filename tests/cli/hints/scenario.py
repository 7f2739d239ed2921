"""What a table of hints has on each line: the command that is refused, and what its hint has the user do then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

ELSEWHERE = -1

Act = Callable[["Stage"], object]
"""What somebody does to the service that is asked: its administrator, or fate."""

Step = str | Mapping[str, str] | Act
"""A command line that must go well, files that the user writes, or what becomes of the service."""


class Scenario(NamedTuple):
    """One hint, followed. `ME` and `OTHER` stand for recipients, in command lines and files."""

    module: str  # below `leafseal`
    hint: str  # as in the source, with `{}` for what is filled in
    refused: str | Act
    then: tuple[Step, ...]
    files: Mapping[str, str] = {}  # there before; `app.yaml`, encrypted for ME, always is
    before: tuple[Step, ...] = ()
    environ: Mapping[str, str] = {}
    code: int = 0  # of the last step; `ELSEWHERE` where it fails too, of something else
    stage: str = ""  # the fixture with the service that is asked


class Stage(NamedTuple):
    """Who is asked: the variables of its users, the words that stand for its keys and places, and the service."""

    environ: Mapping[str, str]
    names: dict[str, str]
    service: Any
    before: Any = None  # the recorder in front of it
