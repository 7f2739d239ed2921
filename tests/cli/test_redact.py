"""`exec-env --redact`: what the user sees of it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_exec_env import encrypted, exec_env

pytest.importorskip("ahocorasick_rs")

SECRET = "c4n4ry-of-many/forms<&>'\u00e9"
NOT_REDACTED = (
    b"leafseal: warning: a.env: not redacted, because they are shorter than 6 bytes, usual words, or the same"
)


def test_values_are_replaced_in_every_form(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.json", json.dumps({"A": SECRET, "B": "first-line\nsecond-line\n"}))
    code = """
import base64, html, json, os, shlex, sys, urllib.parse
value = os.environ["A"]
shown = [value, json.dumps(value), urllib.parse.quote(value), shlex.quote(value), html.escape(value)]
shown += [value.encode().hex(), base64.b64encode(b"user:" + value.encode() + b"@").decode()]
print("\\n".join(f"<{text}>" for text in shown))
print(os.environ["B"], file=sys.stderr)
"""
    result = exec_env("--redact", file, "--", sys.executable, "-c", code)
    assert result.returncode == 0
    lines = result.stdout.decode().splitlines()
    assert len(lines) == 7
    assert all("[REDACTED]" in line for line in lines)
    for part in ("c4n4ry", "%26", "&amp;", "many", "\\u00e9", SECRET.encode().hex()[8:]):
        assert part not in result.stdout.decode()
    assert base64.b64encode(SECRET.encode())[4:12] not in result.stdout
    assert result.stderr == b"[REDACTED]\n[REDACTED]\n\n"


def test_all_encrypted_values_are_meant_also_those_that_are_not_handed_on(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    text = "A=secret-a\nB=secret-b\n# comment-c\n"
    file = encrypted(leafseal, work, me, "a.env", text)
    command = f"cat; {sys.executable} -m leafseal decrypt {file}"
    environ = {"SOPS_AGE_KEY": me.identity}
    result = exec_env("--redact", "--only", "A", "--keep", "SOPS_AGE_KEY", file, command, **environ)
    assert (result.stdout, result.stderr) == (b"A=[REDACTED]\nB=[REDACTED]\n# [REDACTED]\n", b"")


def test_what_is_not_replaced_is_named(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    text = f"PORT=5432\nDEBUG=true\nMODE=production\nUSER_NAME={os.uname().nodename}\nTOKEN=c4n4ry\nEMPTY=\n"
    file = encrypted(leafseal, work, me, "a.env", text)
    result = exec_env("--redact", file, "echo $PORT $DEBUG $MODE $TOKEN")
    assert result.stdout == b"5432 true production [REDACTED]\n"
    assert result.stderr.startswith(NOT_REDACTED)
    assert result.stderr.endswith(b": PORT, DEBUG, MODE, USER_NAME\n")
    assert result.stderr.count(b"\n") == 1
    result = exec_env("--redact", "--redact-min", "4", file, "echo $PORT $DEBUG $MODE $TOKEN")
    assert result.stdout == b"[REDACTED] true production [REDACTED]\n"
    assert result.stderr.endswith(b": DEBUG, MODE, USER_NAME\n")
    many = encrypted(leafseal, work, me, "many.env", "".join(f"V{number}=on\n" for number in range(30)))
    assert exec_env("--redact", many, "true").stderr.endswith(b"V8, V9 and 20 more\n")


def test_values_in_plain_text_are_no_secret(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    text = "host_unencrypted: db.example.org\ncopy: db.example.org\nother: db.example.com\nnumber: 12345.678900\n"
    file = encrypted(leafseal, work, me, "a.yaml", text)
    result = exec_env("--redact", file, "echo $copy $other $number")
    assert result.stdout == b"db.example.org [REDACTED] [REDACTED]\n"
    assert result.stderr.endswith(b": copy\n")


def test_the_program_is_supervised(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=c4n4ry\n")
    assert exec_env("--redact", file, "exit 42").returncode == 42
    assert exec_env("--redact", file, "kill -TERM $$").returncode == 143
    assert exec_env("--redact", file, "--", "no-such-program").returncode == 127
    assert exec_env("--redact", "--same-process", file, "true").returncode == 8
    assert exec_env("--redact-wait", file, "true").returncode == 8
    assert exec_env("--redact", "--redact-min", "0", file, "true").returncode != 0


def test_processes_that_stay(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=c4n4ry\n")
    result = exec_env("--redact", file, "(sleep 5; echo late) & echo $A")
    assert result.stdout == b"[REDACTED]\n"
    assert b"add --redact-wait" in result.stderr
    result = exec_env("--redact", "--redact-wait", file, "(sleep 1; echo late $A) & echo now")
    assert (result.stdout, result.stderr) == (b"now\nlate [REDACTED]\n", b"")


def test_a_full_disk(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=c4n4ry\n")
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m leafseal exec-env --redact {file} -- yes > /dev/full"],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 141
    assert done.stderr == b"leafseal: warning: cannot write what the program printed: no space left on device\n"


def test_without_the_library(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=c4n4ry\n")
    code = "import sys; sys.modules['ahocorasick_rs'] = None\n"
    code += "from leafseal.cli import main; sys.exit(main.run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "exec-env", "--redact", file, "echo ran"], capture_output=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.endswith(b"leafseal: hint: pip install 'leafseal[redact]'\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_another_user(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.env", "A=c4n4ry\n")
    result = exec_env("--redact", "--user", "nobody", file, "id -un; echo $A; echo by name >/dev/stdout")
    assert (result.stdout, result.stderr) == (b"nobody\n[REDACTED]\nby name\n", b"")


def leafseal_runs(*arguments: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run([sys.executable, "-m", "leafseal", *arguments], capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_values_of_several_files_as_the_program_gets_them(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    one = encrypted(leafseal, work, me, "a.yaml", "db: {password: c4n4ry}\nnumber: 1234.50\n")
    other = encrypted(leafseal, work, me, "b.env", "TOKEN=c4n4ry-too\n")
    options = ["--redact", "--flatten", "_", "--prefix", "APP_", "-e", one, "-e", other]
    result = leafseal_runs("exec", *options, "--", "sh", "-c", "echo $APP_db_password $APP_number $APP_TOKEN")
    assert result == (0, b"[REDACTED] [REDACTED] [REDACTED]\n", b"")


def test_a_program_that_gets_the_file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    file = encrypted(leafseal, work, me, "a.yaml", "db: {password: c4n4ry}\n")
    result = leafseal_runs("exec-file", "--redact", file, "--", "cat", "{}")
    assert result == (0, b"db: {password: [REDACTED]}\n", b"")
