"""A Git repository, asked without starting anything that its configuration names.

Names of files are texts as `os.fsdecode` makes them of bytes: whatever a name contains, it stays what it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from leafseal.display import for_shell, visible
from leafseal.errors import LeafsealError
from leafseal.system.environment import helper_environment
from leafseal.system.programs import Exchange, ProgramError, ProgramMissingError, exchange, output_of

SECONDS = 60.0
"""How long Git may take for one answer: lists of large repositories on a busy machine take seconds."""

LONGEST_ANSWER = 1 << 28  # bytes

# What a repository's configuration has Git start for a listing is switched off: a monitor of files, hooks (an index of
# our own has one too), and what fetches objects that are missing. A bare repository among the files of a checkout has a
# configuration that anybody can commit.
_ALONE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "safe.bareRepository=explicit")
_WITH_BARE = ("-c", "safe.bareRepository=all")  # for questions that start nothing, whatever the configuration says
_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}  # the second for a Git that lacks the first

# Where the repository is, and its index: Git tells its hooks, drivers and filters. The rest of `GIT_…` changes answers.
_PATHS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_KEPT = frozenset({*_PATHS, "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_CEILING_DIRECTORIES"})

_SECONDS_FOR_NAME = 5.0
_LONGEST_NAME = 1 << 12  # bytes

SUBMODULE = 0o160000
"""The mode of a submodule in the index."""

LINK = 0o120000
"""The mode of a symbolic link in the index."""


class NotARepositoryError(LeafsealError):
    """A folder is in no Git repository, or in one that has no files."""


class BareRepositoryError(NotARepositoryError):
    """A folder is in a repository that has no files."""


class GitError(LeafsealError):
    """Git is not there, or did not answer. The message has the first line of what it said."""


class Setting(NamedTuple):
    """One line of Git's configuration. A name is in small letters, apart from its middle: `merge.leafseal.driver`."""

    scope: str
    """`system`, `global`, `local`, `worktree` or `command`."""

    origin: str
    """Where it is written, such as `file:.git/config`."""

    name: str
    value: str


class Entry(NamedTuple):
    """One entry of the index."""

    name: str
    mode: int
    blob: str
    stage: int
    """0, or 1 to 3 (base, ours, theirs) where a merge left a conflict."""


def ask(folder: str, arguments: Sequence[str], *, seconds: float, limit: int) -> bytes:
    """Return what Git prints of a folder, `limit` bytes at the most. Raises `ProgramError`."""
    return output_of(["git", "-C", folder, *_ALONE, *arguments], _environment(), seconds=seconds, limit=limit)


def user_name(folder: str) -> str | None:
    """Return the name that the user's commits have, None where Git does not know it or is not there."""
    try:
        told = ask(folder, ["config", "--get", "user.name"], seconds=_SECONDS_FOR_NAME, limit=_LONGEST_NAME)
    except ProgramError:
        return None
    return told.decode("utf-8", "replace").strip() or None


def find_repository(folder: str = ".") -> Repository:
    """Return the repository that a folder is in, with its files.

    Where Git runs us as a hook, driver or filter, it has told us which, and its index: that one counts then. Raises
    `NotARepositoryError` where there is none, `BareRepositoryError` where it has no files, and `GitError`.
    """
    located = _located()
    # A folder is the work tree of a repository that is named alone: that in which we were started, not the file's.
    start = os.curdir if "GIT_DIR" in located else folder
    environ = _environment() | located
    try:
        top = _line(_answer(start, environ, ["rev-parse", "--show-toplevel"]))
    except GitError as error:
        raise _without(start, located.get("GIT_DIR")) or error from None
    if not top:
        raise _bare_error()
    git_dir = _line(_answer(start, environ, ["rev-parse", "--absolute-git-dir"]))
    # What is relative is so to the work tree's top, in which Git runs hooks, drivers and filters.
    located = {name: os.path.join(top, path) if name in _PATHS else path for name, path in located.items()}
    if "GIT_DIR" in located:
        located |= {"GIT_DIR": git_dir, "GIT_WORK_TREE": top}
    return Repository(top, git_dir, _environment() | located)


def has_sha256() -> bool:
    """Tell whether the repository that we run in names its objects by SHA-256; also a bare one, in which Git merges."""
    asked = [*_WITH_BARE, "rev-parse", "--show-object-format"]
    try:
        return _line(_answer(os.curdir, _environment() | _located(), asked)) == "sha256"
    except GitError:
        return False


