"""`leafseal resolve`."""

from __future__ import annotations

from leafseal.cli.shared import conflicts, reports, resolving
from leafseal.cli.shared.consent import consent_options
from leafseal.cli.shared.declarations import Choice, FileName, argument, command, option
from leafseal.cli.shared.editing import EditingOptions, editing_options
from leafseal.cli.shared.files import show_errors
from leafseal.cli.shared.keys import key_services, merging_ambient
from leafseal.cli.shared.options import (
    InputOptions,
    config_option,
    json_option,
    limits_options,
    quiet_option,
    repairing_reading,
)
from leafseal.display import counted
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError
from leafseal.git import progress
from leafseal.git.repository import find_repository
from leafseal.keys.ring import KeyRing
from leafseal.operations.consent import Consent
from leafseal.system import terminal

_ONE = "Take {} at this path and below; / is everything. You can repeat it."


@command("resolve")
@argument("files", is_many=True, metavar="[FILE...]", type=FileName())
@option("--all", "is_all", is_flag=True, help="Resolve every encrypted file that Git lists as unmerged.")
@option("--ours", is_multiple=True, metavar="PATH", help=_ONE.format("our value"))
@option("--theirs", is_multiple=True, metavar="PATH", help=_ONE.format("their value"))
@option("--base", is_multiple=True, metavar="PATH", help=_ONE.format("the value from before both changes"))
@option("--add", is_flag=True, help='Run "git add" on each file that has no conflict left.')
@option("--merge", metavar="REV", help="Decide the conflicts of this merge commit again.")
@option(
    "--ignore-mac",
    type=Choice(("theirs",)),
    metavar="theirs",
    help="Merge theirs although its integrity check (MAC) fails. Each value that is taken is listed.",
)
@consent_options
@editing_options
@config_option
@quiet_option
@json_option
@repairing_reading
@key_services
@limits_options
@reports.reporting("resolve", files=[])
def resolve(
    files: tuple[str, ...],
    is_all: bool,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    base: tuple[str, ...],
    add: bool,
    merge: str | None,
    ignore_mac: str | None,
    consent: Consent,
    how: EditingOptions,
    config: str | None,
    as_json: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Decide the conflicts that a merge left in encrypted files, value by value.

    Works after "git merge", "rebase", "cherry-pick" and others, after "git add", and on conflict markers in a file.
    What only one side changed is merged. For the rest, your editor shows the values of both sides, unless options
    decide. In a rebase, "ours" is the branch that you rebase onto, as for Git. What you changed in the file meanwhile
    stays.

    \b
    leafseal resolve secrets.yaml
    leafseal resolve --theirs /db/password --ours / --add secrets.yaml
    leafseal resolve --all --add
    """
    choices = conflicts.choices_of(ours, theirs, base)
    task = conflicts.Task(choices, add, merge, ignore_mac is not None, as_json, consent, how, config, reading, limits)
    ring = KeyRing(merging_ambient(asks=True))
    errors: list[LeafsealError] = []
    results: list[conflicts.Resolved] = []
    for name in conflicts.names_of(files, is_all, limits):
        try:
            results.append(resolving.resolve(name, task, ring))
        except LeafsealError as error:
            errors.append(error)
    if as_json:
        reports.write("resolve", {"files": [one.as_data() for one in results]}, errors)
    elif add and (done := sum(not one.conflicts for one in results)):
        terminal.say_done(f"resolved {counted(done, 'file')}{_what_is_left()}")
    code = show_errors(errors)
    return code or int(any(one.conflicts for one in results))


def _what_is_left() -> str:
    """Return what the user is to do after files were resolved and staged, to be appended; empty for nothing."""
    try:
        repository = find_repository()
        if others := progress.unmerged(repository):
            are = "is" if others == 1 else "are"
            return f'; {counted(others, "file")} {are} still unmerged: "git status" lists what is left'
        command = progress.going_on(repository)
    except LeafsealError:  # files of another repository than the one that this runs in
        return ""
    return f'; now run "{command}"' if command else ""
