"""Reading the usual command lines without click, which costs more to load than a small file costs to decrypt.

Whatever is not usual is left to click, errors among it: an option that is not known or not written out, a value that
begins with a dash or is not of its type, an argument too few or too many.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from leafseal.cli.shared.declarations import Argument, Command, Option


def read(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """Return the values for a command's function, as click would give them; None where that is to be left to click."""
    if command.passes_on is not None:
        return {command.passes_on: list(words)}
    split = _split(command, words)
    if split is None:
        return None
    given, rest = split
    try:
        values = _arguments(command.arguments, rest)
        if values is None:
            return None
        values.update((option.name, _value(option, given.get(option.name))) for option in command.options)
    except ValueError:
        return None
    if command.separator is not None:
        values[command.separator] = "--" in words
    if command.split is not None:
        values[command.split] = after_separator(words)
    return values


def after_separator(words: Sequence[str]) -> int | None:
    """Return how many words follow `--`, None where it is not among them."""
    return len(words) - words.index("--") - 1 if "--" in words else None


def _split(command: Command, words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]] | None:
    """Return the texts of options by the names of their values, and the arguments."""
    known = {name: option for option in command.options for name in option.names}
    given: dict[str, list[str]] = {}
    rest: list[str] = []
    left = list(reversed(words))
    while left:
        word = left.pop()
        if word == "--":
            return given, rest + left[::-1]
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, has_value, text = word.partition("=") if word.startswith("--") else (word, "", "")
        option = known.get(name)
        if option is None or (option.is_flag and has_value):
            return None
        if not option.is_flag and not has_value:
            if not left or left[-1].startswith("-"):
                return None
            text = left.pop()
        given.setdefault(option.name, []).append(text)
    return given, rest


def _arguments(declared: Sequence[Argument], texts: list[str]) -> dict[str, Any] | None:
    """Give each argument its text. Raises `ValueError` for one that is not of its type."""
    fixed = [one for one in declared if not one.is_many]
    many = len(texts) - len(fixed)
    if many < 0 or (many > 0 and len(fixed) == len(declared)):
        return None
    values: dict[str, Any] = {}
    left = iter(texts)
    for one in declared:
        if one.is_many:
            if one.is_required and not many:
                return None
            values[one.name] = tuple(_read(one, next(left)) for _ in range(many))
        else:
            values[one.name] = _read(one, next(left))
    return values


def _value(option: Option, texts: list[str] | None) -> Any:
    """Return the value of an option. Raises `ValueError` where click has to say something."""
    if texts is None and option.variable is not None and (text := os.environ.get(option.variable)):
        texts = [text]
    if texts is None:
        if option.is_required:
            raise ValueError(option.name)
        return option.value_without
    if option.is_flag:
        return True
    found = tuple(_read(option, text) for text in texts)
    return found if option.is_multiple else found[-1]


def _read(declared: Option | Argument, text: str) -> Any:
    return text if declared.type is None else declared.type.read(text)
