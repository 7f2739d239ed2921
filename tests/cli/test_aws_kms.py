"""Commands on files whose key AWS refuses: what they say, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

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


CONTEXT = ("--encryption-context", "app:shop,stage:test")


@pytest.mark.parametrize("by_variable", [False, True])
def test_context_and_profile_of_all_keys_of_a_command(
    leafseal: Run, arn: str, plain: Path, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    given = ("--kms", arn)
    if by_variable:
        monkeypatch.setenv("SOPS_KMS_ARN", arn)
        given = ()
    (plain.parent / ".sops.yaml").unlink()
    assert leafseal("encrypt", "-i", *given, *CONTEXT, plain.name) == (0, b"", "")
    assert f"kms {arn}|app:shop,stage:test\n" in leafseal("inspect", plain.name).out.decode()
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")


def test_a_key_with_a_context_of_its_own_keeps_it(leafseal: Run, aws: AWS, arn: str, plain: Path) -> None:
    other = aws.create_key()
    (plain.parent / ".sops.yaml").unlink()
    assert leafseal("encrypt", "-i", "--kms", f"{arn}|own:1,{other}", *CONTEXT, plain.name).code == 0
    out = leafseal("inspect", plain.name).out.decode()
    assert f"kms {arn}|own:1\n" in out
    assert f"kms {other}|app:shop,stage:test\n" in out


def test_the_profile_is_written_into_the_file(
    leafseal: Run, arn: str, plain: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / ".sops.yaml").unlink()
    credentials = work / "credentials"
    credentials.write_text("[ci]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    result = leafseal("encrypt", "-i", "--kms", arn, "--aws-profile", "ci", plain.name)
    assert (result.code, result.err) == (0, "")
    assert f"kms {arn}||ci\n" in leafseal("inspect", plain.name).out.decode()


def test_keys_that_come_to_a_file_have_them(leafseal: Run, aws: AWS, arn: str, plain: Path) -> None:
    other, third = aws.create_key(), aws.create_key()
    assert leafseal("encrypt", "-i", plain.name).code == 0
    assert leafseal("rotate", "-i", "--accept-recipients", "--add-kms", other, *CONTEXT, plain.name).code == 0
    assert f"kms {other}|app:shop,stage:test\n" in leafseal("inspect", plain.name).out.decode()
    named = ("-f", plain.name, "-i", "--accept-recipients")
    assert leafseal("groups", "add", *named, "--kms", third, *CONTEXT).code == 0
    out = leafseal("inspect", plain.name).out.decode()
    assert out.count("|app:shop,stage:test\n") == 2
    assert out.count(f"kms {arn}|app:shop\n") == 1
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("encrypt", "app.yaml"), "--kms"),
        (("encrypt", "--age", "ME", "app.yaml"), "--kms"),
        (("edit", "new.yaml"), "--kms"),
        (("rotate", "-i", "--add-age", "ME", "app.yaml"), "--add-kms"),
    ],
)
def test_options_for_no_key_are_refused(
    leafseal: Run, arn: str, plain: Path, me: ThrowawayIdentity, arguments: tuple[str, ...], option: str
) -> None:
    words = [me.recipient if word == "ME" else word for word in arguments]
    for given in (CONTEXT, ("--aws-profile", "ci")):
        result = leafseal(*words, *given)
        assert result.code == 8
        assert f"{given[0]} is for the keys of {option}, and there is none\n" in result.err


@pytest.mark.parametrize("context", ["shop", "app:", ":shop", "a:b:c", "a:b,", ","])
def test_a_context_that_is_none_is_refused(leafseal: Run, arn: str, plain: Path, context: str) -> None:
    result = leafseal("encrypt", "--kms", arn, "--encryption-context", context, plain.name)
    assert result.code == 8
    assert "--encryption-context is not valid\n" in result.err
