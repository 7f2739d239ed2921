"""`leafseal diff`."""

from __future__ import annotations

from leafseal.cli.shared import compared, reports
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.differences import as_data, lines_of
from leafseal.cli.shared.files import show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, sealed_reading
from leafseal.display import first_of
from leafseal.document.limits import Limits
from leafseal.errors import PENDING, LeafsealError, naming
from leafseal.git.compared import read_sides
from leafseal.git.comparison import Comparison, compare
from leafseal.keys.ring import KeyRing
from leafseal.system import terminal


@command("diff", split="after")
@argument("words", is_many=True, metavar="[REV [REV]] [FILE...]")
@option("--staged", is_flag=True, help="Compare what is staged with the last commit, or with REV.")
@option("--show-values", is_flag=True, help="Show the decrypted values, old and new.")
@option("--exit-code", is_flag=True, help="Exit with 222 if anything differs but layout.")
@json_option
@sealed_reading
@key_services
@limits_options
@reports.reporting("diff", files=[])
def diff(
    words: tuple[str, ...],
    after: int | None,
    staged: bool,
    show_values: bool,
    exit_code: bool,
    as_json: bool,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Show which values differ between two files or revisions, and for whom they are encrypted.

    Without arguments, the working tree is compared with what is staged, in all encrypted files that Git knows; with
    one REV, it is compared with that, and two REV with each other. FILE after them limits this to files and folders.
    One FILE alone is compared with the last commit, and two files with each other. A file of a revision is REV:PATH, -
    is standard input. Values themselves are not shown. Without a key, values are compared by their encrypted text.

    \b
    leafseal diff
    leafseal diff --staged
    leafseal diff staging.yaml production.yaml
    leafseal diff main HEAD -- secrets/
    leafseal diff --show-values HEAD~1:secrets.yaml secrets.yaml
    """
    chosen = compared.pairs_of(words, after, staged, reading, limits)
    ring, read = KeyRing(current_ambient()), reading.within(limits)
    found: list[tuple[str, Comparison]] = []
    locked_names: list[str] = []
    errors: list[LeafsealError] = []
    for pair in chosen:
        try:
            with naming(pair.name):
                if pair.error is not None:
                    raise pair.error
                one, other, locked = read_sides(pair.one, pair.other, ring, read)
                comparison = compare(one, other)
        except LeafsealError as error:
            errors.append(pair.explained(error))
            continue
        found.append((pair.name, comparison))
        if locked is not None and comparison.is_comparable:
            locked_names.append(pair.name)
    if locked_names and not as_json:
        them = "it" if len(locked_names) == 1 else "them"
        names = first_of(locked_names, 3)
        terminal.say(f"{names}: no key decrypts {them} here: values are compared by their encrypted text")
    if as_json:
        reports.write("diff", {"files": [as_data(name, about, show_values) for name, about in found]}, errors)
    else:
        for name, about in found:
            for line in lines_of(name, about, show_values):
                terminal.write_result(line.encode("utf-8", "surrogateescape") + b"\n")
    code = show_errors(errors)
    return code or (PENDING if exit_code and any(about.differs for _, about in found) else 0)
