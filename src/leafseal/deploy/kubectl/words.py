"""The command lines of `kubectl leafseal apply` and the others that hand on manifests: which words are about files.

What is not known here is kubectl's, and reaches it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leafseal.deploy.lists import split
from leafseal.document.frozen import NamedTuple
from leafseal.errors import UsageError

CLIENT_SIDE = "--client-side"
PLAIN_OK = "--leafseal-plain-ok"

_SHORT_FLAGS = "RAwih"  # of kubectl, those without a value; after any other the rest of the word is its value
_LONG = {"--filename": "f", "--kustomize": "k"}


class Words(NamedTuple):
    """What a command line says: the files, and what is for kubectl."""

    files: tuple[str, ...]
    kustomizations: tuple[str, ...]
    is_recursive: bool
    is_client_side: bool
    allows_plain: bool
    passed: tuple[str, ...]

    def has(self, flag: str) -> bool:
        """Tell whether a flag with or without a value is among the words for kubectl."""
        return self.value(flag) is not None

    def value(self, flag: str) -> str | None:
        """Return the value of a flag among the words for kubectl, `true` where it has none, None where it is absent."""
        found = [word.partition("=") for word in self.passed if word == flag or word.startswith(f"{flag}=")]
        return (found[-1][2] if found[-1][1] else "true") if found else None

    def is_off(self, flag: str) -> bool:
        """Tell whether a flag among the words for kubectl says no."""
        return self.value(flag) in _FALSE


def read(arguments: Sequence[str]) -> Words:
    """Read the words after the command's name. Raises `UsageError`."""
    files: list[str] = []
    kustomizations: list[str] = []
    passed: list[str] = []
    found = {"recursive": False, CLIENT_SIDE: False, PLAIN_OK: False}
    left = list(reversed(arguments))
    while left:
        word = left.pop()
        if word == "--":
            passed += [word, *reversed(left)]
            break
        if word in (CLIENT_SIDE, PLAIN_OK):
            found[word] = True
            continue
        name, equals, value = word.partition("=")
        if name in _LONG:
            value = value if equals else _next(left, name)
            _add(_LONG[name], value, files, kustomizations)
        elif name == "--recursive":
            found["recursive"] = not equals or value in _TRUE
        elif word.startswith("-") and not word.startswith("--") and len(word) > 1:
            for letter, text in _short(word, left):
                if letter in "fk":
                    _add(letter, text, files, kustomizations)
                elif letter == "R":
                    found["recursive"] = not text or text in _TRUE
                else:
                    passed.append(f"-{letter}{text}")
        else:
            passed.append(word)
    if files and kustomizations:
        raise UsageError("-f and -k contradict each other", hint="use only one of them")
    return Words(
        tuple(files), tuple(kustomizations), found["recursive"], found[CLIENT_SIDE], found[PLAIN_OK], tuple(passed)
    )


_TRUE = ("1", "t", "T", "true", "TRUE", "True")  # as Go reads a truth value
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


def _short(word: str, left: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the letters of `-Rf`, each with its value; the last may have it in the next word."""
    for position, letter in enumerate(word[1:], 1):
        rest = word[position + 1 :]
        if letter in "fk":
            yield letter, rest.removeprefix("=") if rest else _next(left, f"-{letter}")
            return
        if rest.startswith("=") or letter not in _SHORT_FLAGS:
            yield letter, rest
            return
        yield letter, ""


def _next(left: list[str], flag: str) -> str:
    if not left:
        raise UsageError(f"{flag} needs the name of a file or folder after it")
    return left.pop()


def _add(letter: str, value: str, files: list[str], kustomizations: list[str]) -> None:
    if letter == "k":
        kustomizations.append(value)
    else:
        files += split(value)
