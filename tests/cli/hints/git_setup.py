"""Hints about repositories, and what is set up in them."""

from __future__ import annotations

import os
from functools import partial

from leafseal.git.attributes import BEGIN

from .scenario import Scenario

_repository = partial(Scenario, "git.repository")
_attributes = partial(Scenario, "git.attributes")
_SET_UP = "git setup"
_IN_GIT = ("! git init -q",)

SCENARIOS = [
    _repository(
        'change to a folder of one, or create one with "git init"',
        _SET_UP,
        (*_IN_GIT, _SET_UP),
        before=("! rmdir .git",),
    ),
    _repository(
        'change to a checkout of it; "git clone" creates one',
        _SET_UP,
        ("! git clone -q . checkout 2>/dev/null", lambda _stage: os.chdir("checkout"), _SET_UP),
        before=("! rmdir .git && git init -q --bare .",),
    ),
    _attributes(
        "replace the link by the file that it leads to",
        _SET_UP,
        ("! rm .gitattributes && mv other .gitattributes", _SET_UP),
        {"other": "*.txt text\n"},
        before=(*_IN_GIT, "! ln -s other .gitattributes"),
    ),
    _attributes(
        'delete these comments, and what is between them: "{}" and "{}"',
        _SET_UP,
        ({".gitattributes": "*.txt text\n"}, _SET_UP),
        {".gitattributes": f"*.txt text\n{BEGIN}\n*.yaml diff=leafseal\n"},
        before=_IN_GIT,
    ),
]
