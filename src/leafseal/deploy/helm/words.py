"""Which words of a Helm command line name value files: those of `-f`, `--values` and `--set-file`.

What is not known here is Helm's, and reaches it as it is. A word in which nothing is replaced stays to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from leafseal.deploy.helm import set_file
from leafseal.deploy.lists import joined, split
from leafseal.document.frozen import NamedTuple
from leafseal.errors import UsageError

PLAIN_OK = "--leafseal-plain-ok"

WITH_VALUES = frozenset({"install", "upgrade", "template", "lint", "diff"})
"""The commands of which `-f` is known to name value files. `diff` is the plugin helm-diff."""

_OTHER_F = frozenset({"list", "ls"})
"""The commands of which `-f` is known to be something else."""

_SHORT_FLAGS = "ghi"  # those of these commands without a value; after any other the rest of the word is its value

_LONG_BEFORE = frozenset({
    "--burst-limit", "--color", "--colour", "--content-cache", "--kube-apiserver", "--kube-as-group", "--kube-as-user",
    "--kube-ca-file", "--kube-context", "--kube-tls-server-name", "--kube-token", "--kubeconfig", "--namespace",
    "--qps", "--registry-config", "--repository-cache", "--repository-config", "-n",
})  # fmt: skip
"""The flags with a value in the next word that Helm takes before a command."""


class Named(NamedTuple):
    """Words that name files: one flag and its value."""

    start: int
    end: int
    kept: tuple[str, ...]
    """The words that stay before the flag: `-i` of `-if`."""

    flag: str
    text: str
    is_certain: bool
    """Whether these are value files whatever they contain; else only those that are encrypted are."""

    @property
    def names(self) -> list[str]:
        """The files, in order, `?` before those that may be missing. Raises `UsageError`."""
        if self.flag == "--set-file":
            return [name for part in set_file.read(self.text) for name in part.names]
        return split(self.text)

    def words(self, replace: Callable[[str], str | None]) -> tuple[str, ...] | None:
        """Return the words with other names, those left out for which there is None; None where nothing changes."""
        new = [replace(name) for name in self.names]
        if new == self.names:
            return None
        if self.flag == "--set-file":
            text = set_file.written(set_file.read(self.text), new)
        else:
            text = joined([name for name in new if name is not None])
        return (*self.kept, self.flag, text) if text else self.kept


class Words(NamedTuple):
    """A command line of Helm, without the flags that are ours."""

    arguments: tuple[str, ...]
    named: tuple[Named, ...]
    allows_plain: bool

    def replaced(self, new: Mapping[int, tuple[str, ...]]) -> list[str]:
        """Return the command line with other words for some of those that name files, by their place in `named`."""
        found: list[str] = []
        end = 0
        for number, one in enumerate(self.named):
            found += self.arguments[end : one.start]
            found += new.get(number, self.arguments[one.start : one.end])
            end = one.end
        return found + list(self.arguments[end:])


def read(arguments: Sequence[str]) -> Words:
    """Read a command line of Helm. Raises `UsageError` where a flag lacks its value."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own = [word for word in arguments[:end] if word != PLAIN_OK]
    words = (*own, *arguments[end:])
    allows_plain = len(own) < end
    command = command_of(own)
    named = () if command in _OTHER_F else tuple(_named(own, is_certain=command in WITH_VALUES))
    return Words(words, named, allows_plain)


def command_of(arguments: Sequence[str]) -> str | None:
    """Return the name of Helm's command, None where there is none."""
    left = iter(arguments)
    for word in left:
        if not word.startswith("-"):
            return word
        if word in _LONG_BEFORE:
            next(left, None)
    return None


def _named(words: Sequence[str], *, is_certain: bool) -> Iterator[Named]:
    position = 0
    while position < len(words):
        found = _at(words, position, is_certain)
        if found is None:
            position += 1
        else:
            yield found
            position = found.end


def _at(words: Sequence[str], position: int, is_certain: bool) -> Named | None:
    word = words[position]
    name, equals, text = word.partition("=")
    if name in ("--values", "--set-file"):
        is_certain = True
        kept: tuple[str, ...] = ()
    elif word.startswith("-") and not word.startswith("--"):
        letters = word[1:]
        flags = letters[: len(letters) - len(letters.lstrip(_SHORT_FLAGS))]
        if letters[len(flags) : len(flags) + 1] != "f":
            return None
        kept = (f"-{flags}",) if flags else ()
        rest = letters[len(flags) + 1 :]
        name, equals, text = "-f", rest, rest.removeprefix("=")
    else:
        return None
    if equals:
        return Named(position, position + 1, kept, name, text, is_certain)
    if position + 1 < len(words):
        return Named(position, position + 2, kept, name, words[position + 1], is_certain)
    if is_certain:
        raise UsageError(f"{name} needs a file after it")
    return None
