import itertools
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from leafseal import __version__, encrypt
from leafseal.cli import main
from leafseal.cli.main import run
from leafseal.cli.shared.click_commands import group
from leafseal.cli.shared.commands import COMMANDS
from leafseal.cli.shared.errors import show_error
from leafseal.errors import ConfigError, LeafsealError, RefusedError
from leafseal.system import signals
from leafseal.testing import throwaway_identity

from .conftest import Run

SOURCE = str(Path(__file__).parents[2] / "src")
GONE = "import os, sys; os.mkdir('x'); os.chdir('x'); os.rmdir('../x')"


def process(*arguments: str, **settings: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "leafseal", *arguments],
        **{"capture_output": True, "env": environment, "start_new_session": True, **settings},
    )


def test_help_lists_every_command_with_one_line(leafseal: Run) -> None:
    result = leafseal("--help")
    assert result.code == 0
    for name, (_, text, _) in COMMANDS.items():
        assert f"\n  {name} ".encode() in result.out
        assert text.encode() in result.out
    assert leafseal("-h").out == result.out


def test_without_a_command_short_help_goes_to_stderr(leafseal: Run) -> None:
    result = leafseal()
    assert (result.code, result.out) == (1, b"")
    assert result.err.endswith('"leafseal --help" lists all commands.\n')
    lines = leafseal("--help").out.decode().splitlines()
    assert set(result.err.splitlines()[:-1]) < set(lines)


@pytest.mark.parametrize("words", [(), ("encrypt",), ("exec-env",), ("groups",), ("groups", "add"), ("help",)])
def test_help_of_a_command_is_what_its_option_shows(leafseal: Run, words: tuple[str, ...]) -> None:
    assert leafseal("help", *words) == leafseal(*words, "--help") == leafseal(*words, "-h")


def test_help_of_nothing_is_an_error(leafseal: Run) -> None:
    result = leafseal("help", "encrpyt")
    assert (result.code, result.out) == (1, b"")
    assert 'run "leafseal encrypt"' in result.err


def test_help_groups_commands_and_options(leafseal: Run) -> None:
    def headings(*words: str) -> list[str]:
        lines = leafseal(*words, "--help").out.decode().splitlines()
        return [line for line in lines if line.endswith(":") and not line.startswith(" ")]

    groups = ["Start:", "Every day:", "Programs and containers:", "Kubernetes:", "Git:"]
    groups += ["Keys and teams:", "In place of sops:"]
    assert headings() == [*groups, "Options:", "Examples:"]
    assert headings("encrypt") == [
        "Options:",
        "Input and output:",
        "Recipients:",
        "What to encrypt:",
        "Safety:",
        "Key services:",
        "Limits:",
        "Examples:",
    ]
    assert headings("groups") == ["Commands:", "Options:", "Examples:"]
    assert "\n  -i, --in-place[=overwrite] " in leafseal("rotate", "--help").out.decode()


def test_the_table_of_commands_has_each_heading_once() -> None:
    headings = [heading for _, _, heading in COMMANDS.values()]
    assert [heading for heading, _ in itertools.groupby(headings)] == list(dict.fromkeys(headings))


def test_a_group_without_a_command_shows_its_help(leafseal: Run) -> None:
    result = leafseal("groups")
    assert result.err.encode() + result.out == leafseal("groups", "--help").out  # click before 8.2 writes to stdout


def test_a_wrong_command_line_is_told_in_one_line(leafseal: Run) -> None:
    result = leafseal("completion")
    assert result.code == 1
    assert "missing argument" in result.err
    assert result.err.splitlines()[1:] == ['leafseal: hint: see "leafseal completion --help"']
    assert "\\" not in result.err  # a line break, escaped


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, leafseal: Run) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str() == COMMANDS[name][1]
    result = leafseal(name, "--help")
    assert result.code == 0
    examples = result.out.partition(b"\n")[2]
    assert f"leafseal {name}".encode() in examples or f"{name} leafseal".encode() in examples  # a plugin of kubectl
    if name != "sops":  # whose help is that of sops
        assert all(len(line) <= 100 for line in result.out.decode().splitlines())


def test_version(leafseal: Run) -> None:
    assert leafseal("--version") == (0, f"leafseal {__version__}\n".encode(), "")


def test_a_command_imports_no_other() -> None:
    code = (
        "import sys\nfrom leafseal.cli.main import run\nrun(['decrypt', '--help'])\n"
        "loaded = [m for m in sys.modules if m.startswith('leafseal.cli.') and 'shared' not in m]\n"
        "heavy = [m for m in ('yaml', 'ruamel', 'leafseal.config.load', 'logging', 'ssl') if m in sys.modules]\n"
        "print(sorted(loaded), heavy, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, env={**os.environ, "PYTHONPATH": SOURCE})
    assert result.stderr == b"['leafseal.cli.decrypt', 'leafseal.cli.main'] []\n"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["nothing"], "no such command 'nothing'", 'see "leafseal --help"'),
        (["--what"], "no such option '--what'", 'give a command first; "leafseal --help" lists them'),
        (["decrypt", "--what"], "no such option '--what'", 'see "leafseal decrypt --help"'),
        (
            ["decrypt", "--max-depth", "x", "f"],
            "'x' is not a whole number of at least 1",
            'see "leafseal decrypt --help"',
        ),
        (["get", "f"], "missing argument 'PATH'", 'see "leafseal get --help"'),
        (["get", "f", "p", "c4n4ry"], "one argument too many", 'see "leafseal get --help"'),
        (["set", "f", "p", "v", "c4n4ry", "c4n4ry"], "2 arguments too many", 'see "leafseal set --help"'),
    ],
)
def test_wrong_usage_is_told_without_values(leafseal: Run, arguments: list[str], message: str, hint: str) -> None:
    result = leafseal(*arguments)
    assert (result.code, result.out) == (1, b"")
    assert result.err.startswith("leafseal: error: ")
    assert message in result.err.splitlines()[0].replace(": --what", " '--what'")
    assert result.err.splitlines()[1] == f"leafseal: hint: {hint}"
    assert "c4n4ry" not in result.err


