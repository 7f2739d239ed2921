import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from leaflock import __version__, interrupts
from leaflock.cli import _io, main
from leaflock.cli.main import COMMANDS, run
from leaflock.errors import ConfigError, LeaflockError, RefusedError

from .conftest import Run

SOURCE = str(Path(__file__).parents[2] / "src")


def process(*arguments: str, **settings: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "leaflock", *arguments],
        **{"capture_output": True, "env": environment, "start_new_session": True, **settings},
    )


def test_help_lists_every_command_with_one_line(leaflock: Run) -> None:
    result = leaflock("--help")
    assert result.code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"\n  {name} ".encode() in result.out
        assert text.encode() in result.out
    assert leaflock("-h").out == result.out


def test_without_a_command_help_goes_to_stderr(leaflock: Run) -> None:
    result = leaflock()
    assert (result.code, result.out) == (1, b"")
    assert "Usage: leaflock" in result.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, leaflock: Run) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.get_short_help_str() == COMMANDS[name][1]
    result = leaflock(name, "--help")
    assert result.code == 0
    assert f"leaflock {name}".encode() in result.out.partition(b"\n")[2]
    if name != "sops":  # whose help is that of sops
        assert all(len(line) <= 100 for line in result.out.decode().splitlines())


def test_version(leaflock: Run) -> None:
    assert leaflock("--version") == (0, f"leaflock {__version__}\n".encode(), "")


def test_a_command_imports_no_other() -> None:
    code = (
        "import sys\nfrom leaflock.cli.main import run\nrun(['decrypt', '--help'])\n"
        "loaded = [m for m in sys.modules if m.startswith('leaflock.cli.') and m[13:14] != '_']\n"
        "heavy = [m for m in ('yaml', 'ruamel', 'leaflock.config', 'logging', 'ssl') if m in sys.modules]\n"
        "print(sorted(loaded), heavy, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, env={**os.environ, "PYTHONPATH": SOURCE})
    assert result.stderr == b"['leaflock.cli.decrypt', 'leaflock.cli.main'] []\n"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["nothing"], "no such command 'nothing'", 'see "leaflock --help"'),
        (["--what"], "no such option '--what'", 'see "leaflock --help"'),
        (["decrypt", "--what"], "no such option '--what'", 'see "leaflock decrypt --help"'),
        (["decrypt", "--max-depth", "x", "f"], "'x' is not a valid integer", 'see "leaflock decrypt --help"'),
        (["get", "f"], "missing argument 'PATH'", 'see "leaflock get --help"'),
        (["get", "f", "p", "c4n4ry"], "one argument too many", 'see "leaflock get --help"'),
        (["set", "f", "p", "v", "c4n4ry", "c4n4ry"], "2 arguments too many", 'see "leaflock set --help"'),
    ],
)
def test_wrong_usage_is_told_without_values(leaflock: Run, arguments: list[str], message: str, hint: str) -> None:
    result = leaflock(*arguments)
    assert (result.code, result.out) == (1, b"")
    assert result.err.startswith("leaflock: error: ")
    assert message in result.err.splitlines()[0].replace(": --what", " '--what'")
    assert result.err.splitlines()[1] == f"leaflock: hint: {hint}"
    assert "c4n4ry" not in result.err


def test_errors_give_their_code_details_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [("creation_rules[0].age", "not a recipient"), ("stores", "not a mapping")]
    _io.show_error(ConfigError("2 faults", faults=faults, hint="correct\nthem", file="x\x1b[2J.yaml"))
    assert capsys.readouterr().err.splitlines() == [
        r"leaflock: error: x\x1b[2J.yaml: 2 faults",
        "leaflock:   creation_rules[0].age: not a recipient",
        "leaflock:   stores: not a mapping",
        r"leaflock: hint: correct\nthem",
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LeaflockError("x"), 1),
        (RefusedError("x"), 220),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.ClickException("x"), 1),
    ],
)
def test_what_ends_a_command(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    def fail(_arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(main, "_dispatch", fail)
    assert run(["x"]) == code


def test_a_signal_ends_the_process_as_it_would_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, signal, sys\nfrom leaflock import interrupts\nfrom leaflock.cli import main\n"
        "def dispatch(arguments):\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "main._dispatch = dispatch\nmain.run([])"
    )
    result = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": SOURCE})
    assert result.returncode == -15
    assert issubclass(interrupts.Ended, BaseException)


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = process("--help", stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")
    result = subprocess.run(
        f'"{sys.executable}" -m leaflock completion bash | true',
        shell=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    assert result.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_behind_standard_output_is_an_error() -> None:
    with open("/dev/full", "wb") as full:
        result = process("completion", "bash", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert result.returncode == 3
    assert result.stderr == b"leaflock: error: cannot write to standard output: no space left on device\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(leaflock: Run, shell: str) -> None:
    result = leaflock("completion", shell)
    assert result.code == 0
    assert b"_LEAFLOCK_COMPLETE" in result.out
    assert leaflock("completion", "tcsh").code == 1


def test_completion_of_commands_and_options() -> None:
    def complete(words: str, count: int) -> list[str]:
        environment = {
            **os.environ, "PYTHONPATH": SOURCE, "COMP_WORDS": words, "COMP_CWORD": str(count),
            "_LEAFLOCK_COMPLETE": "bash_complete",
        }  # fmt: skip
        return process(env=environment).stdout.decode().split()

    assert complete("leaflock dec", 1) == ["plain,decrypt"]
    assert "plain,--output-dir" in complete("leaflock decrypt --out", 2)
    assert complete("leaflock decrypt ", 2) == ["file,"]
