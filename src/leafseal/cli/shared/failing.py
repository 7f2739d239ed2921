"""How a command ends that Helm, kubectl, kustomize or Argo CD starts, or that takes their place, if something is wrong.

They know success and failure alone, so the exit code does not tell what was wrong, but for an audit log that fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.cli.shared.errors import ErrorsShown, show_in_one_line, tell
from leafseal.errors import AuditError, LeafsealError


def shown(errors: Sequence[LeafsealError], code: int = 1) -> ErrorsShown:
    """Show errors, and return what ends the command: with this exit code, or that of an audit log that fails."""
    from leafseal.cli.shared.files import show_errors  # which the generator of kustomize does without

    show_errors(map(_in_words_of_doors, errors))
    return _end(errors, code)


def shown_in_lines(errors: Sequence[LeafsealError]) -> ErrorsShown:
    """Show errors on a line each, for programs that pass on what they are told, and return what ends the command."""
    for error in map(_in_words_of_doors, errors):
        tell(error)
        show_in_one_line(error)
    return _end(errors, 1)


def _end(errors: Sequence[LeafsealError], code: int) -> ErrorsShown:
    unlogged = next((error for error in errors if isinstance(error, AuditError)), None)
    return ErrorsShown(code if unlogged is None else unlogged.exit_code, errors)


def _in_words_of_doors(error: LeafsealError) -> LeafsealError:
    """Return the error with a hint of use here, where its own names an option that these commands do not have."""
    if error.hint:
        error.hint = error.hint.partition("; or add --input-type")[0]
        error.hint = next((hint for option, hint in _HINTS.items() if option in error.hint), error.hint)
    return error


_SMALLER = "use a smaller file: a cluster takes about 1 MiB of what is in it"
_HINTS = {
    "--max-file-size": _SMALLER,
    "--max-leaves": _SMALLER,
    "--max-scalar-size": _SMALLER,
    "--max-depth": "use a file with fewer levels",
    "--max-recipients": 'name fewer in .sops.yaml, then run "leafseal updatekeys --max-recipients 10000 FILE"',
    "--input-type": "give the file the ending of its format, such as .yaml or .json",
}
"""What to do about a file that is deployed, by the option that does it elsewhere."""