def test_errors_give_their_code_details_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [("creation_rules[0].age", "not a recipient"), ("stores", "not a mapping")]
    show_error(ConfigError("2 faults", faults=faults, hint="correct\nthem", file="x\x1b[2J.yaml"))
    assert capsys.readouterr().err.splitlines() == [
        r"leafseal: error: x\x1b[2J.yaml: 2 faults",
        "leafseal:   creation_rules[0].age: not a recipient",
        "leafseal:   stores: not a mapping",
        r"leafseal: hint: correct\nthem",
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LeafsealError("x"), 1),
        (RefusedError("x"), 220),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_ends_a_command(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    def fail(_arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(main, "_dispatch", fail)
    assert run(["x"]) == code


@pytest.mark.parametrize(("error", "code"), [(click.Abort(), 130), (click.ClickException("x"), 1)])
def test_what_click_ends_in(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    def fail(*_arguments: object) -> click.Context:
        raise error

    monkeypatch.setattr(group, "make_context", fail)
    assert run(["--what"]) == code


def test_a_signal_ends_the_process_as_it_would_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, signal, sys\nfrom leafseal.system import signals\nfrom leafseal.cli import main\n"
        "def dispatch(arguments):\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "main._dispatch = dispatch\nmain.run([])"
    )
    result = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": SOURCE})
    assert result.returncode == -15
    assert issubclass(signals.Ended, BaseException)


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = process("--help", stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")
    result = subprocess.run(
        f'"{sys.executable}" -m leafseal completion bash | true',
        shell=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    assert result.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["completion", "bash"], ["--version"], ["help", "set"]])
def test_a_full_disk_behind_standard_output_is_an_error(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        result = process(*arguments, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert result.returncode == 3
    assert result.stderr == b"leafseal: error: cannot write to standard output: no space left on device\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(leafseal: Run, shell: str) -> None:
    result = leafseal("completion", shell)
    assert result.code == 0
    assert b"_LEAFSEAL_COMPLETE" in result.out
    assert leafseal("completion", "tcsh").code == 1


def ending(code: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program in a process, with some code of a test's before it."""
    script = (
        f"import sys\nsys.argv = ['leafseal', '--help']\n{code}\nfrom leafseal.__main__ import main\nsys.exit(main())"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, env={**os.environ, "PYTHONPATH": SOURCE})


def test_a_process_that_nothing_waits_for_ends_at_once() -> None:
    """The interpreter is not taken down; what was written is there all the same."""
    code = "class Last:\n    def __del__(self): print('taken down', file=sys.stderr)\nlast = Last()"
    result = ending(f"{code}\nfrom leafseal.cli import main as cli\ncli.run = lambda words: print('done', end='') or 3")
    assert (result.returncode, result.stdout, result.stderr) == (3, b"done", b"")


@pytest.mark.parametrize("module", ["atexit", "threading"])
def test_what_waits_for_the_end_gets_it(module: str) -> None:
    code = f"import {module}, atexit; atexit.register(lambda: print('at the end'))"
    result = ending(code)
    assert result.returncode == 0
    assert result.stdout.endswith(b"at the end\n")


@pytest.mark.parametrize("face", ["leafseal", "sops"])
def test_memory_that_does_not_suffice_is_no_fault_of_ours(
    leafseal: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch, face: str
) -> None:
    from leafseal.operations import open as opening

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(opening, "open_with", fail)
    result = leafseal(*(["sops"] if face == "sops" else []), "decrypt", sealed)
    assert (result.code, result.out) == (1, b"")
    assert "not enough memory: close other programs" in result.err
    assert "unforeseen" not in result.err


@pytest.mark.parametrize("words", [["team", "list"], ["config", "check"], ["init"], ["whoami", "--all"]])
def test_the_current_folder_may_be_gone(tmp_path: Path, words: list[str]) -> None:
    code = f"{GONE}; os.execv(sys.executable, {[sys.executable, '-m', 'leafseal', *words]})"
    keys = tmp_path / "keys.txt"
    keys.write_text(f"{throwaway_identity().identity}\n")
    environment = {**os.environ, "PYTHONPATH": SOURCE, "SOPS_AGE_KEY_FILE": str(keys)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "leafseal: error: the current folder was deleted")


def test_a_wrong_key_is_told_where_the_current_folder_is_gone(tmp_path: Path) -> None:
    data = encrypt(b"a: x\n", format="yaml", recipients=[throwaway_identity().recipient])
    words = [sys.executable, "-m", "leafseal", "decrypt", "--input-type", "yaml", "-"]
    code = f"{GONE}; os.execv(sys.executable, {words})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": SOURCE},
        input=data,
        capture_output=True,
    )
    assert (done.returncode, b"unforeseen" in done.stderr) == (128, False)
