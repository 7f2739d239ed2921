"""A job of GitHub Actions without GitHub: the steps of a workflow and of a composite action, run one after another.

Each step of a shell is run as the runner runs `shell: bash`, with files of its own for variables and paths. Other
people's actions are not run: `actions` says what becomes of them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .github_runner import Log, variables_in

Action = Callable[[Mapping[str, str], Mapping[str, str]], None]
"""What an action does with its inputs, and the environment of its step."""


class StepFailedError(Exception):
    """A step ended with another exit code than 0: the log, as it is shown."""


class Job:
    """A job: what its steps leave to each other, and its log."""

    def __init__(self, folder: Path, checkout: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.checkout = checkout
        self.temp = folder / "temp"
        self.temp.mkdir(parents=True)
        self.environ = {**environ, "GITHUB_ACTIONS": "true", "CI": "true", "RUNNER_TEMP": str(self.temp)}
        self.path: list[str] = []
        self.log = Log()
        self.outputs: dict[str, str] = {}

    def run_steps(self, steps: list[dict[str, Any]], actions: Mapping[str, Action]) -> None:
        """Run the steps of a workflow. Raises `StepFailedError`."""
        for step in steps:
            own = {name: self._filled(text, {}) for name, text in step.get("env", {}).items()}
            if "run" in step:
                self.run(step["run"], own)
            else:
                given = {name: self._filled(str(value), {}) for name, value in step.get("with", {}).items()}
                actions[step["uses"].partition("@")[0]](given, own)

    def run_action(self, action: Mapping[str, Any], given: Mapping[str, str], own: Mapping[str, str]) -> None:
        """Run the steps of a composite action. Raises `StepFailedError`."""
        declared = action["inputs"]
        assert action["runs"]["using"] == "composite"
        assert set(given) <= set(declared)
        assert all(name in given for name, one in declared.items() if one.get("required"))
        inputs = {name: given.get(name, one.get("default", "")) for name, one in declared.items()}
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"], "what is given would be read as a script"
            self.run(step["run"], {**own, **{name: self._filled(text, inputs) for name, text in step["env"].items()}})

    def run(self, script: str, own: Mapping[str, str] = {}) -> None:
        """Run one step. Raises `StepFailedError`."""
        files = {name: self.folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in files.values():
            file.write_bytes(b"")
        (self.folder / "script.sh").write_text(script)
        path = os.pathsep.join([*self.path, self.environ["PATH"]])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.folder / "script.sh")],
            cwd=self.checkout,
            env={**self.environ, **own, "PATH": path, **{name: str(file) for name, file in files.items()}},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=200,
        )
        self.log.read(done.stdout)
        self.environ.update(variables_in(files["GITHUB_ENV"].read_bytes()))
        self.outputs.update(variables_in(files["GITHUB_OUTPUT"].read_bytes()))
        self.path = [*files["GITHUB_PATH"].read_text().split(), *self.path]
        if done.returncode:
            raise StepFailedError("\n".join(self.log.lines))

    def _filled(self, text: str, inputs: Mapping[str, str]) -> str:
        """Return a text with its expressions replaced; only those that our files have are known."""

        def value(match: re.Match[str]) -> str:
            context, _, name = match[1].partition(".")
            return {"runner": {"temp": str(self.temp)}, "inputs": dict(inputs)}[context][name]

        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", value, text)
