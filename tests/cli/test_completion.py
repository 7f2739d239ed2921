"""What shells complete: commands, options, files and the paths of values, in the words of three shells."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import leafseal as library
from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.declarations import Command
from leafseal.testing import ThrowawayIdentity, throwaway_identity

SOURCE = str(Path(__file__).parents[2] / "src")
ME: ThrowawayIdentity = throwaway_identity()
TEXT = b"database:\n  host: a\n  ports: [1, 2]\n'a$(touch PWNED)b': 1\nwith space: 2\n'a.b': 3\n-i: 4\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with encrypted files, and `leafseal` in `bin`."""
    me: ThrowawayIdentity = throwaway_identity()
    (tmp_path / "app.yaml").write_bytes(library.encrypt(TEXT, format="yaml", recipients=[me.recipient]))
    (tmp_path / "s.env").write_bytes(library.encrypt(b"A=1\nTOKEN=2\n", format="dotenv", recipients=[me.recipient]))
    program = tmp_path / "bin" / "leafseal"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m leafseal "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environ(folder: Path) -> dict[str, str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": SOURCE, "HOME": str(folder), "LANG": "C.UTF-8", "TERM": "dumb"}


def ask(folder: Path, *words: str, shell: str = "zsh") -> list[str]:
    """Return the lines that the program answers to a shell."""
    done = subprocess.run(
        [sys.executable, "-m", "leafseal"],
        input="".join(f"{word}\0" for word in words).encode(),
        env={**environ(folder), "_LEAFSEAL_COMPLETE": shell},
        cwd=folder,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode().splitlines()


def test_commands_have_their_sentences(folder: Path) -> None:
    kind, *lines = ask(folder, "")
    assert kind == "values"
    assert lines == [f"{name}\t{text}" for name, (_, text, _) in COMMANDS.items()]
    assert ask(folder, "dec") == ["values", "decrypt\tdecrypt files"]
    assert [line.split("\t")[0] for line in ask(folder, "groups", "")] == ["values", "add", "delete"]
    assert ask(folder, "help", "dec") == ["values", "decrypt\tdecrypt files"]


def test_options_have_their_whole_sentences(folder: Path) -> None:
    command = load("encrypt")
    assert isinstance(command, Command)
    lines = dict(line.split("\t") for line in ask(folder, "encrypt", "--")[1:])
    for option in command.options:
        if not option.is_hidden:
            assert lines[option.names[-1] if option.names[-1].startswith("--") else option.names[0]].startswith(
                option.help
            )
    assert "--help" in lines
    assert "--overwrite" not in lines


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["decrypt", ""], "files"),
        (["encrypt", "-o", ""], "files"),
        (["encrypt", "--output-dir", ""], "folders"),
        (["link-sops", ""], "folders"),
        (["exec-env", "s.env", "--", ""], "programs"),
        (["exec-env", "s.env", "--", "ls", ""], "files"),
        (["exec", "-e", ""], "files"),
        (["exec", "-e", "s.env", "--", ""], "programs"),
        (["exec", "-e", "s.env", "--", "ls", ""], "files"),
        (["decrypt", "--", "--x"], "files"),
    ],
)
def test_files_folders_and_programs_are_left_to_the_shell(folder: Path, words: list[str], kind: str) -> None:
    assert ask(folder, *words) == [kind]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["encrypt", "--output-type", "y"], ["yaml"]),
        (["encrypt", "--output-type=y"], ["--output-type=yaml"]),
        (["completion", "f"], ["fish"]),
        (["get", "app.yaml", "data"], ["database.host", "database.ports[0]", "database.ports[1]"]),
        (["decrypt", "app.yaml", "--extract", "w"], ["with space"]),
        (["set", "app.yaml", '["'], ['["a.b"]']),
        (["unset", "app.yaml", "-"], ["-n"]),
        (["exec-env", "s.env", "--only", "A,T"], ["A,TOKEN"]),
        (["exec", "-e", "s.env", "--only", "A,T"], ["A,TOKEN"]),
        (["exec", "--on-conflict", "l"], ["last"]),
        (["get", "missing.yaml", ""], []),
        (["get", "bin", ""], []),
        (["get", "app.yaml", "a", "b"], []),
        (["nothing", ""], []),
    ],
)
def test_values_are_completed_without_a_key(folder: Path, words: list[str], found: list[str]) -> None:
    kind, *lines = ask(folder, *words)
    assert kind == "values"
    if words[-1] != "-":
        assert lines == found
    assert "-i" not in [line for line in lines if "\t" not in line]  # a name that would be read as an option


