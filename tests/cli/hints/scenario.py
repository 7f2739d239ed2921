"""What a table of hints has on each line: the command that is refused, and what its hint has the user do then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ELSEWHERE = -1

Step = str | Mapping[str, str]
"""A command line that must go well, or files that the user writes or (None) deletes."""


class Scenario(NamedTuple):
    """One hint, followed. `ME` and `OTHER` stand for recipients, in command lines and files."""

    module: str  # below `leafseal`
    hint: str  # as in the source, with `{}` for what is filled in
    refused: str
    then: tuple[Step, ...]
    files: Mapping[str, str] = {}  # there before; `app.yaml`, encrypted for ME, always is
    before: tuple[Step, ...] = ()
    environ: Mapping[str, str] = {}
    code: int = 0  # of the last step; `ELSEWHERE` where it fails too, of something else
