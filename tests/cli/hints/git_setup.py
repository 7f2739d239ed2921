"""Hints about repositories, and what is set up in them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

from leafseal.errors import LeafsealError
from leafseal.git.attributes import BEGIN

from .git import MARKED
from .scenario import Scenario, Stage

_repository = partial(Scenario, "git.repository")
_attributes = partial(Scenario, "git.attributes")
_SET_UP = "git setup"
_PROTECT = "git setup --protect"
_IN_GIT = ("! git init -q",)


def _add(stage: Stage, name: str = "db.yaml") -> None:
    """Add a file, for which Git runs the guard."""
    environ = {**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"}
    done = subprocess.run(["git", "add", name], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LeafsealError(done.stderr)


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
    Scenario(
        "git.wanted",
        "remove filter={} from the file's attributes, or leave out --protect",
        _PROTECT,
        (_SET_UP, {".gitattributes": ""}, _PROTECT),
        {".gitattributes": "*.yaml filter=lfs\n"},
        before=(*_IN_GIT, "! git -c filter.lfs.clean=cat add app.yaml"),
    ),
    Scenario(
        "cli.git.guarding",
        'encrypt it with "leafseal encrypt -i {}", then add it again',
        _add,
        ("encrypt -i db.yaml", _add),
        {"db.yaml": "password: correct-horse\n", ".sops.yaml": "creation_rules: [{path_regex: ^db, age: ME}]\n"},
        before=(*_IN_GIT, _PROTECT),
    ),
    Scenario(
        "cli.git.guarding",
        'mend it with "leafseal config check {}", then add the file again',
        _add,
        ({".sops.yaml": "creation_rules: [{path_regex: ^x, age: ME}]\n"}, "config check .sops.yaml", _add),
        {"db.yaml": "password: correct-horse\n", ".sops.yaml": "creation_rule: [{path_regex: ^x, age: ME}]\n"},
        before=(*_IN_GIT, _PROTECT),
    ),
    Scenario(
        "cli.git.guarding",
        'encrypt it with "leafseal repair --yes --encrypt {}", then add it again',
        _add,
        ("repair --yes --encrypt db.yaml", _add),
        {"db.yaml": "password: correct-horse\n", ".sops.yaml": "creation_rules: [{path_regex: ^db, age: ME}]\n"},
        before=(*_IN_GIT, "encrypt -i db.yaml", _PROTECT, "! echo 'extra: word' >> db.yaml"),
    ),
    Scenario(
        "cli.git.guarding",
        'decide the conflict with "leafseal resolve {}", then add it again',
        partial(_add, name="app.yaml"),
        ("resolve app.yaml", partial(_add, name="app.yaml")),
        before=(*_IN_GIT, "! git add app.yaml", _PROTECT, MARKED),
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
