"""`helm leafseal`: value files are decrypted, then Helm takes our place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leafseal.deploy.helm import process
from leafseal.deploy.helm.words import PLAIN_OK, Named, Words, read
from leafseal.errors import LeafsealError
from leafseal.system import lasting, terminal

if TYPE_CHECKING:
    from leafseal.deploy.opening import File

_PLAIN_HINT = f'encrypt it with "leafseal encrypt -i FILE"; to use it in plain text, add {PLAIN_OK}'


def run(arguments: Sequence[str]) -> int:
    """Run a command line of Helm. Returns its exit code where Helm does not take our place.

    Every fault of a file ends in exit code 1, and Helm is not started.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        from leafseal.cli.shared import click_commands

        click_commands.show_passing_help(["helm", "run"])
        return 0 if arguments else 1
    try:
        words = read(arguments)
        names = [_wanted(named) for named in words.named]
        _refuse_links(words)
        files = _opened(words, names)
        return _hand_over(words, files)
    except LeafsealError as error:
        from leafseal.cli.shared.failing import shown

        raise shown([error]) from None


def _wanted(named: Named) -> list[str]:
    """Return the files that a flag names: not URLs, which Helm has getters for, nor what may be missing and is."""
    found: list[str] = []
    for text in named.names:
        name = text.removeprefix("?")
        is_optional = name != text
        if is_remote(name) or not name:
            continue
        if (is_optional or not named.is_certain) and not os.path.lexists(name):
            continue
        if not named.is_certain and not os.path.isfile(name):
            continue
        found.append(name)
    return found


def _refuse_links(words: Words) -> None:
    charts = [word for word in words.arguments if os.path.isdir(word)]
    if charts:
        from leafseal.deploy.helm.links import refuse_in_charts  # many commands have no chart

        refuse_in_charts(charts, os.environ)


def is_remote(name: str) -> bool:
    """Tell whether a name is a URL, for which Helm has a getter, and not a file that is there."""
    scheme, colon, rest = name.partition(":")
    is_url = bool(colon) and len(scheme) > 1 and (rest.startswith("//") or scheme == "leafseal")
    return is_url and not os.path.lexists(name)


def _opened(words: Words, names: Sequence[Sequence[str]]) -> dict[str, File]:
    """Return the files by their names, all of them opened that are encrypted. Ends the command where one cannot be."""
    by_certainty: dict[bool, dict[str, None]] = {True: {}, False: {}}
    for named, wanted in zip(words.named, names, strict=True):
        by_certainty[named.is_certain].update(dict.fromkeys(wanted))
    found: dict[str, File] = {}
    for is_certain, wanted_names in by_certainty.items():
        if wanted_names:
            from leafseal.cli.shared.deploying import open_named  # most commands of Helm name no files

            allows_plain = words.allows_plain or not is_certain
            found |= open_named(tuple(wanted_names), allows_plain=allows_plain, plain_hint=_PLAIN_HINT)
    return found


def _hand_over(words: Words, files: dict[str, File]) -> int:
    handed = _to_be_handed(files)
    if not handed or lasting.can_have_open_files():
        return process.become(_arguments(words, files, process.in_memory(handed)), os.environ)
    from leafseal.cli.shared.keys import current_ambient
    from leafseal.keys.policy import policy_of

    no_disk = policy_of(current_ambient()).no_disk_plaintext
    with process.in_folder(handed, no_disk_plaintext=no_disk, warn=terminal.warn) as paths:
        return process.supervise(_arguments(words, files, paths), os.environ)


def _to_be_handed(files: dict[str, File]) -> dict[str, bytes]:
    """Return what Helm cannot read itself: what was encrypted, and streams, in which it would find nothing any more."""
    if not files:
        return {}
    from leafseal.cli.shared.files import is_stream  # which is loaded where there are files

    return {file.name: file.plaintext() for file in files.values() if file.opened is not None or is_stream(file.name)}


def _arguments(words: Words, files: dict[str, File], paths: dict[str, str]) -> list[str]:
    """Return Helm's arguments: paths of plaintexts in place of files, and no file that may be missing and is."""
    new: dict[int, tuple[str, ...]] = {}
    for number, named in enumerate(words.named):

        def replace(text: str, is_certain: bool = named.is_certain) -> str | None:
            name = text.removeprefix("?")
            if name in files and files[name].name in paths:
                return paths[files[name].name]
            if name == text or not is_certain or is_remote(name):
                return text
            return name if name in files else None

        replaced = named.words(replace)
        if replaced is not None:
            new[number] = replaced
    return words.replaced(new)
