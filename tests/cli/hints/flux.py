"""Hints about the key for Flux."""

from __future__ import annotations

from functools import partial

from .scenario import Scenario

_flux = partial(Scenario, "deploy.flux")
_CREATE = 'create a key for the cluster with "leafseal keygen -o cluster.agekey"'

SCENARIOS = [
    _flux(
        _CREATE,
        "flux key keys.txt",
        ("keygen -o cluster.agekey", "flux key cluster.agekey"),
        {"keys.txt": "# nothing\n"},
    )
]
