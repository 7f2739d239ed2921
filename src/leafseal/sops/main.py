"""One command line of sops, from its words to an exit code."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence

from leafseal.display import escape, escape_line, without_keys
from leafseal.errors import LeafsealError, memory_error
from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure, as_failure
from leafseal.sops.syntax import usage
from leafseal.sops.syntax.commands import COMMANDS, GLOBAL, Command, find
from leafseal.sops.syntax.grammar import Arguments, BadUsage, BadVariable, Option, parse
from leafseal.system import private, signals, terminal
from leafseal.system.directories import home, is_watched

COMPLETION_FLAG = "--generate-bash-completion"
DESCRIBED_VARIABLE = "_CLI_ZSH_AUTOCOMPLETE_HACK"
"""Set to 1 by scripts for zsh, which want the help of what they offer too."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every foreseen error is shown here."""
    try:
        with signals.children_noticed(), signals.as_exceptions():
            code = _dispatch(list(arguments), os.environ)
            terminal.flush()
            return code
    except LeafsealError as error:
        return _show(as_failure(error))
    except MemoryError:
        return _show(as_failure(memory_error()))
    except KeyboardInterrupt:
        return 130
    except signals.Ended as ended:
        signals.die_of(ended.number)
    except BrokenPipeError:
        terminal.drop_output()
        return 141


def _show(failure: Failure) -> int:
    if failure.message:
        talk.say(escape(failure.message))
    if failure.hint and talk.may_add_messages(verbose=False):
        talk.say(f"hint: {escape_line(failure.hint)}")
    return failure.exit_code


def _dispatch(words: list[str], environ: Mapping[str, str]) -> int:
    if words[-1:] == [COMPLETION_FLAG]:
        described = environ.get(DESCRIBED_VARIABLE) == "1"
        return _print("".join(f"{line}\n" for line in usage.completions(words[:-1], described=described)))
    outer = _parse(GLOBAL, words, environ, usage.overview, anywhere=False)
    if outer.flag("help"):
        return _print(usage.overview())
    if outer.flag("version"):
        return _print(usage.version(outer))
    private.sweep()
    name = outer.positionals[0] if outer.positionals else ""
    if name in ("help", "h"):
        return _help(COMMANDS, outer.positionals[1:])
    command = find(COMMANDS, name)
    if command is not None:
        return _run_command((command,), outer.positionals[1:], outer, environ)
    if name == "merge" and len(outer.positionals) > _OF_A_MERGE:
        from leafseal.sops.unavailable import merge  # repositories have it for their driver, and sops never had it

        return _audited(name, outer, merge)
    from leafseal.sops.legacy import legacy

    return _audited("", outer, legacy)


_OF_A_MERGE = 3  # words, at least: the command and three files


def _audited(name: str, arguments: Arguments, work: Callable[[Arguments], int]) -> int:
    if not is_watched(os.environ, home()):
        return work(arguments)
    from leafseal.sops.shared import auditing  # most people have no audit log

    return auditing.run(name, arguments, lambda: work(arguments))


def _run_command(path: tuple[Command, ...], words: Sequence[str], outer: Arguments, environ: Mapping[str, str]) -> int:
    command = path[-1]
    arguments = _parse(command.options, words, environ, lambda: usage.of_command(path), anywhere=not command.commands)
    if arguments.flag("help"):
        return _print(usage.of_command(path))
    if not command.commands:
        return _audited(" ".join(one.name for one in path), arguments.below(outer), _code_of(command))
    rest = arguments.positionals
    below = find(command.commands, rest[0]) if rest else None
    if below is not None:
        return _run_command((*path, below), rest[1:], outer, environ)
    return _help(command.commands, rest[1:] if rest[:1] in (("help",), ("h",)) else rest, path)


def _parse(
    options: tuple[Option, ...],
    words: Sequence[str],
    environ: Mapping[str, str],
    text: Callable[[], str],
    *,
    anywhere: bool,
) -> Arguments:
    """Read arguments; tell on standard error what cannot be read, on standard output what could have been written."""
    try:
        return parse(options, words, environ, anywhere=anywhere)
    except BadUsage as fault:
        if not isinstance(fault, BadVariable):
            end = ":" if anywhere else "."  # as in sops, of a command, and of what has commands below
            _print(f"Incorrect Usage{end} {escape_line(without_keys(str(fault)))}\n\n{text()}")
        talk.log("CMD", "fatal", str(fault))
        raise Failure("", 1) from None


def _code_of(command: Command) -> Callable[[Arguments], int]:
    module, _, attribute = command.code.partition(":")
    found: Callable[[Arguments], int] = getattr(importlib.import_module(module), attribute)
    return found


def _help(available: tuple[Command, ...], words: Sequence[str], path: tuple[Command, ...] = ()) -> int:
    """Show the help of a command, named word by word; of the program without any."""
    for word in words:
        found = find(available, word)
        if found is None:
            raise Failure(f"No help topic for '{word}'", 3)
        path, available = (*path, found), found.commands
    return _print(usage.of_command(path) if path else usage.overview())


def _print(text: str) -> int:
    talk.show(text)
    return 0
