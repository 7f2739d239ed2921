"""Files under names that SOPS takes for those of binary files: `.env.production`, `x.yaml.enc`, a pipe."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run

PLAIN = {"yaml": b"a: hunter2\n", "json": b'{"a": "hunter2"}\n', "env": b"a=hunter2\n", "ini": b"[s]\na = hunter2\n"}
ONE_VALUE = "the whole file is encrypted as one value, because its name shows no format that has values"


@pytest.fixture
def files(leafseal: Run, work: Path, me: ThrowawayIdentity) -> dict[str, bytes]:
    """Return an encrypted file of each format."""
    found = {}
    for suffix, plain in PLAIN.items():
        (work / f"p.{suffix}").write_bytes(plain)
        found[suffix] = leafseal("encrypt", "--age", me.recipient, f"p.{suffix}").out
    return found


@pytest.mark.parametrize("suffix", PLAIN)
@pytest.mark.parametrize("name", ["secrets", ".env.local", "x.yaml.enc", "x.JSON"])
def test_every_command_knows_the_format(
    leafseal: Run, work: Path, files: dict[str, bytes], suffix: str, name: str
) -> None:
    (work / name).write_bytes(files[suffix])
    path = "s.a" if suffix == "ini" else "a"
    assert leafseal("decrypt", name) == (0, PLAIN[suffix], "")
    assert leafseal("get", name, path) == (0, b"hunter2\n", "")
    assert leafseal("verify", name).code == 0
    assert b"sealed" not in leafseal("inspect", name).out
    assert leafseal("rotate", "-i", name).code == 0
    assert leafseal("set", "--value-file", "p.env", "--string", name, path).code == 0
    assert leafseal("get", name, path).out == PLAIN["env"]
    flat = ("--flatten", "_") if suffix == "ini" else ()
    program = (sys.executable, "-c", "import os; os.write(1, os.environ.get('a', os.environ.get('s_a')).encode())")
    # With `--supervise` the tests' own process is not replaced.
    result = leafseal("exec-env", "--supervise", *flat, name, "--", *program)
    assert (result.code, result.out) == (0, PLAIN["env"].rstrip())


@pytest.mark.parametrize("suffix", PLAIN)
def test_a_pipe_has_the_format_of_its_content(
    leafseal: Run, files: dict[str, bytes], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(files[suffix])))
    assert leafseal("decrypt").out == PLAIN[suffix]


@pytest.mark.parametrize(("name", "begins"), [(".env.production", b"a=ENC["), ("x.YAML", b"a: ENC[")])
def test_a_plain_file_is_encrypted_by_its_name(
    leafseal: Run, work: Path, me: ThrowawayIdentity, name: str, begins: bytes
) -> None:
    (work / name).write_bytes(PLAIN["env" if "env" in name else "yaml"])
    result = leafseal("encrypt", "--age", me.recipient, name)
    assert result.out.startswith(begins)
    assert result.err == ""


def test_what_becomes_one_value_is_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "settings").write_bytes(PLAIN["yaml"])
    encrypt = ("encrypt", "--age", me.recipient)
    result = leafseal(*encrypt, "settings")
    assert result.code == 0
    assert f"warning: settings: {ONE_VALUE}" in result.err
    assert leafseal(*encrypt, "--input-type", "binary", "settings").err == ""
    assert leafseal(*encrypt, "--input-type", "yaml", "settings").err == ""
    for data in (b"", b"a: 1\0", b"a: \xff"):  # no text, so no values either
        (work / "settings").write_bytes(data)
        assert leafseal(*encrypt, "settings").err == ""


def test_the_text_of_a_plain_file_does_not_tell_its_format(
    leafseal: Run, work: Path, files: dict[str, bytes], me: ThrowawayIdentity
) -> None:
    """A page that shows an encrypted file is a text as any other."""
    (work / "page.md").write_bytes(b"# An example\n" + files["yaml"])
    result = leafseal("encrypt", "-i", "--allow-tokens", "--age", me.recipient, "page.md")
    assert result.code == 0
    assert leafseal("decrypt", "page.md").out == b"# An example\n" + files["yaml"]


def test_one_value_is_no_environment(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "settings").write_bytes(PLAIN["env"])
    leafseal("encrypt", "-i", "--age", me.recipient, "settings")
    result = leafseal("exec-env", "--supervise", "settings", "--", sys.executable, "-c", "")
    assert result.code == 220
    assert "settings: the whole file is encrypted as one value, so it has no variables" in result.err


def test_the_sops_command_line_goes_by_the_end_of_a_name(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".env.local").write_bytes(PLAIN["env"])
    result = leafseal("sops", "encrypt", "--age", me.recipient, ".env.local")
    assert result.out.startswith(b'{\n\t"data": "ENC[')
