"""What Argo CD tells a plugin about an application: environment, parameters, how long it may take, and its folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence

from leafseal.deploy.kubectl.kustomization import KUSTOMIZATIONS
from leafseal.document.frozen import NamedTuple
from leafseal.errors import UsageError

VALUES = "values-files"
"""The parameter that names value files of a chart."""

VALUES_VARIABLE = "ARGOCD_ENV_VALUES_FILES"
"""The variable that does the same, which an Application sets as `VALUES_FILES`."""

TIMEOUT = "ARGOCD_EXEC_TIMEOUT"

_DEFAULT_SECONDS = 90.0  # of Argo CD
_SHARE = 0.8  # of the time: we say why it was not enough, before Argo CD ends us without a word
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def kind_of(folder: str = ".") -> str:
    """Return what renders a folder: `kustomize`, `helm`, or `yaml` where it has manifests alone."""
    if any(os.path.isfile(os.path.join(folder, name)) for name in KUSTOMIZATIONS):
        return "kustomize"
    return "helm" if os.path.isfile(os.path.join(folder, "Chart.yaml")) else "yaml"


def seconds_of(environ: Mapping[str, str]) -> float:
    """Return how long we give ourselves. Raises `UsageError` for a time that Argo CD could not read either."""
    text = environ.get(TIMEOUT, "")
    if not text:
        return _DEFAULT_SECONDS * _SHARE
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"{TIMEOUT} is not a time such as 90s or 2m")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not seconds:
        raise UsageError(f"{TIMEOUT} is not a time such as 90s or 2m")
    return seconds * _SHARE


def repository(environ: Mapping[str, str]) -> str:
    """Return the top folder of the repository: the application's without its path in it, where that is told."""
    here = os.path.realpath(os.getcwd())
    path = os.path.normpath(environ.get("ARGOCD_APP_SOURCE_PATH") or ".")
    if path == "." or os.path.isabs(path) or path.startswith(os.pardir):
        return here
    return here.removesuffix(f"{os.sep}{path}") or os.sep


class Chart(NamedTuple):
    """How a chart is rendered."""

    arguments: tuple[str, ...]
    values: tuple[str, ...]
    """Its value files, in order."""


def chart(environ: Mapping[str, str]) -> Chart:
    """Return the arguments of `helm template`, as Argo CD has them itself. Raises `UsageError` for parameters."""
    name, namespace = environ.get("ARGOCD_APP_NAME", ""), environ.get("ARGOCD_APP_NAMESPACE", "")
    words = ["template", *([name] if name else []), ".", "--include-crds"]
    if namespace:
        words.append(f"--namespace={namespace}")
    if version := environ.get("KUBE_VERSION"):
        words.append(f"--kube-version={version}")
    words += [f"--api-versions={one}" for one in environ.get("KUBE_API_VERSIONS", "").split(",") if one]
    return Chart(tuple(words), tuple(_values(environ)))


def _values(environ: Mapping[str, str]) -> Sequence[str]:
    try:
        parameters = json.loads(environ.get("ARGOCD_APP_PARAMETERS") or "[]")
    except ValueError:
        raise UsageError("ARGOCD_APP_PARAMETERS is not JSON") from None
    for one in parameters if isinstance(parameters, list) else ():
        if isinstance(one, dict) and one.get("name") == VALUES:
            found = one.get("array")
            if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
                raise UsageError(f"the parameter {VALUES} must be an array of file names")
            return list(filter(None, found))
    return [name.strip() for name in environ.get(VALUES_VARIABLE, "").split(",") if name.strip()]
