"""Commands on files whose key AWS refuses: what they say, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..services.moto_kms import AWS
from ..services.recorder import Answer, Recorder, Request, forward, json_answer
from .conftest import PLAIN, Run


@pytest.fixture
def arn(aws: AWS, recorder: Recorder, work: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key of the configuration, and its user in this process, with a recorder in between."""
    recorder.otherwise = forward(aws.url)
    for name, value in aws.environ(recorder.url).items():
        monkeypatch.setenv(name, value)
    found = aws.create_key()
    rule = f"{{key_groups: [{{kms: [{{arn: '{found}', context: {{app: shop}}}}]}}]}}"
    (work / ".sops.yaml").write_text(f"creation_rules: [{rule}]\n")
    return found


def denying(recorder: Recorder, aws: AWS, operation: str) -> None:
    """Refuse one operation from now on."""

    def react(request: Request) -> Answer:
        if request.headers.get("x-amz-target") != f"TrentService.{operation}":
            answer = forward(aws.url)(request)
            assert isinstance(answer, Answer)
            return answer
        words = f"User: arn:aws:iam::1:user/x is not authorized to perform: kms:{operation}"
        return json_answer({"__type": "AccessDeniedException", "message": words}, 400)

    recorder.otherwise = react


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_works_at_all(leafseal: Run, arn: str, plain: Path) -> None:
    assert leafseal("encrypt", "-i", plain.name) == (0, b"", "")
    assert f"kms {arn}|app:shop\n" in leafseal("inspect", plain.name).out.decode()
    assert leafseal("rotate", "-i", plain.name).code == 0
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")


@pytest.mark.parametrize(
    ("arguments", "operation"),
    [
        (("encrypt", "-i", "new.yaml"), "Encrypt"),
        (("decrypt", "-i", "app.yaml"), "Decrypt"),
        (("set", "app.yaml", "name_unencrypted", '"x"'), "Decrypt"),
        (("rotate", "-i", "app.yaml"), "Decrypt"),
        (("rotate", "-i", "app.yaml"), "Encrypt"),
        (("updatekeys", "--yes", "app.yaml"), "Encrypt"),
        (("exec-env", "app.yaml", "--", "touch", "made"), "Decrypt"),
    ],
    ids=" ".join,
)
def test_what_is_refused_changes_nothing(
    leafseal: Run,
    aws: AWS,
    arn: str,
    plain: Path,
    recorder: Recorder,
    work: Path,
    arguments: tuple[str, ...],
    operation: str,
) -> None:
    (work / "new.yaml").write_bytes(PLAIN)
    assert leafseal("encrypt", "-i", plain.name).code == 0
    if arguments[0] == "updatekeys":
        (work / ".sops.yaml").write_text(f"creation_rules: [{{kms: '{arn}'}}]\n")
    before = contents(work)
    denying(recorder, aws, operation)
    result = leafseal(*arguments)
    assert result.code in (1, 128)
    assert result.out == b""
    assert f"kms {arn}" in result.err
    assert (
        f"AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized to perform: kms:{operation}"
        in result.err
    )
    assert "(credentials: AWS_ACCESS_KEY_ID)" in result.err
    assert f"these credentials need kms:{operation} on this key" in result.err
    assert "a canary" not in result.err
    assert contents(work) == before