def test_large_files_and_pipes_are_left_alone(folder: Path) -> None:
    (folder / "large.yaml").write_bytes(b"a: 1\n" + b"#" * (1 << 20))
    assert ask(folder, "get", "large.yaml", "") == ["values"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.yaml")
        assert ask(folder, "get", "pipe.yaml", "") == ["values"]


def test_words_of_bash_are_read_as_bash_hands_them_over(folder: Path) -> None:
    assert ask(folder, "encrypt", "--output-type", "=", "y", shell="bash") == ["values", "yaml"]
    assert ask(folder, "encrypt", "--output-type", "=", shell="bash")[1:3] == ["yaml", "json"]
    assert ask(folder, "get", '"app.yaml"', '"with', shell="bash") == ["values", "with space"]
    assert ask(folder, "get", "app.yaml", r"with\ s", shell="bash") == ["values", "with space"]


def script(folder: Path, shell: str) -> Path:
    path = folder / f"script.{shell}"
    with path.open("wb") as file:
        subprocess.run([folder / "bin" / "leafseal", "completion", shell], env=environ(folder), stdout=file, check=True)
    return path


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_quotes_what_it_offers(folder: Path) -> None:
    code = f"""
source {script(folder, "bash")}
try() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _leafseal 2>/dev/null; printf '%s\\n' "${{COMPREPLY[@]}}"; }}
try leafseal dec
try leafseal get app.yaml a
try leafseal get app.yaml '"with'
eval "printf '%s\\n' $(try leafseal get app.yaml 'a$')"
"""
    done = subprocess.run(["bash", "-c", code], cwd=folder, env=environ(folder), capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "decrypt",
        r"a\$\(touch\ PWNED\)b",
        "with space",
        "a$(touch PWNED)b",
    ]
    assert not (folder / "PWNED").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("typed", "language"),
    [
        *((typed, "C.UTF-8") for typed in ("'a'", '"a"', "''a", "a''", "x'", "$'a", "'", '"', "a")),
        *((f"{quote}\u00e9", language) for quote in ("", "'", '"') for language in ("C", "C.UTF-8")),
    ],
)
def test_bash_is_offered_nothing_that_it_would_run(folder: Path, typed: str, language: str) -> None:
    """Where quotes that are typed are closed, a word takes their place; %q writes $'...' for what does not print."""
    names = [
        "a;touch RUN;",
        "\u00e9$(touch RUN)",
        "\u00e9!;touch RUN;",
        "\u00e9!';touch RUN;",
        "a`touch RUN`",
        "a'$(touch RUN)",
    ]
    (folder / "h.json").write_bytes(
        library.encrypt(json.dumps(dict.fromkeys(names, "x")).encode(), format="json", recipients=[ME.recipient])
    )
    code = f"""
source {script(folder, "bash")}
COMP_WORDS=(leafseal get h.json "$TYPED"); COMP_CWORD=3; _leafseal 2>/dev/null
for word in "${{COMPREPLY[@]}}"; do
    case $TYPED in
        [\\"\\']) eval "true $TYPED$word$TYPED" ;;
        [\\"\\']?) eval "true ${{TYPED:0:1}}$word${{TYPED:0:1}}" ;;
        *) eval "true $word" ;;
    esac
done
"""
    variables = {**environ(folder), "LC_ALL": language, "TYPED": typed}
    subprocess.run(["bash", "-c", code], cwd=folder, env=variables, check=False, capture_output=True)
    assert not (folder / "RUN").exists()


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_shows_sentences_whole(folder: Path) -> None:
    def complete(line: str) -> list[str]:
        code = f"source {script(folder, 'fish')}; complete -C '{line}'"
        argv = ["fish", "--no-config", "-c", code]
        done = subprocess.run(argv, cwd=folder, env=environ(folder), capture_output=True, text=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert complete("leafseal dec") == ["decrypt\tdecrypt files"]
    assert complete("leafseal get app.yaml data")[0] == "database.host"
    [line] = complete("leafseal encrypt --in-p")
    assert line.startswith("--in-place\tReplace the file with the result; =overwrite writes")
    assert line.endswith(".")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_reads_the_script(folder: Path) -> None:
    done = subprocess.run(["zsh", "-f", "-n", script(folder, "zsh")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
