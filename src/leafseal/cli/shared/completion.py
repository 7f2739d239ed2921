"""What can follow on a command line that is being typed, for the scripts that `leafseal completion` prints.

A script starts the program with the shell's name in `VARIABLE`, and the words up to the cursor on standard input, each
with a zero byte behind it. The answer is a line that says what kind of word is meant, one of `KINDS`, and for `values`
the words: each on a line, with a tab and what it is where something is to be said of it. What is wrong with a command
line, or with a file, is answered by silence.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence

from leafseal.cli.shared import commands, help_text
from leafseal.cli.shared.declarations import Choice, Command, Declaration, Option
from leafseal.document.frozen import NamedTuple

VARIABLE = "_LEAFSEAL_COMPLETE"

KINDS = ("values", "files", "folders", "programs")

_SECONDS = 2  # somebody waits for an answer
_LONGEST_LINE = 1 << 20  # bytes
_FILE_WORDS = ("FILE", "[FILE...]", "FILE...", "KEPT")
_FOLDER_WORDS = ("DIR", "[FOLDER]")
_OF_VALUES = ("only", "allow")  # options that take names of values


class Answer(NamedTuple):
    """What kind of word is meant, and words with what they are."""

    kind: str
    words: Sequence[tuple[str, str]] = ()


def complete(shell: str) -> int:
    """Print what can stand in the place of the last word, and return the exit code."""
    from leafseal.system import terminal

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.alarm(_SECONDS)
    try:
        words = [os.fsdecode(word) for word in sys.stdin.buffer.read(_LONGEST_LINE).split(b"\0")[:-1]] or [""]
        if shell == "bash":
            words = _of_bash(words)
        answer = _answer(words[:-1], words[-1])
    except Exception:
        return 0
    cut = words[-1].find("=") + 1 if shell == "bash" and words[-1].startswith("--") else 0  # Bash splits there
    lines = [answer.kind, *(f"{word[cut:]}\t{text}" if text else word[cut:] for word, text in answer.words)]
    terminal.write_result("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    return 0


def _of_bash(raw: Sequence[str]) -> list[str]:
    """Return words without the quotes that are typed around them. `--name=value` is three words in Bash."""
    words: list[str] = []
    for index, word in enumerate(raw):
        if words and words[-1].startswith("--") and (word == "=" or raw[index - 1] == "="):
            words[-1] += _unquoted(word)
        else:
            words.append(_unquoted(word))
    return words


def _unquoted(word: str) -> str:
    import shlex

    for closed in (word, f'{word}"', f"{word}'"):  # the last word may not have an end yet
        try:
            return "".join(shlex.split(closed)[:1])
        except ValueError:
            continue
    return word


def _answer(before: Sequence[str], word: str) -> Answer:
    name = before[0] if before else ""
    if not before:
        return _only(word, [*_flags(()), *_commands()] if word.startswith("-") else _commands())
    if name not in commands.COMMANDS:
        return Answer("values")
    declared: Declaration = commands.load(name)
    words = list(before[1:])
    if name == "help":
        return _only(word, _below(words))
    if not isinstance(declared, Command):
        if not words:
            return _only(word, [*_flags(()), *_members(declared)] if word.startswith("-") else _members(declared))
        member = declared.commands.get(words.pop(0))
        if member is None:
            return Answer("values")
        declared = member
    if declared.passes_on is not None:
        return Answer("files") if words else _only(word, _passed_on(name))
    return _within(declared, words, word)


def _within(command: Command, before: Sequence[str], word: str) -> Answer:
    """Return what can follow in the words of a command."""
    known = {name: option for option in command.options for name in option.names}
    arguments: list[str] = []
    files: list[str] = []  # that options name
    waiting: Option | None = None
    has_ended = False
    for one in before:
        if waiting is not None:
            files += [one] if waiting.name == "env_file" else []
            waiting = None
        elif has_ended or not one.startswith("-") or one == "-":
            arguments.append(one)
        elif one == "--":
            has_ended = True
        elif (option := known.get(one)) is not None and not option.is_flag:
            waiting = option
    if waiting is not None:
        return _value(waiting, files or arguments, word)
    if word.startswith("--") and "=" in word and not has_ended:
        name, _, text = word.partition("=")
        option = known.get(name)
        found = Answer("values") if option is None or option.is_flag else _value(option, files or arguments, text)
        return Answer(found.kind, [(f"{name}={value}", what) for value, what in found.words])
    if word.startswith("-") and not has_ended:
        return _only(word, _flags(command.options))
    return _argument(command, arguments, word)


def _argument(command: Command, arguments: Sequence[str], word: str) -> Answer:
    declared = command.arguments
    at = min(len(arguments), len(declared) - 1)
    if at < 0 or (len(arguments) >= len(declared) and not declared[-1].is_many):
        return Answer("values")
    one = declared[at]
    if isinstance(one.type, Choice):
        return _only(word, [(text, "") for text in one.type.texts])
    if command.separator is not None and one.is_many:  # a program and what it takes
        return Answer("programs" if len(arguments) == at else "files")
    return _meant(one.metavar or one.name.upper(), arguments, word)


def _value(option: Option, arguments: Sequence[str], word: str) -> Answer:
    if isinstance(option.type, Choice):
        return _only(word, [(text, "") for text in option.type.texts])
    if option.name in _OF_VALUES and option.is_multiple:
        first, comma, last = word.rpartition(",")
        return Answer("values", [(first + comma + value, "") for value in _values(arguments, last)])
    return _meant(help_text.value_of(option), arguments, word)


def _meant(placeholder: str, arguments: Sequence[str], word: str) -> Answer:
    """Return what a word of the help stands for."""
    if placeholder in _FILE_WORDS:
        return Answer("files")
    if placeholder in _FOLDER_WORDS:
        return Answer("folders")
    return Answer("values", [(value, "") for value in _values(arguments, word)] if placeholder == "PATH" else ())


def _values(arguments: Sequence[str], word: str) -> list[str]:
    from leafseal.cli.shared.value_paths import value_paths

    return value_paths(arguments[0], word) if arguments else []


def _only(word: str, words: list[tuple[str, str]]) -> Answer:
    return Answer("values", [one for one in words if one[0].startswith(word)])


def _commands() -> list[tuple[str, str]]:
    return [(name, text) for name, (_, text, _) in commands.COMMANDS.items()]


def _members(declared: Declaration) -> list[tuple[str, str]]:
    below = {} if isinstance(declared, Command) else declared.commands
    return [(name, help_text.text_of(one).title) for name, one in below.items()]


def _below(words: Sequence[str]) -> list[tuple[str, str]]:
    if not words:
        return [*_commands(), ("--man", "Print the manual page of all commands, for man.")]
    return _members(commands.load(words[0])) if len(words) == 1 and words[0] in commands.COMMANDS else []


def _flags(options: Sequence[Option]) -> list[tuple[str, str]]:
    return [
        *_names(options),
        *((form.split()[-1], text) for form, text in help_text.GENERAL[0 if not options else 1 :]),
    ]


def _names(options: Sequence[Option]) -> Iterator[tuple[str, str]]:
    for option in options:
        if not option.is_hidden:
            for name in option.names:
                yield name, help_text.sentence(option)


def _passed_on(name: str) -> list[tuple[str, str]]:
    """Return the commands of a command line that one of ours stands for."""
    if name == "kubectl":
        from leafseal.deploy.kubectl.usage import COMMANDS as OF_KUBECTL

        return [(command, "") for command in OF_KUBECTL]
    from leafseal.sops.syntax.commands import COMMANDS

    return [(command.name, "") for command in COMMANDS]
