"""What is said where no key opens a file: whose key was tried, for whom the file is, and each cause once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leafseal.cli.shared.configuration import Configuration
from leafseal.display import first_of, for_shell, visible
from leafseal.errors import DataKeyError
from leafseal.keys.report import reason
from leafseal.keys.ring import FailedAttempt, label
from leafseal.keys.short_names import NameOf, listed, nameless
from leafseal.providers.age.report import DEFAULT_HINTS


class Told(NamedTuple):
    """An error as it is shown, but for the names of the files that it is about."""

    message: str
    details: tuple[str, ...]
    hint: str | None

    def about(self, files: Sequence[str]) -> Told:
        """Return the error with the names of files."""
        names = " ".join(map(for_shell, files)) if len(files) <= 3 else "FILE..."
        said = self.message if len(files) < 2 else self.message.replace(*_ONE_OR_MORE)
        message = f"{first_of(files, 3)}: {said}" if files else said
        return Told(message, self.details, self.hint and self.hint.replace(_FILES, names))


_ONE_OR_MORE = ("this file; it is encrypted", "these files; they are encrypted")
_FILES = "\0"  # where names of files belong in a hint
_HINT = f'ask one of them to add the key that "leafseal whoami" shows, and to run "leafseal updatekeys {_FILES}"'


def told(error: DataKeyError, configuration: Configuration | None = None) -> Told:
    """Return what to say of a data key that was not recovered, with the names that a configuration gives recipients.

    Without one it is the one that the user's environment names, or the nearest: read only now, when it is needed.
    """
    if configuration is None:
        configuration = Configuration(os.environ.get("SOPS_CONFIG"))
    name_of = nameless if error.file is None else configuration.people(error.file).name_of
    attempts = [tried for tried in error.attempts if isinstance(tried, FailedAttempt)]
    age = [tried for tried in attempts if tried.is_explained]
    side = f"{error.side}: " if error.side else ""
    if not attempts or len(error.opened) >= error.needed:
        return Told(side + error.message, (), error.hint)
    if error.groups == 1 and len(attempts) == 1 and not age:
        return Told(side + error.message, (), error.hint)
    own = list(dict.fromkeys(name for tried in age for name in tried.own))
    if error.groups > 1:
        message, details = error.message, [*_groups(error, attempts, name_of)]
    else:
        message, details = f"{_tried(own)} decrypt this file; it is encrypted for {_everybody(attempts, name_of)}", []
    hint = _own_hint(attempts) or (_HINT if own else _hint_without_key(error, configuration))
    return Told(side + message, (*details, *_causes(attempts, hint, name_of)), hint)


def _hint_without_key(error: DataKeyError, configuration: Configuration) -> str | None:
    """Return what to try for somebody who may have no key yet, where a configuration says who could add it."""
    if error.hint in DEFAULT_HINTS and error.file is not None and configuration.path(error.file):
        return f'{error.hint}; if you have no key yet, run "leafseal init"'
    return error.hint


def _tried(own: Sequence[str]) -> str:
    if not own:
        return "no key of yours can"
    return f"your key {own[0]} can't" if len(own) == 1 else f"none of your keys {first_of(own, 3)} can"


def _everybody(attempts: Sequence[FailedAttempt], name_of: NameOf) -> str:
    return listed((tried.master_key for tried in attempts), name_of)


def _groups(error: DataKeyError, attempts: Sequence[FailedAttempt], name_of: NameOf) -> Iterator[str]:
    for number in range(error.groups):
        group = [tried for tried in attempts if tried.group == number]
        state = "decrypted" if number in error.opened or not group else f"not decrypted: {_everybody(group, name_of)}"
        yield f"group {number + 1} of {error.groups}: {state}"
    yield f"{error.needed} of {error.groups} groups are needed, {len(error.opened)} decrypted"


def _causes(attempts: Sequence[FailedAttempt], last: str | None, name_of: NameOf) -> Iterator[str]:
    """Yield what failed, once, however many keys it was for, with its hint unless that comes last."""
    causes: dict[str, list[FailedAttempt]] = {}
    for tried in attempts:
        for cause in tried.causes if tried.is_explained else (reason(tried),):
            causes.setdefault(cause, []).append(tried)
    for cause, found in causes.items():
        if found[0].is_explained:
            yield visible(cause)
        else:
            yield f"{label(found[0].master_key) if len(found) == 1 else _everybody(found, name_of)}: {visible(cause)}"
            if found[0].hint and found[0].hint != last:
                yield f"  hint: {visible(' '.join(found[0].hint.split()))}"


def _own_hint(attempts: Sequence[FailedAttempt]) -> str | None:
    """Return what a provider knows to do; of age, only what is more than where identities are looked for."""
    return next((tried.hint for tried in attempts if tried.hint and tried.hint not in DEFAULT_HINTS), None)
