"""`leafseal digest`."""

from __future__ import annotations

from leafseal.cli.shared import reports
from leafseal.cli.shared.declarations import FileName, argument, command
from leafseal.cli.shared.files import distinct, errors_of, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, json_option, limits_options, sealed_reading
from leafseal.display import escape_line
from leafseal.document.limits import Limits
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import open_all, results
from leafseal.operations.digest import digest as digest_of
from leafseal.system import terminal


@command("digest")
@argument("files", is_many=True, is_required=True, metavar="FILE...", type=FileName())
@json_option
@sealed_reading
@key_services
@limits_options
@reports.reporting("digest", files=[])
def digest(files: tuple[str, ...], as_json: bool, reading: InputOptions, limits: Limits) -> int:
    """Print a digest of a file's values that changes when a value does, for annotations that restart pods.

    It is a keyed hash: without the file's data key it tells nothing of the values. It stays the same if only comments,
    layout or recipients change; "leafseal rotate" changes it. For several files, each line ends with the name.

    \b
    leafseal digest secrets.enc.yaml
    helm leafseal upgrade shop ./chart -f s.yaml --set checksum=$(leafseal digest s.yaml)
    """
    items, errors = read_all(distinct(files), reading, limits)
    outcomes = open_all(
        items, KeyRing(current_ambient()), lambda _, opened: digest_of(opened), read=reading.within(limits)
    )
    errors += errors_of(outcomes)
    found = [(item.name, digest) for item, digest in results(outcomes)]
    if as_json:
        listed = [{**reports.file_fields(name), "digest": digest} for name, digest in found]
        reports.write("digest", {"files": listed}, errors)
    elif not errors:
        for name, digest in found:
            terminal.print_line(digest if len(files) == 1 else f"{digest}  {escape_line(name)}")
    return show_errors(errors)