def find_bare_repository(folder: str = ".") -> Repository:
    """Return a repository that has no files, to ask for what is committed there: its `top` is where it is itself.

    Raises `GitError`, also where it belongs to another user and Git does not trust it.
    """
    located = _located()
    # Git looks for it, and at whose it is. No question that is asked of commits starts what a configuration names.
    looking = [*_WITH_BARE, "rev-parse", "--absolute-git-dir"]
    git_dir = _line(_answer(folder, _environment() | located, looking))
    located = {name: os.path.join(git_dir, path) if name in _PATHS else path for name, path in located.items()}
    return Repository(git_dir, git_dir, _environment() | located | {"GIT_DIR": git_dir})


def _located() -> dict[str, str]:
    """Return what Git told us, as its hook, driver or filter, of where things are."""
    located = {name: os.environ[name] for name in _KEPT if os.environ.get(name)}
    if "GIT_DIR" not in located:
        located = {name: path for name, path in located.items() if name == "GIT_INDEX_FILE"}
    return located


class Repository:
    """A repository.

    `top` is the folder of its work tree. `git_dir` is what Git keeps for it: `.git`, or elsewhere for a linked work
    tree and a submodule. Both are absolute.
    """

    def __init__(self, top: str, git_dir: str, environ: Mapping[str, str]) -> None:
        self.top = top
        self.git_dir = git_dir
        self._environ = environ

    def with_index(self, path: str) -> Repository:
        """Return the same repository with another file for its index."""
        return Repository(self.top, self.git_dir, {**self._environ, "GIT_INDEX_FILE": path})

    # -- asking Git

    def exchange(
        self, arguments: Sequence[str], data: bytes = b"", *, seconds: float = SECONDS, limit: int = LONGEST_ANSWER
    ) -> Exchange:
        """Run Git at the top with `data` as its stdin, and return whatever came of it. Raises `GitError`."""
        return _exchange(self.top, self._environ, arguments, data, seconds=seconds, limit=limit)

    def ask(
        self, arguments: Sequence[str], data: bytes = b"", *, seconds: float = SECONDS, limit: int = LONGEST_ANSWER
    ) -> bytes:
        """Return what Git prints. Raises `GitError`, also where its exit status is not 0."""
        return _answer(self.top, self._environ, arguments, data, seconds=seconds, limit=limit)

    # -- where things are

    @cached_property
    def common_dir(self) -> str:
        """What all work trees of the repository share: its configuration, objects and most refs."""
        return os.path.join(self.top, _line(self.ask(["rev-parse", "--git-common-dir"])))

    @cached_property
    def is_shallow(self) -> bool:
        """Tell whether older commits are missing, from which a merge may need its base."""
        return _line(self.ask(["rev-parse", "--is-shallow-repository"])) == "true"

    def inside(self, path: str) -> str | None:
        """Return the name that Git has for a path, relative to the top with `/`; None for what lies elsewhere."""
        parent = os.path.realpath(os.path.dirname(os.path.abspath(path)))  # a link is itself in the repository
        name = os.path.relpath(
            os.path.join(parent, os.path.basename(os.path.abspath(path))), os.path.realpath(self.top)
        )
        return None if name == os.pardir or name.startswith(os.pardir + os.sep) else name.replace(os.sep, "/")

    # -- what it knows

    def settings(self) -> list[Setting]:
        """Return the configuration, in the order in which Git reads it: the last of a name counts."""
        words = split(self.ask(["config", "--list", "-z", "--show-scope", "--show-origin"]))
        found = []
        for scope, origin, text in zip(words[::3], words[1::3], words[2::3], strict=True):
            name, _, value = text.partition("\n")
            if (scope, f"{name}={value}") not in _OWN:
                found.append(Setting(scope, origin, name, value))
        return found

    def config(self, name: str) -> str | None:
        """Return a setting that counts, None where there is none. Its name is written as in `Setting`."""
        return next((one.value for one in reversed(self.settings()) if one.name == name), None)

    def attributes(
        self, names: Iterable[str], attributes: Sequence[str], *, is_cached: bool = False
    ) -> dict[str, dict[str, str]]:
        """Return the attributes of files by their names: `set`, `unset`, `unspecified`, or a text.

        They are those of the work tree, or of the index with `is_cached`.
        """
        source = ["--cached"] if is_cached else []
        told = self.ask(["check-attr", "-z", "--stdin", *source, *attributes], joined(names))
        words = split(told)
        found: dict[str, dict[str, str]] = {}
        for name, attribute, value in zip(words[::3], words[1::3], words[2::3], strict=True):
            found.setdefault(name, {})[attribute] = value
        return found

    def entries(self, paths: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield the entries of the index, of all files or those of the names given."""
        arguments = ["--literal-pathspecs", "ls-files", "-z", "--stage", "--", *paths]
        for line in split(self.ask(arguments)):
            fields, _, name = line.partition("\t")
            mode, blob, stage = fields.split(" ")
            yield Entry(name, int(mode, 8), blob, int(stage))

    def names(self, *, untracked: bool = False) -> list[str]:
        """Return the names in the index, each once and sorted; with `untracked` also of files that Git does not know.

        Files that are ignored are not among them.
        """
        others = ["--others", "--exclude-standard"] if untracked else []
        return sorted(set(split(self.ask(["ls-files", "-z", "--cached", *others]))))

    def names_left_out(self) -> set[str]:
        """Return the names in the index that a sparse checkout leaves out of the work tree."""
        told = split(self.ask(["ls-files", "-z", "-t", "--cached"]))
        return {word[2:] for word in told if word.startswith("S ")}


def split(answer: bytes) -> list[str]:
    """Return the words of an answer that has a NUL after each."""
    return [os.fsdecode(word) for word in answer.split(b"\0")[:-1]]


def joined(words: Iterable[str]) -> bytes:
    """Return words as Git reads them with `-z --stdin`."""
    return b"".join(os.fsencode(word) + b"\0" for word in words)


_OWN = {("command", "core.fsmonitor=false"), ("command", "safe.barerepository=explicit")}

_IN_A_CLONE = 'change to a checkout of it; "git clone" creates one'


def _environment() -> dict[str, str]:
    environ = {name: value for name, value in helper_environment(os.environ).items() if not name.startswith("GIT_")}
    # Git's words in English; and it writes no refreshed index, which nobody asked for.
    return environ | _NO_FETCH | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _exchange(
    folder: str,
    environ: Mapping[str, str],
    arguments: Sequence[str],
    data: bytes = b"",
    *,
    seconds: float = SECONDS,
    limit: int = LONGEST_ANSWER,
) -> Exchange:
    try:
        return exchange(["git", "-C", folder, *_ALONE, *arguments], environ, data=data, seconds=seconds, limit=limit)
    except ProgramMissingError:
        raise GitError("Git was not found on PATH", hint="install Git") from None
    except ProgramError as error:
        raise GitError(f"git {_verb(arguments)}: {error}") from None


def _answer(
    folder: str,
    environ: Mapping[str, str],
    arguments: Sequence[str],
    data: bytes = b"",
    *,
    seconds: float = SECONDS,
    limit: int = LONGEST_ANSWER,
) -> bytes:
    done = _exchange(folder, environ, arguments, data, seconds=seconds, limit=limit)
    if done.status != 0:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0] or f"exit status {done.status}"
        said = said.removeprefix("fatal: ").removeprefix("error: ")
        raise GitError(f"git {_verb(arguments)}: {visible(said)}", hint=_trusting(said))
    return done.stdout


def _trusting(said: str) -> str | None:
    """Return how to have Git work in the repository of another user, where it says that it does not."""
    _, others, path = said.partition("dubious ownership in repository at '")
    if not others:
        return None
    path = path.removesuffix("'")
    return f'if you trust its owner, run "git config --global --add safe.directory {for_shell(path)}"'


def _verb(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def _without(folder: str, git_dir: str | None) -> NotARepositoryError | None:
    """Return the error for a folder without a work tree, None where it has one: Git's own words count then."""
    if git_dir is not None:
        return _bare_error() if _is_git_dir(os.path.join(folder, git_dir)) else None
    asked = [*_WITH_BARE, "rev-parse", "--is-bare-repository"]  # a file .git may lead to one, beside its work trees
    if _exchange(folder, _environment(), asked).stdout == b"true\n":
        return _bare_error()
    parent = os.path.realpath(folder)
    while not _has_repository(parent):
        if _is_git_dir(parent):
            return _bare_error()
        parent, child = os.path.dirname(parent), parent
        if parent == child:
            hint = 'change to a folder of one, or create one with "git init"'
            return NotARepositoryError("not in a Git repository", hint=hint)
    return None


def _is_git_dir(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "HEAD")) and os.path.isdir(os.path.join(path, "objects"))


def _bare_error() -> BareRepositoryError:
    return BareRepositoryError("in a bare repository, which has no files", hint=_IN_A_CLONE)


def _has_repository(folder: str) -> bool:
    """Tell whether a folder is the top of something that means to be a repository: Git takes no empty `.git` for it."""
    path = os.path.join(folder, ".git")
    return os.path.lexists(path) and not (os.path.isdir(path) and not os.path.lexists(os.path.join(path, "HEAD")))


def _line(answer: bytes) -> str:
    return os.fsdecode(answer.removesuffix(b"\n"))
