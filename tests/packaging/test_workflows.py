"""What can be said of the files of the forge without a forge."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
JOBS = [
    pytest.param(path, name, id=f"{path.stem}-{name}")
    for path in WORKFLOWS
    for name in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def steps(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_nothing_else(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "group" in workflow["concurrency"]
    assert "pull_request_target" not in workflow[True]  # YAML 1.1 reads the key "on" as a truth value


@pytest.mark.parametrize(("path", "name"), JOBS)
def test_a_job_has_a_time_limit_and_leaves_no_credentials(path: Path, name: str) -> None:
    job = read(path)["jobs"][name]
    assert 0 < job["timeout-minutes"] <= 60
    for step in steps(job, "actions/checkout"):
        assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_named_by_commit_and_release(path: Path) -> None:
    used = [line for line in path.read_text(encoding="utf-8").splitlines() if re.search(r"\buses:", line)]
    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_script_is_not_put_together_from_what_others_wrote(path: Path) -> None:
    for job in read(path)["jobs"].values():
        assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []


def test_targets_of_make_exist() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    named = set(re.findall(r"run: make ([\w-]+)$", text, re.MULTILINE)) | {"test-oldest", "test-newest"}
    assert named <= set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))


def test_each_version_of_python_is_tested() -> None:
    jobs = read(FOLDER / "workflows" / "tests.yml")["jobs"]
    stated = [match[1] for one in PROJECT["classifiers"] if (match := re.fullmatch(r".*:: (3\.[0-9]+)", one))]
    assert jobs["check"]["strategy"]["matrix"]["python"] == stated
    assert PROJECT["requires-python"] == f">={stated[0]}"
    bounds = {one["versions"]: one["python"] for one in jobs["bounds"]["strategy"]["matrix"]["include"]}
    assert bounds == {"oldest": stated[0], "newest": stated[-1]}


def test_only_publishing_gets_a_token() -> None:
    jobs = read(FOLDER / "workflows" / "release.yml")["jobs"]
    publish = jobs.pop("publish")
    assert publish["environment"] == "pypi"
    assert publish["permissions"] == {"id-token": "write", "attestations": "write"}
    assert steps(publish, "pypa/gh-action-pypi-publish")
    assert not steps(publish, "actions/checkout")
    assert not [step for step in publish["steps"] if "run" in step]
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            assert name == "publish" or "permissions" not in job


def _compare(tag: str, tmp_path: Path) -> int:
    """Run the step that compares the tag of a release with the version, in a folder where the version is 1.2.3."""
    build = read(FOLDER / "workflows" / "release.yml")["jobs"]["build"]
    (script,) = [step["run"] for step in build["steps"] if "GITHUB_REF_NAME" in step.get("run", "")]
    source = tmp_path / "src" / "leafseal" / "__init__.py"
    source.parent.mkdir(parents=True)
    text = (ROOT / "src" / "leafseal" / "__init__.py").read_text(encoding="utf-8")
    source.write_text(re.sub(r'^__version__ = ".*"', '__version__ = "1.2.3"', text, flags=re.MULTILINE))
    environ = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag}
    return subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=environ, check=False).returncode


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on PATH")
@pytest.mark.parametrize(("tag", "code"), [("v1.2.3", 0), ("v1.2.4", 1), ("1.2.3", 1), ("v1.2.3rc1", 1)])
def test_a_release_has_the_version_of_its_tag(tag: str, code: int, tmp_path: Path) -> None:
    assert _compare(tag, tmp_path) == code


def test_forms_ask_for_what_helps_and_warn_of_secrets() -> None:
    for name in ("bug.yml", "feature.yml"):
        form = read(FOLDER / "ISSUE_TEMPLATE" / name)
        assert "ever paste secrets" in form["body"][0]["attributes"]["value"]
    bug = {part.get("id"): part for part in read(FOLDER / "ISSUE_TEMPLATE" / "bug.yml")["body"]}
    assert "leafseal --version" in bug["version"]["attributes"]["label"]
    assert "leafseal inspect" in bug["inspect"]["attributes"]["label"]
    (contact,) = read(FOLDER / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]
    assert "SECURITY.md" in contact["about"]


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="no actionlint on PATH")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint", *map(str, WORKFLOWS)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
