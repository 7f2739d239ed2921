"""The action of this repository, and the workflow in examples/github, in a job without GitHub.

What needs the network is played: who gives tokens to jobs, PyPI, AWS.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

import leafseal
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..run.github_job import Job, StepFailedError
from ..services.moto_kms import ACCOUNT, AWS
from ..services.recorder import Recorder, Request, forward, json_answer
from .blocks import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = ROOT / "examples" / "github" / "deploy.yml"

# Stands for Python on a runner: an environment that it makes has this checkout's leafseal, whatever pip was told.
_PYTHON = """#!/bin/sh
if [ "$1 $2 $3" = "-I -m venv" ]; then
    mkdir -p "$4/bin"
    printf '#!/bin/sh\\necho "$@" >> "{log}"\\n' > "$4/bin/python"
    printf '#!/bin/sh\\nPYTHONPATH="{paths}" exec "{python}" -P -m leafseal "$@"\\n' > "$4/bin/leafseal"
    chmod +x "$4/bin/python" "$4/bin/leafseal"
    exit
fi
exec "{python}" "$@"
"""


@pytest.fixture
def me() -> ThrowawayIdentity:
    return throwaway_identity()


@pytest.fixture
def job(tmp_path: Path, me: ThrowawayIdentity) -> Job:
    """A job with a checkout that has encrypted files."""
    if os.name == "nt" or shutil.which("bash") is None:
        pytest.skip("needs bash")
    programs, checkout = tmp_path / "programs", tmp_path / "checkout"
    programs.mkdir()
    checkout.mkdir()
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    (programs / "python3").write_text(_PYTHON.format(python=sys.executable, paths=paths, log=tmp_path / "pip"))
    (programs / "python3").chmod(0o755)
    # Whatever the checkout has is not what Python imports.
    (checkout / "venv.py").write_text("raise SystemExit(99)\n")
    _encrypt(checkout / "my secrets.env", "DB_PASSWORD=correct-horse\nPORT=8080\n", recipients=[me.recipient])
    _encrypt(checkout / "app.yaml", "db: {token: battery-staple}\n", recipients=[me.recipient])
    (tmp_path / "home").mkdir()
    environ = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path / "home")}
    return Job(tmp_path / "runner", checkout, environ)


def _encrypt(path: Path, text: str, **keys: Any) -> None:
    kind = "dotenv" if path.suffix == ".env" else "yaml"
    path.write_bytes(leafseal.encrypt(text.encode(), format=kind, **keys))


def act(job: Job, me: ThrowawayIdentity, **given: str) -> None:
    inputs = {name.replace("_", "-"): text for name, text in given.items()}
    job.run_action(ACTION, inputs, {"SOPS_AGE_KEY": me.identity})


def test_the_action_hides_and_exports(job: Job, me: ThrowawayIdentity, tmp_path: Path) -> None:
    act(job, me, files="my secrets.env\napp.yaml\n", flatten="_", prefix="APP_", only="APP_DB_PASSWORD,APP_db_token")
    assert (tmp_path / "pip").read_text().split()[-1] == f"leafseal=={leafseal.__version__}"
    assert job.environ["APP_DB_PASSWORD"] == "correct-horse"
    assert job.environ["APP_db_token"] == "battery-staple"
    assert "APP_PORT" not in job.environ
    job.run('echo "I log in with $APP_DB_PASSWORD"; leafseal --version')
    assert job.log.lines[-2:] == ["I log in with ***", f"leafseal {leafseal.__version__}"]
    assert "SOPS_AGE_KEY" not in job.environ


def test_the_version_of_the_action_is_that_of_the_package() -> None:
    assert ACTION["inputs"]["version"]["default"] == leafseal.__version__


def test_extras_are_installed_and_nothing_else_is(job: Job, me: ThrowawayIdentity, tmp_path: Path) -> None:
    act(job, me, files="app.yaml", flatten="_", extras="aws,gcp", version="1.2.0rc1")
    assert (tmp_path / "pip").read_text().split()[-1] == "leafseal[aws,gcp]==1.2.0rc1"
    for wrong in ({"version": "0.1.0 evil"}, {"version": ""}, {"extras": "aws]==1 --index-url=x"}, {"extras": "a b"}):
        with pytest.raises(StepFailedError, match="::error::"):
            act(job, me, files="app.yaml", **wrong)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"files": "nowhere.env"}, "nowhere.env: no such file"),
        ({"files": "--mask-only"}, "--mask-only: no such file"),
        ({"files": "app.yaml"}, "cannot use complex value"),
        ({"files": "$(touch ran)\n`touch ran`"}, "no such file"),
        ({"files": "my secrets.env", "only": "$(touch ran)"}, "has no value for"),
    ],
)
def test_what_is_given_is_no_script(job: Job, me: ThrowawayIdentity, given: Mapping[str, str], told: str) -> None:
    with pytest.raises(StepFailedError) as caught:
        act(job, me, **given)
    assert told in str(caught.value)
    assert "DB_PASSWORD" not in job.environ
    assert not (job.checkout / "ran").exists()


def test_an_old_python(job: Job, me: ThrowawayIdentity, tmp_path: Path) -> None:
    (tmp_path / "programs" / "python3").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(StepFailedError, match=r"needs Python 3\.11 or newer: add actions/setup-python"):
        act(job, me, files="app.yaml")


def test_the_workflow_without_a_stored_key(job: Job, aws: AWS, recorder: Recorder, second_recorder: Recorder) -> None:
    """The job's token becomes a role's credentials, with which KMS decrypts. No key is stored anywhere."""
    for program in ("curl", "jq"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}")
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["deploy"]["steps"]
    [own] = [step["env"] for step in steps if "leafseal" in step.get("uses", "")]
    assert ACCOUNT in own["AWS_ROLE_ARN"]  # that of the service too
    key = aws.create_key()
    text = "DATABASE_URL=postgres://shop:correct-horse@db\nSTRIPE_KEY=battery-staple\nOTHER=1\n"
    from leafseal.providers.aws import AWSKMSKey

    ambient = leafseal.Ambient(aws.environ(), job.folder)
    _encrypt(job.checkout / "secrets.env", text, recipients=[AWSKMSKey(key)], ambient=ambient)
    (job.checkout / "deploy.sh").write_text('#!/bin/sh\necho "deploying with $DATABASE_URL and $STRIPE_KEY"\n')
    (job.checkout / "deploy.sh").chmod(0o755)

    def token(request: Request) -> Any:
        assert request.headers["authorization"] == "bearer c4n4ry"
        assert parse_qs(urlsplit(request.path).query)["audience"] == ["sts.amazonaws.com"]
        return json_answer({"count": 1, "value": "a.token.of-this-job"})

    recorder.otherwise = token
    second_recorder.otherwise = forward(aws.url)
    job.environ.update(aws.surroundings(second_recorder.url))
    job.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "c4n4ry"
    job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{recorder.url}/token?api-version=2.0"
    assert not [name for name in job.environ if "SECRET" in name or "SOPS_" in name]
    job.run_steps(
        steps,
        {
            "actions/checkout": lambda given, _: None,
            "shop/leafseal": lambda given, own: job.run_action(ACTION, given, own),
        },
    )
    [role, decryption] = second_recorder.requests
    asked = parse_qs(role.body.decode())
    assert asked["Action"] == ["AssumeRoleWithWebIdentity"]
    assert (asked["WebIdentityToken"], asked["RoleArn"]) == (["a.token.of-this-job"], [own["AWS_ROLE_ARN"]])
    assert decryption.headers["x-amz-target"].endswith(".Decrypt")
    assert "authorization" not in role.headers
    assert job.log.lines[-1] == "deploying with *** and ***"
    assert "OTHER" not in job.environ
    assert "c4n4ry" not in "\n".join(job.log.lines)
    assert "stays valid" not in "\n".join(job.log.lines)
    assert (job.temp / "aws-token").stat().st_mode & 0o077 == 0


def test_without_a_token_the_job_ends(job: Job, recorder: Recorder) -> None:
    for program in ("curl", "jq"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}")
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["deploy"]["steps"]
    recorder.otherwise = lambda _: json_answer({"message": "no permission"}, 403)
    job.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "c4n4ry"
    job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{recorder.url}/token?api-version=2.0"
    with pytest.raises(StepFailedError):
        job.run(steps[1]["run"])


def test_the_linter_of_workflows_finds_nothing(tmp_path: Path) -> None:
    """It reads the action too where a workflow uses the one of its own repository."""
    linter = shutil.which("actionlint")
    if linter is None:
        pytest.skip("no actionlint")
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", tmp_path)
    text = WORKFLOW.read_text(encoding="utf-8")
    (workflows / "deploy.yml").write_text(text)
    (workflows / "own.yml").write_text(re.sub(r"shop/leafseal@\w+", "./", text))
    (workflows / "wrong.yml").write_text(re.sub(r"shop/leafseal@\w+", "./", text).replace("only:", "onyl:"))
    done = subprocess.run([linter, "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if line.startswith(".github")]
    assert len(found) == 1, done.stdout
    assert "wrong.yml" in found[0]
    assert 'input "onyl" is not defined' in found[0]


def test_the_workflow_takes_no_more_than_it_needs() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    for step in workflow["jobs"]["deploy"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "secrets." not in str(step).replace("secrets.env", "")
        if "uses" in step:
            assert len(step["uses"].partition("@")[2]) == 40
