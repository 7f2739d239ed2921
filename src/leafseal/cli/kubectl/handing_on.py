"""`kubectl leafseal apply`, `create`, `replace`, `diff`, `delete` and `template`: decrypted manifests for kubectl."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.cli.shared.deploying import open_named
from leafseal.cli.shared.errors import ErrorsShown
from leafseal.cli.shared.failing import shown
from leafseal.cli.shared.keys import current_ambient
from leafseal.deploy.kubectl import process
from leafseal.deploy.kubectl.found import find_files
from leafseal.deploy.kubectl.stream import identity, stream
from leafseal.deploy.kubectl.words import CLIENT_SIDE, PLAIN_OK, Words, read
from leafseal.deploy.opening import File, open_files
from leafseal.deploy.secrets import secret_values, with_data
from leafseal.errors import FormatError, IntegrityError, LeafsealError, MetadataError, NotEncryptedError, UsageError
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.open import Source
from leafseal.system import terminal
from leafseal.system.reading import Snapshot

_PLAIN_HINT = f'encrypt it with "leafseal encrypt -i FILE"; to use it in plain text, add {PLAIN_OK}'
_TROUBLE = {"diff": 2}
"""The exit code where something is wrong, where 1 means something else: that there are differences."""

_WRITE_FILES = ("diff", "replace")
"""The commands of kubectl that write manifests to temporary files: for the program that compares, and for --force."""


def run(name: str, arguments: Sequence[str]) -> int:
    """Run a command line and return kubectl's exit code, if kubectl does not take our place.

    Every fault of a file ends in exit code 1 (of `diff` 2), and kubectl is not started.
    """
    code = _TROUBLE.get(name, 1)
    try:
        words = read(arguments)
        _check(name, words)
        data = _manifests(name, words, code)
    except LeafsealError as error:
        raise shown([error], code) from None
    if name == "template":
        terminal.write_result(data)
        return 0
    passed = [name, *_flags(name, words), *words.passed[: _end(words)], "-f", "-", *words.passed[_end(words) :]]
    if name not in _WRITE_FILES:
        return process.become(passed, data)
    from leafseal.keys.policy import policy_of  # most commands need no folder
    from leafseal.system.private import private_directory

    no_disk = policy_of(current_ambient()).no_disk_plaintext
    with private_directory(no_disk_plaintext=no_disk, warn=terminal.warn) as folder:
        return process.run_in(passed, data, folder)


def _end(words: Words) -> int:
    """Return where the flags end among the words for kubectl: at `--`."""
    return words.passed.index("--") if "--" in words.passed else len(words.passed)


def _check(name: str, words: Words) -> None:
    """Raise `UsageError` for what would put values where they do not belong, or is nothing to work on."""
    if not (words.files or words.kustomizations):
        if name == "create" and "secret" in words.passed:
            raise UsageError(
                "create takes manifests", hint='to create an encrypted one, write "kubectl leafseal new secret NAME"'
            )
        raise UsageError("no manifest is given", hint="add -f FILE, or -k DIR")
    if name == "template" and any(word.startswith(("-o", "--output")) for word in words.passed):
        raise UsageError("template prints YAML only", hint="leave out -o")
    if len(words.kustomizations) > 1:
        raise UsageError("-k works with one folder at a time")
    if words.has("--edit"):
        raise UsageError("--edit would write the values to a file of kubectl", hint='use "kubectl leafseal edit" first')
    if words.has("--save-config") and not words.is_off("--save-config"):
        raise UsageError(
            "--save-config would copy the values into the last-applied annotation", hint="leave out --save-config"
        )
    for word in words.passed:
        if name == "apply" and word in ("set-last-applied", "edit-last-applied", "view-last-applied"):
            raise UsageError(f"apply {word} works on the annotation that leafseal keeps values out of")


def _flags(name: str, words: Words) -> list[str]:
    """Return the flags that kubectl gets beside those of the user."""
    if name not in ("apply", "diff"):
        return []
    is_client_side = words.is_client_side or words.is_off("--server-side")
    if name == "apply" and is_client_side and words.value("--dry-run") in (None, "none"):
        flag = CLIENT_SIDE if words.is_client_side else f"--server-side={words.value('--server-side')}"
        terminal.warn(
            "client-side apply copies the values into the annotation kubectl.kubernetes.io/last-applied-configuration; "
            f"leave out {flag} to keep them out of it"
        )
    if is_client_side or words.has("--server-side") or words.value("--dry-run") == "client":
        return []
    return ["--server-side"]


def _manifests(name: str, words: Words, code: int) -> bytes:
    if words.kustomizations:
        files = [_kustomized(words.kustomizations[0])]
    else:
        names = find_files(words.files, recursive=words.is_recursive)
        allows_plain = words.allows_plain or name == "delete"  # of which no value gets anywhere
        opened = open_named(names, allows_plain=allows_plain, plain_hint=_PLAIN_HINT, among=secret_values, code=code)
        files = list({id(file): file for file in opened.values()}.values())
    data, errors = stream(files, identity if name == "delete" else with_data)
    if errors:
        raise shown(errors, code)
    return data


def _kustomized(folder: str) -> File:
    """Return what kustomize makes of a folder. Ends the command with kubectl's exit code where that fails."""
    from leafseal.deploy.kubectl import kustomize

    code, data = kustomize.build(folder)
    if code:
        raise ErrorsShown(code)
    if not data.strip():
        raise LeafsealError("kubectl kustomize printed nothing", file=folder)
    item = Item(Snapshot(folder, data), Source(folder, data, "yaml"))
    files, errors = open_files([item], KeyRing(current_ambient()))
    for error in errors:
        if not isinstance(error, _CHANGED):
            raise error
        raise LeafsealError(
            "kustomize passed on an encrypted file, which it changes so that nobody can verify it any more",
            hint="leave it out of resources, and apply it with -f",
            file=folder,
        )
    return files[0]


_CHANGED = (IntegrityError, FormatError, MetadataError, NotEncryptedError)
"""What is wrong with an encrypted file that kustomize changed."""
