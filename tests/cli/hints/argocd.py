"""Hints of the plugin for Argo CD."""

from __future__ import annotations

from functools import partial

from .scenario import Scenario, Step

_RUN = "argocd generate"
_rendering = partial(Scenario, "cli.argocd.rendering")


def _program(name: str, script: str = "echo a: 1") -> tuple[Step, ...]:
    """Put a program on PATH, and our generator beside it, which kustomize would start."""
    write = f"printf '#!/bin/sh\\n{script}\\n' > ../bin/{name}; cp ../bin/{name} ../bin/leafseal-krm; chmod +x ../bin/*"
    return (f"! mkdir -p ../bin; {write}", "export PATH=HERE/../bin:/usr/bin:/bin")


_CHART = {"Chart.yaml": "name: x\n"}
_NAMED = "export ARGOCD_ENV_VALUES_FILES=app.yaml"

SCENARIOS = [
    _rendering(
        'encrypt it with "leafseal encrypt -i FILE"',
        _RUN,
        ("encrypt -i db.yaml", _RUN),
        {
            "db.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {password: correct-horse}\n",
            ".sops.yaml": "creation_rules: [{encrypted_regex: ^(data|stringData)$, age: ME}]\n",
        },
        before=("! rm app.yaml",),
    ),
    _rendering(
        "set the parameter {}, or VALUES_FILES in the environment of the plugin",
        _RUN,
        (
            'export ARGOCD_APP_PARAMETERS=[{"name": "values-files", "array": ["app.yaml"]}]',
            _RUN,
            "export ARGOCD_APP_PARAMETERS=",
            _NAMED,
            _RUN,
        ),
        _CHART,
        before=_program("helm"),
    ),
    _rendering(
        "name files of the same repository, relative to the chart",
        _RUN,
        (_NAMED, _RUN),
        _CHART,
        before=(*_program("helm"), "export ARGOCD_ENV_VALUES_FILES=../app.yaml"),
    ),
    _rendering(
        "set a longer {} for the sidecar, and for the repo server too",
        _RUN,
        ("! touch fast", "export ARGOCD_EXEC_TIMEOUT=10m", _RUN),
        {"kustomization.yaml": "resources: []\n"},
        before=(*_program("kustomize", "[ -e fast ] || sleep 60\\necho a: 1"), "export ARGOCD_EXEC_TIMEOUT=1s"),
    ),
    _rendering(
        "to allow this for all applications of the sidecar, set {}=all in it",
        _RUN,
        ("export LEAFSEAL_ARGOCD_EXEC=all", _RUN),
        {"kustomization.yaml": "resources: [https://example.org/x]\n"},
        before=_program("kustomize"),
    ),
    Scenario(
        "deploy.argocd.tools",
        "put {} on PATH in the sidecar, outside of the repository",
        _RUN,
        (*_program("kustomize"), _RUN),
        {"kustomization.yaml": "resources: []\n"},
        before=("export PATH=/nonexistent",),
    ),
]
