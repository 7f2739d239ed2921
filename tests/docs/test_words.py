"""What users read speaks of encrypting and decrypting files, in common words: help, messages, prompts, pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click
import pytest

from leafseal.cli.shared.click_commands import group
from leafseal.cli.shared.commands import COMMANDS
from leafseal.sops.syntax import usage
from leafseal.sops.syntax.commands import COMMANDS as SOPS_COMMANDS
from leafseal.sops.syntax.commands import Command

from .blocks import ROOT

_SOURCE = ROOT / "src" / "leafseal"
_WORDS = re.compile(
    r"\b(?:seals?|sealed|sealing|unseal(?:s|ed|ing)?|anew|stands?|stood|door|opens|opened|dialects?|talk|"
    r"leave (?:\S+ )?clear|leaves (?:\S+ )?clear|stays? clear|in clear|throw-away|behind|in front of|lies|holds?|"
    r"(?:un)?wrap(?:s|ped|ping)?|leaf|DEK|does not fit|do not fit|also if|also those|weakness(?:es)?|in trouble|"
    r"gcp kms|notices? nothing|taken? out|as you wished)\b",
    re.IGNORECASE,
)
_EXCEPTIONS = (
    "--allow-nothing-sealed",  # the name of an option
    "--dialect",  # the name of an option
    "--comments seal",  # an option and its value
    "--comments [seal|keep]",
    "(seal)",
    "An editor that opens a window",
    "Kubernetes' Sealed Secrets: a value is a leaf",
    "check whether this Vault is sealed, or in standby",  # Vault's own word for its state
)
_INTERNAL = {" sealed ", "wrap ", "unwrap "}
"""Parts of what is hashed, and of names of work: none is shown."""

_PAGES = ("cli", "index", "json", "tutorial")
"""The pages for users that have no other words for things than help and messages have."""


def _wrong(text: str) -> list[str]:
    for exception in _EXCEPTIONS:
        text = text.replace(exception, "")
    return _WORDS.findall(text)


def _helps() -> Iterator[tuple[str, str]]:
    context = group.make_context("leafseal", [], resilient_parsing=True)
    yield "leafseal", group.get_help(context)
    for name in COMMANDS:
        yield from _helps_below(group.get_command(context, name), context, name)


def _helps_below(command: click.Command | None, parent: click.Context, name: str) -> Iterator[tuple[str, str]]:
    assert command is not None
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    yield context.command_path, command.get_help(context)
    for member, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _helps_below(below, context, member)


def _sops_helps() -> Iterator[tuple[str, str]]:
    yield "sops", usage.overview()
    for command in SOPS_COMMANDS:
        yield from _sops_helps_below((command,))


def _sops_helps_below(path: tuple[Command, ...]) -> Iterator[tuple[str, str]]:
    yield " ".join(["sops", *(command.name for command in path)]), usage.of_command(path)
    for below in path[-1].commands:
        yield from _sops_helps_below((*path, below))


_HELPS = dict([*_helps(), *_sops_helps()])


@pytest.mark.parametrize("name", _HELPS)
def test_help(name: str) -> None:
    assert not _wrong(_HELPS[name])


def _texts(node: ast.AST) -> Iterator[str]:
    return (part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))


def _messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every text of a module that has a blank: messages are made in many places. Docstrings are for us."""
    ours = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in ours and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def test_messages() -> None:
    wrong = [
        f"{path.relative_to(_SOURCE)}:{line}: {text}"
        for path in sorted(_SOURCE.rglob("*.py"))
        for line, text in _messages(ast.parse(path.read_text(encoding="utf-8")))
        if text not in _INTERNAL and _wrong(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", *(f"docs/{name}.md" for name in _PAGES)])
def test_pages(name: str) -> None:
    """What is in code, in links and in comments is no prose."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$|<!--.*?-->", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = re.sub(r"`[^`\n]*`|\]\([^)]*\)|\[.*?\]: .*", "", text).splitlines()
    assert [line for line in lines if _wrong(line)] == []


def test_the_manual_page() -> None:
    from leafseal.cli.shared.manual import page

    assert _wrong(page().replace("\\-", "-")) == []


def test_no_hint_is_a_question() -> None:
    """Questions to which an answer is typed begin with a capital."""
    texts = (
        f"{path.relative_to(_SOURCE)}: {text}"
        for path in sorted(_SOURCE.rglob("*.py"))
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if re.fullmatch(r"[a-z].* .*[a-z]\? *", text)
    )
    assert not (wrong := list(texts)), "\n".join(wrong)
