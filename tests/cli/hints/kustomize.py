"""Hints of the generator for kustomize."""

from __future__ import annotations

from functools import partial

from leafseal.system import terminal

from .scenario import Scenario, Stage

_RUN = "krm generator.yaml"
_HEAD = "apiVersion: leafseal/v1alpha1\nkind: SecretGenerator\nmetadata: {name: x}\n"
_SECRET = "secretFrom: [{metadata: {name: x}, files: [app.yaml]}]\n"
_GOOD = {"generator.yaml": _HEAD + _SECRET}

_configuration = partial(Scenario, "deploy.krm.configuration")


def _at_terminal(at: Stage) -> None:
    at.service.setattr(terminal, "is_stdin", lambda: True)


SCENARIOS = [
    _configuration(
        "write apiVersion: {} and kind: {}; viaduct.ai/v1 and ksops are read too",
        _RUN,
        (
            _GOOD,
            _RUN,
            {"generator.yaml": "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: x}\n" + _SECRET},
            _RUN,
        ),
        {"generator.yaml": "apiVersion: v1\nkind: SecretGenerator\nmetadata: {name: x}\n" + _SECRET},
    ),
    _configuration(
        'write "files: [FILE]" with encrypted manifests, or secretFrom', _RUN, (_GOOD, _RUN), {"generator.yaml": _HEAD}
    ),
    Scenario(
        "deploy.krm.protocol",
        "list it under generators:, not transformers:",
        "krm list.yaml",
        ({"list.yaml": _HEAD + _SECRET}, "krm list.yaml"),
        {"list.yaml": "kind: ResourceList\napiVersion: v1\nitems: [{apiVersion: v1, kind: ConfigMap}]\n"},
    ),
    Scenario(
        "cli.krm",
        "move it below the kustomization, or set {} to the folder that both are in",
        _RUN,
        ("export LEAFSEAL_KRM_ROOT=HERE/..", _RUN, "export LEAFSEAL_KRM_ROOT=", _GOOD, _RUN),
        {"generator.yaml": _HEAD + _SECRET.replace("app.yaml", "../app.yaml")},
        before=("! cp app.yaml ..",),
    ),
    Scenario(
        "cli.krm",
        'kustomize starts this; to try it, run "leafseal krm CONFIG"',
        "krm",
        (_RUN,),
        _GOOD,
        before=(_at_terminal,),
        stage="at_machine",
    ),
    Scenario(
        "run.dialects.godotenv",
        "put the value in single quotes, or set the variable on a line before",
        _RUN,
        (
            "! rm a.env; printf \"A='x$HOME'\\n\" > a.env",
            "encrypt -i --age ME a.env",
            _RUN,
            "! rm a.env; printf 'HOME=y\\nA=x$HOME\\n' > a.env",
            "encrypt -i --age ME a.env",
            _RUN,
        ),
        {
            "generator.yaml": _HEAD + "secretFrom: [{metadata: {name: x}, envs: [a.env], envStyle: dotenv}]\n",
        },
        before=("! printf 'A=x$HOME\\n' > a.env", "encrypt -i --age ME a.env"),
    ),
]
